"""Time variants of one job side by side: A B A B …, so that a noisy machine slows all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median

Job = Callable[[int], object]
"""One repetition of a job; takes the number of the round."""


@dataclass(frozen=True)
class Timings:
    """Seconds of each round, by variant."""

    seconds: dict[str, list[float]]

    def median(self, name: str) -> float:
        """Seconds of the median round."""
        return median(self.seconds[name])

    def ratio(self, name: str, base: str) -> float:
        """Median over the rounds of how many times as long as `base` a variant took."""
        pairs = zip(self.seconds[name], self.seconds[base], strict=True)
        return median(one / other for one, other in pairs)


def interleaved(jobs: Mapping[str, Job], rounds: int) -> Timings:
    """Run every job once a round; who begins changes from round to round."""
    names = list(jobs)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            seconds[name].append(timed(partial(jobs[name], number)))
    return Timings(seconds)


def timed(job: Callable[[], object]) -> float:
    """Seconds that a job takes."""
    started = time.perf_counter()
    job()
    return time.perf_counter() - started
