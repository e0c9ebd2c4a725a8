-- [group] agent_invocations 1
INSERT INTO temp._aggregates_grouped_session_agents (session_id, agent_name, invocations)
SELECT session, agent, sum(sign)
FROM temp._aggregates_agent_invocations_read WHERE is_invocation
GROUP BY 1, 2 HAVING sum(sign) <> 0;

-- [group] agent_invocations 2
INSERT INTO temp._aggregates_grouped_session_stats (session_id, invocations, succeeded, failed,
    in_flight, duration_count, duration_ms_sum, changed_seq)
SELECT session, sum(sign), sum(sign * (succeeded)), sum(sign * (failed)), sum(sign * (in_flight)),
    sum(sign * ((duration_ms IS NOT NULL))), sum(sign * (coalesce(duration_ms, 0))), max(seq)
FROM temp._aggregates_agent_invocations_read WHERE is_invocation
GROUP BY 1;

-- [group] agent_invocations 3
INSERT INTO temp._aggregates_grouped_agent_hourly (hour, event_type, agent_name, phase, model,
    status, invocations, duration_count, duration_ms_sum, tokens_sum, tool_calls_sum,
    unreadable_times)
SELECT hour, event, agent, phase_name, model_name, status_name, sum(sign), sum(sign * ((duration_ms
    IS NOT NULL))), sum(sign * (coalesce(duration_ms, 0))), sum(sign * (token_count)), sum(sign *
    (tool_call_count)), sum(sign * ((unreadable_start OR unreadable_end)))
FROM temp._aggregates_agent_invocations_read
GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(sign) <> 0 OR sum(sign * ((duration_ms IS NOT NULL))) <> 0 OR
    sum(sign * (coalesce(duration_ms, 0))) <> 0 OR sum(sign * (token_count)) <> 0 OR sum(sign *
    (tool_call_count)) <> 0 OR sum(sign * ((unreadable_start OR unreadable_end))) <> 0;

-- [group] agent_invocations 4
INSERT INTO temp._aggregates_grouped_agent_stats (event_type, agent_name, phase, model, status,
    invocations, duration_count, duration_ms_sum, tokens_sum, tool_calls_sum, unreadable_times)
SELECT event_type, agent_name, phase, model, status, sum(invocations), sum(duration_count),
    sum(duration_ms_sum), sum(tokens_sum), sum(tool_calls_sum), sum(unreadable_times)
FROM temp._aggregates_grouped_agent_hourly
GROUP BY 1, 2, 3, 4, 5 HAVING sum(invocations) <> 0 OR sum(duration_count) <> 0 OR
    sum(duration_ms_sum) <> 0 OR sum(tokens_sum) <> 0 OR sum(tool_calls_sum) <> 0 OR
    sum(unreadable_times) <> 0;

-- [group] agent_invocations 5
INSERT INTO temp._aggregates_grouped_agent_durations (agent_name, le_ms, event_type, phase, model,
    runs, duration_ms_sum)
SELECT agent, coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= duration_ms ORDER BY le_ms
    LIMIT 1), max(duration_ms, 9223372036854775807)), event, phase_name, model_name, sum(sign),
    sum(sign * (duration_ms))
FROM temp._aggregates_agent_invocations_read WHERE duration_ms IS NOT NULL
GROUP BY 1, 2, 3, 4, 5 HAVING sum(sign) <> 0 OR sum(sign * (duration_ms)) <> 0;

-- [group] agent_invocations 6
INSERT INTO temp._aggregates_grouped_agent_durations_daily (day, event_type, agent_name, le_ms,
    runs, duration_ms_sum)
SELECT coalesce(substr(start, 1, 10), ''), event, agent, coalesce((SELECT le_ms FROM duration_bounds
    WHERE le_ms >= duration_ms ORDER BY le_ms LIMIT 1), max(duration_ms, 9223372036854775807)),
    sum(sign), sum(sign * (duration_ms))
FROM temp._aggregates_agent_invocations_read WHERE duration_ms IS NOT NULL
GROUP BY 1, 2, 3, 4 HAVING sum(sign) <> 0 OR sum(sign * (duration_ms)) <> 0;

-- [group] agent_invocations 7
INSERT INTO temp._aggregates_grouped_agent_activity (agent_name, invocations, succeeded, failed,
    in_flight, updated_at)
SELECT agent, sum(sign), sum(sign * (succeeded)), sum(sign * (failed)), sum(sign * (in_flight)),
    max(updated_at)
FROM temp._aggregates_agent_invocations_read WHERE is_invocation
GROUP BY 1;

-- [group] agent_invocations 8
INSERT INTO temp._aggregates_grouped_session_phases (session_id, phase, invocations)
SELECT session, phase_name, sum(sign)
FROM temp._aggregates_agent_invocations_read WHERE is_invocation
GROUP BY 1, 2 HAVING sum(sign) <> 0;

-- [fold] agent_invocations 1
INSERT INTO _aggregates_by_agent (part, member, id, agent_name, sessions)
SELECT 1, '', 0, agent_name, sum((before + invocations <> 0) - (before <> 0))
FROM (SELECT pair.*, coalesce((SELECT there.invocations FROM _aggregates_by_session AS there WHERE
    there.session_id = pair.session_id AND there.member = pair.agent_name AND there.part = 1 AND
    there.id = 0), 0) AS before FROM temp._aggregates_grouped_session_agents AS pair)
WHERE session_id <> '' GROUP BY 4 HAVING sum((before + invocations <> 0) - (before <> 0)) <> 0
ON CONFLICT (agent_name, part, member, id) DO UPDATE SET sessions = sessions + excluded.sessions;

-- [fold] agent_invocations 2
INSERT INTO _aggregates_by_agent (part, member, id, agent_name, sessions)
SELECT 2, '', 0, '', sum((before + invocations <> 0) - (before <> 0))
FROM (SELECT pair.*, coalesce((SELECT there.invocations FROM _aggregates_by_session AS there WHERE
    there.session_id = pair.session_id AND there.part = 0 AND there.member = '' AND there.id = 0),
    0) AS before FROM temp._aggregates_grouped_session_stats AS pair)
WHERE session_id <> '' GROUP BY 4 HAVING sum((before + invocations <> 0) - (before <> 0)) <> 0
ON CONFLICT (agent_name, part, member, id) DO UPDATE SET sessions = sessions + excluded.sessions;

-- [fold] agent_invocations 3
INSERT INTO agent_stats (event_type, agent_name, phase, model, status, invocations, duration_count,
    duration_ms_sum, tokens_sum, tool_calls_sum, unreadable_times)
SELECT event_type, agent_name, phase, model, status, invocations, duration_count, duration_ms_sum,
    tokens_sum, tool_calls_sum, unreadable_times FROM temp._aggregates_grouped_agent_stats WHERE
    true
ON CONFLICT (event_type, agent_name, phase, model, status) DO UPDATE SET invocations = invocations +
    excluded.invocations, duration_count = duration_count + excluded.duration_count, duration_ms_sum
    = duration_ms_sum + excluded.duration_ms_sum, tokens_sum = tokens_sum + excluded.tokens_sum,
    tool_calls_sum = tool_calls_sum + excluded.tool_calls_sum, unreadable_times = unreadable_times +
    excluded.unreadable_times;

-- [fold] agent_invocations 4
INSERT INTO agent_hourly (hour, event_type, agent_name, phase, model, status, invocations,
    duration_count, duration_ms_sum, tokens_sum, tool_calls_sum)
SELECT hour, event_type, agent_name, phase, model, status, invocations, duration_count,
    duration_ms_sum, tokens_sum, tool_calls_sum FROM temp._aggregates_grouped_agent_hourly WHERE
    true
ON CONFLICT (hour, event_type, agent_name, phase, model, status) DO UPDATE SET invocations =
    invocations + excluded.invocations, duration_count = duration_count + excluded.duration_count,
    duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum, tokens_sum = tokens_sum +
    excluded.tokens_sum, tool_calls_sum = tool_calls_sum + excluded.tool_calls_sum;

-- [fold] agent_invocations 5
INSERT INTO agent_durations (agent_name, le_ms, event_type, phase, model, runs, duration_ms_sum)
SELECT agent_name, le_ms, event_type, phase, model, runs, duration_ms_sum FROM
    temp._aggregates_grouped_agent_durations WHERE true
ON CONFLICT (agent_name, le_ms, event_type, phase, model) DO UPDATE SET runs = runs + excluded.runs,
    duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;

-- [fold] agent_invocations 6
INSERT INTO agent_durations_daily (day, event_type, agent_name, le_ms, runs, duration_ms_sum)
SELECT day, event_type, agent_name, le_ms, runs, duration_ms_sum FROM
    temp._aggregates_grouped_agent_durations_daily WHERE true
ON CONFLICT (day, event_type, agent_name, le_ms) DO UPDATE SET runs = runs + excluded.runs,
    duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;

-- [fold] agent_invocations 7
INSERT INTO _aggregates_by_agent (part, member, id, agent_name, invocations, succeeded, failed,
    in_flight, updated_at)
SELECT 1, '', 0, agent_name, invocations, succeeded, failed, in_flight, updated_at FROM
    temp._aggregates_grouped_agent_activity WHERE true
ON CONFLICT (agent_name, part, member, id) DO UPDATE SET invocations = invocations +
    excluded.invocations, succeeded = succeeded + excluded.succeeded, failed = failed +
    excluded.failed, in_flight = in_flight + excluded.in_flight, updated_at = CASE WHEN updated_at
    IS NULL OR excluded.updated_at > updated_at THEN excluded.updated_at ELSE updated_at END;

-- [fold] agent_invocations 8
INSERT INTO _aggregates_by_session (part, id, session_id, member, invocations)
SELECT 1, 0, session_id, agent_name, invocations FROM temp._aggregates_grouped_session_agents WHERE
    true
ON CONFLICT (session_id, part, member, id) DO UPDATE SET invocations = invocations +
    excluded.invocations;

-- [fold] agent_invocations 9
DELETE FROM open_runs WHERE (start_time, invocation_id) IN (
  SELECT start_time, invocation_id FROM (SELECT start AS start_time, invocation_id AS invocation_id,
      session AS session_id, agent AS agent_name, phase_name AS phase FROM
      temp._aggregates_agent_invocations_read WHERE is_invocation AND in_flight
GROUP BY 1, 2, 3, 4, 5 HAVING sum(sign) < 0));

-- [fold] agent_invocations 10
INSERT INTO open_runs (start_time, invocation_id, session_id, agent_name, phase)
SELECT start AS start_time, invocation_id AS invocation_id, session AS session_id, agent AS
    agent_name, phase_name AS phase
FROM temp._aggregates_agent_invocations_read WHERE is_invocation AND in_flight
GROUP BY 1, 2, 3, 4, 5 HAVING sum(sign) > 0;

-- [fold] agent_invocations 11
INSERT INTO _aggregates_by_agent (part, agent_name, member, id, invocations)
SELECT 0, agent, start, invocation_id, sign FROM temp._aggregates_agent_invocations_read WHERE
    is_invocation AND start IS NOT NULL
ORDER BY 2, 3, 4
ON CONFLICT (agent_name, part, member, id) DO UPDATE SET invocations = invocations +
    excluded.invocations;

-- [fold] agent_invocations 12
INSERT INTO _aggregates_by_session (part, id, session_id, member, invocations)
SELECT 2, 0, session_id, phase, invocations FROM temp._aggregates_grouped_session_phases WHERE true
ON CONFLICT (session_id, part, member, id) DO UPDATE SET invocations = invocations +
    excluded.invocations;

-- [fold] agent_invocations 13
INSERT INTO _aggregates_by_session (part, member, id, session_id, invocations, succeeded, failed,
    in_flight, duration_count, duration_ms_sum, changed_seq)
SELECT 0, '', 0, session_id, invocations, succeeded, failed, in_flight, duration_count,
    duration_ms_sum, changed_seq FROM temp._aggregates_grouped_session_stats WHERE true
ON CONFLICT (session_id, part, member, id) DO UPDATE SET invocations = invocations +
    excluded.invocations, succeeded = succeeded + excluded.succeeded, failed = failed +
    excluded.failed, in_flight = in_flight + excluded.in_flight, duration_count = duration_count +
    excluded.duration_count, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum,
    changed_seq = CASE WHEN changed_seq IS NULL OR excluded.changed_seq > changed_seq THEN
    excluded.changed_seq ELSE changed_seq END;

-- [fold] agent_invocations 14
INSERT INTO _aggregates_by_session (part, session_id, member, id, invocations)
SELECT 3, session, start, invocation_id, sign FROM temp._aggregates_agent_invocations_read WHERE
    is_invocation AND start IS NOT NULL
ORDER BY 2, 3, 4
ON CONFLICT (session_id, part, member, id) DO UPDATE SET invocations = invocations +
    excluded.invocations;

-- [fold] agent_invocations 15
INSERT INTO _aggregates_by_session (part, session_id, member, id, invocations)
SELECT 4, session, "end", invocation_id, sign FROM temp._aggregates_agent_invocations_read WHERE
    is_invocation AND "end" IS NOT NULL
ORDER BY 2, 3, 4
ON CONFLICT (session_id, part, member, id) DO UPDATE SET invocations = invocations +
    excluded.invocations;

-- [sweep] agent_invocations 1
DELETE FROM agent_stats WHERE (event_type, agent_name, phase, model, status) IN (
  SELECT event, agent, phase_name, model_name, status_name FROM
      temp._aggregates_agent_invocations_read WHERE true AND sign < 0) AND invocations = 0 AND
      duration_count = 0 AND duration_ms_sum = 0 AND tokens_sum = 0 AND tool_calls_sum = 0 AND
      unreadable_times = 0;

-- [sweep] agent_invocations 2
DELETE FROM agent_hourly WHERE (hour, event_type, agent_name, phase, model, status) IN (
  SELECT hour, event, agent, phase_name, model_name, status_name FROM
      temp._aggregates_agent_invocations_read WHERE true AND sign < 0) AND invocations = 0 AND
      duration_count = 0 AND duration_ms_sum = 0 AND tokens_sum = 0 AND tool_calls_sum = 0;

-- [sweep] agent_invocations 3
DELETE FROM agent_durations WHERE (agent_name, le_ms, event_type, phase, model) IN (
  SELECT agent, coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= duration_ms ORDER BY
      le_ms LIMIT 1), max(duration_ms, 9223372036854775807)), event, phase_name, model_name FROM
      temp._aggregates_agent_invocations_read WHERE duration_ms IS NOT NULL AND sign < 0) AND runs =
      0 AND duration_ms_sum = 0;

-- [sweep] agent_invocations 4
DELETE FROM agent_durations_daily WHERE (day, event_type, agent_name, le_ms) IN (
  SELECT coalesce(substr(start, 1, 10), ''), event, agent, coalesce((SELECT le_ms FROM
      duration_bounds WHERE le_ms >= duration_ms ORDER BY le_ms LIMIT 1), max(duration_ms,
      9223372036854775807)) FROM temp._aggregates_agent_invocations_read WHERE duration_ms IS
      NOT NULL AND sign < 0) AND runs = 0 AND duration_ms_sum = 0;

-- [sweep] agent_invocations 5
DELETE FROM _aggregates_by_agent WHERE (agent_name) IN (
  SELECT agent FROM temp._aggregates_agent_invocations_read WHERE is_invocation AND sign < 0) AND
      part = 1 AND member = '' AND id = 0 AND invocations = 0 AND succeeded = 0 AND failed = 0 AND
      in_flight = 0 AND sessions = 0;

-- [sweep] agent_invocations 6
DELETE FROM _aggregates_by_session WHERE (session_id, member) IN (
  SELECT session, agent FROM temp._aggregates_agent_invocations_read WHERE is_invocation AND sign <
      0) AND part = 1 AND id = 0 AND invocations = 0;

-- [sweep] agent_invocations 7
DELETE FROM _aggregates_by_agent WHERE (agent_name, member, id) IN (
  SELECT agent, start, invocation_id FROM temp._aggregates_agent_invocations_read WHERE
      is_invocation AND start IS NOT NULL AND sign < 0) AND part = 0 AND invocations = 0;

-- [sweep] agent_invocations 8
DELETE FROM _aggregates_by_session WHERE (session_id, member) IN (
  SELECT session, phase_name FROM temp._aggregates_agent_invocations_read WHERE is_invocation AND
      sign < 0) AND part = 2 AND id = 0 AND invocations = 0;

-- [sweep] agent_invocations 9
DELETE FROM _aggregates_by_session WHERE (session_id) IN (
  SELECT session FROM temp._aggregates_agent_invocations_read WHERE is_invocation AND sign < 0) AND
      part = 0 AND member = '' AND id = 0 AND invocations = 0 AND succeeded = 0 AND failed = 0 AND
      in_flight = 0 AND duration_count = 0 AND duration_ms_sum = 0;

-- [sweep] agent_invocations 10
DELETE FROM _aggregates_by_session WHERE (session_id, member, id) IN (
  SELECT session, start, invocation_id FROM temp._aggregates_agent_invocations_read WHERE
      is_invocation AND start IS NOT NULL AND sign < 0) AND part = 3 AND invocations = 0;

-- [sweep] agent_invocations 11
DELETE FROM _aggregates_by_session WHERE (session_id, member, id) IN (
  SELECT session, "end", invocation_id FROM temp._aggregates_agent_invocations_read WHERE
      is_invocation AND "end" IS NOT NULL AND sign < 0) AND part = 4 AND invocations = 0;

-- [sweep] agent_invocations 12
DELETE FROM _aggregates_by_agent WHERE (agent_name) IN (
  SELECT '' FROM temp._aggregates_agent_invocations_read WHERE is_invocation AND sign < 0) AND part
      = 2 AND member = '' AND id = 0 AND sessions = 0;

-- [clear] agent_invocations 1
DELETE FROM agent_stats WHERE (event_type, agent_name, phase, model, status) IN (SELECT event_type,
    agent_name, phase, model, status FROM agent_stats LIMIT 500);

-- [clear] agent_invocations 2
DELETE FROM agent_hourly WHERE (hour, event_type, agent_name, phase, model, status) IN (SELECT hour,
    event_type, agent_name, phase, model, status FROM agent_hourly LIMIT 500);

-- [clear] agent_invocations 3
DELETE FROM agent_durations WHERE (agent_name, le_ms, event_type, phase, model) IN (SELECT
    agent_name, le_ms, event_type, phase, model FROM agent_durations LIMIT 500);

-- [clear] agent_invocations 4
DELETE FROM agent_durations_daily WHERE (day, event_type, agent_name, le_ms) IN (SELECT day,
    event_type, agent_name, le_ms FROM agent_durations_daily LIMIT 500);

-- [clear] agent_invocations 5
DELETE FROM _aggregates_by_agent WHERE (agent_name, part, member, id) IN (SELECT agent_name, part,
    member, id FROM _aggregates_by_agent LIMIT 500);

-- [clear] agent_invocations 6
DELETE FROM _aggregates_by_session WHERE (session_id, part, member, id) IN (SELECT session_id, part,
    member, id FROM _aggregates_by_session LIMIT 500);

-- [clear] agent_invocations 7
DELETE FROM open_runs WHERE (start_time, invocation_id) IN (SELECT start_time, invocation_id FROM
    open_runs LIMIT 500);
