"""Definitions of an application's own, one of each kind, and what they come to, in Python."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from oracle import any_text, canonical, dimension, duration_ms, is_invocation, number_after
from oracle import parse_time as parsed

from aggregates.own import (
    agent_invocations,
    agent_tool_uses,
    aggregate,
    bucket,
    count,
    day,
    decimal,
    distinct,
    extend,
    highest,
    hour,
    integer,
    json,
    lowest,
    sessions,
    text,
    time,
    total,
    unreadable,
    week,
)

runs = extend(
    agent_invocations,
    ticket=text("ticket_id"),
    ticket_number=integer("ticket_id"),
    seconds=decimal("duration_seconds", 3),
    cents=decimal(json("raw_output", "totalTokens"), 2),
    word=text(json("raw_output", "totalToolUseCount")),
    written=time("timestamp"),
)
places = extend(sessions, cwd=text("cwd"), ended=time("end_time"))
uses = extend(agent_tool_uses, number=integer("sequence_number"))
_is_run = agent_invocations.fact("is_invocation")

definitions = [
    aggregate(
        "ticket_cost",
        runs,
        "cost of each ticket",
        by={"ticket_id": "ticket"},
        measures={
            "runs": count(),
            "failed": count(where=runs.fact("failed") == 1),
            "cents": total("cents"),
            "seconds": total("seconds"),
            "odd_seconds": unreadable("seconds"),
            "odd_cents": unreadable("cents"),
            "not_written": unreadable("written"),
            "words": distinct("word"),
            "least_cents": lowest("cents"),
            "last_written": highest("written"),
        },
        where=runs.fact("is_invocation"),
    ),
    aggregate(
        "ticket_seconds",
        runs,
        "how long runs took, by week and by ticket's number",
        by={
            "ticket": "ticket_number",
            "week": week("written"),
            "le_ms": bucket("seconds", 0, 500, 1000, 86_400_000),
        },
        measures={"runs": count(), "numbers": total("ticket_number")},
    ),
    aggregate(
        "model_days",
        agent_invocations,
        "tokens by model and day",
        by={"model": "model_name", "day": day("start")},
        measures={
            "runs": count(),
            "tokens": total("token_count"),
            "agents": distinct("agent"),
            "statuses": distinct("status_name"),
            "longest_ms": highest("duration_ms"),
            "first_start": lowest("start"),
        },
        where=_is_run,
    ),
    aggregate(
        "failures",
        agent_invocations,
        "runs that failed, by hour",
        by={"hour": hour("start"), "agent": "agent"},
        measures={"runs": count()},
        where=agent_invocations.fact("failed") == 1,
    ),
    aggregate(
        "folders",
        places,
        "sessions by folder",
        by={"cwd": "cwd"},
        measures={"sessions": count(), "last_end": highest("ended")},
    ),
    aggregate(
        "tool_numbers",
        uses,
        "uses of tools by their number",
        by={"tool": "tool"},
        measures={"uses": count(), "numbers": total("number")},
    ),
]

Row = dict[str, Any]
Table = dict[tuple[Any, ...], tuple[Any, ...]]

_LITERAL = re.compile(r' *(?:"([^"]*)"|([0-9+\-.eE]+)(?=[\],} \n\r]))')


def units(value: object, places: int) -> int | None:
    """A number in units of 10^-places."""
    most = 10**12 // 10**places
    if isinstance(value, str):
        match = re.fullmatch(r"(-?)(\d*)\.?(\d*)", value, re.ASCII)
        small = re.fullmatch(r"(-?)(\d)\.?(\d*)[eE]-(\d+)", value, re.ASCII)
        if match is None and (match := small):
            sign, digit, rest, power = match.groups()
            whole, fraction = "", "0" * (int(power) - 1) + digit + rest
        elif match is not None:
            sign, whole, fraction = match.groups()
        if match is None or not whole + fraction or len(whole) > 12 - places or len(value) > 63:
            return None
        exact = Decimal(f"{whole or 0}.{fraction or 0}").scaleb(places)
        return int(exact.quantize(Decimal(1), ROUND_HALF_UP)) * (-1 if sign else 1)
    if not isinstance(value, int | float) or not -most <= value <= most:
        return None
    if isinstance(value, int):
        return value * 10**places
    return int(value * 10**places + (-0.5 if value < 0 else 0.5))


def literal(key: str, value: object) -> str | None:
    """The string or the number after a key."""
    if not isinstance(value, str):
        return None
    _, found, rest = value.partition(f'"{key}":')
    match = _LITERAL.match(rest) if found and "\0" not in rest[:1] else None
    if match is None or {"\\", "\0"} & set(match[1] or ""):
        return None
    return match[1] if match[1] is not None else match[2]


def _text(value: object) -> str | None:
    time = parsed(value)
    return canonical(time[0]) if time else None


def _week(value: object) -> str:
    if (time := parsed(value)) is None:
        return ""
    day = datetime(time[0].year, time[0].month, time[0].day)
    try:
        return (day + timedelta(days=6 - day.weekday()) - timedelta(days=6)).isoformat()[:10]
    except OverflowError:
        return ""


def _le(value: int, *bounds: int) -> int:
    return next((bound for bound in bounds if value <= bound), 2**63 - 1)


def _grouped(
    rows: Iterable[Row], key: Callable[[Row], tuple[Any, ...]], *of: Callable[[list[Row]], Any]
) -> Table:
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return {name: tuple(one(some) for one in of) for name, some in found.items()}


def _sum(of: Callable[[Row], int | None]) -> Callable[[list[Row]], int]:
    return lambda rows: sum(of(row) or 0 for row in rows)


def _extreme(function: Any, of: Callable[[Row], Any]) -> Callable[[list[Row]], Any]:
    def best(rows: list[Row]) -> Any:
        return function((x for row in rows if (x := of(row)) is not None), default=None)

    return best


def _different(of: Callable[[Row], str]) -> Callable[[list[Row]], int]:
    return lambda rows: len({of(row) for row in rows} - {""})


def _rows(connection: sqlite3.Connection, table: str) -> list[Row]:
    with any_text(connection):
        cursor = connection.execute(f"SELECT * FROM {table}")
        names = [one[0] for one in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def right(connection: sqlite3.Connection) -> dict[str, Table]:
    """What each aggregate should hold."""
    rows = _rows(connection, "agent_invocations")
    real = [row for row in rows if is_invocation(row["event_type"], row["agent_name"])]

    def cents(row: Row) -> int | None:
        return units(literal("totalTokens", row["raw_output"]), 2)

    def seconds(row: Row) -> int | None:
        return units(row["duration_seconds"], 3)

    def is_failed(row: Row) -> bool:
        return row["status"] in ("failed", "error")

    def took(row: Row) -> int | None:
        return duration_ms(row["start_time"], row["end_time"], row["duration_seconds"])

    def start(row: Row) -> str:
        return _text(row["start_time"]) or ""

    return {
        "ticket_cost": _grouped(
            real,
            lambda row: (dimension(row["ticket_id"]),),
            len,
            _sum(is_failed),
            _sum(cents),
            _sum(seconds),
            _sum(lambda row: row["duration_seconds"] is not None and seconds(row) is None),
            _sum(
                lambda row: (
                    literal("totalTokens", row["raw_output"]) is not None and cents(row) is None
                )
            ),
            _sum(lambda row: row["timestamp"] is not None and _text(row["timestamp"]) is None),
            _different(lambda row: dimension(literal("totalToolUseCount", row["raw_output"]))),
            _extreme(min, cents),
            _extreme(max, lambda row: _text(row["timestamp"])),
        ),
        "ticket_seconds": _grouped(
            [row for row in rows if seconds(row) is not None],
            lambda row: (
                dimension(units(row["ticket_id"], 0)),
                _week(row["timestamp"]),
                _le(seconds(row) or 0, 0, 500, 1000, 86_400_000),
            ),
            len,
            _sum(lambda row: units(row["ticket_id"], 0)),
        ),
        "model_days": _grouped(
            real,
            lambda row: (dimension(row["model"]), start(row)[:10]),
            len,
            _sum(lambda row: number_after("totalTokens", row["raw_output"])),
            _different(lambda row: dimension(row["agent_name"])),
            _different(lambda row: dimension(row["status"])),
            _extreme(max, took),
            _extreme(min, lambda row: _text(row["start_time"])),
        ),
        "failures": _grouped(
            filter(is_failed, rows),
            lambda row: (start(row) and f"{start(row)[:13]}:00:00", dimension(row["agent_name"])),
            len,
        ),
        "folders": _grouped(
            _rows(connection, "sessions"),
            lambda row: (dimension(row["cwd"]),),
            len,
            _extreme(max, lambda row: _text(row["end_time"])),
        ),
        "tool_numbers": _grouped(
            _rows(connection, "agent_tool_uses"),
            lambda row: (dimension(row["tool_name"]),),
            len,
            _sum(lambda row: units(row["sequence_number"], 0)),
        ),
    }


def stored(connection: sqlite3.Connection) -> dict[str, Table]:
    """What each aggregate holds, but for keys without rows."""
    found = {}
    with any_text(connection):
        for one in definitions:
            keys = len(one.definitions[-1].key)
            rows = connection.execute(f"SELECT * FROM {one.name}").fetchall()
            found[one.name] = {row[:keys]: row[keys:] for row in rows if row[keys]}
    return found


def differences(connection: sqlite3.Connection) -> list[str]:
    """What is stored and is not right, and the other way round."""
    found, wanted = stored(connection), right(connection)
    return [
        f"{name} {key}: {found[name].get(key)}, right {wanted[name].get(key)}"
        for name in wanted
        for key in sorted(found[name].keys() | wanted[name].keys(), key=repr)
        if found[name].get(key) != wanted[name].get(key)
    ]
