-- [columns] agent_tool_uses id agent_tool_use_changes tool_use_id
sign, updated_at, seq, tool_use_id, session, agent, tool, status_name, start, "end", duration_ms,
    unreadable_start, unreadable_end;

-- [facts] agent_tool_uses
SELECT sign, updated_at, seq, tool_use_id, session, agent, tool, status_name, start, "end",
    duration_ms, unreadable_start, unreadable_end
FROM (SELECT sign,
  updated_at,
  seq,
  tool_use_id,
  session,
  agent,
  tool,
  status_name,
  start,
  "end",
  (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN measured_ms <= 315360000000 THEN measured_ms END
  FROM (SELECT CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN ((strftime('%s', "end") -
      strftime('%s', start)) * 1000 + substr("end", 21) - substr(start, 21)) END AS one)) AS
      duration_ms,
  start IS NULL AND NOT has_no_start AS unreadable_start,
  "end" IS NULL AND NOT has_no_end AS unreadable_end
FROM (SELECT sign,
  updated_at,
  seq,
  tool_use_id,
  CASE WHEN session_id < x'' AND NOT instr(session_id, char(0)) AND typeof(session_id) <> 'real'
      THEN CAST(session_id AS TEXT) ELSE '' END AS session,
  CASE WHEN agent_name < x'' AND NOT instr(agent_name, char(0)) AND typeof(agent_name) <> 'real'
      THEN CAST(agent_name AS TEXT) ELSE '' END AS agent,
  CASE WHEN tool_name < x'' AND NOT instr(tool_name, char(0)) AND typeof(tool_name) <> 'real' THEN
      CAST(tool_name AS TEXT) ELSE '' END AS tool,
  CASE WHEN status < x'' AND NOT instr(status, char(0)) AND typeof(status) <> 'real' THEN
      CAST(status AS TEXT) ELSE '' END AS status_name,
  CASE WHEN start_time >= '0001' AND start_time GLOB '*.[0-9][0-9][0-9][0-9][0-9][0-9]' AND
      start_time = strftime('%Y-%m-%dT%H:%M:%S', start_time, '+0 days') || substr(start_time, 20, 7)
      THEN substr(start_time, 1, 23) ELSE CASE WHEN typeof(start_time) = 'text' AND NOT
      instr(start_time, char(0)) THEN (SELECT
    (SELECT CASE WHEN substr(y, 1, 19) = strftime('%Y-%m-%dT%H:%M:%S', substr(y, 1, 19), '+0 days')
      AND y >= '0001' THEN
    (SELECT nullif(max('0001', strftime('%Y-%m-%dT%H:%M:%S', substr(y, 1, 19), CASE
          WHEN zone = '' OR zone = 'Z' THEN '+0 days'
          WHEN substr(zone, 2, 2) < '24' AND (zone GLOB '[+-][0-2][0-9]:[0-5][0-9]'
            OR zone GLOB '[+-][0-2][0-9][0-5][0-9]' OR zone GLOB '[+-][0-2][0-9]')
          THEN CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2, 2) || ':'
            || substr(replace(zone, ':', '') || '00', 4, 2) END)
        || '.' || substr(substr(y, 21, max(0, length(y) - 20 - length(zone))) || '000', 1, 3)),
        '0001')
      FROM (SELECT CASE WHEN substr(y, 20) GLOB '.[0-9]*'
        THEN ltrim(substr(y, 21), '0123456789') ELSE substr(y, 20) END AS zone)) END
    FROM (SELECT CASE substr(x, 17, 1) WHEN ':' THEN x WHEN '.' THEN ''
      ELSE substr(x, 1, 16) || ':00' || substr(x, 17) END AS y))
  FROM (SELECT upper(replace(replace(trim(start_time, char(32, 9, 10, 13)), ',', '.'), ' ', 'T')) AS
      x)) END END AS start,
  CASE WHEN end_time >= '0001' AND end_time GLOB '*.[0-9][0-9][0-9][0-9][0-9][0-9]' AND end_time =
      strftime('%Y-%m-%dT%H:%M:%S', end_time, '+0 days') || substr(end_time, 20, 7) THEN
      substr(end_time, 1, 23) ELSE CASE WHEN typeof(end_time) = 'text' AND NOT instr(end_time,
      char(0)) THEN (SELECT
    (SELECT CASE WHEN substr(y, 1, 19) = strftime('%Y-%m-%dT%H:%M:%S', substr(y, 1, 19), '+0 days')
      AND y >= '0001' THEN
    (SELECT nullif(max('0001', strftime('%Y-%m-%dT%H:%M:%S', substr(y, 1, 19), CASE
          WHEN zone = '' OR zone = 'Z' THEN '+0 days'
          WHEN substr(zone, 2, 2) < '24' AND (zone GLOB '[+-][0-2][0-9]:[0-5][0-9]'
            OR zone GLOB '[+-][0-2][0-9][0-5][0-9]' OR zone GLOB '[+-][0-2][0-9]')
          THEN CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2, 2) || ':'
            || substr(replace(zone, ':', '') || '00', 4, 2) END)
        || '.' || substr(substr(y, 21, max(0, length(y) - 20 - length(zone))) || '000', 1, 3)),
        '0001')
      FROM (SELECT CASE WHEN substr(y, 20) GLOB '.[0-9]*'
        THEN ltrim(substr(y, 21), '0123456789') ELSE substr(y, 20) END AS zone)) END
    FROM (SELECT CASE substr(x, 17, 1) WHEN ':' THEN x WHEN '.' THEN ''
      ELSE substr(x, 1, 16) || ':00' || substr(x, 17) END AS y))
  FROM (SELECT upper(replace(replace(trim(end_time, char(32, 9, 10, 13)), ',', '.'), ' ', 'T')) AS
      x)) END END AS "end",
  CASE WHEN substr(start_time, 11) || substr(end_time, 11) GLOB '*[+Zz-]*' THEN (start_time GLOB
      '*[+Zz]*' OR start_time GLOB '*-*-*-*') = (end_time GLOB '*[+Zz]*' OR end_time GLOB '*-*-*-*')
      ELSE 1 END AS is_same_clock,
  start_time IS NULL AS has_no_start,
  end_time IS NULL AS has_no_end,
  CASE WHEN duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(duration_seconds * 1000 + 0.5 AS
      INTEGER) END AS measured_ms
FROM ({rows}) LIMIT -1 OFFSET 0));

-- [end] agent_tool_uses
SELECT count(*), max(k) FROM (SELECT agent_tool_uses.id AS k FROM main.agent_tool_uses WHERE
    agent_tool_uses.id > :mark ORDER BY agent_tool_uses.id LIMIT :rows);

-- [slice] agent_tool_uses
SELECT 1 AS sign, NULL AS updated_at, NULL AS seq,
  agent_tool_uses.id AS tool_use_id, +agent_tool_uses.session_id COLLATE BINARY AS session_id,
  +agent_tool_uses.agent_name COLLATE BINARY AS agent_name,
  +agent_tool_uses.tool_name COLLATE BINARY AS tool_name,
  +agent_tool_uses.start_time COLLATE BINARY AS start_time,
  +agent_tool_uses.end_time COLLATE BINARY AS end_time,
  +agent_tool_uses.duration_seconds COLLATE BINARY AS duration_seconds,
  +agent_tool_uses.status COLLATE BINARY AS status
FROM main.agent_tool_uses WHERE agent_tool_uses.id > :mark AND agent_tool_uses.id <= :upto;

-- [entries] old
SELECT -1 AS sign, updated_at, seq, coalesce(old_tool_use_id, tool_use_id) AS tool_use_id,
    old_session_id AS session_id, old_agent_name AS agent_name, old_tool_name AS tool_name,
    old_start_time AS start_time, old_end_time AS end_time, old_duration_seconds AS
    duration_seconds, old_status AS status
FROM main.agent_tool_use_changes WHERE seq > :seq AND seq <= :last AND operation <> 'insert'
AND coalesce(old_tool_use_id, tool_use_id) > :above AND coalesce(old_tool_use_id, tool_use_id) <=
    :upto;

-- [entries] new
SELECT 1 AS sign, updated_at, seq, tool_use_id AS tool_use_id, new_session_id AS session_id,
    new_agent_name AS agent_name, new_tool_name AS tool_name, new_start_time AS start_time,
    new_end_time AS end_time, new_duration_seconds AS duration_seconds, new_status AS status
FROM main.agent_tool_use_changes WHERE seq > :seq AND seq <= :last AND operation <> 'delete'
AND tool_use_id > :above AND tool_use_id <= :upto;
