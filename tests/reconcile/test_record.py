"""The record of proofs stays short, and never forgets what is decided by it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from conftest import MakeDatabase

from aggregates.engines import driver
from aggregates.proving.record import Proof, proofs, proved_at, record


@pytest.fixture
def connection(migrated_database: MakeDatabase) -> Iterator[sqlite3.Connection]:
    with (
        migrated_database("plain") as path,
        closing(sqlite3.connect(path, isolation_level=None)) as opened,
    ):
        yield opened


def moment(number: int) -> str:
    return f"2026-10-01T{number:09}Z"


def test_many_short_runs_do_not_hide_the_last_proof(connection: sqlite3.Connection) -> None:
    record(driver(connection), Proof("rebuild", moment(1), 1.0, 1, 0, True))
    record(driver(connection), Proof("reinstall", moment(2), 0.0, 0, 0, False))
    for number in range(3, 3000):
        record(driver(connection), Proof("verify", moment(number), 1.0, 1, 0, False))
    found = proofs(driver(connection), 10_000)
    assert len(found) == 102  # 100 short runs, the reinstall, the rebuild
    assert proved_at(found) is None  # nothing since the reinstall was whole
    assert {one.kind for one in found} == {"rebuild", "reinstall", "verify"}
    record(driver(connection), Proof("repair", moment(3000), 1.0, 1, 5, True))
    for number in range(3001, 6000):
        record(driver(connection), Proof("verify", moment(number), 1.0, 1, 0, False))
    assert proved_at(proofs(driver(connection), 1000)) == moment(3000)


def test_whole_proofs_go_in_the_end(connection: sqlite3.Connection) -> None:
    for number in range(2000):
        record(driver(connection), Proof("repair", moment(number), 1.0, 1, 0, True))
    found = proofs(driver(connection), 10_000)
    assert len(found) == 800
    assert [found[0].started_at, found[-1].started_at] == [moment(1999), moment(1200)]
