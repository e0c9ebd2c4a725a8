"""The compiler takes sources of other shapes: without JSON, and with facts of several kinds."""

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import column

from aggregates.engines.sqlite.compiler import SQLite
from aggregates.model.constructs import canonical_time, hour_of, key_text
from aggregates.model.definition import (
    Aggregate,
    Catalogue,
    Dimension,
    Extracted,
    Fact,
    Measure,
    Source,
    Tracked,
)

NAME = Fact("label", key_text(column("name")), "name as text")
START = Fact("start", canonical_time(column("started")), "start")
HOUR = Fact("hour", hour_of(column("start")), "hour of the start")
BOTH = Fact("both", column("label") + column("hour"), "read from two facts")
EXTRACTED = Extracted("size", "extra", "size", "size, out of extra")


@pytest.mark.parametrize(
    ("facts", "extracted"),
    [
        ((NAME,), ()),
        ((NAME, START, HOUR), ()),
        ((NAME, START, HOUR, BOTH), (EXTRACTED,)),
    ],
    ids=["one level", "two levels", "levels of several functions"],
)
def test_counts_by_label_are_exact(
    facts: tuple[Fact, ...], extracted: tuple[Extracted, ...]
) -> None:
    source = Source(
        name="jobs",
        key="id",
        log="job_changes",
        log_key="job_id",
        required=("name",),
        tracked=(Tracked("name", "name"), Tracked("started", "start")),
        extracted=extracted,
        facts=facts,
        description="jobs",
    )
    jobs = Aggregate(
        name="jobs_by_label",
        source=source,
        dimensions=(Dimension("label", source.fact("label"), "label"),),
        measures=(Measure("jobs", source.fact("job_id") - source.fact("job_id") + 1, "jobs"),),
        description="jobs by label",
    )
    catalogue = Catalogue((jobs,), totals=(), bounds=(10, 2**63 - 1))
    compiler = SQLite()
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, name, started, extra)")
        connection.execute("ALTER TABLE jobs ADD COLUMN updated_at")
        tables = [one for one in compiler.tables(catalogue) if one.name != "aggregate_totals"]
        triggers = [*compiler.facts(source), *compiler.posting(catalogue, source)]
        for one in [*compiler.bookkeeping(), *compiler.ledger(source), *tables, *triggers]:
            connection.execute(one.sql)
        connection.execute("INSERT INTO jobs (name, extra) VALUES ('a', 1), ('b', 2), (3, NULL)")
        connection.execute("UPDATE jobs SET name = 'b' WHERE name = 'a'")
        connection.execute("INSERT OR REPLACE INTO jobs (id, name) VALUES (3, 'c'), (2, 'c')")
        connection.execute("DELETE FROM jobs WHERE id = 3")
        found = dict(connection.execute("SELECT label, jobs FROM jobs_by_label"))
        right = dict(connection.execute("SELECT name, count(*) FROM jobs GROUP BY name"))
        assert found == right == {"b": 1, "c": 1}
        operations = connection.execute("SELECT operation FROM job_changes ORDER BY seq")
        assert "".join(operation[0][0] for operation in operations) == "iiiudidid"
