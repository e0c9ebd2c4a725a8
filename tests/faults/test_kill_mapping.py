"""`kill -9` while a mapping takes over what is there, and a program goes on logging events."""

import json
import random
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from mapped import EVENTS, wrong_runs
from test_kill import check_exact, kill, start

from aggregates.model.mapping import named

ROWS = 8_000
NAME = "subagent-events"


def event(chance: random.Random) -> tuple[str, str, str, int]:
    payload = {"agent_id": f"a{chance.randrange(200)}", "agent_type": "Plan", "x": "y" * 500}
    kind = chance.choice(["SubagentStart", "SubagentStop"])
    session = f"s{chance.randrange(50)}"
    return session, kind, json.dumps(payload), chance.randrange(10**12, 2 * 10**12)


def insert(connection: sqlite3.Connection, *events: tuple[str, str, str, int]) -> None:
    connection.executemany(
        "INSERT INTO events (source_app, session_id, hook_event_type, payload, timestamp)"
        " VALUES ('app', ?, ?, ?, ?)",
        events,
    )


@pytest.mark.parametrize(("seed", "journal_mode"), [(0, "wal"), (1, "keep")])
def test_taking_over_goes_on_where_it_was_killed(
    seed: int, journal_mode: str, tmp_path: Path
) -> None:
    path = tmp_path / "events.db"
    chance = random.Random(seed)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(EVENTS)
        insert(connection, *(event(chance) for _ in range(ROWS)))
        connection.commit()
    is_over = threading.Event()
    writes = [0]
    failures: list[str] = []

    def log() -> None:
        others = random.Random(f"log {seed}")
        while not is_over.wait(0.002):
            try:
                with closing(sqlite3.connect(path)) as writer, writer:
                    if others.random() < 0.7:
                        insert(writer, event(others))
                    else:
                        gone = others.randrange(ROWS)
                        writer.execute("DELETE FROM events WHERE id = ?", (gone,))
                writes[0] += 1
            except sqlite3.Error as error:
                failures.append(str(error))

    def mark() -> int | None:
        with closing(sqlite3.connect(path)) as connection:
            try:
                return connection.execute("SELECT mark FROM _aggregates_mapping").fetchone()[0]
            except sqlite3.Error:
                return None

    options = ("--mapping", NAME, "--journal-mode", journal_mode)
    writer = threading.Thread(target=log)
    writer.start()
    try:
        marks = []
        for part in (0.1, 0.5):
            process = start("migrate", path, *options)
            while process.poll() is None and (mark() or 0) < ROWS * part:
                time.sleep(0.001)
            kill(process)
            marks.append(mark())
        process = start("migrate", path, *options)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    finally:
        is_over.set()
        writer.join()
    assert marks[0] is not None
    assert ROWS * 0.1 <= marks[0] < marks[1] < 2 * ROWS
    assert failures == []
    assert writes[0] > 50
    with closing(sqlite3.connect(path)) as connection:
        assert wrong_runs(connection, named(NAME)) == []
    check_exact(path)
