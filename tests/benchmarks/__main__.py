"""`python -m tests.benchmarks`: measure, print; with `--output` write a page and its plots."""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import backfilling, collecting, memory, reconciling, writing
from tests.benchmarks.databases import Databases, Scale
from tests.benchmarks.report import Section, draw, markdown, plain

BENCHMARKS: dict[str, Callable[[Databases, Scale], Section]] = {
    "collecting": collecting.run,
    "writing": writing.run,
    "backfilling": backfilling.run,
    "reconciling": reconciling.run,
    "memory": memory.run,
}


def main() -> None:
    """Run what is asked for; exit status 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=BENCHMARKS, metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="fewer rows and repetitions")
    parser.add_argument("--ten-million", action="store_true", help="10M rows too (15 GB of disk)")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="write FOLDER.md and plots")
    arguments = parser.parse_args()
    scale = Scale(is_quick=arguments.quick, ten_million=arguments.ten_million)
    sections = []
    with tempfile.TemporaryDirectory(prefix="aggregates-benchmarks-") as folder:
        for name in arguments.only or BENCHMARKS:
            section = BENCHMARKS[name](Databases(Path(folder)), scale)
            print(plain(section), flush=True)
            sections.append(section)
    if arguments.output is not None:
        write(sections, arguments.output)
    if any(not target.is_met for section in sections for target in section.targets):
        sys.exit(1)


def write(sections: list[Section], folder: Path) -> None:
    """The page beside a folder of its plots."""
    folder.mkdir(parents=True, exist_ok=True)
    machine = (
        f"SQLite {sqlite3.sqlite_version}, Python {platform.python_version()},"
        f" {os.cpu_count()} cores, {platform.system()} {platform.machine()}."
    )
    folder.with_suffix(".md").write_text(markdown(sections, machine), encoding="utf-8")
    for section in sections:
        for plot in section.plots:
            draw(plot, folder)


if __name__ == "__main__":
    main()
