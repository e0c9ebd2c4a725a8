"""Dashboards and rules: files that Grafana and Prometheus take, about metrics that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from aggregates.cli import main
from aggregates.faces.prometheus.families import FAMILIES

PARTS = {"gauge": ("",), "counter": ("",), "histogram": ("_bucket", "_sum", "_count")}
SAMPLES = {
    family.name + part: set(family.labels) for family in FAMILIES for part in PARTS[family.kind]
} | {"process_resident_memory_bytes": set()}
OF_PROMETHEUS = {"instance", "job", "le"}
WORD = re.compile(r"\b(?:agent|session|active|total|avg|phase|parallel|process|tools)_\w+")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dashboards") / "new"
    result = CliRunner().invoke(main, ["dashboards", str(folder)])
    assert result.exit_code == 0
    written = [Path(line).name for line in result.output.splitlines()]
    assert written == ["agents.json", "alerts.yml", "sessions.json", "store.json", "tools.json"]
    assert sorted(path.name for path in folder.iterdir()) == written
    return folder


@pytest.mark.parametrize("place", ["file/new", "folder"])
def test_a_folder_that_cannot_be_written(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder" / "tools.json").mkdir(parents=True)
    result = CliRunner().invoke(main, ["dashboards", str(tmp_path / place)])
    assert result.exit_code == 1
    assert f"error: {tmp_path / place}" in result.stderr
    assert "cannot be written" in result.stderr
    assert "name another folder" in result.stderr
    assert "Errno" not in result.stderr


def expressions(folder: Path) -> list[tuple[str, str]]:
    """Everything that Prometheus is asked, with where."""
    found = []
    for file in sorted(folder.glob("*.json")):
        dashboard = json.loads(file.read_text())
        for panel in dashboard["panels"]:
            found += [(f"{file.stem}: {panel['title']}", one["expr"]) for one in panel["targets"]]
        for variable in dashboard["templating"]["list"]:
            found.append((f"{file.stem}: {variable['name']}", variable["query"]))
    rules = yaml.safe_load((folder / "alerts.yml").read_text())
    for group in rules["groups"]:
        found += [(rule["alert"], rule["expr"]) for rule in group["rules"]]
    return found


def test_they_ask_for_metrics_and_labels_that_there_are(folder: Path) -> None:
    labels = set().union(*SAMPLES.values())
    found = expressions(folder)
    assert len(found) > 50
    for place, expression in found:
        bare = re.sub(r'"[^"]*"', "", expression)
        names = [name for name in WORD.findall(bare) if name in SAMPLES]
        assert names or "$" in expression or expression == "prometheus", place
        unknown = set(WORD.findall(bare)) - SAMPLES.keys() - labels
        assert not unknown, place
        asked = set(re.findall(r"(\w+)(?:=~|!=|=)\s*(?=[,}]|$)", bare))
        for grouped in re.findall(r"(?:by|on) \(([^)]*)\)", bare):
            asked |= set(re.findall(r"\w+", grouped))
        assert asked <= OF_PROMETHEUS.union(*(SAMPLES[name] for name in names)), place


def test_panels_do_not_overlap_and_have_ids(folder: Path) -> None:
    uids = set()
    for file in folder.glob("*.json"):
        dashboard = json.loads(file.read_text())
        uids.add(dashboard["uid"])
        cells = [
            (x, y)
            for panel in dashboard["panels"]
            for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
            for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
        ]
        assert len(cells) == len(set(cells))
        assert max(x for x, _ in cells) < 24
        ids = [panel["id"] for panel in dashboard["panels"]]
        assert len(ids) == len(set(ids))
    assert len(uids) == 4
