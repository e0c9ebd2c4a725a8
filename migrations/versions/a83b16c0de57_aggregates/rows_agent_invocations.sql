-- [columns] agent_invocations id agent_invocation_changes invocation_id
sign, updated_at, seq, invocation_id, is_invocation, session, event, agent, phase_name, model_name,
    status_name, token_count, tool_call_count, start, "end", duration_ms, succeeded, failed,
    in_flight, unreadable_start, unreadable_end, hour;

-- [facts] agent_invocations
SELECT sign, updated_at, seq, invocation_id, is_invocation, session, event, agent, phase_name,
    model_name, status_name, token_count, tool_call_count, start, "end", duration_ms, succeeded,
    failed, in_flight, unreadable_start, unreadable_end, hour
FROM (SELECT sign,
  updated_at,
  seq,
  invocation_id,
  is_invocation,
  session,
  event,
  agent,
  phase_name,
  model_name,
  status_name,
  start,
  "end",
  coalesce(tokens, CASE WHEN raw_output_tail IS NOT NULL THEN (SELECT
      CASE WHEN rest | 0 BETWEEN 0 AND 1e+12
      AND rest GLOB (rest | 0) || '[,} ' || char(10, 13) || ']*' THEN rest | 0 ELSE 0 END
    FROM (SELECT ltrim(substr(CAST(substr(CAST(raw_output_tail AS BLOB),
    nullif(instr(CAST(raw_output_tail AS BLOB), CAST('"totalTokens":' AS BLOB)), 0)) AS TEXT) || '',
    15), ' ') AS rest)) ELSE 0 END) AS token_count,
  coalesce(tool_calls, CASE WHEN raw_output_tail IS NOT NULL THEN (SELECT
      CASE WHEN rest | 0 BETWEEN 0 AND 1e+12
      AND rest GLOB (rest | 0) || '[,} ' || char(10, 13) || ']*' THEN rest | 0 ELSE 0 END
    FROM (SELECT ltrim(substr(CAST(substr(CAST(raw_output_tail AS BLOB),
    nullif(instr(CAST(raw_output_tail AS BLOB), CAST('"totalToolUseCount":' AS BLOB)), 0)) AS TEXT)
    || '', 21), ' ') AS rest)) ELSE 0 END) AS tool_call_count,
  (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN measured_ms <= 315360000000 THEN measured_ms END
  FROM (SELECT CASE WHEN (is_same_clock AND "end" IS NOT NULL) THEN ((strftime('%s', "end") -
      strftime('%s', start)) * 1000 + substr("end", 21) - substr(start, 21)) END AS one)) AS
      duration_ms,
  (status_name = 'completed') AS succeeded,
  (status_name = 'failed' OR status_name = 'error') AS failed,
  start IS NOT NULL AND has_no_end AND NOT (status_name = 'completed' OR status_name = 'failed' OR
      status_name = 'error') AS in_flight,
  start IS NULL AND NOT has_no_start AS unreadable_start,
  "end" IS NULL AND NOT has_no_end AS unreadable_end,
  coalesce(substr(start, 1, 13) || ':00:00', '') AS hour
FROM (SELECT sign,
  updated_at,
  seq,
  invocation_id,
  tokens,
  tool_calls,
  raw_output_tail,
  coalesce(agent_name > '' AND agent_name < x'' AND agent_name <> 'unknown', 0) AND event_type IS
      NOT 'subagent_stop' AND event_type IS NOT 'tool_tracking_start' AS is_invocation,
  CASE WHEN session_id < x'' AND NOT instr(session_id, char(0)) AND typeof(session_id) <> 'real'
      THEN CAST(session_id AS TEXT) ELSE '' END AS session,
  CASE WHEN event_type < x'' AND NOT instr(event_type, char(0)) AND typeof(event_type) <> 'real'
      THEN CAST(event_type AS TEXT) ELSE '' END AS event,
  CASE WHEN agent_name < x'' AND NOT instr(agent_name, char(0)) AND typeof(agent_name) <> 'real'
      THEN CAST(agent_name AS TEXT) ELSE '' END AS agent,
  CASE WHEN phase < x'' AND NOT instr(phase, char(0)) AND typeof(phase) <> 'real' THEN CAST(phase AS
      TEXT) ELSE '' END AS phase_name,
  CASE WHEN model < x'' AND NOT instr(model, char(0)) AND typeof(model) <> 'real' THEN CAST(model AS
      TEXT) ELSE '' END AS model_name,
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

-- [end] agent_invocations
SELECT count(*), max(k) FROM (SELECT agent_invocations.id AS k FROM main.agent_invocations WHERE
    agent_invocations.id > :mark ORDER BY agent_invocations.id LIMIT :rows);

-- [slice] agent_invocations
SELECT 1 AS sign, updated_at AS updated_at, NULL AS seq,
  agent_invocations.id AS invocation_id, +agent_invocations.timestamp COLLATE BINARY AS timestamp,
  +agent_invocations.session_id COLLATE BINARY AS session_id,
  +agent_invocations.event_type COLLATE BINARY AS event_type,
  +agent_invocations.phase COLLATE BINARY AS phase,
  +agent_invocations.agent_name COLLATE BINARY AS agent_name,
  +agent_invocations.model COLLATE BINARY AS model,
  +agent_invocations.start_time COLLATE BINARY AS start_time,
  +agent_invocations.end_time COLLATE BINARY AS end_time,
  +agent_invocations.duration_seconds COLLATE BINARY AS duration_seconds,
  +agent_invocations.status COLLATE BINARY AS status,
  NULL AS tokens,
  NULL AS tool_calls,
  CASE WHEN agent_invocations.raw_output < x'' THEN substr(CAST(agent_invocations.raw_output AS
      BLOB), nullif(instr(CAST(agent_invocations.raw_output AS BLOB), CAST('"totalTo' AS BLOB)), 0))
      END AS raw_output_tail
FROM main.agent_invocations WHERE agent_invocations.id > :mark AND agent_invocations.id <= :upto;

-- [entries] old
SELECT -1 AS sign, updated_at, seq, coalesce(old_invocation_id, invocation_id) AS invocation_id,
    old_timestamp AS timestamp, old_session_id AS session_id, old_event_type AS event_type,
    old_phase AS phase, old_agent_name AS agent_name, old_model AS model, old_start_time AS
    start_time, old_end_time AS end_time, old_duration_seconds AS duration_seconds, old_status AS
    status, old_tokens AS tokens, old_tool_calls AS tool_calls, NULL AS raw_output_tail
FROM main.agent_invocation_changes WHERE seq > :seq AND seq <= :last AND operation <> 'insert'
AND coalesce(old_invocation_id, invocation_id) > :above AND coalesce(old_invocation_id,
    invocation_id) <= :upto;

-- [entries] new
SELECT 1 AS sign, updated_at, seq, invocation_id AS invocation_id, new_timestamp AS timestamp,
    new_session_id AS session_id, new_event_type AS event_type, new_phase AS phase, new_agent_name
    AS agent_name, new_model AS model, new_start_time AS start_time, new_end_time AS end_time,
    new_duration_seconds AS duration_seconds, new_status AS status, new_tokens AS tokens,
    new_tool_calls AS tool_calls, NULL AS raw_output_tail
FROM main.agent_invocation_changes WHERE seq > :seq AND seq <= :last AND operation <> 'delete'
AND invocation_id > :above AND invocation_id <= :upto;
