-- [view] aggregate_totals
CREATE VIEW aggregate_totals AS
SELECT total.name, coalesce(total.value, 0) AS value
FROM (SELECT sum(invocations) AS of_invocations,
sum(succeeded) AS of_succeeded,
sum(failed) AS of_failed,
sum(in_flight) AS of_in_flight,
count(*) AS of_agents,
sum(sessions) AS of_session_agent_pairs
FROM agent_activity) AS found
CROSS JOIN LATERAL (VALUES ('invocations', CAST(found.of_invocations AS bigint)),
('succeeded', CAST(found.of_succeeded AS bigint)),
('failed', CAST(found.of_failed AS bigint)),
('in_flight', CAST(found.of_in_flight AS bigint)),
('agents', CAST(found.of_agents AS bigint)),
('session_agent_pairs', CAST(found.of_session_agent_pairs AS bigint))) AS total (name, value)
UNION ALL
SELECT total.name, coalesce(total.value, 0) AS value
FROM (SELECT sum(invocations) AS of_rows,
sum(duration_count) AS of_durations,
sum(unreadable_times) AS of_unreadable_run_times
FROM agent_stats) AS found
CROSS JOIN LATERAL (VALUES ('rows', CAST(found.of_rows AS bigint)),
('durations', CAST(found.of_durations AS bigint)),
('unreadable_run_times', CAST(found.of_unreadable_run_times AS bigint))) AS total (name, value)
UNION ALL
SELECT total.name, coalesce(total.value, 0) AS value
FROM (SELECT sum(sessions) AS of_sessions
FROM _aggregates_session_totals) AS found
CROSS JOIN LATERAL (VALUES ('sessions', CAST(found.of_sessions AS bigint))) AS total (name, value)
UNION ALL
SELECT total.name, coalesce(total.value, 0) AS value
FROM (SELECT sum(sessions) AS of_session_rows,
sum(unreadable_times) AS of_unreadable_session_times
FROM sessions_summary) AS found
CROSS JOIN LATERAL (VALUES ('session_rows', CAST(found.of_session_rows AS bigint)),
('unreadable_session_times', CAST(found.of_unreadable_session_times AS bigint))) AS total (name,
    value)
UNION ALL
SELECT total.name, coalesce(total.value, 0) AS value
FROM (SELECT sum(uses) AS of_tool_uses,
sum(unreadable_times) AS of_unreadable_tool_times
FROM tool_stats) AS found
CROSS JOIN LATERAL (VALUES ('tool_uses', CAST(found.of_tool_uses AS bigint)),
('unreadable_tool_times', CAST(found.of_unreadable_tool_times AS bigint))) AS total (name, value);

-- [view] session_overlap
CREATE VIEW session_overlap AS
SELECT session_id, max_parallel, busy_ms, coalesce(as_of_seq, -1) < coalesce(changed_seq, 0) AS
    is_pending
FROM session_stats
LEFT JOIN _aggregates_session_derived USING (session_id)
WHERE session_id <> '';

-- [data] comments agent_stats
COMMENT ON VIEW agent_stats IS 'all rows, all-time';
COMMENT ON COLUMN agent_stats.event_type IS 'kind of row';
COMMENT ON COLUMN agent_stats.agent_name IS 'name of the agent';
COMMENT ON COLUMN agent_stats.phase IS 'phase of the workflow';
COMMENT ON COLUMN agent_stats.model IS 'model or service tier';
COMMENT ON COLUMN agent_stats.status IS 'status of the row';
COMMENT ON COLUMN agent_stats.invocations IS 'rows';
COMMENT ON COLUMN agent_stats.duration_count IS 'with a known duration';
COMMENT ON COLUMN agent_stats.duration_ms_sum IS 'milliseconds, where known';
COMMENT ON COLUMN agent_stats.tokens_sum IS 'tokens';
COMMENT ON COLUMN agent_stats.tool_calls_sum IS 'tool calls';
COMMENT ON COLUMN agent_stats.unreadable_times IS
    'with a start or an end that is there and does not parse';

-- [data] comments agent_hourly
COMMENT ON VIEW agent_hourly IS 'all rows by the hour of their start; '''' where it does not parse';
COMMENT ON COLUMN agent_hourly.hour IS 'hour of the start: 2026-10-01T09:00:00';
COMMENT ON COLUMN agent_hourly.event_type IS 'kind of row';
COMMENT ON COLUMN agent_hourly.agent_name IS 'name of the agent';
COMMENT ON COLUMN agent_hourly.phase IS 'phase of the workflow';
COMMENT ON COLUMN agent_hourly.model IS 'model or service tier';
COMMENT ON COLUMN agent_hourly.status IS 'status of the row';
COMMENT ON COLUMN agent_hourly.invocations IS 'rows';
COMMENT ON COLUMN agent_hourly.duration_count IS 'with a known duration';
COMMENT ON COLUMN agent_hourly.duration_ms_sum IS 'milliseconds, where known';
COMMENT ON COLUMN agent_hourly.tokens_sum IS 'tokens';
COMMENT ON COLUMN agent_hourly.tool_calls_sum IS 'tool calls';

-- [data] comments agent_durations
COMMENT ON VIEW agent_durations IS
    'histogram of known durations, all-time; buckets are not cumulative';
COMMENT ON COLUMN agent_durations.agent_name IS 'name of the agent';
COMMENT ON COLUMN agent_durations.le_ms IS 'upper bound of the bucket, in milliseconds, inclusive';
COMMENT ON COLUMN agent_durations.event_type IS 'kind of row';
COMMENT ON COLUMN agent_durations.phase IS 'phase of the workflow';
COMMENT ON COLUMN agent_durations.model IS 'model or service tier';
COMMENT ON COLUMN agent_durations.runs IS 'rows whose duration lies in the bucket';
COMMENT ON COLUMN agent_durations.duration_ms_sum IS 'sum of their durations, in milliseconds';

-- [data] comments agent_durations_daily
COMMENT ON VIEW agent_durations_daily IS
    'histogram of known durations by the day of the start; '''' where it does not parse';
COMMENT ON COLUMN agent_durations_daily.day IS 'day of the start: 2026-10-01';
COMMENT ON COLUMN agent_durations_daily.event_type IS 'kind of row';
COMMENT ON COLUMN agent_durations_daily.agent_name IS 'name of the agent';
COMMENT ON COLUMN agent_durations_daily.le_ms IS
    'upper bound of the bucket, in milliseconds, inclusive';
COMMENT ON COLUMN agent_durations_daily.runs IS 'rows whose duration lies in the bucket';
COMMENT ON COLUMN agent_durations_daily.duration_ms_sum IS 'sum of their durations, in milliseconds';

-- [data] comments agent_activity
COMMENT ON VIEW agent_activity IS 'what each agent did, all-time';
COMMENT ON COLUMN agent_activity.agent_name IS 'name of the agent';
COMMENT ON COLUMN agent_activity.invocations IS 'invocations';
COMMENT ON COLUMN agent_activity.succeeded IS 'that succeeded';
COMMENT ON COLUMN agent_activity.failed IS 'that failed';
COMMENT ON COLUMN agent_activity.in_flight IS 'that started and have not ended';
COMMENT ON COLUMN agent_activity.sessions IS 'distinct sessions, '''' left out';
COMMENT ON COLUMN agent_activity.first_start IS 'earliest start';
COMMENT ON COLUMN agent_activity.last_start IS 'latest start';
COMMENT ON COLUMN agent_activity.updated_at IS 'when a row of the key last changed, UTC';

-- [data] comments session_agents
COMMENT ON VIEW session_agents IS 'reference counts behind agent_activity.sessions';
COMMENT ON COLUMN session_agents.session_id IS 'session of the run';
COMMENT ON COLUMN session_agents.agent_name IS 'name of the agent';
COMMENT ON COLUMN session_agents.invocations IS 'invocations of the agent in the session';

-- [data] comments open_runs
COMMENT ON VIEW open_runs IS 'invocations that have started and not ended, abandoned ones included';
COMMENT ON COLUMN open_runs.start_time IS 'start in canonical text';
COMMENT ON COLUMN open_runs.invocation_id IS 'id of the row';
COMMENT ON COLUMN open_runs.session_id IS 'session of the run';
COMMENT ON COLUMN open_runs.agent_name IS 'name of the agent';
COMMENT ON COLUMN open_runs.phase IS 'phase of the workflow';

-- [data] comments session_phases
COMMENT ON VIEW session_phases IS 'reference counts behind session_stats.phases';
COMMENT ON COLUMN session_phases.session_id IS 'session of the run';
COMMENT ON COLUMN session_phases.phase IS 'phase of the workflow';
COMMENT ON COLUMN session_phases.invocations IS 'invocations of the phase in the session';

-- [data] comments session_stats
COMMENT ON VIEW session_stats IS 'the invocations of each session, all-time';
COMMENT ON COLUMN session_stats.session_id IS 'session of the run';
COMMENT ON COLUMN session_stats.invocations IS 'invocations';
COMMENT ON COLUMN session_stats.succeeded IS 'that succeeded';
COMMENT ON COLUMN session_stats.failed IS 'that failed';
COMMENT ON COLUMN session_stats.in_flight IS 'that started and have not ended';
COMMENT ON COLUMN session_stats.duration_count IS 'with a known duration';
COMMENT ON COLUMN session_stats.duration_ms_sum IS 'milliseconds, where known';
COMMENT ON COLUMN session_stats.agents IS 'distinct agents';
COMMENT ON COLUMN session_stats.phases IS 'distinct phases, '''' left out';
COMMENT ON COLUMN session_stats.first_start IS 'earliest start';
COMMENT ON COLUMN session_stats.last_end IS 'latest end';
COMMENT ON COLUMN session_stats.changed_seq IS 'newest entry of the change log about a run of it';
COMMENT ON COLUMN session_stats.first_agent IS
    'agent of the earliest start; NULL or of an earlier state while pending';

-- [data] comments sessions_summary
COMMENT ON VIEW sessions_summary IS
    'sessions by status, with the durations from their own start to their own end';
COMMENT ON COLUMN sessions_summary.status IS 'status of the row';
COMMENT ON COLUMN sessions_summary.sessions IS 'rows of the table sessions';
COMMENT ON COLUMN sessions_summary.duration_count IS 'with a known duration';
COMMENT ON COLUMN sessions_summary.duration_ms_sum IS 'milliseconds, where known';
COMMENT ON COLUMN sessions_summary.unreadable_times IS
    'with a start or an end that is there and does not parse';

-- [data] comments tool_stats
COMMENT ON VIEW tool_stats IS 'uses of tools by agent, all-time';
COMMENT ON COLUMN tool_stats.agent_name IS 'name of the agent';
COMMENT ON COLUMN tool_stats.tool_name IS 'name of the tool';
COMMENT ON COLUMN tool_stats.status IS 'status of the row';
COMMENT ON COLUMN tool_stats.uses IS 'rows';
COMMENT ON COLUMN tool_stats.duration_count IS 'with a known duration';
COMMENT ON COLUMN tool_stats.duration_ms_sum IS 'milliseconds, where known';
COMMENT ON COLUMN tool_stats.unreadable_times IS
    'with a start or an end that is there and does not parse';

-- [data] comments tool_durations
COMMENT ON VIEW tool_durations IS
    'histogram of known durations of tool uses, all-time; buckets are not cumulative';
COMMENT ON COLUMN tool_durations.agent_name IS 'name of the agent';
COMMENT ON COLUMN tool_durations.tool_name IS 'name of the tool';
COMMENT ON COLUMN tool_durations.le_ms IS 'upper bound of the bucket, in milliseconds, inclusive';
COMMENT ON COLUMN tool_durations.uses IS 'uses whose duration lies in the bucket';
COMMENT ON COLUMN tool_durations.duration_ms_sum IS 'sum of their durations, in milliseconds';

-- [data] comments duration_bounds
COMMENT ON TABLE duration_bounds IS 'upper bounds of all histograms';
COMMENT ON COLUMN duration_bounds.le_ms IS 'inclusive upper bound of a bucket, in milliseconds';

-- [data] comments aggregate_totals
COMMENT ON VIEW aggregate_totals IS 'totals over small aggregates';
COMMENT ON COLUMN aggregate_totals.name IS 'name of the total';
COMMENT ON COLUMN aggregate_totals.value IS 'its value';

-- [data] comments aggregate_descriptions
COMMENT ON TABLE aggregate_descriptions IS 'what every table and column means';
COMMENT ON COLUMN aggregate_descriptions.table_name IS 'the table';
COMMENT ON COLUMN aggregate_descriptions.column_name IS 'the column; '''' for the table itself';
COMMENT ON COLUMN aggregate_descriptions.description IS 'one line';

-- [data] comments change_consumers
COMMENT ON TABLE change_consumers IS 'who reads a change log, and how far it has durably got';
COMMENT ON COLUMN change_consumers.name IS 'name of the consumer';
COMMENT ON COLUMN change_consumers.source IS 'table whose changes it reads';
COMMENT ON COLUMN change_consumers.seq IS 'entry up to which it has taken everything';
COMMENT ON COLUMN change_consumers.last_id IS 'key of the row of that entry';
COMMENT ON COLUMN change_consumers.last_timestamp IS 'when that change was made, UTC';
COMMENT ON COLUMN change_consumers.saved_at IS 'when the checkpoint was saved, UTC';
COMMENT ON COLUMN change_consumers.is_lost IS
    '1 where changes were not logged, so that it has to rebuild';

-- [data] comments aggregate_verifications
COMMENT ON TABLE aggregate_verifications IS 'what verifies, repairs and rebuilds have found';
COMMENT ON COLUMN aggregate_verifications.id IS 'number of the proof';
COMMENT ON COLUMN aggregate_verifications.kind IS
    'verify, repair, rebuild, or reinstall (doubt since)';
COMMENT ON COLUMN aggregate_verifications.started_at IS 'when it began, UTC';
COMMENT ON COLUMN aggregate_verifications.seconds IS 'how long it took';
COMMENT ON COLUMN aggregate_verifications.rows_read IS 'rows of the sources that were read';
COMMENT ON COLUMN aggregate_verifications.drifts IS 'values that differed from their recomputation';
COMMENT ON COLUMN aggregate_verifications.is_complete IS '1 where every aggregate was compared';

-- [data] comments session_overlap
COMMENT ON VIEW session_overlap IS
    'how the runs of a session overlap; brought up to date by a consumer';
COMMENT ON COLUMN session_overlap.session_id IS 'the session';
COMMENT ON COLUMN session_overlap.max_parallel IS 'most ended runs open at one instant';
COMMENT ON COLUMN session_overlap.busy_ms IS
    'milliseconds in which at least one ended run was open';
COMMENT ON COLUMN session_overlap.is_pending IS '1 where the session has changed since';

-- [data] comments session_durations
COMMENT ON TABLE session_durations IS
    'histogram of sessions'' durations; brought up to date by a consumer';
COMMENT ON COLUMN session_durations.first_agent IS 'agent of the session''s earliest start';
COMMENT ON COLUMN session_durations.le_ms IS
    'upper bound of the bucket, in milliseconds, inclusive';
COMMENT ON COLUMN session_durations.sessions IS 'sessions whose duration lies in the bucket';
COMMENT ON COLUMN session_durations.duration_ms_sum IS 'sum of their durations, in milliseconds';

-- [data] comments agent_invocation_changes
COMMENT ON TABLE agent_invocation_changes IS
    'one row for each change of a row of agent_invocations';
COMMENT ON COLUMN agent_invocation_changes.seq IS 'position in the log; grows with each entry';
COMMENT ON COLUMN agent_invocation_changes.operation IS 'insert, update or delete';
COMMENT ON COLUMN agent_invocation_changes.updated_at IS
    'when the change was made: UTC with milliseconds and Z';
COMMENT ON COLUMN agent_invocation_changes.invocation_id IS
    'key of the row after the change; of a deleted row, its';
COMMENT ON COLUMN agent_invocation_changes.old_invocation_id IS
    'key before an update that changed it';
COMMENT ON COLUMN agent_invocation_changes.old_timestamp IS
    'when the hook wrote the row, before the change';
COMMENT ON COLUMN agent_invocation_changes.new_timestamp IS
    'when the hook wrote the row, after the change';
COMMENT ON COLUMN agent_invocation_changes.old_session_id IS
    'session of the run, before the change';
COMMENT ON COLUMN agent_invocation_changes.new_session_id IS 'session of the run, after the change';
COMMENT ON COLUMN agent_invocation_changes.old_event_type IS
    'kind of row: a run, or a marker that is not one, before the change';
COMMENT ON COLUMN agent_invocation_changes.new_event_type IS
    'kind of row: a run, or a marker that is not one, after the change';
COMMENT ON COLUMN agent_invocation_changes.old_phase IS 'phase of the workflow, before the change';
COMMENT ON COLUMN agent_invocation_changes.new_phase IS 'phase of the workflow, after the change';
COMMENT ON COLUMN agent_invocation_changes.old_agent_name IS 'name of the agent, before the change';
COMMENT ON COLUMN agent_invocation_changes.new_agent_name IS 'name of the agent, after the change';
COMMENT ON COLUMN agent_invocation_changes.old_model IS
    'model, or service tier, of the run, before the change';
COMMENT ON COLUMN agent_invocation_changes.new_model IS
    'model, or service tier, of the run, after the change';
COMMENT ON COLUMN agent_invocation_changes.old_start_time IS 'start of the run, before the change';
COMMENT ON COLUMN agent_invocation_changes.new_start_time IS 'start of the run, after the change';
COMMENT ON COLUMN agent_invocation_changes.old_end_time IS 'end of the run, before the change';
COMMENT ON COLUMN agent_invocation_changes.new_end_time IS 'end of the run, after the change';
COMMENT ON COLUMN agent_invocation_changes.old_duration_seconds IS
    'duration as the hook measured it, before the change';
COMMENT ON COLUMN agent_invocation_changes.new_duration_seconds IS
    'duration as the hook measured it, after the change';
COMMENT ON COLUMN agent_invocation_changes.old_status IS
    'started, completed, failed, error, or the writer''s own word, before the change';
COMMENT ON COLUMN agent_invocation_changes.new_status IS
    'started, completed, failed, error, or the writer''s own word, after the change';
COMMENT ON COLUMN agent_invocation_changes.old_tokens IS
    'tokens, out of raw_output, before the change';
COMMENT ON COLUMN agent_invocation_changes.new_tokens IS
    'tokens, out of raw_output, after the change';
COMMENT ON COLUMN agent_invocation_changes.old_tool_calls IS
    'tool calls, out of raw_output, before the change';
COMMENT ON COLUMN agent_invocation_changes.new_tool_calls IS
    'tool calls, out of raw_output, after the change';

-- [data] comments session_changes
COMMENT ON TABLE session_changes IS 'one row for each change of a row of sessions';
COMMENT ON COLUMN session_changes.seq IS 'position in the log; grows with each entry';
COMMENT ON COLUMN session_changes.operation IS 'insert, update or delete';
COMMENT ON COLUMN session_changes.updated_at IS
    'when the change was made: UTC with milliseconds and Z';
COMMENT ON COLUMN session_changes.session_row IS
    'key of the row after the change; of a deleted row, its';
COMMENT ON COLUMN session_changes.old_session_row IS 'key before an update that changed it';
COMMENT ON COLUMN session_changes.old_session_id IS 'the session, before the change';
COMMENT ON COLUMN session_changes.new_session_id IS 'the session, after the change';
COMMENT ON COLUMN session_changes.old_start_time IS
    'start of the session, or when it was last resumed, before the change';
COMMENT ON COLUMN session_changes.new_start_time IS
    'start of the session, or when it was last resumed, after the change';
COMMENT ON COLUMN session_changes.old_end_time IS
    'end of the session, as of its last answer, before the change';
COMMENT ON COLUMN session_changes.new_end_time IS
    'end of the session, as of its last answer, after the change';
COMMENT ON COLUMN session_changes.old_status IS
    'active, completed, or the writer''s own word, before the change';
COMMENT ON COLUMN session_changes.new_status IS
    'active, completed, or the writer''s own word, after the change';

-- [data] comments agent_tool_use_changes
COMMENT ON TABLE agent_tool_use_changes IS 'one row for each change of a row of agent_tool_uses';
COMMENT ON COLUMN agent_tool_use_changes.seq IS 'position in the log; grows with each entry';
COMMENT ON COLUMN agent_tool_use_changes.operation IS 'insert, update or delete';
COMMENT ON COLUMN agent_tool_use_changes.updated_at IS
    'when the change was made: UTC with milliseconds and Z';
COMMENT ON COLUMN agent_tool_use_changes.tool_use_id IS
    'key of the row after the change; of a deleted row, its';
COMMENT ON COLUMN agent_tool_use_changes.old_tool_use_id IS 'key before an update that changed it';
COMMENT ON COLUMN agent_tool_use_changes.old_session_id IS 'session of the use, before the change';
COMMENT ON COLUMN agent_tool_use_changes.new_session_id IS 'session of the use, after the change';
COMMENT ON COLUMN agent_tool_use_changes.old_agent_name IS 'name of the agent, before the change';
COMMENT ON COLUMN agent_tool_use_changes.new_agent_name IS 'name of the agent, after the change';
COMMENT ON COLUMN agent_tool_use_changes.old_tool_name IS 'name of the tool, before the change';
COMMENT ON COLUMN agent_tool_use_changes.new_tool_name IS 'name of the tool, after the change';
COMMENT ON COLUMN agent_tool_use_changes.old_start_time IS 'start of the use, before the change';
COMMENT ON COLUMN agent_tool_use_changes.new_start_time IS 'start of the use, after the change';
COMMENT ON COLUMN agent_tool_use_changes.old_end_time IS 'end of the use, before the change';
COMMENT ON COLUMN agent_tool_use_changes.new_end_time IS 'end of the use, after the change';
COMMENT ON COLUMN agent_tool_use_changes.old_duration_seconds IS
    'duration as the hook measured it, before the change';
COMMENT ON COLUMN agent_tool_use_changes.new_duration_seconds IS
    'duration as the hook measured it, after the change';
COMMENT ON COLUMN agent_tool_use_changes.old_status IS
    'started, completed, error, or the writer''s own word, before the change';
COMMENT ON COLUMN agent_tool_use_changes.new_status IS
    'started, completed, error, or the writer''s own word, after the change';
