"""Exact aggregates and a change log for AI-agent runs, kept by SQL triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregates.errors import AggregatesError

if TYPE_CHECKING:
    from aggregates.store import Store

__all__ = ["AggregatesError", "Store", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Revisions import a part of the package: they should not have to load all of it.
    if name == "Store":
        from aggregates.store import Store

        return Store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
