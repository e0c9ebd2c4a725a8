-- [view] _aggregates_use_changes
CREATE VIEW _aggregates_use_changes AS
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
start IS NULL AND NOT has_no_start AS unreadable_start,
"end" IS NULL AND NOT has_no_end AS unreadable_end
FROM (
SELECT *,
coalesce(session_id, '') AS session,
coalesce(agent_name, '') AS agent,
coalesce(tool_name, '') AS tool,
coalesce(status, '') AS status_name,
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
FROM _aggregates_use_unposted AS entry CROSS JOIN LATERAL (VALUES
(-1, entry.operation <> 'insert', coalesce(old_tool_use_id, tool_use_id), old_session_id,
    old_agent_name, old_tool_name, old_start_time, old_end_time, old_duration_seconds, old_status),
(1, entry.operation <> 'delete', tool_use_id, new_session_id, new_agent_name, new_tool_name,
    new_start_time, new_end_time, new_duration_seconds, new_status)
) AS side (sign, is_there, tool_use_id, session_id, agent_name, tool_name, start_time, end_time,
    duration_seconds, status)
WHERE side.is_there
) AS level0 OFFSET 0
) AS level1 OFFSET 0
) AS level2 OFFSET 0;

-- [view] tool_stats
CREATE VIEW tool_stats AS
SELECT agent_name, tool_name, status, uses, duration_count, duration_ms_sum, unreadable_times FROM
    _aggregates_posted_tool_stats
WHERE (agent_name, tool_name, status) NOT IN (SELECT agent_name, tool_name, status FROM (
SELECT agent_name,
tool_name,
status,
CAST(sum(uses) AS bigint) AS uses,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(unreadable_times) AS bigint) AS unreadable_times
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.tool) COLLATE "C" AS tool_name,
(fact.status_name) COLLATE "C" AS status,
sign * (1) AS uses,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
sign * (CAST(fact.unreadable_start OR fact.unreadable_end AS integer)) AS unreadable_times
FROM _aggregates_use_changes AS fact
) AS part
GROUP BY agent_name, tool_name, status
) AS changed)
UNION ALL
SELECT changed.agent_name, changed.tool_name, changed.status, coalesce(posted.uses, 0) +
    changed.uses, coalesce(posted.duration_count, 0) + changed.duration_count,
    coalesce(posted.duration_ms_sum, 0) + changed.duration_ms_sum, coalesce(posted.unreadable_times,
    0) + changed.unreadable_times
FROM (
SELECT agent_name,
tool_name,
status,
CAST(sum(uses) AS bigint) AS uses,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(unreadable_times) AS bigint) AS unreadable_times
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.tool) COLLATE "C" AS tool_name,
(fact.status_name) COLLATE "C" AS status,
sign * (1) AS uses,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
sign * (CAST(fact.unreadable_start OR fact.unreadable_end AS integer)) AS unreadable_times
FROM _aggregates_use_changes AS fact
) AS part
GROUP BY agent_name, tool_name, status
) AS changed
LEFT JOIN _aggregates_posted_tool_stats AS posted USING (agent_name, tool_name, status)
WHERE coalesce(posted.uses, 0) + changed.uses <> 0 OR coalesce(posted.duration_count, 0) +
    changed.duration_count <> 0 OR coalesce(posted.duration_ms_sum, 0) + changed.duration_ms_sum <>
    0 OR coalesce(posted.unreadable_times, 0) + changed.unreadable_times <> 0;

-- [view] tool_durations
CREATE VIEW tool_durations AS
SELECT agent_name, tool_name, le_ms, uses, duration_ms_sum FROM _aggregates_posted_tool_durations
WHERE (agent_name, tool_name, le_ms) NOT IN (SELECT agent_name, tool_name, le_ms FROM (
SELECT agent_name,
tool_name,
le_ms,
CAST(sum(uses) AS bigint) AS uses,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.tool) COLLATE "C" AS tool_name,
(fact.le_ms) AS le_ms,
sign * (1) AS uses,
sign * (fact.duration_ms) AS duration_ms_sum
FROM _aggregates_use_changes AS fact
WHERE fact.duration_ms IS NOT NULL
) AS part
GROUP BY agent_name, tool_name, le_ms
) AS changed)
UNION ALL
SELECT changed.agent_name, changed.tool_name, changed.le_ms, coalesce(posted.uses, 0) +
    changed.uses, coalesce(posted.duration_ms_sum, 0) + changed.duration_ms_sum
FROM (
SELECT agent_name,
tool_name,
le_ms,
CAST(sum(uses) AS bigint) AS uses,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.tool) COLLATE "C" AS tool_name,
(fact.le_ms) AS le_ms,
sign * (1) AS uses,
sign * (fact.duration_ms) AS duration_ms_sum
FROM _aggregates_use_changes AS fact
WHERE fact.duration_ms IS NOT NULL
) AS part
GROUP BY agent_name, tool_name, le_ms
) AS changed
LEFT JOIN _aggregates_posted_tool_durations AS posted USING (agent_name, tool_name, le_ms)
WHERE coalesce(posted.uses, 0) + changed.uses <> 0 OR coalesce(posted.duration_ms_sum, 0) +
    changed.duration_ms_sum <> 0;

-- [view] _aggregates_session_tool_uses
CREATE VIEW _aggregates_session_tool_uses AS
SELECT session_id, start_time, tool_use_id FROM (
SELECT session_id, start_time, tool_use_id, rows FROM _aggregates_posted_session_tool_uses
WHERE (session_id, start_time, tool_use_id) NOT IN (SELECT session_id, start_time, tool_use_id FROM
    (
SELECT session_id,
start_time,
tool_use_id,
CAST(sum(rows) AS bigint) AS rows
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.start) COLLATE "C" AS start_time,
(fact.tool_use_id) AS tool_use_id,
sign * (1) AS rows
FROM _aggregates_use_changes AS fact
WHERE fact.start IS NOT NULL
) AS part
GROUP BY session_id, start_time, tool_use_id
) AS changed)
UNION ALL
SELECT changed.session_id, changed.start_time, changed.tool_use_id, coalesce(posted.rows, 0) +
    changed.rows
FROM (
SELECT session_id,
start_time,
tool_use_id,
CAST(sum(rows) AS bigint) AS rows
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.start) COLLATE "C" AS start_time,
(fact.tool_use_id) AS tool_use_id,
sign * (1) AS rows
FROM _aggregates_use_changes AS fact
WHERE fact.start IS NOT NULL
) AS part
GROUP BY session_id, start_time, tool_use_id
) AS changed
LEFT JOIN _aggregates_posted_session_tool_uses AS posted USING (session_id, start_time, tool_use_id)
WHERE coalesce(posted.rows, 0) + changed.rows <> 0
) AS listed;

-- [function] _aggregates_use_fold(bigint)
CREATE FUNCTION _aggregates_use_fold(at_most bigint) RETURNS bigint LANGUAGE plpgsql
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    AS $$
DECLARE
  found bigint;
BEGIN
IF NOT EXISTS (SELECT FROM _aggregates_use_queue) THEN
RETURN 0;
END IF;
WITH entries AS MATERIALIZED (SELECT * FROM _aggregates_use_unposted ORDER BY seq LIMIT at_most),
taken AS (DELETE FROM _aggregates_use_queue WHERE entry <= (SELECT max(entry) FROM entries)),
logged AS (INSERT INTO agent_tool_use_changes (seq, operation, updated_at, tool_use_id, old_tool_use_id, old_session_id, new_session_id, old_agent_name, new_agent_name, old_tool_name, new_tool_name, old_start_time, new_start_time, old_end_time, new_end_time, old_duration_seconds, new_duration_seconds, old_status, new_status) SELECT seq, operation, updated_at, tool_use_id, old_tool_use_id, old_session_id, new_session_id, old_agent_name, new_agent_name, old_tool_name, new_tool_name, old_start_time, new_start_time, old_end_time, new_end_time, old_duration_seconds, new_duration_seconds, old_status, new_status FROM entries),
facts AS MATERIALIZED (
SELECT *,
CASE WHEN duration_ms IS NOT NULL THEN (SELECT le_ms FROM duration_bounds WHERE le_ms >= duration_ms ORDER BY le_ms LIMIT 1) END AS le_ms
FROM (
SELECT *,
CASE WHEN CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN CAST(extract(epoch FROM CAST("end" AS timestamp) - CAST(start AS timestamp)) * 1000 AS bigint) END BETWEEN 0 AND 315360000000 THEN CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN CAST(extract(epoch FROM CAST("end" AS timestamp) - CAST(start AS timestamp)) * 1000 AS bigint) END WHEN measured_ms <= 315360000000 THEN measured_ms END AS duration_ms,
start IS NULL AND NOT has_no_start AS unreadable_start,
"end" IS NULL AND NOT has_no_end AS unreadable_end
FROM (
SELECT *,
coalesce(session_id, '') AS session,
coalesce(agent_name, '') AS agent,
coalesce(tool_name, '') AS tool,
coalesce(status, '') AS status_name,
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
(-1, entry.operation <> 'insert', coalesce(old_tool_use_id, tool_use_id), old_session_id, old_agent_name, old_tool_name, old_start_time, old_end_time, old_duration_seconds, old_status),
(1, entry.operation <> 'delete', tool_use_id, new_session_id, new_agent_name, new_tool_name, new_start_time, new_end_time, new_duration_seconds, new_status)
) AS side (sign, is_there, tool_use_id, session_id, agent_name, tool_name, start_time, end_time, duration_seconds, status)
WHERE side.is_there
) AS level0 OFFSET 0
) AS level1 OFFSET 0
) AS level2 OFFSET 0
),
change_tool_stats AS MATERIALIZED (
SELECT agent_name,
tool_name,
status,
CAST(sum(uses) AS bigint) AS uses,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(unreadable_times) AS bigint) AS unreadable_times
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.tool) COLLATE "C" AS tool_name,
(fact.status_name) COLLATE "C" AS status,
sign * (1) AS uses,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
sign * (CAST(fact.unreadable_start OR fact.unreadable_end AS integer)) AS unreadable_times
FROM facts AS fact
) AS part
GROUP BY agent_name, tool_name, status
),
change_tool_durations AS MATERIALIZED (
SELECT agent_name,
tool_name,
le_ms,
CAST(sum(uses) AS bigint) AS uses,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.tool) COLLATE "C" AS tool_name,
(fact.le_ms) AS le_ms,
sign * (1) AS uses,
sign * (fact.duration_ms) AS duration_ms_sum
FROM facts AS fact
WHERE fact.duration_ms IS NOT NULL
) AS part
GROUP BY agent_name, tool_name, le_ms
),
change_session_tool_uses AS MATERIALIZED (
SELECT session_id,
start_time,
tool_use_id,
CAST(sum(rows) AS bigint) AS rows
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.start) COLLATE "C" AS start_time,
(fact.tool_use_id) AS tool_use_id,
sign * (1) AS rows
FROM facts AS fact
WHERE fact.start IS NOT NULL
) AS part
GROUP BY session_id, start_time, tool_use_id
),
swept_change_tool_stats AS (DELETE FROM _aggregates_posted_tool_stats AS posted USING change_tool_stats AS changed
WHERE posted.agent_name = changed.agent_name AND posted.tool_name = changed.tool_name AND posted.status = changed.status AND posted.uses + changed.uses = 0 AND posted.duration_count + changed.duration_count = 0 AND posted.duration_ms_sum + changed.duration_ms_sum = 0 AND posted.unreadable_times + changed.unreadable_times = 0),
posted_change_tool_stats AS (INSERT INTO _aggregates_posted_tool_stats AS posted (agent_name, tool_name, status, uses, duration_count, duration_ms_sum, unreadable_times)
SELECT agent_name, tool_name, status, uses, duration_count, duration_ms_sum, unreadable_times FROM change_tool_stats AS changed
WHERE (uses <> 0 OR duration_count <> 0 OR duration_ms_sum <> 0 OR unreadable_times <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_tool_stats AS posted WHERE posted.agent_name = changed.agent_name AND posted.tool_name = changed.tool_name AND posted.status = changed.status AND posted.uses + changed.uses = 0 AND posted.duration_count + changed.duration_count = 0 AND posted.duration_ms_sum + changed.duration_ms_sum = 0 AND posted.unreadable_times + changed.unreadable_times = 0)
ON CONFLICT (agent_name, tool_name, status) DO UPDATE SET
uses = posted.uses + excluded.uses,
duration_count = posted.duration_count + excluded.duration_count,
duration_ms_sum = posted.duration_ms_sum + excluded.duration_ms_sum,
unreadable_times = posted.unreadable_times + excluded.unreadable_times),
swept_change_tool_durations AS (DELETE FROM _aggregates_posted_tool_durations AS posted USING change_tool_durations AS changed
WHERE posted.agent_name = changed.agent_name AND posted.tool_name = changed.tool_name AND posted.le_ms = changed.le_ms AND posted.uses + changed.uses = 0 AND posted.duration_ms_sum + changed.duration_ms_sum = 0),
posted_change_tool_durations AS (INSERT INTO _aggregates_posted_tool_durations AS posted (agent_name, tool_name, le_ms, uses, duration_ms_sum)
SELECT agent_name, tool_name, le_ms, uses, duration_ms_sum FROM change_tool_durations AS changed
WHERE (uses <> 0 OR duration_ms_sum <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_tool_durations AS posted WHERE posted.agent_name = changed.agent_name AND posted.tool_name = changed.tool_name AND posted.le_ms = changed.le_ms AND posted.uses + changed.uses = 0 AND posted.duration_ms_sum + changed.duration_ms_sum = 0)
ON CONFLICT (agent_name, tool_name, le_ms) DO UPDATE SET
uses = posted.uses + excluded.uses,
duration_ms_sum = posted.duration_ms_sum + excluded.duration_ms_sum),
swept_change_session_tool_uses AS (DELETE FROM _aggregates_posted_session_tool_uses AS posted USING change_session_tool_uses AS changed
WHERE posted.session_id = changed.session_id AND posted.start_time = changed.start_time AND posted.tool_use_id = changed.tool_use_id AND posted.rows + changed.rows = 0),
posted_change_session_tool_uses AS (INSERT INTO _aggregates_posted_session_tool_uses AS posted (session_id, start_time, tool_use_id, rows)
SELECT session_id, start_time, tool_use_id, rows FROM change_session_tool_uses AS changed
WHERE (rows <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_session_tool_uses AS posted WHERE posted.session_id = changed.session_id AND posted.start_time = changed.start_time AND posted.tool_use_id = changed.tool_use_id AND posted.rows + changed.rows = 0)
ON CONFLICT (session_id, start_time, tool_use_id) DO UPDATE SET
rows = posted.rows + excluded.rows)
SELECT count(*) INTO found FROM entries;
DELETE FROM agent_tool_use_changes WHERE seq <= (SELECT max(seq) FROM agent_tool_use_changes) - 100000;
RETURN found;
END
$$;

-- [function] _aggregates_use_fill()
CREATE FUNCTION _aggregates_use_fill() RETURNS bigint LANGUAGE plpgsql
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    SET work_mem = '32MB' AS $$
DECLARE
  found bigint;
BEGIN
DELETE FROM _aggregates_posted_tool_stats;
DELETE FROM _aggregates_posted_tool_durations;
DELETE FROM _aggregates_posted_session_tool_uses;
WITH entries AS MATERIALIZED (SELECT * FROM _aggregates_use_unposted),
taken AS (DELETE FROM _aggregates_use_queue),
logged AS (INSERT INTO agent_tool_use_changes (seq, operation, updated_at, tool_use_id, old_tool_use_id, old_session_id, new_session_id, old_agent_name, new_agent_name, old_tool_name, new_tool_name, old_start_time, new_start_time, old_end_time, new_end_time, old_duration_seconds, new_duration_seconds, old_status, new_status) SELECT seq, operation, updated_at, tool_use_id, old_tool_use_id, old_session_id, new_session_id, old_agent_name, new_agent_name, old_tool_name, new_tool_name, old_start_time, new_start_time, old_end_time, new_end_time, old_duration_seconds, new_duration_seconds, old_status, new_status FROM entries),
facts AS MATERIALIZED (
SELECT *,
CASE WHEN duration_ms IS NOT NULL THEN (SELECT le_ms FROM duration_bounds WHERE le_ms >= duration_ms ORDER BY le_ms LIMIT 1) END AS le_ms
FROM (
SELECT *,
CASE WHEN CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN CAST(extract(epoch FROM CAST("end" AS timestamp) - CAST(start AS timestamp)) * 1000 AS bigint) END BETWEEN 0 AND 315360000000 THEN CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN CAST(extract(epoch FROM CAST("end" AS timestamp) - CAST(start AS timestamp)) * 1000 AS bigint) END WHEN measured_ms <= 315360000000 THEN measured_ms END AS duration_ms,
start IS NULL AND NOT has_no_start AS unreadable_start,
"end" IS NULL AND NOT has_no_end AS unreadable_end
FROM (
SELECT *,
coalesce(session_id, '') AS session,
coalesce(agent_name, '') AS agent,
coalesce(tool_name, '') AS tool,
coalesce(status, '') AS status_name,
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
SELECT 1 AS sign, coalesce((SELECT max(seq) FROM entries), (SELECT max(seq) FROM agent_tool_use_changes), 0) AS seq, CAST(NULL AS timestamptz) AS updated_at, image.*
FROM (
SELECT CAST(one.id AS bigint) AS tool_use_id,
CAST(one.session_id AS text) AS session_id,
CAST(one.agent_name AS text) AS agent_name,
CAST(one.tool_name AS text) AS tool_name,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.duration_seconds AS double precision) AS duration_seconds,
CAST(one.status AS text) AS status
FROM agent_tool_uses AS one
) AS image
) AS level0 OFFSET 0
) AS level1 OFFSET 0
) AS level2 OFFSET 0
),
change_tool_stats AS MATERIALIZED (
SELECT agent_name,
tool_name,
status,
CAST(sum(uses) AS bigint) AS uses,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(unreadable_times) AS bigint) AS unreadable_times
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.tool) COLLATE "C" AS tool_name,
(fact.status_name) COLLATE "C" AS status,
sign * (1) AS uses,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
sign * (CAST(fact.unreadable_start OR fact.unreadable_end AS integer)) AS unreadable_times
FROM facts AS fact
) AS part
GROUP BY agent_name, tool_name, status
),
change_tool_durations AS MATERIALIZED (
SELECT agent_name,
tool_name,
le_ms,
CAST(sum(uses) AS bigint) AS uses,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum
FROM (
SELECT (fact.agent) COLLATE "C" AS agent_name,
(fact.tool) COLLATE "C" AS tool_name,
(fact.le_ms) AS le_ms,
sign * (1) AS uses,
sign * (fact.duration_ms) AS duration_ms_sum
FROM facts AS fact
WHERE fact.duration_ms IS NOT NULL
) AS part
GROUP BY agent_name, tool_name, le_ms
),
change_session_tool_uses AS MATERIALIZED (
SELECT session_id,
start_time,
tool_use_id,
CAST(sum(rows) AS bigint) AS rows
FROM (
SELECT (fact.session) COLLATE "C" AS session_id,
(fact.start) COLLATE "C" AS start_time,
(fact.tool_use_id) AS tool_use_id,
sign * (1) AS rows
FROM facts AS fact
WHERE fact.start IS NOT NULL
) AS part
GROUP BY session_id, start_time, tool_use_id
),
posted_change_tool_stats AS (INSERT INTO _aggregates_posted_tool_stats (agent_name, tool_name, status, uses, duration_count, duration_ms_sum, unreadable_times) SELECT agent_name, tool_name, status, uses, duration_count, duration_ms_sum, unreadable_times FROM change_tool_stats
WHERE uses <> 0 OR duration_count <> 0 OR duration_ms_sum <> 0 OR unreadable_times <> 0),
posted_change_tool_durations AS (INSERT INTO _aggregates_posted_tool_durations (agent_name, tool_name, le_ms, uses, duration_ms_sum) SELECT agent_name, tool_name, le_ms, uses, duration_ms_sum FROM change_tool_durations
WHERE uses <> 0 OR duration_ms_sum <> 0),
posted_change_session_tool_uses AS (INSERT INTO _aggregates_posted_session_tool_uses (session_id, start_time, tool_use_id, rows) SELECT session_id, start_time, tool_use_id, rows FROM change_session_tool_uses
WHERE rows <> 0)
SELECT count(*) INTO found FROM facts;
RETURN found;
END
$$;

-- [data] _aggregates_use_fill
SELECT _aggregates_use_fill();
