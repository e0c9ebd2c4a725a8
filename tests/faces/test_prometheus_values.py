"""Each exported metric, value by value, against the rows; and both formats of the text."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import MakeDatabase, connect
from metrics_truth import Truth, truth
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from aggregates import Store, samples
from aggregates.engines import driver
from aggregates.faces.prometheus import exposition
from aggregates.faces.prometheus.collector import Scrape, as_metric
from aggregates.faces.prometheus.families import BY_NAME, FAMILIES
from aggregates.installing import upgrading
from aggregates.model.catalogue import catalogue
from aggregates.prometheus import Collector
from aggregates.sessions import Deriver

REAL_DATA = Path(__file__).parents[3] / "shared" / "data" / "agent_workflow.db"


def derive(path: Path) -> None:
    """What `run` keeps of sessions."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert Deriver(driver(connection), catalogue.bounds).round(1000).is_complete


@pytest.fixture(scope="module", params=["real", "sample"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("metrics") / "agent_workflow.db"
    if request.param == "sample":
        samples.write_sample(path, 2000, days=40, seed=3, row_bytes=300)
    elif REAL_DATA.is_file():
        shutil.copyfile(REAL_DATA, path)
    else:
        pytest.skip("the real data is not here; the sample stands in for it")
    upgrading.upgrade(str(path))
    with closing(connect(path)) as writer:
        writer.execute("UPDATE agent_invocations SET status = 'failed' WHERE id % 17 = 0")
        writer.execute("UPDATE agent_invocations SET phase = NULL WHERE id % 13 = 0")
        writer.execute("UPDATE agent_tool_uses SET tool_name = '' WHERE id % 29 = 0")
    derive(path)
    return path


@pytest.fixture(scope="module")
def store(path: Path) -> Iterator[Store]:
    with Store(path, source_timezone="UTC") as store:
        yield store


def samples_of(scrape: Scrape) -> Truth:
    """Values of a scrape by sample."""
    found: Truth = {}
    for family, series in scrape:
        for sample in as_metric(family, series).samples:
            key = frozenset(sample.labels.items())
            of = found.setdefault(sample.name, {})
            assert key not in of
            of[key] = float(sample.value)
    return found


def test_every_metric_means_what_the_rows_say(path: Path, store: Store) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    right = truth(path, now)
    found = samples_of(Collector(store).scrape())
    for name, series in right.items():
        assert series, name
        for labels, value in series.items():
            assert found[name][labels] == pytest.approx(value, rel=1e-9), (name, labels)
        if not name.startswith(("session_idle", "session_efficiency", "session_parallel")):
            assert found[name].keys() == series.keys(), name
    old = {family.name for family in FAMILIES if family.is_old}
    checked = {name.removesuffix("_count") for name in right} | right.keys()
    assert old - checked == {"agent_workflow_database_info", "exporter_memory_usage_mb"}


def test_the_path_of_the_database_is_told_nowhere(path: Path, store: Store) -> None:
    text = exposition.text(Collector(store).scrape(), openmetrics=False)
    assert 'path="agent_workflow.db"' in text
    assert str(path.parent) not in text


def test_a_better_name_says_the_same(store: Store) -> None:
    found = samples_of(Collector(store).scrape())
    for family in FAMILIES:
        if family.better in BY_NAME and family.kind == BY_NAME[family.better].kind == "gauge":
            old, better = found[family.name], found[family.better]
            scale = 100 if BY_NAME[family.better].name.endswith("_ratio") else 1
            if old.keys() == better.keys() and family.better != "agent_workflow_runs_by_status":
                assert old == {key: pytest.approx(scale * one) for key, one in better.items()}


class Frozen:
    """A scrape as a collector."""

    def __init__(self, scrape: Scrape) -> None:
        self.scrape = scrape

    def collect(self) -> Iterator[Metric]:
        return (as_metric(*one) for one in self.scrape)


def test_the_text_is_that_of_prometheus_client(store: Store) -> None:
    scrape = Collector(store).scrape()
    registry = CollectorRegistry()
    registry.register(Frozen(scrape))  # type: ignore[arg-type]
    assert exposition.text(scrape, openmetrics=False).encode() == generate_latest(registry)
    text = exposition.text(scrape, openmetrics=True) + "# EOF\n"
    assert text.encode() == openmetrics.generate_latest(registry)
    assert len(list(text_string_to_metric_families(text))) == len(scrape)


def test_a_registry_of_ones_own(store: Store) -> None:
    registry = CollectorRegistry(auto_describe=True)
    registry.register(Collector(store, hash_sessions=True))
    text = generate_latest(registry).decode()
    assert "agent_workflow_up 1.0" in text
    restricted = registry.restricted_registry(["agent_error_total"])
    names = {metric.name for metric in restricted.collect()}  # type: ignore[attr-defined]
    assert names == {"agent_error"}


def test_sessions_are_as_many_as_asked_for(path: Path) -> None:
    for latest in (0, 3):
        with Store(path, latest_sessions=latest) as store:
            found = samples_of(Collector(store).scrape())
            assert len(found.get("session_agents_total", {})) == latest
            hashed = samples_of(Collector(store, hash_sessions=True).scrape())
            assert len(hashed.get("session_agents_total", {})) == latest
            assert latest == 0 or hashed["session_agents_total"] != found["session_agents_total"]


ODD = ['a"b\\c', "two\nlines", "nul\0byte", "x" * 300, '{evil="1"} 1\n# EOF', "é\u2028\r\ttab"]


def test_odd_names_stay_inside_their_labels(migrated_database: MakeDatabase) -> None:
    with migrated_database("plain") as path:
        with closing(connect(path)) as writer:
            for number, name in enumerate([*ODD, "unknown-not", "unknown", ""]):
                writer.execute(
                    "INSERT INTO agent_invocations (session_id, agent_name, phase, model,"
                    " start_time, end_time, status) VALUES (?, ?, ?, ?, '2026-10-01T10:00:00',"
                    " '2026-10-01T10:00:02', ?)",
                    (f"{number}{name}", name, name, name, name or "completed"),
                )
                writer.execute(
                    "INSERT INTO sessions (session_id, start_time, status)"
                    " VALUES (?, '2026-10-01T10:00:00', ?)",
                    (f"{number}{name}", name),
                )
                writer.execute(
                    "INSERT INTO agent_tool_uses (session_id, agent_name, tool_name, start_time,"
                    " end_time, status) VALUES ('s', ?, ?, '2026-10-01T10:00:00',"
                    " '2026-10-01T10:00:02', 'completed')",
                    (name, name),
                )
        with Store(path) as store:
            scrape = Collector(store).scrape()
        text = exposition.text(scrape, openmetrics=True) + "# EOF\n"
        read = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        written = {
            (name, *sorted(labels)): value
            for name, series in samples_of(scrape).items()
            for labels, value in series.items()
        }
        assert read == written
        names = {dict(labels)["agent_name"] for labels in samples_of(scrape)["agent_error_total"]}
        assert names == {*ODD, "unknown-not"} - {"nul\0byte"}
        # '' and `unknown` are one tool, and so are '' and what ends in a NUL byte.
        uses = samples_of(scrape)["agent_tool_usage_total"]
        assert uses[frozenset({("agent_name", "unknown"), ("tool_name", "unknown")})] == 3
