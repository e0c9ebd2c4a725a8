"""The command line as people and programs use it: output, JSON and exit statuses."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest
from conftest import MakeDatabase, connect
from oracle import recompute

from aggregates.reader import Collection
from aggregates.samples import write_sample

ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")
}
COMMAND = [sys.executable, "-m", "aggregates"]


def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=ENVIRONMENT | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated sample that tests only read."""
    path = tmp_path_factory.mktemp("sample") / "agent_workflow.db"
    write_sample(path, 3000, row_bytes=300)
    done = run("migrate", "--database", path)
    assert (done.returncode, done.stderr) == (0, "")
    return path


def test_what_collect_says_is_what_the_rows_say(sample: Path) -> None:
    done = run("collect", "--json", "--database", sample)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    with closing(connect(sample)) as connection:
        right = recompute(connection)
    activity = right["agent_activity"]
    assert {agent["agent_name"]: agent["invocations"] for agent in found["agents"]} == {
        name: values[0] for (name,), values in activity.items()
    }
    assert found["totals"]["invocations"] == sum(values[0] for values in activity.values())
    assert found["totals"]["session_agent_pairs"] == sum(values[4] for values in activity.values())
    assert found["totals"]["in_flight"] == len(right["open_runs"])
    assert set(found) == {field.name for field in fields(Collection)}


def test_reports_are_tables_for_people(sample: Path) -> None:
    done = run("report", "agents", "--database", sample)
    assert done.returncode == 0
    assert "context-analyzer" in done.stdout
    assert run("report", "hours", "--hours", "3", "--database", sample).stdout.count(":00") == 3
    assert (
        len(
            json.loads(
                run("report", "agents", "--limit", "2", "--json", "--database", sample).stdout
            )
        )
        == 2
    )


def test_a_window_holds_what_started_in_it(sample: Path) -> None:
    done = run("report", "agents", "--since", "2000-01-01", "--json", "--database", sample)
    since = {agent["agent_name"]: agent["invocations"] for agent in json.loads(done.stdout)}
    with closing(connect(sample)) as connection:
        rows = connection.execute(
            "SELECT agent_name, count(*) FROM agent_invocations"
            " WHERE event_type = 'pre_invocation' AND agent_name IS NOT NULL GROUP BY 1"
        )
        assert since == dict(rows.fetchall())


def test_the_database_may_come_from_the_environment(sample: Path) -> None:
    assert run("status", AGGREGATES_DATABASE_URL=str(sample)).returncode == 0
    assert run("status", DATABASE_URL=f"sqlite:///{sample}").returncode == 0
    assert run("status").returncode == 2


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "none.db"
    for command in ("status", "collect", "verify", "repair", "run"):
        done = run(command, "--database", missing)
        assert done.returncode == 10, command
        assert done.stderr.startswith(f"error: there is no database at {missing}")
        assert done.stdout == ""
    assert not missing.exists()
    done = run("migrate", "--database", missing)
    assert done.returncode == 0
    assert "made a new database" in done.stderr
    assert run("status", "--database", missing).returncode == 0


def test_a_database_that_is_not_migrated(hook_database: MakeDatabase) -> None:
    with hook_database("plain") as path:
        status = run("status", "--json", "--database", path)
        assert status.returncode == 4
        assert [finding["kind"] for finding in json.loads(status.stdout)["findings"]] == [
            "revision"
        ]
        for command in ("collect", "verify"):
            done = run(command, "--database", path)
            assert done.returncode == 4
            assert "aggregates migrate" in done.stderr
            assert "Traceback" not in done.stderr


def test_a_table_that_cannot_be_adopted(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE agent_invocations (id TEXT PRIMARY KEY, agent_name TEXT)")
    before = path.read_bytes()
    done = run("migrate", "--database", path)
    assert done.returncode == 4
    assert "cannot adopt agent_invocations" in done.stderr
    assert path.read_bytes() == before


def test_drift_is_found_named_and_repaired(migrated_database: MakeDatabase) -> None:
    with migrated_database("plain") as path:
        with closing(connect(path)) as connection:
            connection.execute("INSERT INTO agent_invocations (agent_name) VALUES ('a'), ('b')")
            connection.execute("UPDATE agent_stats SET tokens_sum = 5 WHERE agent_name = 'a'")
        done = run("verify", "--json", "--database", path)
        assert done.returncode == 3
        (drift,) = json.loads(done.stdout)["drifts"]
        assert drift["table"] == "agent_stats"
        assert drift["key"]["agent_name"] == "a"
        assert (drift["column"], drift["stored"], drift["right"]) == ("tokens_sum", 5, 0)
        assert run("repair", "--database", path).returncode == 0
        assert run("verify", "--database", path).returncode == 0


def test_status_finds_a_trigger_that_is_gone(migrated_database: MakeDatabase) -> None:
    with migrated_database("plain") as path:
        with closing(connect(path)) as connection:
            connection.execute("DROP TRIGGER _aggregates_run_insert")
        done = run("status", "--json", "--database", path)
        assert done.returncode == 4
        (finding,) = json.loads(done.stdout)["findings"]
        assert finding["kind"] == "missing"
        assert finding["table"] == "agent_invocations"
        assert finding["name"] == "_aggregates_run_insert"


def test_one_command_from_nothing_to_metrics(tmp_path: Path) -> None:
    path = tmp_path / "agent_workflow.db"
    arguments = ("run", "--migrate", "--sample", "500", "--once", "--json", "--database", path)
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["totals"]["rows"] == 500
    assert json.loads(run(*arguments).stdout)["totals"]["rows"] == 500


def test_run_goes_on_until_sigterm(sample: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "run", "--interval", "0.2", "--json", "--database", str(sample)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        assert process.wait(timeout=30) == 0
        assert time.monotonic() - started < 5
        process.stdout.read()
    assert all("totals" in json.loads(line) for line in lines)


def test_usage_errors_say_what_is_wrong(sample: Path, tmp_path: Path) -> None:
    assert run("collect", "--nonsense").returncode == 2
    assert run("report", "agents", "--since", "yesterday", "--database", sample).returncode == 2
    again = run("sample", sample)
    assert again.returncode == 1
    assert "is there already" in again.stderr
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to look like a file with a header" * 10)
    done = run("status", "--database", text)
    assert done.returncode == 1
    assert "is not a SQLite database" in done.stderr


def test_downgrade_leaves_what_the_hooks_made(hook_database: MakeDatabase) -> None:
    with hook_database("plain") as path:
        with closing(connect(path)) as connection:
            before = connection.execute("SELECT name, sql FROM sqlite_master").fetchall()
        assert run("migrate", "--database", path).returncode == 0
        assert run("downgrade", "--yes", "--drop-columns", "--database", path).returncode == 0
        with closing(connect(path)) as connection:
            assert connection.execute("SELECT name, sql FROM sqlite_master").fetchall() == before
