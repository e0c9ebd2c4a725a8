"""Names of the tables that hold neither a log nor an aggregate of the catalogue's."""

from __future__ import annotations

CONSUMERS = "change_consumers"
VERIFICATIONS = "aggregate_verifications"
LEASES = "_aggregates_leases"
WALKS = "_aggregates_walks"
STORE_MARK = (
    f"INSERT INTO main.{WALKS} (name, mark) VALUES (?, CAST(? AS TEXT))"
    " ON CONFLICT (name) DO UPDATE SET mark = excluded.mark"
)
DERIVED = "_aggregates_session_derived"
COUNTED = "_aggregates_session_counted"
OWNED = "_aggregates_owned"
OVERLAP = "session_overlap"
DURATIONS = "session_durations"
INTERNAL = ("sqlite_", "_aggregates_")
"""What the names of tables begin with that are nobody's business."""
WITHOUT_KEY = "_without_key"
"""What the name of a table ends with that was put aside, as it had lost its key."""
MAPPING = "_aggregates_mapping"
MAPPED_PREFIX = "_aggregates_mapped"
"""Of the names of what keeps the runs of a table of another shape."""
MAPPED_KEY = "mapped_key"
"""The column that says which of its rows a run is of."""

PENDING = "coalesce(as_of_seq, -1) < coalesce(changed_seq, 0)"
"""Whether what is derived of a session is of an older entry than the newest about it."""
