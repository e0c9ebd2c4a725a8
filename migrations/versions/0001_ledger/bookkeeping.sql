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
