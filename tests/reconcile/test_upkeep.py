"""Rounds of upkeep in a database in use: what is due, who does it, and what ends it."""

import io
import logging
import multiprocessing
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import connect
from rich.console import Console
from samples import change, check_exact, copy, start_run

from aggregates.changes import Consumer, utc_text
from aggregates.changes.pruning import Retention
from aggregates.engines import driver, open_database
from aggregates.engines.base import Database, LockHeld
from aggregates.engines.tables import LEASES
from aggregates.errors import DatabaseLocked
from aggregates.model.catalogue import catalogue
from aggregates.model.sources import agent_invocations
from aggregates.proving import repairing
from aggregates.proving.record import Proof, record
from aggregates.proving.reinstalling import reinstall
from aggregates.render.proofs import show_inspection
from aggregates.running import keeping
from aggregates.running.keeping import Keeping, LockWait
from aggregates.running.lease import LEASE, acquire, release
from aggregates.running.schedule import Job, Schedule, due
from aggregates.running.stopping import Stopped
from aggregates.running.upkeep import Upkeep
from aggregates.store import Store


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return copy(tmp_path)


@pytest.fixture
def opened(database: Path) -> Database:
    return open_database(database)


@pytest.fixture
def connection(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(database)) as found:
        yield found


def no_beat(*progress: int) -> None:
    pass


def upkeep(opened: Database, schedule: Schedule | None = None) -> Upkeep:
    return Upkeep(opened, catalogue, schedule or Schedule(), no_beat)


def ago(**units: float) -> str:
    return utc_text(datetime.now(UTC) - timedelta(**units))


def recorded(connection: sqlite3.Connection) -> list[str]:
    """Kinds of all proofs, oldest first."""
    return [
        kind
        for (kind,) in connection.execute("SELECT kind FROM aggregate_verifications ORDER BY id")
    ]


def prove(connection: sqlite3.Connection, kind: str, when: str, *, drifts: int = 0) -> None:
    assert kind in ("verify", "repair", "rebuild", "reinstall")
    whole = kind != "reinstall"
    record(driver(connection), Proof(kind, when, 0.0, 0, drifts, whole))  # type: ignore[arg-type]


def kind_due(connection: sqlite3.Connection) -> str | None:
    job = due(driver(connection), catalogue.sources, Schedule())
    return None if job is None else job.kind


def holder(connection: sqlite3.Connection) -> str | None:
    found = connection.execute("SELECT owner FROM _aggregates_leases").fetchone()
    return found[0] if found else None


def test_one_does_it_and_the_other_does_when_it_is_over(
    opened: Database, connection: sqlite3.Connection
) -> None:
    with upkeep(opened) as other:
        with upkeep(opened) as one:
            assert one.round(wait=True) is not None
            start_run(connection)
            assert other.round(wait=True) is None
            assert one.round(wait=True) is not None
        assert holder(connection) is None
        assert other.round(wait=True) is not None
    assert holder(connection) is None


def test_a_lease_that_was_not_renewed_is_taken_over(
    opened: Database, connection: sqlite3.Connection
) -> None:
    assert acquire(driver(connection), "one")
    assert not acquire(driver(connection), "other")
    (expires,) = connection.execute("SELECT expires_at FROM _aggregates_leases").fetchone()
    assert ago(seconds=-50) < expires < ago(seconds=-70)
    connection.execute("UPDATE _aggregates_leases SET expires_at = ?", (ago(seconds=1),))
    assert acquire(driver(connection), "one"), "its holder may renew it"
    connection.execute("UPDATE _aggregates_leases SET expires_at = ?", (ago(seconds=1),))
    assert acquire(driver(connection), "other")
    assert not acquire(driver(connection), "one")
    release(driver(connection), "one")
    assert holder(connection) == "other", "it was not one's to give back"


def hold(path: str, took: "multiprocessing.SimpleQueue[bool]") -> None:
    """A process that takes the lease, and waits to be killed."""
    with upkeep(open_database(path)) as one:
        took.put(one.round(wait=True) is not None)
        multiprocessing.Event().wait()


def test_of_two_processes_one_does_it_and_the_lease_of_a_killed_one_expires(
    database: Path, opened: Database, connection: sqlite3.Connection
) -> None:
    context = multiprocessing.get_context("fork")
    took = context.SimpleQueue()
    with ExitStack() as stack:
        processes = [
            context.Process(target=hold, args=(str(database), took), daemon=True) for _ in range(2)
        ]
        for process in processes:
            process.start()
            stack.callback(process.close)
            stack.callback(process.join)
            stack.callback(process.kill)
        assert sorted(took.get() for _ in processes) == [False, True]
    owner = holder(connection)
    assert owner is not None
    with upkeep(opened) as one:
        assert one.round(wait=True) is None
        connection.execute("UPDATE _aggregates_leases SET expires_at = ?", (ago(seconds=1),))
        assert one.round(wait=True) is not None
        assert holder(connection) != owner


def test_what_is_due_and_when(connection: sqlite3.Connection) -> None:
    def job() -> str | None:
        return kind_due(connection)

    connection.execute("DELETE FROM aggregate_verifications")
    assert job() == "verify"
    prove(connection, "verify", ago(minutes=61))
    assert job() == "verify"
    prove(connection, "verify", ago(minutes=59))
    assert job() is None
    prove(connection, "verify", ago(minutes=2), drifts=3)
    assert job() is None, "what found a drift proves nothing, but the one before does"
    connection.execute("DELETE FROM aggregate_verifications")
    prove(connection, "verify", ago(minutes=2), drifts=3)
    assert job() == "verify"
    prove(connection, "repair", ago(minutes=1), drifts=3)
    assert job() is None
    # Triggers were put back: nothing before counts.
    prove(connection, "reinstall", ago(seconds=30))
    assert job() == "verify"
    prove(connection, "repair", ago(seconds=10))
    assert job() is None


def test_a_rebuild_is_due_each_day(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM aggregate_verifications")
    prove(connection, "verify", ago(hours=25))
    prove(connection, "verify", ago(minutes=5))
    assert kind_due(connection) == "rebuild"
    prove(connection, "rebuild", ago(hours=23))
    prove(connection, "verify", ago(minutes=4))
    assert kind_due(connection) is None
    connection.execute("DELETE FROM aggregate_verifications")
    prove(connection, "verify", ago(hours=23))
    prove(connection, "verify", ago(minutes=5))
    assert kind_due(connection) is None, "it has run for less than a day"
    prove(connection, "rebuild", ago(hours=25))
    assert kind_due(connection) == "rebuild"
    # A partial one does not count.
    record(driver(connection), Proof("rebuild", ago(hours=1), 0.0, 0, 0, False))
    assert kind_due(connection) == "rebuild"


def test_a_round_verifies_rebuilds_and_then_has_nothing_to_do(
    opened: Database, connection: sqlite3.Connection
) -> None:
    connection.execute("DELETE FROM aggregate_verifications")
    with upkeep(opened) as one:
        one.round(wait=True)
        assert recorded(connection) == ["repair"]
        one.round(wait=True)
        assert recorded(connection) == ["repair"]
        connection.execute("UPDATE aggregate_verifications SET started_at = ?", (ago(hours=2),))
        one.round(wait=True)
        assert recorded(connection) == ["repair", "repair"]
        connection.execute(
            "UPDATE aggregate_verifications SET started_at = ? WHERE id = 1", (ago(hours=25),)
        )
        one.round(wait=True)
        assert recorded(connection) == ["repair", "repair", "rebuild"]
        done = one.round(wait=True)
        assert done is not None
        assert done.sessions > 0, "what a rebuild has left pending is derived"
        assert recorded(connection) == ["repair", "repair", "rebuild"]


def test_an_old_checkpoint_makes_a_verify_due_at_once(
    opened: Database, connection: sqlite3.Connection
) -> None:
    with upkeep(opened) as one:
        one.round(wait=True)
        before = recorded(connection)
        one.round(wait=True)
        assert recorded(connection) == before
        for age, job in ((ago(hours=5, minutes=50), []), (ago(hours=6, minutes=10), ["repair"])):
            connection.execute("UPDATE change_consumers SET saved_at = ?", (age,))
            one.round(wait=True)
            assert recorded(connection) == [*before, *job]
        one.round(wait=True)
        assert recorded(connection) == [*before, "repair"], "the checkpoint was saved again"


def test_a_reinstall_is_proved_at_the_next_round(
    database: Path, opened: Database, connection: sqlite3.Connection
) -> None:
    with upkeep(opened) as one:
        one.round(wait=True)
        connection.execute("DROP TRIGGER _aggregates_run_insert")
        change(connection, random.Random("reinstalled"), 40)
        reinstall(opened, catalogue.sources)
        for _ in range(3):
            one.round(wait=True)
    check_exact(database, is_derived=True)
    assert repairing.verify(opened, catalogue).drifts == []


def test_drift_is_repaired_and_told_with_its_keys(
    database: Path,
    opened: Database,
    connection: sqlite3.Connection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    connection.execute("DELETE FROM aggregate_verifications")
    connection.execute(
        "UPDATE _aggregates_by_agent SET failed = 77 WHERE part = 1 AND agent_name = 'architect'"
    )
    (right,) = connection.execute(
        "SELECT count(*) FROM agent_invocations WHERE agent_name = 'architect'"
        " AND event_type = 'pre_invocation' AND status IN ('failed', 'error')"
    ).fetchone()
    with caplog.at_level(logging.WARNING, "aggregates"), upkeep(opened) as one:
        one.round(wait=True)
        one.round(wait=True)
    (told,) = [one for one in caplog.records if "drift" in one.getMessage()]
    assert told.levelno == logging.WARNING
    assert told.getMessage() == (
        f"1 drifts repaired: agent_activity {{'agent_name': 'architect'}} failed: 77, right {right}"
    )
    assert connection.execute("SELECT kind, drifts FROM aggregate_verifications").fetchall() == [
        ("repair", 1)
    ]
    check_exact(database)


def test_many_drifts_are_counted_and_some_named(
    opened: Database, connection: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    connection.execute("DELETE FROM aggregate_verifications")
    changed = connection.execute(
        "UPDATE _aggregates_by_session SET failed = failed + 5 WHERE part = 0"
    ).rowcount
    assert changed > 20
    with caplog.at_level(logging.WARNING, "aggregates"), upkeep(opened) as one:
        one.round(wait=True)
    (told,) = [one for one in caplog.records if "drift" in one.getMessage()]
    assert told.getMessage().startswith(f"{changed} drifts repaired: session_stats {{'session_id'")
    assert told.getMessage().endswith("; ...")
    assert len(told.getMessage()) < 2000


def test_edits_of_history_are_counted_and_told(
    opened: Database, connection: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with upkeep(opened) as one:
        one.round(wait=True)
        ids = [
            id_
            for (id_,) in connection.execute(
                "SELECT id FROM agent_invocations WHERE status = 'completed' LIMIT 30"
            )
        ]
        running = start_run(connection)
        with caplog.at_level(logging.WARNING, "aggregates"):
            connection.execute(
                "UPDATE agent_invocations SET status = 'completed' WHERE id = ?", (running,)
            )
            done = one.round(wait=True)
            assert (done and done.edits, caplog.records) == (0, [])
            connection.execute("UPDATE agent_invocations SET phase = 'x' WHERE id = ?", ids[:1])
            connection.execute("DELETE FROM agent_invocations WHERE id = ?", ids[1:2])
            done = one.round(wait=True)
            assert done is not None
            assert (done.edits, done.edited) == (2, ids[:2])
            (told,) = caplog.records
            assert told.levelno == logging.WARNING
            assert told.getMessage() == f"2 edits of history, of invocations {ids[0]}, {ids[1]}"
            for id_ in ids[2:]:
                connection.execute("UPDATE agent_invocations SET phase = 'y' WHERE id = ?", (id_,))
            done = one.round(wait=True)
            assert done is not None
            assert done.edits == len(ids) - 2
            assert caplog.records[-1].getMessage().endswith(", ...")
            assert one.round(wait=True) is not None
            assert len(caplog.records) == 2, "an edit was told twice"


def test_the_log_is_pruned_as_the_schedule_says(
    opened: Database, connection: sqlite3.Connection
) -> None:
    reader = Consumer(driver(connection), agent_invocations, "reader")
    for _ in range(100):
        start_run(connection)
    schedule = Schedule(retention=Retention(entries=10))
    with upkeep(opened, schedule) as one:
        one.round(wait=True)
        assert len(reader.poll()) == 100, "what it has not taken is there"
        reader.acknowledge(reader.poll())
        one.round(wait=True)
    (left,) = connection.execute("SELECT count(*) FROM agent_invocation_changes").fetchone()
    assert left == 10
    assert list(reader.poll()) == []


def test_a_job_in_the_background_lets_rounds_go_on(
    database: Path, opened: Database, connection: sqlite3.Connection
) -> None:
    connection.execute("DELETE FROM aggregate_verifications")
    with upkeep(opened) as one:
        rounds = 0
        while recorded(connection) != ["repair"]:
            start_run(connection)
            assert one.round() is not None
            rounds += 1
            assert rounds < 2000
        assert one.round() is not None
        assert recorded(connection) == ["repair"]
    check_exact(database, is_derived=False)


def test_a_stop_ends_the_job_and_gives_the_lease_back(
    opened: Database, connection: sqlite3.Connection
) -> None:
    connection.execute("DELETE FROM aggregate_verifications")
    beats: list[int] = []

    def beat(*progress: int) -> None:
        beats.extend(progress[:1])  # those of the job
        if len(beats) == 2:
            raise Stopped

    with Upkeep(opened, catalogue, Schedule(), beat) as one:
        one.round(wait=True)
    assert len(beats) == 2
    assert recorded(connection) == []
    assert holder(connection) is None


def test_a_stop_ends_the_deriving_of_many_sessions(
    opened: Database, connection: sqlite3.Connection
) -> None:
    for number in range(60):
        start_run(connection, f"s{number}", status="completed")
    query = "SELECT name, source, seq FROM change_consumers WHERE source = 'agent_invocations'"
    before = connection.execute(query).fetchall()
    beats: list[int] = []

    def beat(*progress: int) -> None:
        beats.append(1)
        if len(beats) == 2:
            raise Stopped

    with pytest.raises(Stopped), Upkeep(opened, catalogue, Schedule(), beat) as one:
        one.round(wait=True)
    assert holder(connection) is None
    assert connection.execute(query).fetchall() == before, "what is not derived is not acknowledged"


def test_a_job_that_outlives_its_upkeep_does_not_take_the_lease_again(
    opened: Database, connection: sqlite3.Connection
) -> None:
    connection.execute("DELETE FROM aggregate_verifications")
    left: list[Upkeep] = []

    def beat(*progress: int) -> None:
        if progress and not left:
            one.__exit__()
            left.append(one)

    one = Upkeep(opened, catalogue, Schedule(), beat)
    one.__enter__()
    one._renewed = datetime.min.replace(tzinfo=UTC)
    one.round(wait=True)
    assert left
    assert holder(connection) is None
    assert recorded(connection) == []


def test_a_job_whose_lease_another_has_taken_stops(
    opened: Database, connection: sqlite3.Connection
) -> None:
    connection.execute("DELETE FROM aggregate_verifications")

    def beat(*progress: int) -> None:
        connection.execute(
            "UPDATE _aggregates_leases SET owner = 'other', expires_at = ?", (ago(hours=-1),)
        )

    with Upkeep(opened, catalogue, Schedule(), beat) as one:
        one.round(wait=True)
        assert recorded(connection) == []
        assert one.round(wait=True) is None
    assert holder(connection) == "other"


def failures(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What is told of jobs; findings of an inspection are told too."""
    messages = (entry.getMessage() for entry in caplog.records)
    return [message for message in messages if " failed: " in message]


def test_a_job_that_fails_is_told_and_begun_again(
    database: Path,
    opened: Database,
    connection: sqlite3.Connection,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection.execute("DELETE FROM aggregate_verifications")
    query = "SELECT sql FROM sqlite_master WHERE name = '_aggregates_run_touch'"
    (touch,) = connection.execute(query).fetchone()
    connection.execute("DROP TRIGGER _aggregates_run_touch")
    with caplog.at_level(logging.WARNING, "aggregates"), upkeep(opened) as one:
        one.round(wait=True)
        assert caplog.messages[-1].startswith("verify was not begun: first put right what is named")
        assert recorded(connection) == []
        caplog.clear()
        one.round()  # in the background, where nobody hears an exception
        deadline = time.monotonic() + 30
        while not failures(caplog) and time.monotonic() < deadline:
            time.sleep(0.01)
        (told,) = failures(caplog)
        assert "verify failed" in told
        assert "missing _aggregates_run_touch" in told
        connection.execute(touch)
        one.round(wait=True)
        assert recorded(connection) == []  # not at once
        in_a_minute = time.monotonic() + 61
        monkeypatch.setattr("aggregates.running.upkeep.time.monotonic", lambda: in_a_minute)
        one.round(wait=True)
    assert recorded(connection) == ["repair"]
    check_exact(database)


def test_the_name_of_the_lease(opened: Database, connection: sqlite3.Connection) -> None:
    with upkeep(opened) as one:
        one.round(wait=True)
        assert connection.execute("SELECT name FROM _aggregates_leases").fetchall() == [(LEASE,)]


def test_a_writer_without_a_pause_is_told_of(
    database: Path, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_LONG", timedelta(0))
    mine = driver(connection)
    with upkeep(open_database(database, lock_timeout=0.1)) as one:
        one.round(wait=True)
        assert keeping.lock_waits(mine) == []
        connection.execute("BEGIN IMMEDIATE")
        before = utc_text()
        for _ in range(2):
            with pytest.raises((DatabaseLocked, LockHeld)):
                one.round()
        connection.execute("ROLLBACK")
        after = utc_text()
        one.round()
        (wait,) = keeping.lock_waits(mine)
        assert wait.work == "consuming"
        assert wait.ended_at is not None
        assert before <= wait.began_at <= after <= wait.ended_at <= utc_text()
        one.round()
        assert keeping.lock_waits(mine) == [wait]


def test_a_job_that_gets_no_lock_is_told_of_while_rounds_do(
    database: Path, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_LONG", timedelta(0))
    opened = open_database(database, lock_timeout=0.1)
    with upkeep(opened, Schedule(rebuild_every=timedelta(0))) as one:
        one.round(wait=True)
        connection.execute("BEGIN IMMEDIATE")
        one._try(Job("rebuild"))
        connection.execute("ROLLBACK")
        one.round()
        (wait,) = keeping.lock_waits(driver(connection))
        assert (wait.work, wait.ended_at) == ("rebuild", None)
    with upkeep(opened) as another:  # whose rebuild waits for nothing
        another.round()
    assert keeping.lock_waits(driver(connection)) == []


def test_short_waits_are_not_told_of(database: Path, connection: sqlite3.Connection) -> None:
    with upkeep(open_database(database, lock_timeout=0.1)) as one:
        one.round(wait=True)
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises((DatabaseLocked, LockHeld)):
            one.round()
        connection.execute("ROLLBACK")
        one.round()
    assert keeping.lock_waits(driver(connection)) == []


@pytest.mark.parametrize(("minutes", "is_late"), [(9, False), (11, True)])
def test_a_lease_that_is_not_renewed_is_told_of(
    database: Path, connection: sqlite3.Connection, minutes: int, is_late: bool
) -> None:
    expired = ago(minutes=minutes)
    connection.execute(f"INSERT INTO {LEASES} VALUES (?, 'host:1', ?)", (LEASE, expired))
    with Store(database) as store:
        assert store.keeping() == Keeping("host:1", expired, is_late)
    out = Console(file=io.StringIO(), width=400)
    with Store(database) as store:
        show_inspection(out, store.status(), store.keeping())
    shown = out.file.getvalue()
    assert (f"upkeep: nothing of host:1 since {expired}: " in shown) is is_late


def test_status_tells_of_waits(database: Path) -> None:
    began, ended = ago(minutes=20), ago(minutes=5)
    out = Console(file=io.StringIO(), width=400)
    with Store(database) as store:
        waits = [LockWait("consuming", began, ended), LockWait("rebuild", began)]
        show_inspection(out, store.status(), Keeping(lock_waits=waits))
    shown = out.file.getvalue()
    assert (
        f"upkeep: consuming got no lock from {began} to {ended} (15 min 00 s); a program" in shown
    )
    assert f"upkeep: rebuild has got no lock since {began} (20 min 0" in shown
