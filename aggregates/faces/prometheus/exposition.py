"""Scrapes as text, in both formats of Prometheus.

prometheus_client writes the same, which a test holds us to, but takes ten times as long for it:
longer than all that comes before.
"""

from __future__ import annotations

from functools import lru_cache

from aggregates.faces.prometheus.collector import Scrape, bounds, number
from aggregates.faces.prometheus.families import BY_NAME

_REMEMBERED = 20_000
"""Series whose text is known: from one scrape to the next, most are the same."""


def text(scrape: Scrape, *, openmetrics: bool) -> str:
    """A scrape in the text format 0.0.4, or as OpenMetrics without its end, `# EOF`."""
    lines: list[str] = []
    for family, series in scrape:
        name = family.name
        if openmetrics and family.kind == "counter":
            name = name.removesuffix("_total")
        lines.append(f"# HELP {name} {_escaped(family.help)}\n# TYPE {name} {family.kind}\n")
        lines.extend(_samples(family.name, *one) for one in series.items())
    return "".join(lines)


@lru_cache(maxsize=_REMEMBERED)
def _samples(name: str, values: tuple[str, ...], value: float | tuple[int, ...]) -> str:
    family = BY_NAME[name]
    pairs = [*zip(family.labels, values, strict=True)]
    labels = _braced(pairs)
    if not isinstance(value, tuple):
        return f"{name}{labels} {number(value)}\n"
    if family.kind == "counter":
        return f"{name}{labels} {number(value[0])}\n"
    *up_to, elapsed_ms = value
    buckets = (
        f"{name}_bucket{_braced([*pairs, ('le', le)])} {number(count)}\n"
        for le, count in zip(bounds(family), up_to, strict=True)
    )
    return (
        f"{''.join(buckets)}{name}_count{labels} {number(up_to[-1])}\n"
        f"{name}_sum{labels} {number(elapsed_ms / 1000)}\n"
    )


def _braced(pairs: list[tuple[str, str]]) -> str:
    if not pairs:
        return ""
    # By name, as prometheus_client has them.
    said = ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(pairs))
    return f"{{{said}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
