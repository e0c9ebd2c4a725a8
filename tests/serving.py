"""`aggregates serve` as a process, and what asks it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

COMMAND = "from aggregates.cli import main; main()"


class Served(NamedTuple):
    """A server that listens."""

    process: subprocess.Popen[str]
    host: str
    port: int
    errors: Path
    """what it has written to stderr"""


@contextmanager
def served(path: Path, *options: str, port: int = 0) -> Iterator[Served]:
    """A server of a database, ended in the end; `port` 0 is one that is free."""
    errors = path.with_name(f"stderr-{time.monotonic_ns()}.txt")
    command = [sys.executable, "-c", COMMAND, "serve", "--database", str(path), *options]
    if "--listen" not in options and "--port" not in options:
        command += ["--port", str(port)]
    with errors.open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            wait_until(lambda: "listening on" in errors.read_text() or process.poll() is not None)
            found = re.search(r"listening on https?://(.+):(\d+)/", errors.read_text())
            assert found, errors.read_text()
            yield Served(process, found[1], int(found[2]), errors)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            output, _ = process.communicate(timeout=30)
            assert output == ""


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait for something to come to pass."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)
