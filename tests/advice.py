"""Follow what `status` advises, as a person would who knows nothing else."""

import shlex
from contextlib import closing
from pathlib import Path

from click.testing import CliRunner
from conftest import connect

from aggregates.cli import main
from aggregates.proving.inspecting import Inspection
from aggregates.store import Store

_ROUNDS = 6


def status(path: Path) -> Inspection:
    """What `status` says."""
    with Store(path) as store:
        return store.status()


def take(path: Path, step: str) -> None:
    """One step: a command of ours, which has to end well, or SQL."""
    if not step.startswith("aggregates "):
        with closing(connect(path)) as connection:
            connection.executescript(step)
        return
    arguments = [*shlex.split(step)[1:], "--database", str(path)]
    done = CliRunner().invoke(main, arguments)
    if arguments[0] != "status":
        assert done.exit_code == 0, (step, done.output, done.exception)


def follow(path: Path) -> list[str]:
    """Take the steps, until it says that all is well; what they were."""
    taken: list[str] = []
    for _ in range(_ROUNDS):
        found = status(path)
        if found.ok and not found.steps:
            return taken
        assert found.steps, [str(one) for one in found.findings]
        for step in found.steps:
            take(path, step)
        taken += found.steps
    raise AssertionError(f"not well after {taken}: {[str(one) for one in found.findings]}")
