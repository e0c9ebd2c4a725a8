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
