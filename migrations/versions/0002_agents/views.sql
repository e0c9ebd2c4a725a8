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
