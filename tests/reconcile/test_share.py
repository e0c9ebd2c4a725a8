"""The share of time that proofs take: over many runs, killed in between, and at once."""

import json
import logging
import multiprocessing
import os
import random
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import connect
from samples import change, check_exact, copy, derive

from aggregates.changes import utc_text
from aggregates.changes.pruning import Retention
from aggregates.cli import main
from aggregates.engines import driver, open_database
from aggregates.engines.base import Database
from aggregates.engines.tables import CONSUMERS, LEASES, VERIFICATIONS, WALKS
from aggregates.model.catalogue import catalogue
from aggregates.proving import repairing
from aggregates.proving.record import Proof, record
from aggregates.proving.rounds import LastRound, OpenRound, last_round, open_round
from aggregates.recomputing import pace
from aggregates.running import schedule as schedules
from aggregates.running.schedule import Job, Schedule, due
from aggregates.running.upkeep import Upkeep

TINY = 1e-9
"""A share in which one slice is read."""


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("SMALLEST_SLICE", "FIRST_SLICE", "LARGEST_SLICE"):
        monkeypatch.setattr(pace, name, 60)
    path = copy(tmp_path)
    derive(path)
    return path


@pytest.fixture
def opened(database: Path) -> Database:
    return open_database(database)


@pytest.fixture
def connection(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(database)) as found:
        found.execute(f"DELETE FROM {VERIFICATIONS}")
        yield found


def upkeep(opened: Database, schedule: Schedule) -> Upkeep:
    return Upkeep(opened, catalogue, schedule, lambda *progress: None)


def ago(**units: float) -> str:
    return utc_text(datetime.now(UTC) - timedelta(**units))


def under_way(connection: sqlite3.Connection) -> OpenRound:
    found = open_round(driver(connection))
    assert found is not None
    return found


def last(connection: sqlite3.Connection) -> LastRound:
    found = last_round(driver(connection))
    assert found is not None
    return found


def lines(connection: sqlite3.Connection) -> list[tuple[str, int, int]]:
    """(kind, drifts, is_complete) of all proofs, oldest first."""
    return connection.execute(
        f"SELECT kind, drifts, is_complete FROM {VERIFICATIONS} ORDER BY id"
    ).fetchall()


def pass_time(connection: sqlite3.Connection, **units: float) -> None:
    """Have all that was recorded happened so much earlier."""

    def earlier(text: str) -> str:
        return utc_text(datetime.fromisoformat(text) - timedelta(**units))

    for id_, started_at in connection.execute(
        f"SELECT id, started_at FROM {VERIFICATIONS}"
    ).fetchall():
        connection.execute(
            f"UPDATE {VERIFICATIONS} SET started_at = ? WHERE id = ?", (earlier(started_at), id_)
        )
    for name, mark in connection.execute(
        f"SELECT name, mark FROM {WALKS} WHERE name GLOB 'proof_*' AND mark IS NOT NULL"
    ).fetchall():
        if mark.startswith("{"):
            found = json.loads(mark)
            moved = {
                key: earlier(value) if isinstance(value, str) else value
                for key, value in found.items()
            }
            mark = json.dumps(moved)
        else:
            mark = earlier(mark)
        connection.execute(f"UPDATE {WALKS} SET mark = ? WHERE name = ?", (mark, name))


def test_what_does_not_fit_goes_on_at_the_next_interval_and_round(
    database: Path,
    opened: Database,
    connection: sqlite3.Connection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    connection.execute(
        "UPDATE tool_stats SET uses = uses + 7"
        " WHERE (agent_name, tool_name) = (SELECT agent_name, tool_name FROM tool_stats LIMIT 1)"
    )
    total = sum(
        connection.execute(f"SELECT count(*) FROM {source.name}").fetchone()[0]
        for source in catalogue.sources
    )
    schedule = Schedule(share=TINY)
    with caplog.at_level(logging.WARNING, "aggregates"), upkeep(opened, schedule) as one:
        runs, read = 0, 0
        while not any(complete for *_, complete in lines(connection)):
            one.round(wait=True)
            runs += 1
            assert len(lines(connection)) == runs
            one.round(wait=True)
            assert len(lines(connection)) == runs, "it goes on at the next interval"
            if lines(connection)[-1][2]:
                break
            assert caplog.records == []
            found = under_way(connection)
            assert found.runs == runs
            assert read < found.rows_read < total
            read = found.rows_read
            if runs == 3:
                # The next program knows it too.
                status = json.loads(told(database, "--json"))
                assert status["open_round"]["runs"] == 3
                assert status["proved_at"] is None
                assert f"{read:,} rows read in" in told(database)
                assert "the whole was last proved: never" in told(database)
            pass_time(connection, hours=1)
        assert runs > 5
        assert lines(connection) == [("repair", 0, 0)] * (runs - 1) + [("repair", 1, 1)]
        (message,) = [entry.getMessage() for entry in caplog.records]
        assert message.startswith("1 drifts repaired: tool_stats")
        assert open_round(driver(connection)) is None
        ended = last(connection)
        assert (ended.runs, ended.rows_read) == (runs, total)
        assert ended.began_at < ago(hours=runs - 1) < ended.ended_at
        (seconds,) = connection.execute(f"SELECT sum(seconds) FROM {VERIFICATIONS}").fetchone()
        assert ended.seconds == pytest.approx(seconds)
        status = json.loads(told(database, "--json"))
        assert status["proved_at"] == status["proofs"][0]["started_at"] > ago(minutes=1)
        assert status["last_round"]["runs"] == runs
        assert status["open_round"] is None
        text = told(database)
        assert f"the whole was last proved: {status['proved_at']}" in text
        assert f"in {runs} runs over {runs - 1} h 0" in " ".join(text.split())
        one.round(wait=True)
        pass_time(connection, hours=1)
        one.round(wait=True)
        assert len(lines(connection)) == runs, "comparing took more than the share"
        connection.execute(f"UPDATE {VERIFICATIONS} SET seconds = 0")
        one.round(wait=True)
        assert under_way(connection).runs == 1, "and round"
    check_exact(database)


def told(database: Path, *options: str) -> str:
    done = CliRunner().invoke(main, ["status", "--database", str(database), *options])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_what_fits_is_proved_in_one_run(
    database: Path, opened: Database, connection: sqlite3.Connection
) -> None:
    with upkeep(opened, Schedule()) as one:
        one.round(wait=True)
    assert lines(connection) == [("repair", 0, 1)]
    assert last(connection).runs == 1
    assert "runs over" not in told(database)
    assert "a round of proof takes" in told(database)


def killed(path: Path, schedule: Schedule, steps: int) -> None:
    """One round, in a process that is killed while it proves."""

    def work() -> None:
        taken: list[int] = []

        def beat(*progress: int) -> None:
            taken.extend(progress[:1])
            if len(taken) == steps:
                os.kill(os.getpid(), signal.SIGKILL)

        with Upkeep(open_database(path), catalogue, schedule, beat) as one:
            one.round(wait=True)

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    with closing(connect(path)) as connection:
        connection.execute(f"DELETE FROM {LEASES}")  # it has expired


def progress_of_a_round(opened: Database, schedule: Schedule) -> list[int]:
    """The steps of the job that a round has begun, if any."""
    steps: list[int] = []
    with Upkeep(opened, catalogue, schedule, lambda *progress: steps.extend(progress[:1])) as one:
        assert one.round(wait=True) is not None
    return steps


def test_a_killed_verify_of_a_stale_database_is_begun_again(
    database: Path, opened: Database, connection: sqlite3.Connection
) -> None:
    """Although the next hourly one is far away, and the checkpoint fresh."""
    schedule = Schedule(verify_every=timedelta(hours=24), share=TINY)
    record(driver(connection), Proof("repair", ago(hours=5), 0.0, 0, 0, True))
    assert progress_of_a_round(opened, schedule) == []
    connection.execute(f"UPDATE {CONSUMERS} SET saved_at = ?", (ago(hours=7),))
    killed(database, schedule, 4)
    (saved,) = connection.execute(f"SELECT min(saved_at) FROM {CONSUMERS}").fetchone()
    assert saved > ago(minutes=1)
    killed(database, schedule, 2)
    change(connection, random.Random("killed"), 20)
    steps = progress_of_a_round(opened, schedule)
    assert steps[0] > 200, "it goes on where the killed ones have left off"
    assert [complete for *_, complete in lines(connection)] == [1, 1], "the whole, and at once"
    assert progress_of_a_round(opened, schedule) == []
    check_exact(database)


def test_a_killed_run_of_a_round_is_begun_again(
    database: Path, opened: Database, connection: sqlite3.Connection
) -> None:
    schedule = Schedule(share=TINY)
    progress_of_a_round(opened, schedule)
    before = under_way(connection)
    pass_time(connection, hours=1)
    killed(database, schedule, 1)
    steps = progress_of_a_round(opened, schedule)
    assert len(steps) == 1
    after = under_way(connection)
    assert after.runs == 2
    assert after.rows_read == before.rows_read + 120
    assert progress_of_a_round(opened, schedule) == []


def test_what_a_round_needs_of_the_log_is_not_pruned(
    database: Path, opened: Database, connection: sqlite3.Connection
) -> None:
    schedule = Schedule(share=TINY, retention=Retention(entries=0))
    chance = random.Random("pruned")
    read = [0]
    while not any(complete for *_, complete in lines(connection)):
        progress_of_a_round(opened, schedule)
        if (found := open_round(driver(connection))) is not None:
            assert found.rows_read > read[-1], "it has begun anew"
            read.append(found.rows_read)
        change(connection, chance, 20)
        progress_of_a_round(opened, schedule)  # consumes, and prunes
        pass_time(connection, hours=1)
    assert all(drifts == 0 for _, drifts, _ in lines(connection))
    progress_of_a_round(opened, schedule)
    check_exact(database)


def test_a_long_log_has_a_proof_go_on_early_within_its_share(
    opened: Database, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress_of_a_round(opened, Schedule(share=TINY))
    pass_time(connection, minutes=20)

    def job() -> Job | None:
        return due(driver(connection), catalogue.sources, Schedule())

    assert job() is None
    monkeypatch.setattr(schedules, "_ENTRIES_BEHIND", 5)
    assert job() is None
    change(connection, random.Random("long"), 60)
    found = job()
    assert found is not None
    assert found.kind == "verify"
    assert found.budget == pytest.approx(0.05 * 20 * 60, rel=0.1)
    monkeypatch.undo()
    pass_time(connection, minutes=300)
    found = job()
    assert found is not None
    assert found.budget == pytest.approx(0.05 * 3600)


def test_a_run_beyond_its_share_puts_off_the_next(connection: sqlite3.Connection) -> None:
    schedule = Schedule(rebuild_every=timedelta(days=999))

    def job(share: float = 0.05) -> Job | None:
        return due(driver(connection), catalogue.sources, Schedule(share=share))

    assert job() == Job("verify", 180)
    record(driver(connection), Proof("repair", ago(minutes=61), 180.0, 0, 0, True))
    assert job() == Job("verify", 180)
    connection.execute(f"UPDATE {VERIFICATIONS} SET seconds = 360")
    assert job() is None
    assert job(0.1) == Job("verify", 360)
    pass_time(connection, hours=1)
    assert job() == Job("verify", 180)
    assert due(driver(connection), catalogue.sources, schedule) == Job("verify", 180)


def test_a_rebuild_waits_for_a_round_but_not_for_ever(
    opened: Database, connection: sqlite3.Connection
) -> None:
    schedule = Schedule(share=TINY, verify_every=timedelta(days=30))
    record(driver(connection), Proof("rebuild", ago(days=31), 0.0, 0, 0, True))
    progress_of_a_round(opened, schedule)
    assert lines(connection)[-1] == ("repair", 0, 0)
    connection.execute(f"UPDATE {VERIFICATIONS} SET started_at = ? WHERE id = 1", (ago(days=2),))
    assert due(driver(connection), catalogue.sources, schedule) is None
    connection.execute(f"UPDATE {VERIFICATIONS} SET started_at = ? WHERE id = 1", (ago(days=9),))
    assert due(driver(connection), catalogue.sources, schedule) == Job("rebuild")


def test_a_proof_of_something_else_begins_the_round_anew(
    database: Path, opened: Database, connection: sqlite3.Connection
) -> None:
    schedule = Schedule(share=TINY)
    progress_of_a_round(opened, schedule)
    first = under_way(connection)
    repairing.verify(opened, catalogue, tables=["tool_stats"], budget=0.0)
    assert under_way(connection) == first
    pass_time(connection, hours=1)
    progress_of_a_round(opened, schedule)
    second = under_way(connection)
    assert (second.runs, second.rows_read) == (1, first.rows_read)
    assert second.began_at > first.began_at
    connection.execute(f"UPDATE {WALKS} SET mark = 'of another version' WHERE name = 'proof_open'")
    assert open_round(driver(connection)) is None
    assert json.loads(told(database, "--json"))["open_round"] is None


def test_the_share_is_an_option(database: Path, connection: sqlite3.Connection) -> None:
    def run(*options: str) -> int:
        command = ["run", "--once", "--json", "--database", str(database), *options]
        return CliRunner().invoke(main, command).exit_code

    for wrong in ("0", "100.1", "nan"):
        assert run("--proof-share", wrong) == 2
    assert run("--proof-share", "0.0000001") == 0
    assert lines(connection) == [("repair", 0, 0)]
    pass_time(connection, hours=1)
    assert run("--proof-share", "100") == 0
    assert lines(connection)[-1] == ("repair", 0, 1)
    assert last(connection).runs == 2


def test_where_no_file_can_be_kept_the_whole_is_proved(database: Path) -> None:
    opened = open_database(f"sqlite:///file:{database}?uri=true")
    for _ in range(2):
        result = repairing.repair(opened, catalogue, budget=0.0)
        assert (result.is_complete, result.drifts) == (True, [])
        assert [one.name for one in database.parent.iterdir() if "proof" in one.name] == []
