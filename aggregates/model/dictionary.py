"""What every table and column means, in one line each, out of the definitions."""

from __future__ import annotations

from collections.abc import Iterator

from aggregates.model.definition import Aggregate, Catalogue

Entry = tuple[str, str, str]
"""Table, column (`''` for the table itself), description."""


_CONSUMING = [
    ("change_consumers", "", "who reads a change log, and how far it has durably got"),
    ("change_consumers", "name", "name of the consumer"),
    ("change_consumers", "source", "table whose changes it reads"),
    ("change_consumers", "seq", "entry up to which it has taken everything"),
    ("change_consumers", "last_id", "key of the row of that entry"),
    ("change_consumers", "last_timestamp", "when that change was made, UTC"),
    ("change_consumers", "saved_at", "when the checkpoint was saved, UTC"),
    ("change_consumers", "is_lost", "1 where changes were not logged, so that it has to rebuild"),
    ("aggregate_verifications", "", "what verifies, repairs and rebuilds have found"),
    ("aggregate_verifications", "id", "number of the proof"),
    ("aggregate_verifications", "kind", "verify, repair, rebuild, or reinstall (doubt since)"),
    ("aggregate_verifications", "started_at", "when it began, UTC"),
    ("aggregate_verifications", "seconds", "how long it took"),
    ("aggregate_verifications", "rows_read", "rows of the sources that were read"),
    ("aggregate_verifications", "drifts", "values that differed from their recomputation"),
    ("aggregate_verifications", "is_complete", "1 where every aggregate was compared"),
    ("session_overlap", "", "how the runs of a session overlap; brought up to date by a consumer"),
    ("session_overlap", "session_id", "the session"),
    ("session_overlap", "max_parallel", "most ended runs open at one instant"),
    ("session_overlap", "busy_ms", "milliseconds in which at least one ended run was open"),
    ("session_overlap", "is_pending", "1 where the session has changed since"),
    ("session_durations", "", "histogram of sessions' durations; brought up to date by a consumer"),
    ("session_durations", "first_agent", "agent of the session's earliest start"),
    ("session_durations", "le_ms", "upper bound of the bucket, in milliseconds, inclusive"),
    ("session_durations", "sessions", "sessions whose duration lies in the bucket"),
    ("session_durations", "duration_ms_sum", "sum of their durations, in milliseconds"),
]
"""Of the tables that belong to no definition."""


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
        for latest in definition.latest:
            yield definition.name, latest.name, latest.description
        for pending in definition.pending:
            yield definition.name, pending.name, pending.description
    yield "duration_bounds", "", "upper bounds of all histograms"
    yield "duration_bounds", "le_ms", "inclusive upper bound of a bucket, in milliseconds"
    yield "aggregate_totals", "", "totals over small aggregates"
    yield "aggregate_totals", "name", "name of the total"
    yield "aggregate_totals", "value", "its value"
    yield "aggregate_descriptions", "", "what every table and column means"
    yield "aggregate_descriptions", "table_name", "the table"
    yield "aggregate_descriptions", "column_name", "the column; '' for the table itself"
    yield "aggregate_descriptions", "description", "one line"
    yield from _CONSUMING
    for view in catalogue.views:
        if view.name.startswith("_"):
            continue
        yield view.name, "", view.description
        for name, description in view.columns.items():
            yield view.name, name, description
    for source in [one for one in catalogue.sources if not one.owner]:
        yield source.log, "", f"one row for each change of a row of {source.name}"
        yield source.log, "seq", "position in the log; grows with each entry"
        yield source.log, "operation", "insert, update or delete"
        yield source.log, "updated_at", "when the change was made: UTC with milliseconds and Z"
        yield source.log, source.log_key, "key of the row after the change; of a deleted row, its"
        yield source.log, f"old_{source.log_key}", "key before an update that changed it"
        if source.begun:
            yield source.log, "is_ending", "1 where an update only ends a row as hooks begin it"
        described = {column.name: column.description for column in source.tracked}
        described |= {column.name: column.description for column in source.extracted}
        for name, description in described.items():
            yield source.log, f"old_{name}", f"{description}, before the change"
            yield source.log, f"new_{name}", f"{description}, after the change"
        yield source.name, "", source.description
        for tracked in source.tracked:
            yield source.name, tracked.name, tracked.description
        if source.is_touched:
            yield source.name, "updated_at", "when the row was last inserted or updated, UTC"
