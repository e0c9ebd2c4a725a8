"""Counters and histograms never fall: over edits, restarts, kills, and two servers at once."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import MakeDatabase, connect

from aggregates import Store
from aggregates.engines import open_database
from aggregates.faces.prometheus import exposition
from aggregates.faces.prometheus.collector import Scrape
from aggregates.faces.prometheus.families import Family
from aggregates.faces.prometheus.highwater import Drifts, HighWater, count_drifts
from aggregates.faces.prometheus.values import Counts
from aggregates.prometheus import Collector
from aggregates.running.health import DriftFound, Health
from aggregates.running.keeping import Keeping

RUNS = "agent_workflow_runs_total"
DURATIONS = "agent_duration_seconds"
INSERT = (
    "INSERT INTO agent_invocations (session_id, agent_name, phase, start_time, end_time, status)"
    " VALUES ('s', ?, 'p', '2026-10-01T10:00:00', '2026-10-01T10:00:07', 'completed')"
)


@pytest.fixture
def path(migrated_database: MakeDatabase) -> Iterator[Path]:
    with migrated_database("plain") as found:
        write(found, *[("a",)] * 10, *[("b",)] * 3)
        yield found


def write(path: Path, *agents: tuple[str]) -> None:
    with closing(connect(path)) as writer:
        writer.executemany(INSERT, agents)


def edit(path: Path, statement: str) -> None:
    with closing(connect(path)) as writer:
        writer.execute(statement)


def shown(scrape: Scrape, name: str) -> dict[tuple[str, ...], object]:
    """The series of one family."""
    (series,) = [series for family, series in scrape if family.name == name]
    return {
        labels: value[0] if isinstance(value, tuple) and len(value) == 1 else value
        for labels, value in series.items()
    }


def test_an_edit_of_history_shows_as_a_correction_and_not_as_a_fall(path: Path) -> None:
    with Store(path) as store:
        collector = Collector(store)
        before = collector.scrape()
        assert shown(before, RUNS) == {("a", "p"): 10, ("b", "p"): 3}
        edit(path, "DELETE FROM agent_invocations WHERE agent_name = 'b' OR id <= 4")
        after = collector.scrape()
        assert shown(after, RUNS) == shown(before, RUNS)
        assert shown(after, DURATIONS) == shown(before, DURATIONS)
        corrections = shown(after, "agent_workflow_corrections_total")
        assert corrections[RUNS,] == 2
        assert corrections[DURATIONS,] == 2
        assert shown(after, "agent_workflow_held_series") == {(): 6}
        # What may fall is true at once.
        assert shown(after, "agent_workflow_runs_by_status") == {
            ("a", "p", "completed", "unknown"): 6
        }
        assert shown(collector.scrape(), "agent_workflow_corrections_total") == corrections
        write(path, *[("a",)] * 5)
        passed = collector.scrape()
        assert shown(passed, RUNS) == {("a", "p"): 11, ("b", "p"): 3}
        assert shown(passed, "agent_workflow_corrections_total") == corrections


def test_who_is_started_again_goes_on_from_what_was_shown(path: Path) -> None:
    with Store(path) as store:
        before = Collector(store).scrape()
    edit(path, "DELETE FROM agent_invocations WHERE agent_name = 'b' OR id <= 4")
    with Store(path) as store:
        after = Collector(store).scrape()
    for name in (RUNS, DURATIONS, "agent_workflow_runs_ended_total"):
        assert shown(after, name) == shown(before, name)
    assert shown(after, "agent_workflow_corrections_total")[RUNS,] == 2
    with Store(path) as store:
        again = Collector(store).scrape()
    assert shown(again, "agent_workflow_corrections_total")[RUNS,] == 2


def test_two_servers_know_what_the_other_has_shown(path: Path) -> None:
    with Store(path) as one_store, Store(path) as other_store:
        one, other = Collector(one_store), Collector(other_store)
        other.scrape()
        write(path, *[("a",)] * 5)
        assert shown(one.scrape(), RUNS)["a", "p"] == 15
        edit(path, "DELETE FROM agent_invocations WHERE agent_name = 'a'")
        assert shown(other.scrape(), RUNS)["a", "p"] == 15
        assert shown(one.scrape(), RUNS)["a", "p"] == 15
        found = [shown(it.scrape(), "agent_workflow_corrections_total") for it in (one, other)]
        assert found[0] == found[1]
        assert found[0][RUNS,] == 1


HOLDER = """
import sys, time
from aggregates.engines import open_database
with open_database(sys.argv[1]).marks().turn() as stored:
    stored["half"] = "done"
    print("holds", flush=True)
    time.sleep(60)
"""


def hold_turn(path: Path) -> subprocess.Popen[str]:
    """A process that is in the middle of its turn."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "holds\n"
    return process


def test_a_kill_in_the_middle_loses_nothing(path: Path) -> None:
    with Store(path) as store:
        collector = Collector(store)
        before = collector.scrape()
        process = hold_turn(path)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        edit(path, "DELETE FROM agent_invocations")
        after = collector.scrape()
        assert shown(after, "agent_workflow_marks_stored") == {(): 1}
        assert shown(after, RUNS) == shown(before, RUNS)
    marks = open_database(path).marks()
    assert marks is not None
    with marks.turn() as stored:
        assert "half" not in stored
    marks.close()


def test_where_the_marks_cannot_be_stored_the_process_remembers_them(path: Path) -> None:
    with Store(path) as store:
        collector = Collector(store)
        write(path, ("a",))
        before = collector.scrape()
        process = hold_turn(path)
        try:
            edit(path, "DELETE FROM agent_invocations WHERE id <= 4")
            after = collector.scrape()
        finally:
            process.kill()
            process.communicate()
        assert shown(after, "agent_workflow_marks_stored") == {(): 0}
        assert shown(after, RUNS) == shown(before, RUNS)
        corrections = shown(after, "agent_workflow_corrections_total")
        assert corrections[RUNS,] == 1
        again = collector.scrape()
        assert shown(again, "agent_workflow_marks_stored") == {(): 1}
        assert shown(again, "agent_workflow_corrections_total") == corrections
    with Store(path) as store:
        assert shown(Collector(store).scrape(), RUNS) == shown(before, RUNS)


def test_a_file_that_cannot_be_made(path: Path) -> None:
    path.with_name(path.name + "-shown").mkdir()
    with Store(path) as store:
        found = Collector(store).scrape()
        assert shown(found, "agent_workflow_marks_stored") == {(): 0}
        assert shown(found, "agent_workflow_up") == {(): 1}


def test_a_damaged_file_is_begun_anew(path: Path) -> None:
    path.with_name(path.name + "-shown").write_bytes(b"no database at all" * 100)
    with Store(path) as store:
        found = Collector(store).scrape()
        assert shown(found, "agent_workflow_marks_stored") == {(): 1}
        assert shown(found, RUNS)["a", "p"] == 10


def test_what_another_version_has_stored_is_left_out(path: Path) -> None:
    with Store(path) as store:
        Collector(store).scrape()
    with closing(sqlite3.connect(path.with_name(path.name + "-shown"))) as connection:
        connection.execute(
            "UPDATE marks SET value = '[[1], [2], [3]]' WHERE name LIKE '%runs_total%'"
        )
        connection.execute("INSERT OR REPLACE INTO marks VALUES ('corrections', '7')")
        connection.execute("INSERT OR REPLACE INTO marks VALUES ('proofs', '{}')")
        connection.execute("INSERT INTO marks VALUES ('{]', 'x')")
        connection.execute("INSERT INTO marks VALUES ('[\"agent_duration_seconds\"]', '[[1],[1]]')")
        connection.commit()
    with Store(path) as store:
        found = Collector(store).scrape()
    assert shown(found, RUNS)["a", "p"] == 10
    assert "agent_workflow_runs_total" in exposition.text(found, openmetrics=False)


@pytest.mark.parametrize("seed", range(20))
def test_any_history_with_any_restarts(seed: int) -> None:
    """Three servers and restarts in any order: what is shown is the highest that ever was."""
    chance = random.Random(seed)
    stored: dict[str, str] = {}
    families = {
        "runs": Family("runs", "counter", "", ("label",)),
        "seconds": Family("seconds", "histogram", "", ("label",), (1, 2, 3)),
    }
    servers = [HighWater(families) for _ in range(3)]
    highest: dict[str, tuple[int, ...]] = {}
    for _ in range(200):
        true: Counts = {"runs": {}, "seconds": {}}
        for label in "xyz":
            if chance.random() < 0.9:
                true["runs"][label,] = (chance.randrange(50),)
            parts = sorted(chance.randrange(50) for _ in range(4))
            true["seconds"][label,] = (*parts, chance.randrange(1000))
        for name, series in true.items():
            for (label,), value in series.items():
                before = highest.get(name + label, value)
                highest[name + label] = tuple(map(max, before, value))
        if chance.random() < 0.2:
            servers[chance.randrange(3)] = HighWater(families)
        shown = servers[chance.randrange(3)].hold(true, stored)
        found = {
            name + label: of for name, series in shown.items() for (label,), of in series.items()
        }
        assert found == highest
        for name, value in found.items():
            if name.startswith("seconds"):
                assert list(value[:-1]) == sorted(value[:-1])


def health(proofs: int, *findings: DriftFound) -> Health:
    return Health((), {}, None, proofs, findings, Keeping(), False)


def test_drifts_are_counted_once_although_old_lines_of_the_record_go() -> None:
    stored: dict[str, str] = {}
    assert count_drifts(health(0), stored) == Drifts()
    verify, repair = DriftFound(3, "verify", 5), DriftFound(4, "repair", 5)
    assert count_drifts(health(4, verify, repair), stored) == Drifts(4, 10, 5)
    assert count_drifts(health(4, verify, repair), stored) == Drifts(4, 10, 5)
    assert count_drifts(health(9, repair, DriftFound(9, "rebuild", 1)), stored) == Drifts(9, 11, 6)
    # Another database has taken its place.
    assert count_drifts(health(2, DriftFound(2, "verify", 7)), stored) == Drifts(2, 11, 6)
    assert count_drifts(health(3, DriftFound(3, "verify", 7)), stored) == Drifts(3, 18, 6)
