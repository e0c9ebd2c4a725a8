"""What SQLite makes of each named construct."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import column, func, literal

from aggregates.engines.sqlite.compiler import SQLite
from aggregates.engines.sqlite.constructs import literal_after
from aggregates.model import constructs
from aggregates.model.definition import rendered


def value(expression: Any, *arguments: object) -> object:
    """What SQLite makes of an expression over `a` and `b`."""
    sql = SQLite().render(expression, {"a": "a", "b": "b"})
    names = ", ".join(f"? AS {name}" for name, _ in zip("ab", arguments, strict=False))
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE duration_bounds (le_ms INTEGER PRIMARY KEY)")
        connection.executemany(
            "INSERT INTO duration_bounds VALUES (?)", [(10,), (20,), (2**63 - 1,)]
        )
        (found,) = connection.execute(f"SELECT {sql} FROM (SELECT {names})", arguments).fetchone()
    return found


A, B = column("a"), column("b")


@pytest.mark.parametrize(
    ("given", "key"),
    [("x", "x"), ("", ""), (None, ""), (7, "7"), (7.5, ""), (b"x", ""), ("x\0y", ""), ("é", "é")],
)
def test_key_text(given: object, key: str) -> None:
    assert value(constructs.key_text(A), given) == key


@pytest.mark.parametrize(
    ("given", "is_name"),
    [("x", 1), ("", 0), ("unknown", 0), ("Unknown", 1), (None, 0), (7, 0), (b"x", 0)],
)
def test_is_name(given: object, is_name: int) -> None:
    assert value(constructs.is_name(A), given) == is_name


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("2026-10-01T09:57:33.551515", "2026-10-01T09:57:33.551"),
        ("2026-10-01 09:57", "2026-10-01T09:57:00.000"),
        ("2026-10-01T09:57:33.5", "2026-10-01T09:57:33.500"),
        ("2026-10-01T09:57:33Z", "2026-10-01T09:57:33.000"),
        ("2026-10-01T00:30:00.999999+02:00", "2026-09-30T22:30:00.999"),
        ("2024-02-29T00:00", "2024-02-29T00:00:00.000"),
        *((wrong, None) for wrong in ("2026-02-29T00:00", "2026-10-01T24:00", "2026-10-01", "now")),
        *((wrong, None) for wrong in (None, 7, 2460000.5, b"2026-10-01T09:57", "")),
        ("2026-10-01t09:57:33,5z", "2026-10-01T09:57:33.500"),
        ("2026-10-01T09:57:33+0530", "2026-10-01T04:27:33.000"),
        ("2026-10-01T09:57:33-05", "2026-10-01T14:57:33.000"),
        ("\t 2026-10-01T09:57:33\r\n", "2026-10-01T09:57:33.000"),
        ("2026-10-01T09:57:33.", None),
        ("2026-10-01T09:57:33 Z", None),
        ("2026-10-01T09:57:33\0", None),
        ("2026-10-01T09:57:33+24", None),
        ("0000-01-01T00:00", None),
    ],
)
def test_canonical_time(given: object, canonical: str | None) -> None:
    assert value(constructs.canonical_time(A), given) == canonical


@pytest.mark.parametrize(
    ("start", "end", "milliseconds"),
    [
        ("2026-10-01T09:57:33.551", "2026-10-01T09:57:33.552", 1),
        ("2026-12-31T23:59:59.999", "2027-01-01T00:00:00.000", 1),
        ("2026-10-01T09:57:33.000", "2026-10-01T09:57:32.999", -1),
        (None, "2026-10-01T09:57:32.999", None),
    ],
)
def test_elapsed_ms(start: str | None, end: str, milliseconds: int | None) -> None:
    assert value(constructs.elapsed_ms(A, B), start, end) == milliseconds


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [(1, 1000), (0.0005, 1), (0.0004, 0), (0, 0), (-0.1, None), (float("inf"), None), ("1", None)],
)
def test_seconds_to_ms(seconds: object, milliseconds: int | None) -> None:
    assert value(constructs.seconds_to_ms(A), seconds) == milliseconds


@pytest.mark.parametrize(
    ("duration", "bound"), [(0, 10), (10, 10), (11, 20), (21, 2**63 - 1), (None, None)]
)
def test_lowest_bound(duration: int | None, bound: int | None) -> None:
    assert value(constructs.lowest_bound(A), duration) == bound


def test_hours_and_days() -> None:
    time = "2026-10-01T09:57:33.551"
    assert value(constructs.hour_of(A), time) == "2026-10-01T09:00:00"
    assert value(constructs.day_of(A), time) == "2026-10-01"
    assert value(constructs.hour_of(A), None) == ""
    assert value(constructs.day_of(A), None) == ""


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2026-10-01T09:57:33", "2026-10-01 09:58", 1),
        ("2026-10-01T09:57Z", "2026-10-01T09:57+02:00", 1),
        ("2026-10-01T09:57 ", "2026-10-01T09:57z", 0),
        ("2026-10-01T09:57-0530", "2026-10-01t09:57:33.5", 0),
    ],
)
def test_same_clock(one: str, other: str, is_same: int) -> None:
    assert value(constructs.same_clock(A, B), one, other) == is_same


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [(5, 7, 5), (0, None, 0), (10, 7, 10), (11, 7, 7), (-1, 7, 7), (None, 7, 7), (11, 12, None)],
)
def test_first_within(one: int | None, other: int | None, found: int | None) -> None:
    assert value(constructs.first_within(10, A, B), one, other) == found


@pytest.mark.parametrize(
    ("given", "cents"),
    [
        (1, 100),
        (-3, -300),
        (1.005, 100),  # a real that is a little less
        (-1.5, -150),
        (0.004, 0),
        (10**10, 10**12),
        (10**10 + 1, None),
        ("12.345", 1235),
        ("-12.345", -1235),
        ("12", 1200),
        (".5", 50),
        ("1e-02", 1),
        ("4.9E-3", 0),
        ("5e-3", 1),
        ("1e2", None),
        ("9999999999.99", 999_999_999_999),
        ("10000000000", None),
        ("", None),
        ("1.2.3", None),
        ("- 1", None),
        ("1\0", None),
        (b"1", None),
        (float("inf"), None),
        (None, None),
    ],
)
def test_scaled(given: object, cents: int | None) -> None:
    found = value(constructs.scaled(A, literal(2)), given)
    assert found == cents
    assert isinstance(found, int | None)


@pytest.mark.parametrize(
    ("given", "monday"),
    [
        ("2026-10-01T09:57:33.551", "2026-09-28"),
        ("2026-09-28T00:00:00.000", "2026-09-28"),
        ("2026-10-04T23:59:59.999", "2026-09-28"),
        ("2026-10-05T00:00:00.000", "2026-10-05"),
        ("2027-01-01T00:00:00.000", "2026-12-28"),
        (None, ""),
    ],
)
def test_week_of(given: object, monday: str) -> None:
    assert value(constructs.week_of(A), given) == monday


@pytest.mark.parametrize(
    ("text", "literal_"),
    [
        ('{"k": "abc"}', "abc"),
        ('{"k":""}', ""),
        ('{"a":1,"k":12.5e-3}', "12.5e-3"),
        ('[{"k":   7 ]', "7"),
        ('{"k":1,"k":2}', "1"),
        ('{"k":"a\\"b"}', None),
        ('{"k":"unended', None),
        ('{"k":7', None),
        ('{"k":null}', None),
        ('{"k":[1]}', None),
        ('{"kk":1}', None),
        ("", None),
        (None, None),
        (b'{"k":1}', None),
    ],
)
def test_literal_after(text: object, literal_: str | None) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        found = connection.execute(f"SELECT {literal_after('x', 'k')} FROM (SELECT ? x)", (text,))
        assert found.fetchone() == (literal_,)


def test_a_construct_in_words_is_called_by_its_name() -> None:
    words = rendered(constructs.key_text(A), {"a": "ticket"}, constructs.InWords())
    assert words == "key_text(ticket)"
    parts = func.coalesce(constructs.day_of(A), "") == literal("x")
    words = rendered(parts, {"a": "start"}, constructs.InWords())
    assert words == "coalesce(beginning(start, 10, ''), '') = 'x'"
