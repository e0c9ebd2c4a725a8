"""Follow what `status` advises, as a person would who knows nothing else."""

import shlex
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from click.testing import CliRunner
from conftest import connect
from hooks import HOOK_TABLES

from aggregates.cli import main
from aggregates.proving.inspecting import Inspection
from aggregates.store import Store

_ROUNDS = 6

ShortCuts = Mapping[str, Callable[[Path], object]]


def status(path: Path) -> Inspection:
    """What `status` says."""
    with Store(path) as store:
        return store.status()


def _reinstall(path: Path) -> None:
    with Store(path) as store:
        if store.reinstall():
            store.rebuild()


def _repair(path: Path) -> None:
    with Store(path) as store:
        store.repair()


SHORT_CUTS: ShortCuts = {
    "aggregates status": lambda path: None,
    "aggregates migrate --reinstall": _reinstall,
    "aggregates repair": _repair,
}
"""What some commands do, in less time."""


def take(path: Path, step: str, short_cuts: ShortCuts) -> None:
    """One step: a command of ours, which has to end well, or SQL."""
    if step in short_cuts:
        short_cuts[step](path)
    elif not step.startswith("aggregates "):
        with closing(connect(path)) as connection:
            connection.executescript(step)
    else:
        arguments = [*shlex.split(step)[1:], "--database", str(path)]
        done = CliRunner().invoke(main, arguments)
        if arguments[0] != "status":
            assert done.exit_code == 0, (step, done.output, done.exception)


def follow(path: Path, short_cuts: ShortCuts | None = None) -> list[str]:
    """Take the steps, until it says that all is well; what they were."""
    taken: list[str] = []
    for _ in range(_ROUNDS):
        found = status(path)
        if found.ok and not found.steps:
            return taken
        if any("let its writers make" in one.detail for one in found.findings):
            take(path, HOOK_TABLES, {})
            continue
        assert found.steps, [str(one) for one in found.findings]
        for step in found.steps:
            take(path, step, short_cuts or {})
        taken += found.steps
    raise AssertionError(f"not well after {taken}: {[str(one) for one in found.findings]}")
