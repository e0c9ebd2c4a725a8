"""`python -m aggregates` is the command `aggregates`."""

from __future__ import annotations

import os
import signal

INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""


def main() -> None:
    """Run the command line."""
    # What it imports takes a moment, and Ctrl-C would end that in a traceback.
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    from aggregates.cli import main as command

    signal.signal(signal.SIGINT, before)
    command(prog_name="aggregates")


if __name__ == "__main__":
    main()
