-- [view] aggregate_totals
CREATE VIEW aggregate_totals AS SELECT name, coalesce(value, 0) AS value
FROM (VALUES
('invocations', (SELECT CAST(sum(invocations) AS bigint) FROM agent_activity)),
('succeeded', (SELECT CAST(sum(succeeded) AS bigint) FROM agent_activity)),
('failed', (SELECT CAST(sum(failed) AS bigint) FROM agent_activity)),
('in_flight', (SELECT CAST(sum(in_flight) AS bigint) FROM agent_activity)),
('agents', (SELECT CAST(count(*) AS bigint) FROM agent_activity)),
('session_agent_pairs', (SELECT CAST(sum(sessions) AS bigint) FROM agent_activity)),
('rows', (SELECT CAST(sum(invocations) AS bigint) FROM agent_stats)),
('durations', (SELECT CAST(sum(duration_count) AS bigint) FROM agent_stats)),
('sessions', (SELECT CAST(sum(sessions) AS bigint) FROM _aggregates_session_totals)),
('session_rows', (SELECT CAST(sum(sessions) AS bigint) FROM sessions_summary)),
('tool_uses', (SELECT CAST(sum(uses) AS bigint) FROM tool_stats)),
('unreadable_run_times', (SELECT CAST(sum(unreadable_times) AS bigint) FROM agent_stats)),
('unreadable_session_times', (SELECT CAST(sum(unreadable_times) AS bigint) FROM sessions_summary)),
('unreadable_tool_times', (SELECT CAST(sum(unreadable_times) AS bigint) FROM tool_stats))
) AS total (name, value);

-- [view] session_overlap
CREATE VIEW session_overlap AS
SELECT session_id, max_parallel, busy_ms, coalesce(as_of_seq, -1) < coalesce(changed_seq, 0) AS
    is_pending
FROM session_stats
LEFT JOIN _aggregates_session_derived USING (session_id)
WHERE session_id <> '';
