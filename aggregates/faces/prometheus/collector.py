"""The collector: all families out of one snapshot at each scrape."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from prometheus_client.core import Metric
from prometheus_client.registry import Collector as Base
from prometheus_client.utils import floatToGoString
from sqlalchemy.exc import SQLAlchemyError

from aggregates.engines import file_of
from aggregates.engines.base import DriverError
from aggregates.errors import AggregatesError
from aggregates.faces.prometheus import values
from aggregates.faces.prometheus.families import FAMILIES, Family
from aggregates.faces.prometheus.highwater import HighWater, count_drifts
from aggregates.faces.prometheus.values import Counts, Gauges, Labels
from aggregates.store import Store

log = logging.getLogger("aggregates")

Series = Mapping[Labels, float | tuple[int, ...]]
"""Values of the labels -> a number, or the parts of a counter or histogram."""
Scrape = list[tuple[Family, Series]]
"""All families that have a series, in order."""


class Collector(Base):
    """All metrics of a store, for a registry of prometheus_client's: `registry.register(...)`.

    Session ids are labels: the latest `store.latest_sessions` of them, 0 for none. They are short
    and unique among each other; with `hash_sessions`, the beginning of their SHA-256. A database
    that cannot be read gives `agent_workflow_up` 0, and raises nothing. Scrapes may come from
    several threads.
    """

    def __init__(self, store: Store, *, hash_sessions: bool = False) -> None:
        self._store = store
        self._hash_sessions = hash_sessions
        self._high_water = HighWater()
        self._marks = store.marks()
        self._remembered: dict[str, str] = {}
        self._told = ""
        self._errors = 0
        self._turn = threading.Condition()
        self._is_reading = False
        self._begun = self._done = 0
        self._latest: Scrape = []

    def describe(self) -> Iterator[Metric]:
        """The families without their series: registering reads no database."""
        return (as_metric(family, {}) for family in FAMILIES)

    def collect(self) -> Iterator[Metric]:
        """The families, as the registry asks for them."""
        return (as_metric(family, series) for family, series in self.scrape())

    def scrape(self) -> Scrape:
        """The families as of now.

        Whoever asks while a reading is under way shares the next one with all who wait for it: many
        scrapers at once cost two readings, and a database that is locked holds none of them for
        longer than two waits for its lock.
        """
        with self._turn:
            wanted = self._begun + 1
            while self._done < wanted and self._is_reading:
                self._turn.wait()
            if self._done >= wanted:
                return self._latest
            self._is_reading = True
            self._begun += 1
            begun = self._begun
        try:
            found = self._read()
            with self._turn:
                self._latest, self._done = found, begun
            return found
        finally:
            with self._turn:
                self._is_reading = False
                self._turn.notify_all()

    def _read(self) -> Scrape:
        started = time.perf_counter()
        found: dict[str, Series] = {}
        error = ""
        try:
            found = {**self._of_database()}
        except (AggregatesError, SQLAlchemyError, OSError) as caught:
            error = str(caught)
        if error and error != self._told:
            log.warning("the database could not be read: %s", error)
        self._told = error
        self._errors += bool(error)
        found["agent_workflow_scrape_errors_total"] = {(): (self._errors,)}
        if (memory := _resident_bytes()) is not None:
            found["exporter_memory_usage_mb"] = {(): memory / 1_000_000}
        found["agent_workflow_up"] = {(): float(not error)}
        elapsed = time.perf_counter() - started
        found["agent_workflow_scrape_duration_seconds"] = {(): elapsed}
        return [(one, found[one.name]) for one in FAMILIES if found.get(one.name)]

    def _of_database(self) -> dict[str, Series]:
        if self._marks is not None:
            # Stored before it is shown: whoever has shown a value and is killed knows it again.
            with suppress(DriverError):
                with self._marks.turn() as stored:
                    found = self._values(stored)
                    self._remembered = dict(stored)
                return {**found, "agent_workflow_marks_stored": {(): 1}}
        return {**self._values(None), "agent_workflow_marks_stored": {(): 0}}

    def _values(self, stored: dict[str, str] | None) -> dict[str, Series]:
        metrics, health = self._store.metrics()
        counts: Counts = values.counts(metrics)
        drifts = count_drifts(health, self._remembered if stored is None else stored)
        counts["agent_workflow_drifts_found_total"] = {(): (drifts.found,)}
        counts["agent_workflow_drifts_repaired_total"] = {(): (drifts.repaired,)}
        held = self._high_water.hold(counts, stored)
        gauges: Gauges = values.gauges(
            metrics, health, zone=self._store.zone, hash_sessions=self._hash_sessions
        )
        if (file := file_of(self._store.database)) is not None:
            gauges |= values.of_file(metrics, file.name, _size(file))
        return {
            **gauges,
            **held,
            "agent_workflow_corrections_total": {
                (name,): (count,) for name, count in self._high_water.corrections.items()
            },
            "agent_workflow_held_series": {(): self._high_water.held},
        }


def as_metric(family: Family, series: Series) -> Metric:
    """A family as prometheus_client has it."""
    name = family.name.removesuffix("_total") if family.kind == "counter" else family.name
    metric = Metric(name, family.help, family.kind)
    for labels, value in series.items():
        named = dict(zip(family.labels, labels, strict=True))
        if not isinstance(value, tuple):
            metric.add_sample(family.name, named, value)
        elif family.kind == "counter":
            metric.add_sample(family.name, named, value[0])
        else:
            *up_to, elapsed_ms = value
            for le, count in zip(bounds(family), up_to, strict=True):
                metric.add_sample(f"{name}_bucket", {**named, "le": le}, count)
            metric.add_sample(f"{name}_count", named, up_to[-1])
            metric.add_sample(f"{name}_sum", named, elapsed_ms / 1000)
    return metric


def bounds(family: Family) -> list[str]:
    """The bounds of a histogram in seconds, as the label `le` has them."""
    return [*(number(le / 1000) for le in family.bounds_ms), "+Inf"]


@lru_cache(maxsize=20_000)
def number(value: float) -> str:
    """A number as text, remembered: from one scrape to the next, most stay as they are."""
    found: str = floatToGoString(value)  # type: ignore[no-untyped-call]
    return found


def _resident_bytes() -> int | None:
    """Memory that the process has; None where the system does not say it as Linux does."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
