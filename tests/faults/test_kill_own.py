"""kill -9 within an application's own revision, at every kind of instant, with a writer beside it.

A process counts the statements and slices of a revision, and kills itself before one of them.
"""

import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import own_metrics
import pytest
from applications import LABEL, Application
from conftest import connect

from aggregates import Store
from aggregates.installing import upgrading
from aggregates.samples import write_sample

KILLED = """
import os, signal, sys
from pathlib import Path
from aggregates.engines.sqlite.connection import SQLiteConnection
from aggregates.installing import upgrading

path, limit, own, revision = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
steps = 0
execute = SQLiteConnection.execute

def counted(*arguments):
    global steps
    steps += 1
    if steps == limit:
        os.kill(os.getpid(), signal.SIGKILL)
    return execute(*arguments)

SQLiteConnection.execute = counted
if revision == "heads":
    upgrading.upgrade(path, own=own)
else:
    upgrading.downgrade(path, revision=revision, own=own)
print(steps)
"""
WRITES = (
    "INSERT INTO agent_invocations (agent_name, ticket_id, duration_seconds, model) VALUES"
    " ('k', 'T1', 1.5, 'm'), ('k', 'T2', 2, NULL)",
    "UPDATE agent_invocations SET ticket_id = 'T3', model = 'n' WHERE id % 11 = 3",
    "INSERT OR REPLACE INTO agent_invocations (id, agent_name, ticket_id) VALUES (17, 'k', 'T9')",
    "DELETE FROM agent_invocations WHERE id % 13 = 5",
    "INSERT OR REPLACE INTO sessions (session_id, cwd) VALUES ('s-new', '/srv')",
)


def killed_at(
    path: Path, step: int, own: Path, revision: str = "heads"
) -> subprocess.CompletedProcess[str]:
    """Run revisions in a process that kills itself before a statement."""
    command = [sys.executable, "-c", KILLED, str(path), str(step), str(own), revision]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def write(path: Path) -> None:
    """What writers do, whatever else is going on."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in WRITES:
            connection.execute(statement)


def copied(path: Path, folder: Path, name: str) -> Path:
    """A database with what a killed process has left beside it."""
    target = folder / f"{name}.db"
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copyfile(file, target.with_name(file.name.replace(path.name, target.name)))
    return target


def wrong(path: Path) -> list[str]:
    """What differs from the oracle."""
    with closing(connect(path)) as connection:
        return own_metrics.differences(connection)


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Application:
    """At our head, with a history, and a revision that is still to run."""
    folder = tmp_path_factory.mktemp("killed")
    path = folder / "a.db"
    write_sample(path, 700, row_bytes=100)
    upgrading.upgrade(str(path), journal_mode="keep")
    made = Application(folder, path)
    made.name_module(own_metrics.__name__)
    assert made.revise() is not None
    return made


@pytest.fixture(scope="module")
def steps(application: Application, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many the revision has."""
    path = copied(application.database, tmp_path_factory.mktemp("steps"), "a")
    done = killed_at(path, 0, application.revisions)
    assert done.returncode == 0, done.stderr
    assert wrong(path) == []
    return int(done.stdout)


def instants(count: int) -> list[int]:
    """Parts of a thousand, at which to kill."""
    chance = random.Random("own")
    return sorted(chance.sample(range(1, 1000), count))


@pytest.mark.parametrize("part", instants(6))
def test_a_revision_that_was_killed_goes_on(
    part: int, steps: int, application: Application, tmp_path: Path
) -> None:
    path = copied(application.database, tmp_path, "a")
    done = killed_at(path, max(1, steps * part // 1000), application.revisions)
    assert done.returncode == -9, done.stderr
    write(path)
    with Store(path) as store:
        assert store.verify().drifts == [], "ours"
        assert not [one for one in store.status().findings if one.kind in ("missing", "altered")]
    killed_at(path, steps // 7, application.revisions)
    write(path)
    upgrading.upgrade(str(path), own=application.revisions)
    assert wrong(path) == []
    write(path)
    assert wrong(path) == []
    with Store(path) as store:
        assert store.status().ok


@pytest.mark.parametrize("part", instants(2))
def test_a_revision_that_was_killed_is_given_up(
    part: int, steps: int, application: Application, tmp_path: Path
) -> None:
    """By the one that follows in its place, which names it no more, or by a downgrade of all."""
    path = copied(application.database, tmp_path, "a")
    assert killed_at(path, steps * part // 1000, application.revisions).returncode == -9
    other = Application(tmp_path, path)
    other.declare(
        'definitions = [aggregate("models", agent_invocations, "", by={"model": "model_name"},'
        ' measures={"runs": count()})]'
    )
    assert other.revise() is not None
    other.migrate()
    with closing(connect(path)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        found = connection.execute("SELECT sum(runs) FROM models").fetchone()
        assert found == connection.execute("SELECT count(*) FROM agent_invocations").fetchone()
    assert not names & {one.name for one in own_metrics.definitions}
    write(path)
    other.downgrade("base")
    with closing(connect(path)) as connection:
        left = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '%aggregates%'")
        assert left.fetchall() == []
    write(path)


@pytest.mark.parametrize("part", instants(2))
def test_a_downgrade_that_was_killed_goes_on(
    part: int, application: Application, tmp_path: Path
) -> None:
    path = copied(application.database, tmp_path, "a")
    upgrading.upgrade(str(path), own=application.revisions)
    whole = copied(path, tmp_path, "b")
    steps = int(killed_at(whole, 0, application.revisions, f"{LABEL}@base").stdout)
    step = max(1, steps * part // 1000)
    assert killed_at(path, step, application.revisions, f"{LABEL}@base").returncode == -9
    write(path)
    upgrading.downgrade(str(path), revision=f"{LABEL}@base", own=application.revisions)
    with Store(path) as store:
        assert store.status().ok
        assert store.verify().drifts == []
    upgrading.upgrade(str(path), own=application.revisions)
    assert wrong(path) == []
