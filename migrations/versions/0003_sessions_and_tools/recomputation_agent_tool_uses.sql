-- [facts] agent_tool_uses id agent_tool_use_changes tool_use_id _aggregates_agent_tool_uses_facts
CREATE TEMP TABLE _aggregates_agent_tool_uses_facts (sign, updated_at, seq, tool_use_id, session,
    agent, tool, status_name, start, "end", duration_ms, le_ms);

-- [slice] agent_tool_uses
INSERT INTO temp._aggregates_agent_tool_uses_facts (sign, updated_at, seq, tool_use_id, session,
    agent, tool, status_name, start, "end", duration_ms, le_ms)
SELECT sign, updated_at, seq, tool_use_id, session, agent, tool, status_name, start, "end",
    duration_ms, le_ms
FROM (SELECT *, CASE typeof(session_id) WHEN 'text' THEN CASE WHEN instr(session_id, char(0)) THEN
    '' ELSE session_id END WHEN 'integer' THEN CAST(session_id AS TEXT) ELSE '' END AS session,
  CASE typeof(agent_name) WHEN 'text' THEN CASE WHEN instr(agent_name, char(0)) THEN '' ELSE
      agent_name END WHEN 'integer' THEN CAST(agent_name AS TEXT) ELSE '' END AS agent,
  CASE typeof(tool_name) WHEN 'text' THEN CASE WHEN instr(tool_name, char(0)) THEN '' ELSE tool_name
      END WHEN 'integer' THEN CAST(tool_name AS TEXT) ELSE '' END AS tool,
  CASE typeof(status) WHEN 'text' THEN CASE WHEN instr(status, char(0)) THEN '' ELSE status END WHEN
      'integer' THEN CAST(status AS TEXT) ELSE '' END AS status_name,
  coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= duration_ms ORDER BY le_ms LIMIT 1),
      CASE WHEN duration_ms IS NOT NULL THEN 9223372036854775807 END) AS le_ms
FROM (SELECT *, (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(start_time, -1) = 'Z' OR substr(start_time, -6, 1) IN ('+', '-'))
      = (substr(end_time, -1) = 'Z' OR substr(end_time, -6, 1) IN ('+', '-'))) THEN ((strftime('%s',
      substr("end", 1, 19)) - strftime('%s', substr(start, 1, 19))) * 1000 + substr("end", 21) -
      substr(start, 21)) END AS one, CASE WHEN typeof(duration_seconds) IN ('integer', 'real') AND
      duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(duration_seconds * 1000 + 0.5 AS
      INTEGER) END AS other LIMIT 1 OFFSET 0)) AS duration_ms
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
  agent_tool_uses.id AS tool_use_id, +agent_tool_uses.session_id COLLATE BINARY AS session_id,
  +agent_tool_uses.agent_name COLLATE BINARY AS agent_name,
  +agent_tool_uses.tool_name COLLATE BINARY AS tool_name,
  +agent_tool_uses.start_time COLLATE BINARY AS start_time,
  +agent_tool_uses.end_time COLLATE BINARY AS end_time,
  +agent_tool_uses.duration_seconds COLLATE BINARY AS duration_seconds,
  +agent_tool_uses.status COLLATE BINARY AS status
FROM main.agent_tool_uses WHERE agent_tool_uses.id > :mark ORDER BY agent_tool_uses.id LIMIT :rows
    OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0);

-- [entries] old
INSERT INTO temp._aggregates_agent_tool_uses_facts (sign, updated_at, seq, tool_use_id, session,
    agent, tool, status_name, start, "end", duration_ms, le_ms)
SELECT sign, updated_at, seq, tool_use_id, session, agent, tool, status_name, start, "end",
    duration_ms, le_ms
FROM (SELECT *, CASE typeof(session_id) WHEN 'text' THEN CASE WHEN instr(session_id, char(0)) THEN
    '' ELSE session_id END WHEN 'integer' THEN CAST(session_id AS TEXT) ELSE '' END AS session,
  CASE typeof(agent_name) WHEN 'text' THEN CASE WHEN instr(agent_name, char(0)) THEN '' ELSE
      agent_name END WHEN 'integer' THEN CAST(agent_name AS TEXT) ELSE '' END AS agent,
  CASE typeof(tool_name) WHEN 'text' THEN CASE WHEN instr(tool_name, char(0)) THEN '' ELSE tool_name
      END WHEN 'integer' THEN CAST(tool_name AS TEXT) ELSE '' END AS tool,
  CASE typeof(status) WHEN 'text' THEN CASE WHEN instr(status, char(0)) THEN '' ELSE status END WHEN
      'integer' THEN CAST(status AS TEXT) ELSE '' END AS status_name,
  coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= duration_ms ORDER BY le_ms LIMIT 1),
      CASE WHEN duration_ms IS NOT NULL THEN 9223372036854775807 END) AS le_ms
FROM (SELECT *, (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(start_time, -1) = 'Z' OR substr(start_time, -6, 1) IN ('+', '-'))
      = (substr(end_time, -1) = 'Z' OR substr(end_time, -6, 1) IN ('+', '-'))) THEN ((strftime('%s',
      substr("end", 1, 19)) - strftime('%s', substr(start, 1, 19))) * 1000 + substr("end", 21) -
      substr(start, 21)) END AS one, CASE WHEN typeof(duration_seconds) IN ('integer', 'real') AND
      duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(duration_seconds * 1000 + 0.5 AS
      INTEGER) END AS other LIMIT 1 OFFSET 0)) AS duration_ms
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
FROM (SELECT -1 AS sign, updated_at, seq, coalesce(old_tool_use_id, tool_use_id) AS tool_use_id,
    old_session_id AS session_id, old_agent_name AS agent_name, old_tool_name AS tool_name,
    old_start_time AS start_time, old_end_time AS end_time, old_duration_seconds AS
    duration_seconds, old_status AS status
FROM main.agent_tool_use_changes WHERE seq > :seq AND operation <> 'insert'
AND coalesce(old_tool_use_id, tool_use_id) > :above AND coalesce(old_tool_use_id, tool_use_id) <=
    :upto ORDER BY seq LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0);

-- [entries] new
INSERT INTO temp._aggregates_agent_tool_uses_facts (sign, updated_at, seq, tool_use_id, session,
    agent, tool, status_name, start, "end", duration_ms, le_ms)
SELECT sign, updated_at, seq, tool_use_id, session, agent, tool, status_name, start, "end",
    duration_ms, le_ms
FROM (SELECT *, CASE typeof(session_id) WHEN 'text' THEN CASE WHEN instr(session_id, char(0)) THEN
    '' ELSE session_id END WHEN 'integer' THEN CAST(session_id AS TEXT) ELSE '' END AS session,
  CASE typeof(agent_name) WHEN 'text' THEN CASE WHEN instr(agent_name, char(0)) THEN '' ELSE
      agent_name END WHEN 'integer' THEN CAST(agent_name AS TEXT) ELSE '' END AS agent,
  CASE typeof(tool_name) WHEN 'text' THEN CASE WHEN instr(tool_name, char(0)) THEN '' ELSE tool_name
      END WHEN 'integer' THEN CAST(tool_name AS TEXT) ELSE '' END AS tool,
  CASE typeof(status) WHEN 'text' THEN CASE WHEN instr(status, char(0)) THEN '' ELSE status END WHEN
      'integer' THEN CAST(status AS TEXT) ELSE '' END AS status_name,
  coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= duration_ms ORDER BY le_ms LIMIT 1),
      CASE WHEN duration_ms IS NOT NULL THEN 9223372036854775807 END) AS le_ms
FROM (SELECT *, (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(start_time, -1) = 'Z' OR substr(start_time, -6, 1) IN ('+', '-'))
      = (substr(end_time, -1) = 'Z' OR substr(end_time, -6, 1) IN ('+', '-'))) THEN ((strftime('%s',
      substr("end", 1, 19)) - strftime('%s', substr(start, 1, 19))) * 1000 + substr("end", 21) -
      substr(start, 21)) END AS one, CASE WHEN typeof(duration_seconds) IN ('integer', 'real') AND
      duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(duration_seconds * 1000 + 0.5 AS
      INTEGER) END AS other LIMIT 1 OFFSET 0)) AS duration_ms
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
FROM (SELECT 1 AS sign, updated_at, seq, tool_use_id AS tool_use_id, new_session_id AS session_id,
    new_agent_name AS agent_name, new_tool_name AS tool_name, new_start_time AS start_time,
    new_end_time AS end_time, new_duration_seconds AS duration_seconds, new_status AS status
FROM main.agent_tool_use_changes WHERE seq > :seq AND operation <> 'delete'
AND tool_use_id > :above AND tool_use_id <= :upto ORDER BY seq LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0)
    LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0);

-- [fold] 1
INSERT INTO tool_stats (agent_name, tool_name, status, uses, duration_count, duration_ms_sum)
SELECT agent, tool, status_name, sum(sign * (1)), sum(sign * (CASE WHEN (duration_ms IS NOT NULL)
    THEN 1 ELSE 0 END)), sum(sign * (coalesce(duration_ms, 0)))
FROM temp._aggregates_agent_tool_uses_facts WHERE true
GROUP BY 1, 2, 3
HAVING sum(sign * (1)) <> 0 OR sum(sign * (CASE WHEN (duration_ms IS NOT NULL) THEN 1 ELSE 0 END))
    <> 0 OR sum(sign * (coalesce(duration_ms, 0))) <> 0
ON CONFLICT (agent_name, tool_name, status) DO UPDATE SET uses = uses + excluded.uses,
    duration_count = duration_count + excluded.duration_count, duration_ms_sum = duration_ms_sum +
    excluded.duration_ms_sum;

-- [fold] 2
INSERT INTO tool_durations (agent_name, tool_name, le_ms, uses, duration_ms_sum)
SELECT agent, tool, le_ms, sum(sign * (1)), sum(sign * (duration_ms))
FROM temp._aggregates_agent_tool_uses_facts WHERE duration_ms IS NOT NULL
GROUP BY 1, 2, 3
HAVING sum(sign * (1)) <> 0 OR sum(sign * (duration_ms)) <> 0
ON CONFLICT (agent_name, tool_name, le_ms) DO UPDATE SET uses = uses + excluded.uses,
    duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;

-- [fold] 3
DELETE FROM _aggregates_session_tool_uses WHERE (session_id, start_time, tool_use_id) IN (
  SELECT session_id, start_time, tool_use_id FROM (SELECT session AS session_id, start AS
      start_time, tool_use_id AS tool_use_id FROM temp._aggregates_agent_tool_uses_facts WHERE start
      IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(sign) < 0));

-- [fold] 4
INSERT INTO _aggregates_session_tool_uses (session_id, start_time, tool_use_id)
SELECT session AS session_id, start AS start_time, tool_use_id AS tool_use_id
FROM temp._aggregates_agent_tool_uses_facts WHERE start IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(sign) > 0;

-- [sweep] 1
DELETE FROM tool_stats
WHERE (agent_name, tool_name, status) IN (
  SELECT agent, tool, status_name FROM temp._aggregates_agent_tool_uses_facts WHERE sign < 0 AND
      true)
AND uses = 0 AND duration_count = 0 AND duration_ms_sum = 0;

-- [sweep] 2
DELETE FROM tool_durations
WHERE (agent_name, tool_name, le_ms) IN (
  SELECT agent, tool, le_ms FROM temp._aggregates_agent_tool_uses_facts WHERE sign < 0 AND
      duration_ms IS NOT NULL)
AND uses = 0 AND duration_ms_sum = 0;

-- [clear] 1
DELETE FROM tool_stats WHERE (agent_name, tool_name, status) IN (SELECT agent_name, tool_name,
    status FROM tool_stats LIMIT 500);

-- [clear] 2
DELETE FROM tool_durations WHERE (agent_name, tool_name, le_ms) IN (SELECT agent_name, tool_name,
    le_ms FROM tool_durations LIMIT 500);

-- [clear] 3
DELETE FROM _aggregates_session_tool_uses WHERE (session_id, start_time, tool_use_id) IN (SELECT
    session_id, start_time, tool_use_id FROM _aggregates_session_tool_uses LIMIT 500);
