"""The page in a browser: right figures, newer ones after a write, and names that are no markup."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import browser
import pytest
from conftest import connect
from history import Work, durations, grouped, invocations, nearest_rank, success_rate, tool_uses

from aggregates import Store
from aggregates.errors import AggregatesError
from aggregates.faces.page import CONTENT_SECURITY_POLICY, page
from aggregates.installing import upgrading
from aggregates.samples import write_sample

pytestmark = pytest.mark.skipif(browser.MISSING is not None, reason=str(browser.MISSING))

MARKUP = "<img src=x onerror=\"document.title='taken over'\">"
LONG = "x" * 300


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with browser.browser() as found:
        yield found


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "agent_workflow.db"
    write_sample(path, 3000, row_bytes=300)
    upgrading.upgrade(str(path))
    return path


@pytest.fixture
def address(database: Path) -> Iterator[str]:
    """Where the page is served as a server of ours would."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                with Store(database) as store:
                    body = page(store).encode()
            except AggregatesError:
                self.send_error(503)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *values: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def opened(driver: Any, address: str, **how: Any) -> None:
    complaints(driver)  # of what was open before
    browser.look(driver, **how)
    driver.get(address)


def complaints(driver: Any) -> list[str]:
    """What the console says since it was last asked: errors, and what a policy has blocked."""
    return [one["message"] for one in driver.get_log("browser") if one["level"] != "INFO"]


def table(driver: Any, caption: str) -> list[list[str]]:
    """The cells of the table that is called so, folded away or not."""
    rows: list[list[str]] = driver.execute_script(
        "return [...[...document.querySelectorAll('table')].find(one => one.caption.textContent"
        " === arguments[0]).tBodies[0].rows]"
        ".map(row => [...row.cells].map(cell => cell.textContent))",
        caption,
    )
    return rows


def tiles(driver: Any) -> dict[str, str]:
    found: list[list[str]] = driver.execute_script(
        "return [...document.querySelectorAll('.tiles > div')]"
        ".map(one => [one.children[0].textContent, one.children[1].textContent])"
    )
    return dict(map(tuple, found))  # type: ignore[arg-type]


def percentage(of: list[Work]) -> str:
    rate = success_rate(of)
    return "-" if rate is None else f"{rate:.1%}"


def seconds(text: str) -> float:
    """A duration as it is shown."""
    units = {"ms": 0.001, "s": 1, "min": 60, "h": 3600}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+) (\w+)", text))


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def refresh(driver: Any) -> None:
    """What a tab does that comes to the front again."""
    driver.execute_script("document.dispatchEvent(new Event('visibilitychange'))")


def test_the_figures_are_those_of_the_rows(driver: Any, address: str, database: Path) -> None:
    opened(driver, address)
    with closing(connect(database)) as connection:
        runs, uses = invocations(connection), tool_uses(connection)
        ((sessions,),) = connection.execute("SELECT count(*) FROM sessions").fetchall()
    shown = tiles(driver)
    assert shown["runs"] == f"{len(runs):,}"
    assert shown["success"] == percentage(runs)
    assert shown["tokens"] == f"{sum(run.tokens for run in runs):,}"
    assert shown["active sessions"].endswith(f" of {sessions:,}")
    assert shown["uses of tools"] == f"{len(uses):,}"

    by_agent = grouped(runs, lambda run: run.agent)
    found = {row[0]: row for row in table(driver, "Agents, most runs first")}
    assert found.keys() == by_agent.keys()
    for agent, of in by_agent.items():
        count, success, _, failed, _, p50, p95, tokens, last = found[agent][1:]
        assert (count, success) == (f"{len(of):,}", percentage(of))
        assert failed == f"{sum(run.failed for run in of):,}"
        assert tokens == f"{sum(run.tokens for run in of):,}"
        assert last == max(run.start for run in of)[:16].replace("T", " ")
        for percent, text in ((50, p50), (95, p95)):
            right = nearest_rank(durations(of), percent)
            assert right is not None
            assert abs(seconds(text) * 1000 - right) <= 0.02 * right + 501  # whole seconds

    now = datetime.now()
    since = f"{now - timedelta(hours=167):%Y-%m-%dT%H}"
    week = Counter(run.start[:13] for run in runs if run.start[:13] >= since)
    titles = driver.execute_script(
        "return [...document.querySelectorAll('.load title')].map(one => one.textContent)"
    )
    hours = dict(re.fullmatch(r"(.+):00: (\d+) runs?, \d+ failed", one).groups() for one in titles)  # type: ignore[union-attr]
    assert hours == {hour.replace("T", " "): str(count) for hour, count in week.items()}
    days = Counter(run.start[:10] for run in runs if run.start[:13] >= since)
    assert {row[0]: int(row[1]) for row in table(driver, "Runs of each day") if row[1] != "0"} == (
        days
    )

    for tool, agent, count, success, *_ in table(driver, "Tools of each agent, most uses first"):
        of = [use for use in uses if (use.agent, use.name) == (agent, tool)]
        assert (count, success) == (f"{len(of):,}", percentage(of))
    assert complaints(driver) == []


def test_a_write_is_seen_and_what_was_opened_stays_open(
    driver: Any, address: str, database: Path
) -> None:
    opened(driver, address)
    driver.execute_script(
        "document.querySelector('main details').open = true;"
        "document.querySelector('main details summary').focus()"
    )
    before = int(tiles(driver)["runs"].replace(",", ""))
    with closing(connect(database)) as writer:
        writer.execute(
            "INSERT INTO agent_invocations (agent_name, start_time, status) VALUES (?, ?, ?)",
            (MARKUP, datetime.now().isoformat(), "started"),
        )
    refresh(driver)
    eventually(lambda: tiles(driver)["runs"] == f"{before + 1:,}")
    assert MARKUP in {row[0] for row in table(driver, "Runs under way, oldest first")}
    assert driver.execute_script(
        "return document.querySelectorAll('main').length === 1"
        " && document.querySelector('main details').open"
        " && document.activeElement === document.querySelector('main details summary')"
    )

    driver.execute_script("document.querySelector('#refresh button').click()")
    with closing(connect(database)) as writer:
        writer.execute("DELETE FROM agent_invocations WHERE agent_name = ?", (MARKUP,))
    refresh(driver)
    time.sleep(0.5)
    assert tiles(driver)["runs"] == f"{before + 1:,}", "it was paused"
    driver.execute_script("document.querySelector('#refresh button').click()")
    eventually(lambda: tiles(driver)["runs"] == f"{before:,}")


def test_a_server_that_is_gone_is_said_so(driver: Any, address: str, database: Path) -> None:
    opened(driver, address)
    shown = tiles(driver)
    hidden = database.rename(database.with_suffix(".away"))
    refresh(driver)
    status = "return document.querySelector('#refresh [role=status]').textContent"
    eventually(lambda: "Not refreshed since" in driver.execute_script(status))
    assert tiles(driver) == shown
    hidden.rename(database)
    refresh(driver)
    eventually(lambda: driver.execute_script(status) == "")


@pytest.mark.parametrize("width", [1200, 390])
def test_names_are_no_markup_and_no_page_is_wider_than_its_window(
    driver: Any, address: str, database: Path, width: int
) -> None:
    now = datetime.now()
    with closing(connect(database)) as writer:
        for name in (MARKUP, LONG, "\u202eevil", "<b>", "a b " * 75):
            writer.execute(
                "INSERT INTO sessions (session_id, start_time, status) VALUES (?, ?, 'active')",
                (name, now.isoformat()),
            )
            writer.execute(
                "INSERT INTO agent_invocations (agent_name, session_id, phase, status, start_time)"
                " VALUES (?, ?, ?, ?, ?)",
                (name, name, name, name, now.isoformat()),
            )
            writer.execute(
                "INSERT INTO agent_tool_uses (agent_name, session_id, tool_name, start_time)"
                " VALUES (?, ?, ?, ?)",
                (name, name, name, now.isoformat()),
            )
    opened(driver, address, width=width)
    agents = {row[0] for row in table(driver, "Agents, most runs first")}
    assert {MARKUP, "x" * 59 + "…", "\\u202eevil", "<b>"} <= agents
    assert driver.title == "agent_workflow.db: agents at work"
    assert driver.execute_script("return document.querySelectorAll('img, b').length") == 0
    assert driver.execute_script("return document.documentElement.scrollWidth") == width
    driver.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert driver.execute_script("return document.documentElement.scrollWidth") == width
    assert complaints(driver) == []


def test_dark_and_light(driver: Any, address: str) -> None:
    papers = set()
    for scheme in ("light", "dark"):
        opened(driver, address, scheme=scheme)
        papers.add(driver.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert papers == {"rgb(245, 246, 248)", "rgb(15, 19, 23)"}


def test_without_scripts_the_figures_are_there(driver: Any, database: Path, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    with Store(database) as store:
        file.write_text(page(store, refresh=False), encoding="utf-8")
    opened(driver, file.as_uri())
    assert int(tiles(driver)["runs"].replace(",", "")) > 0
    assert driver.execute_script("return document.getElementById('refresh')") is None
    assert driver.execute_script("return document.querySelector('.timeline').clientWidth") > 500
    assert complaints(driver) == []
