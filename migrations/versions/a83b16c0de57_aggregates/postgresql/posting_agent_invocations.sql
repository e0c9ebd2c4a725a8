-- [view] _aggregates_run_changes
CREATE VIEW _aggregates_run_changes AS
SELECT *,
CASE WHEN duration_ms IS NOT NULL THEN (SELECT le_ms FROM duration_bounds WHERE le_ms >= duration_ms
    ORDER BY le_ms LIMIT 1) END AS le_ms
FROM (
SELECT *,
CASE WHEN CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN CAST(extract(epoch FROM CAST("end" AS
    timestamp) - CAST(start AS timestamp)) * 1000 AS bigint) END BETWEEN 0 AND 315360000000 THEN
    CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN CAST(extract(epoch FROM CAST("end" AS
    timestamp) - CAST(start AS timestamp)) * 1000 AS bigint) END WHEN measured_ms <= 315360000000
    THEN measured_ms END AS duration_ms,
CAST(status_name = 'completed' AS integer) AS succeeded,
CAST(status_name = 'failed' OR status_name = 'error' AS integer) AS failed,
start IS NOT NULL AND has_no_end AND NOT (status_name = 'completed' OR status_name = 'failed' OR
    status_name = 'error') AS in_flight,
start IS NULL AND NOT has_no_start AS unreadable_start,
"end" IS NULL AND NOT has_no_end AS unreadable_end,
coalesce(left(start, 13) || ':00:00', '') AS hour
FROM (
SELECT *,
coalesce(agent_name NOT IN ('', 'unknown'), false) AND event_type IS DISTINCT FROM 'subagent_stop'
    AND event_type IS DISTINCT FROM 'tool_tracking_start' AS is_invocation,
coalesce(session_id, '') AS session,
coalesce(event_type, '') AS event,
coalesce(agent_name, '') AS agent,
coalesce(phase, '') AS phase_name,
coalesce(model, '') AS model_name,
coalesce(status, '') AS status_name,
tokens AS token_count,
tool_calls AS tool_call_count,
CASE WHEN start_time ~
    '^[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[+]00)?$'
    AND left(start_time, 4) <> '0000' THEN
left(start_time, 10) || 'T' || substr(start_time, 12, 8) || '.' ||
    rpad(left(split_part(substr(start_time, 21), '+', 1), 3), 3, '0')
ELSE _aggregates_time(start_time) END AS start,
CASE WHEN end_time ~
    '^[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[+]00)?$'
    AND left(end_time, 4) <> '0000' THEN
left(end_time, 10) || 'T' || substr(end_time, 12, 8) || '.' || rpad(left(split_part(substr(end_time,
    21), '+', 1), 3), 3, '0')
ELSE _aggregates_time(end_time) END AS "end",
((substr(btrim(start_time, E' \t\n\r'), 11) ~ '[+Zz-]') = (substr(btrim(end_time, E' \t\n\r'), 11) ~
    '[+Zz-]')) AS is_same_clock,
start_time IS NULL AS has_no_start,
end_time IS NULL AS has_no_end,
CASE WHEN duration_seconds BETWEEN 0 AND 1e12 THEN CAST(floor(duration_seconds * 1000 + 0.5) AS
    bigint) END AS measured_ms
FROM (
SELECT entry.seq, entry.updated_at, side.*
FROM _aggregates_run_unposted AS entry CROSS JOIN LATERAL (VALUES
(-1, entry.operation <> 'insert', coalesce(old_invocation_id, invocation_id), old_timestamp,
    old_session_id, old_event_type, old_phase, old_agent_name, old_model, old_start_time,
    old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls),
(1, entry.operation <> 'delete', invocation_id, new_timestamp, new_session_id, new_event_type,
    new_phase, new_agent_name, new_model, new_start_time, new_end_time, new_duration_seconds,
    new_status, new_tokens, new_tool_calls)
) AS side (sign, is_there, invocation_id, timestamp, session_id, event_type, phase, agent_name,
    model, start_time, end_time, duration_seconds, status, tokens, tool_calls)
WHERE side.is_there
) AS level0 OFFSET 0
) AS level1 OFFSET 0
) AS level2 OFFSET 0;

-- [view] agent_stats
CREATE VIEW agent_stats AS
SELECT event_type, agent_name, phase, model, status, invocations, duration_count, duration_ms_sum,
    tokens_sum, tool_calls_sum, unreadable_times FROM _aggregates_posted_agent_stats
WHERE (event_type, agent_name, phase, model, status) NOT IN (SELECT event_type, agent_name, phase,
    model, status FROM (
SELECT event_type,
agent_name,
phase,
model,
status,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(tokens_sum) AS bigint) AS tokens_sum,
CAST(sum(tool_calls_sum) AS bigint) AS tool_calls_sum,
CAST(sum(unreadable_times) AS bigint) AS unreadable_times
FROM (
SELECT (fact.event) COLLATE "C" AS event_type,
(fact.agent) COLLATE "C" AS agent_name,
(fact.phase_name) COLLATE "C" AS phase,
(fact.model_name) COLLATE "C" AS model,
(fact.status_name) COLLATE "C" AS status,
sign * (1) AS invocations,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
sign * (fact.token_count) AS tokens_sum,
sign * (fact.tool_call_count) AS tool_calls_sum,
sign * (CAST(fact.unreadable_start OR fact.unreadable_end AS integer)) AS unreadable_times
FROM _aggregates_run_changes AS fact
) AS part
GROUP BY event_type, agent_name, phase, model, status
) AS changed)
UNION ALL
SELECT changed.event_type, changed.agent_name, changed.phase, changed.model, changed.status,
    coalesce(posted.invocations, 0) + changed.invocations, coalesce(posted.duration_count, 0) +
    changed.duration_count, coalesce(posted.duration_ms_sum, 0) + changed.duration_ms_sum,
    coalesce(posted.tokens_sum, 0) + changed.tokens_sum, coalesce(posted.tool_calls_sum, 0) +
    changed.tool_calls_sum, coalesce(posted.unreadable_times, 0) + changed.unreadable_times
FROM (
SELECT event_type,
agent_name,
phase,
model,
status,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(tokens_sum) AS bigint) AS tokens_sum,
CAST(sum(tool_calls_sum) AS bigint) AS tool_calls_sum,
CAST(sum(unreadable_times) AS bigint) AS unreadable_times
FROM (
SELECT (fact.event) COLLATE "C" AS event_type,
(fact.agent) COLLATE "C" AS agent_name,
(fact.phase_name) COLLATE "C" AS phase,
(fact.model_name) COLLATE "C" AS model,
(fact.status_name) COLLATE "C" AS status,
sign * (1) AS invocations,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
sign * (fact.token_count) AS tokens_sum,
sign * (fact.tool_call_count) AS tool_calls_sum,
sign * (CAST(fact.unreadable_start OR fact.unreadable_end AS integer)) AS unreadable_times
FROM _aggregates_run_changes AS fact
) AS part
GROUP BY event_type, agent_name, phase, model, status
) AS changed
LEFT JOIN _aggregates_posted_agent_stats AS posted USING (event_type, agent_name, phase, model,
    status)
WHERE coalesce(posted.invocations, 0) + changed.invocations <> 0 OR coalesce(posted.duration_count,
    0) + changed.duration_count <> 0 OR coalesce(posted.duration_ms_sum, 0) +
    changed.duration_ms_sum <> 0 OR coalesce(posted.tokens_sum, 0) + changed.tokens_sum <> 0 OR
    coalesce(posted.tool_calls_sum, 0) + changed.tool_calls_sum <> 0 OR
    coalesce(posted.unreadable_times, 0) + changed.unreadable_times <> 0;

-- [view] agent_hourly
CREATE VIEW agent_hourly AS
SELECT hour, event_type, agent_name, phase, model, status, invocations, duration_count,
    duration_ms_sum, tokens_sum, tool_calls_sum FROM _aggregates_posted_agent_hourly
WHERE (hour, event_type, agent_name, phase, model, status) NOT IN (SELECT hour, event_type,
    agent_name, phase, model, status FROM (
SELECT hour,
event_type,
agent_name,
phase,
model,
status,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(tokens_sum) AS bigint) AS tokens_sum,
CAST(sum(tool_calls_sum) AS bigint) AS tool_calls_sum
FROM (
SELECT (fact.hour) COLLATE "C" AS hour,
(fact.event) COLLATE "C" AS event_type,
(fact.agent) COLLATE "C" AS agent_name,
(fact.phase_name) COLLATE "C" AS phase,
(fact.model_name) COLLATE "C" AS model,
(fact.status_name) COLLATE "C" AS status,
sign * (1) AS invocations,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
sign * (fact.token_count) AS tokens_sum,
sign * (fact.tool_call_count) AS tool_calls_sum
FROM _aggregates_run_changes AS fact
) AS part
GROUP BY hour, event_type, agent_name, phase, model, status
) AS changed)
UNION ALL
SELECT changed.hour, changed.event_type, changed.agent_name, changed.phase, changed.model,
    changed.status, coalesce(posted.invocations, 0) + changed.invocations,
    coalesce(posted.duration_count, 0) + changed.duration_count, coalesce(posted.duration_ms_sum, 0)
    + changed.duration_ms_sum, coalesce(posted.tokens_sum, 0) + changed.tokens_sum,
    coalesce(posted.tool_calls_sum, 0) + changed.tool_calls_sum
FROM (
SELECT hour,
event_type,
agent_name,
phase,
model,
status,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(tokens_sum) AS bigint) AS tokens_sum,
CAST(sum(tool_calls_sum) AS bigint) AS tool_calls_sum
FROM (
SELECT (fact.hour) COLLATE "C" AS hour,
(fact.event) COLLATE "C" AS event_type,
(fact.agent) COLLATE "C" AS agent_name,
(fact.phase_name) COLLATE "C" AS phase,
(fact.model_name) COLLATE "C" AS model,
(fact.status_name) COLLATE "C" AS status,
sign * (1) AS invocations,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
sign * (fact.token_count) AS tokens_sum,
sign * (fact.tool_call_count) AS tool_calls_sum
FROM _aggregates_run_changes AS fact
) AS part
GROUP BY hour, event_type, agent_name, phase, model, status
) AS changed
LEFT JOIN _aggregates_posted_agent_hourly AS posted USING (hour, event_type, agent_name, phase,
    model, status)
WHERE coalesce(posted.invocations, 0) + changed.invocations <> 0 OR coalesce(posted.duration_count,
    0) + changed.duration_count <> 0 OR coalesce(posted.duration_ms_sum, 0) +
    changed.duration_ms_sum <> 0 OR coalesce(posted.tokens_sum, 0) + changed.tokens_sum <> 0 OR
    coalesce(posted.tool_calls_sum, 0) + changed.tool_calls_sum <> 0;

-- [view] agent_durations
CREATE VIEW agent_durations AS
SELECT agent_name, le_ms, event_type, phase, model, runs, duration_ms_sum FROM
    _aggregates_posted_agent_durations
WHERE (agent_name, le_ms, event_type, phase, model) NOT IN (SELECT agent_name, le_ms, event_type,
    phase, model FROM (
SELECT agent_name,
le_ms,
event_type,
phase,
model,
CAST(sum(runs) AS bigint) AS runs,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.le_ms) AS le_ms,
(fact.event) COLLATE "C" AS event_type,
(fact.phase_name) COLLATE "C" AS phase,
(fact.model_name) COLLATE "C" AS model,
sign * (1) AS runs,
sign * (fact.duration_ms) AS duration_ms_sum
FROM _aggregates_run_changes AS fact
WHERE fact.duration_ms IS NOT NULL
) AS part
GROUP BY agent_name, le_ms, event_type, phase, model
) AS changed)
UNION ALL
SELECT changed.agent_name, changed.le_ms, changed.event_type, changed.phase, changed.model,
    coalesce(posted.runs, 0) + changed.runs, coalesce(posted.duration_ms_sum, 0) +
    changed.duration_ms_sum
FROM (
SELECT agent_name,
le_ms,
event_type,
phase,
model,
CAST(sum(runs) AS bigint) AS runs,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.le_ms) AS le_ms,
(fact.event) COLLATE "C" AS event_type,
(fact.phase_name) COLLATE "C" AS phase,
(fact.model_name) COLLATE "C" AS model,
sign * (1) AS runs,
sign * (fact.duration_ms) AS duration_ms_sum
FROM _aggregates_run_changes AS fact
WHERE fact.duration_ms IS NOT NULL
) AS part
GROUP BY agent_name, le_ms, event_type, phase, model
) AS changed
LEFT JOIN _aggregates_posted_agent_durations AS posted USING (agent_name, le_ms, event_type, phase,
    model)
WHERE coalesce(posted.runs, 0) + changed.runs <> 0 OR coalesce(posted.duration_ms_sum, 0) +
    changed.duration_ms_sum <> 0;

-- [view] agent_durations_daily
CREATE VIEW agent_durations_daily AS
SELECT day, event_type, agent_name, le_ms, runs, duration_ms_sum FROM
    _aggregates_posted_agent_durations_daily
WHERE (day, event_type, agent_name, le_ms) NOT IN (SELECT day, event_type, agent_name, le_ms FROM (
SELECT day,
event_type,
agent_name,
le_ms,
CAST(sum(runs) AS bigint) AS runs,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum
FROM (
SELECT (coalesce(left(fact.start, 10), '')) COLLATE "C" AS day,
(fact.event) COLLATE "C" AS event_type,
(fact.agent) COLLATE "C" AS agent_name,
(fact.le_ms) AS le_ms,
sign * (1) AS runs,
sign * (fact.duration_ms) AS duration_ms_sum
FROM _aggregates_run_changes AS fact
WHERE fact.duration_ms IS NOT NULL
) AS part
GROUP BY day, event_type, agent_name, le_ms
) AS changed)
UNION ALL
SELECT changed.day, changed.event_type, changed.agent_name, changed.le_ms, coalesce(posted.runs, 0)
    + changed.runs, coalesce(posted.duration_ms_sum, 0) + changed.duration_ms_sum
FROM (
SELECT day,
event_type,
agent_name,
le_ms,
CAST(sum(runs) AS bigint) AS runs,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum
FROM (
SELECT (coalesce(left(fact.start, 10), '')) COLLATE "C" AS day,
(fact.event) COLLATE "C" AS event_type,
(fact.agent) COLLATE "C" AS agent_name,
(fact.le_ms) AS le_ms,
sign * (1) AS runs,
sign * (fact.duration_ms) AS duration_ms_sum
FROM _aggregates_run_changes AS fact
WHERE fact.duration_ms IS NOT NULL
) AS part
GROUP BY day, event_type, agent_name, le_ms
) AS changed
LEFT JOIN _aggregates_posted_agent_durations_daily AS posted USING (day, event_type, agent_name,
    le_ms)
WHERE coalesce(posted.runs, 0) + changed.runs <> 0 OR coalesce(posted.duration_ms_sum, 0) +
    changed.duration_ms_sum <> 0;

-- [view] agent_activity
CREATE VIEW agent_activity AS
SELECT held.agent_name,
held.invocations,
held.succeeded,
held.failed,
held.in_flight,
held.sessions,
held.updated_at,
least(held.come_first_start, (
SELECT start_time FROM _aggregates_posted_agent_starts AS kept WHERE kept.agent_name =
    held.agent_name
AND (agent_name, start_time, invocation_id) NOT IN (SELECT agent_name, start_time, invocation_id
    FROM (
SELECT agent_name,
start_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation AND fact.start IS NOT NULL
) AS part
GROUP BY agent_name, start_time, invocation_id
) AS changed WHERE invocations < 0)
ORDER BY start_time LIMIT 1)) AS first_start,
greatest(held.come_last_start, (
SELECT start_time FROM _aggregates_posted_agent_starts AS kept WHERE kept.agent_name =
    held.agent_name
AND (agent_name, start_time, invocation_id) NOT IN (SELECT agent_name, start_time, invocation_id
    FROM (
SELECT agent_name,
start_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation AND fact.start IS NOT NULL
) AS part
GROUP BY agent_name, start_time, invocation_id
) AS changed WHERE invocations < 0)
ORDER BY start_time DESC LIMIT 1)) AS last_start
FROM (
SELECT agent_name, invocations, succeeded, failed, in_flight, sessions, updated_at, CAST(NULL AS
    text) COLLATE "C" AS come_first_start, CAST(NULL AS text) COLLATE "C" AS come_last_start FROM
    _aggregates_posted_agent_activity
WHERE (agent_name) NOT IN (SELECT agent_name FROM (
SELECT agent_name,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(succeeded) AS bigint) AS succeeded,
CAST(sum(failed) AS bigint) AS failed,
CAST(sum(in_flight) AS bigint) AS in_flight,
CAST(sum(sessions) AS bigint) AS sessions,
max(updated_at) AS updated_at
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
sign * (1) AS invocations,
sign * (fact.succeeded) AS succeeded,
sign * (fact.failed) AS failed,
sign * CAST(fact.in_flight AS integer) AS in_flight,
0 AS sessions,
updated_at AS updated_at
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
UNION ALL
SELECT changed.agent_name AS agent_name,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
CAST(coalesce(posted.invocations, 0) + changed.invocations <> 0 AS integer) -
    CAST(coalesce(posted.invocations, 0) <> 0 AS integer) AS sessions,
CAST(NULL AS timestamptz) AS updated_at
FROM (
SELECT session_id,
agent_name,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.agent) COLLATE "C" AS agent_name,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, agent_name
) AS changed LEFT JOIN _aggregates_posted_session_agents AS posted ON posted.session_id =
    changed.session_id AND posted.agent_name = changed.agent_name
WHERE changed.session_id <> ''
) AS part
GROUP BY agent_name
) AS changed)
UNION ALL
SELECT changed.agent_name, coalesce(posted.invocations, 0) + changed.invocations,
    coalesce(posted.succeeded, 0) + changed.succeeded, coalesce(posted.failed, 0) + changed.failed,
    coalesce(posted.in_flight, 0) + changed.in_flight, coalesce(posted.sessions, 0) +
    changed.sessions, greatest(posted.updated_at, changed.updated_at), changed.come_first_start,
    changed.come_last_start
FROM (
SELECT agent_name,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(succeeded) AS bigint) AS succeeded,
CAST(sum(failed) AS bigint) AS failed,
CAST(sum(in_flight) AS bigint) AS in_flight,
CAST(sum(sessions) AS bigint) AS sessions,
max(updated_at) AS updated_at,
min(come_first_start) AS come_first_start,
max(come_last_start) AS come_last_start
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
sign * (1) AS invocations,
sign * (fact.succeeded) AS succeeded,
sign * (fact.failed) AS failed,
sign * CAST(fact.in_flight AS integer) AS in_flight,
0 AS sessions,
updated_at AS updated_at,
CAST(NULL AS text) COLLATE "C" AS come_first_start,
CAST(NULL AS text) COLLATE "C" AS come_last_start
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
UNION ALL
SELECT changed.agent_name AS agent_name,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
CAST(coalesce(posted.invocations, 0) + changed.invocations <> 0 AS integer) -
    CAST(coalesce(posted.invocations, 0) <> 0 AS integer) AS sessions,
CAST(NULL AS timestamptz) AS updated_at,
CAST(NULL AS text) COLLATE "C" AS come_first_start,
CAST(NULL AS text) COLLATE "C" AS come_last_start
FROM (
SELECT session_id,
agent_name,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.agent) COLLATE "C" AS agent_name,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, agent_name
) AS changed LEFT JOIN _aggregates_posted_session_agents AS posted ON posted.session_id =
    changed.session_id AND posted.agent_name = changed.agent_name
WHERE changed.session_id <> ''
UNION ALL
SELECT changed.agent_name AS agent_name,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
0 AS sessions,
CAST(NULL AS timestamptz) AS updated_at,
changed.start_time AS come_first_start,
CAST(NULL AS text) COLLATE "C" AS come_last_start
FROM (
SELECT agent_name,
start_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation AND fact.start IS NOT NULL
) AS part
GROUP BY agent_name, start_time, invocation_id
) AS changed
WHERE invocations > 0
UNION ALL
SELECT changed.agent_name AS agent_name,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
0 AS sessions,
CAST(NULL AS timestamptz) AS updated_at,
CAST(NULL AS text) COLLATE "C" AS come_first_start,
changed.start_time AS come_last_start
FROM (
SELECT agent_name,
start_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation AND fact.start IS NOT NULL
) AS part
GROUP BY agent_name, start_time, invocation_id
) AS changed
WHERE invocations > 0
) AS part
GROUP BY agent_name
) AS changed
LEFT JOIN _aggregates_posted_agent_activity AS posted USING (agent_name)
WHERE coalesce(posted.invocations, 0) + changed.invocations <> 0 OR coalesce(posted.succeeded, 0) +
    changed.succeeded <> 0 OR coalesce(posted.failed, 0) + changed.failed <> 0 OR
    coalesce(posted.in_flight, 0) + changed.in_flight <> 0 OR coalesce(posted.sessions, 0) +
    changed.sessions <> 0
) AS held;

-- [view] session_agents
CREATE VIEW session_agents AS
SELECT session_id, agent_name, invocations FROM _aggregates_posted_session_agents
WHERE (session_id, agent_name) NOT IN (SELECT session_id, agent_name FROM (
SELECT session_id,
agent_name,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.agent) COLLATE "C" AS agent_name,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, agent_name
) AS changed)
UNION ALL
SELECT changed.session_id, changed.agent_name, coalesce(posted.invocations, 0) + changed.invocations
FROM (
SELECT session_id,
agent_name,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.agent) COLLATE "C" AS agent_name,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, agent_name
) AS changed
LEFT JOIN _aggregates_posted_session_agents AS posted USING (session_id, agent_name)
WHERE coalesce(posted.invocations, 0) + changed.invocations <> 0;

-- [view] open_runs
CREATE VIEW open_runs AS
SELECT start_time, invocation_id, session_id, agent_name, phase FROM (
SELECT start_time, invocation_id, session_id, agent_name, phase, rows FROM
    _aggregates_posted_open_runs
WHERE (start_time, invocation_id, session_id, agent_name, phase) NOT IN (SELECT start_time,
    invocation_id, session_id, agent_name, phase FROM (
SELECT start_time,
invocation_id,
session_id,
agent_name,
phase,
CAST(sum(rows) AS bigint) AS rows
FROM (
SELECT (fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
(fact.session) COLLATE "C" AS session_id,
(fact.agent) COLLATE "C" AS agent_name,
(fact.phase_name) COLLATE "C" AS phase,
sign * (1) AS rows
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation AND fact.in_flight
) AS part
GROUP BY start_time, invocation_id, session_id, agent_name, phase
) AS changed)
UNION ALL
SELECT changed.start_time, changed.invocation_id, changed.session_id, changed.agent_name,
    changed.phase, coalesce(posted.rows, 0) + changed.rows
FROM (
SELECT start_time,
invocation_id,
session_id,
agent_name,
phase,
CAST(sum(rows) AS bigint) AS rows
FROM (
SELECT (fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
(fact.session) COLLATE "C" AS session_id,
(fact.agent) COLLATE "C" AS agent_name,
(fact.phase_name) COLLATE "C" AS phase,
sign * (1) AS rows
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation AND fact.in_flight
) AS part
GROUP BY start_time, invocation_id, session_id, agent_name, phase
) AS changed
LEFT JOIN _aggregates_posted_open_runs AS posted USING (start_time, invocation_id, session_id,
    agent_name, phase)
WHERE coalesce(posted.rows, 0) + changed.rows <> 0
) AS listed;

-- [view] _aggregates_agent_starts
CREATE VIEW _aggregates_agent_starts AS
SELECT agent_name, start_time, invocation_id, invocations FROM _aggregates_posted_agent_starts
WHERE (agent_name, start_time, invocation_id) NOT IN (SELECT agent_name, start_time, invocation_id
    FROM (
SELECT agent_name,
start_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation AND fact.start IS NOT NULL
) AS part
GROUP BY agent_name, start_time, invocation_id
) AS changed)
UNION ALL
SELECT changed.agent_name, changed.start_time, changed.invocation_id, coalesce(posted.invocations,
    0) + changed.invocations
FROM (
SELECT agent_name,
start_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation AND fact.start IS NOT NULL
) AS part
GROUP BY agent_name, start_time, invocation_id
) AS changed
LEFT JOIN _aggregates_posted_agent_starts AS posted USING (agent_name, start_time, invocation_id)
WHERE coalesce(posted.invocations, 0) + changed.invocations <> 0;

-- [view] session_phases
CREATE VIEW session_phases AS
SELECT session_id, phase, invocations FROM _aggregates_posted_session_phases
WHERE (session_id, phase) NOT IN (SELECT session_id, phase FROM (
SELECT session_id,
phase,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.phase_name) COLLATE "C" AS phase,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, phase
) AS changed)
UNION ALL
SELECT changed.session_id, changed.phase, coalesce(posted.invocations, 0) + changed.invocations
FROM (
SELECT session_id,
phase,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.phase_name) COLLATE "C" AS phase,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, phase
) AS changed
LEFT JOIN _aggregates_posted_session_phases AS posted USING (session_id, phase)
WHERE coalesce(posted.invocations, 0) + changed.invocations <> 0;

-- [view] session_stats
CREATE VIEW session_stats AS
SELECT held.session_id,
held.invocations,
held.succeeded,
held.failed,
held.in_flight,
held.duration_count,
held.duration_ms_sum,
held.agents,
held.phases,
held.changed_seq,
least(held.come_first_start, (
SELECT start_time FROM _aggregates_posted_session_starts AS kept WHERE kept.session_id =
    held.session_id
AND (session_id, start_time, invocation_id) NOT IN (SELECT session_id, start_time, invocation_id
    FROM (
SELECT session_id,
start_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation AND fact.start IS NOT NULL
) AS part
GROUP BY session_id, start_time, invocation_id
) AS changed WHERE invocations < 0)
ORDER BY start_time LIMIT 1)) AS first_start,
greatest(held.come_last_end, (
SELECT end_time FROM _aggregates_posted_session_ends AS kept WHERE kept.session_id = held.session_id
AND (session_id, end_time, invocation_id) NOT IN (SELECT session_id, end_time, invocation_id FROM (
SELECT session_id,
end_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact."end") COLLATE "C" AS end_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation AND fact."end" IS NOT NULL
) AS part
GROUP BY session_id, end_time, invocation_id
) AS changed WHERE invocations < 0)
ORDER BY end_time DESC LIMIT 1)) AS last_end,
(SELECT first_agent FROM _aggregates_session_derived AS kept WHERE kept.session_id =
    held.session_id) AS first_agent
FROM (
SELECT session_id, invocations, succeeded, failed, in_flight, duration_count, duration_ms_sum,
    agents, phases, changed_seq, CAST(NULL AS text) COLLATE "C" AS come_first_start, CAST(NULL AS
    text) COLLATE "C" AS come_last_end FROM _aggregates_posted_session_stats
WHERE (session_id) NOT IN (SELECT session_id FROM (
SELECT session_id,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(succeeded) AS bigint) AS succeeded,
CAST(sum(failed) AS bigint) AS failed,
CAST(sum(in_flight) AS bigint) AS in_flight,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(agents) AS bigint) AS agents,
CAST(sum(phases) AS bigint) AS phases,
max(changed_seq) AS changed_seq
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
sign * (1) AS invocations,
sign * (fact.succeeded) AS succeeded,
sign * (fact.failed) AS failed,
sign * CAST(fact.in_flight AS integer) AS in_flight,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
0 AS agents,
0 AS phases,
seq AS changed_seq
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
UNION ALL
SELECT changed.session_id AS session_id,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
0 AS duration_count,
0 AS duration_ms_sum,
CAST(coalesce(posted.invocations, 0) + changed.invocations <> 0 AS integer) -
    CAST(coalesce(posted.invocations, 0) <> 0 AS integer) AS agents,
0 AS phases,
CAST(NULL AS bigint) AS changed_seq
FROM (
SELECT session_id,
agent_name,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.agent) COLLATE "C" AS agent_name,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, agent_name
) AS changed LEFT JOIN _aggregates_posted_session_agents AS posted ON posted.session_id =
    changed.session_id AND posted.agent_name = changed.agent_name
WHERE changed.agent_name <> ''
UNION ALL
SELECT changed.session_id AS session_id,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
0 AS duration_count,
0 AS duration_ms_sum,
0 AS agents,
CAST(coalesce(posted.invocations, 0) + changed.invocations <> 0 AS integer) -
    CAST(coalesce(posted.invocations, 0) <> 0 AS integer) AS phases,
CAST(NULL AS bigint) AS changed_seq
FROM (
SELECT session_id,
phase,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.phase_name) COLLATE "C" AS phase,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, phase
) AS changed LEFT JOIN _aggregates_posted_session_phases AS posted ON posted.session_id =
    changed.session_id AND posted.phase = changed.phase
WHERE changed.phase <> ''
) AS part
GROUP BY session_id
) AS changed)
UNION ALL
SELECT changed.session_id, coalesce(posted.invocations, 0) + changed.invocations,
    coalesce(posted.succeeded, 0) + changed.succeeded, coalesce(posted.failed, 0) + changed.failed,
    coalesce(posted.in_flight, 0) + changed.in_flight, coalesce(posted.duration_count, 0) +
    changed.duration_count, coalesce(posted.duration_ms_sum, 0) + changed.duration_ms_sum,
    coalesce(posted.agents, 0) + changed.agents, coalesce(posted.phases, 0) + changed.phases,
    greatest(posted.changed_seq, changed.changed_seq), changed.come_first_start,
    changed.come_last_end
FROM (
SELECT session_id,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(succeeded) AS bigint) AS succeeded,
CAST(sum(failed) AS bigint) AS failed,
CAST(sum(in_flight) AS bigint) AS in_flight,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(agents) AS bigint) AS agents,
CAST(sum(phases) AS bigint) AS phases,
max(changed_seq) AS changed_seq,
min(come_first_start) AS come_first_start,
max(come_last_end) AS come_last_end
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
sign * (1) AS invocations,
sign * (fact.succeeded) AS succeeded,
sign * (fact.failed) AS failed,
sign * CAST(fact.in_flight AS integer) AS in_flight,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
0 AS agents,
0 AS phases,
seq AS changed_seq,
CAST(NULL AS text) COLLATE "C" AS come_first_start,
CAST(NULL AS text) COLLATE "C" AS come_last_end
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
UNION ALL
SELECT changed.session_id AS session_id,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
0 AS duration_count,
0 AS duration_ms_sum,
CAST(coalesce(posted.invocations, 0) + changed.invocations <> 0 AS integer) -
    CAST(coalesce(posted.invocations, 0) <> 0 AS integer) AS agents,
0 AS phases,
CAST(NULL AS bigint) AS changed_seq,
CAST(NULL AS text) COLLATE "C" AS come_first_start,
CAST(NULL AS text) COLLATE "C" AS come_last_end
FROM (
SELECT session_id,
agent_name,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.agent) COLLATE "C" AS agent_name,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, agent_name
) AS changed LEFT JOIN _aggregates_posted_session_agents AS posted ON posted.session_id =
    changed.session_id AND posted.agent_name = changed.agent_name
WHERE changed.agent_name <> ''
UNION ALL
SELECT changed.session_id AS session_id,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
0 AS duration_count,
0 AS duration_ms_sum,
0 AS agents,
CAST(coalesce(posted.invocations, 0) + changed.invocations <> 0 AS integer) -
    CAST(coalesce(posted.invocations, 0) <> 0 AS integer) AS phases,
CAST(NULL AS bigint) AS changed_seq,
CAST(NULL AS text) COLLATE "C" AS come_first_start,
CAST(NULL AS text) COLLATE "C" AS come_last_end
FROM (
SELECT session_id,
phase,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.phase_name) COLLATE "C" AS phase,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, phase
) AS changed LEFT JOIN _aggregates_posted_session_phases AS posted ON posted.session_id =
    changed.session_id AND posted.phase = changed.phase
WHERE changed.phase <> ''
UNION ALL
SELECT changed.session_id AS session_id,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
0 AS duration_count,
0 AS duration_ms_sum,
0 AS agents,
0 AS phases,
CAST(NULL AS bigint) AS changed_seq,
changed.start_time AS come_first_start,
CAST(NULL AS text) COLLATE "C" AS come_last_end
FROM (
SELECT session_id,
start_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation AND fact.start IS NOT NULL
) AS part
GROUP BY session_id, start_time, invocation_id
) AS changed
WHERE invocations > 0
UNION ALL
SELECT changed.session_id AS session_id,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
0 AS duration_count,
0 AS duration_ms_sum,
0 AS agents,
0 AS phases,
CAST(NULL AS bigint) AS changed_seq,
CAST(NULL AS text) COLLATE "C" AS come_first_start,
changed.end_time AS come_last_end
FROM (
SELECT session_id,
end_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact."end") COLLATE "C" AS end_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation AND fact."end" IS NOT NULL
) AS part
GROUP BY session_id, end_time, invocation_id
) AS changed
WHERE invocations > 0
) AS part
GROUP BY session_id
) AS changed
LEFT JOIN _aggregates_posted_session_stats AS posted USING (session_id)
WHERE coalesce(posted.invocations, 0) + changed.invocations <> 0 OR coalesce(posted.succeeded, 0) +
    changed.succeeded <> 0 OR coalesce(posted.failed, 0) + changed.failed <> 0 OR
    coalesce(posted.in_flight, 0) + changed.in_flight <> 0 OR coalesce(posted.duration_count, 0) +
    changed.duration_count <> 0 OR coalesce(posted.duration_ms_sum, 0) + changed.duration_ms_sum <>
    0 OR coalesce(posted.agents, 0) + changed.agents <> 0 OR coalesce(posted.phases, 0) +
    changed.phases <> 0
) AS held;

-- [view] _aggregates_session_starts
CREATE VIEW _aggregates_session_starts AS
SELECT session_id, start_time, invocation_id, invocations FROM _aggregates_posted_session_starts
WHERE (session_id, start_time, invocation_id) NOT IN (SELECT session_id, start_time, invocation_id
    FROM (
SELECT session_id,
start_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation AND fact.start IS NOT NULL
) AS part
GROUP BY session_id, start_time, invocation_id
) AS changed)
UNION ALL
SELECT changed.session_id, changed.start_time, changed.invocation_id, coalesce(posted.invocations,
    0) + changed.invocations
FROM (
SELECT session_id,
start_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation AND fact.start IS NOT NULL
) AS part
GROUP BY session_id, start_time, invocation_id
) AS changed
LEFT JOIN _aggregates_posted_session_starts AS posted USING (session_id, start_time, invocation_id)
WHERE coalesce(posted.invocations, 0) + changed.invocations <> 0;

-- [view] _aggregates_session_ends
CREATE VIEW _aggregates_session_ends AS
SELECT session_id, end_time, invocation_id, invocations FROM _aggregates_posted_session_ends
WHERE (session_id, end_time, invocation_id) NOT IN (SELECT session_id, end_time, invocation_id FROM
    (
SELECT session_id,
end_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact."end") COLLATE "C" AS end_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation AND fact."end" IS NOT NULL
) AS part
GROUP BY session_id, end_time, invocation_id
) AS changed)
UNION ALL
SELECT changed.session_id, changed.end_time, changed.invocation_id, coalesce(posted.invocations, 0)
    + changed.invocations
FROM (
SELECT session_id,
end_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact."end") COLLATE "C" AS end_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation AND fact."end" IS NOT NULL
) AS part
GROUP BY session_id, end_time, invocation_id
) AS changed
LEFT JOIN _aggregates_posted_session_ends AS posted USING (session_id, end_time, invocation_id)
WHERE coalesce(posted.invocations, 0) + changed.invocations <> 0;

-- [view] _aggregates_session_totals
CREATE VIEW _aggregates_session_totals AS
SELECT agent_name, sessions FROM _aggregates_posted_session_totals
WHERE (agent_name) NOT IN (SELECT agent_name FROM (
SELECT agent_name,
CAST(sum(sessions) AS bigint) AS sessions
FROM (
SELECT ('') COLLATE "C" AS agent_name,
0 AS sessions
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
UNION ALL
SELECT ('') COLLATE "C" AS agent_name,
CAST(coalesce(posted.invocations, 0) + changed.invocations <> 0 AS integer) -
    CAST(coalesce(posted.invocations, 0) <> 0 AS integer) AS sessions
FROM (
SELECT session_id,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(succeeded) AS bigint) AS succeeded,
CAST(sum(failed) AS bigint) AS failed,
CAST(sum(in_flight) AS bigint) AS in_flight,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(agents) AS bigint) AS agents,
CAST(sum(phases) AS bigint) AS phases,
max(changed_seq) AS changed_seq
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
sign * (1) AS invocations,
sign * (fact.succeeded) AS succeeded,
sign * (fact.failed) AS failed,
sign * CAST(fact.in_flight AS integer) AS in_flight,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
0 AS agents,
0 AS phases,
seq AS changed_seq
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
UNION ALL
SELECT changed.session_id AS session_id,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
0 AS duration_count,
0 AS duration_ms_sum,
CAST(coalesce(posted.invocations, 0) + changed.invocations <> 0 AS integer) -
    CAST(coalesce(posted.invocations, 0) <> 0 AS integer) AS agents,
0 AS phases,
CAST(NULL AS bigint) AS changed_seq
FROM (
SELECT session_id,
agent_name,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.agent) COLLATE "C" AS agent_name,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, agent_name
) AS changed LEFT JOIN _aggregates_posted_session_agents AS posted ON posted.session_id =
    changed.session_id AND posted.agent_name = changed.agent_name
WHERE changed.agent_name <> ''
UNION ALL
SELECT changed.session_id AS session_id,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
0 AS duration_count,
0 AS duration_ms_sum,
0 AS agents,
CAST(coalesce(posted.invocations, 0) + changed.invocations <> 0 AS integer) -
    CAST(coalesce(posted.invocations, 0) <> 0 AS integer) AS phases,
CAST(NULL AS bigint) AS changed_seq
FROM (
SELECT session_id,
phase,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.phase_name) COLLATE "C" AS phase,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, phase
) AS changed LEFT JOIN _aggregates_posted_session_phases AS posted ON posted.session_id =
    changed.session_id AND posted.phase = changed.phase
WHERE changed.phase <> ''
) AS part
GROUP BY session_id
) AS changed LEFT JOIN _aggregates_posted_session_stats AS posted ON posted.session_id =
    changed.session_id
WHERE changed.session_id <> ''
) AS part
GROUP BY agent_name
) AS changed)
UNION ALL
SELECT changed.agent_name, coalesce(posted.sessions, 0) + changed.sessions
FROM (
SELECT agent_name,
CAST(sum(sessions) AS bigint) AS sessions
FROM (
SELECT ('') COLLATE "C" AS agent_name,
0 AS sessions
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
UNION ALL
SELECT ('') COLLATE "C" AS agent_name,
CAST(coalesce(posted.invocations, 0) + changed.invocations <> 0 AS integer) -
    CAST(coalesce(posted.invocations, 0) <> 0 AS integer) AS sessions
FROM (
SELECT session_id,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(succeeded) AS bigint) AS succeeded,
CAST(sum(failed) AS bigint) AS failed,
CAST(sum(in_flight) AS bigint) AS in_flight,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(agents) AS bigint) AS agents,
CAST(sum(phases) AS bigint) AS phases,
max(changed_seq) AS changed_seq
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
sign * (1) AS invocations,
sign * (fact.succeeded) AS succeeded,
sign * (fact.failed) AS failed,
sign * CAST(fact.in_flight AS integer) AS in_flight,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
0 AS agents,
0 AS phases,
seq AS changed_seq
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
UNION ALL
SELECT changed.session_id AS session_id,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
0 AS duration_count,
0 AS duration_ms_sum,
CAST(coalesce(posted.invocations, 0) + changed.invocations <> 0 AS integer) -
    CAST(coalesce(posted.invocations, 0) <> 0 AS integer) AS agents,
0 AS phases,
CAST(NULL AS bigint) AS changed_seq
FROM (
SELECT session_id,
agent_name,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.agent) COLLATE "C" AS agent_name,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, agent_name
) AS changed LEFT JOIN _aggregates_posted_session_agents AS posted ON posted.session_id =
    changed.session_id AND posted.agent_name = changed.agent_name
WHERE changed.agent_name <> ''
UNION ALL
SELECT changed.session_id AS session_id,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
0 AS duration_count,
0 AS duration_ms_sum,
0 AS agents,
CAST(coalesce(posted.invocations, 0) + changed.invocations <> 0 AS integer) -
    CAST(coalesce(posted.invocations, 0) <> 0 AS integer) AS phases,
CAST(NULL AS bigint) AS changed_seq
FROM (
SELECT session_id,
phase,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.phase_name) COLLATE "C" AS phase,
sign * (1) AS invocations
FROM _aggregates_run_changes AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, phase
) AS changed LEFT JOIN _aggregates_posted_session_phases AS posted ON posted.session_id =
    changed.session_id AND posted.phase = changed.phase
WHERE changed.phase <> ''
) AS part
GROUP BY session_id
) AS changed LEFT JOIN _aggregates_posted_session_stats AS posted ON posted.session_id =
    changed.session_id
WHERE changed.session_id <> ''
) AS part
GROUP BY agent_name
) AS changed
LEFT JOIN _aggregates_posted_session_totals AS posted USING (agent_name)
WHERE coalesce(posted.sessions, 0) + changed.sessions <> 0;

-- [function] _aggregates_run_fold(bigint)
CREATE FUNCTION _aggregates_run_fold(at_most bigint) RETURNS bigint LANGUAGE plpgsql
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    AS $$
DECLARE
  found bigint;
BEGIN
IF NOT EXISTS (SELECT FROM _aggregates_run_queue) THEN
RETURN 0;
END IF;
WITH entries AS MATERIALIZED (SELECT * FROM _aggregates_run_unposted ORDER BY seq LIMIT at_most),
taken AS (DELETE FROM _aggregates_run_queue WHERE entry <= (SELECT max(entry) FROM entries)),
logged AS (INSERT INTO agent_invocation_changes (seq, operation, updated_at, invocation_id, old_invocation_id, old_timestamp, new_timestamp, old_session_id, new_session_id, old_event_type, new_event_type, old_phase, new_phase, old_agent_name, new_agent_name, old_model, new_model, old_start_time, new_start_time, old_end_time, new_end_time, old_duration_seconds, new_duration_seconds, old_status, new_status, old_tokens, new_tokens, old_tool_calls, new_tool_calls) SELECT seq, operation, updated_at, invocation_id, old_invocation_id, old_timestamp, new_timestamp, old_session_id, new_session_id, old_event_type, new_event_type, old_phase, new_phase, old_agent_name, new_agent_name, old_model, new_model, old_start_time, new_start_time, old_end_time, new_end_time, old_duration_seconds, new_duration_seconds, old_status, new_status, old_tokens, new_tokens, old_tool_calls, new_tool_calls FROM entries),
facts AS MATERIALIZED (
SELECT *,
CASE WHEN duration_ms IS NOT NULL THEN (SELECT le_ms FROM duration_bounds WHERE le_ms >= duration_ms ORDER BY le_ms LIMIT 1) END AS le_ms
FROM (
SELECT *,
CASE WHEN CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN CAST(extract(epoch FROM CAST("end" AS timestamp) - CAST(start AS timestamp)) * 1000 AS bigint) END BETWEEN 0 AND 315360000000 THEN CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN CAST(extract(epoch FROM CAST("end" AS timestamp) - CAST(start AS timestamp)) * 1000 AS bigint) END WHEN measured_ms <= 315360000000 THEN measured_ms END AS duration_ms,
CAST(status_name = 'completed' AS integer) AS succeeded,
CAST(status_name = 'failed' OR status_name = 'error' AS integer) AS failed,
start IS NOT NULL AND has_no_end AND NOT (status_name = 'completed' OR status_name = 'failed' OR status_name = 'error') AS in_flight,
start IS NULL AND NOT has_no_start AS unreadable_start,
"end" IS NULL AND NOT has_no_end AS unreadable_end,
coalesce(left(start, 13) || ':00:00', '') AS hour
FROM (
SELECT *,
coalesce(agent_name NOT IN ('', 'unknown'), false) AND event_type IS DISTINCT FROM 'subagent_stop' AND event_type IS DISTINCT FROM 'tool_tracking_start' AS is_invocation,
coalesce(session_id, '') AS session,
coalesce(event_type, '') AS event,
coalesce(agent_name, '') AS agent,
coalesce(phase, '') AS phase_name,
coalesce(model, '') AS model_name,
coalesce(status, '') AS status_name,
tokens AS token_count,
tool_calls AS tool_call_count,
CASE WHEN start_time ~ '^[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[+]00)?$' AND left(start_time, 4) <> '0000' THEN
left(start_time, 10) || 'T' || substr(start_time, 12, 8) || '.' || rpad(left(split_part(substr(start_time, 21), '+', 1), 3), 3, '0')
ELSE _aggregates_time(start_time) END AS start,
CASE WHEN end_time ~ '^[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[+]00)?$' AND left(end_time, 4) <> '0000' THEN
left(end_time, 10) || 'T' || substr(end_time, 12, 8) || '.' || rpad(left(split_part(substr(end_time, 21), '+', 1), 3), 3, '0')
ELSE _aggregates_time(end_time) END AS "end",
((substr(btrim(start_time, E' \t\n\r'), 11) ~ '[+Zz-]') = (substr(btrim(end_time, E' \t\n\r'), 11) ~ '[+Zz-]')) AS is_same_clock,
start_time IS NULL AS has_no_start,
end_time IS NULL AS has_no_end,
CASE WHEN duration_seconds BETWEEN 0 AND 1e12 THEN CAST(floor(duration_seconds * 1000 + 0.5) AS bigint) END AS measured_ms
FROM (
SELECT entry.seq, entry.updated_at, side.*
FROM entries AS entry CROSS JOIN LATERAL (VALUES
(-1, entry.operation <> 'insert', coalesce(old_invocation_id, invocation_id), old_timestamp, old_session_id, old_event_type, old_phase, old_agent_name, old_model, old_start_time, old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls),
(1, entry.operation <> 'delete', invocation_id, new_timestamp, new_session_id, new_event_type, new_phase, new_agent_name, new_model, new_start_time, new_end_time, new_duration_seconds, new_status, new_tokens, new_tool_calls)
) AS side (sign, is_there, invocation_id, timestamp, session_id, event_type, phase, agent_name, model, start_time, end_time, duration_seconds, status, tokens, tool_calls)
WHERE side.is_there
) AS level0 OFFSET 0
) AS level1 OFFSET 0
) AS level2 OFFSET 0
),
change_agent_stats AS MATERIALIZED (
SELECT event_type,
agent_name,
phase,
model,
status,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(tokens_sum) AS bigint) AS tokens_sum,
CAST(sum(tool_calls_sum) AS bigint) AS tool_calls_sum,
CAST(sum(unreadable_times) AS bigint) AS unreadable_times
FROM (
SELECT (fact.event) COLLATE "C" AS event_type,
(fact.agent) COLLATE "C" AS agent_name,
(fact.phase_name) COLLATE "C" AS phase,
(fact.model_name) COLLATE "C" AS model,
(fact.status_name) COLLATE "C" AS status,
sign * (1) AS invocations,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
sign * (fact.token_count) AS tokens_sum,
sign * (fact.tool_call_count) AS tool_calls_sum,
sign * (CAST(fact.unreadable_start OR fact.unreadable_end AS integer)) AS unreadable_times
FROM facts AS fact
) AS part
GROUP BY event_type, agent_name, phase, model, status
),
change_agent_hourly AS MATERIALIZED (
SELECT hour,
event_type,
agent_name,
phase,
model,
status,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(tokens_sum) AS bigint) AS tokens_sum,
CAST(sum(tool_calls_sum) AS bigint) AS tool_calls_sum
FROM (
SELECT (fact.hour) COLLATE "C" AS hour,
(fact.event) COLLATE "C" AS event_type,
(fact.agent) COLLATE "C" AS agent_name,
(fact.phase_name) COLLATE "C" AS phase,
(fact.model_name) COLLATE "C" AS model,
(fact.status_name) COLLATE "C" AS status,
sign * (1) AS invocations,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
sign * (fact.token_count) AS tokens_sum,
sign * (fact.tool_call_count) AS tool_calls_sum
FROM facts AS fact
) AS part
GROUP BY hour, event_type, agent_name, phase, model, status
),
change_agent_durations AS MATERIALIZED (
SELECT agent_name,
le_ms,
event_type,
phase,
model,
CAST(sum(runs) AS bigint) AS runs,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.le_ms) AS le_ms,
(fact.event) COLLATE "C" AS event_type,
(fact.phase_name) COLLATE "C" AS phase,
(fact.model_name) COLLATE "C" AS model,
sign * (1) AS runs,
sign * (fact.duration_ms) AS duration_ms_sum
FROM facts AS fact
WHERE fact.duration_ms IS NOT NULL
) AS part
GROUP BY agent_name, le_ms, event_type, phase, model
),
change_agent_durations_daily AS MATERIALIZED (
SELECT day,
event_type,
agent_name,
le_ms,
CAST(sum(runs) AS bigint) AS runs,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum
FROM (
SELECT (coalesce(left(fact.start, 10), '')) COLLATE "C" AS day,
(fact.event) COLLATE "C" AS event_type,
(fact.agent) COLLATE "C" AS agent_name,
(fact.le_ms) AS le_ms,
sign * (1) AS runs,
sign * (fact.duration_ms) AS duration_ms_sum
FROM facts AS fact
WHERE fact.duration_ms IS NOT NULL
) AS part
GROUP BY day, event_type, agent_name, le_ms
),
change_session_agents AS MATERIALIZED (
SELECT session_id,
agent_name,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.agent) COLLATE "C" AS agent_name,
sign * (1) AS invocations
FROM facts AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, agent_name
),
change_open_runs AS MATERIALIZED (
SELECT start_time,
invocation_id,
session_id,
agent_name,
phase,
CAST(sum(rows) AS bigint) AS rows
FROM (
SELECT (fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
(fact.session) COLLATE "C" AS session_id,
(fact.agent) COLLATE "C" AS agent_name,
(fact.phase_name) COLLATE "C" AS phase,
sign * (1) AS rows
FROM facts AS fact
WHERE fact.is_invocation AND fact.in_flight
) AS part
GROUP BY start_time, invocation_id, session_id, agent_name, phase
),
change_agent_starts AS MATERIALIZED (
SELECT agent_name,
start_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM facts AS fact
WHERE fact.is_invocation AND fact.start IS NOT NULL
) AS part
GROUP BY agent_name, start_time, invocation_id
),
change_session_phases AS MATERIALIZED (
SELECT session_id,
phase,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.phase_name) COLLATE "C" AS phase,
sign * (1) AS invocations
FROM facts AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, phase
),
change_session_starts AS MATERIALIZED (
SELECT session_id,
start_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM facts AS fact
WHERE fact.is_invocation AND fact.start IS NOT NULL
) AS part
GROUP BY session_id, start_time, invocation_id
),
change_session_ends AS MATERIALIZED (
SELECT session_id,
end_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact."end") COLLATE "C" AS end_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM facts AS fact
WHERE fact.is_invocation AND fact."end" IS NOT NULL
) AS part
GROUP BY session_id, end_time, invocation_id
),
change_agent_activity AS MATERIALIZED (
SELECT agent_name,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(succeeded) AS bigint) AS succeeded,
CAST(sum(failed) AS bigint) AS failed,
CAST(sum(in_flight) AS bigint) AS in_flight,
CAST(sum(sessions) AS bigint) AS sessions,
max(updated_at) AS updated_at
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
sign * (1) AS invocations,
sign * (fact.succeeded) AS succeeded,
sign * (fact.failed) AS failed,
sign * CAST(fact.in_flight AS integer) AS in_flight,
0 AS sessions,
updated_at AS updated_at
FROM facts AS fact
WHERE fact.is_invocation
UNION ALL
SELECT changed.agent_name AS agent_name,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
CAST(coalesce(posted.invocations, 0) + changed.invocations <> 0 AS integer) - CAST(coalesce(posted.invocations, 0) <> 0 AS integer) AS sessions,
CAST(NULL AS timestamptz) AS updated_at
FROM change_session_agents AS changed LEFT JOIN _aggregates_posted_session_agents AS posted ON posted.session_id = changed.session_id AND posted.agent_name = changed.agent_name
WHERE changed.session_id <> ''
) AS part
GROUP BY agent_name
),
change_session_stats AS MATERIALIZED (
SELECT session_id,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(succeeded) AS bigint) AS succeeded,
CAST(sum(failed) AS bigint) AS failed,
CAST(sum(in_flight) AS bigint) AS in_flight,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(agents) AS bigint) AS agents,
CAST(sum(phases) AS bigint) AS phases,
max(changed_seq) AS changed_seq
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
sign * (1) AS invocations,
sign * (fact.succeeded) AS succeeded,
sign * (fact.failed) AS failed,
sign * CAST(fact.in_flight AS integer) AS in_flight,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
0 AS agents,
0 AS phases,
seq AS changed_seq
FROM facts AS fact
WHERE fact.is_invocation
UNION ALL
SELECT changed.session_id AS session_id,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
0 AS duration_count,
0 AS duration_ms_sum,
CAST(coalesce(posted.invocations, 0) + changed.invocations <> 0 AS integer) - CAST(coalesce(posted.invocations, 0) <> 0 AS integer) AS agents,
0 AS phases,
CAST(NULL AS bigint) AS changed_seq
FROM change_session_agents AS changed LEFT JOIN _aggregates_posted_session_agents AS posted ON posted.session_id = changed.session_id AND posted.agent_name = changed.agent_name
WHERE changed.agent_name <> ''
UNION ALL
SELECT changed.session_id AS session_id,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
0 AS duration_count,
0 AS duration_ms_sum,
0 AS agents,
CAST(coalesce(posted.invocations, 0) + changed.invocations <> 0 AS integer) - CAST(coalesce(posted.invocations, 0) <> 0 AS integer) AS phases,
CAST(NULL AS bigint) AS changed_seq
FROM change_session_phases AS changed LEFT JOIN _aggregates_posted_session_phases AS posted ON posted.session_id = changed.session_id AND posted.phase = changed.phase
WHERE changed.phase <> ''
) AS part
GROUP BY session_id
),
change_session_totals AS MATERIALIZED (
SELECT agent_name,
CAST(sum(sessions) AS bigint) AS sessions
FROM (
SELECT ('') COLLATE "C" AS agent_name,
0 AS sessions
FROM facts AS fact
WHERE fact.is_invocation
UNION ALL
SELECT ('') COLLATE "C" AS agent_name,
CAST(coalesce(posted.invocations, 0) + changed.invocations <> 0 AS integer) - CAST(coalesce(posted.invocations, 0) <> 0 AS integer) AS sessions
FROM change_session_stats AS changed LEFT JOIN _aggregates_posted_session_stats AS posted ON posted.session_id = changed.session_id
WHERE changed.session_id <> ''
) AS part
GROUP BY agent_name
),
swept_change_agent_stats AS (DELETE FROM _aggregates_posted_agent_stats AS posted USING change_agent_stats AS changed
WHERE posted.event_type = changed.event_type AND posted.agent_name = changed.agent_name AND posted.phase = changed.phase AND posted.model = changed.model AND posted.status = changed.status AND posted.invocations + changed.invocations = 0 AND posted.duration_count + changed.duration_count = 0 AND posted.duration_ms_sum + changed.duration_ms_sum = 0 AND posted.tokens_sum + changed.tokens_sum = 0 AND posted.tool_calls_sum + changed.tool_calls_sum = 0 AND posted.unreadable_times + changed.unreadable_times = 0),
posted_change_agent_stats AS (INSERT INTO _aggregates_posted_agent_stats AS posted (event_type, agent_name, phase, model, status, invocations, duration_count, duration_ms_sum, tokens_sum, tool_calls_sum, unreadable_times)
SELECT event_type, agent_name, phase, model, status, invocations, duration_count, duration_ms_sum, tokens_sum, tool_calls_sum, unreadable_times FROM change_agent_stats AS changed
WHERE (invocations <> 0 OR duration_count <> 0 OR duration_ms_sum <> 0 OR tokens_sum <> 0 OR tool_calls_sum <> 0 OR unreadable_times <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_agent_stats AS posted WHERE posted.event_type = changed.event_type AND posted.agent_name = changed.agent_name AND posted.phase = changed.phase AND posted.model = changed.model AND posted.status = changed.status AND posted.invocations + changed.invocations = 0 AND posted.duration_count + changed.duration_count = 0 AND posted.duration_ms_sum + changed.duration_ms_sum = 0 AND posted.tokens_sum + changed.tokens_sum = 0 AND posted.tool_calls_sum + changed.tool_calls_sum = 0 AND posted.unreadable_times + changed.unreadable_times = 0)
ON CONFLICT (event_type, agent_name, phase, model, status) DO UPDATE SET
invocations = posted.invocations + excluded.invocations,
duration_count = posted.duration_count + excluded.duration_count,
duration_ms_sum = posted.duration_ms_sum + excluded.duration_ms_sum,
tokens_sum = posted.tokens_sum + excluded.tokens_sum,
tool_calls_sum = posted.tool_calls_sum + excluded.tool_calls_sum,
unreadable_times = posted.unreadable_times + excluded.unreadable_times),
swept_change_agent_hourly AS (DELETE FROM _aggregates_posted_agent_hourly AS posted USING change_agent_hourly AS changed
WHERE posted.hour = changed.hour AND posted.event_type = changed.event_type AND posted.agent_name = changed.agent_name AND posted.phase = changed.phase AND posted.model = changed.model AND posted.status = changed.status AND posted.invocations + changed.invocations = 0 AND posted.duration_count + changed.duration_count = 0 AND posted.duration_ms_sum + changed.duration_ms_sum = 0 AND posted.tokens_sum + changed.tokens_sum = 0 AND posted.tool_calls_sum + changed.tool_calls_sum = 0),
posted_change_agent_hourly AS (INSERT INTO _aggregates_posted_agent_hourly AS posted (hour, event_type, agent_name, phase, model, status, invocations, duration_count, duration_ms_sum, tokens_sum, tool_calls_sum)
SELECT hour, event_type, agent_name, phase, model, status, invocations, duration_count, duration_ms_sum, tokens_sum, tool_calls_sum FROM change_agent_hourly AS changed
WHERE (invocations <> 0 OR duration_count <> 0 OR duration_ms_sum <> 0 OR tokens_sum <> 0 OR tool_calls_sum <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_agent_hourly AS posted WHERE posted.hour = changed.hour AND posted.event_type = changed.event_type AND posted.agent_name = changed.agent_name AND posted.phase = changed.phase AND posted.model = changed.model AND posted.status = changed.status AND posted.invocations + changed.invocations = 0 AND posted.duration_count + changed.duration_count = 0 AND posted.duration_ms_sum + changed.duration_ms_sum = 0 AND posted.tokens_sum + changed.tokens_sum = 0 AND posted.tool_calls_sum + changed.tool_calls_sum = 0)
ON CONFLICT (hour, event_type, agent_name, phase, model, status) DO UPDATE SET
invocations = posted.invocations + excluded.invocations,
duration_count = posted.duration_count + excluded.duration_count,
duration_ms_sum = posted.duration_ms_sum + excluded.duration_ms_sum,
tokens_sum = posted.tokens_sum + excluded.tokens_sum,
tool_calls_sum = posted.tool_calls_sum + excluded.tool_calls_sum),
swept_change_agent_durations AS (DELETE FROM _aggregates_posted_agent_durations AS posted USING change_agent_durations AS changed
WHERE posted.agent_name = changed.agent_name AND posted.le_ms = changed.le_ms AND posted.event_type = changed.event_type AND posted.phase = changed.phase AND posted.model = changed.model AND posted.runs + changed.runs = 0 AND posted.duration_ms_sum + changed.duration_ms_sum = 0),
posted_change_agent_durations AS (INSERT INTO _aggregates_posted_agent_durations AS posted (agent_name, le_ms, event_type, phase, model, runs, duration_ms_sum)
SELECT agent_name, le_ms, event_type, phase, model, runs, duration_ms_sum FROM change_agent_durations AS changed
WHERE (runs <> 0 OR duration_ms_sum <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_agent_durations AS posted WHERE posted.agent_name = changed.agent_name AND posted.le_ms = changed.le_ms AND posted.event_type = changed.event_type AND posted.phase = changed.phase AND posted.model = changed.model AND posted.runs + changed.runs = 0 AND posted.duration_ms_sum + changed.duration_ms_sum = 0)
ON CONFLICT (agent_name, le_ms, event_type, phase, model) DO UPDATE SET
runs = posted.runs + excluded.runs,
duration_ms_sum = posted.duration_ms_sum + excluded.duration_ms_sum),
swept_change_agent_durations_daily AS (DELETE FROM _aggregates_posted_agent_durations_daily AS posted USING change_agent_durations_daily AS changed
WHERE posted.day = changed.day AND posted.event_type = changed.event_type AND posted.agent_name = changed.agent_name AND posted.le_ms = changed.le_ms AND posted.runs + changed.runs = 0 AND posted.duration_ms_sum + changed.duration_ms_sum = 0),
posted_change_agent_durations_daily AS (INSERT INTO _aggregates_posted_agent_durations_daily AS posted (day, event_type, agent_name, le_ms, runs, duration_ms_sum)
SELECT day, event_type, agent_name, le_ms, runs, duration_ms_sum FROM change_agent_durations_daily AS changed
WHERE (runs <> 0 OR duration_ms_sum <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_agent_durations_daily AS posted WHERE posted.day = changed.day AND posted.event_type = changed.event_type AND posted.agent_name = changed.agent_name AND posted.le_ms = changed.le_ms AND posted.runs + changed.runs = 0 AND posted.duration_ms_sum + changed.duration_ms_sum = 0)
ON CONFLICT (day, event_type, agent_name, le_ms) DO UPDATE SET
runs = posted.runs + excluded.runs,
duration_ms_sum = posted.duration_ms_sum + excluded.duration_ms_sum),
swept_change_agent_activity AS (DELETE FROM _aggregates_posted_agent_activity AS posted USING change_agent_activity AS changed
WHERE posted.agent_name = changed.agent_name AND posted.invocations + changed.invocations = 0 AND posted.succeeded + changed.succeeded = 0 AND posted.failed + changed.failed = 0 AND posted.in_flight + changed.in_flight = 0 AND posted.sessions + changed.sessions = 0),
posted_change_agent_activity AS (INSERT INTO _aggregates_posted_agent_activity AS posted (agent_name, invocations, succeeded, failed, in_flight, sessions, updated_at)
SELECT agent_name, invocations, succeeded, failed, in_flight, sessions, updated_at FROM change_agent_activity AS changed
WHERE (invocations <> 0 OR succeeded <> 0 OR failed <> 0 OR in_flight <> 0 OR sessions <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_agent_activity AS posted WHERE posted.agent_name = changed.agent_name AND posted.invocations + changed.invocations = 0 AND posted.succeeded + changed.succeeded = 0 AND posted.failed + changed.failed = 0 AND posted.in_flight + changed.in_flight = 0 AND posted.sessions + changed.sessions = 0)
ON CONFLICT (agent_name) DO UPDATE SET
invocations = posted.invocations + excluded.invocations,
succeeded = posted.succeeded + excluded.succeeded,
failed = posted.failed + excluded.failed,
in_flight = posted.in_flight + excluded.in_flight,
sessions = posted.sessions + excluded.sessions,
updated_at = greatest(posted.updated_at, excluded.updated_at)),
swept_change_session_agents AS (DELETE FROM _aggregates_posted_session_agents AS posted USING change_session_agents AS changed
WHERE posted.session_id = changed.session_id AND posted.agent_name = changed.agent_name AND posted.invocations + changed.invocations = 0),
posted_change_session_agents AS (INSERT INTO _aggregates_posted_session_agents AS posted (session_id, agent_name, invocations)
SELECT session_id, agent_name, invocations FROM change_session_agents AS changed
WHERE (invocations <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_session_agents AS posted WHERE posted.session_id = changed.session_id AND posted.agent_name = changed.agent_name AND posted.invocations + changed.invocations = 0)
ON CONFLICT (session_id, agent_name) DO UPDATE SET
invocations = posted.invocations + excluded.invocations),
swept_change_open_runs AS (DELETE FROM _aggregates_posted_open_runs AS posted USING change_open_runs AS changed
WHERE posted.start_time = changed.start_time AND posted.invocation_id = changed.invocation_id AND posted.session_id = changed.session_id AND posted.agent_name = changed.agent_name AND posted.phase = changed.phase AND posted.rows + changed.rows = 0),
posted_change_open_runs AS (INSERT INTO _aggregates_posted_open_runs AS posted (start_time, invocation_id, session_id, agent_name, phase, rows)
SELECT start_time, invocation_id, session_id, agent_name, phase, rows FROM change_open_runs AS changed
WHERE (rows <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_open_runs AS posted WHERE posted.start_time = changed.start_time AND posted.invocation_id = changed.invocation_id AND posted.session_id = changed.session_id AND posted.agent_name = changed.agent_name AND posted.phase = changed.phase AND posted.rows + changed.rows = 0)
ON CONFLICT (start_time, invocation_id, session_id, agent_name, phase) DO UPDATE SET
rows = posted.rows + excluded.rows),
swept_change_agent_starts AS (DELETE FROM _aggregates_posted_agent_starts AS posted USING change_agent_starts AS changed
WHERE posted.agent_name = changed.agent_name AND posted.start_time = changed.start_time AND posted.invocation_id = changed.invocation_id AND posted.invocations + changed.invocations = 0),
posted_change_agent_starts AS (INSERT INTO _aggregates_posted_agent_starts AS posted (agent_name, start_time, invocation_id, invocations)
SELECT agent_name, start_time, invocation_id, invocations FROM change_agent_starts AS changed
WHERE (invocations <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_agent_starts AS posted WHERE posted.agent_name = changed.agent_name AND posted.start_time = changed.start_time AND posted.invocation_id = changed.invocation_id AND posted.invocations + changed.invocations = 0)
ON CONFLICT (agent_name, start_time, invocation_id) DO UPDATE SET
invocations = posted.invocations + excluded.invocations),
swept_change_session_phases AS (DELETE FROM _aggregates_posted_session_phases AS posted USING change_session_phases AS changed
WHERE posted.session_id = changed.session_id AND posted.phase = changed.phase AND posted.invocations + changed.invocations = 0),
posted_change_session_phases AS (INSERT INTO _aggregates_posted_session_phases AS posted (session_id, phase, invocations)
SELECT session_id, phase, invocations FROM change_session_phases AS changed
WHERE (invocations <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_session_phases AS posted WHERE posted.session_id = changed.session_id AND posted.phase = changed.phase AND posted.invocations + changed.invocations = 0)
ON CONFLICT (session_id, phase) DO UPDATE SET
invocations = posted.invocations + excluded.invocations),
swept_change_session_stats AS (DELETE FROM _aggregates_posted_session_stats AS posted USING change_session_stats AS changed
WHERE posted.session_id = changed.session_id AND posted.invocations + changed.invocations = 0 AND posted.succeeded + changed.succeeded = 0 AND posted.failed + changed.failed = 0 AND posted.in_flight + changed.in_flight = 0 AND posted.duration_count + changed.duration_count = 0 AND posted.duration_ms_sum + changed.duration_ms_sum = 0 AND posted.agents + changed.agents = 0 AND posted.phases + changed.phases = 0),
posted_change_session_stats AS (INSERT INTO _aggregates_posted_session_stats AS posted (session_id, invocations, succeeded, failed, in_flight, duration_count, duration_ms_sum, agents, phases, changed_seq)
SELECT session_id, invocations, succeeded, failed, in_flight, duration_count, duration_ms_sum, agents, phases, changed_seq FROM change_session_stats AS changed
WHERE (invocations <> 0 OR succeeded <> 0 OR failed <> 0 OR in_flight <> 0 OR duration_count <> 0 OR duration_ms_sum <> 0 OR agents <> 0 OR phases <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_session_stats AS posted WHERE posted.session_id = changed.session_id AND posted.invocations + changed.invocations = 0 AND posted.succeeded + changed.succeeded = 0 AND posted.failed + changed.failed = 0 AND posted.in_flight + changed.in_flight = 0 AND posted.duration_count + changed.duration_count = 0 AND posted.duration_ms_sum + changed.duration_ms_sum = 0 AND posted.agents + changed.agents = 0 AND posted.phases + changed.phases = 0)
ON CONFLICT (session_id) DO UPDATE SET
invocations = posted.invocations + excluded.invocations,
succeeded = posted.succeeded + excluded.succeeded,
failed = posted.failed + excluded.failed,
in_flight = posted.in_flight + excluded.in_flight,
duration_count = posted.duration_count + excluded.duration_count,
duration_ms_sum = posted.duration_ms_sum + excluded.duration_ms_sum,
agents = posted.agents + excluded.agents,
phases = posted.phases + excluded.phases,
changed_seq = greatest(posted.changed_seq, excluded.changed_seq)),
swept_change_session_starts AS (DELETE FROM _aggregates_posted_session_starts AS posted USING change_session_starts AS changed
WHERE posted.session_id = changed.session_id AND posted.start_time = changed.start_time AND posted.invocation_id = changed.invocation_id AND posted.invocations + changed.invocations = 0),
posted_change_session_starts AS (INSERT INTO _aggregates_posted_session_starts AS posted (session_id, start_time, invocation_id, invocations)
SELECT session_id, start_time, invocation_id, invocations FROM change_session_starts AS changed
WHERE (invocations <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_session_starts AS posted WHERE posted.session_id = changed.session_id AND posted.start_time = changed.start_time AND posted.invocation_id = changed.invocation_id AND posted.invocations + changed.invocations = 0)
ON CONFLICT (session_id, start_time, invocation_id) DO UPDATE SET
invocations = posted.invocations + excluded.invocations),
swept_change_session_ends AS (DELETE FROM _aggregates_posted_session_ends AS posted USING change_session_ends AS changed
WHERE posted.session_id = changed.session_id AND posted.end_time = changed.end_time AND posted.invocation_id = changed.invocation_id AND posted.invocations + changed.invocations = 0),
posted_change_session_ends AS (INSERT INTO _aggregates_posted_session_ends AS posted (session_id, end_time, invocation_id, invocations)
SELECT session_id, end_time, invocation_id, invocations FROM change_session_ends AS changed
WHERE (invocations <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_session_ends AS posted WHERE posted.session_id = changed.session_id AND posted.end_time = changed.end_time AND posted.invocation_id = changed.invocation_id AND posted.invocations + changed.invocations = 0)
ON CONFLICT (session_id, end_time, invocation_id) DO UPDATE SET
invocations = posted.invocations + excluded.invocations),
swept_change_session_totals AS (DELETE FROM _aggregates_posted_session_totals AS posted USING change_session_totals AS changed
WHERE posted.agent_name = changed.agent_name AND posted.sessions + changed.sessions = 0),
posted_change_session_totals AS (INSERT INTO _aggregates_posted_session_totals AS posted (agent_name, sessions)
SELECT agent_name, sessions FROM change_session_totals AS changed
WHERE (sessions <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_session_totals AS posted WHERE posted.agent_name = changed.agent_name AND posted.sessions + changed.sessions = 0)
ON CONFLICT (agent_name) DO UPDATE SET
sessions = posted.sessions + excluded.sessions)
SELECT count(*) INTO found FROM entries;
DELETE FROM agent_invocation_changes WHERE seq <= (SELECT max(seq) FROM agent_invocation_changes) - 100000;
RETURN found;
END
$$;

-- [function] _aggregates_run_fill()
CREATE FUNCTION _aggregates_run_fill() RETURNS bigint LANGUAGE plpgsql
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    SET work_mem = '32MB' AS $$
DECLARE
  found bigint;
BEGIN
DELETE FROM _aggregates_posted_agent_stats;
DELETE FROM _aggregates_posted_agent_hourly;
DELETE FROM _aggregates_posted_agent_durations;
DELETE FROM _aggregates_posted_agent_durations_daily;
DELETE FROM _aggregates_posted_agent_activity;
DELETE FROM _aggregates_posted_session_agents;
DELETE FROM _aggregates_posted_open_runs;
DELETE FROM _aggregates_posted_agent_starts;
DELETE FROM _aggregates_posted_session_phases;
DELETE FROM _aggregates_posted_session_stats;
DELETE FROM _aggregates_posted_session_starts;
DELETE FROM _aggregates_posted_session_ends;
DELETE FROM _aggregates_posted_session_totals;
WITH entries AS MATERIALIZED (SELECT * FROM _aggregates_run_unposted),
taken AS (DELETE FROM _aggregates_run_queue),
logged AS (INSERT INTO agent_invocation_changes (seq, operation, updated_at, invocation_id, old_invocation_id, old_timestamp, new_timestamp, old_session_id, new_session_id, old_event_type, new_event_type, old_phase, new_phase, old_agent_name, new_agent_name, old_model, new_model, old_start_time, new_start_time, old_end_time, new_end_time, old_duration_seconds, new_duration_seconds, old_status, new_status, old_tokens, new_tokens, old_tool_calls, new_tool_calls) SELECT seq, operation, updated_at, invocation_id, old_invocation_id, old_timestamp, new_timestamp, old_session_id, new_session_id, old_event_type, new_event_type, old_phase, new_phase, old_agent_name, new_agent_name, old_model, new_model, old_start_time, new_start_time, old_end_time, new_end_time, old_duration_seconds, new_duration_seconds, old_status, new_status, old_tokens, new_tokens, old_tool_calls, new_tool_calls FROM entries),
facts AS MATERIALIZED (
SELECT *,
CASE WHEN duration_ms IS NOT NULL THEN (SELECT le_ms FROM duration_bounds WHERE le_ms >= duration_ms ORDER BY le_ms LIMIT 1) END AS le_ms
FROM (
SELECT *,
CASE WHEN CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN CAST(extract(epoch FROM CAST("end" AS timestamp) - CAST(start AS timestamp)) * 1000 AS bigint) END BETWEEN 0 AND 315360000000 THEN CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN CAST(extract(epoch FROM CAST("end" AS timestamp) - CAST(start AS timestamp)) * 1000 AS bigint) END WHEN measured_ms <= 315360000000 THEN measured_ms END AS duration_ms,
CAST(status_name = 'completed' AS integer) AS succeeded,
CAST(status_name = 'failed' OR status_name = 'error' AS integer) AS failed,
start IS NOT NULL AND has_no_end AND NOT (status_name = 'completed' OR status_name = 'failed' OR status_name = 'error') AS in_flight,
start IS NULL AND NOT has_no_start AS unreadable_start,
"end" IS NULL AND NOT has_no_end AS unreadable_end,
coalesce(left(start, 13) || ':00:00', '') AS hour
FROM (
SELECT *,
coalesce(agent_name NOT IN ('', 'unknown'), false) AND event_type IS DISTINCT FROM 'subagent_stop' AND event_type IS DISTINCT FROM 'tool_tracking_start' AS is_invocation,
coalesce(session_id, '') AS session,
coalesce(event_type, '') AS event,
coalesce(agent_name, '') AS agent,
coalesce(phase, '') AS phase_name,
coalesce(model, '') AS model_name,
coalesce(status, '') AS status_name,
tokens AS token_count,
tool_calls AS tool_call_count,
CASE WHEN start_time ~ '^[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[+]00)?$' AND left(start_time, 4) <> '0000' THEN
left(start_time, 10) || 'T' || substr(start_time, 12, 8) || '.' || rpad(left(split_part(substr(start_time, 21), '+', 1), 3), 3, '0')
ELSE _aggregates_time(start_time) END AS start,
CASE WHEN end_time ~ '^[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[+]00)?$' AND left(end_time, 4) <> '0000' THEN
left(end_time, 10) || 'T' || substr(end_time, 12, 8) || '.' || rpad(left(split_part(substr(end_time, 21), '+', 1), 3), 3, '0')
ELSE _aggregates_time(end_time) END AS "end",
((substr(btrim(start_time, E' \t\n\r'), 11) ~ '[+Zz-]') = (substr(btrim(end_time, E' \t\n\r'), 11) ~ '[+Zz-]')) AS is_same_clock,
start_time IS NULL AS has_no_start,
end_time IS NULL AS has_no_end,
CASE WHEN duration_seconds BETWEEN 0 AND 1e12 THEN CAST(floor(duration_seconds * 1000 + 0.5) AS bigint) END AS measured_ms
FROM (
SELECT 1 AS sign, coalesce((SELECT max(seq) FROM entries), (SELECT max(seq) FROM agent_invocation_changes), 0) AS seq, CAST(NULL AS timestamptz) AS updated_at, image.*
FROM (
SELECT CAST(one.id AS bigint) AS invocation_id,
CAST(one.timestamp AS text) AS timestamp,
CAST(one.session_id AS text) AS session_id,
CAST(one.event_type AS text) AS event_type,
CAST(one.phase AS text) AS phase,
CAST(one.agent_name AS text) AS agent_name,
CAST(one.model AS text) AS model,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.duration_seconds AS double precision) AS duration_seconds,
CAST(one.status AS text) AS status,
_aggregates_number(one.raw_output, 'totalTokens') AS tokens,
_aggregates_number(one.raw_output, 'totalToolUseCount') AS tool_calls
FROM agent_invocations AS one
) AS image
) AS level0 OFFSET 0
) AS level1 OFFSET 0
) AS level2 OFFSET 0
),
change_agent_stats AS MATERIALIZED (
SELECT event_type,
agent_name,
phase,
model,
status,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(tokens_sum) AS bigint) AS tokens_sum,
CAST(sum(tool_calls_sum) AS bigint) AS tool_calls_sum,
CAST(sum(unreadable_times) AS bigint) AS unreadable_times
FROM (
SELECT (fact.event) COLLATE "C" AS event_type,
(fact.agent) COLLATE "C" AS agent_name,
(fact.phase_name) COLLATE "C" AS phase,
(fact.model_name) COLLATE "C" AS model,
(fact.status_name) COLLATE "C" AS status,
sign * (1) AS invocations,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
sign * (fact.token_count) AS tokens_sum,
sign * (fact.tool_call_count) AS tool_calls_sum,
sign * (CAST(fact.unreadable_start OR fact.unreadable_end AS integer)) AS unreadable_times
FROM facts AS fact
) AS part
GROUP BY event_type, agent_name, phase, model, status
),
change_agent_hourly AS MATERIALIZED (
SELECT hour,
event_type,
agent_name,
phase,
model,
status,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(tokens_sum) AS bigint) AS tokens_sum,
CAST(sum(tool_calls_sum) AS bigint) AS tool_calls_sum
FROM (
SELECT (fact.hour) COLLATE "C" AS hour,
(fact.event) COLLATE "C" AS event_type,
(fact.agent) COLLATE "C" AS agent_name,
(fact.phase_name) COLLATE "C" AS phase,
(fact.model_name) COLLATE "C" AS model,
(fact.status_name) COLLATE "C" AS status,
sign * (1) AS invocations,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
sign * (fact.token_count) AS tokens_sum,
sign * (fact.tool_call_count) AS tool_calls_sum
FROM facts AS fact
) AS part
GROUP BY hour, event_type, agent_name, phase, model, status
),
change_agent_durations AS MATERIALIZED (
SELECT agent_name,
le_ms,
event_type,
phase,
model,
CAST(sum(runs) AS bigint) AS runs,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.le_ms) AS le_ms,
(fact.event) COLLATE "C" AS event_type,
(fact.phase_name) COLLATE "C" AS phase,
(fact.model_name) COLLATE "C" AS model,
sign * (1) AS runs,
sign * (fact.duration_ms) AS duration_ms_sum
FROM facts AS fact
WHERE fact.duration_ms IS NOT NULL
) AS part
GROUP BY agent_name, le_ms, event_type, phase, model
),
change_agent_durations_daily AS MATERIALIZED (
SELECT day,
event_type,
agent_name,
le_ms,
CAST(sum(runs) AS bigint) AS runs,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum
FROM (
SELECT (coalesce(left(fact.start, 10), '')) COLLATE "C" AS day,
(fact.event) COLLATE "C" AS event_type,
(fact.agent) COLLATE "C" AS agent_name,
(fact.le_ms) AS le_ms,
sign * (1) AS runs,
sign * (fact.duration_ms) AS duration_ms_sum
FROM facts AS fact
WHERE fact.duration_ms IS NOT NULL
) AS part
GROUP BY day, event_type, agent_name, le_ms
),
change_session_agents AS MATERIALIZED (
SELECT session_id,
agent_name,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.agent) COLLATE "C" AS agent_name,
sign * (1) AS invocations
FROM facts AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, agent_name
),
change_open_runs AS MATERIALIZED (
SELECT start_time,
invocation_id,
session_id,
agent_name,
phase,
CAST(sum(rows) AS bigint) AS rows
FROM (
SELECT (fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
(fact.session) COLLATE "C" AS session_id,
(fact.agent) COLLATE "C" AS agent_name,
(fact.phase_name) COLLATE "C" AS phase,
sign * (1) AS rows
FROM facts AS fact
WHERE fact.is_invocation AND fact.in_flight
) AS part
GROUP BY start_time, invocation_id, session_id, agent_name, phase
),
change_agent_starts AS MATERIALIZED (
SELECT agent_name,
start_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM facts AS fact
WHERE fact.is_invocation AND fact.start IS NOT NULL
) AS part
GROUP BY agent_name, start_time, invocation_id
),
change_session_phases AS MATERIALIZED (
SELECT session_id,
phase,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.phase_name) COLLATE "C" AS phase,
sign * (1) AS invocations
FROM facts AS fact
WHERE fact.is_invocation
) AS part
GROUP BY session_id, phase
),
change_session_starts AS MATERIALIZED (
SELECT session_id,
start_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.start) COLLATE "C" AS start_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM facts AS fact
WHERE fact.is_invocation AND fact.start IS NOT NULL
) AS part
GROUP BY session_id, start_time, invocation_id
),
change_session_ends AS MATERIALIZED (
SELECT session_id,
end_time,
invocation_id,
CAST(sum(invocations) AS bigint) AS invocations
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact."end") COLLATE "C" AS end_time,
(fact.invocation_id) AS invocation_id,
sign * (1) AS invocations
FROM facts AS fact
WHERE fact.is_invocation AND fact."end" IS NOT NULL
) AS part
GROUP BY session_id, end_time, invocation_id
),
change_agent_activity AS MATERIALIZED (
SELECT agent_name,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(succeeded) AS bigint) AS succeeded,
CAST(sum(failed) AS bigint) AS failed,
CAST(sum(in_flight) AS bigint) AS in_flight,
CAST(sum(sessions) AS bigint) AS sessions,
max(updated_at) AS updated_at
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
sign * (1) AS invocations,
sign * (fact.succeeded) AS succeeded,
sign * (fact.failed) AS failed,
sign * CAST(fact.in_flight AS integer) AS in_flight,
0 AS sessions,
updated_at AS updated_at
FROM facts AS fact
WHERE fact.is_invocation
UNION ALL
SELECT changed.agent_name AS agent_name,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
CAST(changed.invocations <> 0 AS integer) AS sessions,
CAST(NULL AS timestamptz) AS updated_at
FROM change_session_agents AS changed
WHERE changed.session_id <> ''
) AS part
GROUP BY agent_name
),
change_session_stats AS MATERIALIZED (
SELECT session_id,
CAST(sum(invocations) AS bigint) AS invocations,
CAST(sum(succeeded) AS bigint) AS succeeded,
CAST(sum(failed) AS bigint) AS failed,
CAST(sum(in_flight) AS bigint) AS in_flight,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(agents) AS bigint) AS agents,
CAST(sum(phases) AS bigint) AS phases,
max(changed_seq) AS changed_seq
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
sign * (1) AS invocations,
sign * (fact.succeeded) AS succeeded,
sign * (fact.failed) AS failed,
sign * CAST(fact.in_flight AS integer) AS in_flight,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
0 AS agents,
0 AS phases,
seq AS changed_seq
FROM facts AS fact
WHERE fact.is_invocation
UNION ALL
SELECT changed.session_id AS session_id,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
0 AS duration_count,
0 AS duration_ms_sum,
CAST(changed.invocations <> 0 AS integer) AS agents,
0 AS phases,
CAST(NULL AS bigint) AS changed_seq
FROM change_session_agents AS changed
WHERE changed.agent_name <> ''
UNION ALL
SELECT changed.session_id AS session_id,
0 AS invocations,
0 AS succeeded,
0 AS failed,
0 AS in_flight,
0 AS duration_count,
0 AS duration_ms_sum,
0 AS agents,
CAST(changed.invocations <> 0 AS integer) AS phases,
CAST(NULL AS bigint) AS changed_seq
FROM change_session_phases AS changed
WHERE changed.phase <> ''
) AS part
GROUP BY session_id
),
change_session_totals AS MATERIALIZED (
SELECT agent_name,
CAST(sum(sessions) AS bigint) AS sessions
FROM (
SELECT ('') COLLATE "C" AS agent_name,
0 AS sessions
FROM facts AS fact
WHERE fact.is_invocation
UNION ALL
SELECT ('') COLLATE "C" AS agent_name,
CAST(changed.invocations <> 0 AS integer) AS sessions
FROM change_session_stats AS changed
WHERE changed.session_id <> ''
) AS part
GROUP BY agent_name
),
posted_change_agent_stats AS (INSERT INTO _aggregates_posted_agent_stats (event_type, agent_name, phase, model, status, invocations, duration_count, duration_ms_sum, tokens_sum, tool_calls_sum, unreadable_times) SELECT event_type, agent_name, phase, model, status, invocations, duration_count, duration_ms_sum, tokens_sum, tool_calls_sum, unreadable_times FROM change_agent_stats
WHERE invocations <> 0 OR duration_count <> 0 OR duration_ms_sum <> 0 OR tokens_sum <> 0 OR tool_calls_sum <> 0 OR unreadable_times <> 0),
posted_change_agent_hourly AS (INSERT INTO _aggregates_posted_agent_hourly (hour, event_type, agent_name, phase, model, status, invocations, duration_count, duration_ms_sum, tokens_sum, tool_calls_sum) SELECT hour, event_type, agent_name, phase, model, status, invocations, duration_count, duration_ms_sum, tokens_sum, tool_calls_sum FROM change_agent_hourly
WHERE invocations <> 0 OR duration_count <> 0 OR duration_ms_sum <> 0 OR tokens_sum <> 0 OR tool_calls_sum <> 0),
posted_change_agent_durations AS (INSERT INTO _aggregates_posted_agent_durations (agent_name, le_ms, event_type, phase, model, runs, duration_ms_sum) SELECT agent_name, le_ms, event_type, phase, model, runs, duration_ms_sum FROM change_agent_durations
WHERE runs <> 0 OR duration_ms_sum <> 0),
posted_change_agent_durations_daily AS (INSERT INTO _aggregates_posted_agent_durations_daily (day, event_type, agent_name, le_ms, runs, duration_ms_sum) SELECT day, event_type, agent_name, le_ms, runs, duration_ms_sum FROM change_agent_durations_daily
WHERE runs <> 0 OR duration_ms_sum <> 0),
posted_change_agent_activity AS (INSERT INTO _aggregates_posted_agent_activity (agent_name, invocations, succeeded, failed, in_flight, sessions, updated_at) SELECT agent_name, invocations, succeeded, failed, in_flight, sessions, updated_at FROM change_agent_activity
WHERE invocations <> 0 OR succeeded <> 0 OR failed <> 0 OR in_flight <> 0 OR sessions <> 0),
posted_change_session_agents AS (INSERT INTO _aggregates_posted_session_agents (session_id, agent_name, invocations) SELECT session_id, agent_name, invocations FROM change_session_agents
WHERE invocations <> 0),
posted_change_open_runs AS (INSERT INTO _aggregates_posted_open_runs (start_time, invocation_id, session_id, agent_name, phase, rows) SELECT start_time, invocation_id, session_id, agent_name, phase, rows FROM change_open_runs
WHERE rows <> 0),
posted_change_agent_starts AS (INSERT INTO _aggregates_posted_agent_starts (agent_name, start_time, invocation_id, invocations) SELECT agent_name, start_time, invocation_id, invocations FROM change_agent_starts
WHERE invocations <> 0),
posted_change_session_phases AS (INSERT INTO _aggregates_posted_session_phases (session_id, phase, invocations) SELECT session_id, phase, invocations FROM change_session_phases
WHERE invocations <> 0),
posted_change_session_stats AS (INSERT INTO _aggregates_posted_session_stats (session_id, invocations, succeeded, failed, in_flight, duration_count, duration_ms_sum, agents, phases, changed_seq) SELECT session_id, invocations, succeeded, failed, in_flight, duration_count, duration_ms_sum, agents, phases, changed_seq FROM change_session_stats
WHERE invocations <> 0 OR succeeded <> 0 OR failed <> 0 OR in_flight <> 0 OR duration_count <> 0 OR duration_ms_sum <> 0 OR agents <> 0 OR phases <> 0),
posted_change_session_starts AS (INSERT INTO _aggregates_posted_session_starts (session_id, start_time, invocation_id, invocations) SELECT session_id, start_time, invocation_id, invocations FROM change_session_starts
WHERE invocations <> 0),
posted_change_session_ends AS (INSERT INTO _aggregates_posted_session_ends (session_id, end_time, invocation_id, invocations) SELECT session_id, end_time, invocation_id, invocations FROM change_session_ends
WHERE invocations <> 0),
posted_change_session_totals AS (INSERT INTO _aggregates_posted_session_totals (agent_name, sessions) SELECT agent_name, sessions FROM change_session_totals
WHERE sessions <> 0)
SELECT count(*) INTO found FROM facts;
RETURN found;
END
$$;

-- [data] _aggregates_run_fill
SELECT _aggregates_run_fill();
