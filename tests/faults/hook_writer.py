"""A process that writes as the hooks do: open, one statement, commit, close; default settings.

`python hook_writer.py PATH SEED PAUSE` writes until SIGTERM, and then prints a Report as JSON.
"""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

_AGENTS = ("backend-developer", "architect", "new-agent", "Ünïcode", "", "unknown", None)
_FIRST_START = datetime(2026, 10, 1, 9)
_OUTPUT = json.dumps({"totalTokens": 4321, "totalToolUseCount": 7, "text": "x" * 300})

Write = tuple[str, tuple[object, ...]]


@dataclass
class Report:
    """What a writer has seen; filled when it has stopped."""

    writes: int = 0
    failures: list[str] = field(default_factory=list)
    longest_ms: int = 0
    """from opening to closing, of one write"""
    total_ms: int = 0


@contextmanager
def writing(path: Path, seed: int = 0, pause: float = 0.002) -> Iterator[Report]:
    """Have a process of its own write all the time, `pause` seconds after each write."""
    report = Report()
    command = [sys.executable, __file__, str(path), str(seed), str(pause)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "writing\n"
            yield report
        finally:
            process.terminate()
            out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    vars(report).update(json.loads(out))


def _random_write(chance: random.Random, highest: int) -> Write:
    """A start (most often), an end, a replaced row or a deleted one."""
    start = _FIRST_START + timedelta(milliseconds=chance.randrange(86_400_000))
    started = (
        chance.choice(("pre_invocation",) * 4 + ("subagent_stop", "tool_tracking_start", None)),
        chance.choice(_AGENTS),
        chance.choice(("development", "planning", None)),
        f"session-{chance.randrange(20)}",
        chance.choice((start.isoformat(), start.isoformat(), None)),
        "started",
    )
    columns = "event_type, agent_name, phase, session_id, start_time, status"
    id_ = chance.randint(1, highest)
    verb = chance.random()
    if verb < 0.15:
        return _random_write_beside(chance, start, id_)
    if verb < 0.5:
        return f"INSERT INTO agent_invocations ({columns}) VALUES (?, ?, ?, ?, ?, ?)", started
    if verb < 0.8:
        seconds = chance.choice((0.25, 12.5, 4000.0, None))
        status = chance.choice(("completed", "failed"))
        return (
            "UPDATE agent_invocations SET end_time = ?, status = ?, raw_output = ?,"
            " duration_seconds = ?, model = 'standard' WHERE id = ?",
            (start.isoformat(), status, _OUTPUT, seconds, id_),
        )
    if verb < 0.9:
        return (
            f"INSERT OR REPLACE INTO agent_invocations (id, {columns})"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (id_, *started),
        )
    return "DELETE FROM agent_invocations WHERE id = ?", (id_,)


def _random_write_beside(chance: random.Random, start: datetime, id_: int) -> Write:
    """A session that starts, answers or is forgotten, or a tool that starts or ends."""
    session = f"session-{chance.randrange(20)}"
    return chance.choice(
        (
            (
                "INSERT OR REPLACE INTO sessions (session_id, start_time, status)"
                " VALUES (?, ?, 'active')",
                (chance.choice((session, session, None)), start.isoformat()),
            ),
            (
                "UPDATE sessions SET end_time = ?, status = 'completed' WHERE session_id = ?",
                ((start + timedelta(minutes=5)).isoformat(), session),
            ),
            (
                "DELETE FROM sessions WHERE rowid = (SELECT max(rowid) FROM sessions)",
                (),
            ),
            (
                "INSERT INTO agent_tool_uses (session_id, agent_name, tool_name, start_time,"
                " status) VALUES (?, ?, ?, ?, 'started')",
                (session, chance.choice(_AGENTS), chance.choice(("Bash", "Read")), str(start)),
            ),
            (
                "UPDATE agent_tool_uses SET duration_seconds = 0.25, status = 'completed'"
                " WHERE id = ?",
                (id_ % 500,),
            ),
        )
    )


def _write(path: str, write: Write) -> int:
    connection = sqlite3.connect(path)
    try:
        last: int | None = connection.execute(*write).lastrowid
        connection.commit()
        return last or 0
    finally:
        connection.close()


def _main(path: str, seed: str, pause: str) -> None:
    chance = random.Random(f"writer {seed}")
    connection = sqlite3.connect(path)
    (highest,) = connection.execute("SELECT coalesce(max(id), 1) FROM agent_invocations").fetchone()
    connection.close()
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stopped.append(number))
    print("writing", flush=True)
    report = Report()
    seconds = 0.0
    while not stopped:
        write = _random_write(chance, highest)
        started = time.monotonic()
        try:
            last = _write(path, write)
            if write[0].startswith("INSERT INTO"):
                highest = max(highest, last)
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "")
            report.failures.append(f"{error} ({name}) in {write[0]} {write[1]!r}")
        waited = time.monotonic() - started
        report.writes += 1
        report.longest_ms = max(report.longest_ms, round(waited * 1000))
        seconds += waited
        time.sleep(float(pause))
    report.total_ms = round(seconds * 1000)
    print(json.dumps(asdict(report)), flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
