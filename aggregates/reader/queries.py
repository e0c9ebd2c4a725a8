"""The one place where the readers send SQL to a database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from aggregates.engines import driver

Row = tuple[Any, ...]


def rows(connection: Connection, statement: str, *parameters: object) -> list[Row]:
    """All rows as the driver's own tuples: a histogram is thousands of them.

    A byte of text that is not UTF-8 is read as `\\xff`.
    """
    # Through the driver's cursor: SQLAlchemy's description of a result takes longer than most of
    # these queries.
    return driver(connection).shown_rows(statement, parameters)
