"""Tables as DataFrames: their types, what is missing, and names that are not ours."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import MakeDatabase, connect

from aggregates import Store
from aggregates.errors import AggregatesError
from aggregates.model.catalogue import catalogue
from aggregates.model.dictionary import dictionary

SOURCES = {source.name for source in catalogue.sources}
TABLES = sorted({name for name, _, _ in dictionary(catalogue)} - SOURCES)


@pytest.fixture
def store(migrated_database: MakeDatabase) -> Iterator[Store]:
    with migrated_database("plain") as path, Store(path) as store:
        yield store


@pytest.fixture
def filled(store: Store) -> Store:
    rows = [
        ("architect", "2026-10-01T09:57:33.551", "2026-10-01T09:58:00", "completed"),
        ("architect", "0001-01-01T00:00:00", None, "started"),
        ("reviewer", "9999-12-31T23:59:59.999", None, None),
        ("reviewer", "noon", None, "failed"),
    ]
    with closing(connect(Path(store.database))) as writer:
        writer.executemany(
            "INSERT INTO agent_invocations (agent_name, start_time, end_time, status, session_id)"
            " VALUES (?, ?, ?, ?, 's')",
            rows,
        )
        writer.execute("UPDATE agent_invocations SET status = 'completed' WHERE id = 3")
    return store


@pytest.mark.parametrize("name", ["agent_hour", "agent_invocations", "", "x; DROP TABLE sessions"])
def test_a_name_that_is_not_ours(store: Store, name: str) -> None:
    with pytest.raises(AggregatesError, match="is no table or view of the aggregates: "):
        store.to_pandas(name)


def test_a_name_that_is_nearly_ours(store: Store) -> None:
    with pytest.raises(AggregatesError, match="did you mean agent_hourly"):
        store.to_pandas("agent_hour")


def test_without_pandas(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(AggregatesError, match=r"pip install 'agent-aggregates\[pandas\]'"):
        store.to_pandas("agent_hourly")


class TestWithPandas:
    """Needs the extra."""

    @pytest.fixture(autouse=True)
    def _pandas(self) -> None:
        pytest.importorskip(
            "pandas", reason="pandas is not installed: `pip install -e '.[pandas]'`"
        )

    @pytest.mark.parametrize("name", TABLES)
    def test_every_table_and_view(self, filled: Store, name: str) -> None:
        with closing(connect(Path(filled.database))) as reader:
            cursor = reader.execute(f"SELECT * FROM {name}")
            rows, columns = cursor.fetchall(), [one[0] for one in cursor.description]
        found = filled.to_pandas(name)
        assert list(found.columns) == columns
        assert len(found) == len(rows)
        assert found.index.tolist() == list(range(len(rows)))
        for at, column in enumerate(columns):
            stored = [row[at] for row in rows]
            if found[column].dtype.kind == "M":
                known = [value for value in stored if value]
                assert found[column].notna().sum() == len(known)
                shown = found[column].dropna().astype("str").tolist()
                assert [one[:10] for one in shown] == [one[:10] for one in known]
            else:
                shown = found[column].astype("object")
                assert shown.where(found[column].notna(), None).tolist() == stored

    @pytest.mark.parametrize("name", TABLES)
    def test_times_are_times_in_an_empty_table_too(self, store: Store, name: str) -> None:
        found = store.to_pandas(name)
        times = {"hour", "day", "start_time", "first_start", "last_start", "last_end"}
        utc = {"updated_at", "saved_at", "started_at", "last_timestamp"}
        for column in found.columns:
            expected = "datetime64[ms]" * (column in times) + "datetime64[ms, UTC]" * (
                column in utc
            )
            assert not expected or str(found[column].dtype) == expected

    def test_hours(self, filled: Store) -> None:
        found = filled.to_pandas("agent_hourly")
        hours = sorted(found["hour"].dropna().tolist())
        assert [one.isoformat() for one in hours] == [
            "0001-01-01T00:00:00",
            "2026-10-01T09:00:00",
            "9999-12-31T23:00:00",
        ]
        (unknown,) = found[found["hour"].isna()]["agent_name"]
        assert unknown == "reviewer"
        assert found["duration_ms_sum"].sum() == 26_449

    def test_integers_with_gaps_stay_integers(self, filled: Store) -> None:
        found = filled.to_pandas("agent_invocation_changes")
        assert str(found["seq"].dtype) == "int64"
        assert str(found["old_tokens"].dtype) == "Int64"
        assert found["new_start_time"].tolist()[-2] == "noon"

    def test_what_changed_last_is_a_moment(self, filled: Store) -> None:
        (changed,) = filled.to_pandas("agent_activity").query("agent_name == 'architect'")[
            "updated_at"
        ]
        assert abs((datetime.now(UTC) - changed).total_seconds()) < 600
