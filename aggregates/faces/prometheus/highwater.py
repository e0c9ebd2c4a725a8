"""Counters and histograms that never fall, whatever is edited and whoever is restarted.

Prometheus takes a counter that falls for one that began anew at 0, and `rate()` then adds its whole
value again. So the highest value that was ever shown stays until the true one passes it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from aggregates.faces.prometheus.families import BY_NAME, Family
from aggregates.faces.prometheus.values import Counts, Labels
from aggregates.running.health import Health

_CORRECTIONS, _PROOFS = "corrections", "proofs"

Value = tuple[int, ...]


class _Series(NamedTuple):
    shown: Value
    """the highest value of each part that was ever shown"""
    latest: Value
    """what was true when it was last looked at"""


class HighWater:
    """What was shown, of all series; `stored` is where it outlives the process, if it can.

    Parts of a histogram are held one by one: as none of its cumulative counts falls, it stays one.
    """

    def __init__(self, families: Mapping[str, Family] = BY_NAME) -> None:
        self._families = families
        self._series: dict[tuple[str, Labels], _Series] = {}
        self._names: dict[tuple[str, Labels], str] = {}
        self._texts: dict[str, str] = {}
        self._found: dict[str, str] = {}
        self._left: dict[str, str] = {}
        self._corrections: Counter[str] = Counter()

    def hold(self, counts: Counts, stored: dict[str, str] | None) -> Counts:
        """What is to be shown where `counts` is true; keeps it in `stored`.

        Series that are gone stay at what was shown: they may come back.
        """
        if stored is not None:
            self._take(stored)
        found: Counts = {name: {} for name in counts}
        for name, series in counts.items():
            for labels, value in series.items():
                found[name][labels] = self._held(name, labels, value, stored)
        for name, labels in self._series.keys() - {
            (name, labels) for name, series in counts.items() for labels in series
        }:
            nothing = (0,) * len(self._series[name, labels].shown)
            if name in found:
                found[name][labels] = self._held(name, labels, nothing, stored)
        if stored is not None:
            if self._corrections:
                stored[_CORRECTIONS] = json.dumps(self._corrections)
            self._left = dict(stored)
        return found

    @property
    def corrections(self) -> dict[str, int]:
        """How often the true value of a series has fallen, by metric."""
        return dict(self._corrections)

    @property
    def held(self) -> int:
        """Series that are shown above their true value."""
        return sum(one.shown != one.latest for one in self._series.values())

    def _held(
        self, name: str, labels: Labels, value: Value, stored: dict[str, str] | None
    ) -> Value:
        key = name, labels
        before = self._series.get(key)
        if before is None or before.latest != value:
            if before is None:
                before = _Series(value, value)
                self._names[key] = json.dumps([name, *labels])
            elif _is_below(value, before.latest):
                self._corrections[name] += 1
            shown = tuple(map(max, before.shown, value))
            self._series[key] = _Series(shown, value)
            self._texts[self._names[key]] = json.dumps([shown, value])
        text = self._names[key]
        # Again where it could not be stored the last time.
        if stored is not None and stored.get(text) != self._texts[text]:
            stored[text] = self._texts[text]
        return self._series[key].shown

    def _take(self, stored: dict[str, str]) -> None:
        """Take over what others have shown, or this process before it was started."""
        found, self._found = self._found, dict(stored)
        for name, text in stored.items():
            # What was there as the last turn began, or was to be there as it ended, is no news: it
            # is older than what could not be stored since.
            known = self._texts.get(name), found.get(name), self._left.get(name)
            if name == _PROOFS or text in known:
                continue
            # What another version has written is as good as nothing.
            with suppress(ValueError, TypeError, AttributeError):
                if name == _CORRECTIONS:
                    self._corrections |= Counter(json.loads(text))
                else:
                    self._take_series(name, text)

    def _take_series(self, name: str, text: str) -> None:
        family, *labels = json.loads(name)
        shown, latest = (tuple(map(int, value)) for value in json.loads(text))
        key = family, tuple(labels)
        known = self._families.get(family)
        if known is None or len(labels) != len(known.labels):
            return
        if {len(shown), len(latest)} != {known.parts}:
            return
        if (own := self._series.get(key)) is not None:
            shown = tuple(map(max, own.shown, shown))
        self._series[key] = _Series(shown, latest)
        self._names[key] = name
        self._texts[name] = json.dumps([shown, latest])


class Drifts(NamedTuple):
    """What all proofs have found since the first scrape, and what was on record then."""

    newest: int = 0
    """the line of the record up to which they are counted, as old lines go"""
    found: int = 0
    repaired: int = 0


def count_drifts(health: Health, stored: dict[str, str]) -> Drifts:
    """Count those that are new; keeps the sums in `stored`."""
    before = Drifts()
    with suppress(ValueError, TypeError):
        before = Drifts(*map(int, json.loads(stored.get(_PROOFS, "[]"))))
    # The record of a database that took the place of another may be shorter.
    after = before.newest if before.newest <= health.proofs else health.proofs
    new = [one for one in health.findings if one.number > after]
    found = Drifts(
        health.proofs,
        before.found + sum(one.drifts for one in new),
        before.repaired + sum(one.drifts for one in new if one.kind != "verify"),
    )
    if found != before:
        stored[_PROOFS] = json.dumps(found)
    return found


def _is_below(value: Iterable[int], other: Iterable[int]) -> bool:
    return any(one < before for one, before in zip(value, other, strict=True))
