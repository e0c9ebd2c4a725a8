"""Verify finds every drift with its right value, and repair makes just that right."""

import random
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import connect
from derived_oracle import derive, derived_differences
from oracle import CONTRACT, any_text, recompute
from samples import change, check_exact, copy, everything, place_of, start_run

from aggregates.engines import open_database
from aggregates.engines.tables import COUNTED, DERIVED, DURATIONS, OVERLAP
from aggregates.errors import DefinitionError
from aggregates.model.catalogue import catalogue
from aggregates.model.definition import Aggregate
from aggregates.proving import repairing
from aggregates.recomputing.drift import ROW, Drift, Window
from aggregates.recomputing.shadows import Verification

KEYS = {one.name: one.key for one in catalogue.definitions} | {
    DERIVED: ("session_id",),
    COUNTED: ("session_id", "first_agent", "le_ms"),
    DURATIONS: ("first_agent", "le_ms"),
}
VALUES = {one.name: one.values for one in catalogue.definitions} | {
    DERIVED: ("first_agent", "max_parallel", "busy_ms", "as_of_seq"),
    COUNTED: ("sessions", "duration_ms_sum"),
    DURATIONS: ("sessions", "duration_ms_sum"),
}
SHOWN = {(DERIVED, "max_parallel"): OVERLAP, (DERIVED, "busy_ms"): OVERLAP}
"""What people know columns of internal tables by."""
TOTALS = "_aggregates_session_totals"
STORED = {one.table for one in catalogue.definitions}
COUNTS = {one.name: one.counts for one in catalogue.aggregates()}

Cell = tuple[str, tuple[object, ...], str]
Rows = dict[str, dict[tuple[object, ...], dict[str, object]]]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return copy(tmp_path)


def rows(connection: sqlite3.Connection) -> Rows:
    """Every row of every table that verify vouches for, by key; but those that hold nothing."""
    found: Rows = {}
    with any_text(connection):
        for table, key in KEYS.items():
            names = (*key, *VALUES[table])
            query = f'SELECT {", ".join(names)} FROM "{table}"'
            if table in COUNTS:
                query += f" WHERE {holds_something(table)}"
            found[table] = {
                row[: len(key)]: dict(zip(names[len(key) :], row[len(key) :], strict=True))
                for row in connection.execute(query)
            }
    return found


def holds_something(table: str) -> str:
    """Whether a row of an aggregate is one that readers show."""
    return " OR ".join(f"{name} <> 0" for name in COUNTS[table])


def expected_drifts(before: Rows, now: Rows) -> dict[Cell, tuple[object, object]]:
    """(table, key, column) -> (stored, right), where `before` was right."""
    cells: dict[Cell, tuple[object, object]] = {}
    for table in KEYS:
        for key in before[table].keys() | now[table].keys():
            right, stored = before[table].get(key), now[table].get(key)
            if not VALUES[table]:
                if right is None or stored is None:
                    sides = tuple(None if one is None else "present" for one in (stored, right))
                    cells[table, key, ROW] = (sides[0], sides[1])
                continue
            for column in right or stored or {}:
                pair = (stored or {}).get(column), (right or {}).get(column)
                if pair[0] != pair[1]:
                    cells[SHOWN.get((table, column), table), key, column] = pair
    return cells


def cells_of(drifts: list[Drift]) -> dict[Cell, tuple[object, object]]:
    found = {
        (one.table, tuple(one.key.values()), one.column): (one.stored, one.right) for one in drifts
    }
    assert len(found) == len(drifts), "a value was named twice"
    return found


def check_found_and_mended(
    database: Path, plant: Callable[[sqlite3.Connection], object]
) -> dict[Cell, tuple[object, object]]:
    """Plant a drift: verify names just its cells, repair mends just them."""
    opened = open_database(database)
    whole = everything(database)
    with closing(connect(database)) as connection:
        before = rows(connection)
        plant(connection)
        now = rows(connection)
    expected = expected_drifts(before, now)
    assert expected, "nothing was planted"
    planted = everything(database)
    found = cells_of(repairing.verify(opened, catalogue).drifts)
    assert found == expected
    assert everything(database) == planted, "verify has changed something"
    assert cells_of(repairing.repair(opened, catalogue).drifts) == expected
    assert repairing.verify(opened, catalogue).drifts == []
    with closing(connect(database)) as connection:
        assert rows(connection) == before
        assert derived_differences(connection) == []
    check_exact(database)
    mended = everything(database)
    untouched = {
        name
        for name in whole
        if name not in {*KEYS, *STORED, "agent_invocations", "_aggregates_walks"}
    }
    assert {name: mended[name] for name in untouched} == {name: whole[name] for name in untouched}
    return expected


def without_triggers(connection: sqlite3.Connection, table: str, *statements: str) -> None:
    """Execute statements while the triggers on a table are gone."""
    triggers = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
    ).fetchall()
    for name, _ in triggers:
        connection.execute(f'DROP TRIGGER "{name}"')
    for statement in statements:
        assert connection.execute(statement).rowcount > 0, statement
    for _, sql in triggers:
        connection.execute(sql)


def changed(value: object) -> object:
    """Another value of the same kind."""
    return value + 3 if isinstance(value, int) else f"{value or ''}x"


@pytest.mark.parametrize("table", KEYS)
def test_an_edited_a_deleted_and_an_invented_row_of_each_table(table: str, database: Path) -> None:
    values = VALUES[table]
    stored, where, constants, ids = table, [f"{name} = :{name}" for name in KEYS[table]], {}, []
    if table not in (DERIVED, COUNTED, DURATIONS):
        place = place_of(table)
        stored, constants = place.table, place.constants
        where = [f"{name} = :{name}" for name in place.columns.values()]
        where += [f"{name} = {value}" for name, value in constants.items()]
        ids = [place.columns[name] for name in KEYS[table] if name.endswith("_id")]
        ids = [name for name in ids if name != "session_id"]
    here = " AND ".join(where)
    with closing(connect(database)) as connection:
        columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{stored}")')]
        of_table = [f"{name} = {value}" for name, value in constants.items()]
        of_table += [f"({holds_something(table)})"] if table in COUNTS else []
        query = f'SELECT * FROM "{stored}" WHERE {" AND ".join(of_table) or "true"} ORDER BY 1, 2'
        found = connection.execute(query).fetchall()
    assert found
    one = dict(zip(columns, found[len(found) // 2], strict=True))

    def edit(connection: sqlite3.Connection) -> None:
        for column in values:
            wrong = {**one, "wrong": changed(one[column])}
            plant_one(connection, f'UPDATE "{stored}" SET {column} = :wrong WHERE {here}', wrong)

    def delete(connection: sqlite3.Connection) -> None:
        plant_one(connection, f'DELETE FROM "{stored}" WHERE {here}', one)

    def invent(connection: sqlite3.Connection) -> None:
        ghost = {
            name: f"{value}-ghost" if isinstance(value, str) and name not in constants else value
            for name, value in one.items()
        }
        ghost |= dict.fromkeys(ids, 10**9)
        places = ", ".join(f":{name}" for name in columns)
        plant_one(connection, f'INSERT INTO "{stored}" VALUES ({places})', ghost)

    plants = (edit, delete, invent) if values else (delete, invent)
    if table == TOTALS:
        plants = (edit, delete)  # it has one key, under which its view looks
    for plant in plants:
        cells = check_found_and_mended(database, plant)
        assert {SHOWN.get((table, column), table) for column in values or (ROW,)} <= {
            name for name, _, _ in cells
        }


@pytest.mark.parametrize("agent", ["architect", "ghost"])
def test_a_row_of_a_cluster_that_no_trigger_writes(agent: str, database: Path) -> None:
    """Readers show it all the same."""
    opened = open_database(database)
    with closing(connect(database)) as connection:
        before = connection.execute("SELECT * FROM agent_activity ORDER BY 1").fetchall()
        connection.execute(
            "INSERT INTO _aggregates_by_agent (agent_name, part, member, id, invocations)"
            " VALUES (?, 1, 'stray', 5, 7)",
            (agent,),
        )
        found = repairing.verify(opened, catalogue).drifts
        assert {(one.table, one.key["agent_name"]) for one in found} == {("agent_activity", agent)}
        stray = {one.column: (one.stored, one.right) for one in found}
        assert stray["invocations"] == (7, None)
        assert repairing.repair(opened, catalogue).drifts == found
        assert repairing.verify(opened, catalogue).drifts == []
        assert connection.execute("SELECT * FROM agent_activity ORDER BY 1").fetchall() == before
    check_exact(database)


def plant_one(connection: sqlite3.Connection, statement: str, parameters: dict[str, Any]) -> None:
    """Execute a statement that changes one row."""
    assert connection.execute(statement, parameters).rowcount == 1


def check_drifts_against_oracles(connection: sqlite3.Connection, drifts: list[Drift]) -> None:
    """The right values of drifts are those of the oracles."""
    right = recompute(connection)
    derived = derive(connection)
    by_table: dict[str, list[Drift]] = defaultdict(list)
    for one in drifts:
        by_table[one.table].append(one)
    for table, of_table in by_table.items():
        for one in of_table:
            key = tuple(one.key.values())
            if table == OVERLAP:
                place = ("max_parallel", "busy_ms").index(one.column)
                overlap = derived.overlap.get(str(key[0]))
                assert one.right == (overlap[place] if overlap else None)
            elif one.column == "first_agent":
                assert one.right == derived.first_agent.get(str(key[0]))
            elif table in CONTRACT and table not in (COUNTED, DURATIONS):
                names, measures = CONTRACT[table]
                if tuple(one.key) == names and one.column in measures:
                    found = right[table].get(key)
                    value = found[measures.index(one.column)] if found else None
                    assert (one.right or None) == (value or None), one


LOST_WRITES = [
    "UPDATE agent_invocations SET agent_name = 'moved' WHERE id % 5 = 0",
    "UPDATE agent_invocations SET session_id = 'moved' WHERE id % 7 = 0",
    "UPDATE agent_invocations SET start_time = '2020-01-01T00:00:00' WHERE id % 11 = 0",
    "DELETE FROM agent_invocations WHERE id % 13 = 0",
    "INSERT INTO agent_invocations (agent_name, session_id, start_time, end_time, status)"
    " VALUES ('lost', 'lost', '2026-10-01T10:00:00', '2026-10-01T10:00:09', 'completed')",
]


def test_writes_while_triggers_were_gone_are_found_and_mended(database: Path) -> None:
    opened = open_database(database)
    with closing(connect(database)) as connection:
        without_triggers(connection, "agent_invocations", *LOST_WRITES)
        without_triggers(
            connection,
            "sessions",
            "UPDATE sessions SET status = 'lost' WHERE rowid % 3 = 0",
            "UPDATE sessions SET end_time = start_time WHERE rowid % 4 = 0",
            "DELETE FROM sessions WHERE rowid % 5 = 0",
        )
        without_triggers(
            connection,
            "agent_tool_uses",
            "UPDATE agent_tool_uses SET status = 'lost', session_id = 'lost', duration_seconds = 9,"
            " start_time = '2026-10-01T10:00', end_time = NULL",
        )
        found = repairing.verify(opened, catalogue).drifts
        tables = {one.table for one in found}
        assert tables >= set(CONTRACT) - {"aggregate_totals"} | {OVERLAP, DURATIONS, COUNTED}
        check_drifts_against_oracles(connection, found)
        repairing.repair(opened, catalogue)
        assert derived_differences(connection) == []
    check_exact(database, is_derived=True)
    assert repairing.verify(opened, catalogue).drifts == []


@pytest.mark.parametrize("event", ["insert", "update", "delete"])
def test_one_trigger_that_was_gone_for_a_while(event: str, database: Path) -> None:
    opened = open_database(database)
    chance = random.Random(event)
    with closing(connect(database)) as connection:
        name, sql = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE name = ?",
            (f"_aggregates_run_{event}",),
        ).fetchone()
        connection.execute(f"DROP TRIGGER {name}")
        change(connection, chance, 60)
        connection.execute(sql)
        change(connection, chance, 20)
        check_drifts_against_oracles(connection, repairing.verify(opened, catalogue).drifts)
    assert repairing.repair(opened, catalogue).drifts != []
    check_exact(database)


def test_a_trigger_with_another_body(database: Path) -> None:
    opened = open_database(database)
    with closing(connect(database)) as connection:
        name = "_aggregates_use_post_rows"
        (sql,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = ?", (name,)
        ).fetchone()
        altered = re.sub(r"uses\s*=\s*uses\s*\+\s*excluded", "uses = uses + 2 * excluded", sql)
        assert altered != sql
        connection.execute(f"DROP TRIGGER {name}")
        connection.execute(altered)
        for _ in range(2):
            connection.execute(
                "INSERT INTO agent_tool_uses (agent_name, tool_name, status) VALUES ('a', 't', 's')"
            )
        connection.execute(f"DROP TRIGGER {name}")
        connection.execute(sql)
    found = repairing.verify(opened, catalogue).drifts
    key = {"agent_name": "a", "tool_name": "t", "status": "s"}
    assert found == [Drift("tool_stats", key, "uses", 3, 2)]
    repairing.repair(opened, catalogue)
    check_exact(database)


def test_text_that_is_not_utf_8_is_named_and_mended(database: Path) -> None:
    opened = open_database(database)
    with closing(connect(database)) as connection:
        connection.execute(
            "INSERT INTO agent_invocations (agent_name, session_id, start_time, status)"
            " VALUES (CAST(x'ff41' AS TEXT), CAST(x'fe' AS TEXT), '2026-10-01T10:00', 'completed')"
        )
        assert repairing.verify(opened, catalogue).drifts == []
        connection.execute("UPDATE agent_stats SET invocations = 9 WHERE hex(agent_name) = 'FF41'")
        deleted = connection.execute(
            "DELETE FROM _aggregates_by_session WHERE hex(session_id) = 'FE' AND part IN (0, 1)"
        )
        assert deleted.rowcount == 2
        names = {
            str(name)
            for one in repairing.repair(opened, catalogue).drifts
            for name in one.key.values()
        }
        assert {"\udcffA", "\udcfe"} <= names
    check_exact(database)
    assert repairing.verify(opened, catalogue).drifts == []


def test_a_mended_row_keeps_what_is_not_compared(database: Path) -> None:
    opened = open_database(database)
    with closing(connect(database)) as connection:
        start_run(connection, agent="touched")
        query = "SELECT updated_at FROM agent_activity WHERE agent_name = 'touched'"
        before = connection.execute(query).fetchone()
        assert before != (None,)
        connection.execute(
            "UPDATE _aggregates_by_agent SET failed = 5 WHERE part = 1 AND agent_name = 'touched'"
        )
        assert len(repairing.repair(opened, catalogue).drifts) == 1
        assert connection.execute(query).fetchone() == before


def test_a_write_beside_a_wrong_pair_is_mended_too(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(connect(database)) as connection:
        session, agent = connection.execute(
            "SELECT session_id, agent_name FROM session_agents WHERE session_id <> '' LIMIT 1"
        ).fetchone()
        connection.execute(
            "DELETE FROM _aggregates_by_session WHERE part = 1 AND session_id = ? AND member = ?",
            (session, agent),
        )
        connection.commit()

    mend = Verification.mend

    def write_first(proof: Verification, drifts: list[Drift]) -> None:
        """Take the pair for a new one, after the counts of pairs have been compared."""
        with closing(connect(database)) as connection:
            start_run(connection, session, agent=agent)
            connection.commit()
        mend(proof, drifts)

    opened = open_database(str(database))
    with monkeypatch.context() as patched:
        patched.setattr(Verification, "mend", write_first)
        found = repairing.repair(opened, catalogue).drifts
    assert {"session_agents", "agent_activity", "aggregate_totals"} >= {
        one.table for one in found
    }, found
    check_exact(database)
    assert repairing.verify(opened, catalogue).drifts == []


def test_a_repair_of_some_tables_spoils_no_others(database: Path) -> None:
    """What is counted out of other tables, or looked up there, may have been right all along."""
    opened = open_database(database)
    with closing(connect(database)) as connection:
        for table in ("session_agents", "_aggregates_session_starts", "session_phases"):
            place = place_of(table)
            part = place.constants["part"]
            deleted = connection.execute(
                f"DELETE FROM {place.table} WHERE session_id < '4' AND part = {part}"
            )
            assert deleted.rowcount > 0
        for table in ("session_agents", "_aggregates_session_starts", "session_phases"):
            result = repairing.repair(opened, catalogue, tables=[table])
            assert {one.table for one in result.drifts} == {table}
            assert result.tables == (table,)
    assert repairing.verify(opened, catalogue).drifts == []
    check_exact(database, is_derived=True)


def test_only_the_tables_that_were_asked_for_are_compared(database: Path) -> None:
    opened = open_database(database)
    with closing(connect(database)) as connection:
        connection.execute("UPDATE agent_stats SET tokens_sum = tokens_sum + 1")
        connection.execute("UPDATE tool_stats SET uses = uses + 1")
        connection.execute(f"UPDATE {DERIVED} SET busy_ms = busy_ms + 1")
        connection.execute(f"UPDATE {DURATIONS} SET sessions = sessions + 1")
    for names, tables in (
        (["agent_stats"], {"agent_stats"}),
        (["tool_stats", "agent_hourly"], {"tool_stats"}),
        ([OVERLAP], {OVERLAP}),
        ([DURATIONS], {DURATIONS}),
        (["agent_hourly"], set()),
        ([], {"agent_stats", "tool_stats", OVERLAP, DURATIONS}),
    ):
        found = repairing.verify(opened, catalogue, tables=names)
        assert {one.table for one in found.drifts} == tables
        if names:
            assert set(found.tables) == set(names)
    with pytest.raises(DefinitionError, match=r"no_such_table.*agent_stats.*session_overlap"):
        repairing.verify(opened, catalogue, tables=["no_such_table"])
    repairing.repair(opened, catalogue, tables=[OVERLAP, "tool_stats"])
    assert {one.table for one in repairing.verify(opened, catalogue).drifts} == {
        "agent_stats",
        DURATIONS,
    }


def test_a_window_compares_the_keys_inside_it(database: Path) -> None:
    opened = open_database(database)
    with closing(connect(database)) as connection:
        for table in ("agent_hourly", "agent_durations_daily", "agent_stats"):
            connection.execute(f"UPDATE {table} SET duration_ms_sum = duration_ms_sum + 1")
        hours = [hour for (hour,) in connection.execute("SELECT DISTINCT hour FROM agent_hourly")]
    day = sorted(hours)[len(hours) // 2][:10]
    next_day = min(hour[:10] for hour in hours if hour[:10] > day)
    found = repairing.verify(
        opened, catalogue, window=Window(f"{day}T00:00:00.000", f"{next_day}T00:00:00.000")
    )
    assert {one.table for one in found.drifts} == {"agent_hourly", "agent_durations_daily"}
    shown = {str(one.key.get("hour") or one.key.get("day"))[:10] for one in found.drifts}
    assert shown == {day}
    assert {one.key["hour"] for one in found.drifts if "hour" in one.key} == {
        hour for hour in hours if hour[:10] == day
    }
    since = repairing.verify(opened, catalogue, window=Window(since=f"{next_day}T00:00:00.000"))
    assert min(str(one.key["hour"]) for one in since.drifts if "hour" in one.key) >= next_day
    until = repairing.verify(opened, catalogue, window=Window(until=f"{day}T00:00:00.000"))
    assert max(str(one.key["hour"]) for one in until.drifts if "hour" in one.key) < day
    repairing.repair(
        opened, catalogue, window=Window(f"{day}T00:00:00.000", f"{next_day}T00:00:00.000")
    )
    left = repairing.verify(opened, catalogue, tables=["agent_hourly"]).drifts
    assert {str(one.key["hour"]) for one in left} == {hour for hour in hours if hour[:10] != day}


def test_a_window_of_tables_without_a_time_is_refused(database: Path) -> None:
    with pytest.raises(DefinitionError, match="agent_stats has no time"):
        repairing.verify(
            open_database(database), catalogue, tables=["agent_stats"], window=Window("2026")
        )


def test_each_table_that_verify_vouches_for_is_planted_above() -> None:
    assert {one.name for one in catalogue.definitions} <= set(KEYS)
    unverified = {
        (one.name, column.name)
        for one in catalogue.definitions
        if isinstance(one, Aggregate)
        for column in one.latest
    }
    assert unverified == {("agent_activity", "updated_at"), ("session_stats", "changed_seq")}


@pytest.mark.parametrize("blind", ["aggregates", "sessions"])
def test_a_verify_that_always_says_well_is_found_out(
    blind: str, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """These tests would notice."""
    if blind == "aggregates":
        monkeypatch.setattr(Verification, "drifts", lambda *arguments: [])
    else:
        monkeypatch.setattr(repairing, "_of_sessions", lambda *arguments: [])
    statement = "UPDATE {} SET sessions = sessions + 1"
    table = "sessions_summary" if blind == "aggregates" else DURATIONS
    with pytest.raises(AssertionError):
        check_found_and_mended(
            database, lambda connection: connection.execute(statement.format(table))
        )
