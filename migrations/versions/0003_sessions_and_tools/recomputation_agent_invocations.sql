-- [facts] agent_invocations id agent_invocation_changes invocation_id _aggregates_agent_invocations_facts
CREATE TEMP TABLE _aggregates_agent_invocations_facts (sign, updated_at, seq, invocation_id,
    is_invocation, session, event, agent, phase_name, model_name, status_name, token_count,
    tool_call_count, start, "end", duration_ms, succeeded, failed, in_flight, le_ms);

-- [slice] agent_invocations
INSERT INTO temp._aggregates_agent_invocations_facts (sign, updated_at, seq, invocation_id,
    is_invocation, session, event, agent, phase_name, model_name, status_name, token_count,
    tool_call_count, start, "end", duration_ms, succeeded, failed, in_flight, le_ms)
SELECT sign, updated_at, seq, invocation_id, is_invocation, session, event, agent, phase_name,
    model_name, status_name, token_count, tool_call_count, start, "end", duration_ms, succeeded,
    failed, in_flight, le_ms
FROM (SELECT *, (typeof(agent_name) = 'text' AND agent_name NOT IN ('', 'unknown')) AND NOT
    (coalesce(event_type, '') = 'subagent_stop' OR coalesce(event_type, '') = 'tool_tracking_start')
    AS is_invocation,
  CASE typeof(session_id) WHEN 'text' THEN CASE WHEN instr(session_id, char(0)) THEN '' ELSE
      session_id END WHEN 'integer' THEN CAST(session_id AS TEXT) ELSE '' END AS session,
  CASE typeof(event_type) WHEN 'text' THEN CASE WHEN instr(event_type, char(0)) THEN '' ELSE
      event_type END WHEN 'integer' THEN CAST(event_type AS TEXT) ELSE '' END AS event,
  CASE typeof(agent_name) WHEN 'text' THEN CASE WHEN instr(agent_name, char(0)) THEN '' ELSE
      agent_name END WHEN 'integer' THEN CAST(agent_name AS TEXT) ELSE '' END AS agent,
  CASE typeof(phase) WHEN 'text' THEN CASE WHEN instr(phase, char(0)) THEN '' ELSE phase END WHEN
      'integer' THEN CAST(phase AS TEXT) ELSE '' END AS phase_name,
  CASE typeof(model) WHEN 'text' THEN CASE WHEN instr(model, char(0)) THEN '' ELSE model END WHEN
      'integer' THEN CAST(model AS TEXT) ELSE '' END AS model_name,
  CASE typeof(status) WHEN 'text' THEN CASE WHEN instr(status, char(0)) THEN '' ELSE status END WHEN
      'integer' THEN CAST(status AS TEXT) ELSE '' END AS status_name,
  tokens AS token_count,
  tool_calls AS tool_call_count,
  CASE WHEN (coalesce(status, '') = 'completed') THEN 1 ELSE 0 END AS succeeded,
  CASE WHEN (coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error') THEN 1 ELSE 0 END AS
      failed,
  start IS NOT NULL AND end_time IS NULL AND NOT (coalesce(status, '') = 'completed' OR
      coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error') AS in_flight,
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
FROM (SELECT 1 AS sign, updated_at AS updated_at, NULL AS seq,
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
  CASE WHEN typeof(agent_invocations.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(agent_invocations.raw_output AS BLOB), place +
      length(CAST('"totalTokens":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(agent_invocations.raw_output AS BLOB), CAST('"totalTokens":' AS BLOB))
    AS place)) ELSE 0 END AS tokens,
  CASE WHEN typeof(agent_invocations.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(agent_invocations.raw_output AS BLOB), place +
      length(CAST('"totalToolUseCount":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(agent_invocations.raw_output AS BLOB), CAST('"totalToolUseCount":' AS
    BLOB)) AS place)) ELSE 0 END AS tool_calls
FROM main.agent_invocations WHERE agent_invocations.id > :mark ORDER BY agent_invocations.id LIMIT
    :rows OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0);

-- [entries] old
INSERT INTO temp._aggregates_agent_invocations_facts (sign, updated_at, seq, invocation_id,
    is_invocation, session, event, agent, phase_name, model_name, status_name, token_count,
    tool_call_count, start, "end", duration_ms, succeeded, failed, in_flight, le_ms)
SELECT sign, updated_at, seq, invocation_id, is_invocation, session, event, agent, phase_name,
    model_name, status_name, token_count, tool_call_count, start, "end", duration_ms, succeeded,
    failed, in_flight, le_ms
FROM (SELECT *, (typeof(agent_name) = 'text' AND agent_name NOT IN ('', 'unknown')) AND NOT
    (coalesce(event_type, '') = 'subagent_stop' OR coalesce(event_type, '') = 'tool_tracking_start')
    AS is_invocation,
  CASE typeof(session_id) WHEN 'text' THEN CASE WHEN instr(session_id, char(0)) THEN '' ELSE
      session_id END WHEN 'integer' THEN CAST(session_id AS TEXT) ELSE '' END AS session,
  CASE typeof(event_type) WHEN 'text' THEN CASE WHEN instr(event_type, char(0)) THEN '' ELSE
      event_type END WHEN 'integer' THEN CAST(event_type AS TEXT) ELSE '' END AS event,
  CASE typeof(agent_name) WHEN 'text' THEN CASE WHEN instr(agent_name, char(0)) THEN '' ELSE
      agent_name END WHEN 'integer' THEN CAST(agent_name AS TEXT) ELSE '' END AS agent,
  CASE typeof(phase) WHEN 'text' THEN CASE WHEN instr(phase, char(0)) THEN '' ELSE phase END WHEN
      'integer' THEN CAST(phase AS TEXT) ELSE '' END AS phase_name,
  CASE typeof(model) WHEN 'text' THEN CASE WHEN instr(model, char(0)) THEN '' ELSE model END WHEN
      'integer' THEN CAST(model AS TEXT) ELSE '' END AS model_name,
  CASE typeof(status) WHEN 'text' THEN CASE WHEN instr(status, char(0)) THEN '' ELSE status END WHEN
      'integer' THEN CAST(status AS TEXT) ELSE '' END AS status_name,
  tokens AS token_count,
  tool_calls AS tool_call_count,
  CASE WHEN (coalesce(status, '') = 'completed') THEN 1 ELSE 0 END AS succeeded,
  CASE WHEN (coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error') THEN 1 ELSE 0 END AS
      failed,
  start IS NOT NULL AND end_time IS NULL AND NOT (coalesce(status, '') = 'completed' OR
      coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error') AS in_flight,
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
FROM (SELECT -1 AS sign, updated_at, seq, coalesce(old_invocation_id, invocation_id) AS
    invocation_id, old_timestamp AS timestamp, old_session_id AS session_id, old_event_type AS
    event_type, old_phase AS phase, old_agent_name AS agent_name, old_model AS model, old_start_time
    AS start_time, old_end_time AS end_time, old_duration_seconds AS duration_seconds, old_status AS
    status, old_tokens AS tokens, old_tool_calls AS tool_calls
FROM main.agent_invocation_changes WHERE seq > :seq AND operation <> 'insert'
AND coalesce(old_invocation_id, invocation_id) > :above AND coalesce(old_invocation_id,
    invocation_id) <= :upto ORDER BY seq LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0)
    LIMIT -1 OFFSET 0);

-- [entries] new
INSERT INTO temp._aggregates_agent_invocations_facts (sign, updated_at, seq, invocation_id,
    is_invocation, session, event, agent, phase_name, model_name, status_name, token_count,
    tool_call_count, start, "end", duration_ms, succeeded, failed, in_flight, le_ms)
SELECT sign, updated_at, seq, invocation_id, is_invocation, session, event, agent, phase_name,
    model_name, status_name, token_count, tool_call_count, start, "end", duration_ms, succeeded,
    failed, in_flight, le_ms
FROM (SELECT *, (typeof(agent_name) = 'text' AND agent_name NOT IN ('', 'unknown')) AND NOT
    (coalesce(event_type, '') = 'subagent_stop' OR coalesce(event_type, '') = 'tool_tracking_start')
    AS is_invocation,
  CASE typeof(session_id) WHEN 'text' THEN CASE WHEN instr(session_id, char(0)) THEN '' ELSE
      session_id END WHEN 'integer' THEN CAST(session_id AS TEXT) ELSE '' END AS session,
  CASE typeof(event_type) WHEN 'text' THEN CASE WHEN instr(event_type, char(0)) THEN '' ELSE
      event_type END WHEN 'integer' THEN CAST(event_type AS TEXT) ELSE '' END AS event,
  CASE typeof(agent_name) WHEN 'text' THEN CASE WHEN instr(agent_name, char(0)) THEN '' ELSE
      agent_name END WHEN 'integer' THEN CAST(agent_name AS TEXT) ELSE '' END AS agent,
  CASE typeof(phase) WHEN 'text' THEN CASE WHEN instr(phase, char(0)) THEN '' ELSE phase END WHEN
      'integer' THEN CAST(phase AS TEXT) ELSE '' END AS phase_name,
  CASE typeof(model) WHEN 'text' THEN CASE WHEN instr(model, char(0)) THEN '' ELSE model END WHEN
      'integer' THEN CAST(model AS TEXT) ELSE '' END AS model_name,
  CASE typeof(status) WHEN 'text' THEN CASE WHEN instr(status, char(0)) THEN '' ELSE status END WHEN
      'integer' THEN CAST(status AS TEXT) ELSE '' END AS status_name,
  tokens AS token_count,
  tool_calls AS tool_call_count,
  CASE WHEN (coalesce(status, '') = 'completed') THEN 1 ELSE 0 END AS succeeded,
  CASE WHEN (coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error') THEN 1 ELSE 0 END AS
      failed,
  start IS NOT NULL AND end_time IS NULL AND NOT (coalesce(status, '') = 'completed' OR
      coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error') AS in_flight,
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
FROM (SELECT 1 AS sign, updated_at, seq, invocation_id AS invocation_id, new_timestamp AS timestamp,
    new_session_id AS session_id, new_event_type AS event_type, new_phase AS phase, new_agent_name
    AS agent_name, new_model AS model, new_start_time AS start_time, new_end_time AS end_time,
    new_duration_seconds AS duration_seconds, new_status AS status, new_tokens AS tokens,
    new_tool_calls AS tool_calls
FROM main.agent_invocation_changes WHERE seq > :seq AND operation <> 'delete'
AND invocation_id > :above AND invocation_id <= :upto ORDER BY seq LIMIT -1 OFFSET 0) LIMIT -1
    OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0);

-- [fold] 1
INSERT INTO session_phases (session_id, phase, invocations)
SELECT session, phase_name, sum(sign * (1))
FROM temp._aggregates_agent_invocations_facts WHERE is_invocation
GROUP BY 1, 2
HAVING sum(sign * (1)) <> 0
ON CONFLICT (session_id, phase) DO UPDATE SET invocations = invocations + excluded.invocations;

-- [fold] 2
INSERT INTO session_stats (session_id, invocations, succeeded, failed, in_flight, duration_count,
    duration_ms_sum, changed_seq)
SELECT session, sum(sign * (1)), sum(sign * (succeeded)), sum(sign * (failed)), sum(sign *
    (in_flight)), sum(sign * (CASE WHEN (duration_ms IS NOT NULL) THEN 1 ELSE 0 END)), sum(sign *
    (coalesce(duration_ms, 0))), max(seq)
FROM temp._aggregates_agent_invocations_facts WHERE is_invocation
GROUP BY 1
ON CONFLICT (session_id) DO UPDATE SET invocations = invocations + excluded.invocations, succeeded =
    succeeded + excluded.succeeded, failed = failed + excluded.failed, in_flight = in_flight +
    excluded.in_flight, duration_count = duration_count + excluded.duration_count, duration_ms_sum =
    duration_ms_sum + excluded.duration_ms_sum, changed_seq = CASE WHEN changed_seq IS NULL OR
    excluded.changed_seq > changed_seq THEN excluded.changed_seq ELSE changed_seq END;

-- [fold] 3
DELETE FROM _aggregates_session_starts WHERE (session_id, start_time, invocation_id) IN (
  SELECT session_id, start_time, invocation_id FROM (SELECT session AS session_id, start AS
      start_time, invocation_id AS invocation_id FROM temp._aggregates_agent_invocations_facts WHERE
      is_invocation AND start IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(sign) < 0));

-- [fold] 4
INSERT INTO _aggregates_session_starts (session_id, start_time, invocation_id)
SELECT session AS session_id, start AS start_time, invocation_id AS invocation_id
FROM temp._aggregates_agent_invocations_facts WHERE is_invocation AND start IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(sign) > 0;

-- [fold] 5
DELETE FROM _aggregates_session_ends WHERE (session_id, end_time, invocation_id) IN (
  SELECT session_id, end_time, invocation_id FROM (SELECT session AS session_id, "end" AS end_time,
      invocation_id AS invocation_id FROM temp._aggregates_agent_invocations_facts WHERE
      is_invocation AND "end" IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(sign) < 0));

-- [fold] 6
INSERT INTO _aggregates_session_ends (session_id, end_time, invocation_id)
SELECT session AS session_id, "end" AS end_time, invocation_id AS invocation_id
FROM temp._aggregates_agent_invocations_facts WHERE is_invocation AND "end" IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(sign) > 0;

-- [fold] 7
UPDATE session_stats SET first_start = (SELECT min(listed.start_time) FROM
    _aggregates_session_starts AS listed WHERE listed.session_id = session_stats.session_id)
WHERE (session_id) IN (
  SELECT DISTINCT session FROM temp._aggregates_agent_invocations_facts WHERE is_invocation);

-- [fold] 8
UPDATE session_stats SET last_end = (SELECT max(listed.end_time) FROM _aggregates_session_ends AS
    listed WHERE listed.session_id = session_stats.session_id)
WHERE (session_id) IN (
  SELECT DISTINCT session FROM temp._aggregates_agent_invocations_facts WHERE is_invocation);

-- [fold] 9
UPDATE session_stats SET agents = (
  SELECT count(*) FROM session_agents AS pair
  WHERE pair.session_id = session_stats.session_id AND pair.agent_name <> '')
WHERE (session_id) IN (
  SELECT DISTINCT session FROM temp._aggregates_agent_invocations_facts WHERE is_invocation);

-- [fold] 10
UPDATE session_stats SET phases = (
  SELECT count(*) FROM session_phases AS pair
  WHERE pair.session_id = session_stats.session_id AND pair.phase <> '')
WHERE (session_id) IN (
  SELECT DISTINCT session FROM temp._aggregates_agent_invocations_facts WHERE is_invocation);

-- [sweep] 1
DELETE FROM session_phases
WHERE (session_id, phase) IN (
  SELECT session, phase_name FROM temp._aggregates_agent_invocations_facts WHERE sign < 0 AND
      is_invocation)
AND invocations = 0;

-- [sweep] 2
UPDATE session_stats SET agents = (
  SELECT count(*) FROM session_agents AS pair
  WHERE pair.session_id = session_stats.session_id AND pair.agent_name <> '')
WHERE (session_id) IN (
  SELECT DISTINCT session FROM temp._aggregates_agent_invocations_facts WHERE is_invocation);

-- [sweep] 3
UPDATE session_stats SET phases = (
  SELECT count(*) FROM session_phases AS pair
  WHERE pair.session_id = session_stats.session_id AND pair.phase <> '')
WHERE (session_id) IN (
  SELECT DISTINCT session FROM temp._aggregates_agent_invocations_facts WHERE is_invocation);

-- [sweep] 4
DELETE FROM session_stats
WHERE (session_id) IN (
  SELECT session FROM temp._aggregates_agent_invocations_facts WHERE sign < 0 AND is_invocation)
AND invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND duration_count = 0 AND
    duration_ms_sum = 0 AND agents = 0 AND phases = 0;

-- [clear] 1
DELETE FROM session_phases WHERE (session_id, phase) IN (SELECT session_id, phase FROM
    session_phases LIMIT 500);

-- [clear] 2
DELETE FROM _aggregates_session_starts WHERE (session_id, start_time, invocation_id) IN (SELECT
    session_id, start_time, invocation_id FROM _aggregates_session_starts LIMIT 500);

-- [clear] 3
DELETE FROM _aggregates_session_ends WHERE (session_id, end_time, invocation_id) IN (SELECT
    session_id, end_time, invocation_id FROM _aggregates_session_ends LIMIT 500);

-- [clear] 4
DELETE FROM session_stats WHERE (session_id) IN (SELECT session_id FROM session_stats LIMIT 500);

-- [clear] 5
DELETE FROM _aggregates_session_totals WHERE (scope) IN (SELECT scope FROM
    _aggregates_session_totals LIMIT 500);
