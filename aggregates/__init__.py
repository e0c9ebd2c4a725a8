"""Exact aggregates and a change log for AI-agent runs, kept by SQL triggers."""

from aggregates.errors import AggregatesError

__all__ = ["AggregatesError", "__version__"]
__version__ = "0.1.0"
