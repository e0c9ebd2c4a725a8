"""Where results go: whoever reads them may stop early, or not be there at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def prepare() -> None:
    """Make the standard streams take whatever is written."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it is closed: what would go there goes nowhere
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        # A name that the terminal's encoding lacks must not end a command half way.
        if reconfigure := getattr(getattr(sys, name), "reconfigure", None):
            reconfigure(errors="replace")


@contextmanager
def flushed() -> Iterator[None]:
    """Write out in the end what is left, so that whatever fails does so inside a command.

    Python writes it as it exits, too, and would end with a message and a status of its own.
    """
    try:
        yield
    finally:
        try:
            sys.stdout.flush()
        except OSError:
            _discard()
            raise


def _discard() -> None:
    """What is still to be written to stdout goes nowhere."""
    with suppress(OSError, ValueError):  # a stream that has no descriptor
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
