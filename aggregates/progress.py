"""How a long job tells how far it has got."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with (done, total) as a long job goes on."""
