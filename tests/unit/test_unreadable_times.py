"""Times that are there and do not parse are counted, and one of them is shown."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import connect

from aggregates import Store
from aggregates.cli import main
from aggregates.installing.upgrading import upgrade
from aggregates.reader.unreadable import ACCEPTED
from aggregates.samples import write_sample

_ODD = ("2026-10-01 10:00:00 CET", "1764300000", "10/01/2026 10:00", "today")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "agent_workflow.db"
    write_sample(path, 30, row_bytes=200)
    upgrade(str(path))
    return path


@pytest.fixture
def connection(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(database)) as connection:
        yield connection


def insert(connection: sqlite3.Connection, start: object, end: object = None) -> None:
    connection.execute(
        "INSERT INTO agent_invocations (agent_name, start_time, end_time) VALUES ('a', ?, ?)",
        (start, end),
    )
    connection.commit()


def test_nothing_is_said_where_all_times_parse(database: Path) -> None:
    with Store(database) as store:
        assert store.unreadable_times() == store.collect().unreadable_times == ()


def test_all_that_is_accepted_is_said_to_be() -> None:
    for one in (" t ", " z,", " comma ", " blank for ", " blanks around "):
        assert one in f" {ACCEPTED} "


@pytest.mark.parametrize("odd", _ODD)
def test_a_start_that_is_no_time_is_counted_and_shown(
    odd: str, database: Path, connection: sqlite3.Connection
) -> None:
    insert(connection, odd)
    insert(connection, "2026-10-01t10:00:00,5z", " 2026-10-01 10:00 ")
    with Store(database) as store:
        (found,) = store.collect().unreadable_times
        assert store.unreadable_times() == (found,)
    assert (found.source, found.rows) == ("agent_invocations", 1)
    assert found.example in (repr(odd), odd)
    assert "2026-10-01T09:57:33.551" in found.accepted


def test_a_run_that_ends_moves_the_count_to_its_new_status(
    database: Path, connection: sqlite3.Connection
) -> None:
    connection.execute(
        "INSERT INTO agent_invocations (agent_name, status, start_time)"
        " VALUES ('odd', 'started', 'noon')"
    )
    connection.execute(
        "UPDATE agent_invocations SET status = 'completed', end_time = 'later'"
        " WHERE agent_name = 'odd'"
    )
    connection.commit()
    counts = connection.execute(
        "SELECT status, unreadable_times FROM agent_stats WHERE agent_name = 'odd'"
        " AND invocations <> 0"
    ).fetchall()
    assert counts == [("completed", 1)]
    assert (
        connection.execute(
            "SELECT sum(unreadable_times) FROM agent_stats WHERE status = 'started'"
        ).fetchone()[0]
        == 0
    )


def test_an_example_is_one_line_of_a_terminal(
    database: Path, connection: sqlite3.Connection
) -> None:
    insert(connection, "\x1b[31m[bold]" + "x" * 300)
    insert(connection, b"\x00" * 80)
    with Store(database) as store:
        (found,) = store.unreadable_times()
    assert (found.rows, found.example) == (2, "80 bytes")
    connection.execute("DELETE FROM agent_invocations WHERE typeof(start_time) = 'blob'")
    connection.commit()
    for command in ("status", "collect"):
        result = CliRunner().invoke(main, [command, "--database", str(database)])
        assert result.exit_code == 0
        said = [text for text in result.output.splitlines() if "that is no time" in text]
        assert len(said) == 1, result.output
        assert "1 row has" in said[0]
        assert "\x1b" not in said[0]
        assert "[bold]xxx" in said[0]
        assert len(said[0]) < 200
        assert "a time is 2026-10-01T09:57:33.551" in result.output
