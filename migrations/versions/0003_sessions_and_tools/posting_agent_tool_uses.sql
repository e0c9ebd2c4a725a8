-- [view] _aggregates_agent_tool_uses_facts_1
CREATE VIEW _aggregates_agent_tool_uses_facts_1 (
  updated_at, seq, old_exists, old_tool_use_id, old_start_time, old_end_time, old_duration_seconds,
      old_session, old_agent, old_tool, old_status_name, old_start, old_end, new_exists,
      new_tool_use_id, new_start_time, new_end_time, new_duration_seconds, new_session, new_agent,
      new_tool, new_status_name, new_start, new_end
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;

-- [view] _aggregates_agent_tool_uses_facts_2
CREATE VIEW _aggregates_agent_tool_uses_facts_2 (
  updated_at, seq, old_exists, old_tool_use_id, old_session, old_agent, old_tool, old_status_name,
      old_start, old_duration_ms, new_exists, new_tool_use_id, new_session, new_agent, new_tool,
      new_status_name, new_start, new_duration_ms
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL;

-- [view] _aggregates_agent_tool_uses_posting
CREATE VIEW _aggregates_agent_tool_uses_posting (
  updated_at, seq, tool_stats_posts, tool_durations_posts, session_tool_uses_posts, old_agent,
      old_duration_ms, old_le_ms, old_session, old_start, old_status_name, old_tool,
      old_tool_use_id, new_agent, new_duration_ms, new_le_ms, new_session, new_start,
      new_status_name, new_tool, new_tool_use_id
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL;

-- [trigger] _aggregates_agent_tool_uses_post_1
CREATE TRIGGER _aggregates_agent_tool_uses_post_1 AFTER INSERT ON agent_tool_use_changes
BEGIN
  INSERT INTO _aggregates_agent_tool_uses_facts_1 VALUES (
  NEW.updated_at,
  NEW.seq,
  NEW.operation <> 'insert',
  coalesce(NEW.old_tool_use_id, NEW.tool_use_id),
  NEW.old_start_time,
  NEW.old_end_time,
  NEW.old_duration_seconds,
  CASE typeof(NEW.old_session_id) WHEN 'text' THEN CASE WHEN instr(NEW.old_session_id, char(0)) THEN
      '' ELSE NEW.old_session_id END WHEN 'integer' THEN CAST(NEW.old_session_id AS TEXT) ELSE ''
      END,
  CASE typeof(NEW.old_agent_name) WHEN 'text' THEN CASE WHEN instr(NEW.old_agent_name, char(0)) THEN
      '' ELSE NEW.old_agent_name END WHEN 'integer' THEN CAST(NEW.old_agent_name AS TEXT) ELSE ''
      END,
  CASE typeof(NEW.old_tool_name) WHEN 'text' THEN CASE WHEN instr(NEW.old_tool_name, char(0)) THEN
      '' ELSE NEW.old_tool_name END WHEN 'integer' THEN CAST(NEW.old_tool_name AS TEXT) ELSE '' END,
  CASE typeof(NEW.old_status) WHEN 'text' THEN CASE WHEN instr(NEW.old_status, char(0)) THEN '' ELSE
      NEW.old_status END WHEN 'integer' THEN CAST(NEW.old_status AS TEXT) ELSE '' END,
  CASE WHEN typeof(NEW.old_start_time) <> 'text' THEN NULL
  WHEN NEW.old_start_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND NEW.old_start_time >= '0001'
    AND substr(NEW.old_start_time, 6, 2) BETWEEN '01' AND '12' AND substr(NEW.old_start_time, 9, 2)
    BETWEEN '01' AND '28'
    AND substr(NEW.old_start_time, 12, 2) < '24' AND NOT substr(NEW.old_start_time, 24) GLOB
    '*[^0-9]*'
    AND NOT instr(NEW.old_start_time, char(0))
  THEN substr(NEW.old_start_time, 1, 23)
  WHEN NEW.old_start_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND NEW.old_start_time >= '0001' AND substr(NEW.old_start_time, 12, 2) < '24' AND NOT
    instr(NEW.old_start_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(NEW.old_start_time, 21, length(NEW.old_start_time) -
        20 - length(zone)) || '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(NEW.old_start_time, 1, 10), '+0 days') <>
        substr(NEW.old_start_time, 9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(NEW.old_start_time, 1,
        clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(NEW.old_start_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(NEW.old_start_time, 21), '0123456789') ELSE substr(NEW.old_start_time,
          clock + 1) END AS zone
        FROM (SELECT CASE WHEN substr(NEW.old_start_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(NEW.old_start_time, 17, 1) = ':' AND substr(NEW.old_start_time, 20, 2) GLOB
          '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END,
  CASE WHEN typeof(NEW.old_end_time) <> 'text' THEN NULL
  WHEN NEW.old_end_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND NEW.old_end_time >= '0001'
    AND substr(NEW.old_end_time, 6, 2) BETWEEN '01' AND '12' AND substr(NEW.old_end_time, 9, 2)
    BETWEEN '01' AND '28'
    AND substr(NEW.old_end_time, 12, 2) < '24' AND NOT substr(NEW.old_end_time, 24) GLOB '*[^0-9]*'
    AND NOT instr(NEW.old_end_time, char(0))
  THEN substr(NEW.old_end_time, 1, 23)
  WHEN NEW.old_end_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND NEW.old_end_time >= '0001' AND substr(NEW.old_end_time, 12, 2) < '24' AND NOT
    instr(NEW.old_end_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(NEW.old_end_time, 21, length(NEW.old_end_time) - 20 -
        length(zone)) || '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(NEW.old_end_time, 1, 10), '+0 days') <> substr(NEW.old_end_time,
        9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(NEW.old_end_time, 1,
        clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(NEW.old_end_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(NEW.old_end_time, 21), '0123456789') ELSE substr(NEW.old_end_time, clock
          + 1) END AS zone
        FROM (SELECT CASE WHEN substr(NEW.old_end_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(NEW.old_end_time, 17, 1) = ':' AND substr(NEW.old_end_time, 20, 2) GLOB '.[0-9]' AS
          fraction))
      LIMIT 1 OFFSET 0)) END,
  NEW.operation <> 'delete',
  NEW.tool_use_id,
  NEW.new_start_time,
  NEW.new_end_time,
  NEW.new_duration_seconds,
  CASE typeof(NEW.new_session_id) WHEN 'text' THEN CASE WHEN instr(NEW.new_session_id, char(0)) THEN
      '' ELSE NEW.new_session_id END WHEN 'integer' THEN CAST(NEW.new_session_id AS TEXT) ELSE ''
      END,
  CASE typeof(NEW.new_agent_name) WHEN 'text' THEN CASE WHEN instr(NEW.new_agent_name, char(0)) THEN
      '' ELSE NEW.new_agent_name END WHEN 'integer' THEN CAST(NEW.new_agent_name AS TEXT) ELSE ''
      END,
  CASE typeof(NEW.new_tool_name) WHEN 'text' THEN CASE WHEN instr(NEW.new_tool_name, char(0)) THEN
      '' ELSE NEW.new_tool_name END WHEN 'integer' THEN CAST(NEW.new_tool_name AS TEXT) ELSE '' END,
  CASE typeof(NEW.new_status) WHEN 'text' THEN CASE WHEN instr(NEW.new_status, char(0)) THEN '' ELSE
      NEW.new_status END WHEN 'integer' THEN CAST(NEW.new_status AS TEXT) ELSE '' END,
  CASE WHEN typeof(NEW.new_start_time) <> 'text' THEN NULL
  WHEN NEW.new_start_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND NEW.new_start_time >= '0001'
    AND substr(NEW.new_start_time, 6, 2) BETWEEN '01' AND '12' AND substr(NEW.new_start_time, 9, 2)
    BETWEEN '01' AND '28'
    AND substr(NEW.new_start_time, 12, 2) < '24' AND NOT substr(NEW.new_start_time, 24) GLOB
    '*[^0-9]*'
    AND NOT instr(NEW.new_start_time, char(0))
  THEN substr(NEW.new_start_time, 1, 23)
  WHEN NEW.new_start_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND NEW.new_start_time >= '0001' AND substr(NEW.new_start_time, 12, 2) < '24' AND NOT
    instr(NEW.new_start_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(NEW.new_start_time, 21, length(NEW.new_start_time) -
        20 - length(zone)) || '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(NEW.new_start_time, 1, 10), '+0 days') <>
        substr(NEW.new_start_time, 9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(NEW.new_start_time, 1,
        clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(NEW.new_start_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(NEW.new_start_time, 21), '0123456789') ELSE substr(NEW.new_start_time,
          clock + 1) END AS zone
        FROM (SELECT CASE WHEN substr(NEW.new_start_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(NEW.new_start_time, 17, 1) = ':' AND substr(NEW.new_start_time, 20, 2) GLOB
          '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END,
  CASE WHEN typeof(NEW.new_end_time) <> 'text' THEN NULL
  WHEN NEW.new_end_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND NEW.new_end_time >= '0001'
    AND substr(NEW.new_end_time, 6, 2) BETWEEN '01' AND '12' AND substr(NEW.new_end_time, 9, 2)
    BETWEEN '01' AND '28'
    AND substr(NEW.new_end_time, 12, 2) < '24' AND NOT substr(NEW.new_end_time, 24) GLOB '*[^0-9]*'
    AND NOT instr(NEW.new_end_time, char(0))
  THEN substr(NEW.new_end_time, 1, 23)
  WHEN NEW.new_end_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND NEW.new_end_time >= '0001' AND substr(NEW.new_end_time, 12, 2) < '24' AND NOT
    instr(NEW.new_end_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(NEW.new_end_time, 21, length(NEW.new_end_time) - 20 -
        length(zone)) || '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(NEW.new_end_time, 1, 10), '+0 days') <> substr(NEW.new_end_time,
        9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(NEW.new_end_time, 1,
        clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(NEW.new_end_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(NEW.new_end_time, 21), '0123456789') ELSE substr(NEW.new_end_time, clock
          + 1) END AS zone
        FROM (SELECT CASE WHEN substr(NEW.new_end_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(NEW.new_end_time, 17, 1) = ':' AND substr(NEW.new_end_time, 20, 2) GLOB '.[0-9]' AS
          fraction))
      LIMIT 1 OFFSET 0)) END);
END;

-- [trigger] _aggregates_agent_tool_uses_post_2
CREATE TRIGGER _aggregates_agent_tool_uses_post_2 INSTEAD OF INSERT ON
    _aggregates_agent_tool_uses_facts_1
BEGIN
  INSERT INTO _aggregates_agent_tool_uses_facts_2 VALUES (
  NEW.updated_at,
  NEW.seq,
  NEW.old_exists,
  NEW.old_tool_use_id,
  NEW.old_session,
  NEW.old_agent,
  NEW.old_tool,
  NEW.old_status_name,
  NEW.old_start,
  (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.old_start_time, -1) = 'Z' OR substr(NEW.old_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.old_end_time, -1) = 'Z' OR substr(NEW.old_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.old_end, 1, 19)) - strftime('%s',
      substr(NEW.old_start, 1, 19))) * 1000 + substr(NEW.old_end, 21) - substr(NEW.old_start, 21))
      END AS one, CASE WHEN typeof(NEW.old_duration_seconds) IN ('integer', 'real') AND
      NEW.old_duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(NEW.old_duration_seconds * 1000
      + 0.5 AS INTEGER) END AS other LIMIT 1 OFFSET 0)),
  NEW.new_exists,
  NEW.new_tool_use_id,
  NEW.new_session,
  NEW.new_agent,
  NEW.new_tool,
  NEW.new_status_name,
  NEW.new_start,
  (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.new_start_time, -1) = 'Z' OR substr(NEW.new_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.new_end_time, -1) = 'Z' OR substr(NEW.new_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.new_end, 1, 19)) - strftime('%s',
      substr(NEW.new_start, 1, 19))) * 1000 + substr(NEW.new_end, 21) - substr(NEW.new_start, 21))
      END AS one, CASE WHEN typeof(NEW.new_duration_seconds) IN ('integer', 'real') AND
      NEW.new_duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(NEW.new_duration_seconds * 1000
      + 0.5 AS INTEGER) END AS other LIMIT 1 OFFSET 0)));
END;

-- [trigger] _aggregates_agent_tool_uses_post_3
CREATE TRIGGER _aggregates_agent_tool_uses_post_3 INSTEAD OF INSERT ON
    _aggregates_agent_tool_uses_facts_2
BEGIN
  INSERT INTO _aggregates_agent_tool_uses_posting VALUES (
  NEW.updated_at,
  NEW.seq,
  CASE WHEN NEW.old_exists AND NEW.new_exists AND NEW.old_status_name = NEW.new_status_name AND
      NEW.old_tool = NEW.new_tool AND NEW.old_agent = NEW.new_agent
    THEN CASE WHEN CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END <> CASE WHEN
    (NEW.new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END OR coalesce(NEW.old_duration_ms, 0) <>
    coalesce(NEW.new_duration_ms, 0) THEN 4 ELSE 0 END ELSE NEW.new_exists + 2 * NEW.old_exists END,
  CASE WHEN (NEW.old_exists AND NEW.old_duration_ms IS NOT NULL) AND (NEW.new_exists AND
      NEW.new_duration_ms IS NOT NULL) AND coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms
      >= NEW.old_duration_ms ORDER BY le_ms LIMIT 1), CASE WHEN NEW.old_duration_ms IS NOT NULL THEN
      9223372036854775807 END) = coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >=
      NEW.new_duration_ms ORDER BY le_ms LIMIT 1), CASE WHEN NEW.new_duration_ms IS NOT NULL THEN
      9223372036854775807 END) AND NEW.old_tool = NEW.new_tool AND NEW.old_agent = NEW.new_agent
    THEN CASE WHEN NEW.old_duration_ms <> NEW.new_duration_ms THEN 4 ELSE 0 END ELSE (NEW.new_exists
    AND NEW.new_duration_ms IS NOT NULL) + 2 * (NEW.old_exists AND NEW.old_duration_ms IS NOT NULL)
    END,
  CASE WHEN (NEW.old_exists AND NEW.old_start IS NOT NULL) AND (NEW.new_exists AND NEW.new_start IS
      NOT NULL) AND NEW.old_tool_use_id = NEW.new_tool_use_id AND NEW.old_start = NEW.new_start AND
      NEW.old_session = NEW.new_session
    THEN 0 ELSE (NEW.new_exists AND NEW.new_start IS NOT NULL) + 2 * (NEW.old_exists AND
    NEW.old_start IS NOT NULL) END,
  NEW.old_agent,
  NEW.old_duration_ms,
  coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= NEW.old_duration_ms ORDER BY le_ms
      LIMIT 1), CASE WHEN NEW.old_duration_ms IS NOT NULL THEN 9223372036854775807 END),
  NEW.old_session,
  NEW.old_start,
  NEW.old_status_name,
  NEW.old_tool,
  NEW.old_tool_use_id,
  NEW.new_agent,
  NEW.new_duration_ms,
  coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= NEW.new_duration_ms ORDER BY le_ms
      LIMIT 1), CASE WHEN NEW.new_duration_ms IS NOT NULL THEN 9223372036854775807 END),
  NEW.new_session,
  NEW.new_start,
  NEW.new_status_name,
  NEW.new_tool,
  NEW.new_tool_use_id);
END;

-- [trigger] _aggregates_agent_tool_uses_plus
CREATE TRIGGER _aggregates_agent_tool_uses_plus INSTEAD OF INSERT ON
    _aggregates_agent_tool_uses_posting
BEGIN
  INSERT INTO tool_stats (agent_name, tool_name, status, uses, duration_count, duration_ms_sum)
  SELECT NEW.new_agent, NEW.new_tool, NEW.new_status_name,
    CASE NEW.tool_stats_posts WHEN 4 THEN 0 ELSE 1 END,
    (CASE WHEN (NEW.new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END) - CASE NEW.tool_stats_posts WHEN
    4 THEN (CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END) ELSE 0 END,
    coalesce(NEW.new_duration_ms, 0) - CASE NEW.tool_stats_posts WHEN 4 THEN
    coalesce(NEW.old_duration_ms, 0) ELSE 0 END
  WHERE NEW.tool_stats_posts NOT IN (0, 2)
  ON CONFLICT (agent_name, tool_name, status) DO UPDATE SET
    uses = uses + excluded.uses, duration_count = duration_count + excluded.duration_count,
    duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;
  INSERT INTO tool_durations (agent_name, tool_name, le_ms, uses, duration_ms_sum)
  SELECT NEW.new_agent, NEW.new_tool, NEW.new_le_ms,
    CASE NEW.tool_durations_posts WHEN 4 THEN 0 ELSE 1 END,
    NEW.new_duration_ms - CASE NEW.tool_durations_posts WHEN 4 THEN NEW.old_duration_ms ELSE 0 END
  WHERE NEW.tool_durations_posts NOT IN (0, 2)
  ON CONFLICT (agent_name, tool_name, le_ms) DO UPDATE SET
    uses = uses + excluded.uses, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;
  INSERT INTO _aggregates_session_tool_uses (session_id, start_time, tool_use_id)
  SELECT NEW.new_session, NEW.new_start, NEW.new_tool_use_id
  WHERE NEW.session_tool_uses_posts NOT IN (0, 2)
  ON CONFLICT (session_id, start_time, tool_use_id) DO NOTHING;
  DELETE FROM _aggregates_session_tool_uses
  WHERE NEW.session_tool_uses_posts = 3 AND NOT (NEW.old_session = NEW.new_session AND NEW.old_start
      = NEW.new_start AND NEW.old_tool_use_id = NEW.new_tool_use_id) AND session_id =
      NEW.old_session AND start_time = NEW.old_start AND tool_use_id = NEW.old_tool_use_id;
END;

-- [trigger] _aggregates_agent_tool_uses_minus
CREATE TRIGGER _aggregates_agent_tool_uses_minus INSTEAD OF INSERT ON
    _aggregates_agent_tool_uses_posting
WHEN NEW.tool_stats_posts IN (2, 3) OR NEW.tool_durations_posts IN (2, 3) OR
    NEW.session_tool_uses_posts = 2
BEGIN
  UPDATE tool_stats SET uses = uses - 1, duration_count = duration_count - (CASE WHEN
      (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END), duration_ms_sum = duration_ms_sum -
      coalesce(NEW.old_duration_ms, 0)
  WHERE NEW.tool_stats_posts IN (2, 3) AND agent_name = NEW.old_agent AND tool_name = NEW.old_tool
      AND status = NEW.old_status_name;
  DELETE FROM tool_stats WHERE NEW.tool_stats_posts IN (2, 3) AND agent_name = NEW.old_agent AND
      tool_name = NEW.old_tool AND status = NEW.old_status_name
    AND uses = 0 AND duration_count = 0 AND duration_ms_sum = 0;
  UPDATE tool_durations SET uses = uses - 1, duration_ms_sum = duration_ms_sum - NEW.old_duration_ms
  WHERE NEW.tool_durations_posts IN (2, 3) AND agent_name = NEW.old_agent AND tool_name =
      NEW.old_tool AND le_ms = NEW.old_le_ms;
  DELETE FROM tool_durations WHERE NEW.tool_durations_posts IN (2, 3) AND agent_name = NEW.old_agent
      AND tool_name = NEW.old_tool AND le_ms = NEW.old_le_ms
    AND uses = 0 AND duration_ms_sum = 0;
  DELETE FROM _aggregates_session_tool_uses
  WHERE NEW.session_tool_uses_posts = 2 AND session_id = NEW.old_session AND start_time =
      NEW.old_start AND tool_use_id = NEW.old_tool_use_id;
END;
