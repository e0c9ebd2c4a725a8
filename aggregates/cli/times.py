"""Options that name a moment."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import click

from aggregates.cli.settings import Command

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def since_option(help_text: str, name: str = "--since") -> Callable[[Command], Command]:
    """An option that takes an ISO time or an age."""
    return click.option(name, callback=_moment, metavar="TIME|AGE", help=help_text)


def _moment(ctx: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """An ISO time, or the moment that lies an age such as `24h` before now."""
    if value is None:
        return None
    text = value.strip()
    try:
        if age := re.fullmatch(r"(\d{1,6})([mhdw])", text):
            return datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: int(age[1])})
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f"{value!r} is neither an ISO time nor an age such as 24h or 7d"
        ) from error
