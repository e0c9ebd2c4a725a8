"""Drawings: which run lies in which lane of a timeline, and how large bars are."""

from __future__ import annotations

import re
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregates.faces import charts
from aggregates.reader import HourPoint, TimelineRun
from aggregates.reader.timelines import beside


def run(
    start: str,
    duration_ms: int | None,
    *,
    status: str = "completed",
    state: Literal["running", "abandoned", "ended"] = "ended",
) -> TimelineRun:
    return TimelineRun(1, "agent", "", "", status, 0, 0, start, None, duration_ms, state, 0)


def at(second: int, milliseconds: int | None = 0, **values: Any) -> TimelineRun:
    start = f"2026-10-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000"
    return run(start, milliseconds, **values)


def numbers(*runs: TimelineRun) -> list[int]:
    return [lane.number for lane in charts.lanes(runs)]


def test_runs_one_after_the_other_share_a_lane() -> None:
    assert numbers(at(0, 10_000), at(10, 5_000), at(20, 1)) == [0, 0, 0]


def test_runs_side_by_side_lie_below_each_other() -> None:
    assert numbers(at(0, 10_000), at(9, 9_000), at(10, 1_000), at(11, 60_000)) == [0, 1, 0, 0]


def test_a_free_lane_is_taken_from_the_top() -> None:
    runs = [at(0, 10_000), at(1, 10_000), at(2, 60_000), at(30, 1_000), at(30, 1_000)]
    assert numbers(*runs) == [0, 1, 2, 0, 1]


def test_instants_at_one_time_are_side_by_side() -> None:
    assert numbers(at(0, 0), at(0, None), at(1, 0)) == [0, 1, 0]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20_000)), max_size=30))
def test_no_two_runs_of_a_lane_overlap(drawn: list[tuple[int, int]]) -> None:
    runs = [at(start, length) for start, length in sorted(drawn)]
    lanes: dict[int, list[tuple[int, int]]] = {}
    for lane, (start, length) in zip(charts.lanes(runs), sorted(drawn), strict=True):
        lanes.setdefault(lane.number, []).append((start * 1000, length))
    assert all(set(beside(of)) == {0} for of in lanes.values())
    open_at = [
        sum(start * 1000 <= moment < start * 1000 + max(length, 1) for start, length in drawn)
        for moment in (start * 1000 for start, _ in drawn)
    ]
    assert len(lanes) == max(open_at, default=0)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({}, "ok"),
        ({"status": "failed"}, "failed"),
        ({"status": "error"}, "failed"),
        ({"status": "started", "state": "running"}, "running"),
        ({"status": "started", "state": "abandoned"}, "open"),
        ({"milliseconds": None}, "open"),
    ],
)
def test_what_a_run_looks_like(values: dict[str, Any], kind: str) -> None:
    one = at(0, values.pop("milliseconds", 1000), **values)
    assert charts.outcome(one) == kind
    assert f'class="{kind}"' in charts.timeline([one])


def test_a_timeline_without_runs_is_nothing() -> None:
    assert charts.timeline([]) == ""


def test_places_along_the_axis() -> None:
    drawn = charts.timeline([at(0, 25_000), at(50, 50_000)])
    assert re.findall(r'<svg x="([\d.]+)%" y="(\d+)" width="([\d.]+)%"', drawn) == [
        ("0.00", "2", "25.00"),
        ("50.00", "2", "50.00"),
    ]


def test_a_run_at_the_very_end_is_seen() -> None:
    drawn = charts.timeline([at(0, 100_000), at(100, 0)])
    ((x, width),) = re.findall(r'<svg x="([\d.]+)%" y="2" width="([\d.]+)%"', drawn)[1:]
    assert float(x) + float(width) == 100
    assert float(width) > 0


def test_the_last_moment_there_is_can_be_drawn() -> None:
    assert charts.timeline([run("9999-12-31T23:59:59.999", 10_000_000)])
    assert charts.timeline([run("0001-01-01T00:00:00.000", 0), run("9999-12-31T23:59:59.999", 0)])


def hour(text: str, invocations: int, failed: int = 0) -> HourPoint:
    return HourPoint(text, invocations, invocations - failed, failed, 0, 0, 0, 0, 60)


def test_bars_are_as_high_as_their_counts() -> None:
    drawn = charts.load([hour("2026-10-01T22:00:00", 8, 2), hour("2026-10-01T23:00:00", 4)])
    assert re.findall(r'<rect class="(\w+)".*? height="([\d.]+)"', drawn) == [
        ("ok", "72.0"),
        ("failed", "24.0"),
        ("ok", "48.0"),
    ]
    assert "2026-10-01 22:00: 8 runs, 2 failed" in drawn


def test_a_day_begins_with_its_date() -> None:
    hours = [hour(f"2026-10-0{day}T{at:02}:00:00", 1) for day in (1, 2) for at in range(24)]
    assert re.findall(r'<text x="([\d.]+)%".*?>([^<]+)<', charts.load(hours)) == [
        ("50.00", "10-02")
    ]


@pytest.mark.parametrize("counts", [[], [0, 0], [-1, 0], [-3]])
def test_nothing_to_draw(counts: list[int]) -> None:
    hours = [hour(f"2026-10-01T0{at}:00:00", count) for at, count in enumerate(counts)]
    assert "<rect" not in charts.load(hours)
    assert 'd=""' in charts.sparkline(counts, "nothing")


def test_a_sparkline_shows_the_least_count_too() -> None:
    path = re.findall(r' d="([^"]*)"', charts.sparkline([1000, 0, 1], "three"))[0]
    assert path == "M0 20v-20h.8V20zM2 20v-1h.8V20z"
