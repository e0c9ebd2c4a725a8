"""What an application declares, beside what its revisions have installed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from aggregates.engines.base import DriverConnection
from aggregates.frozen import units
from aggregates.installing.owned import Owned, owned
from aggregates.model.definition import Aggregate, Catalogue


@dataclass(frozen=True)
class Difference:
    """A unit that a database does not hold as it is declared."""

    owner: str
    name: str
    """of the aggregate, or of the change log that some stand on"""
    how: Literal["new", "changed", "gone", "filling"]

    def __str__(self) -> str:
        return f"{self.name}: {_WORDS[self.how]}"


_WORDS = {
    "new": "declared, and not in the database",
    "changed": "declared otherwise than it is in the database",
    "gone": "in the database, and not declared",
    "filling": "not filled yet",
}


def declared(catalogue: Catalogue) -> Catalogue:
    """The definitions that applications declare."""
    own = tuple(one for one in catalogue.aggregates() if one.unit)
    return replace(catalogue, definitions=own, totals=(), views=())


def differences(
    connection: DriverConnection, catalogue: Catalogue, owner: str | None = None
) -> list[Difference]:
    """Where a database differs from what is declared; of one owner, whatever is declared of it."""
    own = declared(catalogue)
    owners = {one.owner for one in own.definitions} | ({owner} if owner else set())
    return [
        difference
        for each in sorted(owners)
        for difference in _of_owner(
            each,
            units.meanings(_only(own, each)),
            {one.unit.name: one for one in owned(connection, each)},
        )
    ]


def as_installed(connection: DriverConnection, catalogue: Catalogue) -> Catalogue:
    """The catalogue without what is declared otherwise than the database keeps it."""
    wrong = {(one.owner, one.name) for one in differences(connection, catalogue)}
    if not wrong:
        return catalogue
    kept = tuple(
        one
        for one in catalogue.definitions
        if not isinstance(one, Aggregate)
        or not {(one.owner, one.unit), (one.owner, one.source.name)} & wrong
    )
    return replace(catalogue, definitions=kept)


def _only(catalogue: Catalogue, owner: str) -> Catalogue:
    kept = tuple(one for one in catalogue.definitions if one.owner == owner)
    return replace(catalogue, definitions=kept)


def _of_owner(owner: str, wanted: dict[str, str], there: dict[str, Owned]) -> list[Difference]:
    found = []
    for name, meaning in wanted.items():
        one = there.get(name)
        if one is None:
            found.append(Difference(owner, name, "new"))
        elif one.unit.meaning != meaning:
            found.append(Difference(owner, name, "changed"))
        elif one.is_filling:
            found.append(Difference(owner, name, "filling"))
    return [*found, *(Difference(owner, name, "gone") for name in there if name not in wanted)]
