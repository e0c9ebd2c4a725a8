"""The page: what it says, that nothing in a database becomes markup, and that it asks nobody."""

from __future__ import annotations

import re
import sqlite3
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import MakeDatabase, connect

from aggregates import Store
from aggregates.cli import main
from aggregates.faces.page import CONTENT_SECURITY_POLICY, page

NOW = datetime(2026, 10, 7, 12, 30, tzinfo=UTC)
EVIL = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "' onmouseover=alert(1) x='",
    "</title></style><h1>&amp;",
    "\u202eevil\u2066",
    "a\x1b[31mred\x07\nline\x00",
    "{0.__class__} %s {}",
    "x" * 300,
    "日本語" * 30,
    "مرحبا",
)
_VOID = {"meta", "link"}
_OURS = {"status", "button", "rect", "line", "path"}


class Read(HTMLParser):
    """What a page holds; every element but the void ones is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self._open[-1] if self._open else "", data))

    def text(self) -> str:
        """All that is shown, in one line."""
        shown = (text for tag, text in self.texts if tag not in ("style", "script"))
        return " ".join(" ".join(shown).split())

    def attributes(self, name: str) -> list[str]:
        """The values of one attribute."""
        return [found[name] for _, found in self.elements if name in found]


@pytest.fixture
def database(migrated_database: MakeDatabase) -> Iterator[Path]:
    with migrated_database("plain") as path:
        yield path


@pytest.fixture
def writer(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(database)) as connection:
        yield connection


def insert(
    writer: sqlite3.Connection,
    agent: str,
    start: str | None,
    end: str | None = None,
    status: str = "completed",
    session: str = "session-1",
    phase: str | None = None,
) -> None:
    writer.execute(
        "INSERT INTO agent_invocations (agent_name, start_time, end_time, status, session_id,"
        " phase, raw_output) VALUES (?, ?, ?, ?, ?, ?, '{\"totalTokens\": 1000 }')",
        (agent, start, end, status, session, phase),
    )


def begin(writer: sqlite3.Connection, session: str, start: str, end: str | None = None) -> None:
    status = "active" if end is None else "completed"
    writer.execute(
        "INSERT INTO sessions (session_id, start_time, end_time, status) VALUES (?, ?, ?, ?)",
        (session, start, end, status),
    )


def read(database: Path, **options: bool) -> Read:
    with Store(database, source_timezone="UTC") as store:
        return Read(page(store, now=NOW, **options))


def test_an_empty_database_has_a_page(database: Path) -> None:
    found = read(database)
    said = found.text()
    assert "no run yet" in said
    assert "no session yet" in said
    assert "no use of a tool yet" in said
    assert "all is as it should be" in said
    assert "last proof none yet" in said
    assert "Running now" not in said


def test_one_run(database: Path, writer: sqlite3.Connection) -> None:
    begin(writer, "session-1", "2026-10-07T11:59:00", "2026-10-07T12:02:00")
    insert(writer, "architect", "2026-10-07T12:00:00", "2026-10-07T12:01:30")
    found = read(database)
    said = found.text()
    assert "runs 1 running now 0 success 100.0% tokens 1,000 active sessions 0 of 1" in said
    assert re.search(r"architect 1 100\.0% 0 0 .* 1,000 2026-10-07 12:00", said)
    assert "2026-10-07 1 1 0 1,000" in said  # by day
    assert "started 2026-10-07 11:59:00; lasted 3 min 00 s; 1 run of 1 agent" in said
    labels = found.attributes("aria-label")
    assert (
        "Runs by the hour of their start: 1 in all, 0 of them failed, at most 1 in an hour"
    ) in labels
    assert "1 run in the last seven days" in labels
    assert (
        "Timeline of 1 run from 2026-10-07 12:00:00 to 2026-10-07 12:01:30, at most 1 at once"
    ) in labels


def test_a_session_that_only_its_runs_tell_of(database: Path, writer: sqlite3.Connection) -> None:
    insert(writer, "architect", "2026-10-07T12:00:00", "2026-10-07T12:01:30", session="bare")
    begin(writer, "earlier", "2026-10-07T11:00:00", "2026-10-07T11:10:00")
    said = read(database).text()
    told = "bare unknown started 2026-10-07 12:00:00; 1 run of 1 agent; success 100.0%"
    assert said.index(told) < said.index("earlier ended started 2026-10-07 11:00:00; lasted 10 min")


def test_what_runs_and_a_session_with_runs_side_by_side(
    database: Path, writer: sqlite3.Connection
) -> None:
    begin(writer, "session-1", "2026-10-07T12:00:00")
    insert(writer, "architect", "2026-10-07T12:10:00", status="started", phase="plan")
    insert(writer, "reviewer", "2026-10-07T12:11:00", "2026-10-07T12:20:00", "failed")
    insert(writer, "tester", "2026-10-07T12:20:00", "2026-10-07T12:22:00")
    found = read(database)
    said = found.text()
    assert "architect 20 min 00 s plan 2026-10-07 12:10:00 session-1" in said
    assert "▶ architect" in said
    assert "✕ reviewer" in said
    assert "active sessions 1 of 1" in said
    assert "at most 2 at once" in said
    (label,) = [one for one in found.attributes("aria-label") if one.startswith("Timeline")]
    assert label.endswith("to 2026-10-07 12:30:00, at most 2 at once")


def test_runs_of_the_last_seven_days_only_are_drawn(
    database: Path, writer: sqlite3.Connection
) -> None:
    for days in (0, 3, 6, 8, 400):
        moment = (NOW - timedelta(days=days, minutes=1)).replace(tzinfo=None)
        insert(writer, "architect", moment.isoformat(), status="failed")
    labels = read(database).attributes("aria-label")
    assert "3 runs in the last seven days" in labels
    assert any("3 in all, 3 of them failed" in one for one in labels)


def test_a_long_session_is_cut(database: Path, writer: sqlite3.Connection) -> None:
    begin(writer, "session-1", "2026-10-07T11:00:00")
    for minute in range(60):
        start = f"2026-10-07T11:{minute:02}:00"
        insert(writer, f"agent-{minute}", start, start)
    found = read(database)
    assert "60 runs of 60 agents; success 100.0%; 50 of them drawn" in found.text()
    drawn = [one for one in found.attributes("aria-label") if one.startswith("Timeline")]
    assert [one.split(" from ")[0] for one in drawn] == ["Timeline of 50 runs"]
    assert drawn[0].startswith("Timeline of 50 runs from 2026-10-07 11:10:00")


def test_the_state_of_the_store(database: Path, writer: sqlite3.Connection) -> None:
    insert(writer, "architect", "noon<")
    writer.execute("UPDATE agent_stats SET invocations = invocations + 1")
    with Store(database) as store:
        store.verify()
    said = read(database).text()
    assert re.search(r"last proof verify at \S+ \S+ UTC: 1 drift ", said)
    assert "whole proved never" in said
    assert "as of the last round of `aggregates run`" in said
    assert re.search(r"Agents at work agent_workflow\.db Pause [1-9]\d* drifts? found as of", said)
    assert "agent_invocations: 1 row has a start or an end that is no time, such as 'noon<'" in (
        said
    )
    writer.execute("DROP TRIGGER " + _a_trigger(writer))
    said = read(database).text()
    assert "not as it should be" in said
    assert "What to do, in this order: aggregates migrate --reinstall" in said


def _a_trigger(writer: sqlite3.Connection) -> str:
    (name,) = writer.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'agent_invocations'"
    ).fetchone()
    return str(name)


def evil_everywhere(writer: sqlite3.Connection) -> None:
    """Names that are hard to show, wherever a page shows one."""
    for number, name in enumerate(EVIL):
        begin(writer, f"{name}{number}", "2026-10-07T12:00:00")
        for status in ("completed", name):
            insert(writer, name, "2026-10-07T12:10:00", None, status, f"{name}{number}", name)
        insert(writer, name, name)
        writer.execute(
            "INSERT INTO agent_tool_uses (session_id, agent_name, tool_name, start_time, status)"
            " VALUES (?, ?, ?, '2026-10-07T12:10:00', ?)",
            (f"{name}{number}", name, name, name),
        )


def test_nothing_in_the_database_becomes_markup(database: Path, writer: sqlite3.Connection) -> None:
    tags = set(dict(read(database).elements))
    insert(writer, "plain", "2026-10-07T12:10:00", status="started")
    begin(writer, "plain", "2026-10-07T12:00:00")
    insert(writer, "plain", "2026-10-07T12:10:00", "2026-10-07T12:11:00", session="plain")
    with Store(database) as store:
        store.verify()
    tags |= set(dict(read(database).elements))
    evil_everywhere(writer)
    found = read(database)
    assert {tag for tag, _ in found.elements} <= tags | {"ol", "li", "pre"}
    names = {name for _, attributes in found.elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name == "style"]
    said = found.text()
    assert "<script>alert(1)</script>" in said
    assert "\\u202eevil\\u2066" in said
    assert "{0.__class__} %s {}" in said
    with Store(database, source_timezone="UTC") as store:
        text = page(store, now=NOW)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]", text)
    assert "x" * 300 in found.attributes("title")
    assert text.encode()  # no half of a character


def test_ids_and_keys_stand_once(database: Path, writer: sqlite3.Connection) -> None:
    evil_everywhere(writer)
    with Store(database) as store:
        store.verify()
    found = read(database)
    for name in ("id", "data-key"):
        assert [one for one, count in Counter(found.attributes(name)).items() if count > 1] == []
    ids = {f"#{one}" for one in found.attributes("id")}
    assert {one for one in found.attributes("href") if one.startswith("#")} <= ids


@pytest.mark.parametrize("refresh", [True, False])
def test_the_page_asks_no_other_host(
    database: Path, writer: sqlite3.Connection, refresh: bool
) -> None:
    evil_everywhere(writer)
    found = read(database, refresh=refresh)
    links = found.attributes("href") + found.attributes("src")
    assert all(link.startswith(("#", "data:")) for link in links)
    styles = "".join(text for tag, text in found.texts if tag in ("style", "script"))
    assert not re.search(r"url\(|@import|https?:|//\w", styles)


def test_a_page_that_stays_as_it_is_has_no_script(database: Path) -> None:
    tags = [tag for tag, _ in read(database, refresh=False).elements]
    assert "script" not in tags
    assert "button" not in tags
    assert [tag for tag, _ in read(database).elements].count("script") == 1


def test_the_policy_allows_just_what_is_in_the_page(database: Path) -> None:
    found = read(database)
    for tag in ("style", "script"):
        (text,) = (text for of, text in found.texts if of == tag)
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none';")
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    (policy,) = [one["content"] for tag, one in found.elements if "http-equiv" in one]
    assert f"{policy}; frame-ancestors 'none'" == CONTENT_SECURITY_POLICY


def test_every_table_and_drawing_says_what_it_is(
    database: Path, writer: sqlite3.Connection
) -> None:
    evil_everywhere(writer)
    found = read(database)
    counts = Counter(tag for tag, _ in found.elements)
    assert counts["table"] == counts["caption"] > 3
    assert all(one.get("scope") in ("col", "row") for tag, one in found.elements if tag == "th")
    for tag, attributes in found.elements:
        if tag == "svg" and attributes.get("role") == "img":
            assert attributes["aria-label"]
    assert counts["main"] == counts["h1"] == 1


def test_text_has_contrast() -> None:
    """4.5 to 1 at least, as WCAG asks, in light and in dark."""
    style = (Path(page.__code__.co_filename).parent / "page.css").read_text("utf-8")
    for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL):
        colours = dict(re.findall(r"--(\w+): #(\w{6});", block))
        assert len(colours) == 11
        for text in ("ink", "faint", "link", "running", "failed"):
            for paper in ("paper", "card"):
                assert contrast(colours[text], colours[paper]) >= 4.5, (text, paper)
        for bar in ("ok", "running", "failed", "open"):
            assert contrast(colours["on"], colours[bar]) >= 4.5, bar
            assert contrast(colours[bar], colours["card"]) >= 3, bar


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
        return sum(x * y for x, y in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))

    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def test_the_page_does_not_say_where_the_file_lies(database: Path) -> None:
    with Store(f"sqlite:///{database}") as store:
        text = page(store)
    assert database.name in text
    assert str(database.parent) not in text


def test_the_report(database: Path, writer: sqlite3.Connection, tmp_path: Path) -> None:
    insert(writer, "architect", "2026-10-07T12:00:00", "2026-10-07T12:01:30")
    file = tmp_path / "page.html"

    def report(to: str, of: Path) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["report", "html", to, "--database", str(of)])
        return done.exit_code, done.stdout

    assert report(str(file), database) == (0, "")
    found = Read(file.read_text("utf-8"))
    assert "architect" in found.text()
    assert "script" not in dict(found.elements)
    status, text = report("-", database)
    assert status == 0
    assert text.startswith("<!doctype html>")
    assert "architect" in Read(text).text()
    other = tmp_path / "other.html"
    assert report(str(other), tmp_path / "nothing.db")[0] == 10
    assert not other.exists()
    assert report(str(tmp_path / "nowhere" / "page.html"), database)[0] == 1
