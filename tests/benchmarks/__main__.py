"""`python -m tests.benchmarks`: measure, print; with `--output` write a page."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import (
    backfilling,
    collecting,
    memory,
    owning,
    reconciling,
    scraping,
    writing,
)
from tests.benchmarks.databases import Databases, Scale
from tests.benchmarks.libraries import LIBRARIES
from tests.benchmarks.report import Section, markdown, plain

BENCHMARKS: dict[str, Callable[[Databases, Scale], Section]] = {
    "writing": writing.run,
    "owning": owning.run,
    "backfilling": backfilling.run,
    "collecting": collecting.run,
    "scraping": scraping.run,
    "reconciling": reconciling.run,
    "memory": memory.run,
}


def main() -> None:
    """Run what is asked for; exit status 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=BENCHMARKS, metavar="NAME")
    parser.add_argument(
        "--rows", type=int, default=Scale.rows, help="of the largest database (default: a million)"
    )
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--machine", default="", metavar="TEXT", help="what it is, for the page")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write a page of Markdown")
    arguments = parser.parse_args()
    scale = Scale(arguments.rows, arguments.quick)
    sections = []
    with tempfile.TemporaryDirectory(prefix="aggregates-benchmarks-") as folder:
        for name in arguments.only or BENCHMARKS:
            section = BENCHMARKS[name](Databases(Path(folder)), scale)
            print(plain(section), flush=True)
            sections.append(section)
    if arguments.output is not None:
        about = f"{libraries()} {arguments.machine}".strip()
        arguments.output.write_text(markdown(sections, about), encoding="utf-8")
    if any(not target.is_met for section in sections for target in section.targets):
        sys.exit(1)


def libraries() -> str:
    """What was measured, and on what."""
    return (
        f"SQLite: {', '.join(LIBRARIES)}; Python {platform.python_version()}, {os.cpu_count()}"
        f" cores, {platform.system()} {platform.machine()}."
    )


if __name__ == "__main__":
    main()
