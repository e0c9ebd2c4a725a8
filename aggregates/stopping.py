"""End a long job when a signal asks for it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopSignal:
    """SIGTERM and SIGINT as a flag, or as an exception where a job takes longer than a second."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._raise = False

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep; True as soon as a stop is requested."""
        return self._event.wait(seconds)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals over, and give them back."""
        signals = (signal.SIGTERM, signal.SIGINT)
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
        self._event.set()
        if self._raise:
            raise Stopped


class Stopped(BaseException):
    """A stop was requested in the middle of a long job."""
