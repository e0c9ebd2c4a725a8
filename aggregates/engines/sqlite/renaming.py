"""Give a table the name again that its triggers know it by."""

from __future__ import annotations

import re

from aggregates.engines.base import DriverConnection, quote


def statements(
    connection: DriverConnection, now: str, name: str, aside: str | None = None
) -> list[str]:
    """What does it; where another table has the name, that one gets the name `aside` before."""
    pairs = [*([] if aside is None else [(name, aside)]), (now, name)]
    renamings = [f"ALTER TABLE {quote(old)} RENAME TO {quote(new)}" for old, new in pairs]
    if _is_known_by(connection, now):
        return renamings
    # Whoever renamed it did so without a change of what names it: so it has to go back, too.
    return ["PRAGMA legacy_alter_table = ON", *renamings, "PRAGMA legacy_alter_table = OFF"]


def _is_known_by(connection: DriverConnection, table: str) -> bool:
    """Whether triggers of ours on a table name it in what they do."""
    bodies = [
        one.sql.partition("BEGIN")[2]
        for one in connection.objects("trigger")
        if one.table == table and one.name.startswith("_aggregates_")
    ]
    return any(re.search(rf"\b{re.escape(table)}\b", body, re.IGNORECASE) for body in bodies)
