"""Verify beside writers, in many short runs, and what is recorded of it."""

import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from conftest import connect
from samples import change, check_exact, copy, derive, everything, start_run

from aggregates.engines import driver, open_database
from aggregates.engines.tables import DURATIONS, OVERLAP
from aggregates.errors import SchemaMismatch
from aggregates.frozen.statements import history, migrations_folder
from aggregates.installing.upgrading import upgrade
from aggregates.model.catalogue import catalogue
from aggregates.proving import repairing
from aggregates.proving.record import proofs
from aggregates.proving.reinstalling import reinstall
from aggregates.recomputing import pace
from aggregates.recomputing.drift import Window
from aggregates.running.schedule import Schedule
from aggregates.running.upkeep import Upkeep
from aggregates.samples import write_sample
from aggregates.sessions import Deriver

DRIFTS = (
    "UPDATE agent_stats SET tokens_sum = -1 WHERE agent_name = 'architect'",
    "DELETE FROM tool_durations WHERE le_ms > 500",
    f"UPDATE {DURATIONS} SET sessions = sessions + 1",
)


class Stop(BaseException):
    """A process that ends in the middle."""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return copy(tmp_path)


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it take many steps, though the databases are small."""
    for name in ("SMALLEST_SLICE", "FIRST_SLICE", "LARGEST_SLICE"):
        monkeypatch.setattr(pace, name, 60)


def proof_files(path: Path) -> list[str]:
    return sorted(one.name for one in path.parent.iterdir() if "proof" in one.name)


@contextmanager
def written_to(path: Path, seed: str, pause: float = 0.002) -> Iterator[list[sqlite3.Error]]:
    """Have a thread change the database all the time; what failed of it."""
    stop = threading.Event()
    failures: list[sqlite3.Error] = []

    def write() -> None:
        chance = random.Random(seed)
        while not stop.is_set():
            try:
                with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                    change(connection, chance, 1)
            except sqlite3.Error as error:
                failures.append(error)
            time.sleep(pause)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield failures
    finally:
        stop.set()
        thread.join()


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize("journal_mode", ["wal", "keep"])
def test_verify_beside_a_writer_explains_every_difference(
    journal_mode: str, tmp_path: Path
) -> None:
    """A writer and rounds that derive, for many verifies and repairs: not one drift."""
    path = copy(tmp_path, journal_mode)
    opened = open_database(path, lock_timeout=30)
    with written_to(path, journal_mode) as failures:
        for number in range(12):
            with opened.own_connection() as connection:
                Deriver(connection, catalogue.bounds).round()
            job = repairing.repair if number % 3 == 2 else repairing.verify
            assert job(opened, catalogue).drifts == []
    assert failures == []
    derive(path)
    check_exact(path, is_derived=True)
    assert repairing.verify(opened, catalogue).drifts == []


@pytest.mark.usefixtures("small_slices")
def test_planted_drift_is_found_beside_a_writer(database: Path) -> None:
    opened = open_database(database, lock_timeout=30)
    with closing(connect(database)) as connection:
        for statement in DRIFTS[:2]:
            connection.execute(statement)
    with written_to(database, "planted"):
        found = repairing.repair(opened, catalogue).drifts
        assert {one.table for one in found} == {"agent_stats", "tool_durations"}
        assert repairing.verify(opened, catalogue).drifts == []
    check_exact(database)


@pytest.mark.usefixtures("small_slices")
def test_many_short_runs_go_round_the_whole(database: Path) -> None:
    opened = open_database(database)
    with closing(connect(database)) as connection:
        for statement in DRIFTS:
            connection.execute(statement)
        expected = repairing.verify(opened, catalogue).drifts
        assert {one.table for one in expected} == {"agent_stats", "tool_durations", DURATIONS}
        for wanted in (expected, expected):
            chance = random.Random("short")
            read = [0]
            while True:
                result = repairing.verify(opened, catalogue, budget=0.0)
                assert result.rows_read > read[-1]
                read.append(result.rows_read)
                if result.is_complete:
                    break
                assert result.drifts == []
                assert proof_files(database)[0] == "agent_workflow.db-proof"
                # What is written meanwhile counts, of rows that were read too; not of these keys.
                start_run(connection, f"short-{chance.randrange(5)}", agent="short")
                connection.execute(
                    "UPDATE agent_invocations SET status = 'completed' WHERE agent_name = 'short'"
                )
            assert len(read) > 5
            assert result.drifts == wanted
            assert proof_files(database) == []
        runs = 0
        while not (result := repairing.repair(opened, catalogue, budget=0.0)).is_complete:
            runs += 1
        assert runs > 5
        assert result.drifts == expected
    assert repairing.verify(opened, catalogue).drifts == []
    check_exact(database)


def test_a_long_budget_proves_at_once_and_leaves_no_file(database: Path) -> None:
    result = repairing.verify(open_database(database), catalogue, budget=600.0)
    assert (result.is_complete, result.drifts) == (True, [])
    assert proof_files(database) == []


@pytest.mark.usefixtures("small_slices")
def test_stopped_in_between_a_proof_goes_on(database: Path) -> None:
    opened = open_database(database)

    def stop(done: int, total: int) -> None:
        raise Stop

    last, stops = 0, 0
    while True:
        with closing(connect(database)) as connection:
            change(connection, random.Random(stops), 5)
        with pytest.raises(Stop):
            repairing.verify(opened, catalogue, stop, budget=600.0)
        stops += 1
        result = repairing.verify(opened, catalogue, budget=0.0)
        assert result.drifts == []
        assert result.rows_read > last
        last = result.rows_read
        if result.is_complete:
            break
    assert last > 12 * 60, "there are few slices"
    assert 2 < stops < 11, "what was read before it stopped is lost"


def begin_proof(path: Path) -> int:
    """Leave a proof that has read some rows: how many."""
    result = repairing.verify(open_database(path), catalogue, budget=0.0)
    assert not result.is_complete
    return result.rows_read


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize("damage", ["no database", "a page", "cut", "another catalogue"])
def test_a_damaged_proof_is_begun_anew(damage: str, database: Path) -> None:
    for _ in range(3):
        read = begin_proof(database)
    file = database.with_name("agent_workflow.db-proof")
    content = file.read_bytes()
    if damage == "no database":
        file.write_bytes(b"nothing of the kind" * 100)
    elif damage == "a page":
        for page in range(4096, len(content), 4096):
            content = content[:page] + b"\xff" * 4096 + content[page + 4096 :]
        file.write_bytes(content)
    elif damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    else:
        with closing(connect(file)) as connection:
            connection.execute("UPDATE proves SET names = 'others'")
    opened = open_database(database)
    results: list[repairing.VerifyResult] = []
    attempts = 0
    while attempts < 100:
        with suppress(sqlite3.DatabaseError):  # at most once: then the file is gone
            results.append(repairing.verify(opened, catalogue, budget=0.0))
        attempts += 1
        if results and results[-1].is_complete:
            break
    assert attempts - len(results) <= 1
    assert results[0].rows_read <= read
    assert results[-1].is_complete
    assert all(one.drifts == [] for one in results)
    assert proof_files(database) == []


@pytest.mark.usefixtures("small_slices")
def test_a_proof_does_not_outlive_what_it_relies_on(database: Path) -> None:
    """What was written without triggers, or to another file, is in no log."""
    opened = open_database(database)

    def finished() -> repairing.VerifyResult:
        while not (result := repairing.verify(opened, catalogue, budget=0.0)).is_complete:
            pass
        return result

    # Triggers were missing, and were put back.
    for _ in range(4):
        begin_proof(database)
    with closing(connect(database)) as connection:
        name, sql = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE name = '_aggregates_run_update'"
        ).fetchone()
        connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE agent_invocations SET status = 'lost' WHERE id < 50")
        connection.execute(sql)
    assert finished().drifts != []
    repairing.repair(opened, catalogue)
    # So are all of them.
    for _ in range(4):
        begin_proof(database)
    with closing(connect(database)) as connection:
        connection.execute("DROP TRIGGER _aggregates_run_update")
        connection.execute("UPDATE agent_invocations SET status = 'gone' WHERE id < 50")
    reinstall(opened, catalogue.sources)
    assert finished().drifts != []
    repairing.repair(opened, catalogue)
    # A backup, whose schema is the same, takes the place of the database.
    with closing(connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    backup = database.read_bytes()
    with closing(connect(database)) as connection:
        change(connection, random.Random("before"), 60)
    for _ in range(4):
        begin_proof(database)
    with closing(connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.write_bytes(backup)
    with closing(connect(database)) as connection:
        change(connection, random.Random("after"), 90)
    assert finished().drifts == []
    # The log was emptied.
    begin_proof(database)
    with closing(connect(database)) as connection:
        change(connection, random.Random("emptied"), 60)
        connection.execute("DELETE FROM agent_invocation_changes")
        connection.execute("DELETE FROM session_changes")
        connection.execute("DELETE FROM agent_tool_use_changes")
        change(connection, random.Random("more"), 60)
    assert finished().drifts == []
    check_exact(database)


@pytest.mark.usefixtures("small_slices")
def test_two_proofs_at_once_do_not_count_twice(database: Path) -> None:
    opened = open_database(database, lock_timeout=0.1)
    refused: list[str] = []

    def another(done: int, total: int) -> None:
        try:
            repairing.verify(opened, catalogue, budget=0.0)
        except sqlite3.OperationalError as error:
            refused.append(str(error))

    result = repairing.verify(opened, catalogue, another, budget=600.0)
    assert (result.is_complete, result.drifts) == (True, [])
    assert set(refused) == {"database is locked"}


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize("budget", [None, 600.0])
def test_vacuum_in_the_middle_numbers_sessions_anew(budget: float | None, database: Path) -> None:
    opened = open_database(database)
    with closing(connect(database)) as connection:
        connection.execute("DELETE FROM sessions WHERE rowid % 3 = 0")
    derive(database)
    steps: list[int] = []

    def vacuum(done: int, total: int) -> None:
        steps.append(done)
        if len(steps) in (2, 12, 14, 40):
            with closing(connect(database)) as connection:
                connection.execute("DELETE FROM sessions WHERE rowid % 7 = 1")
                connection.execute("VACUUM")

    result = repairing.repair(opened, catalogue, vacuum, budget=budget)
    assert len(steps) > 40
    assert (result.drifts, result.is_complete) == ([], True)
    derive(database)
    check_exact(database, is_derived=True)


@pytest.mark.usefixtures("small_slices")
def test_vacuum_in_the_middle_of_a_migration(tmp_path: Path) -> None:
    path = tmp_path / "agent_workflow.db"
    write_sample(path, 600, row_bytes=400)
    with closing(connect(path)) as connection:
        connection.execute("DELETE FROM sessions WHERE rowid % 3 = 0")
    steps: list[int] = []

    def vacuum(done: int, total: int) -> None:
        steps.append(done)
        if len(steps) % 6 == 0:
            with closing(connect(path)) as connection:
                connection.execute("DELETE FROM sessions WHERE rowid % 7 = 1")
                connection.execute("VACUUM")

    upgrade(str(path), vacuum)
    assert len(steps) > 12, "VACUUM has run but once"
    check_exact(path)


def test_each_run_leaves_a_line(database: Path) -> None:
    opened = open_database(database)
    with closing(connect(database)) as connection:
        connection.execute("DELETE FROM aggregate_verifications")
        connection.execute(DRIFTS[0])
        (count,) = connection.execute(
            "SELECT (SELECT count(*) FROM agent_invocations) + (SELECT count(*) FROM sessions)"
            " + (SELECT count(*) FROM agent_tool_uses)"
        ).fetchone()
        found = repairing.verify(opened, catalogue)
        repairing.verify(opened, catalogue, tables=["tool_stats"])
        repairing.verify(opened, catalogue, window=Window("2026-11"))
        repairing.repair(opened, catalogue)
        repairing.verify(opened, catalogue)
        rows = connection.execute(
            "SELECT kind, rows_read, drifts, is_complete FROM aggregate_verifications ORDER BY id"
        ).fetchall()
        drifts = len(found.drifts)
        assert drifts > 0
        assert [rows[place] for place in (0, 3, 4)] == [
            ("verify", count, drifts, 1),
            ("repair", count, drifts, 1),
            ("verify", count, 0, 1),
        ]
        assert [(kind, left, whole) for kind, _, left, whole in rows[1:3]] == [
            ("verify", 0, 0),
            ("verify", 0, 0),
        ]
        assert all(
            0 <= seconds < 60 and started_at[-1] == "Z"
            for started_at, seconds in connection.execute(
                "SELECT started_at, seconds FROM aggregate_verifications"
            )
        )
        assert [(one.kind, one.drifts) for one in proofs(driver(connection), 2)] == [
            ("verify", 0),
            ("repair", drifts),
        ]


def test_a_verify_writes_nothing_where_another_holds_the_lock(database: Path) -> None:
    before = everything(database)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert repairing.verify(open_database(database, lock_timeout=0.1), catalogue).drifts == []
        connection.execute("ROLLBACK")
    assert everything(database) == before


@pytest.mark.parametrize("job", [repairing.verify, repairing.repair])
def test_a_database_at_another_revision_is_refused(job: object, tmp_path: Path) -> None:
    assert job in (repairing.verify, repairing.repair)
    path = tmp_path / "agent_workflow.db"
    upgrade(str(path), revision=history(migrations_folder())[0].name.partition("_")[0])
    with pytest.raises(SchemaMismatch, match="aggregates migrate"):
        repairing.verify(open_database(path), catalogue)


LONGEST_BLOCK_MS = 100
ATTEMPTS = 4
"""A busy computer may be the one that makes the writer wait."""


def longest_block_ms(path: Path) -> float:
    """How long, at most, a commit of others is impossible at a stretch during a verify."""
    opened = open_database(path, lock_timeout=60)
    done = threading.Event()
    blocks = [0.0]

    def probe() -> None:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            free = time.monotonic()
            while not done.is_set():
                try:
                    connection.execute("BEGIN EXCLUSIVE")
                    connection.execute("ROLLBACK")
                except sqlite3.OperationalError:
                    blocks.append(time.monotonic() - free)
                    time.sleep(0.001)
                    continue
                free = time.monotonic()
                time.sleep(0.001)

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        assert repairing.verify(opened, catalogue).drifts == []
    finally:
        done.set()
        thread.join()
    assert len(blocks) > 20, "the verify was not seen at work"
    return max(blocks) * 1000


def test_without_wal_a_verify_never_blocks_a_commit_for_long(tmp_path: Path) -> None:
    path = tmp_path / "agent_workflow.db"
    write_sample(path, 12_000, row_bytes=400)
    upgrade(str(path), journal_mode="keep")
    derive(path)
    with closing(connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    measured: list[float] = []
    while len(measured) < ATTEMPTS and min(measured, default=1000) > LONGEST_BLOCK_MS:
        measured.append(longest_block_ms(path))
    print(f"longest blocks of a commit: {measured} ms")
    assert min(measured) <= LONGEST_BLOCK_MS


def test_upkeep_and_verify_and_a_writer_together(database: Path) -> None:
    opened = open_database(database, lock_timeout=30)
    with (
        written_to(database, "together") as failures,
        Upkeep(opened, catalogue, Schedule(), lambda *progress: None) as upkeep,
    ):
        for _ in range(10):
            assert upkeep.round(wait=True) is not None
            assert repairing.verify(opened, catalogue, tables=[OVERLAP, DURATIONS]).drifts == []
    assert failures == []
    derive(database)
    check_exact(database, is_derived=True)
