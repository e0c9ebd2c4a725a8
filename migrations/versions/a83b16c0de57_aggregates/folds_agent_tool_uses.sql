-- [group] agent_tool_uses 1
INSERT INTO temp._aggregates_grouped_tool_stats (agent_name, tool_name, status, uses,
    duration_count, duration_ms_sum, unreadable_times)
SELECT agent, tool, status_name, sum(sign), sum(sign * ((duration_ms IS NOT NULL))), sum(sign *
    (coalesce(duration_ms, 0))), sum(sign * ((unreadable_start OR unreadable_end)))
FROM temp._aggregates_agent_tool_uses_read
GROUP BY 1, 2, 3 HAVING sum(sign) <> 0 OR sum(sign * ((duration_ms IS NOT NULL))) <> 0 OR sum(sign *
    (coalesce(duration_ms, 0))) <> 0 OR sum(sign * ((unreadable_start OR unreadable_end))) <> 0;

-- [group] agent_tool_uses 2
INSERT INTO temp._aggregates_grouped_tool_durations (agent_name, tool_name, le_ms, uses,
    duration_ms_sum)
SELECT agent, tool, coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= duration_ms ORDER BY
    le_ms LIMIT 1), max(duration_ms, 9223372036854775807)), sum(sign), sum(sign * (duration_ms))
FROM temp._aggregates_agent_tool_uses_read WHERE duration_ms IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(sign) <> 0 OR sum(sign * (duration_ms)) <> 0;

-- [fold] agent_tool_uses 1
INSERT INTO tool_stats (agent_name, tool_name, status, uses, duration_count, duration_ms_sum,
    unreadable_times)
SELECT agent_name, tool_name, status, uses, duration_count, duration_ms_sum, unreadable_times FROM
    temp._aggregates_grouped_tool_stats WHERE true
ON CONFLICT (agent_name, tool_name, status) DO UPDATE SET uses = uses + excluded.uses,
    duration_count = duration_count + excluded.duration_count, duration_ms_sum = duration_ms_sum +
    excluded.duration_ms_sum, unreadable_times = unreadable_times + excluded.unreadable_times;

-- [fold] agent_tool_uses 2
INSERT INTO tool_durations (agent_name, tool_name, le_ms, uses, duration_ms_sum)
SELECT agent_name, tool_name, le_ms, uses, duration_ms_sum FROM
    temp._aggregates_grouped_tool_durations WHERE true
ON CONFLICT (agent_name, tool_name, le_ms) DO UPDATE SET uses = uses + excluded.uses,
    duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;

-- [fold] agent_tool_uses 3
DELETE FROM _aggregates_session_tool_uses WHERE (session_id, start_time, tool_use_id) IN (
  SELECT session_id, start_time, tool_use_id FROM (SELECT session AS session_id, start AS
      start_time, tool_use_id AS tool_use_id FROM temp._aggregates_agent_tool_uses_read WHERE start
      IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(sign) < 0));

-- [fold] agent_tool_uses 4
INSERT INTO _aggregates_session_tool_uses (session_id, start_time, tool_use_id)
SELECT session AS session_id, start AS start_time, tool_use_id AS tool_use_id
FROM temp._aggregates_agent_tool_uses_read WHERE start IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(sign) > 0;

-- [sweep] agent_tool_uses 1
DELETE FROM tool_stats WHERE (agent_name, tool_name, status) IN (
  SELECT agent, tool, status_name FROM temp._aggregates_agent_tool_uses_read WHERE true AND sign <
      0) AND uses = 0 AND duration_count = 0 AND duration_ms_sum = 0 AND unreadable_times = 0;

-- [sweep] agent_tool_uses 2
DELETE FROM tool_durations WHERE (agent_name, tool_name, le_ms) IN (
  SELECT agent, tool, coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= duration_ms
      ORDER BY le_ms LIMIT 1), max(duration_ms, 9223372036854775807)) FROM
      temp._aggregates_agent_tool_uses_read WHERE duration_ms IS NOT NULL AND sign < 0) AND uses = 0
      AND duration_ms_sum = 0;

-- [clear] agent_tool_uses 1
DELETE FROM tool_stats WHERE (agent_name, tool_name, status) IN (SELECT agent_name, tool_name,
    status FROM tool_stats LIMIT 500);

-- [clear] agent_tool_uses 2
DELETE FROM tool_durations WHERE (agent_name, tool_name, le_ms) IN (SELECT agent_name, tool_name,
    le_ms FROM tool_durations LIMIT 500);

-- [clear] agent_tool_uses 3
DELETE FROM _aggregates_session_tool_uses WHERE (session_id, start_time, tool_use_id) IN (SELECT
    session_id, start_time, tool_use_id FROM _aggregates_session_tool_uses LIMIT 500);
