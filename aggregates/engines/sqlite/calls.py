"""Triggers, and the views on which one calls another with values as arguments."""

from __future__ import annotations

from collections.abc import Iterable

from aggregates.engines.base import Compiler
from aggregates.frozen.statements import Statement


def trigger(
    compiler: Compiler, name: str, event: str, condition: str, body: Iterable[str]
) -> Statement:
    """A trigger; `event` names the table too, and a condition may be empty."""
    when = f" WHEN {condition}" if condition else ""
    statements = "\n".join(body)
    return Statement(
        "trigger",
        name,
        f"CREATE TRIGGER {compiler.quote(name)} {event}{when} BEGIN\n{statements}\nEND",
    )


def on_call(compiler: Compiler, view: str) -> str:
    """The event of a trigger that answers calls of a view."""
    return f"INSTEAD OF INSERT ON {compiler.quote(view)}"


def callee(compiler: Compiler, name: str, arguments: Iterable[str], comment: str = "") -> Statement:
    """A view that can be called; the names of its arguments are quoted."""
    names = [*arguments]
    columns = f"{compiler.quote(name)} ({', '.join(names)})"
    values = ", ".join("0" for _ in names)
    return Statement("view", name, f"CREATE VIEW {columns} AS SELECT {values} {comment}".rstrip())


def call(compiler: Compiler, view: str, values: Iterable[str], policy: str = "") -> str:
    """The statement that calls a view."""
    return f"INSERT {policy}INTO {compiler.quote(view)} VALUES ({', '.join(values)});"
