-- [view] agent_activity
CREATE VIEW agent_activity AS SELECT
agent_name,
invocations,
succeeded,
failed,
in_flight,
sessions,
(SELECT min(start_time) FROM _aggregates_agent_starts WHERE agent_name = kept.agent_name) AS
    first_start,
(SELECT max(start_time) FROM _aggregates_agent_starts WHERE agent_name = kept.agent_name) AS
    last_start,
updated_at
FROM _aggregates_by_agent AS kept
WHERE part = 1 AND agent_name IN (WITH RECURSIVE walk (x) AS (
SELECT ''
UNION ALL
SELECT (SELECT min(agent_name) FROM _aggregates_by_agent WHERE agent_name > walk.x) FROM walk WHERE
    x IS NOT NULL
)
SELECT x FROM walk);

-- [view] session_agents
CREATE VIEW session_agents AS SELECT
session_id,
member AS agent_name,
invocations
FROM _aggregates_by_session
WHERE part = 1;

-- [view] _aggregates_agent_starts
CREATE VIEW _aggregates_agent_starts AS SELECT
agent_name,
member AS start_time,
id AS invocation_id,
invocations
FROM _aggregates_by_agent
WHERE part = 0;

-- [view] session_phases
CREATE VIEW session_phases AS SELECT
session_id,
member AS phase,
invocations
FROM _aggregates_by_session
WHERE part = 2;

-- [view] session_stats
CREATE VIEW session_stats AS SELECT
session_id,
invocations,
succeeded,
failed,
in_flight,
duration_count,
duration_ms_sum,
(SELECT count(*) FROM session_agents WHERE session_id = kept.session_id AND agent_name <> '') AS
    agents,
(SELECT count(*) FROM session_phases WHERE session_id = kept.session_id AND phase <> '') AS phases,
(SELECT min(start_time) FROM _aggregates_session_starts WHERE session_id = kept.session_id) AS
    first_start,
(SELECT max(end_time) FROM _aggregates_session_ends WHERE session_id = kept.session_id) AS last_end,
changed_seq,
(SELECT first_agent FROM _aggregates_session_derived WHERE session_id = kept.session_id) AS
    first_agent
FROM _aggregates_by_session AS kept
WHERE part = 0;

-- [view] _aggregates_session_starts
CREATE VIEW _aggregates_session_starts AS SELECT
session_id,
member AS start_time,
id AS invocation_id,
invocations
FROM _aggregates_by_session
WHERE part = 3;

-- [view] _aggregates_session_ends
CREATE VIEW _aggregates_session_ends AS SELECT
session_id,
member AS end_time,
id AS invocation_id,
invocations
FROM _aggregates_by_session
WHERE part = 4;

-- [view] _aggregates_session_totals
CREATE VIEW _aggregates_session_totals AS SELECT
agent_name,
sessions
FROM _aggregates_by_agent
WHERE part = 2 AND agent_name = '';

-- [view] aggregate_totals
CREATE VIEW aggregate_totals AS WITH total (name, number) AS (VALUES
('invocations', 1), ('succeeded', 2), ('failed', 3), ('in_flight', 4), ('agents', 5),
    ('session_agent_pairs', 6), ('rows', 7), ('durations', 8), ('sessions', 9), ('session_rows',
    10), ('tool_uses', 11), ('unreadable_run_times', 12), ('unreadable_session_times', 13),
    ('unreadable_tool_times', 14)
)
SELECT name, coalesce(CASE number WHEN 1 THEN v1 WHEN 2 THEN v2 WHEN 3 THEN v3 WHEN 4 THEN v4 WHEN 5
    THEN v5 WHEN 6 THEN v6 WHEN 7 THEN v7 WHEN 8 THEN v8 WHEN 9 THEN v9 WHEN 10 THEN v10 WHEN 11
    THEN v11 WHEN 12 THEN v12 WHEN 13 THEN v13 WHEN 14 THEN v14 END, 0) AS value
FROM (SELECT sum(invocations) AS v1, sum(succeeded) AS v2, sum(failed) AS v3, sum(in_flight) AS v4,
    count(*) AS v5, sum(sessions) AS v6 FROM agent_activity) CROSS JOIN
(SELECT sum(invocations) AS v7, sum(duration_count) AS v8, sum(unreadable_times) AS v12 FROM
    agent_stats) CROSS JOIN
(SELECT sum(sessions) AS v9 FROM _aggregates_session_totals) CROSS JOIN
(SELECT sum(sessions) AS v10, sum(unreadable_times) AS v13 FROM sessions_summary) CROSS JOIN
(SELECT sum(uses) AS v11, sum(unreadable_times) AS v14 FROM tool_stats) CROSS JOIN
total;

-- [view] _aggregates_runs
CREATE VIEW _aggregates_runs AS
SELECT *, invocations * (status = 'completed') AS succeeded, invocations * (status IN ('failed',
    'error')) AS failed
FROM agent_stats
WHERE agent_name != '' AND agent_name != 'unknown' AND event_type != 'subagent_stop' AND event_type
    != 'tool_tracking_start';

-- [view] _aggregates_hourly_runs
CREATE VIEW _aggregates_hourly_runs AS
SELECT *, invocations * (status = 'completed') AS succeeded, invocations * (status IN ('failed',
    'error')) AS failed
FROM agent_hourly
WHERE agent_name != '' AND agent_name != 'unknown' AND event_type != 'subagent_stop' AND event_type
    != 'tool_tracking_start';

-- [view] _aggregates_durations
CREATE VIEW _aggregates_durations AS
SELECT * FROM agent_durations WHERE agent_name != '' AND agent_name != 'unknown' AND event_type !=
    'subagent_stop' AND event_type != 'tool_tracking_start';

-- [view] v_agent_durations
CREATE VIEW v_agent_durations AS
WITH RECURSIVE walk (agent, known, le, below) AS (
  SELECT agent_name, sum(runs), min(le_ms), 0 FROM _aggregates_durations
  GROUP BY 1 HAVING sum(runs) > 0
  UNION ALL
  SELECT agent, known, (SELECT min(le_ms) FROM _aggregates_durations WHERE agent_name = agent AND
      le_ms > le),
    below + (SELECT sum(runs) FROM _aggregates_durations WHERE agent_name = agent AND le_ms = le)
  FROM walk WHERE le IS NOT NULL
)
SELECT agent_name, le_ms, sum(runs) AS runs, below + sum(runs) AS runs_up_to,
  known AS runs_known, coalesce(
    (SELECT 2 * (max(le_ms) + 1.0) * le / (max(le_ms) + 1.0 + le) FROM duration_bounds
      WHERE le_ms < le AND le < 9223372036854775807),
    1.0 * sum(duration_ms_sum) / sum(runs)) / 1000 AS seconds
FROM walk CROSS JOIN _aggregates_durations WHERE agent_name = agent AND le_ms = le
GROUP BY agent_name, le_ms, known, below HAVING sum(runs) <> 0;

-- [view] v_agents
CREATE VIEW v_agents AS
SELECT agent_name, invocations, in_flight, succeeded, failed, succeeded + failed AS ended,
  round(1.0 * succeeded / (succeeded + failed), 4) AS success_rate, mean_seconds,
  p50_seconds, p90_seconds, p95_seconds, p99_seconds,
  tokens, round(1.0 * tokens / invocations, 4) AS tokens_per_run,
  tool_calls, sessions, first_start, last_start, updated_at
FROM agent_activity
LEFT JOIN (
  SELECT agent_name, round(sum(duration_ms_sum) / 1000.0 / sum(duration_count), 4) AS mean_seconds,
      sum(tokens_sum) AS tokens, sum(tool_calls_sum) AS tool_calls
  FROM _aggregates_runs
  GROUP BY 1
) USING (agent_name)
LEFT JOIN (
  SELECT agent_name,
    round(min(CASE WHEN percent >= 50 THEN seconds END), 4) AS p50_seconds,
    round(min(CASE WHEN percent >= 90 THEN seconds END), 4) AS p90_seconds,
    round(min(CASE WHEN percent >= 95 THEN seconds END), 4) AS p95_seconds,
    round(min(CASE WHEN percent >= 99 THEN seconds END), 4) AS p99_seconds
  FROM (
    SELECT *, runs_up_to * 100 / runs_known AS percent FROM v_agent_durations
  )
  GROUP BY 1
) USING (agent_name)
WHERE invocations <> 0;

-- [view] v_agents_hourly
CREATE VIEW v_agents_hourly AS
SELECT hour, agent_name, sum(invocations) AS invocations, sum(succeeded) AS succeeded,
  sum(failed) AS failed, sum(succeeded) + sum(failed) AS ended,
  round(1.0 * sum(succeeded) / (sum(succeeded) + sum(failed)), 4) AS success_rate,
  round(sum(duration_ms_sum) / 1000.0 / sum(duration_count), 4) AS mean_seconds, sum(tokens_sum) AS
      tokens, sum(tool_calls_sum) AS tool_calls
FROM _aggregates_hourly_runs
GROUP BY 1, 2 HAVING sum(invocations) <> 0;

-- [view] v_agents_daily
CREATE VIEW v_agents_daily AS
SELECT substr(hour, 1, 10) AS day, agent_name, sum(invocations) AS invocations, sum(succeeded) AS
    succeeded,
  sum(failed) AS failed, sum(succeeded) + sum(failed) AS ended,
  round(1.0 * sum(succeeded) / (sum(succeeded) + sum(failed)), 4) AS success_rate,
  round(sum(duration_ms_sum) / 1000.0 / sum(duration_count), 4) AS mean_seconds, sum(tokens_sum) AS
      tokens, sum(tool_calls_sum) AS tool_calls
FROM _aggregates_hourly_runs
GROUP BY 1, 2 HAVING sum(invocations) <> 0;

-- [view] v_phases
CREATE VIEW v_phases AS
SELECT coalesce(nullif(phase, ''), 'unknown') AS phase, sum(invocations) AS invocations,
    sum(succeeded) AS succeeded,
  sum(failed) AS failed, sum(succeeded) + sum(failed) AS ended,
  round(1.0 * sum(succeeded) / (sum(succeeded) + sum(failed)), 4) AS success_rate,
  round(sum(duration_ms_sum) / 1000.0 / sum(duration_count), 4) AS mean_seconds, sum(tokens_sum) AS
      tokens, sum(tool_calls_sum) AS tool_calls
FROM _aggregates_runs
GROUP BY 1 HAVING sum(invocations) <> 0;

-- [view] v_sessions
CREATE VIEW v_sessions AS
SELECT session_id, invocations, in_flight, succeeded, failed, succeeded + failed AS ended,
  round(1.0 * succeeded / (succeeded + failed), 4) AS success_rate, agents, phases,
  first_start, last_end, ((strftime('%s', last_end) - strftime('%s', first_start)) * 1000 +
      substr(last_end, 21) - substr(first_start, 21)) / 1000.0 AS elapsed_seconds,
  duration_ms_sum / 1000.0 AS agent_seconds
FROM (
  SELECT session_id, invocations, succeeded, failed, in_flight, duration_ms_sum, agents, phases,
    first_start, last_end FROM session_stats WHERE session_id <> ''
  UNION ALL
  SELECT 'unknown', invocations, succeeded, failed, in_flight, duration_ms_sum, agents, phases,
    first_start, last_end FROM session_stats WHERE session_id = ''
)
WHERE invocations <> 0;

-- [view] v_tools
CREATE VIEW v_tools AS
SELECT coalesce(nullif(agent_name, ''), 'unknown') AS agent_name, coalesce(nullif(tool_name, ''),
    'unknown') AS tool_name,
  uses, succeeded, failed, succeeded + failed AS ended,
  round(1.0 * succeeded / (succeeded + failed), 4) AS success_rate, mean_seconds, p50_seconds,
      p95_seconds
FROM (
  SELECT agent_name, tool_name, sum(uses) AS uses, sum(uses * (status = 'completed')) AS succeeded,
    sum(uses * (status IN ('failed', 'error'))) AS failed, round(sum(duration_ms_sum) / 1000.0 /
    sum(duration_count), 4) AS mean_seconds
  FROM tool_stats
  GROUP BY 1, 2
)
LEFT JOIN (
  SELECT agent_name, tool_name, round(min(CASE WHEN percent >= 50 THEN seconds END), 4) AS
      p50_seconds, round(min(CASE WHEN percent >= 95 THEN seconds END), 4) AS p95_seconds
  FROM (
WITH RECURSIVE walk (agent, tool, known, le, below) AS (
  SELECT agent_name, tool_name, sum(uses), min(le_ms), 0 FROM tool_durations
  GROUP BY 1, 2 HAVING sum(uses) > 0
  UNION ALL
  SELECT agent, tool, known, (SELECT min(le_ms) FROM tool_durations WHERE agent_name = agent AND
      tool_name = tool AND le_ms > le),
    below + (SELECT sum(uses) FROM tool_durations WHERE agent_name = agent AND tool_name = tool AND
    le_ms = le)
  FROM walk WHERE le IS NOT NULL
)
    SELECT agent_name, tool_name, (below + uses) * 100 / known AS percent,
      coalesce(
    (SELECT 2 * (max(le_ms) + 1.0) * le / (max(le_ms) + 1.0 + le) FROM duration_bounds
      WHERE le_ms < le AND le < 9223372036854775807),
    1.0 * duration_ms_sum / uses) / 1000 AS seconds
    FROM walk CROSS JOIN tool_durations WHERE agent_name = agent AND tool_name = tool AND le_ms = le
  )
  GROUP BY 1, 2
) USING (agent_name, tool_name)
WHERE uses <> 0;

-- [view] v_tools_by_agent
CREATE VIEW v_tools_by_agent AS
WITH used AS (
  SELECT agent_name, tool_name, sum(uses) AS uses
  FROM tool_stats
  GROUP BY 1, 2 HAVING sum(uses) <> 0
)
SELECT coalesce(nullif(agent_name, ''), 'unknown') AS agent_name, count(nullif(tool_name, '')) AS
    tools,
  sum(uses) AS uses, round(1.0 * sum(uses) / (SELECT invocations FROM agent_activity WHERE
      agent_name = used.agent_name), 4) AS uses_per_invocation,
  (SELECT coalesce(nullif(tool_name, ''), 'unknown') FROM used AS one
    WHERE agent_name = used.agent_name ORDER BY uses DESC, tool_name LIMIT 1) AS primary_tool,
  round(1.0 * max(uses) / sum(uses), 4) AS primary_share
FROM used
GROUP BY used.agent_name;

-- [view] session_overlap
CREATE VIEW session_overlap AS
SELECT session_id, max_parallel, busy_ms, coalesce(as_of_seq, -1) < coalesce(changed_seq, 0) AS
    is_pending
FROM session_stats
LEFT JOIN _aggregates_session_derived USING (session_id)
WHERE session_id <> '';
