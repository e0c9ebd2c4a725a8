"""A real Prometheus scrapes `serve` while a writer writes, history is edited, and it is killed."""

from __future__ import annotations

import json
import random
import re
import shutil
import sqlite3
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from metrics_truth import Labels, Truth, truth
from serving import Served, free_port, served, wait_until

from aggregates import samples
from aggregates.faces.prometheus.families import FAMILIES
from aggregates.installing import upgrading

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("prometheus", "promtool"))),
    reason="needs Prometheus: `apt-get install prometheus`, then stop its service",
)
INTERVAL = 0.25
DASHBOARDS = Path(__file__).parents[2] / "aggregates" / "faces" / "prometheus" / "dashboards"
OWN = {"__name__", "instance", "job"}
COUNTERS = [
    *(family.name for family in FAMILIES if family.kind == "counter"),
    *(
        f"{family.name}_{part}"
        for family in FAMILIES
        if family.kind == "histogram"
        for part in ("bucket", "count", "sum")
    ),
]
PROMTOOL_KNOWN = {
    "active_sessions_count",
    "agent_invocation_total",
    "agent_tool_usage_total",
    "exporter_memory_usage_mb",
    "phase_distribution_total",
    "session_agents_total",
    "session_error_count",
}
"""Old names that break the conventions; better ones stand beside them."""


class Prometheus:
    """One that runs for a test."""

    def __init__(self, folder: Path, targets: str) -> None:
        self.port = free_port()
        config = folder / "prometheus.yml"
        config.write_text(
            f"""
global: {{scrape_interval: {INTERVAL * 1000:.0f}ms, evaluation_interval: 1s}}
rule_files: [{DASHBOARDS / "alerts.yml"}]
scrape_configs:
  - job_name: agents
    static_configs: [{{targets: ["{targets}"]}}]
"""
        )
        self.log = (folder / "prometheus.log").open("w")
        self.process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
            ],
            stdout=self.log,
            stderr=self.log,
        )
        wait_until(self.is_ready)

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready"):
                return True
        except OSError:
            return False

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What PromQL answers: series with `metric` and `value`."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?" + urllib.parse.urlencode(
            {"query": expression}
        )
        with urllib.request.urlopen(url) as response:
            found = json.load(response)
        assert found["status"] == "success"
        return list(found["data"]["result"])

    def values(self, expression: str) -> dict[Labels, float]:
        """The same by labels, without those that Prometheus adds."""
        return {
            frozenset((k, v) for k, v in one["metric"].items() if k not in OWN): float(
                one["value"][1]
            )
            for one in self.query(expression)
        }

    def scrapes(self) -> float:
        (count,) = self.values("count_over_time(up[1h])").values()
        return count

    def after_a_scrape(self) -> None:
        """Wait for a scrape that began after this call."""
        before = self.scrapes()
        wait_until(lambda: self.scrapes() >= before + 2)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "agent_workflow.db"
    samples.write_sample(path, 400, days=20, seed=5, row_bytes=300)
    upgrading.upgrade(str(path))
    return path


class Writer(threading.Thread):
    """Hooks at work: a run begins, and ends, every few milliseconds."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.is_over = False
        self.written = 0

    def run(self) -> None:
        chance = random.Random(1)
        while not self.is_over:
            now = datetime.now(UTC).replace(tzinfo=None)
            began = now - timedelta(seconds=chance.uniform(0.2, 900))
            agent = chance.choice(("architect", "backend-developer", 'odd "name"\n'))
            with closing(sqlite3.connect(self.path)) as connection, connection:
                key = connection.execute(
                    "INSERT INTO agent_invocations (session_id, event_type, phase, agent_name,"
                    " start_time, status)"
                    " VALUES ('live', 'pre_invocation', 'build', ?, ?, 'started')",
                    (agent, began.isoformat()),
                ).lastrowid
            with closing(sqlite3.connect(self.path)) as connection, connection:
                connection.execute(
                    "UPDATE agent_invocations SET end_time = ?, status = ?, model = 'standard',"
                    " raw_output = '{\"totalTokens\":17}' WHERE id = ?",
                    (now.isoformat(), chance.choice(("completed", "failed")), key),
                )
            self.written += 1
            time.sleep(0.01)

    def stop(self) -> None:
        self.is_over = True
        self.join()


def written(path: Path) -> Writer:
    writer = Writer(path)
    writer.start()
    return writer


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


OPTIONS = ("--reconcile", "--reconcile-every", "0.2", "--source-timezone", "UTC")
MOVING = ("session_idle_time", "session_efficiency_ratio", "session_parallel_factor")


def assert_equal(prometheus: Prometheus, right: Truth, names: set[str] | None = None) -> None:
    for name in names or right.keys():
        found, series = prometheus.values(name), right[name]
        if name not in MOVING:
            assert found.keys() == series.keys(), name
        for labels, value in series.items():
            assert found[labels] == pytest.approx(value, rel=1e-9), (name, labels)


def settled(prometheus: Prometheus, path: Path) -> Truth:
    """What is right once nobody writes and `--reconcile` has taken all."""
    wait_until(lambda: not any(prometheus.values("agent_workflow_log_lag_entries").values()))
    prometheus.after_a_scrape()
    return truth(path, datetime.now(UTC).replace(tzinfo=None))


def test_a_real_prometheus(path: Path, tmp_path: Path, stack: ExitStack) -> None:
    port = free_port()
    first = stack.enter_context(ExitStack())
    server: Served = first.enter_context(served(path, *OPTIONS, port=port))
    prometheus = Prometheus(tmp_path, f"127.0.0.1:{port}")
    stack.callback(prometheus.close)
    wait_until(lambda: prometheus.values("up") == {frozenset(): 1})
    writer = written(path)
    time.sleep(3)
    writer.stop()

    # What PromQL answers is what the rows say.
    right = settled(prometheus, path)
    assert_equal(prometheus, right)
    old = {family.name for family in FAMILIES if family.is_old}
    for name in old - right.keys():
        histogram = prometheus.values(f"{name}_count") if f"{name}_count" in right else None
        assert histogram or prometheus.values(name), name
    assert prometheus.values("agent_workflow_up") == {frozenset(): 1}

    # History is edited while the writer goes on; the server is killed, and another edit made.
    total = "sum(agent_workflow_runs_total)"
    (before,) = prometheus.values(total).values()
    writer = written(path)
    with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
        connection.execute("DELETE FROM agent_invocations WHERE id % 3 = 0")
        connection.execute("UPDATE agent_invocations SET status = 'completed' WHERE id % 5 = 0")
    prometheus.after_a_scrape()
    server.process.kill()
    server.process.wait()
    writer.stop()
    with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
        connection.execute("DELETE FROM agent_invocations WHERE id % 2 = 0")
        connection.execute("DELETE FROM agent_tool_uses WHERE id % 2 = 0")
        connection.execute("DELETE FROM _aggregates_leases")  # it would expire in a minute
    first.close()
    stack.enter_context(served(path, *OPTIONS, port=port))
    wait_until(lambda: prometheus.values("up") == {frozenset(): 1})
    writer = written(path)
    time.sleep(2)
    writer.stop()
    right = settled(prometheus, path)

    gauges = {family.name for family in FAMILIES if family.kind == "gauge"}
    assert_equal(prometheus, right, gauges & right.keys())
    resets = [
        value for name in COUNTERS for value in prometheus.values(f"resets({name}[10m])").values()
    ]
    assert len(resets) > 300
    assert set(resets) == {0}
    # Nothing was added twice: the total has risen by some of the runs that were begun meanwhile.
    (after,) = prometheus.values(total).values()
    assert before <= after <= before + 1000
    (risen,) = prometheus.values("sum(max_over_time(agent_workflow_runs_total[10m]))").values()
    assert risen == after
    for name in set(COUNTERS) & right.keys():
        found = prometheus.values(name)
        assert all(found[labels] >= value - 1e-6 for labels, value in right[name].items()), name
    assert sum(prometheus.values("agent_workflow_corrections_total").values()) > 0

    # Dashboards and alerts ask for nothing that is not there.
    for dashboard in sorted(DASHBOARDS.glob("*.json")):
        for panel in json.loads(dashboard.read_text())["panels"]:
            for target in panel["targets"]:
                expression = target["expr"]
                for variable, value in (
                    ("$instance", ".*"),
                    ("$agent", ".*"),
                    ("$__rate_interval", "1m"),
                    ("$__range", "1h"),
                ):
                    expression = expression.replace(variable, value)
                if "> 0" not in expression:
                    assert prometheus.query(expression), (panel["title"], expression)
                for name in re.findall(r"\b(?:agent|session|total|parallel)_\w+", expression):
                    is_label = name in {"agent_name"}
                    assert is_label or prometheus.query(f"count({name})"), name


def test_promtool_finds_only_old_names(path: Path) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(served(path, "--reconcile"))
        url = f"http://127.0.0.1:{server.port}/metrics"
        text = stack.enter_context(urllib.request.urlopen(url)).read()
    found = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    complaints = {line.split()[0] for line in found.stderr.decode().splitlines()}
    assert complaints == PROMTOOL_KNOWN


def test_promtool_finds_nothing_wrong_with_the_rules() -> None:
    command = ["promtool", "check", "rules", str(DASHBOARDS / "alerts.yml")]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
