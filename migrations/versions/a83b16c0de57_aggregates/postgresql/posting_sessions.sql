-- [view] _aggregates_sessions_changes
CREATE VIEW _aggregates_sessions_changes AS
SELECT *,
CASE WHEN CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN CAST(extract(epoch FROM CAST("end" AS
    timestamp) - CAST(start AS timestamp)) * 1000 AS bigint) END BETWEEN 0 AND 315360000000 THEN
    CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN CAST(extract(epoch FROM CAST("end" AS
    timestamp) - CAST(start AS timestamp)) * 1000 AS bigint) END WHEN NULL <= 315360000000 THEN NULL
    END AS duration_ms,
start IS NOT NULL AND has_no_end AND NOT (status_name = 'completed' OR status_name = 'failed' OR
    status_name = 'error') AS is_open,
start IS NULL AND NOT has_no_start AS unreadable_start,
"end" IS NULL AND NOT has_no_end AS unreadable_end
FROM (
SELECT *,
coalesce(session_id, '') AS session,
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
end_time IS NULL AS has_no_end
FROM (
SELECT entry.seq, entry.updated_at, side.*
FROM _aggregates_sessions_unposted AS entry CROSS JOIN LATERAL (VALUES
(-1, entry.operation <> 'insert', coalesce(old_session_row, session_row), old_session_id,
    old_start_time, old_end_time, old_status),
(1, entry.operation <> 'delete', session_row, new_session_id, new_start_time, new_end_time,
    new_status)
) AS side (sign, is_there, session_row, session_id, start_time, end_time, status)
WHERE side.is_there
) AS level0 OFFSET 0
) AS level1 OFFSET 0;

-- [view] sessions_summary
CREATE VIEW sessions_summary AS
SELECT status, sessions, duration_count, duration_ms_sum, unreadable_times FROM
    _aggregates_posted_sessions_summary
WHERE (status) NOT IN (SELECT status FROM (
SELECT status,
CAST(sum(sessions) AS bigint) AS sessions,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(unreadable_times) AS bigint) AS unreadable_times
FROM (
SELECT (fact.status_name) COLLATE "C" AS status,
sign * (1) AS sessions,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
sign * (CAST(fact.unreadable_start OR fact.unreadable_end AS integer)) AS unreadable_times
FROM _aggregates_sessions_changes AS fact
) AS part
GROUP BY status
) AS changed)
UNION ALL
SELECT changed.status, coalesce(posted.sessions, 0) + changed.sessions,
    coalesce(posted.duration_count, 0) + changed.duration_count, coalesce(posted.duration_ms_sum, 0)
    + changed.duration_ms_sum, coalesce(posted.unreadable_times, 0) + changed.unreadable_times
FROM (
SELECT status,
CAST(sum(sessions) AS bigint) AS sessions,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(unreadable_times) AS bigint) AS unreadable_times
FROM (
SELECT (fact.status_name) COLLATE "C" AS status,
sign * (1) AS sessions,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
sign * (CAST(fact.unreadable_start OR fact.unreadable_end AS integer)) AS unreadable_times
FROM _aggregates_sessions_changes AS fact
) AS part
GROUP BY status
) AS changed
LEFT JOIN _aggregates_posted_sessions_summary AS posted USING (status)
WHERE coalesce(posted.sessions, 0) + changed.sessions <> 0 OR coalesce(posted.duration_count, 0) +
    changed.duration_count <> 0 OR coalesce(posted.duration_ms_sum, 0) + changed.duration_ms_sum <>
    0 OR coalesce(posted.unreadable_times, 0) + changed.unreadable_times <> 0;

-- [view] _aggregates_sessions_by_start
CREATE VIEW _aggregates_sessions_by_start AS
SELECT start_time, session_id, sessions FROM _aggregates_posted_sessions_by_start
WHERE (start_time, session_id) NOT IN (SELECT start_time, session_id FROM (
SELECT start_time,
session_id,
CAST(sum(sessions) AS bigint) AS sessions
FROM (
SELECT (fact.start) COLLATE "C" AS start_time,
(fact.session) COLLATE "C" AS session_id,
sign * (1) AS sessions
FROM _aggregates_sessions_changes AS fact
WHERE fact.start IS NOT NULL
) AS part
GROUP BY start_time, session_id
) AS changed)
UNION ALL
SELECT changed.start_time, changed.session_id, coalesce(posted.sessions, 0) + changed.sessions
FROM (
SELECT start_time,
session_id,
CAST(sum(sessions) AS bigint) AS sessions
FROM (
SELECT (fact.start) COLLATE "C" AS start_time,
(fact.session) COLLATE "C" AS session_id,
sign * (1) AS sessions
FROM _aggregates_sessions_changes AS fact
WHERE fact.start IS NOT NULL
) AS part
GROUP BY start_time, session_id
) AS changed
LEFT JOIN _aggregates_posted_sessions_by_start AS posted USING (start_time, session_id)
WHERE coalesce(posted.sessions, 0) + changed.sessions <> 0;

-- [view] _aggregates_open_sessions
CREATE VIEW _aggregates_open_sessions AS
SELECT start_time, session_id, sessions FROM _aggregates_posted_open_sessions
WHERE (start_time, session_id) NOT IN (SELECT start_time, session_id FROM (
SELECT start_time,
session_id,
CAST(sum(sessions) AS bigint) AS sessions
FROM (
SELECT (fact.start) COLLATE "C" AS start_time,
(fact.session) COLLATE "C" AS session_id,
sign * (1) AS sessions
FROM _aggregates_sessions_changes AS fact
WHERE fact.is_open
) AS part
GROUP BY start_time, session_id
) AS changed)
UNION ALL
SELECT changed.start_time, changed.session_id, coalesce(posted.sessions, 0) + changed.sessions
FROM (
SELECT start_time,
session_id,
CAST(sum(sessions) AS bigint) AS sessions
FROM (
SELECT (fact.start) COLLATE "C" AS start_time,
(fact.session) COLLATE "C" AS session_id,
sign * (1) AS sessions
FROM _aggregates_sessions_changes AS fact
WHERE fact.is_open
) AS part
GROUP BY start_time, session_id
) AS changed
LEFT JOIN _aggregates_posted_open_sessions AS posted USING (start_time, session_id)
WHERE coalesce(posted.sessions, 0) + changed.sessions <> 0;

-- [function] _aggregates_sessions_fold(bigint)
CREATE FUNCTION _aggregates_sessions_fold(at_most bigint) RETURNS bigint LANGUAGE plpgsql
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    AS $$
DECLARE
  found bigint;
BEGIN
IF NOT EXISTS (SELECT FROM _aggregates_sessions_queue) THEN
RETURN 0;
END IF;
WITH entries AS MATERIALIZED (SELECT * FROM _aggregates_sessions_unposted ORDER BY seq LIMIT at_most),
taken AS (DELETE FROM _aggregates_sessions_queue WHERE entry <= (SELECT max(entry) FROM entries)),
logged AS (INSERT INTO session_changes (seq, operation, updated_at, session_row, old_session_row, old_session_id, new_session_id, old_start_time, new_start_time, old_end_time, new_end_time, old_status, new_status) SELECT seq, operation, updated_at, session_row, old_session_row, old_session_id, new_session_id, old_start_time, new_start_time, old_end_time, new_end_time, old_status, new_status FROM entries),
facts AS MATERIALIZED (
SELECT *,
CASE WHEN CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN CAST(extract(epoch FROM CAST("end" AS timestamp) - CAST(start AS timestamp)) * 1000 AS bigint) END BETWEEN 0 AND 315360000000 THEN CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN CAST(extract(epoch FROM CAST("end" AS timestamp) - CAST(start AS timestamp)) * 1000 AS bigint) END WHEN NULL <= 315360000000 THEN NULL END AS duration_ms,
start IS NOT NULL AND has_no_end AND NOT (status_name = 'completed' OR status_name = 'failed' OR status_name = 'error') AS is_open,
start IS NULL AND NOT has_no_start AS unreadable_start,
"end" IS NULL AND NOT has_no_end AS unreadable_end
FROM (
SELECT *,
coalesce(session_id, '') AS session,
coalesce(status, '') AS status_name,
CASE WHEN start_time ~ '^[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[+]00)?$' AND left(start_time, 4) <> '0000' THEN
left(start_time, 10) || 'T' || substr(start_time, 12, 8) || '.' || rpad(left(split_part(substr(start_time, 21), '+', 1), 3), 3, '0')
ELSE _aggregates_time(start_time) END AS start,
CASE WHEN end_time ~ '^[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[+]00)?$' AND left(end_time, 4) <> '0000' THEN
left(end_time, 10) || 'T' || substr(end_time, 12, 8) || '.' || rpad(left(split_part(substr(end_time, 21), '+', 1), 3), 3, '0')
ELSE _aggregates_time(end_time) END AS "end",
((substr(btrim(start_time, E' \t\n\r'), 11) ~ '[+Zz-]') = (substr(btrim(end_time, E' \t\n\r'), 11) ~ '[+Zz-]')) AS is_same_clock,
start_time IS NULL AS has_no_start,
end_time IS NULL AS has_no_end
FROM (
SELECT entry.seq, entry.updated_at, side.*
FROM entries AS entry CROSS JOIN LATERAL (VALUES
(-1, entry.operation <> 'insert', coalesce(old_session_row, session_row), old_session_id, old_start_time, old_end_time, old_status),
(1, entry.operation <> 'delete', session_row, new_session_id, new_start_time, new_end_time, new_status)
) AS side (sign, is_there, session_row, session_id, start_time, end_time, status)
WHERE side.is_there
) AS level0 OFFSET 0
) AS level1 OFFSET 0
),
change_sessions_summary AS MATERIALIZED (
SELECT status,
CAST(sum(sessions) AS bigint) AS sessions,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(unreadable_times) AS bigint) AS unreadable_times
FROM (
SELECT (fact.status_name) COLLATE "C" AS status,
sign * (1) AS sessions,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
sign * (CAST(fact.unreadable_start OR fact.unreadable_end AS integer)) AS unreadable_times
FROM facts AS fact
) AS part
GROUP BY status
),
change_sessions_by_start AS MATERIALIZED (
SELECT start_time,
session_id,
CAST(sum(sessions) AS bigint) AS sessions
FROM (
SELECT (fact.start) COLLATE "C" AS start_time,
(fact.session) COLLATE "C" AS session_id,
sign * (1) AS sessions
FROM facts AS fact
WHERE fact.start IS NOT NULL
) AS part
GROUP BY start_time, session_id
),
change_open_sessions AS MATERIALIZED (
SELECT start_time,
session_id,
CAST(sum(sessions) AS bigint) AS sessions
FROM (
SELECT (fact.start) COLLATE "C" AS start_time,
(fact.session) COLLATE "C" AS session_id,
sign * (1) AS sessions
FROM facts AS fact
WHERE fact.is_open
) AS part
GROUP BY start_time, session_id
),
swept_change_sessions_summary AS (DELETE FROM _aggregates_posted_sessions_summary AS posted USING change_sessions_summary AS changed
WHERE posted.status = changed.status AND posted.sessions + changed.sessions = 0 AND posted.duration_count + changed.duration_count = 0 AND posted.duration_ms_sum + changed.duration_ms_sum = 0 AND posted.unreadable_times + changed.unreadable_times = 0),
posted_change_sessions_summary AS (INSERT INTO _aggregates_posted_sessions_summary AS posted (status, sessions, duration_count, duration_ms_sum, unreadable_times)
SELECT status, sessions, duration_count, duration_ms_sum, unreadable_times FROM change_sessions_summary AS changed
WHERE (sessions <> 0 OR duration_count <> 0 OR duration_ms_sum <> 0 OR unreadable_times <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_sessions_summary AS posted WHERE posted.status = changed.status AND posted.sessions + changed.sessions = 0 AND posted.duration_count + changed.duration_count = 0 AND posted.duration_ms_sum + changed.duration_ms_sum = 0 AND posted.unreadable_times + changed.unreadable_times = 0)
ON CONFLICT (status) DO UPDATE SET
sessions = posted.sessions + excluded.sessions,
duration_count = posted.duration_count + excluded.duration_count,
duration_ms_sum = posted.duration_ms_sum + excluded.duration_ms_sum,
unreadable_times = posted.unreadable_times + excluded.unreadable_times),
swept_change_sessions_by_start AS (DELETE FROM _aggregates_posted_sessions_by_start AS posted USING change_sessions_by_start AS changed
WHERE posted.start_time = changed.start_time AND posted.session_id = changed.session_id AND posted.sessions + changed.sessions = 0),
posted_change_sessions_by_start AS (INSERT INTO _aggregates_posted_sessions_by_start AS posted (start_time, session_id, sessions)
SELECT start_time, session_id, sessions FROM change_sessions_by_start AS changed
WHERE (sessions <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_sessions_by_start AS posted WHERE posted.start_time = changed.start_time AND posted.session_id = changed.session_id AND posted.sessions + changed.sessions = 0)
ON CONFLICT (start_time, session_id) DO UPDATE SET
sessions = posted.sessions + excluded.sessions),
swept_change_open_sessions AS (DELETE FROM _aggregates_posted_open_sessions AS posted USING change_open_sessions AS changed
WHERE posted.start_time = changed.start_time AND posted.session_id = changed.session_id AND posted.sessions + changed.sessions = 0),
posted_change_open_sessions AS (INSERT INTO _aggregates_posted_open_sessions AS posted (start_time, session_id, sessions)
SELECT start_time, session_id, sessions FROM change_open_sessions AS changed
WHERE (sessions <> 0)
AND NOT EXISTS (SELECT FROM _aggregates_posted_open_sessions AS posted WHERE posted.start_time = changed.start_time AND posted.session_id = changed.session_id AND posted.sessions + changed.sessions = 0)
ON CONFLICT (start_time, session_id) DO UPDATE SET
sessions = posted.sessions + excluded.sessions)
SELECT count(*) INTO found FROM entries;
DELETE FROM session_changes WHERE seq <= (SELECT max(seq) FROM session_changes) - 100000;
RETURN found;
END
$$;

-- [function] _aggregates_sessions_fill()
CREATE FUNCTION _aggregates_sessions_fill() RETURNS bigint LANGUAGE plpgsql
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    SET work_mem = '32MB' AS $$
DECLARE
  found bigint;
BEGIN
DELETE FROM _aggregates_posted_sessions_summary;
DELETE FROM _aggregates_posted_sessions_by_start;
DELETE FROM _aggregates_posted_open_sessions;
WITH entries AS MATERIALIZED (SELECT * FROM _aggregates_sessions_unposted),
taken AS (DELETE FROM _aggregates_sessions_queue),
logged AS (INSERT INTO session_changes (seq, operation, updated_at, session_row, old_session_row, old_session_id, new_session_id, old_start_time, new_start_time, old_end_time, new_end_time, old_status, new_status) SELECT seq, operation, updated_at, session_row, old_session_row, old_session_id, new_session_id, old_start_time, new_start_time, old_end_time, new_end_time, old_status, new_status FROM entries),
facts AS MATERIALIZED (
SELECT *,
CASE WHEN CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN CAST(extract(epoch FROM CAST("end" AS timestamp) - CAST(start AS timestamp)) * 1000 AS bigint) END BETWEEN 0 AND 315360000000 THEN CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN CAST(extract(epoch FROM CAST("end" AS timestamp) - CAST(start AS timestamp)) * 1000 AS bigint) END WHEN NULL <= 315360000000 THEN NULL END AS duration_ms,
start IS NOT NULL AND has_no_end AND NOT (status_name = 'completed' OR status_name = 'failed' OR status_name = 'error') AS is_open,
start IS NULL AND NOT has_no_start AS unreadable_start,
"end" IS NULL AND NOT has_no_end AS unreadable_end
FROM (
SELECT *,
coalesce(session_id, '') AS session,
coalesce(status, '') AS status_name,
CASE WHEN start_time ~ '^[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[+]00)?$' AND left(start_time, 4) <> '0000' THEN
left(start_time, 10) || 'T' || substr(start_time, 12, 8) || '.' || rpad(left(split_part(substr(start_time, 21), '+', 1), 3), 3, '0')
ELSE _aggregates_time(start_time) END AS start,
CASE WHEN end_time ~ '^[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[+]00)?$' AND left(end_time, 4) <> '0000' THEN
left(end_time, 10) || 'T' || substr(end_time, 12, 8) || '.' || rpad(left(split_part(substr(end_time, 21), '+', 1), 3), 3, '0')
ELSE _aggregates_time(end_time) END AS "end",
((substr(btrim(start_time, E' \t\n\r'), 11) ~ '[+Zz-]') = (substr(btrim(end_time, E' \t\n\r'), 11) ~ '[+Zz-]')) AS is_same_clock,
start_time IS NULL AS has_no_start,
end_time IS NULL AS has_no_end
FROM (
SELECT 1 AS sign, coalesce((SELECT max(seq) FROM entries), (SELECT max(seq) FROM session_changes), 0) AS seq, CAST(NULL AS timestamptz) AS updated_at, image.*
FROM (
SELECT hashtextextended(CAST(one.session_id AS text), 0) AS session_row,
CAST(one.session_id AS text) AS session_id,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.status AS text) AS status
FROM sessions AS one
) AS image
) AS level0 OFFSET 0
) AS level1 OFFSET 0
),
change_sessions_summary AS MATERIALIZED (
SELECT status,
CAST(sum(sessions) AS bigint) AS sessions,
CAST(sum(duration_count) AS bigint) AS duration_count,
CAST(sum(duration_ms_sum) AS bigint) AS duration_ms_sum,
CAST(sum(unreadable_times) AS bigint) AS unreadable_times
FROM (
SELECT (fact.status_name) COLLATE "C" AS status,
sign * (1) AS sessions,
sign * (CAST(fact.duration_ms IS NOT NULL AS integer)) AS duration_count,
sign * (coalesce(fact.duration_ms, 0)) AS duration_ms_sum,
sign * (CAST(fact.unreadable_start OR fact.unreadable_end AS integer)) AS unreadable_times
FROM facts AS fact
) AS part
GROUP BY status
),
change_sessions_by_start AS MATERIALIZED (
SELECT start_time,
session_id,
CAST(sum(sessions) AS bigint) AS sessions
FROM (
SELECT (fact.start) COLLATE "C" AS start_time,
(fact.session) COLLATE "C" AS session_id,
sign * (1) AS sessions
FROM facts AS fact
WHERE fact.start IS NOT NULL
) AS part
GROUP BY start_time, session_id
),
change_open_sessions AS MATERIALIZED (
SELECT start_time,
session_id,
CAST(sum(sessions) AS bigint) AS sessions
FROM (
SELECT (fact.start) COLLATE "C" AS start_time,
(fact.session) COLLATE "C" AS session_id,
sign * (1) AS sessions
FROM facts AS fact
WHERE fact.is_open
) AS part
GROUP BY start_time, session_id
),
posted_change_sessions_summary AS (INSERT INTO _aggregates_posted_sessions_summary (status, sessions, duration_count, duration_ms_sum, unreadable_times) SELECT status, sessions, duration_count, duration_ms_sum, unreadable_times FROM change_sessions_summary
WHERE sessions <> 0 OR duration_count <> 0 OR duration_ms_sum <> 0 OR unreadable_times <> 0),
posted_change_sessions_by_start AS (INSERT INTO _aggregates_posted_sessions_by_start (start_time, session_id, sessions) SELECT start_time, session_id, sessions FROM change_sessions_by_start
WHERE sessions <> 0),
posted_change_open_sessions AS (INSERT INTO _aggregates_posted_open_sessions (start_time, session_id, sessions) SELECT start_time, session_id, sessions FROM change_open_sessions
WHERE sessions <> 0)
SELECT count(*) INTO found FROM facts;
RETURN found;
END
$$;

-- [data] _aggregates_sessions_fill
SELECT _aggregates_sessions_fill();
