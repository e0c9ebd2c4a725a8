"""The page of a store, for people who open it in a browser."""

from __future__ import annotations

from aggregates.store import Store


def page(store: Store, *, refresh: bool = True) -> str:
    """A whole HTML document."""
    return '<!DOCTYPE html><title>aggregates</title><a href="/metrics">metrics</a>'
