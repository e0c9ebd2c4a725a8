"""Tables of what reads the change log: consumers, what they keep, and what was proved."""

from __future__ import annotations

from collections.abc import Iterator

from aggregates.engines.tables import (
    CONSUMERS,
    COUNTED,
    DERIVED,
    DURATIONS,
    LEASES,
    OVERLAP,
    PENDING,
    VERIFICATIONS,
    WALKS,
)
from aggregates.frozen.statements import Statement

_TABLES = {
    CONSUMERS: """
  name TEXT,
  source TEXT,
  seq INTEGER NOT NULL,
  last_id INTEGER,
  last_timestamp TEXT,
  saved_at TEXT NOT NULL,
  is_lost INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (name, source)""",
    VERIFICATIONS: """
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  started_at TEXT NOT NULL,
  seconds REAL NOT NULL,
  rows_read INTEGER NOT NULL,
  drifts INTEGER NOT NULL,
  is_complete INTEGER NOT NULL""",
    LEASES: """
  name TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  expires_at TEXT NOT NULL""",
    # How far a walk through all keys has got; NULL where it is over.
    WALKS: """
  name TEXT PRIMARY KEY,
  mark TEXT""",
    # What is derived from the runs of a session, as of an entry of the change log.
    DERIVED: """
  session_id TEXT PRIMARY KEY,
  first_agent TEXT NOT NULL,
  max_parallel INTEGER NOT NULL,
  busy_ms INTEGER NOT NULL,
  as_of_seq INTEGER NOT NULL""",
    # What a session has contributed to the histogram of sessions' durations.
    COUNTED: """
  session_id TEXT,
  first_agent TEXT,
  le_ms INTEGER,
  sessions INTEGER NOT NULL,
  duration_ms_sum INTEGER NOT NULL,
  PRIMARY KEY (session_id, first_agent, le_ms)""",
    DURATIONS: """
  first_agent TEXT,
  le_ms INTEGER,
  sessions INTEGER NOT NULL,
  duration_ms_sum INTEGER NOT NULL,
  PRIMARY KEY (first_agent, le_ms)""",
}
_ROWID_TABLES = (VERIFICATIONS,)


def consuming() -> Iterator[Statement]:
    """The tables, and the view of what is pending."""
    for name, columns in _TABLES.items():
        kind = "" if name in _ROWID_TABLES else " WITHOUT ROWID"
        yield Statement("table", name, f"CREATE TABLE {name} ({columns}\n){kind}")
    yield Statement(
        "view",
        OVERLAP,
        f"""CREATE VIEW {OVERLAP} AS
SELECT session_id, max_parallel, busy_ms, {PENDING} AS is_pending
FROM session_stats
LEFT JOIN {DERIVED} USING (session_id)
WHERE session_id <> ''""",
    )
