-- [table] session_phases
CREATE TABLE session_phases (
  session_id TEXT,
  phase TEXT,
  invocations INTEGER DEFAULT 0,
  PRIMARY KEY (session_id, phase)
) WITHOUT ROWID;

-- [table] session_stats
CREATE TABLE session_stats (
  session_id TEXT,
  invocations INTEGER DEFAULT 0,
  succeeded INTEGER DEFAULT 0,
  failed INTEGER DEFAULT 0,
  in_flight INTEGER DEFAULT 0,
  duration_count INTEGER DEFAULT 0,
  duration_ms_sum INTEGER DEFAULT 0,
  agents INTEGER DEFAULT 0,
  phases INTEGER DEFAULT 0,
  first_start TEXT,
  last_end TEXT,
  changed_seq INTEGER,
  first_agent TEXT,
  PRIMARY KEY (session_id)
) WITHOUT ROWID;

-- [table] _aggregates_session_starts
CREATE TABLE _aggregates_session_starts (
  session_id TEXT,
  start_time TEXT,
  invocation_id INTEGER,
  PRIMARY KEY (session_id, start_time, invocation_id)
) WITHOUT ROWID;

-- [table] _aggregates_session_ends
CREATE TABLE _aggregates_session_ends (
  session_id TEXT,
  end_time TEXT,
  invocation_id INTEGER,
  PRIMARY KEY (session_id, end_time, invocation_id)
) WITHOUT ROWID;

-- [table] _aggregates_session_totals
CREATE TABLE _aggregates_session_totals (
  scope TEXT,
  sessions INTEGER DEFAULT 0,
  PRIMARY KEY (scope)
) WITHOUT ROWID;

-- [table] sessions_summary
CREATE TABLE sessions_summary (
  status TEXT,
  sessions INTEGER DEFAULT 0,
  duration_count INTEGER DEFAULT 0,
  duration_ms_sum INTEGER DEFAULT 0,
  PRIMARY KEY (status)
) WITHOUT ROWID;

-- [table] _aggregates_sessions_by_start
CREATE TABLE _aggregates_sessions_by_start (
  start_time TEXT,
  session_id TEXT,
  sessions INTEGER DEFAULT 0,
  PRIMARY KEY (start_time, session_id)
) WITHOUT ROWID;

-- [table] _aggregates_open_sessions
CREATE TABLE _aggregates_open_sessions (
  start_time TEXT,
  session_id TEXT,
  sessions INTEGER DEFAULT 0,
  PRIMARY KEY (start_time, session_id)
) WITHOUT ROWID;

-- [table] tool_stats
CREATE TABLE tool_stats (
  agent_name TEXT,
  tool_name TEXT,
  status TEXT,
  uses INTEGER DEFAULT 0,
  duration_count INTEGER DEFAULT 0,
  duration_ms_sum INTEGER DEFAULT 0,
  PRIMARY KEY (agent_name, tool_name, status)
) WITHOUT ROWID;

-- [table] tool_durations
CREATE TABLE tool_durations (
  agent_name TEXT,
  tool_name TEXT,
  le_ms INTEGER,
  uses INTEGER DEFAULT 0,
  duration_ms_sum INTEGER DEFAULT 0,
  PRIMARY KEY (agent_name, tool_name, le_ms)
) WITHOUT ROWID;

-- [table] _aggregates_session_tool_uses
CREATE TABLE _aggregates_session_tool_uses (
  session_id TEXT,
  start_time TEXT,
  tool_use_id INTEGER,
  PRIMARY KEY (session_id, start_time, tool_use_id)
) WITHOUT ROWID;

-- [trigger] _aggregates_session_stats_of_session_phases_insert
CREATE TRIGGER _aggregates_session_stats_of_session_phases_insert AFTER INSERT ON session_phases
WHEN NEW.phase <> ''
BEGIN
  INSERT INTO session_stats (session_id, phases) VALUES (NEW.session_id, 1)
  ON CONFLICT (session_id) DO UPDATE SET phases = phases + 1;
END;

-- [trigger] _aggregates_session_stats_of_session_phases_delete
CREATE TRIGGER _aggregates_session_stats_of_session_phases_delete AFTER DELETE ON session_phases
WHEN OLD.phase <> ''
BEGIN
  INSERT INTO session_stats (session_id, phases) VALUES (OLD.session_id, -1)
  ON CONFLICT (session_id) DO UPDATE SET phases = phases + -1;
  DELETE FROM session_stats WHERE (session_id) = (OLD.session_id) AND invocations = 0 AND succeeded
      = 0 AND failed = 0 AND in_flight = 0 AND duration_count = 0 AND duration_ms_sum = 0 AND agents
      = 0 AND phases = 0;
END;

-- [trigger] _aggregates_session_stats_of__aggregates_session_starts_delete
CREATE TRIGGER _aggregates_session_stats_of__aggregates_session_starts_delete AFTER DELETE ON
    _aggregates_session_starts
BEGIN
  UPDATE session_stats SET first_start = (SELECT min(listed.start_time) FROM
      _aggregates_session_starts AS listed WHERE listed.session_id = session_stats.session_id)
  WHERE session_id = OLD.session_id AND (first_start = OLD.start_time);
END;

-- [trigger] _aggregates_session_stats_of__aggregates_session_ends_delete
CREATE TRIGGER _aggregates_session_stats_of__aggregates_session_ends_delete AFTER DELETE ON
    _aggregates_session_ends
BEGIN
  UPDATE session_stats SET last_end = (SELECT max(listed.end_time) FROM _aggregates_session_ends AS
      listed WHERE listed.session_id = session_stats.session_id)
  WHERE session_id = OLD.session_id AND (last_end = OLD.end_time);
END;

-- [trigger] _aggregates_session_totals_of_session_stats_insert
CREATE TRIGGER _aggregates_session_totals_of_session_stats_insert AFTER INSERT ON session_stats
WHEN NEW.session_id <> ''
BEGIN
  INSERT INTO _aggregates_session_totals (scope, sessions) VALUES ('all', 1)
  ON CONFLICT (scope) DO UPDATE SET sessions = sessions + 1;
END;

-- [trigger] _aggregates_session_totals_of_session_stats_delete
CREATE TRIGGER _aggregates_session_totals_of_session_stats_delete AFTER DELETE ON session_stats
WHEN OLD.session_id <> ''
BEGIN
  INSERT INTO _aggregates_session_totals (scope, sessions) VALUES ('all', -1)
  ON CONFLICT (scope) DO UPDATE SET sessions = sessions + -1;
  DELETE FROM _aggregates_session_totals WHERE (scope) = ('all') AND sessions = 0;
END;

-- [data] aggregate_descriptions
INSERT OR REPLACE INTO aggregate_descriptions VALUES
  ('agent_stats', '', 'all rows, all-time'),
  ('agent_stats', 'event_type', 'kind of row'),
  ('agent_stats', 'agent_name', 'name of the agent'),
  ('agent_stats', 'phase', 'phase of the workflow'),
  ('agent_stats', 'model', 'model or service tier'),
  ('agent_stats', 'status', 'status of the row'),
  ('agent_stats', 'invocations', 'rows'),
  ('agent_stats', 'duration_count', 'with a known duration'),
  ('agent_stats', 'duration_ms_sum', 'milliseconds, where known'),
  ('agent_stats', 'tokens_sum', 'tokens'),
  ('agent_stats', 'tool_calls_sum', 'tool calls'),
  ('agent_hourly', '', 'all rows by the hour of their start; '''' where it does not parse'),
  ('agent_hourly', 'hour', 'hour of the start: 2026-10-01T09:00:00'),
  ('agent_hourly', 'event_type', 'kind of row'),
  ('agent_hourly', 'agent_name', 'name of the agent'),
  ('agent_hourly', 'phase', 'phase of the workflow'),
  ('agent_hourly', 'model', 'model or service tier'),
  ('agent_hourly', 'status', 'status of the row'),
  ('agent_hourly', 'invocations', 'rows'),
  ('agent_hourly', 'duration_count', 'with a known duration'),
  ('agent_hourly', 'duration_ms_sum', 'milliseconds, where known'),
  ('agent_hourly', 'tokens_sum', 'tokens'),
  ('agent_hourly', 'tool_calls_sum', 'tool calls'),
  ('agent_durations', '', 'histogram of known durations, all-time; buckets are not cumulative'),
  ('agent_durations', 'event_type', 'kind of row'),
  ('agent_durations', 'agent_name', 'name of the agent'),
  ('agent_durations', 'phase', 'phase of the workflow'),
  ('agent_durations', 'model', 'model or service tier'),
  ('agent_durations', 'le_ms', 'upper bound of the bucket, in milliseconds, inclusive'),
  ('agent_durations', 'runs', 'rows whose duration lies in the bucket'),
  ('agent_durations', 'duration_ms_sum', 'sum of their durations, in milliseconds'),
  ('agent_durations_daily', '',
      'histogram of known durations by the day of the start; '''' where it does not parse'),
  ('agent_durations_daily', 'day', 'day of the start: 2026-10-01'),
  ('agent_durations_daily', 'event_type', 'kind of row'),
  ('agent_durations_daily', 'agent_name', 'name of the agent'),
  ('agent_durations_daily', 'le_ms', 'upper bound of the bucket, in milliseconds, inclusive'),
  ('agent_durations_daily', 'runs', 'rows whose duration lies in the bucket'),
  ('agent_durations_daily', 'duration_ms_sum', 'sum of their durations, in milliseconds'),
  ('agent_activity', '', 'what each agent did, all-time'),
  ('agent_activity', 'agent_name', 'name of the agent'),
  ('agent_activity', 'invocations', 'invocations'),
  ('agent_activity', 'succeeded', 'that succeeded'),
  ('agent_activity', 'failed', 'that failed'),
  ('agent_activity', 'in_flight', 'that started and have not ended'),
  ('agent_activity', 'sessions', 'distinct sessions, '''' left out'),
  ('agent_activity', 'first_start', 'earliest start'),
  ('agent_activity', 'last_start', 'latest start'),
  ('agent_activity', 'updated_at', 'when a row of the key last changed, UTC'),
  ('session_agents', '', 'reference counts behind agent_activity.sessions'),
  ('session_agents', 'session_id', 'session of the run'),
  ('session_agents', 'agent_name', 'name of the agent'),
  ('session_agents', 'invocations', 'invocations of the agent in the session'),
  ('open_runs', '', 'invocations that have started and not ended, abandoned ones included'),
  ('open_runs', 'start_time', 'start in canonical text'),
  ('open_runs', 'invocation_id', 'id of the row'),
  ('open_runs', 'session_id', 'session of the run'),
  ('open_runs', 'agent_name', 'name of the agent'),
  ('open_runs', 'phase', 'phase of the workflow'),
  ('session_phases', '', 'reference counts behind session_stats.phases'),
  ('session_phases', 'session_id', 'session of the run'),
  ('session_phases', 'phase', 'phase of the workflow'),
  ('session_phases', 'invocations', 'invocations of the phase in the session'),
  ('session_stats', '', 'the invocations of each session, all-time'),
  ('session_stats', 'session_id', 'session of the run'),
  ('session_stats', 'invocations', 'invocations'),
  ('session_stats', 'succeeded', 'that succeeded'),
  ('session_stats', 'failed', 'that failed'),
  ('session_stats', 'in_flight', 'that started and have not ended'),
  ('session_stats', 'duration_count', 'with a known duration'),
  ('session_stats', 'duration_ms_sum', 'milliseconds, where known'),
  ('session_stats', 'agents', 'distinct agents'),
  ('session_stats', 'phases', 'distinct phases, '''' left out'),
  ('session_stats', 'first_start', 'earliest start'),
  ('session_stats', 'last_end', 'latest end'),
  ('session_stats', 'changed_seq', 'newest entry of the change log about a run of it'),
  ('session_stats', 'first_agent', 'agent of the earliest start; NULL while pending'),
  ('sessions_summary', '',
      'sessions by status, with the durations from their own start to their own end'),
  ('sessions_summary', 'status', 'status of the row'),
  ('sessions_summary', 'sessions', 'rows of the table sessions'),
  ('sessions_summary', 'duration_count', 'with a known duration'),
  ('sessions_summary', 'duration_ms_sum', 'milliseconds, where known'),
  ('tool_stats', '', 'uses of tools by agent, all-time'),
  ('tool_stats', 'agent_name', 'name of the agent'),
  ('tool_stats', 'tool_name', 'name of the tool'),
  ('tool_stats', 'status', 'status of the row'),
  ('tool_stats', 'uses', 'rows'),
  ('tool_stats', 'duration_count', 'with a known duration'),
  ('tool_stats', 'duration_ms_sum', 'milliseconds, where known'),
  ('tool_durations', '',
      'histogram of known durations of tool uses, all-time; buckets are not cumulative'),
  ('tool_durations', 'agent_name', 'name of the agent'),
  ('tool_durations', 'tool_name', 'name of the tool'),
  ('tool_durations', 'le_ms', 'upper bound of the bucket, in milliseconds, inclusive'),
  ('tool_durations', 'uses', 'uses whose duration lies in the bucket'),
  ('tool_durations', 'duration_ms_sum', 'sum of their durations, in milliseconds'),
  ('duration_bounds', '', 'upper bounds of all histograms'),
  ('duration_bounds', 'le_ms', 'inclusive upper bound of a bucket, in milliseconds'),
  ('aggregate_totals', '', 'totals over small aggregates'),
  ('aggregate_totals', 'name', 'name of the total'),
  ('aggregate_totals', 'value', 'its value'),
  ('aggregate_descriptions', '', 'what every table and column means'),
  ('aggregate_descriptions', 'table_name', 'the table'),
  ('aggregate_descriptions', 'column_name', 'the column; '''' for the table itself'),
  ('aggregate_descriptions', 'description', 'one line'),
  ('change_consumers', '', 'who reads a change log, and how far it has durably got'),
  ('change_consumers', 'name', 'name of the consumer'),
  ('change_consumers', 'source', 'table whose changes it reads'),
  ('change_consumers', 'seq', 'entry up to which it has taken everything'),
  ('change_consumers', 'last_id', 'key of the row of that entry'),
  ('change_consumers', 'last_timestamp', 'when that change was made, UTC'),
  ('change_consumers', 'saved_at', 'when the checkpoint was saved, UTC'),
  ('change_consumers', 'is_lost', '1 where changes were not logged, so that it has to rebuild'),
  ('aggregate_verifications', '', 'what verifies, repairs and rebuilds have found'),
  ('aggregate_verifications', 'id', 'number of the proof'),
  ('aggregate_verifications', 'kind', 'verify, repair, rebuild, or reinstall (doubt since)'),
  ('aggregate_verifications', 'started_at', 'when it began, UTC'),
  ('aggregate_verifications', 'seconds', 'how long it took'),
  ('aggregate_verifications', 'rows_read', 'rows of the sources that were read'),
  ('aggregate_verifications', 'drifts', 'values that differed from their recomputation'),
  ('aggregate_verifications', 'is_complete', '1 where every aggregate was compared'),
  ('session_overlap', '', 'how the runs of a session overlap; brought up to date by a consumer'),
  ('session_overlap', 'session_id', 'the session'),
  ('session_overlap', 'max_parallel', 'most ended runs open at one instant'),
  ('session_overlap', 'busy_ms', 'milliseconds in which at least one ended run was open'),
  ('session_overlap', 'is_pending', '1 where the session has changed since'),
  ('session_durations', '', 'histogram of sessions'' durations; brought up to date by a consumer'),
  ('session_durations', 'first_agent', 'agent of the session''s earliest start'),
  ('session_durations', 'le_ms', 'upper bound of the bucket, in milliseconds, inclusive'),
  ('session_durations', 'sessions', 'sessions whose duration lies in the bucket'),
  ('session_durations', 'duration_ms_sum', 'sum of their durations, in milliseconds'),
  ('v_agent_durations', '',
      'cumulative histogram of each agent''s known durations; any percentile is in it'),
  ('v_agent_durations', 'agent_name', 'name of the agent'),
  ('v_agent_durations', 'le_ms', 'upper bound of the bucket, in milliseconds, inclusive'),
  ('v_agent_durations', 'runs', 'invocations whose duration lies in the bucket'),
  ('v_agent_durations', 'runs_up_to', 'those in this bucket and in all below it'),
  ('v_agent_durations', 'runs_known', 'all whose duration is known'),
  ('v_agent_durations', 'seconds', 'middle of the bucket: wrong by 2 % at most from 10 ms to 24 h'),
  ('v_agents', '', 'each agent, all-time'),
  ('v_agents', 'agent_name', 'name of the agent'),
  ('v_agents', 'invocations', 'invocations'),
  ('v_agents', 'in_flight', 'that started and have not ended, abandoned ones included'),
  ('v_agents', 'succeeded', 'that succeeded'),
  ('v_agents', 'failed', 'that failed'),
  ('v_agents', 'ended', 'succeeded + failed'),
  ('v_agents', 'success_rate', 'succeeded / ended, from 0 to 1; NULL where nothing ended'),
  ('v_agents', 'mean_seconds', 'mean of the known durations, in seconds; of failed runs too'),
  ('v_agents', 'p50_seconds', 'percentile 50 of the known durations, in seconds, to 2 %'),
  ('v_agents', 'p90_seconds', 'percentile 90 of the known durations, in seconds, to 2 %'),
  ('v_agents', 'p95_seconds', 'percentile 95 of the known durations, in seconds, to 2 %'),
  ('v_agents', 'p99_seconds', 'percentile 99 of the known durations, in seconds, to 2 %'),
  ('v_agents', 'tokens', 'tokens'),
  ('v_agents', 'tokens_per_run', 'tokens / invocations'),
  ('v_agents', 'tool_calls', 'tool calls'),
  ('v_agents', 'sessions', 'distinct sessions, '''' left out'),
  ('v_agents', 'first_start', 'earliest start'),
  ('v_agents', 'last_start', 'latest start'),
  ('v_agents', 'updated_at', 'when one of its rows last changed, UTC'),
  ('v_agents_hourly', '', 'each agent by the hour of the start; no row without a run'),
  ('v_agents_hourly', 'hour', 'hour of the start; '''' where it does not parse'),
  ('v_agents_hourly', 'agent_name', 'name of the agent'),
  ('v_agents_hourly', 'invocations', 'invocations'),
  ('v_agents_hourly', 'succeeded', 'that succeeded'),
  ('v_agents_hourly', 'failed', 'that failed'),
  ('v_agents_hourly', 'ended', 'succeeded + failed'),
  ('v_agents_hourly', 'success_rate', 'succeeded / ended, from 0 to 1; NULL where nothing ended'),
  ('v_agents_hourly', 'mean_seconds',
      'mean of the known durations, in seconds; of failed runs too'),
  ('v_agents_hourly', 'tokens', 'tokens'),
  ('v_agents_hourly', 'tool_calls', 'tool calls'),
  ('v_agents_daily', '', 'each agent by the day of the start; no row without a run'),
  ('v_agents_daily', 'day', 'day of the start; '''' where it does not parse'),
  ('v_agents_daily', 'agent_name', 'name of the agent'),
  ('v_agents_daily', 'invocations', 'invocations'),
  ('v_agents_daily', 'succeeded', 'that succeeded'),
  ('v_agents_daily', 'failed', 'that failed'),
  ('v_agents_daily', 'ended', 'succeeded + failed'),
  ('v_agents_daily', 'success_rate', 'succeeded / ended, from 0 to 1; NULL where nothing ended'),
  ('v_agents_daily', 'mean_seconds', 'mean of the known durations, in seconds; of failed runs too'),
  ('v_agents_daily', 'tokens', 'tokens'),
  ('v_agents_daily', 'tool_calls', 'tool calls'),
  ('v_phases', '', 'each phase of the workflow, all-time'),
  ('v_phases', 'phase', 'phase of the workflow'),
  ('v_phases', 'invocations', 'invocations'),
  ('v_phases', 'succeeded', 'that succeeded'),
  ('v_phases', 'failed', 'that failed'),
  ('v_phases', 'ended', 'succeeded + failed'),
  ('v_phases', 'success_rate', 'succeeded / ended, from 0 to 1; NULL where nothing ended'),
  ('v_phases', 'mean_seconds', 'mean of the known durations, in seconds; of failed runs too'),
  ('v_phases', 'tokens', 'tokens'),
  ('v_phases', 'tool_calls', 'tool calls'),
  ('v_sessions', '', 'the invocations of each session, all-time'),
  ('v_sessions', 'session_id', 'session of the runs'),
  ('v_sessions', 'invocations', 'invocations'),
  ('v_sessions', 'in_flight', 'that started and have not ended, abandoned ones included'),
  ('v_sessions', 'succeeded', 'that succeeded'),
  ('v_sessions', 'failed', 'that failed'),
  ('v_sessions', 'ended', 'succeeded + failed'),
  ('v_sessions', 'success_rate', 'succeeded / ended, from 0 to 1; NULL where nothing ended'),
  ('v_sessions', 'agents', 'distinct agents'),
  ('v_sessions', 'phases', 'distinct phases, unknown ones left out'),
  ('v_sessions', 'first_start', 'earliest start'),
  ('v_sessions', 'last_end', 'latest end'),
  ('v_sessions', 'elapsed_seconds',
      'seconds from first_start to last_end; below 0 where those are wrong'),
  ('v_sessions', 'agent_seconds',
      'sum of the known durations; above the elapsed time where runs overlap'),
  ('v_tools', '', 'uses of each tool by each agent, all-time'),
  ('v_tools', 'agent_name', 'name of the agent'),
  ('v_tools', 'tool_name', 'name of the tool'),
  ('v_tools', 'uses', 'uses'),
  ('v_tools', 'succeeded', 'that succeeded'),
  ('v_tools', 'failed', 'that failed'),
  ('v_tools', 'ended', 'succeeded + failed'),
  ('v_tools', 'success_rate', 'succeeded / ended, from 0 to 1; NULL where nothing ended'),
  ('v_tools', 'mean_seconds', 'mean of the known durations, in seconds; of failed uses too'),
  ('v_tools', 'p50_seconds', 'percentile 50 of the known durations, in seconds, to 2 %'),
  ('v_tools', 'p95_seconds', 'percentile 95 of the known durations, in seconds, to 2 %'),
  ('v_tools_by_agent', '', 'how each agent uses tools, all-time'),
  ('v_tools_by_agent', 'agent_name', 'name of the agent'),
  ('v_tools_by_agent', 'tools', 'distinct tools, unknown ones left out'),
  ('v_tools_by_agent', 'uses', 'uses of all tools'),
  ('v_tools_by_agent', 'uses_per_invocation',
      'uses / invocations of the agent; NULL where it has none'),
  ('v_tools_by_agent', 'primary_tool', 'the tool that it uses most; of several the first by name'),
  ('v_tools_by_agent', 'primary_share', 'uses of that tool / uses, from 0 to 1'),
  ('agent_invocation_changes', '', 'one row for each change of a row of agent_invocations'),
  ('agent_invocation_changes', 'seq', 'position in the log; grows with each entry'),
  ('agent_invocation_changes', 'operation', 'insert, update or delete'),
  ('agent_invocation_changes', 'updated_at',
      'when the change was made: UTC with milliseconds and Z'),
  ('agent_invocation_changes', 'invocation_id',
      'key of the row after the change; of a deleted row, its'),
  ('agent_invocation_changes', 'old_invocation_id', 'key before an update that changed it'),
  ('agent_invocation_changes', 'old_timestamp', 'when the hook wrote the row, before the change'),
  ('agent_invocation_changes', 'new_timestamp', 'when the hook wrote the row, after the change'),
  ('agent_invocation_changes', 'old_session_id', 'session of the run, before the change'),
  ('agent_invocation_changes', 'new_session_id', 'session of the run, after the change'),
  ('agent_invocation_changes', 'old_event_type',
      'kind of row: a run, or a marker that is not one, before the change'),
  ('agent_invocation_changes', 'new_event_type',
      'kind of row: a run, or a marker that is not one, after the change'),
  ('agent_invocation_changes', 'old_phase', 'phase of the workflow, before the change'),
  ('agent_invocation_changes', 'new_phase', 'phase of the workflow, after the change'),
  ('agent_invocation_changes', 'old_agent_name', 'name of the agent, before the change'),
  ('agent_invocation_changes', 'new_agent_name', 'name of the agent, after the change'),
  ('agent_invocation_changes', 'old_model',
      'model, or service tier, of the run, before the change'),
  ('agent_invocation_changes', 'new_model', 'model, or service tier, of the run, after the change'),
  ('agent_invocation_changes', 'old_start_time', 'start of the run, before the change'),
  ('agent_invocation_changes', 'new_start_time', 'start of the run, after the change'),
  ('agent_invocation_changes', 'old_end_time', 'end of the run, before the change'),
  ('agent_invocation_changes', 'new_end_time', 'end of the run, after the change'),
  ('agent_invocation_changes', 'old_duration_seconds',
      'duration as the hook measured it, before the change'),
  ('agent_invocation_changes', 'new_duration_seconds',
      'duration as the hook measured it, after the change'),
  ('agent_invocation_changes', 'old_status',
      'started, completed, failed, error, or the writer''s own word, before the change'),
  ('agent_invocation_changes', 'new_status',
      'started, completed, failed, error, or the writer''s own word, after the change'),
  ('agent_invocation_changes', 'old_tokens', 'tokens, out of raw_output, before the change'),
  ('agent_invocation_changes', 'new_tokens', 'tokens, out of raw_output, after the change'),
  ('agent_invocation_changes', 'old_tool_calls',
      'tool calls, out of raw_output, before the change'),
  ('agent_invocation_changes', 'new_tool_calls', 'tool calls, out of raw_output, after the change'),
  ('agent_invocations', '',
      'one row a run of an agent, and markers, written by the agents'' hooks'),
  ('agent_invocations', 'timestamp', 'when the hook wrote the row'),
  ('agent_invocations', 'session_id', 'session of the run'),
  ('agent_invocations', 'event_type', 'kind of row: a run, or a marker that is not one'),
  ('agent_invocations', 'phase', 'phase of the workflow'),
  ('agent_invocations', 'agent_name', 'name of the agent'),
  ('agent_invocations', 'model', 'model, or service tier, of the run'),
  ('agent_invocations', 'start_time', 'start of the run'),
  ('agent_invocations', 'end_time', 'end of the run'),
  ('agent_invocations', 'duration_seconds', 'duration as the hook measured it'),
  ('agent_invocations', 'status', 'started, completed, failed, error, or the writer''s own word'),
  ('agent_invocations', 'updated_at', 'when the row was last inserted or updated, UTC'),
  ('session_changes', '', 'one row for each change of a row of sessions'),
  ('session_changes', 'seq', 'position in the log; grows with each entry'),
  ('session_changes', 'operation', 'insert, update or delete'),
  ('session_changes', 'updated_at', 'when the change was made: UTC with milliseconds and Z'),
  ('session_changes', 'session_row', 'key of the row after the change; of a deleted row, its'),
  ('session_changes', 'old_session_row', 'key before an update that changed it'),
  ('session_changes', 'old_session_id', 'the session, before the change'),
  ('session_changes', 'new_session_id', 'the session, after the change'),
  ('session_changes', 'old_start_time',
      'start of the session, or when it was last resumed, before the change'),
  ('session_changes', 'new_start_time',
      'start of the session, or when it was last resumed, after the change'),
  ('session_changes', 'old_end_time',
      'end of the session, as of its last answer, before the change'),
  ('session_changes', 'new_end_time',
      'end of the session, as of its last answer, after the change'),
  ('session_changes', 'old_status',
      'active, completed, or the writer''s own word, before the change'),
  ('session_changes', 'new_status',
      'active, completed, or the writer''s own word, after the change'),
  ('sessions', '', 'one row a session, written again when it is resumed'),
  ('sessions', 'session_id', 'the session'),
  ('sessions', 'start_time', 'start of the session, or when it was last resumed'),
  ('sessions', 'end_time', 'end of the session, as of its last answer'),
  ('sessions', 'status', 'active, completed, or the writer''s own word'),
  ('agent_tool_use_changes', '', 'one row for each change of a row of agent_tool_uses'),
  ('agent_tool_use_changes', 'seq', 'position in the log; grows with each entry'),
  ('agent_tool_use_changes', 'operation', 'insert, update or delete'),
  ('agent_tool_use_changes', 'updated_at', 'when the change was made: UTC with milliseconds and Z'),
  ('agent_tool_use_changes', 'tool_use_id',
      'key of the row after the change; of a deleted row, its'),
  ('agent_tool_use_changes', 'old_tool_use_id', 'key before an update that changed it'),
  ('agent_tool_use_changes', 'old_session_id', 'session of the use, before the change'),
  ('agent_tool_use_changes', 'new_session_id', 'session of the use, after the change'),
  ('agent_tool_use_changes', 'old_agent_name', 'name of the agent, before the change'),
  ('agent_tool_use_changes', 'new_agent_name', 'name of the agent, after the change'),
  ('agent_tool_use_changes', 'old_tool_name', 'name of the tool, before the change'),
  ('agent_tool_use_changes', 'new_tool_name', 'name of the tool, after the change'),
  ('agent_tool_use_changes', 'old_start_time', 'start of the use, before the change'),
  ('agent_tool_use_changes', 'new_start_time', 'start of the use, after the change'),
  ('agent_tool_use_changes', 'old_end_time', 'end of the use, before the change'),
  ('agent_tool_use_changes', 'new_end_time', 'end of the use, after the change'),
  ('agent_tool_use_changes', 'old_duration_seconds',
      'duration as the hook measured it, before the change'),
  ('agent_tool_use_changes', 'new_duration_seconds',
      'duration as the hook measured it, after the change'),
  ('agent_tool_use_changes', 'old_status',
      'started, completed, error, or the writer''s own word, before the change'),
  ('agent_tool_use_changes', 'new_status',
      'started, completed, error, or the writer''s own word, after the change'),
  ('agent_tool_uses', '', 'one row a use of a tool by an agent'),
  ('agent_tool_uses', 'session_id', 'session of the use'),
  ('agent_tool_uses', 'agent_name', 'name of the agent'),
  ('agent_tool_uses', 'tool_name', 'name of the tool'),
  ('agent_tool_uses', 'start_time', 'start of the use'),
  ('agent_tool_uses', 'end_time', 'end of the use'),
  ('agent_tool_uses', 'duration_seconds', 'duration as the hook measured it'),
  ('agent_tool_uses', 'status', 'started, completed, error, or the writer''s own word');
