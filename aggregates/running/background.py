"""The rounds of `run` in a thread, beside something else that a process does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from aggregates.engines import explained
from aggregates.errors import AggregatesError, DatabaseReplaced
from aggregates.running.stopping import Stopped
from aggregates.running.upkeep import Beat, Upkeep, log

Opening = Callable[[Beat], AbstractContextManager[Upkeep]]
"""Opens what does the rounds; called anew where another file takes the place of the database."""


class Rounds:
    """A context, in which a round begins every `pause` seconds. An error ends only its round."""

    def __init__(self, database: str, opening: Opening, pause: float) -> None:
        self._database = database
        self._opening = opening
        self._pause = pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rounds", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=0.6)

    def _beat(self, *progress: int) -> None:
        if self._stop.is_set():
            raise Stopped

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with explained(self._database), self._opening(self._beat) as upkeep:
                    while not self._stop.is_set():
                        self._round(upkeep)
                        self._stop.wait(self._pause)
            except Stopped:
                return
            except Exception as error:
                log.warning("%s", error)
                self._stop.wait(self._pause)

    def _round(self, upkeep: Upkeep) -> None:
        try:
            with explained(self._database):
                upkeep.round()
        except DatabaseReplaced:
            raise
        except AggregatesError as error:
            log.warning("%s", error)
