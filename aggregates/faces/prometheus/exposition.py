"""Scrapes as text, in both formats of Prometheus.

prometheus_client writes the same, which a test holds us to, but takes ten times as long for it:
longer than all that comes before.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from aggregates.faces.prometheus.collector import Scrape, Series, bounds, number
from aggregates.faces.prometheus.families import Family

_REMEMBERED = 20_000
"""Labels whose text is known: from one scrape to the next, most are the same."""


def text(scrape: Scrape, *, openmetrics: bool) -> str:
    """A scrape in the text format 0.0.4, or as OpenMetrics without its end, `# EOF`."""
    lines: list[str] = []
    for family, series in scrape:
        name = family.name
        if openmetrics and family.kind == "counter":
            name = name.removesuffix("_total")
        lines.append(f"# HELP {name} {_escaped(family.help)}\n# TYPE {name} {family.kind}\n")
        lines.extend(_samples(family, series))
    return "".join(lines)


def _samples(family: Family, series: Series) -> Iterator[str]:
    name, names = family.name, family.labels
    les = bounds(family) if family.kind == "histogram" else []
    for values, value in series.items():
        labels = _labels(names, values)
        if not isinstance(value, tuple):
            yield f"{name}{_braced(labels)} {number(value)}\n"
        elif family.kind == "counter":
            yield f"{name}{_braced(labels)} {number(value[0])}\n"
        else:
            for le, count in zip(les, value, strict=False):
                among = _labels((*names, "le"), (*values, le))
                yield f"{name}_bucket{{{among}}} {number(count)}\n"
            yield f"{name}_count{_braced(labels)} {number(value[-2])}\n"
            yield f"{name}_sum{_braced(labels)} {number(value[-1] / 1000)}\n"


@lru_cache(maxsize=_REMEMBERED)
def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    # By name, as prometheus_client has them.
    pairs = sorted(zip(names, values, strict=True))
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)


def _braced(labels: str) -> str:
    return f"{{{labels}}}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
