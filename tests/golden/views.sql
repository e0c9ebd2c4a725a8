-- view v_agent_durations
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

-- view v_agents
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

-- view v_agents_hourly
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

-- view v_agents_daily
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

-- view v_phases
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

-- view v_sessions
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

-- view v_tools
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

-- view v_tools_by_agent
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

-- dictionary
-- v_agent_durations: cumulative histogram of each agent's known durations; any percentile is in it
-- v_agent_durations.agent_name: name of the agent
-- v_agent_durations.le_ms: upper bound of the bucket, in milliseconds, inclusive
-- v_agent_durations.runs: invocations whose duration lies in the bucket
-- v_agent_durations.runs_up_to: those in this bucket and in all below it
-- v_agent_durations.runs_known: all whose duration is known
-- v_agent_durations.seconds: middle of the bucket: wrong by 2 % at most from 10 ms to 24 h
-- v_agents: each agent, all-time
-- v_agents.agent_name: name of the agent
-- v_agents.invocations: invocations
-- v_agents.in_flight: that started and have not ended, abandoned ones included
-- v_agents.succeeded: that succeeded
-- v_agents.failed: that failed
-- v_agents.ended: succeeded + failed
-- v_agents.success_rate: succeeded / ended, from 0 to 1; NULL where nothing ended
-- v_agents.mean_seconds: mean of the known durations, in seconds; of failed runs too
-- v_agents.p50_seconds: percentile 50 of the known durations, in seconds, to 2 %
-- v_agents.p90_seconds: percentile 90 of the known durations, in seconds, to 2 %
-- v_agents.p95_seconds: percentile 95 of the known durations, in seconds, to 2 %
-- v_agents.p99_seconds: percentile 99 of the known durations, in seconds, to 2 %
-- v_agents.tokens: tokens
-- v_agents.tokens_per_run: tokens / invocations
-- v_agents.tool_calls: tool calls
-- v_agents.sessions: distinct sessions, '' left out
-- v_agents.first_start: earliest start
-- v_agents.last_start: latest start
-- v_agents.updated_at: when one of its rows last changed, UTC
-- v_agents_hourly: each agent by the hour of the start; no row without a run
-- v_agents_hourly.hour: hour of the start; '' where it does not parse
-- v_agents_hourly.agent_name: name of the agent
-- v_agents_hourly.invocations: invocations
-- v_agents_hourly.succeeded: that succeeded
-- v_agents_hourly.failed: that failed
-- v_agents_hourly.ended: succeeded + failed
-- v_agents_hourly.success_rate: succeeded / ended, from 0 to 1; NULL where nothing ended
-- v_agents_hourly.mean_seconds: mean of the known durations, in seconds; of failed runs too
-- v_agents_hourly.tokens: tokens
-- v_agents_hourly.tool_calls: tool calls
-- v_agents_daily: each agent by the day of the start; no row without a run
-- v_agents_daily.day: day of the start; '' where it does not parse
-- v_agents_daily.agent_name: name of the agent
-- v_agents_daily.invocations: invocations
-- v_agents_daily.succeeded: that succeeded
-- v_agents_daily.failed: that failed
-- v_agents_daily.ended: succeeded + failed
-- v_agents_daily.success_rate: succeeded / ended, from 0 to 1; NULL where nothing ended
-- v_agents_daily.mean_seconds: mean of the known durations, in seconds; of failed runs too
-- v_agents_daily.tokens: tokens
-- v_agents_daily.tool_calls: tool calls
-- v_phases: each phase of the workflow, all-time
-- v_phases.phase: phase of the workflow
-- v_phases.invocations: invocations
-- v_phases.succeeded: that succeeded
-- v_phases.failed: that failed
-- v_phases.ended: succeeded + failed
-- v_phases.success_rate: succeeded / ended, from 0 to 1; NULL where nothing ended
-- v_phases.mean_seconds: mean of the known durations, in seconds; of failed runs too
-- v_phases.tokens: tokens
-- v_phases.tool_calls: tool calls
-- v_sessions: the invocations of each session, all-time
-- v_sessions.session_id: session of the runs
-- v_sessions.invocations: invocations
-- v_sessions.in_flight: that started and have not ended, abandoned ones included
-- v_sessions.succeeded: that succeeded
-- v_sessions.failed: that failed
-- v_sessions.ended: succeeded + failed
-- v_sessions.success_rate: succeeded / ended, from 0 to 1; NULL where nothing ended
-- v_sessions.agents: distinct agents
-- v_sessions.phases: distinct phases, unknown ones left out
-- v_sessions.first_start: earliest start
-- v_sessions.last_end: latest end
-- v_sessions.elapsed_seconds: seconds from first_start to last_end; below 0 where those are wrong
-- v_sessions.agent_seconds: sum of the known durations; above the elapsed time where runs overlap
-- v_tools: uses of each tool by each agent, all-time
-- v_tools.agent_name: name of the agent
-- v_tools.tool_name: name of the tool
-- v_tools.uses: uses
-- v_tools.succeeded: that succeeded
-- v_tools.failed: that failed
-- v_tools.ended: succeeded + failed
-- v_tools.success_rate: succeeded / ended, from 0 to 1; NULL where nothing ended
-- v_tools.mean_seconds: mean of the known durations, in seconds; of failed uses too
-- v_tools.p50_seconds: percentile 50 of the known durations, in seconds, to 2 %
-- v_tools.p95_seconds: percentile 95 of the known durations, in seconds, to 2 %
-- v_tools_by_agent: how each agent uses tools, all-time
-- v_tools_by_agent.agent_name: name of the agent
-- v_tools_by_agent.tools: distinct tools, unknown ones left out
-- v_tools_by_agent.uses: uses of all tools
-- v_tools_by_agent.uses_per_invocation: uses / invocations of the agent; NULL where it has none
-- v_tools_by_agent.primary_tool: the tool that it uses most; of several the first by name
-- v_tools_by_agent.primary_share: uses of that tool / uses, from 0 to 1
