"""Triggers do the same in every library that a writer may have, from SQLite 3.24 without JSON on.

Scripts go through the shells of old versions (see tests/build_sqlite_shells.py), through Python's
own library and through the newest that a package carries.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import apsw
import own_metrics
import pytest
from applications import LABEL
from conftest import MakeDatabase, connect
from following import LEDGERS, last_entry
from hooks import HOOK_TABLES
from mapped import SHAPES, Writes, kept_runs, wrong_runs
from oracle import any_text, differences, recompute, stored
from statements import Plan, plans

from aggregates import Store
from aggregates.installing.upgrading import upgrade
from aggregates.model.catalogue import catalogue
from aggregates.model.definition import Definition
from aggregates.own import owned_by

Run = Callable[[Path, list[str]], None]

SHELLS = Path(
    os.environ.get("AGGREGATES_SQLITE_SHELLS", Path(__file__).parents[2] / ".sqlite-shells")
)


def in_python(path: Path, script: list[str]) -> None:
    """Run a script as hooks do; a statement that fails is passed over."""
    with closing(connect(path)) as connection:
        for statement in script:
            try:
                connection.execute(statement).fetchall()
            except sqlite3.Error:
                continue


def in_apsw(path: Path, script: list[str]) -> None:
    """The same in the newest library."""
    with closing(apsw.Connection(str(path))) as connection:
        for statement in script:
            try:
                connection.execute(statement).fetchall()
            except apsw.Error:
                continue


def shell(version: str) -> Path:
    """The shell of a version; a failure in CI, elsewhere a skip, where it has not been built."""
    path = SHELLS / f"sqlite3-{version}"
    if not path.exists():
        hint = f"{path} is missing: run `python tests/build_sqlite_shells.py {SHELLS}`"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(hint)
    return path


def in_shell(version: str) -> Run:
    """The same in the shell of an old version."""

    def run(path: Path, script: list[str]) -> None:
        text = "".join(f"{statement};\n" for statement in script)
        done = subprocess.run(
            [shell(version), path],
            input=text.encode("utf-8", "surrogateescape"),
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode >= 0, "it crashed"
        assert b"malformed database schema" not in done.stderr
        assert b"no such function" not in done.stderr

    return run


OTHERS = {"3.24.0": in_shell("3.24.0"), "3.34.0": in_shell("3.34.0"), "newest": in_apsw}

# Each is written as a start, an end and a duration, by INSERT and again by UPDATE.
TIMES = [
    "'2026-10-01T09:57:33.9995'",
    "'2026-10-01T09:57:33.0005'",
    "'2026-10-01 09:57:59.999999999999'",
    "'2026-10-01T09:57'",
    "'2026-10-01T09:57Z'",
    "'2026-10-01T09:57:33+05:30'",
    "'2026-10-01T23:59:59.5-23:59'",
    "'0001-01-01T00:00:00+00:01'",
    "'9999-12-31T23:59:59.999-00:01'",
    "'0000-12-31T23:59:59-01:00'",
    "'2024-02-29T12:00:00'",
    "'2026-02-29T12:00:00'",
    "'2026-04-31T12:00:00'",
    "'2026-10-01T24:00:00'",
    "'2026-10-01T09:60:00'",
    "'2026-10-01T09:57:60'",
    "'2026-10-01T09:57:33.'",
    "'2026-10-01T09:57:33,5'",
    "'2026-10-01T09:57:33.5 '",
    "'2026-10-01T09:57:33z'",
    "'2026-10-01T09:57:33+0530'",
    "'2026-10-01T09:57:33' || char(0)",
    "'now'",
    "2460000.5",
    "x'323032362d31302d30315430393a3537'",
    "NULL",
]
DURATIONS = [
    "0.0005",
    "1.0005",
    "2.5",
    "-0.0",
    "-0.001",
    "9e999",
    "1e308",
    "315360000",
    "315360000.0004",
    "315360000.0005",
    "9223372036854775807",
    "'12'",
    "x'3132'",
    "NULL",
]
OUTPUTS = [
    """'{"totalTokens": 12, "totalToolUseCount": 3}'""",
    """'{"totalTokens":007}'""",
    """'{"totalTokens":1000000000000}'""",
    """'{"totalTokens":1000000000001}'""",
    """'{"totalTokens":99999999999999999999,'""",
    """'{"totalTokens":1.5}'""",
    """'{"totalTokens":1e3}'""",
    """'{"totalTokens":-1}'""",
    """'{"totalTokens":5'""",
    """'{"totalTokens":5' || char(10)""",
    """'é' || CAST(x'80' AS TEXT) || '{"totalTokens":7}'""",
    """'x' || char(0) || '{"totalTokens":8}'""",
    """CAST('{"totalTokens":9}' AS BLOB)""",
    "17",
    "NULL",
]


def junk() -> list[str]:
    """Statements that write every value of the lists above."""
    names = "(id, agent_name, session_id, start_time, end_time, duration_seconds, raw_output)"
    script = []
    for number, time in enumerate(TIMES, 1):
        values = f"'a', 's{number % 3}', {time}, '2026-10-01T10:00:00.001', NULL, NULL"
        script.append(f"INSERT INTO agent_invocations {names} VALUES ({number}, {values})")
        script.append(
            f"UPDATE agent_invocations SET end_time = {time}, start_time = '2026-10-01T08:00:00Z'"
            f" WHERE id = {number} AND id % 2"
        )
    for number, duration in enumerate(DURATIONS, 100):
        values = f"'b', NULL, NULL, NULL, {duration}, NULL"
        script.append(f"INSERT INTO agent_invocations {names} VALUES ({number}, {values})")
    for number, output in enumerate(OUTPUTS, 200):
        values = f"{number}, NULL, NULL, NULL, NULL, {output}"
        script.append(f"INSERT INTO agent_invocations {names} VALUES ({number}, {values})")
        script.append(
            f"UPDATE agent_invocations SET agent_name = 'c', raw_output = {output}"
            f" WHERE id = {number}"
        )
    return script + junk_of_sessions_and_tools()


def junk_of_sessions_and_tools() -> list[str]:
    """The same for the other tables: as keys, as times and as durations."""
    script = []
    for number, value in enumerate([*TIMES, *DURATIONS, *OUTPUTS]):
        script += [
            "INSERT OR REPLACE INTO sessions (session_id, start_time, status)"
            f" VALUES ({value}, {value}, {value})",
            f"INSERT INTO sessions (session_id, start_time) VALUES ('s{number}', {value})",
            f"UPDATE sessions SET end_time = {value}, start_time = '2026-10-01T08:00:00Z'"
            f" WHERE session_id = 's{number}' AND rowid % 2",
            "INSERT INTO agent_tool_uses (session_id, agent_name, tool_name, start_time, end_time,"
            f" duration_seconds, status) VALUES ('s', {value}, {value}, {value},"
            f" '2026-10-01T10:00:00.001', {value}, {value})",
        ]
    return script


def understood_by_all(statement: str, variant: str) -> str | None:
    """The statement in words that SQLite 3.24 knows; None where it has none.

    On a table with a partial index on an expression it crashes at an upsert, triggers or not.
    """
    if statement.count("ON CONFLICT") > 1 or "ON CONFLICT DO UPDATE" in statement:
        return None
    if variant in ("expression", "without rowid") and "ON CONFLICT" in statement:
        return None
    return statement.replace(" RETURNING *", "")


def result(path: Path) -> dict[str, list[Any]]:
    """What a script has left: rows and logs, but for times."""
    found: dict[str, list[Any]] = {}
    with closing(connect(path)) as connection, any_text(connection):
        for ledger in LEDGERS:
            for table in (ledger.table, ledger.log):
                rows = connection.execute(f"SELECT rowid, * FROM {table} ORDER BY rowid")
                names = [column[0] for column in rows.description]
                at = names.index("updated_at") if "updated_at" in names else len(names)
                found[table] = [repr(row[:at] + row[at + 1 :]) for row in rows]
    return found


def check(path: Path) -> None:
    """The aggregates agree with the oracle."""
    with closing(connect(path)) as connection:
        found = differences(stored(connection), recompute(connection))
    assert not found, "\n".join(found)


def test_the_oldest_library_knows_no_json() -> None:
    done = subprocess.run(
        [shell("3.24.0"), ":memory:"],
        input=b"SELECT sqlite_version(); SELECT json('1');",
        capture_output=True,
        check=False,
    )
    assert done.stdout.strip() == b"3.24.0"
    assert b"no such function: json" in done.stderr


@pytest.mark.parametrize("library", OTHERS)
def test_junk_means_the_same(library: str, migrated_database: MakeDatabase) -> None:
    with migrated_database("untyped") as ours, migrated_database("untyped") as other:
        in_python(ours, junk())
        OTHERS[library](other, junk())
        check(ours)
        check(other)
        assert result(other) == result(ours)
        with Store(other) as store:
            assert store.verify().drifts == []


@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
@pytest.mark.parametrize("library", OTHERS)
def test_runs_mean_the_same_in_each_encoding(library: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "agent_workflow.db"
    with closing(connect(path)) as connection:
        connection.execute(f"PRAGMA encoding = '{encoding}'")
        connection.executescript(HOOK_TABLES)
    upgrade(str(path))
    script = [
        "INSERT INTO agent_invocations (agent_name, session_id, start_time, status)"
        f" VALUES ('é漢{number}', 's', '2026-10-01T10:00:0{number}.123456', 'started')"
        for number in range(5)
    ]
    script += [
        "UPDATE agent_invocations SET status = 'completed', end_time = '2026-10-01T10:01:00,5Z',"
        ' raw_output = \'{"is": "é漢", "totalTokens": 12,"totalToolUseCount":3}\''
        " WHERE id <> 3",
        "DELETE FROM agent_invocations WHERE id = 2",
        "INSERT OR REPLACE INTO agent_invocations (id, agent_name, raw_output)"
        " VALUES (1, 'b', '漢{\"totalTokens\": 7}')",
    ]
    OTHERS[library](path, script)
    check(path)
    with closing(connect(path)) as connection:
        (tokens,) = connection.execute("SELECT sum(tokens_sum) FROM agent_stats").fetchone()
    assert tokens == 7 + 2 * 12
    with Store(path) as store:
        assert store.verify().drifts == []


NUMBERS = [
    *("0", "-7", "1.005", "-1.005", "2.675", "1e11", "999999999999", "1000000000001", "5e-324"),
    *("'12.345'", "'-12.345'", "'1e-05'", "'2.5E-7'", "'.5'", "'5.'", "'1e5'", "''", "'--1'"),
    *("'0.00049999999999999994'", "'123456789.99999'", "'1' || char(0)", "x'31'", "'٣'", "'12a'"),
]


def junk_of_an_application() -> list[str]:
    """Numbers in columns and in JSON, with and without quotes."""
    script = []
    for number, value in enumerate(NUMBERS, 1000):
        for text in (value, f"'\"' || {value} || '\"'"):
            output = (
                f"'{{\"totalTokens\": ' || {text} || ', \"totalToolUseCount\":' || {text} || '}}'"
            )
            values = f"{number}, 'a', {value}, '2026-10-04T23:59', {value}, {output}"
            script.append(
                "INSERT OR REPLACE INTO agent_invocations (id, agent_name, ticket_id, timestamp,"
                f" duration_seconds, raw_output) VALUES ({values})"
            )
        script.append(f"UPDATE agent_invocations SET ticket_id = 'x' WHERE id = {number - 3}")
        script.append(f"INSERT INTO agent_tool_uses (sequence_number) VALUES ({value})")
    return script


@pytest.mark.parametrize("library", OTHERS)
def test_aggregates_of_an_application_mean_the_same(
    library: str, own_database: MakeDatabase
) -> None:
    with own_database("untyped") as path:
        OTHERS[library](path, [*junk(), *junk_of_an_application()])
        with closing(connect(path)) as connection:
            assert own_metrics.differences(connection) == []
            assert len(own_metrics.stored(connection)["ticket_seconds"]) > 5
        own = replace(catalogue, definitions=(*catalogue.definitions, *owned_by_acme()))
        with Store(path, catalogue=own) as store:
            assert "ticket_cost" in store.verify().tables
            assert store.verify().drifts == []


def owned_by_acme() -> tuple[Definition, ...]:
    """The definitions that the application's revision has installed."""
    return owned_by(LABEL, own_metrics.definitions).definitions


@pytest.mark.parametrize("library", OTHERS)
@pytest.mark.parametrize("plan", plans(2_000), ids=str)
def test_random_statements_keep_everything_exact(
    plan: Plan, library: str, migrated_database: MakeDatabase
) -> None:
    """What it leaves need not be the same: versions write reals as text with other digits."""
    prepare = [
        f"PRAGMA recursive_triggers = {plan.recursive_triggers}",
        f"PRAGMA foreign_keys = {plan.foreign_keys}",
        *(f"INSERT INTO sessions (session_id) VALUES ('s{number}')" for number in (1, 2, 3)),
    ]
    written = 0
    for run in plan.runs():
        known = (understood_by_all(statement, plan.variant) for statement in run)
        script = [*prepare, *filter(None, known), "COMMIT"]
        with migrated_database(plan.variant) as path:
            OTHERS[library](path, script)
            check(path)
            with closing(connect(path)) as connection:
                written += sum(last_entry(connection, ledger) for ledger in LEDGERS)
    assert written > 20


@pytest.fixture(scope="module")
def mapped_databases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an adopted database of each shape."""
    folder = tmp_path_factory.mktemp("mapped")
    for name, shape in SHAPES.items():
        with closing(connect(folder / name)) as connection:
            connection.executescript(shape.schema)
        upgrade(str(folder / name), mapping=shape.mapping, journal_mode="keep")
    return folder


@pytest.mark.parametrize("library", OTHERS)
@pytest.mark.parametrize("name", SHAPES)
def test_runs_of_other_tables_are_exact(
    name: str, library: str, mapped_databases: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copyfile(mapped_databases / name, tmp_path / "theirs.db"))
    shape = SHAPES[name]
    writes = (understood_by_all(one, name) for one in islice(Writes(f"old {name}", shape), 300))
    OTHERS[library](path, [*filter(None, writes), "COMMIT"])
    check(path)
    with closing(connect(path)) as connection:
        assert wrong_runs(connection, shape.mapping) == []
        assert len(kept_runs(connection, shape.mapping)) > 2
    with Store(path) as store:
        assert store.verify().drifts == []
