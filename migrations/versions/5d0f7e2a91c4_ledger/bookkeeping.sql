-- [table] _aggregates_backfills
CREATE TABLE _aggregates_backfills (
  revision TEXT NOT NULL,
  source TEXT NOT NULL,
  mark,
  seq INTEGER NOT NULL,
  rows_read INTEGER NOT NULL,
  schema_version INTEGER,
  PRIMARY KEY (revision, source)
);

-- [table] _aggregates_parsed
CREATE TABLE _aggregates_parsed (
slot INTEGER PRIMARY KEY,
time TEXT,
has_offset INTEGER
);

-- [view] _aggregates_parse
CREATE VIEW _aggregates_parse (slot, x) AS SELECT NULL, NULL;

-- [trigger] _aggregates_parse_time
CREATE TRIGGER _aggregates_parse_time INSTEAD OF INSERT ON _aggregates_parse BEGIN
INSERT INTO _aggregates_parsed VALUES (NEW.slot, CASE WHEN typeof(NEW.x) = 'text' AND NOT
    instr(NEW.x, char(0)) THEN (SELECT
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
  FROM (SELECT upper(replace(replace(trim(NEW.x, char(32, 9, 10, 13)), ',', '.'), ' ', 'T')) AS x))
      END, NEW.x GLOB '*[+Zz]*' OR NEW.x GLOB '*-*-*-*')
  ON CONFLICT (slot) DO UPDATE SET time = excluded.time, has_offset = excluded.has_offset;
END;

-- [table] change_consumers
CREATE TABLE change_consumers (
  name TEXT,
  source TEXT,
  seq INTEGER NOT NULL,
  last_id INTEGER,
  last_timestamp TEXT,
  saved_at TEXT NOT NULL,
  is_lost INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (name, source)
) WITHOUT ROWID;

-- [table] aggregate_verifications
CREATE TABLE aggregate_verifications (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  started_at TEXT NOT NULL,
  seconds REAL NOT NULL,
  rows_read INTEGER NOT NULL,
  drifts INTEGER NOT NULL,
  is_complete INTEGER NOT NULL
);

-- [table] _aggregates_leases
CREATE TABLE _aggregates_leases (
  name TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  expires_at TEXT NOT NULL
) WITHOUT ROWID;

-- [table] _aggregates_walks
CREATE TABLE _aggregates_walks (
  name TEXT PRIMARY KEY,
  mark TEXT
) WITHOUT ROWID;

-- [table] _aggregates_session_derived
CREATE TABLE _aggregates_session_derived (
  session_id TEXT PRIMARY KEY,
  first_agent TEXT NOT NULL,
  max_parallel INTEGER NOT NULL,
  busy_ms INTEGER NOT NULL,
  as_of_seq INTEGER NOT NULL
) WITHOUT ROWID;

-- [table] _aggregates_session_counted
CREATE TABLE _aggregates_session_counted (
  session_id TEXT,
  first_agent TEXT,
  le_ms INTEGER,
  sessions INTEGER NOT NULL,
  duration_ms_sum INTEGER NOT NULL,
  PRIMARY KEY (session_id, first_agent, le_ms)
) WITHOUT ROWID;

-- [table] session_durations
CREATE TABLE session_durations (
  first_agent TEXT,
  le_ms INTEGER,
  sessions INTEGER NOT NULL,
  duration_ms_sum INTEGER NOT NULL,
  PRIMARY KEY (first_agent, le_ms)
) WITHOUT ROWID;
