"""Each exported metric, value by value, against the rows; and both formats of the text."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
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
from aggregates.faces.prometheus import exposition, values
from aggregates.faces.prometheus.collector import Scrape, as_metric
from aggregates.faces.prometheus.families import BY_NAME, FAMILIES
from aggregates.installing import upgrading
from aggregates.model.catalogue import catalogue
from aggregates.prometheus import Collector
from aggregates.sessions import Deriver, restart_walk

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
        # Its runs are still there.
        latest = "SELECT max(start_time) FROM sessions"
        writer.execute(f"DELETE FROM sessions WHERE start_time = ({latest})")
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


def test_a_session_without_a_row_has_series(migrated_database: MakeDatabase) -> None:
    with migrated_database("plain") as path:
        with closing(connect(path)) as writer:
            writer.execute(
                "INSERT INTO agent_invocations (session_id, agent_name, start_time, end_time,"
                " status) VALUES ('a-session-of-runs', 'alpha', '2026-10-01T10:00:00',"
                " '2026-10-01T10:00:02', 'completed')"
            )
        with Store(path, source_timezone="UTC") as store:
            found = samples_of(Collector(store).scrape())
    of = {
        name: series[frozenset({("session_id", "a-sessio")})]
        for name, series in found.items()
        if name.startswith("session_") and len(series) == 1 and () not in series
        if frozenset({("session_id", "a-sessio")}) in series
    }
    start = datetime(2026, 10, 1, 10, tzinfo=UTC).timestamp()
    assert of["session_agents_total"] == of["session_agent_diversity"] == 1
    assert (of["session_total_agent_time"], of["session_start_timestamp"]) == (2, start)
    # Nobody has said that it has ended, nor how long it lasted.
    assert not found.keys() & {"session_completion_status", "session_idle_time"}


def test_what_upkeep_has_not_come_to_is_told(migrated_database: MakeDatabase) -> None:
    with migrated_database("plain") as path, Store(path) as store:
        collector = Collector(store)

        def pending() -> float:
            found = samples_of(collector.scrape())
            return found["agent_workflow_session_durations_pending"][frozenset()]

        assert pending() == 1
        derive(path)
        assert pending() == 0
        for write in (
            "INSERT INTO sessions (session_id, start_time, status)"
            " VALUES ('s', '2026-10-01T10:00:00', 'active')",
            "INSERT INTO agent_invocations (session_id, agent_name, status) VALUES ('s', 'a', 'x')",
        ):
            with closing(connect(path)) as writer:
                writer.execute(write)
            assert pending() == 1
            derive(path)
            assert pending() == 0
        with closing(connect(path)) as writer:
            restart_walk(driver(writer))
        assert pending() == 1


def test_runs_of_an_agent_with_a_nul_in_its_name_count_everywhere(
    migrated_database: MakeDatabase,
) -> None:
    """Their agent is `''`, as is that of rows without a name, which are no runs."""
    runs = [
        ("a\0b", "2026-10-01T10:00:00", None, "started"),
        ("a\0b", "2026-10-01T10:00:00", "2026-10-01T10:00:02", "completed"),
        ("unknown\0", "2026-10-01T10:00:00", "2026-10-01T10:00:02", "completed"),
        ("unknown\0", None, None, "error"),
        ("", "2026-10-01T10:00:00", None, "started"),
        (None, "2026-10-01T10:00:00", "2026-10-01T10:00:02", "completed"),
        ("unknown", "2026-10-01T10:00:00", "2026-10-01T10:00:02", "failed"),
        ("alpha", "2026-10-01T10:00:00", "2026-10-01T10:00:02", "failed"),
    ]
    with migrated_database("plain") as path:
        with closing(connect(path)) as writer:
            writer.executemany(
                "INSERT INTO agent_invocations (session_id, event_type, agent_name, phase,"
                " start_time, end_time, status) VALUES ('s', 'pre_invocation', ?, 'p', ?, ?, ?)",
                runs,
            )
        now = datetime(2026, 10, 1, 11, tzinfo=UTC)
        with Store(path, source_timezone="UTC") as store:
            metrics, health = store.metrics(now)
            counted = {
                name: {labels: value[0] for labels, value in series.items()}
                for name, series in values.counts(metrics).items()
            }
            gauges = values.gauges(metrics, health, zone=UTC, hash_sessions=False)
            of_agents = {one.agent_name: one.invocations for one in store.agents()}
            of_groups: Counter[str] = Counter()
            for one in store.collect(now).run_counts:
                of_groups[one.agent_name] += one.invocations
    assert of_agents == of_groups == {"": 4, "alpha": 1}
    for name, right in (
        ("agent_workflow_runs_total", 5),
        ("agent_workflow_runs_ended_total", 4),
        ("agent_error_total", 2),
    ):
        assert sum(counted[name].values()) == right, name
    for name, right in (
        ("agent_workflow_runs_by_status", 5),
        ("agent_invocation_total", 4),
        ("phase_distribution_total", 4),
        ("parallel_executions_current", 1),
        ("total_unique_agents", 2),
        ("session_agents_total", 5),
        ("session_error_count", 2),
    ):
        assert sum(gauges[name].values()) == right, name
    assert gauges["agent_workflow_runs_running"] == {("unknown",): 1, ("alpha",): 0}
    assert gauges["agent_success_rate"] == {("unknown",): pytest.approx(200 / 3), ("alpha",): 0}


def test_agents_that_look_alike_are_added_up(migrated_database: MakeDatabase) -> None:
    """A byte that is not UTF-8 is shown as text that another name may be."""
    with migrated_database("plain") as path:
        with closing(connect(path)) as writer:
            for name, hours in (("CAST(x'61ff' AS TEXT)", 10), ("'a\\xff'", 11), ("'b'", 12)):
                for _ in range(hours - 8):
                    writer.execute(
                        "INSERT INTO agent_invocations (session_id, agent_name, start_time, status)"
                        f" VALUES ('s', {name}, '2026-10-01T{hours}:00:00', 'started')"
                    )
        for now, running in ((12, 5), (16, 3), (18, 0)):
            with Store(path, source_timezone="UTC") as store:
                metrics, health = store.metrics(datetime(2026, 10, 1, now, 30, tzinfo=UTC))
            gauges = values.gauges(metrics, health, zone=UTC, hash_sessions=False)
            alike = ("a\\xff",)
            assert gauges["agent_workflow_runs_running"][alike] == running
            assert gauges["agent_workflow_runs_abandoned"][alike] == 5 - running
            latest = datetime(2026, 10, 1, 11, tzinfo=UTC).timestamp()
            assert gauges["agent_last_execution_timestamp"][alike] == latest
            assert "agent_invocation_total" not in gauges or not gauges["agent_invocation_total"]


def test_a_name_without_an_end_is_no_longer_label(migrated_database: MakeDatabase) -> None:
    with migrated_database("plain") as path:
        with closing(connect(path)) as writer:
            for end in ("", "y", "z"):
                writer.execute(
                    "INSERT INTO agent_invocations (agent_name, start_time, end_time, status)"
                    " VALUES (?, '2026-10-01T10:00:00', '2026-10-01T10:00:02', 'completed')",
                    ("x" * 1000 + end * 50_000,),
                )
        with Store(path) as store:
            found = samples_of(Collector(store).scrape())
    for name in ("agent_invocation_total", "agent_duration_seconds_count"):
        by_agent = {dict(labels)["agent_name"]: value for labels, value in found[name].items()}
        assert by_agent == {"x" * 1000: 1, "x" * 1000 + "…": 2}


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
        assert names == {*ODD, "unknown-not", "unknown"} - {"nul\0byte"}
        # '' and `unknown` are one tool, and so are '' and what ends in a NUL byte.
        uses = samples_of(scrape)["agent_tool_usage_total"]
        assert uses[frozenset({("agent_name", "unknown"), ("tool_name", "unknown")})] == 3
