"""Facts of rows of a source, which are looked up again at each reading."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Connection

from aggregates.engines import compiler_of
from aggregates.engines.base import Compiler
from aggregates.model.definition import Source
from aggregates.reader import queries

_REMEMBERED = 5000
"""Rows at most whose facts a connection remembers, of each kind."""


def facts_where(
    connection: Connection,
    source: Source,
    names: tuple[str, ...],
    condition: str,
    *parameters: object,
    also: str = "NULL",
) -> list[queries.Row]:
    """Some facts of the rows for which a condition holds, and `also` an expression over them.

    To parse the times of a row takes longer than to find it, and from one reading to the next most
    rows stay as they are: a connection remembers the facts of the images that it has read last.
    """
    compiler = compiler_of(connection)
    images = queries.rows(
        connection, _images_where(compiler, source, names, condition), *parameters
    )
    statement = _facts_of_image(compiler, source, names, also)
    known: dict[queries.Row, queries.Row] = connection.info.get(statement, {})
    read: dict[queries.Row, queries.Row] = {}
    found = []
    for image in images:
        # 1 and 1.0 are equal, but not as the text of a status.
        key = (*image, *map(type, image))
        facts = known.get(key)
        if facts is None:
            (facts,) = queries.rows(connection, statement, *image)
        if len(read) < _REMEMBERED:
            read[key] = facts
        found.append(facts)
    connection.info[statement] = read
    return found


@lru_cache(maxsize=64)
def _images_where(
    compiler: Compiler, source: Source, names: tuple[str, ...], condition: str
) -> str:
    return compiler.images_where(source, names, condition)


@lru_cache(maxsize=4)
def _facts_of_image(compiler: Compiler, source: Source, names: tuple[str, ...], also: str) -> str:
    return f"SELECT *, {also} FROM ({compiler.facts_of_image(source, names)}) AS found"
