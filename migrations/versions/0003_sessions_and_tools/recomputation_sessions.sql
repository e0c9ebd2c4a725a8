-- [facts] sessions rowid session_changes session_row _aggregates_sessions_facts
CREATE TEMP TABLE _aggregates_sessions_facts (sign, updated_at, seq, session_row, session,
    status_name, start, "end", duration_ms, is_open);

-- [slice] sessions
INSERT INTO temp._aggregates_sessions_facts (sign, updated_at, seq, session_row, session,
    status_name, start, "end", duration_ms, is_open)
SELECT sign, updated_at, seq, session_row, session, status_name, start, "end", duration_ms, is_open
FROM (SELECT *, CASE typeof(session_id) WHEN 'text' THEN CASE WHEN instr(session_id, char(0)) THEN
    '' ELSE session_id END WHEN 'integer' THEN CAST(session_id AS TEXT) ELSE '' END AS session,
  CASE typeof(status) WHEN 'text' THEN CASE WHEN instr(status, char(0)) THEN '' ELSE status END WHEN
      'integer' THEN CAST(status AS TEXT) ELSE '' END AS status_name,
  (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(start_time, -1) = 'Z' OR substr(start_time, -6, 1) IN ('+', '-'))
      = (substr(end_time, -1) = 'Z' OR substr(end_time, -6, 1) IN ('+', '-'))) THEN ((strftime('%s',
      substr("end", 1, 19)) - strftime('%s', substr(start, 1, 19))) * 1000 + substr("end", 21) -
      substr(start, 21)) END AS one, NULL AS other LIMIT 1 OFFSET 0)) AS duration_ms,
  start IS NOT NULL AND end_time IS NULL AND NOT (coalesce(status, '') = 'completed' OR
      coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error') AS is_open
FROM (SELECT *, CASE WHEN typeof(start_time) <> 'text' THEN NULL
  WHEN start_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND start_time >= '0001'
    AND substr(start_time, 6, 2) BETWEEN '01' AND '12' AND substr(start_time, 9, 2) BETWEEN '01' AND
    '28'
    AND substr(start_time, 12, 2) < '24' AND NOT substr(start_time, 24) GLOB '*[^0-9]*'
    AND NOT instr(start_time, char(0))
  THEN substr(start_time, 1, 23)
  WHEN start_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND start_time >= '0001' AND substr(start_time, 12, 2) < '24' AND NOT instr(start_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(start_time, 21, length(start_time) - 20 -
        length(zone)) || '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(start_time, 1, 10), '+0 days') <> substr(start_time, 9, 2) THEN
        NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(start_time, 1, clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(start_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(start_time, 21), '0123456789') ELSE substr(start_time, clock + 1) END AS
          zone
        FROM (SELECT CASE WHEN substr(start_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(start_time, 17, 1) = ':' AND substr(start_time, 20, 2) GLOB '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END AS start,
  CASE WHEN typeof(end_time) <> 'text' THEN NULL
  WHEN end_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND end_time >= '0001'
    AND substr(end_time, 6, 2) BETWEEN '01' AND '12' AND substr(end_time, 9, 2) BETWEEN '01' AND
    '28'
    AND substr(end_time, 12, 2) < '24' AND NOT substr(end_time, 24) GLOB '*[^0-9]*'
    AND NOT instr(end_time, char(0))
  THEN substr(end_time, 1, 23)
  WHEN end_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND end_time >= '0001' AND substr(end_time, 12, 2) < '24' AND NOT instr(end_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(end_time, 21, length(end_time) - 20 - length(zone)) ||
        '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(end_time, 1, 10), '+0 days') <> substr(end_time, 9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(end_time, 1, clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(end_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(end_time, 21), '0123456789') ELSE substr(end_time, clock + 1) END AS
          zone
        FROM (SELECT CASE WHEN substr(end_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(end_time, 17, 1) = ':' AND substr(end_time, 20, 2) GLOB '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END AS "end"
FROM (SELECT 1 AS sign, NULL AS updated_at, NULL AS seq,
  sessions.rowid AS session_row, +sessions.session_id COLLATE BINARY AS session_id,
  +sessions.start_time COLLATE BINARY AS start_time,
  +sessions.end_time COLLATE BINARY AS end_time,
  +sessions.status COLLATE BINARY AS status
FROM main.sessions WHERE sessions.rowid > :mark ORDER BY sessions.rowid LIMIT :rows OFFSET 0) LIMIT
    -1 OFFSET 0) LIMIT -1 OFFSET 0);

-- [entries] old
INSERT INTO temp._aggregates_sessions_facts (sign, updated_at, seq, session_row, session,
    status_name, start, "end", duration_ms, is_open)
SELECT sign, updated_at, seq, session_row, session, status_name, start, "end", duration_ms, is_open
FROM (SELECT *, CASE typeof(session_id) WHEN 'text' THEN CASE WHEN instr(session_id, char(0)) THEN
    '' ELSE session_id END WHEN 'integer' THEN CAST(session_id AS TEXT) ELSE '' END AS session,
  CASE typeof(status) WHEN 'text' THEN CASE WHEN instr(status, char(0)) THEN '' ELSE status END WHEN
      'integer' THEN CAST(status AS TEXT) ELSE '' END AS status_name,
  (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(start_time, -1) = 'Z' OR substr(start_time, -6, 1) IN ('+', '-'))
      = (substr(end_time, -1) = 'Z' OR substr(end_time, -6, 1) IN ('+', '-'))) THEN ((strftime('%s',
      substr("end", 1, 19)) - strftime('%s', substr(start, 1, 19))) * 1000 + substr("end", 21) -
      substr(start, 21)) END AS one, NULL AS other LIMIT 1 OFFSET 0)) AS duration_ms,
  start IS NOT NULL AND end_time IS NULL AND NOT (coalesce(status, '') = 'completed' OR
      coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error') AS is_open
FROM (SELECT *, CASE WHEN typeof(start_time) <> 'text' THEN NULL
  WHEN start_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND start_time >= '0001'
    AND substr(start_time, 6, 2) BETWEEN '01' AND '12' AND substr(start_time, 9, 2) BETWEEN '01' AND
    '28'
    AND substr(start_time, 12, 2) < '24' AND NOT substr(start_time, 24) GLOB '*[^0-9]*'
    AND NOT instr(start_time, char(0))
  THEN substr(start_time, 1, 23)
  WHEN start_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND start_time >= '0001' AND substr(start_time, 12, 2) < '24' AND NOT instr(start_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(start_time, 21, length(start_time) - 20 -
        length(zone)) || '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(start_time, 1, 10), '+0 days') <> substr(start_time, 9, 2) THEN
        NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(start_time, 1, clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(start_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(start_time, 21), '0123456789') ELSE substr(start_time, clock + 1) END AS
          zone
        FROM (SELECT CASE WHEN substr(start_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(start_time, 17, 1) = ':' AND substr(start_time, 20, 2) GLOB '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END AS start,
  CASE WHEN typeof(end_time) <> 'text' THEN NULL
  WHEN end_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND end_time >= '0001'
    AND substr(end_time, 6, 2) BETWEEN '01' AND '12' AND substr(end_time, 9, 2) BETWEEN '01' AND
    '28'
    AND substr(end_time, 12, 2) < '24' AND NOT substr(end_time, 24) GLOB '*[^0-9]*'
    AND NOT instr(end_time, char(0))
  THEN substr(end_time, 1, 23)
  WHEN end_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND end_time >= '0001' AND substr(end_time, 12, 2) < '24' AND NOT instr(end_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(end_time, 21, length(end_time) - 20 - length(zone)) ||
        '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(end_time, 1, 10), '+0 days') <> substr(end_time, 9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(end_time, 1, clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(end_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(end_time, 21), '0123456789') ELSE substr(end_time, clock + 1) END AS
          zone
        FROM (SELECT CASE WHEN substr(end_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(end_time, 17, 1) = ':' AND substr(end_time, 20, 2) GLOB '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END AS "end"
FROM (SELECT -1 AS sign, updated_at, seq, coalesce(old_session_row, session_row) AS session_row,
    old_session_id AS session_id, old_start_time AS start_time, old_end_time AS end_time, old_status
    AS status
FROM main.session_changes WHERE seq > :seq AND operation <> 'insert'
AND coalesce(old_session_row, session_row) > :above AND coalesce(old_session_row, session_row) <=
    :upto ORDER BY seq LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0);

-- [entries] new
INSERT INTO temp._aggregates_sessions_facts (sign, updated_at, seq, session_row, session,
    status_name, start, "end", duration_ms, is_open)
SELECT sign, updated_at, seq, session_row, session, status_name, start, "end", duration_ms, is_open
FROM (SELECT *, CASE typeof(session_id) WHEN 'text' THEN CASE WHEN instr(session_id, char(0)) THEN
    '' ELSE session_id END WHEN 'integer' THEN CAST(session_id AS TEXT) ELSE '' END AS session,
  CASE typeof(status) WHEN 'text' THEN CASE WHEN instr(status, char(0)) THEN '' ELSE status END WHEN
      'integer' THEN CAST(status AS TEXT) ELSE '' END AS status_name,
  (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(start_time, -1) = 'Z' OR substr(start_time, -6, 1) IN ('+', '-'))
      = (substr(end_time, -1) = 'Z' OR substr(end_time, -6, 1) IN ('+', '-'))) THEN ((strftime('%s',
      substr("end", 1, 19)) - strftime('%s', substr(start, 1, 19))) * 1000 + substr("end", 21) -
      substr(start, 21)) END AS one, NULL AS other LIMIT 1 OFFSET 0)) AS duration_ms,
  start IS NOT NULL AND end_time IS NULL AND NOT (coalesce(status, '') = 'completed' OR
      coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error') AS is_open
FROM (SELECT *, CASE WHEN typeof(start_time) <> 'text' THEN NULL
  WHEN start_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND start_time >= '0001'
    AND substr(start_time, 6, 2) BETWEEN '01' AND '12' AND substr(start_time, 9, 2) BETWEEN '01' AND
    '28'
    AND substr(start_time, 12, 2) < '24' AND NOT substr(start_time, 24) GLOB '*[^0-9]*'
    AND NOT instr(start_time, char(0))
  THEN substr(start_time, 1, 23)
  WHEN start_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND start_time >= '0001' AND substr(start_time, 12, 2) < '24' AND NOT instr(start_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(start_time, 21, length(start_time) - 20 -
        length(zone)) || '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(start_time, 1, 10), '+0 days') <> substr(start_time, 9, 2) THEN
        NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(start_time, 1, clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(start_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(start_time, 21), '0123456789') ELSE substr(start_time, clock + 1) END AS
          zone
        FROM (SELECT CASE WHEN substr(start_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(start_time, 17, 1) = ':' AND substr(start_time, 20, 2) GLOB '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END AS start,
  CASE WHEN typeof(end_time) <> 'text' THEN NULL
  WHEN end_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND end_time >= '0001'
    AND substr(end_time, 6, 2) BETWEEN '01' AND '12' AND substr(end_time, 9, 2) BETWEEN '01' AND
    '28'
    AND substr(end_time, 12, 2) < '24' AND NOT substr(end_time, 24) GLOB '*[^0-9]*'
    AND NOT instr(end_time, char(0))
  THEN substr(end_time, 1, 23)
  WHEN end_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND end_time >= '0001' AND substr(end_time, 12, 2) < '24' AND NOT instr(end_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(end_time, 21, length(end_time) - 20 - length(zone)) ||
        '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(end_time, 1, 10), '+0 days') <> substr(end_time, 9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(end_time, 1, clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(end_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(end_time, 21), '0123456789') ELSE substr(end_time, clock + 1) END AS
          zone
        FROM (SELECT CASE WHEN substr(end_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(end_time, 17, 1) = ':' AND substr(end_time, 20, 2) GLOB '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END AS "end"
FROM (SELECT 1 AS sign, updated_at, seq, session_row AS session_row, new_session_id AS session_id,
    new_start_time AS start_time, new_end_time AS end_time, new_status AS status
FROM main.session_changes WHERE seq > :seq AND operation <> 'delete'
AND session_row > :above AND session_row <= :upto ORDER BY seq LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0)
    LIMIT -1 OFFSET 0);

-- [fold] 1
INSERT INTO sessions_summary (status, sessions, duration_count, duration_ms_sum)
SELECT status_name, sum(sign * (1)), sum(sign * (CASE WHEN (duration_ms IS NOT NULL) THEN 1 ELSE 0
    END)), sum(sign * (coalesce(duration_ms, 0)))
FROM temp._aggregates_sessions_facts WHERE true
GROUP BY 1
HAVING sum(sign * (1)) <> 0 OR sum(sign * (CASE WHEN (duration_ms IS NOT NULL) THEN 1 ELSE 0 END))
    <> 0 OR sum(sign * (coalesce(duration_ms, 0))) <> 0
ON CONFLICT (status) DO UPDATE SET sessions = sessions + excluded.sessions, duration_count =
    duration_count + excluded.duration_count, duration_ms_sum = duration_ms_sum +
    excluded.duration_ms_sum;

-- [fold] 2
INSERT INTO _aggregates_sessions_by_start (start_time, session_id, sessions)
SELECT start, session, sum(sign * (1))
FROM temp._aggregates_sessions_facts WHERE start IS NOT NULL
GROUP BY 1, 2
HAVING sum(sign * (1)) <> 0
ON CONFLICT (start_time, session_id) DO UPDATE SET sessions = sessions + excluded.sessions;

-- [fold] 3
INSERT INTO _aggregates_open_sessions (start_time, session_id, sessions)
SELECT start, session, sum(sign * (1))
FROM temp._aggregates_sessions_facts WHERE is_open
GROUP BY 1, 2
HAVING sum(sign * (1)) <> 0
ON CONFLICT (start_time, session_id) DO UPDATE SET sessions = sessions + excluded.sessions;

-- [sweep] 1
DELETE FROM sessions_summary
WHERE (status) IN (
  SELECT status_name FROM temp._aggregates_sessions_facts WHERE sign < 0 AND true)
AND sessions = 0 AND duration_count = 0 AND duration_ms_sum = 0;

-- [sweep] 2
DELETE FROM _aggregates_sessions_by_start
WHERE (start_time, session_id) IN (
  SELECT start, session FROM temp._aggregates_sessions_facts WHERE sign < 0 AND start IS NOT NULL)
AND sessions = 0;

-- [sweep] 3
DELETE FROM _aggregates_open_sessions
WHERE (start_time, session_id) IN (
  SELECT start, session FROM temp._aggregates_sessions_facts WHERE sign < 0 AND is_open)
AND sessions = 0;

-- [clear] 1
DELETE FROM sessions_summary WHERE (status) IN (SELECT status FROM sessions_summary LIMIT 500);

-- [clear] 2
DELETE FROM _aggregates_sessions_by_start WHERE (start_time, session_id) IN (SELECT start_time,
    session_id FROM _aggregates_sessions_by_start LIMIT 500);

-- [clear] 3
DELETE FROM _aggregates_open_sessions WHERE (start_time, session_id) IN (SELECT start_time,
    session_id FROM _aggregates_open_sessions LIMIT 500);
