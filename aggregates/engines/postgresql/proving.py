"""How an aggregate differs from what the rows of its source say in the same snapshot."""

from __future__ import annotations

from aggregates.engines.base import WholeComparison
from aggregates.engines.postgresql.posting import Kept
from aggregates.engines.postgresql.tables import exact_rows
from aggregates.model.definition import Source


def facts_table(source: Source) -> str:
    """The temporary table of the facts of all rows."""
    return f"pg_temp.{source.prefix}_facts"


def comparison(one: Kept) -> WholeComparison:
    """With the facts that lie in that table."""
    key = ", ".join(one.key)

    def right_of(name: str) -> str:
        other = Kept(one.compiler, one.catalogue, one.catalogue[name])
        right = other.change(facts_table(other.source), right_of, posted=False)
        return f"(\n{right}\n)"

    stored, right = (
        [f"coalesce({side}.{name}, 0)" for name in one.counts] for side in ("stored", "right_")
    )
    differs = " OR ".join(f"{a} <> {b}" for a, b in zip(stored, right, strict=True))
    columns = ", ".join([*one.key, *one.counts])
    marks, key_marks = (", ".join("?" * len(of)) for of in ([*one.key, *one.counts], one.key))
    added = ", ".join(f"{name} = posted.{name} + excluded.{name}" for name in one.counts)
    return WholeComparison(
        key=tuple(dimension.name for dimension in one.dimensions),
        counts=tuple(name.strip('"') for name in one.counts),
        differing=(
            f"SELECT {', '.join([key, *stored, *right])}\nFROM (\n{exact_rows(one)}\n) AS stored\n"
            f"FULL JOIN {right_of(one.definition.name)} AS right_ USING ({key})\n"
            f"WHERE {differs}\nORDER BY {key}"
        ),
        add=(
            f"INSERT INTO {one.table} AS posted ({columns}) VALUES ({marks})\n"
            f"ON CONFLICT ({key}) DO UPDATE SET {added}"
        ),
        sweep=f"DELETE FROM {one.table} WHERE ({key}) = ({key_marks}) AND NOT ({one.is_there})",
    )
