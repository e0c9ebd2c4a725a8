"""The reports as people and programs read them: every format, and terminals of every width."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from conftest import MakeDatabase, connect
from rich.cells import cell_len
from rich.console import Console
from test_command_line import COMMAND, ENVIRONMENT, run

from aggregates.installing import upgrading
from aggregates.reader import HourPoint
from aggregates.render.collections import show_load
from aggregates.samples import write_sample

LONG = "x" * 300
NAMES = (
    LONG,
    "",
    "a\x1b[31mred\x07\nline",
    "日本語の名前" * 10,
    "\u202eevil",
    "[bold]markup[/bold]",
    "many | words * in `one` name",
)
SESSION = f"deadbeef-{LONG}"
LISTS = {
    "agents": "agent_name",
    "hours": "hour",
    "sessions": "session_id",
    "tools": "tool_name",
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample with a session of names that are hard to show."""
    path = tmp_path_factory.mktemp("reports") / "agent_workflow.db"
    write_sample(path, 2000, row_bytes=300)
    upgrading.upgrade(str(path))
    begin = datetime.now() - timedelta(minutes=20)
    moments = [(begin + timedelta(minutes=minute)).isoformat() for minute in range(20)]
    with closing(connect(path)) as writer:
        for session in (SESSION, "deadbeef-1"):
            writer.execute(
                "INSERT INTO sessions (session_id, start_time, status) VALUES (?, ?, 'active')",
                (session, moments[0]),
            )
        for place, name in enumerate(NAMES):
            writer.executemany(
                "INSERT INTO agent_invocations (session_id, event_type, agent_name, phase,"
                " start_time, end_time, status) VALUES (?, 'pre_invocation', ?, ?, ?, ?, ?)",
                [
                    (SESSION, name, name, moments[place], None, "started"),
                    (SESSION, name, name, moments[place], moments[place + 3], "failed"),
                ],
            )
            writer.execute(
                "INSERT INTO agent_tool_uses (session_id, agent_name, tool_name, start_time,"
                " end_time, status) VALUES (?, ?, ?, ?, ?, 'completed')",
                (SESSION, name, NAMES[-place], moments[place], moments[place + 1]),
            )
    return path


def report(database: Path, *arguments: str) -> str:
    done = run("report", *arguments, "--database", database)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def on_terminal(
    database: Path, *arguments: str, columns: int = 80, lines: int = 24, stop_after: int = 0
) -> tuple[int, str]:
    """The status of a command and what it wrote on a terminal, without colours and cursor.

    It is asked to stop as soon as it has shown `stop_after` collections.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *arguments, "--database", str(database)],
        env=ENVIRONMENT | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    with process:
        written = b"".join(_until_its_end(process, ours, stop_after))
    os.close(ours)
    shown = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", written)
    return process.returncode, shown.decode().replace("\r\n", "\n")


def _until_its_end(
    process: subprocess.Popen[bytes], terminal: int, stop_after: int
) -> Iterator[bytes]:
    seen = b""
    while True:
        try:
            data = os.read(terminal, 65_536)
        except OSError:  # the other end is closed
            return
        if not data:
            return
        yield data
        seen += data
        if stop_after and seen.count(b"runs an hour") >= stop_after:
            process.send_signal(signal.SIGTERM)
            stop_after = 0


# Formats


@pytest.mark.parametrize("what", LISTS)
def test_csv_holds_what_json_holds(database: Path, what: str) -> None:
    by_json = json.loads(report(database, what, "--format", "json"))
    by_csv = list(csv.DictReader(io.StringIO(report(database, what, "--format", "csv"))))
    assert by_json
    for one in by_json:
        assert by_csv.pop(0).items() >= {
            (key, "" if value is None else str(value))
            for key, value in one.items()
            # These go on, in an active session.
            if key not in ("elapsed_ms", "busy_ms", "idle_ms", "efficiency")
        }
    assert by_csv == []
    assert json.loads(report(database, what, "--json"))[0].keys() == by_json[0].keys()


def test_a_name_is_no_formula_of_a_spreadsheet(migrated_database: MakeDatabase) -> None:
    # With what they are to become: a `;` or a tab parts cells in some countries and programs.
    formulas = {
        **{one: f"'{one}" for one in ("=cmd|'/c calc'!A0", "+1", "-1", "@a", "\t1", "\uff1d1")},
        **{"\t=1": "'\t'=1", "\r=1": "'\r'=1", "\n=1": "'\n'=1", "a\r=1": "a\r'=1"},
        **{"a;=1+1;b": "a;'=1+1;b", "a; @b": "a; '@b", 'a;"=1"': 'a;"\'=1"', "a;;-1": "a;;'-1"},
        "=1;+1": "'=1;'+1",
    }
    plain = ["a=1", "'a'", "1", "a-b", "a,b", "a;b=1", "a; b"]
    with migrated_database("plain") as path:
        with closing(connect(path)) as writer:
            writer.executemany(
                "INSERT INTO agent_invocations (agent_name, session_id) VALUES (?, ?)",
                [(name, name) for name in [*formulas, *plain]],
            )
            # Numbers below zero are shown as they are, and are none.
            writer.execute("UPDATE agent_stats SET tokens_sum = -5")
        command = [*COMMAND, "report", "agents", "--format", "csv", "--database", str(path)]
        written = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        rows = list(csv.reader(io.StringIO(written, newline="")))
        heading, *agents = rows
        assert {len(row) for row in rows} == {len(heading)}
        assert {row[0] for row in agents} == {*formulas.values(), *plain}
        assert {row[heading.index("tokens")] for row in agents} == {"-5"}
        by_json = json.loads(report(path, "agents", "--json"))
        assert {one["agent_name"] for one in by_json} == {*formulas, *plain}


@pytest.mark.parametrize("what", LISTS)
def test_markdown_is_one_table(database: Path, what: str) -> None:
    heading, rule, *rows = report(database, what, "--format", "markdown").splitlines()
    columns = heading.count("|")
    assert re.fullmatch(r"\|( ---:? \|)+", rule)
    assert rows
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in (rule, *rows)} == {columns}


@pytest.mark.parametrize("what", [*LISTS, "session"])
def test_a_report_of_nothing(tmp_path: Path, what: str) -> None:
    path = tmp_path / "empty.db"
    upgrading.upgrade(str(path))
    if what == "session":
        done = run("report", "session", "abc", "--database", path)
        assert done.returncode == 1
        assert done.stderr.startswith("error: there is no session 'abc'")
        return
    assert report(path, what, "--json").strip().startswith("[")
    assert report(path, what, "--format", "csv").startswith(("agent_name,", "hour,", "session_id,"))
    assert report(path, what, "--format", "markdown").startswith("| ")
    said = "none has a start" if what == "hours" else "nothing found"
    assert said in report(path, what)


def test_a_quiet_database_says_when_its_last_run_was(migrated_database: MakeDatabase) -> None:
    with migrated_database("plain") as path:
        with closing(connect(path)) as writer:
            writer.executemany(
                "INSERT INTO agent_invocations (agent_name, session_id, start_time) VALUES"
                " (?, 's', ?)",
                [("a", "2020-02-03T10:30:00"), ("b", "2021-02-03T10:30:00")],
            )
        first = "no run started in the last 24 h: the last was at "
        for command in (("collect",), ("report", "hours"), ("run", "--once")):
            done = run(*command, "--database", path)
            assert done.returncode == 0
            assert f"{first}2021-02-03 10:30:00\n" in done.stdout
            assert "|" not in done.stdout
        assert first + "2020-02-03 10:30:00" in report(path, "hours", "--agent", "a")
        assert len(json.loads(report(path, "hours", "--json"))) == 24


def test_agents_come_before_sessions(database: Path) -> None:
    shown = run("collect", "--database", database).stdout
    assert 0 < shown.index("  agent   ") < shown.index("  session   ")


def test_hours_around_a_change_of_clocks_say_how_long_they_lasted(database: Path) -> None:
    """From one autumn to the next are up to 371 days, so a report may hold no change back."""
    zone = ("--source-timezone", "Europe/Berlin")
    hours = json.loads(report(database, "hours", "--since", "365d", "--json", *zone))
    first, last = (
        datetime.fromisoformat(hours[place]["hour"]).replace(tzinfo=ZoneInfo("Europe/Berlin"))
        for place in (0, -1)
    )
    passed = last.astimezone(UTC) - first.astimezone(UTC)
    assert sum(one["minutes"] for one in hours[:-1]) == passed / timedelta(minutes=1)
    shown = report(database, "hours", "--since", "365d", "--format", "markdown", *zone)
    for one in hours:
        text = f"| {one['hour'][:16].replace('T', ' ')} "
        assert text + ("|" if one["minutes"] == 60 else f"({one['minutes']} min) |") in shown


def test_formats_exclude_each_other(database: Path) -> None:
    done = run("report", "agents", "--json", "--format", "csv", "--database", database)
    assert done.returncode == 2
    assert "exclude each other" in done.stderr
    assert run("report", "agents", "--json", "--format", "json", "--database", database).stdout


# Filters


def test_agents_tools_and_hours_of_one_agent(database: Path) -> None:
    (agent,) = json.loads(report(database, "agents", "--agent", "architect", "--json"))
    assert agent["agent_name"] == "architect"
    tools = json.loads(report(database, "tools", "--agent", "architect", "--json"))
    assert {tool["agent_name"] for tool in tools} == {"architect"}
    (of_agent,) = json.loads(
        report(database, "tools", "--by-agent", "--agent", "architect", "--json")
    )
    assert of_agent["uses"] == sum(tool["uses"] for tool in tools)
    hours = report(database, "hours", "--since", "50d", "--agent", "architect", "--json")
    assert sum(hour["invocations"] for hour in json.loads(hours)) == agent["invocations"]


def ids(sessions: list[dict[str, object]]) -> list[object]:
    return [session["session_id"] for session in sessions]


def test_sessions_by_state_agent_start_and_number(database: Path) -> None:
    everything = json.loads(report(database, "sessions", "--limit", "100000", "--json"))
    assert len(json.loads(report(database, "sessions", "--limit", "3", "--json"))) == 3
    since = json.loads(report(database, "sessions", "--since", "3d", "--limit", "9999", "--json"))
    assert ids(since) == ids(everything)[: len(since)]
    assert 0 < len(since) < len(everything)
    active = json.loads(report(database, "sessions", "--state", "active", "--json"))
    assert SESSION in ids(active)
    assert {one["state"] for one in active} == {"active"}
    of_agent = json.loads(report(database, "sessions", "--agent", LONG, "--json"))
    assert ids(of_agent) == [SESSION]


def test_hours_have_one_beginning_that_is_not_too_far_back(database: Path) -> None:
    for arguments in (["--hours", "3", "--since", "3h"], ["--since", "2000-01-01"]):
        assert run("report", "hours", *arguments, "--database", database).returncode == 2
    assert len(json.loads(report(database, "hours", "--since", "2h", "--json"))) == 3


# One session


def test_a_session_by_a_prefix_of_its_id(database: Path) -> None:
    done = run("report", "session", "deadbeef", "--database", database)
    assert done.returncode == 1
    assert "error: several sessions begin with 'deadbeef': deadbeef-1, deadbeef-x" in done.stderr
    timeline = json.loads(report(database, "session", "deadbeef-x", "--json"))
    assert timeline["session"]["session_id"] == SESSION
    invocations = 2 * (len(NAMES) - 1)
    assert len(timeline["runs"]) == timeline["session"]["invocations"] == invocations
    assert len(timeline["tool_uses"]) == len(NAMES)
    assert {run["state"] for run in timeline["runs"]} == {"running", "ended"}


def test_a_timeline_shows_who_ran_beside_whom(database: Path) -> None:
    lines = [line for line in report(database, "session", "deadbeef-x").splitlines() if "█" in line]
    runs = [line for line in lines if "started" in line or "failed" in line]
    assert len(runs) == 2 * (len(NAMES) - 1)
    assert len(lines) == len(runs) + len(NAMES)
    bars = [re.search(r" *[█▶]+ *$", line) for line in runs]
    begins = [bar.group().index("█") for bar in bars if bar]
    assert begins == sorted(begins)
    assert sum("▶" in line for line in runs) == len(NAMES) - 1


def test_the_latest_of_a_session(database: Path) -> None:
    timeline = json.loads(report(database, "session", "deadbeef-x", "--limit", "2", "--json"))
    assert (len(timeline["runs"]), len(timeline["tool_uses"])) == (2, 2)
    hidden = 2 * (len(NAMES) - 1) + len(NAMES) - 4
    assert f"and {hidden} before them" in report(database, "session", "deadbeef-x", "--limit", "2")
    rows = list(
        csv.DictReader(io.StringIO(report(database, "session", "deadbeef-x", "--format", "csv")))
    )
    assert [row["kind"] for row in rows].count("run") == 2 * (len(NAMES) - 1)
    assert rows[-1]["kind"] == "tool_use"
    assert report(database, "session", "deadbeef-x", "--format", "markdown").startswith("session ")


# Terminals


@pytest.mark.parametrize("columns", [60, 80, 132, 250])
@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "agents"),
        ("report", "hours"),
        ("report", "sessions"),
        ("report", "session", "deadbeef-x"),
        ("report", "tools"),
        ("report", "tools", "--by-agent"),
        ("report", "agents", "--format", "csv", "--limit", "3"),
        ("collect",),
    ],
    ids=" ".join,
)
def test_nothing_breaks_a_terminal(
    database: Path, arguments: tuple[str, ...], columns: int
) -> None:
    status, shown = on_terminal(database, *arguments, columns=columns)
    assert status == 0, shown
    categories = {unicodedata.category(character) for character in shown.replace("\n", "")}
    assert not categories & {"Cc", "Cf", "Cs"}
    if "csv" not in arguments:
        assert max(cell_len(line.rstrip()) for line in shown.splitlines()) <= columns
    if arguments[0] == "report":
        # A heading is whole: a column that has no room is left out.
        assert "…" not in next((line for line in shown.splitlines() if " runs" in line), "")


def test_watch_is_live_until_it_is_stopped(database: Path) -> None:
    status, shown = on_terminal(
        database, "watch", "--interval", "0.1", columns=100, lines=80, stop_after=3
    )
    assert status == 0, shown
    assert shown.count("runs an hour") >= 3
    assert "[bold]markup[/bold]" in shown


@pytest.mark.parametrize("lines", [5, 12, 24, 80])
def test_a_live_screen_fits_the_terminal(database: Path, lines: int) -> None:
    from rich.console import Console

    from aggregates import Store
    from aggregates.render.collections import screen

    out = Console(width=70, height=lines, markup=False, file=io.StringIO())
    with Store(database) as store:
        shown = out.render_lines(screen(out, store.collect()))
    assert len(shown) <= max(lines, 6)


def test_watch_prints_once_where_there_is_no_terminal(database: Path) -> None:
    done = run("watch", "--database", database)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("runs an hour") == 1
    assert run("watch", "--database", database.with_name("none.db")).returncode == 10


def test_changes_of_a_key_that_is_kept_as_an_integer(migrated_database: MakeDatabase) -> None:
    """As a column without a type keeps it; in every table it is its decimal text."""
    with migrated_database("untyped") as path:
        with closing(connect(path)) as writer:
            for session, agent in ((5, 7), ("5", "7"), (6, 8)):
                writer.execute(
                    "INSERT INTO agent_invocations (session_id, agent_name) VALUES (?, ?)",
                    (session, agent),
                )
        for wanted in (("--session", "5"), ("--agent", "7")):
            done = run("changes", *wanted, "--json", "--database", path)
            assert [json.loads(line)["key"] for line in done.stdout.splitlines()] == [1, 2]


@pytest.mark.parametrize(("hours", "width"), [(24, 80), (2000, 80), (8784, 120), (49, 74)])
def test_hours_are_drawn_in_one_line(hours: int, width: int) -> None:
    counts = [number % 7 for number in range(hours)]
    points = [HourPoint("2026-10-01T09:00:00", count, 0, 0, 0, 0, 0, 0, 60) for count in counts]
    out = Console(width=width, file=io.StringIO())
    with out.capture() as captured:
        show_load(out, points, None)
    shown = captured.get()
    _, drawn, legend = shown.split("|")
    size = 1 if hours == 24 else int(legend.split(" in ")[1].split()[0])
    # The oldest hours may be fewer; every run is in one of the sums.
    sums = [sum(counts[max(0, end - size) : end]) for end in range(hours, 0, -size)]
    assert len(drawn) == len(sums)
    assert legend.endswith(f"at most {max(sums):,}\n")
    assert shown.count("\n") == 1
