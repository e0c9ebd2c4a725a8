-- [view] agent_activity
CREATE VIEW agent_activity AS SELECT
kept.agent_name AS agent_name,
kept.invocations,
kept.succeeded,
kept.failed,
kept.in_flight,
kept.sessions AS sessions,
(SELECT min(near.member) FROM _aggregates_by_agent AS near WHERE near.agent_name = kept.agent_name
    AND near.part = 0) AS first_start,
(SELECT max(near.member) FROM _aggregates_by_agent AS near WHERE near.agent_name = kept.agent_name
    AND near.part = 0) AS last_start,
kept.updated_at
FROM _aggregates_by_agent AS kept WHERE kept.part = 1 AND kept.agent_name IN (WITH RECURSIVE walk
    (agent_name) AS (
SELECT min(agent_name) FROM _aggregates_by_agent
UNION ALL
SELECT (SELECT min(agent_name) FROM _aggregates_by_agent AS later WHERE later.agent_name >
    walk.agent_name) FROM walk WHERE walk.agent_name IS NOT NULL
)
SELECT agent_name FROM walk);

-- [view] session_agents
CREATE VIEW session_agents AS SELECT
kept.session_id AS session_id,
kept.member AS agent_name,
kept.invocations
FROM _aggregates_by_session AS kept WHERE kept.part = 1;

-- [view] _aggregates_agent_starts
CREATE VIEW _aggregates_agent_starts AS SELECT
kept.agent_name AS agent_name,
kept.member AS start_time,
kept.id AS invocation_id,
kept.invocations
FROM _aggregates_by_agent AS kept WHERE kept.part = 0;

-- [view] session_phases
CREATE VIEW session_phases AS SELECT
kept.session_id AS session_id,
kept.member AS phase,
kept.invocations
FROM _aggregates_by_session AS kept WHERE kept.part = 2;

-- [view] session_stats
CREATE VIEW session_stats AS SELECT
kept.session_id AS session_id,
kept.invocations,
kept.succeeded,
kept.failed,
kept.in_flight,
kept.duration_count,
kept.duration_ms_sum,
(SELECT count(*) FROM _aggregates_by_session AS near WHERE near.session_id = kept.session_id AND
    near.part = 1 AND near.member <> '') AS agents,
(SELECT count(*) FROM _aggregates_by_session AS near WHERE near.session_id = kept.session_id AND
    near.part = 2 AND near.member <> '') AS phases,
(SELECT min(near.member) FROM _aggregates_by_session AS near WHERE near.session_id = kept.session_id
    AND near.part = 3) AS first_start,
(SELECT max(near.member) FROM _aggregates_by_session AS near WHERE near.session_id = kept.session_id
    AND near.part = 4) AS last_end,
kept.changed_seq,
(SELECT first_agent FROM _aggregates_session_derived AS derived WHERE derived.session_id =
    kept.session_id) AS first_agent
FROM _aggregates_by_session AS kept WHERE kept.part = 0;

-- [view] _aggregates_session_starts
CREATE VIEW _aggregates_session_starts AS SELECT
kept.session_id AS session_id,
kept.member AS start_time,
kept.id AS invocation_id,
kept.invocations
FROM _aggregates_by_session AS kept WHERE kept.part = 3;

-- [view] _aggregates_session_ends
CREATE VIEW _aggregates_session_ends AS SELECT
kept.session_id AS session_id,
kept.member AS end_time,
kept.id AS invocation_id,
kept.invocations
FROM _aggregates_by_session AS kept WHERE kept.part = 4;

-- [view] _aggregates_session_totals
CREATE VIEW _aggregates_session_totals AS SELECT
kept.agent_name AS agent_name,
kept.sessions AS sessions
FROM _aggregates_by_agent AS kept WHERE kept.part = 2 AND kept.agent_name IN (WITH RECURSIVE walk
    (agent_name) AS (
SELECT min(agent_name) FROM _aggregates_by_agent
UNION ALL
SELECT (SELECT min(agent_name) FROM _aggregates_by_agent AS later WHERE later.agent_name >
    walk.agent_name) FROM walk WHERE walk.agent_name IS NOT NULL
)
SELECT agent_name FROM walk);

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
SELECT agent_name, sum(runs), -1, 0, 0, 0 FROM agent_durations WHERE agent_name != '' AND agent_name
    != 'unknown' AND event_type != 'subagent_stop' AND event_type != 'tool_tracking_start'
GROUP BY agent_name HAVING sum(runs) > 0
UNION ALL
SELECT walk.agent_name, runs_known, bound.le_ms, (SELECT sum(runs) FROM agent_durations AS b WHERE
    b.agent_name = walk.agent_name AND agent_name != '' AND agent_name != 'unknown' AND event_type
    != 'subagent_stop' AND event_type != 'tool_tracking_start' AND b.le_ms = bound.le_ms),
(SELECT sum(b.duration_ms_sum) FROM agent_durations AS b WHERE b.agent_name = walk.agent_name AND
    agent_name != '' AND agent_name != 'unknown' AND event_type != 'subagent_stop' AND event_type !=
    'tool_tracking_start' AND b.le_ms = bound.le_ms), runs_up_to + (SELECT sum(runs) FROM
    agent_durations AS b WHERE b.agent_name = walk.agent_name AND agent_name != '' AND agent_name !=
    'unknown' AND event_type != 'subagent_stop' AND event_type != 'tool_tracking_start' AND b.le_ms
    = bound.le_ms)
FROM walk JOIN duration_bounds AS bound ON bound.le_ms =
(SELECT min(b.le_ms) FROM agent_durations AS b WHERE b.agent_name = walk.agent_name AND agent_name
    != '' AND agent_name != 'unknown' AND event_type != 'subagent_stop' AND event_type !=
    'tool_tracking_start' AND b.le_ms > walk.le_ms)
), bounded AS (
SELECT agent_name, le_ms, runs, duration_ms_sum, runs_up_to, runs_known,
(SELECT max(below.le_ms) + 1.0 FROM duration_bounds AS below WHERE below.le_ms < walk.le_ms) AS low
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
  FROM agent_stats WHERE agent_name != '' AND agent_name != 'unknown' AND event_type !=
      'subagent_stop' AND event_type != 'tool_tracking_start'
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
WHERE invocations <> 0;

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
    sum(invocations * (status = 'completed')) AS succeeded,
    sum(invocations * (status = 'failed' OR status = 'error')) AS failed
  FROM agent_hourly WHERE agent_name != '' AND agent_name != 'unknown' AND event_type !=
      'subagent_stop' AND event_type != 'tool_tracking_start'
  GROUP BY 1, 2
) AS summed
WHERE invocations <> 0;

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
    sum(invocations * (status = 'completed')) AS succeeded,
    sum(invocations * (status = 'failed' OR status = 'error')) AS failed
  FROM agent_hourly WHERE agent_name != '' AND agent_name != 'unknown' AND event_type !=
      'subagent_stop' AND event_type != 'tool_tracking_start'
  GROUP BY 1, 2
) AS summed
WHERE invocations <> 0;

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
    sum(invocations * (status = 'completed')) AS succeeded,
    sum(invocations * (status = 'failed' OR status = 'error')) AS failed
  FROM agent_stats WHERE agent_name != '' AND agent_name != 'unknown' AND event_type !=
      'subagent_stop' AND event_type != 'tool_tracking_start'
  GROUP BY 1
) AS summed
WHERE invocations <> 0;

-- [view] v_sessions
CREATE VIEW v_sessions AS
SELECT session_id, invocations, in_flight, succeeded, failed, succeeded + failed AS ended,
  round(1.0 * succeeded / nullif(succeeded + failed, 0), 4) AS success_rate, agents, phases,
  first_start, last_end, ((strftime('%s', last_end) - strftime('%s', first_start)) * 1000 +
      substr(last_end, 21) - substr(first_start, 21)) / 1000.0 AS elapsed_seconds,
  duration_ms_sum / 1000.0 AS agent_seconds
FROM (
  SELECT session_id, invocations, succeeded, failed, in_flight, duration_count, duration_ms_sum,
      agents, phases, first_start, last_end FROM session_stats WHERE session_id <> ''
  UNION ALL
  SELECT 'unknown', invocations, succeeded, failed, in_flight, duration_count, duration_ms_sum,
      agents, phases, first_start, last_end FROM session_stats WHERE session_id = ''
) AS shown
WHERE invocations <> 0;

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
    sum(uses * (status = 'completed')) AS succeeded,
    sum(uses * (status = 'failed' OR status = 'error')) AS failed
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
SELECT walk.agent_name, walk.tool_name, runs_known, bound.le_ms, (SELECT sum(uses) FROM
    tool_durations AS b WHERE b.agent_name = walk.agent_name AND b.tool_name = walk.tool_name AND
    b.le_ms = bound.le_ms),
(SELECT sum(b.duration_ms_sum) FROM tool_durations AS b WHERE b.agent_name = walk.agent_name AND
    b.tool_name = walk.tool_name AND b.le_ms = bound.le_ms), runs_up_to + (SELECT sum(uses) FROM
    tool_durations AS b WHERE b.agent_name = walk.agent_name AND b.tool_name = walk.tool_name AND
    b.le_ms = bound.le_ms)
FROM walk JOIN duration_bounds AS bound ON bound.le_ms =
(SELECT min(b.le_ms) FROM tool_durations AS b WHERE b.agent_name = walk.agent_name AND b.tool_name =
    walk.tool_name AND b.le_ms > walk.le_ms)
), bounded AS (
SELECT agent_name, tool_name, le_ms, runs, duration_ms_sum, runs_up_to, runs_known,
(SELECT max(below.le_ms) + 1.0 FROM duration_bounds AS below WHERE below.le_ms < walk.le_ms) AS low
FROM walk WHERE runs <> 0
)
SELECT agent_name, tool_name, le_ms, runs, runs_up_to, runs_known, coalesce(
CASE WHEN le_ms < 9223372036854775807 THEN 2 * low * le_ms / (low + le_ms) END,
1.0 * duration_ms_sum / runs) / 1000 AS seconds
FROM bounded
  ) AS distribution
  GROUP BY agent_name, tool_name
) AS ranked ON ranked.agent_name = summed.agent_name AND ranked.tool_name = summed.tool_name
WHERE uses <> 0;

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

-- [view] session_overlap
CREATE VIEW session_overlap AS
SELECT stats.session_id AS session_id, max_parallel, busy_ms,
  derived.session_id IS NULL
    OR as_of_seq < coalesce(changed_seq, 0) AS is_pending
FROM session_stats AS stats
LEFT JOIN _aggregates_session_derived AS derived ON derived.session_id = stats.session_id;
