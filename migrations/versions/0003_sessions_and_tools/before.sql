-- [view] aggregate_totals
CREATE VIEW aggregate_totals AS
SELECT 'invocations' AS name, coalesce(sum(invocations), 0) AS value FROM agent_activity
UNION ALL SELECT 'succeeded' AS name, coalesce(sum(succeeded), 0) AS value FROM agent_activity
UNION ALL SELECT 'failed' AS name, coalesce(sum(failed), 0) AS value FROM agent_activity
UNION ALL SELECT 'in_flight' AS name, coalesce(sum(in_flight), 0) AS value FROM agent_activity
UNION ALL SELECT 'agents' AS name, count(*) AS value FROM agent_activity
UNION ALL SELECT 'session_agent_pairs' AS name, coalesce(sum(sessions), 0) AS value FROM
    agent_activity
UNION ALL SELECT 'rows' AS name, coalesce(sum(invocations), 0) AS value FROM agent_stats
UNION ALL SELECT 'durations' AS name, coalesce(sum(duration_count), 0) AS value FROM agent_stats;

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
  ('agent_invocations', 'updated_at', 'when the row was last inserted or updated, UTC');

-- [view] _aggregates_agent_invocations_facts_2
CREATE VIEW _aggregates_agent_invocations_facts_2 (
  updated_at, seq, old_exists, old_invocation_id, old_is_invocation, old_session, old_event,
      old_agent, old_phase_name, old_model_name, old_status_name, old_token_count,
      old_tool_call_count, old_start, old_duration_ms, old_succeeded, old_failed, old_in_flight,
      new_exists, new_invocation_id, new_is_invocation, new_session, new_event, new_agent,
      new_phase_name, new_model_name, new_status_name, new_token_count, new_tool_call_count,
      new_start, new_duration_ms, new_succeeded, new_failed, new_in_flight
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL;

-- [view] _aggregates_agent_invocations_posting
CREATE VIEW _aggregates_agent_invocations_posting (
  updated_at, seq, agent_stats_posts, agent_hourly_posts, agent_durations_posts,
      agent_durations_daily_posts, agent_percentiles_posts, agent_activity_posts,
      session_agents_posts, open_runs_posts, agent_starts_posts, old_agent, old_duration_ms,
      old_event, old_failed, old_in_flight, old_invocation_id, old_is_invocation, old_le_ms,
      old_model_name, old_phase_name, old_session, old_start, old_status_name, old_succeeded,
      old_token_count, old_tool_call_count, new_agent, new_duration_ms, new_event, new_failed,
      new_in_flight, new_invocation_id, new_is_invocation, new_le_ms, new_model_name,
      new_phase_name, new_session, new_start, new_status_name, new_succeeded, new_token_count,
      new_tool_call_count
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;

-- [trigger] _aggregates_agent_invocations_post_2
CREATE TRIGGER _aggregates_agent_invocations_post_2 INSTEAD OF INSERT ON
    _aggregates_agent_invocations_facts_1
BEGIN
  INSERT INTO _aggregates_agent_invocations_facts_2 VALUES (
  NEW.updated_at,
  NEW.seq,
  NEW.old_exists,
  NEW.old_invocation_id,
  NEW.old_is_invocation,
  NEW.old_session,
  NEW.old_event,
  NEW.old_agent,
  NEW.old_phase_name,
  NEW.old_model_name,
  NEW.old_status_name,
  NEW.old_token_count,
  NEW.old_tool_call_count,
  NEW.old_start,
  (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.old_start_time, -1) = 'Z' OR substr(NEW.old_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.old_end_time, -1) = 'Z' OR substr(NEW.old_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.old_end, 1, 19)) - strftime('%s',
      substr(NEW.old_start, 1, 19))) * 1000 + substr(NEW.old_end, 21) - substr(NEW.old_start, 21))
      END AS one, CASE WHEN typeof(NEW.old_duration_seconds) IN ('integer', 'real') AND
      NEW.old_duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(NEW.old_duration_seconds * 1000
      + 0.5 AS INTEGER) END AS other LIMIT 1 OFFSET 0)),
  NEW.old_succeeded,
  NEW.old_failed,
  NEW.old_start IS NOT NULL AND NEW.old_end_time IS NULL AND NOT (coalesce(NEW.old_status, '') =
      'completed' OR coalesce(NEW.old_status, '') = 'failed' OR coalesce(NEW.old_status, '') =
      'error'),
  NEW.new_exists,
  NEW.new_invocation_id,
  NEW.new_is_invocation,
  NEW.new_session,
  NEW.new_event,
  NEW.new_agent,
  NEW.new_phase_name,
  NEW.new_model_name,
  NEW.new_status_name,
  NEW.new_token_count,
  NEW.new_tool_call_count,
  NEW.new_start,
  (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.new_start_time, -1) = 'Z' OR substr(NEW.new_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.new_end_time, -1) = 'Z' OR substr(NEW.new_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.new_end, 1, 19)) - strftime('%s',
      substr(NEW.new_start, 1, 19))) * 1000 + substr(NEW.new_end, 21) - substr(NEW.new_start, 21))
      END AS one, CASE WHEN typeof(NEW.new_duration_seconds) IN ('integer', 'real') AND
      NEW.new_duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(NEW.new_duration_seconds * 1000
      + 0.5 AS INTEGER) END AS other LIMIT 1 OFFSET 0)),
  NEW.new_succeeded,
  NEW.new_failed,
  NEW.new_start IS NOT NULL AND NEW.new_end_time IS NULL AND NOT (coalesce(NEW.new_status, '') =
      'completed' OR coalesce(NEW.new_status, '') = 'failed' OR coalesce(NEW.new_status, '') =
      'error'));
END;

-- [trigger] _aggregates_agent_invocations_post_3
CREATE TRIGGER _aggregates_agent_invocations_post_3 INSTEAD OF INSERT ON
    _aggregates_agent_invocations_facts_2
BEGIN
  INSERT INTO _aggregates_agent_invocations_posting VALUES (
  NEW.updated_at,
  NEW.seq,
  CASE WHEN NEW.old_exists AND NEW.new_exists AND NEW.old_status_name = NEW.new_status_name AND
      NEW.old_model_name = NEW.new_model_name AND NEW.old_phase_name = NEW.new_phase_name AND
      NEW.old_agent = NEW.new_agent AND NEW.old_event = NEW.new_event
    THEN CASE WHEN CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END <> CASE WHEN
    (NEW.new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END OR coalesce(NEW.old_duration_ms, 0) <>
    coalesce(NEW.new_duration_ms, 0) OR NEW.old_token_count <> NEW.new_token_count OR
    NEW.old_tool_call_count <> NEW.new_tool_call_count THEN 4 ELSE 0 END ELSE NEW.new_exists + 2 *
    NEW.old_exists END,
  CASE WHEN NEW.old_exists AND NEW.new_exists AND NEW.old_status_name = NEW.new_status_name AND
      NEW.old_model_name = NEW.new_model_name AND NEW.old_phase_name = NEW.new_phase_name AND
      NEW.old_agent = NEW.new_agent AND NEW.old_event = NEW.new_event AND
      coalesce(substr(NEW.old_start, 1, 13) || ':00:00', '') = coalesce(substr(NEW.new_start, 1, 13)
      || ':00:00', '')
    THEN CASE WHEN CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END <> CASE WHEN
    (NEW.new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END OR coalesce(NEW.old_duration_ms, 0) <>
    coalesce(NEW.new_duration_ms, 0) OR NEW.old_token_count <> NEW.new_token_count OR
    NEW.old_tool_call_count <> NEW.new_tool_call_count THEN 4 ELSE 0 END ELSE NEW.new_exists + 2 *
    NEW.old_exists END,
  CASE WHEN (NEW.old_exists AND NEW.old_duration_ms IS NOT NULL) AND (NEW.new_exists AND
      NEW.new_duration_ms IS NOT NULL) AND coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms
      >= NEW.old_duration_ms ORDER BY le_ms LIMIT 1), CASE WHEN NEW.old_duration_ms IS NOT NULL THEN
      9223372036854775807 END) = coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >=
      NEW.new_duration_ms ORDER BY le_ms LIMIT 1), CASE WHEN NEW.new_duration_ms IS NOT NULL THEN
      9223372036854775807 END) AND NEW.old_model_name = NEW.new_model_name AND NEW.old_phase_name =
      NEW.new_phase_name AND NEW.old_agent = NEW.new_agent AND NEW.old_event = NEW.new_event
    THEN CASE WHEN NEW.old_duration_ms <> NEW.new_duration_ms THEN 4 ELSE 0 END ELSE (NEW.new_exists
    AND NEW.new_duration_ms IS NOT NULL) + 2 * (NEW.old_exists AND NEW.old_duration_ms IS NOT NULL)
    END,
  CASE WHEN (NEW.old_exists AND NEW.old_duration_ms IS NOT NULL) AND (NEW.new_exists AND
      NEW.new_duration_ms IS NOT NULL) AND coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms
      >= NEW.old_duration_ms ORDER BY le_ms LIMIT 1), CASE WHEN NEW.old_duration_ms IS NOT NULL THEN
      9223372036854775807 END) = coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >=
      NEW.new_duration_ms ORDER BY le_ms LIMIT 1), CASE WHEN NEW.new_duration_ms IS NOT NULL THEN
      9223372036854775807 END) AND NEW.old_agent = NEW.new_agent AND NEW.old_event = NEW.new_event
      AND coalesce(substr(NEW.old_start, 1, 10), '') = coalesce(substr(NEW.new_start, 1, 10), '')
    THEN CASE WHEN NEW.old_duration_ms <> NEW.new_duration_ms THEN 4 ELSE 0 END ELSE (NEW.new_exists
    AND NEW.new_duration_ms IS NOT NULL) + 2 * (NEW.old_exists AND NEW.old_duration_ms IS NOT NULL)
    END,
  CASE WHEN (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_duration_ms IS NOT NULL) AND
      (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_duration_ms IS NOT NULL) AND
      coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= NEW.old_duration_ms ORDER BY le_ms
      LIMIT 1), CASE WHEN NEW.old_duration_ms IS NOT NULL THEN 9223372036854775807 END) =
      coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= NEW.new_duration_ms ORDER BY le_ms
      LIMIT 1), CASE WHEN NEW.new_duration_ms IS NOT NULL THEN 9223372036854775807 END) AND
      NEW.old_agent = NEW.new_agent
    THEN CASE WHEN NEW.old_duration_ms <> NEW.new_duration_ms THEN 4 ELSE 0 END ELSE (NEW.new_exists
    AND NEW.new_is_invocation AND NEW.new_duration_ms IS NOT NULL) + 2 * (NEW.old_exists AND
    NEW.old_is_invocation AND NEW.old_duration_ms IS NOT NULL) END,
  CASE WHEN (NEW.old_exists AND NEW.old_is_invocation) AND (NEW.new_exists AND
      NEW.new_is_invocation) AND NEW.old_agent = NEW.new_agent
    THEN 4 ELSE (NEW.new_exists AND NEW.new_is_invocation) + 2 * (NEW.old_exists AND
    NEW.old_is_invocation) END,
  CASE WHEN (NEW.old_exists AND NEW.old_is_invocation) AND (NEW.new_exists AND
      NEW.new_is_invocation) AND NEW.old_agent = NEW.new_agent AND NEW.old_session = NEW.new_session
    THEN 0 ELSE (NEW.new_exists AND NEW.new_is_invocation) + 2 * (NEW.old_exists AND
    NEW.old_is_invocation) END,
  CASE WHEN (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_in_flight) AND (NEW.new_exists AND
      NEW.new_is_invocation AND NEW.new_in_flight) AND NEW.old_phase_name = NEW.new_phase_name AND
      NEW.old_agent = NEW.new_agent AND NEW.old_session = NEW.new_session AND NEW.old_invocation_id
      = NEW.new_invocation_id AND NEW.old_start = NEW.new_start
    THEN 0 ELSE (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_in_flight) + 2 *
    (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_in_flight) END,
  CASE WHEN (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_start IS NOT NULL) AND
      (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_start IS NOT NULL) AND
      NEW.old_invocation_id = NEW.new_invocation_id AND NEW.old_start = NEW.new_start AND
      NEW.old_agent = NEW.new_agent
    THEN 0 ELSE (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_start IS NOT NULL) + 2 *
    (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_start IS NOT NULL) END,
  NEW.old_agent,
  NEW.old_duration_ms,
  NEW.old_event,
  NEW.old_failed,
  NEW.old_in_flight,
  NEW.old_invocation_id,
  NEW.old_is_invocation,
  coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= NEW.old_duration_ms ORDER BY le_ms
      LIMIT 1), CASE WHEN NEW.old_duration_ms IS NOT NULL THEN 9223372036854775807 END),
  NEW.old_model_name,
  NEW.old_phase_name,
  NEW.old_session,
  NEW.old_start,
  NEW.old_status_name,
  NEW.old_succeeded,
  NEW.old_token_count,
  NEW.old_tool_call_count,
  NEW.new_agent,
  NEW.new_duration_ms,
  NEW.new_event,
  NEW.new_failed,
  NEW.new_in_flight,
  NEW.new_invocation_id,
  NEW.new_is_invocation,
  coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= NEW.new_duration_ms ORDER BY le_ms
      LIMIT 1), CASE WHEN NEW.new_duration_ms IS NOT NULL THEN 9223372036854775807 END),
  NEW.new_model_name,
  NEW.new_phase_name,
  NEW.new_session,
  NEW.new_start,
  NEW.new_status_name,
  NEW.new_succeeded,
  NEW.new_token_count,
  NEW.new_tool_call_count);
END;

-- [trigger] _aggregates_agent_invocations_plus
CREATE TRIGGER _aggregates_agent_invocations_plus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
BEGIN
  INSERT INTO agent_stats (event_type, agent_name, phase, model, status, invocations,
      duration_count, duration_ms_sum, tokens_sum, tool_calls_sum)
  SELECT NEW.new_event, NEW.new_agent, NEW.new_phase_name, NEW.new_model_name, NEW.new_status_name,
    CASE NEW.agent_stats_posts WHEN 4 THEN 0 ELSE 1 END,
    (CASE WHEN (NEW.new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END) - CASE NEW.agent_stats_posts
    WHEN 4 THEN (CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END) ELSE 0 END,
    coalesce(NEW.new_duration_ms, 0) - CASE NEW.agent_stats_posts WHEN 4 THEN
    coalesce(NEW.old_duration_ms, 0) ELSE 0 END,
    NEW.new_token_count - CASE NEW.agent_stats_posts WHEN 4 THEN NEW.old_token_count ELSE 0 END,
    NEW.new_tool_call_count - CASE NEW.agent_stats_posts WHEN 4 THEN NEW.old_tool_call_count ELSE 0
    END
  WHERE NEW.agent_stats_posts NOT IN (0, 2)
  ON CONFLICT (event_type, agent_name, phase, model, status) DO UPDATE SET
    invocations = invocations + excluded.invocations, duration_count = duration_count +
    excluded.duration_count, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum,
    tokens_sum = tokens_sum + excluded.tokens_sum, tool_calls_sum = tool_calls_sum +
    excluded.tool_calls_sum;
  INSERT INTO agent_hourly (hour, event_type, agent_name, phase, model, status, invocations,
      duration_count, duration_ms_sum, tokens_sum, tool_calls_sum)
  SELECT coalesce(substr(NEW.new_start, 1, 13) || ':00:00', ''), NEW.new_event, NEW.new_agent,
      NEW.new_phase_name, NEW.new_model_name, NEW.new_status_name,
    CASE NEW.agent_hourly_posts WHEN 4 THEN 0 ELSE 1 END,
    (CASE WHEN (NEW.new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END) - CASE NEW.agent_hourly_posts
    WHEN 4 THEN (CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END) ELSE 0 END,
    coalesce(NEW.new_duration_ms, 0) - CASE NEW.agent_hourly_posts WHEN 4 THEN
    coalesce(NEW.old_duration_ms, 0) ELSE 0 END,
    NEW.new_token_count - CASE NEW.agent_hourly_posts WHEN 4 THEN NEW.old_token_count ELSE 0 END,
    NEW.new_tool_call_count - CASE NEW.agent_hourly_posts WHEN 4 THEN NEW.old_tool_call_count ELSE 0
    END
  WHERE NEW.agent_hourly_posts NOT IN (0, 2)
  ON CONFLICT (hour, event_type, agent_name, phase, model, status) DO UPDATE SET
    invocations = invocations + excluded.invocations, duration_count = duration_count +
    excluded.duration_count, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum,
    tokens_sum = tokens_sum + excluded.tokens_sum, tool_calls_sum = tool_calls_sum +
    excluded.tool_calls_sum;
  INSERT INTO agent_durations (event_type, agent_name, phase, model, le_ms, runs, duration_ms_sum)
  SELECT NEW.new_event, NEW.new_agent, NEW.new_phase_name, NEW.new_model_name, NEW.new_le_ms,
    CASE NEW.agent_durations_posts WHEN 4 THEN 0 ELSE 1 END,
    NEW.new_duration_ms - CASE NEW.agent_durations_posts WHEN 4 THEN NEW.old_duration_ms ELSE 0 END
  WHERE NEW.agent_durations_posts NOT IN (0, 2)
  ON CONFLICT (event_type, agent_name, phase, model, le_ms) DO UPDATE SET
    runs = runs + excluded.runs, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;
  INSERT INTO agent_durations_daily (day, event_type, agent_name, le_ms, runs, duration_ms_sum)
  SELECT coalesce(substr(NEW.new_start, 1, 10), ''), NEW.new_event, NEW.new_agent, NEW.new_le_ms,
    CASE NEW.agent_durations_daily_posts WHEN 4 THEN 0 ELSE 1 END,
    NEW.new_duration_ms - CASE NEW.agent_durations_daily_posts WHEN 4 THEN NEW.old_duration_ms ELSE
    0 END
  WHERE NEW.agent_durations_daily_posts NOT IN (0, 2)
  ON CONFLICT (day, event_type, agent_name, le_ms) DO UPDATE SET
    runs = runs + excluded.runs, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;
  INSERT INTO _aggregates_agent_percentiles (agent_name, le_ms, runs, duration_ms_sum)
  SELECT NEW.new_agent, NEW.new_le_ms,
    CASE NEW.agent_percentiles_posts WHEN 4 THEN 0 ELSE 1 END,
    NEW.new_duration_ms - CASE NEW.agent_percentiles_posts WHEN 4 THEN NEW.old_duration_ms ELSE 0
    END
  WHERE NEW.agent_percentiles_posts NOT IN (0, 2)
  ON CONFLICT (agent_name, le_ms) DO UPDATE SET
    runs = runs + excluded.runs, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;
  INSERT INTO agent_activity (agent_name, invocations, succeeded, failed, in_flight, first_start,
      last_start, updated_at)
  SELECT NEW.new_agent,
    CASE NEW.agent_activity_posts WHEN 4 THEN 0 ELSE 1 END,
    NEW.new_succeeded - CASE NEW.agent_activity_posts WHEN 4 THEN NEW.old_succeeded ELSE 0 END,
    NEW.new_failed - CASE NEW.agent_activity_posts WHEN 4 THEN NEW.old_failed ELSE 0 END,
    NEW.new_in_flight - CASE NEW.agent_activity_posts WHEN 4 THEN NEW.old_in_flight ELSE 0 END,
    NEW.new_start,
    NEW.new_start,
    NEW.updated_at
  WHERE NEW.agent_activity_posts NOT IN (0, 2)
  ON CONFLICT (agent_name) DO UPDATE SET
    invocations = invocations + excluded.invocations, succeeded = succeeded + excluded.succeeded,
    failed = failed + excluded.failed, in_flight = in_flight + excluded.in_flight, first_start =
    CASE WHEN first_start IS NULL OR excluded.first_start < first_start THEN excluded.first_start
    ELSE first_start END, last_start = CASE WHEN last_start IS NULL OR excluded.last_start >
    last_start THEN excluded.last_start ELSE last_start END, updated_at = coalesce(max(updated_at,
    excluded.updated_at), excluded.updated_at);
  INSERT INTO open_runs (start_time, invocation_id, session_id, agent_name, phase)
  SELECT NEW.new_start, NEW.new_invocation_id,
    NEW.new_session,
    NEW.new_agent,
    NEW.new_phase_name
  WHERE NEW.open_runs_posts NOT IN (0, 2)
  ON CONFLICT (start_time, invocation_id) DO UPDATE SET
    session_id = excluded.session_id, agent_name = excluded.agent_name, phase = excluded.phase;
  DELETE FROM open_runs
  WHERE NEW.open_runs_posts = 3 AND NOT (NEW.old_start = NEW.new_start AND NEW.old_invocation_id =
      NEW.new_invocation_id) AND start_time = NEW.old_start AND invocation_id =
      NEW.old_invocation_id;
END;

-- [trigger] _aggregates_agent_invocations_minus
CREATE TRIGGER _aggregates_agent_invocations_minus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.agent_stats_posts IN (2, 3) OR NEW.agent_hourly_posts IN (2, 3) OR
    NEW.agent_durations_posts IN (2, 3) OR NEW.agent_durations_daily_posts IN (2, 3) OR
    NEW.agent_percentiles_posts IN (2, 3) OR NEW.agent_activity_posts IN (2, 3) OR
    NEW.open_runs_posts = 2
BEGIN
  UPDATE agent_stats SET invocations = invocations - 1, duration_count = duration_count - (CASE WHEN
      (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END), duration_ms_sum = duration_ms_sum -
      coalesce(NEW.old_duration_ms, 0), tokens_sum = tokens_sum - NEW.old_token_count,
      tool_calls_sum = tool_calls_sum - NEW.old_tool_call_count
  WHERE NEW.agent_stats_posts IN (2, 3) AND event_type = NEW.old_event AND agent_name =
      NEW.old_agent AND phase = NEW.old_phase_name AND model = NEW.old_model_name AND status =
      NEW.old_status_name;
  DELETE FROM agent_stats WHERE NEW.agent_stats_posts IN (2, 3) AND event_type = NEW.old_event AND
      agent_name = NEW.old_agent AND phase = NEW.old_phase_name AND model = NEW.old_model_name AND
      status = NEW.old_status_name
    AND invocations = 0 AND duration_count = 0 AND duration_ms_sum = 0 AND tokens_sum = 0 AND
    tool_calls_sum = 0;
  UPDATE agent_hourly SET invocations = invocations - 1, duration_count = duration_count - (CASE
      WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END), duration_ms_sum = duration_ms_sum -
      coalesce(NEW.old_duration_ms, 0), tokens_sum = tokens_sum - NEW.old_token_count,
      tool_calls_sum = tool_calls_sum - NEW.old_tool_call_count
  WHERE NEW.agent_hourly_posts IN (2, 3) AND hour = coalesce(substr(NEW.old_start, 1, 13) ||
      ':00:00', '') AND event_type = NEW.old_event AND agent_name = NEW.old_agent AND phase =
      NEW.old_phase_name AND model = NEW.old_model_name AND status = NEW.old_status_name;
  DELETE FROM agent_hourly WHERE NEW.agent_hourly_posts IN (2, 3) AND hour =
      coalesce(substr(NEW.old_start, 1, 13) || ':00:00', '') AND event_type = NEW.old_event AND
      agent_name = NEW.old_agent AND phase = NEW.old_phase_name AND model = NEW.old_model_name AND
      status = NEW.old_status_name
    AND invocations = 0 AND duration_count = 0 AND duration_ms_sum = 0 AND tokens_sum = 0 AND
    tool_calls_sum = 0;
  UPDATE agent_durations SET runs = runs - 1, duration_ms_sum = duration_ms_sum -
      NEW.old_duration_ms
  WHERE NEW.agent_durations_posts IN (2, 3) AND event_type = NEW.old_event AND agent_name =
      NEW.old_agent AND phase = NEW.old_phase_name AND model = NEW.old_model_name AND le_ms =
      NEW.old_le_ms;
  DELETE FROM agent_durations WHERE NEW.agent_durations_posts IN (2, 3) AND event_type =
      NEW.old_event AND agent_name = NEW.old_agent AND phase = NEW.old_phase_name AND model =
      NEW.old_model_name AND le_ms = NEW.old_le_ms
    AND runs = 0 AND duration_ms_sum = 0;
  UPDATE agent_durations_daily SET runs = runs - 1, duration_ms_sum = duration_ms_sum -
      NEW.old_duration_ms
  WHERE NEW.agent_durations_daily_posts IN (2, 3) AND day = coalesce(substr(NEW.old_start, 1, 10),
      '') AND event_type = NEW.old_event AND agent_name = NEW.old_agent AND le_ms = NEW.old_le_ms;
  DELETE FROM agent_durations_daily WHERE NEW.agent_durations_daily_posts IN (2, 3) AND day =
      coalesce(substr(NEW.old_start, 1, 10), '') AND event_type = NEW.old_event AND agent_name =
      NEW.old_agent AND le_ms = NEW.old_le_ms
    AND runs = 0 AND duration_ms_sum = 0;
  UPDATE _aggregates_agent_percentiles SET runs = runs - 1, duration_ms_sum = duration_ms_sum -
      NEW.old_duration_ms
  WHERE NEW.agent_percentiles_posts IN (2, 3) AND agent_name = NEW.old_agent AND le_ms =
      NEW.old_le_ms;
  DELETE FROM _aggregates_agent_percentiles WHERE NEW.agent_percentiles_posts IN (2, 3) AND
      agent_name = NEW.old_agent AND le_ms = NEW.old_le_ms
    AND runs = 0 AND duration_ms_sum = 0;
  UPDATE agent_activity SET invocations = invocations - 1, succeeded = succeeded -
      NEW.old_succeeded, failed = failed - NEW.old_failed, in_flight = in_flight -
      NEW.old_in_flight, updated_at = coalesce(max(updated_at, NEW.updated_at), NEW.updated_at)
  WHERE NEW.agent_activity_posts IN (2, 3) AND agent_name = NEW.old_agent;
  DELETE FROM agent_activity WHERE NEW.agent_activity_posts IN (2, 3) AND agent_name = NEW.old_agent
    AND invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND sessions = 0;
  DELETE FROM open_runs
  WHERE NEW.open_runs_posts = 2 AND start_time = NEW.old_start AND invocation_id =
      NEW.old_invocation_id;
END;

-- [trigger] _aggregates_session_agents_plus
CREATE TRIGGER _aggregates_session_agents_plus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.session_agents_posts NOT IN (0, 2)
BEGIN
  INSERT INTO session_agents (session_id, agent_name, invocations)
  VALUES (NEW.new_session, NEW.new_agent,
    CASE NEW.session_agents_posts WHEN 4 THEN 0 ELSE 1 END)
  ON CONFLICT (session_id, agent_name) DO UPDATE SET
    invocations = invocations + excluded.invocations;
END;

-- [trigger] _aggregates_session_agents_minus
CREATE TRIGGER _aggregates_session_agents_minus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.session_agents_posts IN (2, 3)
BEGIN
  UPDATE session_agents SET invocations = invocations - 1
  WHERE session_id = NEW.old_session AND agent_name = NEW.old_agent;
  DELETE FROM session_agents WHERE session_id = NEW.old_session AND agent_name = NEW.old_agent
    AND invocations = 0;
END;

-- [trigger] _aggregates_agent_starts_plus
CREATE TRIGGER _aggregates_agent_starts_plus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.agent_starts_posts NOT IN (0, 2)
BEGIN
  INSERT INTO _aggregates_agent_starts (agent_name, start_time, invocation_id)
  VALUES (NEW.new_agent, NEW.new_start, NEW.new_invocation_id)
  ON CONFLICT (agent_name, start_time, invocation_id) DO NOTHING;
  DELETE FROM _aggregates_agent_starts
  WHERE NEW.agent_starts_posts = 3 AND NOT (NEW.old_agent = NEW.new_agent AND NEW.old_start =
      NEW.new_start AND NEW.old_invocation_id = NEW.new_invocation_id) AND agent_name =
      NEW.old_agent AND start_time = NEW.old_start AND invocation_id = NEW.old_invocation_id;
END;

-- [trigger] _aggregates_agent_starts_minus
CREATE TRIGGER _aggregates_agent_starts_minus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.agent_starts_posts = 2
BEGIN
  DELETE FROM _aggregates_agent_starts
  WHERE agent_name = NEW.old_agent AND start_time = NEW.old_start AND invocation_id =
      NEW.old_invocation_id;
END;
