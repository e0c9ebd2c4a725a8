"""Results as strict JSON."""

from __future__ import annotations

import json
import math
import re
from dataclasses import fields, is_dataclass
from typing import Any

import click


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print strict JSON in ASCII."""
    click.echo(json.dumps(plain(value), indent=indent, allow_nan=False))


def plain(value: object) -> Any:
    """What strict JSON can hold: lone surrogates are replaced, odd values become their text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {plain(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return str(value)
