"""What people see: tables, timelines, sparklines, a progress bar."""

from __future__ import annotations

from aggregates.render.progress import progress_bar
from aggregates.render.text import console, counted, duration, line, name, rate, sparkline

__all__ = ["console", "counted", "duration", "line", "name", "progress_bar", "rate", "sparkline"]
