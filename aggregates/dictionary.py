"""What every table and column means, in one line each, out of the definitions."""

from __future__ import annotations

from collections.abc import Iterator

from aggregates.definition import Aggregate, Catalogue

Entry = tuple[str, str, str]
"""Table, column (`''` for the table itself), description."""


def dictionary(catalogue: Catalogue) -> Iterator[Entry]:
    """The entries of all tables that people read, in the order of the catalogue."""
    for definition in catalogue.definitions:
        if definition.name.startswith("_"):
            continue
        yield definition.name, "", definition.description
        for dimension in definition.dimensions:
            yield definition.name, dimension.name, dimension.description
        if not isinstance(definition, Aggregate):
            for attribute in definition.attributes:
                yield definition.name, attribute.name, attribute.description
            continue
        for measure in definition.measures:
            yield definition.name, measure.name, measure.description
        for count in definition.distinct_counts:
            yield definition.name, count.name, count.description
        for extreme in definition.extremes:
            yield definition.name, extreme.name, extreme.description
        for column in definition.unverified:
            yield definition.name, column.name, column.description
    yield "duration_bounds", "", "upper bounds of all histograms"
    yield "duration_bounds", "le_ms", "inclusive upper bound of a bucket, in milliseconds"
    yield "aggregate_totals", "", "totals over small aggregates"
    yield "aggregate_totals", "name", "name of the total"
    yield "aggregate_totals", "value", "its value"
    yield "aggregate_descriptions", "", "what every table and column means"
    yield "aggregate_descriptions", "table_name", "the table"
    yield "aggregate_descriptions", "column_name", "the column; '' for the table itself"
    yield "aggregate_descriptions", "description", "one line"
    for source in catalogue.sources:
        yield source.log, "", f"one row for each change of a row of {source.name}"
        yield source.log, "seq", "position in the log; grows with each entry"
        yield source.log, "operation", "insert, update or delete"
        yield source.log, "updated_at", "when the change was made: UTC with milliseconds and Z"
        yield source.log, source.log_key, "key of the row after the change; of a deleted row, its"
        yield source.log, f"old_{source.log_key}", "key before an update that changed it"
        described = {column.name: column.description for column in source.tracked}
        described |= {column.name: column.description for column in source.extracted}
        for name, description in described.items():
            yield source.log, f"old_{name}", f"{description}, before the change"
            yield source.log, f"new_{name}", f"{description}, after the change"
        if source.is_touched:
            yield source.name, "updated_at", "when the row was last inserted or updated, UTC"
