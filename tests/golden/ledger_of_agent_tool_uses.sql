-- table agent_tool_use_changes
CREATE TABLE agent_tool_use_changes (
  seq INTEGER PRIMARY KEY,
  operation TEXT,
  updated_at TEXT,
  tool_use_id INTEGER,
  old_tool_use_id INTEGER,
  old_session_id,
  new_session_id,
  old_agent_name,
  new_agent_name,
  old_tool_name,
  new_tool_name,
  old_start_time,
  new_start_time,
  old_end_time,
  new_end_time,
  old_duration_seconds,
  new_duration_seconds,
  old_status,
  new_status
);

-- table _aggregates_agent_tool_uses_replaced
CREATE TABLE _aggregates_agent_tool_uses_replaced (
  tool_use_id, session_id, agent_name, tool_name, start_time, end_time, duration_seconds, status,
  is_gone
);

-- trigger _aggregates_agent_tool_uses_before_insert
CREATE TRIGGER _aggregates_agent_tool_uses_before_insert BEFORE INSERT ON agent_tool_uses
WHEN EXISTS (SELECT 1 FROM agent_tool_uses AS clash WHERE clash.id = NEW.id
    /* or the same value of another unique key */)
  OR EXISTS (SELECT 1 FROM _aggregates_agent_tool_uses_replaced)
BEGIN
  UPDATE _aggregates_agent_tool_uses_replaced SET is_gone = 1
  WHERE NOT EXISTS (SELECT 1 FROM agent_tool_uses AS kept WHERE kept.id =
      _aggregates_agent_tool_uses_replaced.tool_use_id);
  DELETE FROM _aggregates_agent_tool_uses_replaced WHERE tool_use_id IS NOT NULL;
  INSERT INTO _aggregates_agent_tool_uses_replaced (tool_use_id, session_id, agent_name, tool_name,
      start_time, end_time, duration_seconds, status)
  SELECT clash.id, clash.session_id, clash.agent_name, clash.tool_name, clash.start_time,
      clash.end_time, clash.duration_seconds, clash.status
  FROM agent_tool_uses AS clash WHERE clash.id = NEW.id
      /* or the same value of another unique key */;
END;

-- trigger _aggregates_agent_tool_uses_before_update
CREATE TRIGGER _aggregates_agent_tool_uses_before_update BEFORE UPDATE OF id, rowid, oid, _rowid_
    /* and the columns of other unique keys */ ON agent_tool_uses
WHEN EXISTS (SELECT 1 FROM agent_tool_uses AS clash WHERE (clash.id = NEW.id
    /* or the same value of another unique key */) AND clash.id <> OLD.id)
  OR EXISTS (SELECT 1 FROM _aggregates_agent_tool_uses_replaced)
BEGIN
  UPDATE _aggregates_agent_tool_uses_replaced SET is_gone = 1
  WHERE NOT EXISTS (SELECT 1 FROM agent_tool_uses AS kept WHERE kept.id =
      _aggregates_agent_tool_uses_replaced.tool_use_id);
  DELETE FROM _aggregates_agent_tool_uses_replaced WHERE tool_use_id IS NOT NULL;
  INSERT INTO _aggregates_agent_tool_uses_replaced (tool_use_id, session_id, agent_name, tool_name,
      start_time, end_time, duration_seconds, status)
  SELECT clash.id, clash.session_id, clash.agent_name, clash.tool_name, clash.start_time,
      clash.end_time, clash.duration_seconds, clash.status
  FROM agent_tool_uses AS clash WHERE (clash.id = NEW.id
      /* or the same value of another unique key */) AND clash.id <> OLD.id;
END;

-- trigger _aggregates_agent_tool_uses_replaced
CREATE TRIGGER _aggregates_agent_tool_uses_replaced AFTER DELETE ON
    _aggregates_agent_tool_uses_replaced
WHEN OLD.is_gone
BEGIN
  INSERT INTO agent_tool_use_changes (operation, updated_at, tool_use_id,
    old_session_id, old_agent_name, old_tool_name, old_start_time, old_end_time,
    old_duration_seconds, old_status)
  VALUES ('delete', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), OLD.tool_use_id,
    OLD.session_id, OLD.agent_name, OLD.tool_name, OLD.start_time, OLD.end_time,
    OLD.duration_seconds, OLD.status);
END;

-- trigger _aggregates_agent_tool_uses_insert
CREATE TRIGGER _aggregates_agent_tool_uses_insert AFTER INSERT ON agent_tool_uses
BEGIN
  UPDATE _aggregates_agent_tool_uses_replaced SET is_gone = 1
  WHERE tool_use_id = NEW.id OR NOT EXISTS (SELECT 1 FROM agent_tool_uses AS kept WHERE kept.id =
      _aggregates_agent_tool_uses_replaced.tool_use_id);
  DELETE FROM _aggregates_agent_tool_uses_replaced WHERE tool_use_id IS NOT NULL;
  INSERT INTO agent_tool_use_changes (operation, updated_at, tool_use_id,
    new_session_id, new_agent_name, new_tool_name, new_start_time, new_end_time,
    new_duration_seconds, new_status)
  VALUES ('insert', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.id,
    NEW.session_id, NEW.agent_name, NEW.tool_name, NEW.start_time, NEW.end_time,
    NEW.duration_seconds, NEW.status);
END;

-- trigger _aggregates_agent_tool_uses_update
CREATE TRIGGER _aggregates_agent_tool_uses_update AFTER UPDATE OF session_id, agent_name, tool_name,
    start_time, end_time, duration_seconds, status, id, rowid, oid, _rowid_
    /* and the columns of other unique keys */ ON agent_tool_uses
WHEN OLD.status COLLATE BINARY IS NOT NEW.status
  OR OLD.duration_seconds COLLATE BINARY IS NOT NEW.duration_seconds
  OR OLD.end_time COLLATE BINARY IS NOT NEW.end_time
  OR OLD.start_time COLLATE BINARY IS NOT NEW.start_time
  OR OLD.tool_name COLLATE BINARY IS NOT NEW.tool_name
  OR OLD.agent_name COLLATE BINARY IS NOT NEW.agent_name
  OR OLD.session_id COLLATE BINARY IS NOT NEW.session_id
  OR OLD.id <> NEW.id
  OR typeof(OLD.status) <> typeof(NEW.status)
  OR typeof(OLD.duration_seconds) <> typeof(NEW.duration_seconds)
  OR typeof(OLD.end_time) <> typeof(NEW.end_time)
  OR typeof(OLD.start_time) <> typeof(NEW.start_time)
  OR typeof(OLD.tool_name) <> typeof(NEW.tool_name)
  OR typeof(OLD.agent_name) <> typeof(NEW.agent_name)
  OR typeof(OLD.session_id) <> typeof(NEW.session_id)
BEGIN
  UPDATE _aggregates_agent_tool_uses_replaced SET is_gone = 1
  WHERE (tool_use_id = NEW.id AND OLD.id <> NEW.id) OR NOT EXISTS (SELECT 1 FROM agent_tool_uses AS
      kept WHERE kept.id = _aggregates_agent_tool_uses_replaced.tool_use_id);
  DELETE FROM _aggregates_agent_tool_uses_replaced WHERE tool_use_id IS NOT NULL;
  INSERT INTO agent_tool_use_changes (operation, updated_at, tool_use_id, old_tool_use_id,
    old_session_id, old_agent_name, old_tool_name, old_start_time, old_end_time,
    old_duration_seconds, old_status, new_session_id, new_agent_name, new_tool_name, new_start_time,
    new_end_time, new_duration_seconds, new_status)
  VALUES ('update', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.id, nullif(OLD.id, NEW.id),
    OLD.session_id, OLD.agent_name, OLD.tool_name, OLD.start_time, OLD.end_time,
    OLD.duration_seconds, OLD.status, NEW.session_id, NEW.agent_name, NEW.tool_name, NEW.start_time,
    NEW.end_time, NEW.duration_seconds, NEW.status);
END;

-- trigger _aggregates_agent_tool_uses_update_replacing
CREATE TRIGGER _aggregates_agent_tool_uses_update_replacing AFTER UPDATE OF id, rowid, oid, _rowid_
    /* and the columns of other unique keys */ ON agent_tool_uses
WHEN EXISTS (SELECT 1 FROM _aggregates_agent_tool_uses_replaced)
BEGIN
  UPDATE _aggregates_agent_tool_uses_replaced SET is_gone = 1
  WHERE (tool_use_id = NEW.id AND OLD.id <> NEW.id) OR NOT EXISTS (SELECT 1 FROM agent_tool_uses AS
      kept WHERE kept.id = _aggregates_agent_tool_uses_replaced.tool_use_id);
  DELETE FROM _aggregates_agent_tool_uses_replaced WHERE tool_use_id IS NOT NULL;
END;

-- trigger _aggregates_agent_tool_uses_delete
CREATE TRIGGER _aggregates_agent_tool_uses_delete AFTER DELETE ON agent_tool_uses
BEGIN
  DELETE FROM _aggregates_agent_tool_uses_replaced WHERE tool_use_id = OLD.id;
  INSERT INTO agent_tool_use_changes (operation, updated_at, tool_use_id,
    old_session_id, old_agent_name, old_tool_name, old_start_time, old_end_time,
    old_duration_seconds, old_status)
  VALUES ('delete', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), OLD.id,
    OLD.session_id, OLD.agent_name, OLD.tool_name, OLD.start_time, OLD.end_time,
    OLD.duration_seconds, OLD.status);
END;

-- trigger _aggregates_agent_tool_uses_prune
CREATE TRIGGER _aggregates_agent_tool_uses_prune AFTER INSERT ON agent_tool_use_changes
WHEN NEW.seq % 16 = 0
BEGIN
  DELETE FROM agent_tool_use_changes WHERE seq <= min(NEW.seq - 100000,
    (SELECT min(seq) FROM agent_tool_use_changes) + 64);
END;

-- view _aggregates_agent_tool_uses_facts_1
CREATE VIEW _aggregates_agent_tool_uses_facts_1 (
  updated_at, seq, old_exists, old_tool_use_id, old_start_time, old_end_time, old_duration_seconds,
      old_session, old_agent, old_tool, old_status_name, old_start, old_end, new_exists,
      new_tool_use_id, new_start_time, new_end_time, new_duration_seconds, new_session, new_agent,
      new_tool, new_status_name, new_start, new_end
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;

-- view _aggregates_agent_tool_uses_facts_2
CREATE VIEW _aggregates_agent_tool_uses_facts_2 (
  updated_at, seq, old_exists, old_tool_use_id, old_session, old_agent, old_tool, old_status_name,
      old_start, old_duration_ms, new_exists, new_tool_use_id, new_session, new_agent, new_tool,
      new_status_name, new_start, new_duration_ms
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL;

-- view _aggregates_agent_tool_uses_posting
CREATE VIEW _aggregates_agent_tool_uses_posting (
  updated_at, seq, tool_stats_posts, tool_durations_posts, session_tool_uses_posts, old_agent,
      old_duration_ms, old_le_ms, old_session, old_start, old_status_name, old_tool,
      old_tool_use_id, new_agent, new_duration_ms, new_le_ms, new_session, new_start,
      new_status_name, new_tool, new_tool_use_id
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL;

-- trigger _aggregates_agent_tool_uses_post_1
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

-- trigger _aggregates_agent_tool_uses_post_2
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

-- trigger _aggregates_agent_tool_uses_post_3
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

-- trigger _aggregates_agent_tool_uses_plus
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

-- trigger _aggregates_agent_tool_uses_minus
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

-- recomputation: facts
CREATE TEMP TABLE _aggregates_agent_tool_uses_facts (sign, updated_at, seq, tool_use_id, session,
    agent, tool, status_name, start, "end", duration_ms, le_ms);

-- recomputation: slice
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

-- recomputation: old side of entries
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

-- recomputation: new side of entries
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

-- dictionary
-- agent_tool_use_changes: one row for each change of a row of agent_tool_uses
-- agent_tool_use_changes.seq: position in the log; grows with each entry
-- agent_tool_use_changes.operation: insert, update or delete
-- agent_tool_use_changes.updated_at: when the change was made: UTC with milliseconds and Z
-- agent_tool_use_changes.tool_use_id: key of the row after the change; of a deleted row, its
-- agent_tool_use_changes.old_tool_use_id: key before an update that changed it
-- agent_tool_use_changes.old_session_id: session of the use, before the change
-- agent_tool_use_changes.new_session_id: session of the use, after the change
-- agent_tool_use_changes.old_agent_name: name of the agent, before the change
-- agent_tool_use_changes.new_agent_name: name of the agent, after the change
-- agent_tool_use_changes.old_tool_name: name of the tool, before the change
-- agent_tool_use_changes.new_tool_name: name of the tool, after the change
-- agent_tool_use_changes.old_start_time: start of the use, before the change
-- agent_tool_use_changes.new_start_time: start of the use, after the change
-- agent_tool_use_changes.old_end_time: end of the use, before the change
-- agent_tool_use_changes.new_end_time: end of the use, after the change
-- agent_tool_use_changes.old_duration_seconds: duration as the hook measured it, before the change
-- agent_tool_use_changes.new_duration_seconds: duration as the hook measured it, after the change
-- agent_tool_use_changes.old_status: started, completed, error, or the writer's own word, before the change
-- agent_tool_use_changes.new_status: started, completed, error, or the writer's own word, after the change
-- agent_tool_uses: one row a use of a tool by an agent
-- agent_tool_uses.session_id: session of the use
-- agent_tool_uses.agent_name: name of the agent
-- agent_tool_uses.tool_name: name of the tool
-- agent_tool_uses.start_time: start of the use
-- agent_tool_uses.end_time: end of the use
-- agent_tool_uses.duration_seconds: duration as the hook measured it
-- agent_tool_uses.status: started, completed, error, or the writer's own word
