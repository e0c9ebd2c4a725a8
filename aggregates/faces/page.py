"""The page of a store, for people who open it in a browser."""

from __future__ import annotations

from aggregates.store import Store

CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'"
"""The header `Content-Security-Policy` for whoever serves the page."""


def page(store: Store, *, refresh: bool = True) -> str:
    """A whole HTML document."""
    return '<!DOCTYPE html><title>aggregates</title><a href="/metrics">metrics</a>'
