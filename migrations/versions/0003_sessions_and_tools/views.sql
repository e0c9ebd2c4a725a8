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
UNION ALL SELECT 'durations' AS name, coalesce(sum(duration_count), 0) AS value FROM agent_stats
UNION ALL SELECT 'sessions' AS name, coalesce(sum(sessions), 0) AS value FROM
    _aggregates_session_totals
UNION ALL SELECT 'session_rows' AS name, coalesce(sum(sessions), 0) AS value FROM sessions_summary
UNION ALL SELECT 'tool_uses' AS name, coalesce(sum(uses), 0) AS value FROM tool_stats;

-- [view] v_agent_durations
CREATE VIEW v_agent_durations AS
WITH RECURSIVE walk (agent_name, runs_known, le_ms, runs, duration_ms_sum, runs_up_to) AS (
  SELECT agent_name, sum(runs), -1, 0, 0, 0 FROM _aggregates_agent_percentiles
  GROUP BY agent_name HAVING sum(runs) > 0
  UNION ALL
  SELECT bucket.agent_name, walk.runs_known, bucket.le_ms, bucket.runs, bucket.duration_ms_sum,
    walk.runs_up_to + bucket.runs
  FROM walk JOIN _aggregates_agent_percentiles AS bucket ON bucket.agent_name = walk.agent_name AND
      bucket.le_ms = (
    SELECT min(later.le_ms) FROM _aggregates_agent_percentiles AS later WHERE later.agent_name =
    walk.agent_name AND later.le_ms > walk.le_ms)
), bounded AS (
  SELECT walk.agent_name, walk.le_ms, runs, duration_ms_sum, runs_up_to, runs_known,
    (SELECT max(bound.le_ms) + 1.0 FROM duration_bounds AS bound WHERE bound.le_ms < walk.le_ms)
      AS low
  FROM walk WHERE runs <> 0
)
SELECT agent_name, le_ms, runs, runs_up_to, runs_known, coalesce(
    CASE WHEN le_ms < 9223372036854775807 THEN 2 * low * le_ms / (low + le_ms) END,
    1.0 * duration_ms_sum / runs) / 1000 AS seconds
FROM bounded;

-- [view] v_agents
CREATE VIEW v_agents AS
SELECT activity.agent_name, invocations, in_flight, succeeded, failed, succeeded + failed AS ended,
  round(1.0 * succeeded / nullif(succeeded + failed, 0), 4) AS success_rate,
  round(1.0 * duration_ms_sum / 1000 / nullif(duration_count, 0), 4) AS mean_seconds,
  round(p50, 4) AS p50_seconds,
  round(p90, 4) AS p90_seconds,
  round(p95, 4) AS p95_seconds,
  round(p99, 4) AS p99_seconds,
  coalesce(tokens_sum, 0) AS tokens,
  round(1.0 * coalesce(tokens_sum, 0) / nullif(invocations, 0), 4) AS tokens_per_run,
  coalesce(tool_calls_sum, 0) AS tool_calls, sessions, first_start, last_start, updated_at
FROM agent_activity AS activity
LEFT JOIN (
  SELECT agent_name, sum(duration_count) AS duration_count,
    sum(duration_ms_sum) AS duration_ms_sum, sum(tokens_sum) AS tokens_sum,
    sum(tool_calls_sum) AS tool_calls_sum
  FROM agent_stats WHERE (typeof(agent_name) = 'text' AND agent_name NOT IN ('', 'unknown')) AND NOT
      (coalesce(event_type, '') = 'subagent_stop' OR coalesce(event_type, '') =
      'tool_tracking_start')
  GROUP BY agent_name
) AS summed ON summed.agent_name = activity.agent_name
LEFT JOIN (
  SELECT agent_name,
    min(CASE WHEN runs_up_to * 100 >= runs_known * 50 THEN seconds END) AS p50,
    min(CASE WHEN runs_up_to * 100 >= runs_known * 90 THEN seconds END) AS p90,
    min(CASE WHEN runs_up_to * 100 >= runs_known * 95 THEN seconds END) AS p95,
    min(CASE WHEN runs_up_to * 100 >= runs_known * 99 THEN seconds END) AS p99
  FROM v_agent_durations
  GROUP BY agent_name
) AS ranked ON ranked.agent_name = activity.agent_name
WHERE invocations <> 0 OR succeeded <> 0 OR failed <> 0 OR in_flight <> 0 OR sessions <> 0;

-- [view] v_agents_hourly
CREATE VIEW v_agents_hourly AS
SELECT hour, agent_name, invocations, succeeded, failed, succeeded + failed AS ended,
  round(1.0 * succeeded / nullif(succeeded + failed, 0), 4) AS success_rate,
  round(1.0 * duration_ms_sum / 1000 / nullif(duration_count, 0), 4) AS mean_seconds, tokens_sum AS
      tokens,
  tool_calls_sum AS tool_calls
FROM (
  SELECT
    hour, agent_name,
    sum(invocations) AS invocations,
    sum(duration_count) AS duration_count,
    sum(duration_ms_sum) AS duration_ms_sum,
    sum(tokens_sum) AS tokens_sum,
    sum(tool_calls_sum) AS tool_calls_sum,
    sum(invocations * CASE WHEN (coalesce(status, '') = 'completed') THEN 1 ELSE 0 END) AS
    succeeded,
    sum(invocations * CASE WHEN (coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error')
    THEN 1 ELSE 0 END) AS failed
  FROM agent_hourly WHERE (typeof(agent_name) = 'text' AND agent_name NOT IN ('', 'unknown')) AND
      NOT (coalesce(event_type, '') = 'subagent_stop' OR coalesce(event_type, '') =
      'tool_tracking_start')
  GROUP BY 1, 2
) AS summed
WHERE invocations <> 0 OR duration_count <> 0 OR duration_ms_sum <> 0 OR tokens_sum <> 0 OR
    tool_calls_sum <> 0;

-- [view] v_agents_daily
CREATE VIEW v_agents_daily AS
SELECT day, agent_name, invocations, succeeded, failed, succeeded + failed AS ended,
  round(1.0 * succeeded / nullif(succeeded + failed, 0), 4) AS success_rate,
  round(1.0 * duration_ms_sum / 1000 / nullif(duration_count, 0), 4) AS mean_seconds, tokens_sum AS
      tokens,
  tool_calls_sum AS tool_calls
FROM (
  SELECT
    substr(hour, 1, 10) AS day, agent_name,
    sum(invocations) AS invocations,
    sum(duration_count) AS duration_count,
    sum(duration_ms_sum) AS duration_ms_sum,
    sum(tokens_sum) AS tokens_sum,
    sum(tool_calls_sum) AS tool_calls_sum,
    sum(invocations * CASE WHEN (coalesce(status, '') = 'completed') THEN 1 ELSE 0 END) AS
    succeeded,
    sum(invocations * CASE WHEN (coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error')
    THEN 1 ELSE 0 END) AS failed
  FROM agent_hourly WHERE (typeof(agent_name) = 'text' AND agent_name NOT IN ('', 'unknown')) AND
      NOT (coalesce(event_type, '') = 'subagent_stop' OR coalesce(event_type, '') =
      'tool_tracking_start')
  GROUP BY 1, 2
) AS summed
WHERE invocations <> 0 OR duration_count <> 0 OR duration_ms_sum <> 0 OR tokens_sum <> 0 OR
    tool_calls_sum <> 0;

-- [view] v_phases
CREATE VIEW v_phases AS
SELECT phase, invocations, succeeded, failed, succeeded + failed AS ended,
  round(1.0 * succeeded / nullif(succeeded + failed, 0), 4) AS success_rate,
  round(1.0 * duration_ms_sum / 1000 / nullif(duration_count, 0), 4) AS mean_seconds, tokens_sum AS
      tokens, tool_calls_sum AS tool_calls
FROM (
  SELECT
    coalesce(nullif(phase, ''), 'unknown') AS phase,
    sum(invocations) AS invocations,
    sum(duration_count) AS duration_count,
    sum(duration_ms_sum) AS duration_ms_sum,
    sum(tokens_sum) AS tokens_sum,
    sum(tool_calls_sum) AS tool_calls_sum,
    sum(invocations * CASE WHEN (coalesce(status, '') = 'completed') THEN 1 ELSE 0 END) AS
    succeeded,
    sum(invocations * CASE WHEN (coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error')
    THEN 1 ELSE 0 END) AS failed
  FROM agent_stats WHERE (typeof(agent_name) = 'text' AND agent_name NOT IN ('', 'unknown')) AND NOT
      (coalesce(event_type, '') = 'subagent_stop' OR coalesce(event_type, '') =
      'tool_tracking_start')
  GROUP BY 1
) AS summed
WHERE invocations <> 0 OR duration_count <> 0 OR duration_ms_sum <> 0 OR tokens_sum <> 0 OR
    tool_calls_sum <> 0;

-- [view] v_sessions
CREATE VIEW v_sessions AS
SELECT session_id, invocations, in_flight, succeeded, failed, succeeded + failed AS ended,
  round(1.0 * succeeded / nullif(succeeded + failed, 0), 4) AS success_rate, agents, phases,
  first_start, last_end, ((strftime('%s', substr(last_end, 1, 19)) - strftime('%s',
      substr(first_start, 1, 19))) * 1000 + substr(last_end, 21) - substr(first_start, 21)) / 1000.0
      AS elapsed_seconds,
  duration_ms_sum / 1000.0 AS agent_seconds
FROM (
  SELECT session_id, invocations, succeeded, failed, in_flight, duration_count, duration_ms_sum,
      agents, phases, first_start, last_end FROM session_stats WHERE session_id <> ''
  UNION ALL
  SELECT 'unknown', invocations, succeeded, failed, in_flight, duration_count, duration_ms_sum,
      agents, phases, first_start, last_end FROM session_stats WHERE session_id = ''
) AS shown
WHERE invocations <> 0 OR succeeded <> 0 OR failed <> 0 OR in_flight <> 0 OR duration_count <> 0 OR
    duration_ms_sum <> 0 OR agents <> 0 OR phases <> 0;

-- [view] v_tools
CREATE VIEW v_tools AS
SELECT coalesce(nullif(summed.agent_name, ''), 'unknown') AS agent_name,
    coalesce(nullif(summed.tool_name, ''), 'unknown') AS tool_name,
  uses, succeeded, failed, succeeded + failed AS ended,
  round(1.0 * succeeded / nullif(succeeded + failed, 0), 4) AS success_rate,
  round(1.0 * duration_ms_sum / 1000 / nullif(duration_count, 0), 4) AS mean_seconds,
  round(p50, 4) AS p50_seconds, round(p95, 4) AS p95_seconds
FROM (
  SELECT
    agent_name, tool_name,
    sum(uses) AS uses,
    sum(duration_count) AS duration_count,
    sum(duration_ms_sum) AS duration_ms_sum,
    sum(uses * CASE WHEN (coalesce(status, '') = 'completed') THEN 1 ELSE 0 END) AS succeeded,
    sum(uses * CASE WHEN (coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error') THEN 1
    ELSE 0 END) AS failed
  FROM tool_stats
  GROUP BY agent_name, tool_name
) AS summed
LEFT JOIN (
  SELECT agent_name, tool_name,
    min(CASE WHEN runs_up_to * 100 >= runs_known * 50 THEN seconds END) AS p50,
    min(CASE WHEN runs_up_to * 100 >= runs_known * 95 THEN seconds END) AS p95
  FROM (
WITH RECURSIVE walk (agent_name, tool_name, runs_known, le_ms, runs, duration_ms_sum, runs_up_to) AS
    (
  SELECT agent_name, tool_name, sum(uses), -1, 0, 0, 0 FROM tool_durations
  GROUP BY agent_name, tool_name HAVING sum(uses) > 0
  UNION ALL
  SELECT bucket.agent_name, bucket.tool_name, walk.runs_known, bucket.le_ms, bucket.uses,
      bucket.duration_ms_sum,
    walk.runs_up_to + bucket.uses
  FROM walk JOIN tool_durations AS bucket ON bucket.agent_name = walk.agent_name AND
      bucket.tool_name = walk.tool_name AND bucket.le_ms = (
    SELECT min(later.le_ms) FROM tool_durations AS later WHERE later.agent_name = walk.agent_name
    AND later.tool_name = walk.tool_name AND later.le_ms > walk.le_ms)
), bounded AS (
  SELECT walk.agent_name, walk.tool_name, walk.le_ms, runs, duration_ms_sum, runs_up_to, runs_known,
    (SELECT max(bound.le_ms) + 1.0 FROM duration_bounds AS bound WHERE bound.le_ms < walk.le_ms)
      AS low
  FROM walk WHERE runs <> 0
)
SELECT agent_name, tool_name, le_ms, runs, runs_up_to, runs_known, coalesce(
    CASE WHEN le_ms < 9223372036854775807 THEN 2 * low * le_ms / (low + le_ms) END,
    1.0 * duration_ms_sum / runs) / 1000 AS seconds
FROM bounded
  ) AS distribution
  GROUP BY agent_name, tool_name
) AS ranked ON ranked.agent_name = summed.agent_name AND ranked.tool_name = summed.tool_name
WHERE uses <> 0 OR duration_count <> 0 OR duration_ms_sum <> 0;

-- [view] v_tools_by_agent
CREATE VIEW v_tools_by_agent AS
WITH used AS (
  SELECT coalesce(nullif(agent_name, ''), 'unknown') AS agent_name, tool_name, sum(uses) AS uses
  FROM tool_stats
  GROUP BY 1, 2 HAVING sum(uses) <> 0
)
SELECT agent_name, count(nullif(tool_name, '')) AS tools, sum(uses) AS uses,
  round(1.0 * sum(uses) / nullif((
    SELECT invocations FROM agent_activity AS activity
    WHERE activity.agent_name = used.agent_name), 0), 4) AS uses_per_invocation,
  (SELECT coalesce(nullif(first.tool_name, ''), 'unknown') FROM used AS first
    WHERE first.agent_name = used.agent_name
    ORDER BY first.uses DESC, first.tool_name LIMIT 1) AS primary_tool,
  round(1.0 * max(uses) / nullif(sum(uses), 0), 4) AS primary_share
FROM used
GROUP BY agent_name;
