"""A rebuild replaces whole tables at once, goes on where it was killed, and leaves nothing."""

import random
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import connect
from derived_oracle import derived_differences
from samples import change, check_exact, copy, derive, everything, place_of, start_run
from sqlalchemy import event

from aggregates.engines import open_database
from aggregates.engines.tables import OVERLAP
from aggregates.errors import AggregatesError, DefinitionError
from aggregates.installing.upgrading import downgrade, upgrade
from aggregates.model.catalogue import catalogue
from aggregates.model.definition import Aggregate
from aggregates.progress import Progress
from aggregates.proving import inspecting, rebuilding, reinstalling, repairing
from aggregates.proving.rebuilding import rebuild
from aggregates.recomputing import pace

NAMES = [one.name for one in catalogue.definitions]


class Stop(BaseException):
    """A process that ends in the middle."""


def stop_after(steps: int) -> Progress:
    """A progress callback that ends the job at its n-th step."""
    seen: list[int] = []

    def step(done: int, total: int) -> None:
        seen.append(done)
        if len(seen) == steps:
            raise Stop

    return step


@pytest.fixture(params=["wal", "keep"])
def database(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return copy(tmp_path, request.param)


@pytest.fixture
def in_wal(tmp_path: Path) -> Path:
    return copy(tmp_path)


def schema(path: Path) -> list[tuple[object, ...]]:
    """All objects of a database, as they are written."""
    with closing(connect(path)) as connection:
        query = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
        return connection.execute(query).fetchall()


def status(path: Path) -> inspecting.Inspection:
    with open_database(path).reading() as connection:
        return inspecting.inspect(connection, catalogue.sources)


def spoil(path: Path) -> None:
    """Make every aggregate wrong."""
    with closing(connect(path)) as connection:
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        for one in catalogue.definitions:
            place = place_of(one.name)
            last = [*place.columns.values()][-1]
            some = " AND ".join(f"{name} = {value}" for name, value in place.constants.items())
            some = f"({some or 'true'})"
            if isinstance(one, Aggregate):
                some += f" AND {one.counts[0]} <> 0"
            deleted = connection.execute(
                f'DELETE FROM "{place.table}" WHERE {some} AND {last} IN'
                f' (SELECT {last} FROM "{place.table}" WHERE {some} LIMIT 3)'
            )
            assert deleted.rowcount > 0, one.name
        for _, sql in triggers:
            connection.execute(sql)


def check_whole(path: Path, before: list[tuple[object, ...]]) -> None:
    """Everything is right, and nothing of the rebuild is left."""
    check_exact(path)
    assert schema(path) == before
    found = status(path)
    assert (found.findings, found.filling, found.ok) == ([], None, True)
    assert repairing.verify(open_database(path), catalogue).drifts == []


def test_a_rebuild_makes_everything_right_and_leaves_nothing(database: Path) -> None:
    opened = open_database(database)
    before = schema(database)
    spoil(database)
    assert {one.table for one in repairing.verify(opened, catalogue).drifts} >= set(NAMES)
    result = rebuild(opened, catalogue)
    assert (result.drifts, result.is_complete, set(result.tables)) == ([], True, set(NAMES))
    with closing(connect(database)) as connection:
        count = sum(
            connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in ("agent_invocations", "sessions", "agent_tool_uses")
        )
    assert result.rows_read == count
    check_whole(database, before)
    derive(database)
    check_exact(database, is_derived=True)
    # Triggers keep the new tables.
    with closing(connect(database)) as connection:
        change(connection, random.Random("after"), 40)
    check_exact(database)


def test_a_connection_that_was_open_goes_on(database: Path) -> None:
    """It knows the schema of before the rebuild, and has statements prepared."""
    with closing(connect(database)) as connection:
        query = "SELECT sum(invocations) FROM agent_stats"
        write = "INSERT INTO agent_invocations (agent_name, status) VALUES (?, 'completed')"
        connection.execute(write, ("one",))
        (before,) = connection.execute(query).fetchone()
        rebuild(open_database(database), catalogue)
        assert connection.execute(query).fetchone() == (before,)
        connection.execute(write, ("two",))
        assert connection.execute(query).fetchone() == (before + 1,)
    check_exact(database)


PENDING = f"SELECT session_id FROM {OVERLAP} WHERE is_pending ORDER BY 1"


@pytest.mark.usefixtures("small_slices")
def test_what_is_derived_and_what_is_pending_stay_so(in_wal: Path) -> None:
    opened = open_database(in_wal)
    rebuild(opened, catalogue, tables=["session_stats"])
    check_exact(in_wal, is_derived=True)
    with closing(connect(in_wal)) as connection:
        change(connection, random.Random("pending"), 30)
        start_run(connection, agent="touched")
        connection.execute("DELETE FROM agent_invocations WHERE agent_name = 'touched'")
        start_run(connection, agent="touched")
        pending = connection.execute(PENDING).fetchall()
        assert pending
        query = "SELECT agent_name, updated_at FROM agent_activity ORDER BY 1"
        touched = connection.execute(query).fetchall()
        outdated = derived_differences(connection)
        rebuild(opened, catalogue, tables=["session_stats", "agent_activity"])
        assert connection.execute(PENDING).fetchall() == pending
        assert connection.execute(query).fetchall() == touched
        assert derived_differences(connection) == outdated
    assert repairing.verify(opened, catalogue).drifts == []
    derive(in_wal)
    check_exact(in_wal, is_derived=True)


def test_readers_see_the_old_values_or_the_new_ones(database: Path) -> None:
    """All tables change at one instant: sums that agree before and after never differ between."""
    with closing(connect(database)) as connection:
        connection.execute("UPDATE agent_stats SET invocations = invocations + 1000")
        connection.execute("UPDATE agent_hourly SET invocations = invocations + 2000")
        connection.execute("UPDATE tool_stats SET uses = uses + 3000")
    query = (
        "SELECT (SELECT sum(invocations) FROM agent_stats),"
        " (SELECT sum(invocations) FROM agent_hourly), (SELECT sum(uses) FROM tool_stats)"
    )
    with closing(sqlite3.connect(database)) as connection:
        old = connection.execute(query).fetchone()
    seen: list[tuple[int, ...]] = []
    failures: list[sqlite3.Error] = []
    done = threading.Event()

    def look() -> None:
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            while True:
                is_last = done.is_set()
                try:
                    seen.append(connection.execute(query).fetchone())
                except sqlite3.Error as error:
                    failures.append(error)
                if is_last:
                    return

    reader = threading.Thread(target=look)
    reader.start()
    try:
        rebuild(open_database(database), catalogue)
    finally:
        done.set()
        reader.join()
    with closing(sqlite3.connect(database)) as connection:
        new = connection.execute(query).fetchone()
    assert failures == []
    changes = [one for one, before in zip(seen, [None, *seen], strict=False) if one != before]
    assert changes == [old, new]
    check_exact(database)


def test_a_dry_run_changes_nothing_and_says_what_would(in_wal: Path) -> None:
    spoil(in_wal)
    before, objects = everything(in_wal), schema(in_wal)
    result = rebuild(open_database(in_wal), catalogue, dry_run=True)
    assert {one.table for one in result.drifts} >= set(NAMES)
    only = rebuild(open_database(in_wal), catalogue, dry_run=True, tables=["agent_stats"])
    assert {one.table for one in only.drifts} == {"agent_stats"}
    assert (everything(in_wal), schema(in_wal)) == (before, objects)


def test_only_the_tables_that_were_asked_for_and_those_they_need(in_wal: Path) -> None:
    before = schema(in_wal)
    spoil(in_wal)
    result = rebuild(open_database(in_wal), catalogue, tables=["agent_activity", "tool_stats"])
    # With all that lies in the same trees.
    trees = {"tool_stats", "_aggregates_by_agent", "_aggregates_by_session"}
    rebuilt = {one.name for one in catalogue.definitions if one.table in trees}
    assert rebuilt > {"agent_activity", "session_agents", "_aggregates_agent_starts", "tool_stats"}
    assert set(result.tables) == rebuilt
    wrong = {one.table for one in repairing.verify(open_database(in_wal), catalogue).drifts}
    assert set(NAMES) - rebuilt <= wrong
    assert not rebuilt & wrong
    assert schema(in_wal) == before
    with pytest.raises(DefinitionError, match="no_such_table"):
        rebuild(open_database(in_wal), catalogue, tables=["no_such_table"])


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it take many steps, though the databases are small."""
    for name in ("SMALLEST_SLICE", "FIRST_SLICE", "LARGEST_SLICE"):
        monkeypatch.setattr(pace, name, 90)


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize("steps", range(1, 10, 2))
def test_stopped_anywhere_it_goes_on(steps: int, in_wal: Path) -> None:
    opened = open_database(in_wal)
    before = schema(in_wal)
    spoil(in_wal)
    wrong = repairing.verify(opened, catalogue).drifts
    with pytest.raises(Stop):
        rebuild(opened, catalogue, stop_after(steps))
    found = status(in_wal)
    assert (found.findings, found.ok) == ([], True), "the old tables hold everything"
    assert repairing.verify(opened, catalogue).drifts == wrong
    with closing(connect(in_wal)) as connection:
        change(connection, random.Random(steps), 25)
        marks = connection.execute("SELECT rows_read FROM _aggregates_backfills").fetchall()
    assert len(marks) == 3
    shown: list[int] = []
    result = rebuild(opened, catalogue, lambda done, total: shown.append(done))
    assert result.rows_read >= sum(rows for (rows,) in marks)
    check_whole(in_wal, before)


def test_stopped_and_called_for_other_tables(in_wal: Path) -> None:
    opened = open_database(in_wal)
    before = schema(in_wal)
    for first, second in (
        ([], ["agent_stats"]),
        (["agent_stats"], []),
        (["tool_stats"], ["agent_stats", "agent_hourly"]),
    ):
        with pytest.raises(Stop):
            rebuild(opened, catalogue, stop_after(1), tables=first)
        spoil(in_wal)
        result = rebuild(opened, catalogue, tables=second)
        assert set(result.tables) == set(second or NAMES)
        wrong = {one.table for one in repairing.verify(opened, catalogue).drifts}
        assert not wrong & set(result.tables)
        rebuild(opened, catalogue)
        check_whole(in_wal, before)


def test_two_that_rebuild_other_tables_never_mix(in_wal: Path) -> None:
    """One that has been overtaken stops, and what the other fills is whole."""
    opened = open_database(in_wal)
    before = schema(in_wal)
    spoil(in_wal)
    overtaken: list[int] = []

    def overtake(done: int, total: int) -> None:
        if not overtaken:
            overtaken.append(done)
            with pytest.raises(Stop):
                rebuild(open_database(in_wal), catalogue, stop_after(1))

    with pytest.raises(AggregatesError, match="another process"):
        rebuild(opened, catalogue, overtake, tables=["agent_stats"])
    rebuild(opened, catalogue)
    check_whole(in_wal, before)


def test_two_that_rebuild_the_same_tables_both_succeed(in_wal: Path) -> None:
    before = schema(in_wal)
    spoil(in_wal)
    nested: list[int] = []

    def again(done: int, total: int) -> None:
        if not nested:
            nested.append(done)
            rebuild(open_database(in_wal), catalogue)

    rebuild(open_database(in_wal), catalogue, again)
    check_whole(in_wal, before)


REBUILD = (
    "import sys\nfrom aggregates.engines import open_database\n"
    "from aggregates.model.catalogue import catalogue\n"
    "from aggregates.proving.rebuilding import rebuild\n"
    "rebuild(open_database(sys.argv[1]), catalogue)\n"
)


def test_several_processes_at_once_and_a_writer(in_wal: Path) -> None:
    before = schema(in_wal)
    spoil(in_wal)
    command = [sys.executable, "-c", REBUILD, str(in_wal)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    chance = random.Random("several")
    with closing(sqlite3.connect(in_wal, timeout=30, isolation_level=None)) as connection:
        while any(one.poll() is None for one in processes):
            change(connection, chance, 3)
            time.sleep(0.02)
    for one in processes:
        _, errors = one.communicate()
        assert one.returncode == 0, errors.decode()
    check_whole(in_wal, before)


@pytest.mark.usefixtures("small_slices")
def test_vacuum_in_the_middle_numbers_sessions_anew(database: Path) -> None:
    opened = open_database(database)
    before = schema(database)
    with closing(connect(database)) as connection:
        connection.execute("DELETE FROM sessions WHERE rowid % 3 = 0")
    steps: list[int] = []

    def vacuum(done: int, total: int) -> None:
        steps.append(done)
        if len(steps) in (2, 8, 10):
            with closing(connect(database)) as connection:
                connection.execute("DELETE FROM sessions WHERE rowid % 7 = 1")
                connection.execute("VACUUM")

    rebuild(opened, catalogue, vacuum)
    assert len(steps) > 10
    check_whole(database, before)


def test_an_emptied_log_begins_it_again(in_wal: Path) -> None:
    opened = open_database(in_wal)
    with pytest.raises(Stop):
        rebuild(opened, catalogue, stop_after(1))
    with closing(connect(in_wal)) as connection:
        change(connection, random.Random("emptied"), 60)
        connection.execute("DELETE FROM agent_invocation_changes")
        connection.execute("DELETE FROM session_changes")
        start_run(connection)
    rebuild(opened, catalogue)
    check_exact(in_wal)


def test_a_reinstall_begins_an_interrupted_rebuild_again(in_wal: Path) -> None:
    """What was written without triggers is in no log."""
    opened = open_database(in_wal)
    with pytest.raises(Stop):
        rebuild(opened, catalogue, stop_after(3))
    with closing(connect(in_wal)) as connection:
        connection.execute("DROP TRIGGER _aggregates_run_update")
        connection.execute("UPDATE agent_invocations SET status = 'lost' WHERE id % 3 = 0")
    reinstalling.reinstall(opened, catalogue.sources)
    rebuild(opened, catalogue)
    check_exact(in_wal)
    assert status(in_wal).ok


def test_an_index_that_people_have_made_stays_right(database: Path) -> None:
    with closing(connect(database)) as connection:
        connection.execute("CREATE INDEX theirs ON agent_hourly (agent_name, hour)")
        connection.execute("CREATE INDEX other ON tool_stats (uses DESC) WHERE uses > 1")
    before = schema(database)
    spoil(database)
    rebuild(open_database(database), catalogue)
    check_whole(database, before)
    with closing(connect(database)) as connection:
        change(connection, random.Random("index"), 40)
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM agent_hourly WHERE agent_name = 'a1'"
        ).fetchone()
        assert "theirs" in str(plan)
    check_exact(database)


def test_a_file_that_vacuums_itself(in_wal: Path) -> None:
    with closing(connect(in_wal)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA auto_vacuum = FULL")
        connection.execute("VACUUM")
    before = schema(in_wal)
    for _ in range(2):
        spoil(in_wal)
        rebuild(open_database(in_wal), catalogue)
        check_whole(in_wal, before)


def test_a_downgrade_takes_an_interrupted_rebuild_with_it(in_wal: Path) -> None:
    with pytest.raises(Stop):
        rebuild(open_database(in_wal), catalogue, stop_after(2))
    downgrade(str(in_wal))
    assert not [name for _, name, *_ in schema(in_wal) if str(name).startswith("_aggregates")]
    upgrade(str(in_wal))
    check_exact(in_wal)
    assert status(in_wal).ok


def test_it_is_recorded(in_wal: Path) -> None:
    opened = open_database(in_wal)
    for tables in ([], ["agent_stats"]):
        result = rebuild(opened, catalogue, tables=tables)
        proof = status(in_wal).proofs[0]
        assert (proof.kind, proof.rows_read, proof.drifts) == ("rebuild", result.rows_read, 0)
        assert proof.is_complete == (not tables)


@pytest.mark.usefixtures("small_slices")
def test_what_has_waited_in_the_log_is_taken_in_under_short_locks(in_wal: Path) -> None:
    """An interrupted rebuild that goes on much later holds no lock for all that has happened."""
    opened = open_database(in_wal)
    with pytest.raises(Stop):
        rebuild(opened, catalogue, stop_after(1), tables=["agent_stats"])
    with closing(connect(in_wal)) as connection:
        for status_ in ("failed", "completed") * 10:
            connection.execute("UPDATE agent_invocations SET status = ?", (status_,))
        (first,) = connection.execute("SELECT seq FROM _aggregates_backfills").fetchone()
        (last,) = connection.execute("SELECT max(seq) FROM agent_invocation_changes").fetchone()
    assert last - first > 5000
    positions = []

    def look(done: int, total: int) -> None:
        with closing(connect(in_wal)) as connection:
            found = connection.execute("SELECT seq FROM _aggregates_backfills").fetchone()
            positions.append(found[0])

    rebuild(opened, catalogue, look, tables=["agent_stats"])
    steps = [b - a for a, b in zip([first, *positions], positions, strict=False)]
    assert sum(steps) > 5000
    assert max(steps) <= 5000
    assert len([one for one in steps if one]) > 3
    check_exact(in_wal)


def test_what_comes_while_another_source_is_read_is_not_left_for_the_last_lock(
    in_wal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    pending: list[int] = []
    swap = rebuilding._swap

    def write(done: int, total: int) -> None:
        written.append(done)
        if len(written) == 3:  # of the last source
            with closing(connect(in_wal)) as connection:
                connection.execute("UPDATE agent_invocations SET status = 'busy'")

    def look(connection: sqlite3.Connection, *others: Any) -> None:
        pending.extend(recomputer.pending() for recomputer in others[1])
        swap(connection, *others)

    monkeypatch.setattr(rebuilding, "_swap", look)
    rebuild(open_database(in_wal), catalogue, write)
    assert len(written) > 3
    assert len(pending) == 3
    assert max(pending) <= 200
    check_exact(in_wal)


def test_a_library_in_defensive_mode_is_told_of_at_once(in_wal: Path) -> None:
    """In which SQLite takes `PRAGMA writable_schema`, and refuses to write the schema still."""
    spoil(in_wal)
    opened = open_database(in_wal)

    def defensive(action: int, table: str | None, *_: object) -> int:
        is_refused = action == sqlite3.SQLITE_UPDATE and table == "sqlite_master"
        return sqlite3.SQLITE_DENY if is_refused else sqlite3.SQLITE_OK

    @event.listens_for(opened.engine, "connect")
    def harden(connection: sqlite3.Connection, record: object) -> None:
        if sys.version_info >= (3, 12):
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
        else:
            connection.set_authorizer(defensive)

    before = schema(in_wal)
    seen: list[int] = []
    with pytest.raises(AggregatesError, match=r"defensive mode.*`aggregates repair`"):
        rebuild(opened, catalogue, lambda done, total: seen.append(done))
    assert seen == []
    assert schema(in_wal) == before
    repairing.repair(opened, catalogue)
    check_exact(in_wal)
