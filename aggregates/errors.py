"""Everything that `aggregates` raises on purpose."""

from __future__ import annotations


class AggregatesError(Exception):
    """Something that the caller can act on; the message says what to do next."""

    exit_status = 1


class DatabaseMissing(AggregatesError):
    """There is no database at the place that was named."""

    exit_status = 10


class DatabaseVanished(DatabaseMissing):
    """There was a database at the place, and there is none at the moment."""


class DatabaseReplaced(AggregatesError):
    """Another file lies where the one was that is open."""


class DatabaseLocked(AggregatesError):
    """Another program held the database's lock for longer than we wait."""

    exit_status = 11


class NoSuchSession(AggregatesError):
    """No session has an id that begins as was asked for."""


class AmbiguousSession(AggregatesError):
    """Several sessions have an id that begins as was asked for."""


class CannotAdopt(AggregatesError):
    """A table of the database does not have the shape that the triggers need."""

    exit_status = 4


class UnfitTable(CannotAdopt):
    """The triggers cannot serve a table of this name: why, and what can be done."""

    def __init__(
        self,
        table: str,
        reason: str,
        remedy: str,
        *,
        lacks_key: bool = False,
        is_keyless: bool = False,
    ) -> None:
        super().__init__(f"cannot adopt {table}: {reason}; nothing was changed: {remedy}")
        self.table = table
        self.reason = reason
        self.remedy = remedy
        self.lacks_key = lacks_key
        self.is_keyless = is_keyless
        """whether it has no other key instead"""


class MappingError(AggregatesError):
    """A mapping says something that cannot be understood, or is not there."""


class SchemaMismatch(AggregatesError):
    """What is installed in the database is not what this version expects."""

    exit_status = 4


class DefinitionError(AggregatesError):
    """An aggregate's definition contradicts itself."""
