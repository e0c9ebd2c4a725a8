"""The most memory that each job holds at once, in a process of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from aggregates.samples import days_of
from tests.benchmarks.databases import SMALL_ROW_BYTES, Databases, Scale
from tests.benchmarks.report import Section, Table, Target

LIMIT_MB = 120
_JOBS = {
    "imports alone": "import aggregates.cli",
    "backfill": "from aggregates.installing.upgrading import upgrade; upgrade(sys.argv[1])",
    "verify": "from aggregates.store import Store; assert not Store(sys.argv[1]).verify().drifts",
    "run --once": "from aggregates.cli import main;"
    " main(['--database', sys.argv[1], 'run', '--once', '--json'], standalone_mode=False)",
}
# Not getrusage: what it says begins at what the parent had.
_REPORT = (
    "\nwith open('/proc/self/status') as status:\n"
    "    fields = dict(line.split(':', 1) for line in status)\n"
    "print(fields['VmHWM'].split()[0], file=sys.stderr)"
)


def run(databases: Databases, scale: Scale) -> Section:
    """Peaks of resident memory by number of rows."""
    sizes = sorted({10_000, 100_000, scale.rows})
    peaks: dict[str, list[tuple[int, float]]] = {name: [] for name in _JOBS}
    for rows in sizes:
        path = databases.new()
        shutil.copyfile(databases.sample(rows, days_of(rows), SMALL_ROW_BYTES), path)
        for name, code in _JOBS.items():
            peaks[name].append((rows, _peak_mb(code, path)))
        databases.drop(path)
    return Section(
        title="Memory",
        text=(__doc__ or "").replace("\n", " ").strip(),
        targets=[
            Target(f"{name}, {rows:,} rows", peak, LIMIT_MB, " MB")
            for name, of in peaks.items()
            for rows, peak in of[-1:]
        ],
        tables=[
            Table(
                "Peak of resident memory, MB",
                ("rows", *peaks),
                [
                    (f"{rows:,}", *(f"{of[position][1]:.0f}" for of in peaks.values()))
                    for position, rows in enumerate(sizes)
                ],
            )
        ],
    )


def _peak_mb(code: str, path: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}{_REPORT}", str(path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    return int(done.stderr.split()[-1]) / 1024
