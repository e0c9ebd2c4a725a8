"""End a long job when a signal asks for it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopSignal:
    """SIGTERM and SIGINT as a flag, or as an exception where a job takes longer than a second.

    SIGHUP ends a sleep.
    """

    def __init__(self) -> None:
        self._awake = threading.Event()
        self._raise = False
        self.requested = False
        """whether a stop was requested"""

    def wait(self, seconds: float) -> bool:
        """Sleep; ends as soon as a stop is requested, which it answers, or SIGHUP comes."""
        self._awake.wait(seconds)
        self._awake.clear()
        return self.requested

    def check(self, *progress: int) -> None:
        """Raise Stopped where a stop was requested; takes what a progress callback takes."""
        if self.requested:
            raise Stopped

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals over, and give them back."""
        signals = [signal.SIGTERM, signal.SIGINT]
        signals += [signal.SIGHUP] if hasattr(signal, "SIGHUP") else []
        before = {number: signal.signal(number, self._handle) for number in signals}
        try:
            yield
        except Stopped:
            return
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Inside, a signal ends the work at once: what it was writing is rolled back."""
        self._raise = True
        try:
            yield
        finally:
            self._raise = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._awake.set()
        if number in (signal.SIGTERM, signal.SIGINT):
            self.requested = True
            if self._raise:
                raise Stopped


class Stopped(BaseException):
    """A stop was requested in the middle of a long job."""
