"""Triggers, and the views on which one calls another with values as arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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


def by_place(names: Iterable[str], named: Iterable[str] = (), prefix: str = "x") -> dict[str, str]:
    """Names of arguments that are read many times: whoever opens the database reads all.

    Those that are `named` come first, and keep their names.
    """
    places = {name: f"{prefix}{place}" for place, name in enumerate(names, 1)}
    return {name: name for name in named} | places


def at_places(places: Mapping[str, str]) -> dict[str, str]:
    """SQL of the values of a call, by name, where their places are known."""
    return {name: f"NEW.{place}" for name, place in places.items()}


def callee(
    compiler: Compiler, name: str, arguments: Mapping[str, str] | Iterable[str]
) -> Statement:
    """A view that can be called; names of arguments are quoted, or their meaning is told."""
    names = [*arguments]
    comment = ""
    if isinstance(arguments, Mapping):
        names = [*arguments.values()]
        told = (f"{one} {meaning}" for meaning, one in arguments.items() if one != meaning)
        comment = f" /* {', '.join(told).replace('*/', '* /')} */"
    columns = f"{compiler.quote(name)} ({', '.join(names)})"
    values = ", ".join("0" for _ in names)
    return Statement("view", name, f"CREATE VIEW {columns} AS SELECT {values}{comment}")


def call(compiler: Compiler, view: str, values: Iterable[str], policy: str = "") -> str:
    """The statement that calls a view."""
    return f"INSERT {policy}INTO {compiler.quote(view)} VALUES ({', '.join(values)});"
