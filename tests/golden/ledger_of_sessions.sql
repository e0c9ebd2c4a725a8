-- table session_changes
CREATE TABLE session_changes (
  seq INTEGER PRIMARY KEY,
  operation TEXT,
  updated_at TEXT,
  session_row INTEGER,
  old_session_row INTEGER,
  old_session_id,
  new_session_id,
  old_start_time,
  new_start_time,
  old_end_time,
  new_end_time,
  old_status,
  new_status
);

-- table _aggregates_sessions_replaced
CREATE TABLE _aggregates_sessions_replaced (
  session_row, session_id, start_time, end_time, status,
  is_gone
);

-- trigger _aggregates_sessions_before_insert
CREATE TRIGGER _aggregates_sessions_before_insert BEFORE INSERT ON sessions
WHEN EXISTS (SELECT 1 FROM sessions AS clash WHERE clash.rowid = NEW.rowid OR clash.session_id =
    NEW.session_id /* or the same value of another unique key */)
  OR EXISTS (SELECT 1 FROM _aggregates_sessions_replaced)
BEGIN
  DELETE FROM _aggregates_sessions_replaced WHERE session_row IS NOT NULL;
  INSERT INTO _aggregates_sessions_replaced (session_row, session_id, start_time, end_time, status)
  SELECT clash.rowid, clash.session_id, clash.start_time, clash.end_time, clash.status
  FROM sessions AS clash WHERE clash.rowid = NEW.rowid OR clash.session_id = NEW.session_id
      /* or the same value of another unique key */;
END;

-- trigger _aggregates_sessions_before_update
CREATE TRIGGER _aggregates_sessions_before_update BEFORE UPDATE OF session_id, start_time, end_time,
    status, rowid, oid, _rowid_, session_id /* and the columns of other unique keys */ ON sessions
WHEN EXISTS (SELECT 1 FROM sessions AS clash WHERE (clash.rowid = NEW.rowid OR clash.session_id =
    NEW.session_id /* or the same value of another unique key */) AND clash.rowid <> OLD.rowid)
  OR EXISTS (SELECT 1 FROM _aggregates_sessions_replaced)
BEGIN
  DELETE FROM _aggregates_sessions_replaced WHERE session_row IS NOT NULL;
  INSERT INTO _aggregates_sessions_replaced (session_row, session_id, start_time, end_time, status)
  SELECT clash.rowid, clash.session_id, clash.start_time, clash.end_time, clash.status
  FROM sessions AS clash WHERE (clash.rowid = NEW.rowid OR clash.session_id = NEW.session_id
      /* or the same value of another unique key */) AND clash.rowid <> OLD.rowid;
END;

-- trigger _aggregates_sessions_replaced
CREATE TRIGGER _aggregates_sessions_replaced AFTER DELETE ON _aggregates_sessions_replaced
WHEN OLD.is_gone
BEGIN
  INSERT INTO session_changes (operation, updated_at, session_row,
    old_session_id, old_start_time, old_end_time, old_status)
  VALUES ('delete', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), OLD.session_row,
    OLD.session_id, OLD.start_time, OLD.end_time, OLD.status);
END;

-- trigger _aggregates_sessions_insert
CREATE TRIGGER _aggregates_sessions_insert AFTER INSERT ON sessions
BEGIN
  UPDATE _aggregates_sessions_replaced SET is_gone = 1
  WHERE session_row = NEW.rowid OR NOT EXISTS (SELECT 1 FROM sessions AS kept WHERE kept.rowid =
      _aggregates_sessions_replaced.session_row);
  DELETE FROM _aggregates_sessions_replaced WHERE session_row IS NOT NULL;
  INSERT INTO session_changes (operation, updated_at, session_row,
    new_session_id, new_start_time, new_end_time, new_status)
  VALUES ('insert', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.rowid,
    NEW.session_id, NEW.start_time, NEW.end_time, NEW.status);
END;

-- trigger _aggregates_sessions_update
CREATE TRIGGER _aggregates_sessions_update AFTER UPDATE OF session_id, start_time, end_time, status,
    rowid, oid, _rowid_, session_id /* and the columns of other unique keys */ ON sessions
WHEN OLD.status COLLATE BINARY IS NOT NEW.status
  OR OLD.end_time COLLATE BINARY IS NOT NEW.end_time
  OR OLD.start_time COLLATE BINARY IS NOT NEW.start_time
  OR OLD.session_id COLLATE BINARY IS NOT NEW.session_id
  OR OLD.rowid <> NEW.rowid
  OR typeof(OLD.status) <> typeof(NEW.status)
  OR typeof(OLD.end_time) <> typeof(NEW.end_time)
  OR typeof(OLD.start_time) <> typeof(NEW.start_time)
  OR typeof(OLD.session_id) <> typeof(NEW.session_id)
BEGIN
  UPDATE _aggregates_sessions_replaced SET is_gone = 1
  WHERE (session_row = NEW.rowid AND OLD.rowid <> NEW.rowid) OR NOT EXISTS (SELECT 1 FROM sessions
      AS kept WHERE kept.rowid = _aggregates_sessions_replaced.session_row);
  DELETE FROM _aggregates_sessions_replaced WHERE session_row IS NOT NULL;
  INSERT INTO session_changes (operation, updated_at, session_row, old_session_row,
    old_session_id, old_start_time, old_end_time, old_status, new_session_id, new_start_time,
    new_end_time, new_status)
  VALUES ('update', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.rowid, nullif(OLD.rowid, NEW.rowid),
    OLD.session_id, OLD.start_time, OLD.end_time, OLD.status, NEW.session_id, NEW.start_time,
    NEW.end_time, NEW.status);
END;

-- trigger _aggregates_sessions_update_replacing
CREATE TRIGGER _aggregates_sessions_update_replacing AFTER UPDATE OF rowid, oid, _rowid_, session_id
    /* and the columns of other unique keys */ ON sessions
WHEN EXISTS (SELECT 1 FROM _aggregates_sessions_replaced)
BEGIN
  UPDATE _aggregates_sessions_replaced SET is_gone = 1
  WHERE (session_row = NEW.rowid AND OLD.rowid <> NEW.rowid) OR NOT EXISTS (SELECT 1 FROM sessions
      AS kept WHERE kept.rowid = _aggregates_sessions_replaced.session_row);
  DELETE FROM _aggregates_sessions_replaced WHERE session_row IS NOT NULL;
END;

-- trigger _aggregates_sessions_delete
CREATE TRIGGER _aggregates_sessions_delete AFTER DELETE ON sessions
BEGIN
  DELETE FROM _aggregates_sessions_replaced WHERE session_row = OLD.rowid;
  INSERT INTO session_changes (operation, updated_at, session_row,
    old_session_id, old_start_time, old_end_time, old_status)
  VALUES ('delete', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), OLD.rowid,
    OLD.session_id, OLD.start_time, OLD.end_time, OLD.status);
END;

-- trigger _aggregates_sessions_prune
CREATE TRIGGER _aggregates_sessions_prune AFTER INSERT ON session_changes
WHEN NEW.seq % 16 = 0
BEGIN
  DELETE FROM session_changes WHERE seq <= min(NEW.seq - 100000,
    (SELECT min(seq) FROM session_changes) + 64);
END;

-- view _aggregates_sessions_facts_1
CREATE VIEW _aggregates_sessions_facts_1 (
  updated_at, seq, old_exists, old_start_time, old_end_time, old_status, old_session,
      old_status_name, old_start, old_end, new_exists, new_start_time, new_end_time, new_status,
      new_session, new_status_name, new_start, new_end
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL;

-- view _aggregates_sessions_posting
CREATE VIEW _aggregates_sessions_posting (
  updated_at, seq, sessions_summary_posts, sessions_by_start_posts, open_sessions_posts,
      old_duration_ms, old_is_open, old_session, old_start, old_status_name, new_duration_ms,
      new_is_open, new_session, new_start, new_status_name
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;

-- trigger _aggregates_sessions_post_1
CREATE TRIGGER _aggregates_sessions_post_1 AFTER INSERT ON session_changes
BEGIN
  INSERT INTO _aggregates_sessions_facts_1 VALUES (
  NEW.updated_at,
  NEW.seq,
  NEW.operation <> 'insert',
  NEW.old_start_time,
  NEW.old_end_time,
  NEW.old_status,
  CASE typeof(NEW.old_session_id) WHEN 'text' THEN CASE WHEN instr(NEW.old_session_id, char(0)) THEN
      '' ELSE NEW.old_session_id END WHEN 'integer' THEN CAST(NEW.old_session_id AS TEXT) ELSE ''
      END,
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
  NEW.new_start_time,
  NEW.new_end_time,
  NEW.new_status,
  CASE typeof(NEW.new_session_id) WHEN 'text' THEN CASE WHEN instr(NEW.new_session_id, char(0)) THEN
      '' ELSE NEW.new_session_id END WHEN 'integer' THEN CAST(NEW.new_session_id AS TEXT) ELSE ''
      END,
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

-- trigger _aggregates_sessions_post_2
CREATE TRIGGER _aggregates_sessions_post_2 INSTEAD OF INSERT ON _aggregates_sessions_facts_1
BEGIN
  INSERT INTO _aggregates_sessions_posting VALUES (
  NEW.updated_at,
  NEW.seq,
  CASE WHEN NEW.old_exists AND NEW.new_exists AND NEW.old_status_name = NEW.new_status_name
    THEN CASE WHEN CASE WHEN ((SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.old_start_time, -1) = 'Z' OR substr(NEW.old_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.old_end_time, -1) = 'Z' OR substr(NEW.old_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.old_end, 1, 19)) - strftime('%s',
      substr(NEW.old_start, 1, 19))) * 1000 + substr(NEW.old_end, 21) - substr(NEW.old_start, 21))
      END AS one, NULL AS other LIMIT 1 OFFSET 0)) IS NOT NULL) THEN 1 ELSE 0 END <> CASE WHEN
      ((SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.new_start_time, -1) = 'Z' OR substr(NEW.new_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.new_end_time, -1) = 'Z' OR substr(NEW.new_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.new_end, 1, 19)) - strftime('%s',
      substr(NEW.new_start, 1, 19))) * 1000 + substr(NEW.new_end, 21) - substr(NEW.new_start, 21))
      END AS one, NULL AS other LIMIT 1 OFFSET 0)) IS NOT NULL) THEN 1 ELSE 0 END OR
      coalesce((SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.old_start_time, -1) = 'Z' OR substr(NEW.old_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.old_end_time, -1) = 'Z' OR substr(NEW.old_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.old_end, 1, 19)) - strftime('%s',
      substr(NEW.old_start, 1, 19))) * 1000 + substr(NEW.old_end, 21) - substr(NEW.old_start, 21))
      END AS one, NULL AS other LIMIT 1 OFFSET 0)), 0) <> coalesce((SELECT CASE WHEN one BETWEEN 0
      AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.new_start_time, -1) = 'Z' OR substr(NEW.new_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.new_end_time, -1) = 'Z' OR substr(NEW.new_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.new_end, 1, 19)) - strftime('%s',
      substr(NEW.new_start, 1, 19))) * 1000 + substr(NEW.new_end, 21) - substr(NEW.new_start, 21))
      END AS one, NULL AS other LIMIT 1 OFFSET 0)), 0) THEN 4 ELSE 0 END ELSE NEW.new_exists + 2 *
      NEW.old_exists END,
  CASE WHEN (NEW.old_exists AND NEW.old_start IS NOT NULL) AND (NEW.new_exists AND NEW.new_start IS
      NOT NULL) AND NEW.old_session = NEW.new_session AND NEW.old_start = NEW.new_start
    THEN 0 ELSE (NEW.new_exists AND NEW.new_start IS NOT NULL) + 2 * (NEW.old_exists AND
    NEW.old_start IS NOT NULL) END,
  CASE WHEN (NEW.old_exists AND NEW.old_start IS NOT NULL AND NEW.old_end_time IS NULL AND NOT
      (coalesce(NEW.old_status, '') = 'completed' OR coalesce(NEW.old_status, '') = 'failed' OR
      coalesce(NEW.old_status, '') = 'error')) AND (NEW.new_exists AND NEW.new_start IS NOT NULL AND
      NEW.new_end_time IS NULL AND NOT (coalesce(NEW.new_status, '') = 'completed' OR
      coalesce(NEW.new_status, '') = 'failed' OR coalesce(NEW.new_status, '') = 'error')) AND
      NEW.old_session = NEW.new_session AND NEW.old_start = NEW.new_start
    THEN 0 ELSE (NEW.new_exists AND NEW.new_start IS NOT NULL AND NEW.new_end_time IS NULL AND NOT
    (coalesce(NEW.new_status, '') = 'completed' OR coalesce(NEW.new_status, '') = 'failed' OR
    coalesce(NEW.new_status, '') = 'error')) + 2 * (NEW.old_exists AND NEW.old_start IS NOT NULL AND
    NEW.old_end_time IS NULL AND NOT (coalesce(NEW.old_status, '') = 'completed' OR
    coalesce(NEW.old_status, '') = 'failed' OR coalesce(NEW.old_status, '') = 'error')) END,
  (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.old_start_time, -1) = 'Z' OR substr(NEW.old_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.old_end_time, -1) = 'Z' OR substr(NEW.old_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.old_end, 1, 19)) - strftime('%s',
      substr(NEW.old_start, 1, 19))) * 1000 + substr(NEW.old_end, 21) - substr(NEW.old_start, 21))
      END AS one, NULL AS other LIMIT 1 OFFSET 0)),
  NEW.old_start IS NOT NULL AND NEW.old_end_time IS NULL AND NOT (coalesce(NEW.old_status, '') =
      'completed' OR coalesce(NEW.old_status, '') = 'failed' OR coalesce(NEW.old_status, '') =
      'error'),
  NEW.old_session,
  NEW.old_start,
  NEW.old_status_name,
  (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.new_start_time, -1) = 'Z' OR substr(NEW.new_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.new_end_time, -1) = 'Z' OR substr(NEW.new_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.new_end, 1, 19)) - strftime('%s',
      substr(NEW.new_start, 1, 19))) * 1000 + substr(NEW.new_end, 21) - substr(NEW.new_start, 21))
      END AS one, NULL AS other LIMIT 1 OFFSET 0)),
  NEW.new_start IS NOT NULL AND NEW.new_end_time IS NULL AND NOT (coalesce(NEW.new_status, '') =
      'completed' OR coalesce(NEW.new_status, '') = 'failed' OR coalesce(NEW.new_status, '') =
      'error'),
  NEW.new_session,
  NEW.new_start,
  NEW.new_status_name);
END;

-- trigger _aggregates_sessions_plus
CREATE TRIGGER _aggregates_sessions_plus INSTEAD OF INSERT ON _aggregates_sessions_posting
BEGIN
  INSERT INTO sessions_summary (status, sessions, duration_count, duration_ms_sum)
  SELECT NEW.new_status_name,
    CASE NEW.sessions_summary_posts WHEN 4 THEN 0 ELSE 1 END,
    (CASE WHEN (NEW.new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END) - CASE
    NEW.sessions_summary_posts WHEN 4 THEN (CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE
    0 END) ELSE 0 END,
    coalesce(NEW.new_duration_ms, 0) - CASE NEW.sessions_summary_posts WHEN 4 THEN
    coalesce(NEW.old_duration_ms, 0) ELSE 0 END
  WHERE NEW.sessions_summary_posts NOT IN (0, 2)
  ON CONFLICT (status) DO UPDATE SET
    sessions = sessions + excluded.sessions, duration_count = duration_count +
    excluded.duration_count, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;
  INSERT INTO _aggregates_sessions_by_start (start_time, session_id, sessions)
  SELECT NEW.new_start, NEW.new_session,
    CASE NEW.sessions_by_start_posts WHEN 4 THEN 0 ELSE 1 END
  WHERE NEW.sessions_by_start_posts NOT IN (0, 2)
  ON CONFLICT (start_time, session_id) DO UPDATE SET
    sessions = sessions + excluded.sessions;
  INSERT INTO _aggregates_open_sessions (start_time, session_id, sessions)
  SELECT NEW.new_start, NEW.new_session,
    CASE NEW.open_sessions_posts WHEN 4 THEN 0 ELSE 1 END
  WHERE NEW.open_sessions_posts NOT IN (0, 2)
  ON CONFLICT (start_time, session_id) DO UPDATE SET
    sessions = sessions + excluded.sessions;
END;

-- trigger _aggregates_sessions_minus
CREATE TRIGGER _aggregates_sessions_minus INSTEAD OF INSERT ON _aggregates_sessions_posting
WHEN NEW.sessions_summary_posts IN (2, 3) OR NEW.sessions_by_start_posts IN (2, 3) OR
    NEW.open_sessions_posts IN (2, 3)
BEGIN
  UPDATE sessions_summary SET sessions = sessions - 1, duration_count = duration_count - (CASE WHEN
      (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END), duration_ms_sum = duration_ms_sum -
      coalesce(NEW.old_duration_ms, 0)
  WHERE NEW.sessions_summary_posts IN (2, 3) AND status = NEW.old_status_name;
  DELETE FROM sessions_summary WHERE NEW.sessions_summary_posts IN (2, 3) AND status =
      NEW.old_status_name
    AND sessions = 0 AND duration_count = 0 AND duration_ms_sum = 0;
  UPDATE _aggregates_sessions_by_start SET sessions = sessions - 1
  WHERE NEW.sessions_by_start_posts IN (2, 3) AND start_time = NEW.old_start AND session_id =
      NEW.old_session;
  DELETE FROM _aggregates_sessions_by_start WHERE NEW.sessions_by_start_posts IN (2, 3) AND
      start_time = NEW.old_start AND session_id = NEW.old_session
    AND sessions = 0;
  UPDATE _aggregates_open_sessions SET sessions = sessions - 1
  WHERE NEW.open_sessions_posts IN (2, 3) AND start_time = NEW.old_start AND session_id =
      NEW.old_session;
  DELETE FROM _aggregates_open_sessions WHERE NEW.open_sessions_posts IN (2, 3) AND start_time =
      NEW.old_start AND session_id = NEW.old_session
    AND sessions = 0;
END;

-- recomputation: facts
CREATE TEMP TABLE _aggregates_sessions_facts (sign, updated_at, seq, session_row, session,
    status_name, start, "end", duration_ms, is_open);

-- recomputation: slice
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

-- recomputation: old side of entries
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

-- recomputation: new side of entries
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

-- dictionary
-- session_changes: one row for each change of a row of sessions
-- session_changes.seq: position in the log; grows with each entry
-- session_changes.operation: insert, update or delete
-- session_changes.updated_at: when the change was made: UTC with milliseconds and Z
-- session_changes.session_row: key of the row after the change; of a deleted row, its
-- session_changes.old_session_row: key before an update that changed it
-- session_changes.old_session_id: the session, before the change
-- session_changes.new_session_id: the session, after the change
-- session_changes.old_start_time: start of the session, or when it was last resumed, before the change
-- session_changes.new_start_time: start of the session, or when it was last resumed, after the change
-- session_changes.old_end_time: end of the session, as of its last answer, before the change
-- session_changes.new_end_time: end of the session, as of its last answer, after the change
-- session_changes.old_status: active, completed, or the writer's own word, before the change
-- session_changes.new_status: active, completed, or the writer's own word, after the change
-- sessions: one row a session, written again when it is resumed
-- sessions.session_id: the session
-- sessions.start_time: start of the session, or when it was last resumed
-- sessions.end_time: end of the session, as of its last answer
-- sessions.status: active, completed, or the writer's own word
