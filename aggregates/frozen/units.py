"""What an owner keeps, in units that are made, changed and dropped as a whole.

A unit is an aggregate with all that stands behind it, or the change log of a table of the owner's.
Its text holds everything that a database needs of it: what is made, how it is filled, and what it
means, by which one text is told from another that says the same in other words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from typing import Protocol

from aggregates.errors import DefinitionError
from aggregates.frozen.shapes import Shape, shape_of
from aggregates.frozen.statements import (
    Recomputation,
    Statement,
    dump,
    dump_folding,
    dump_reading,
    parse,
    read_folding,
    read_reading,
    read_statements,
)
from aggregates.model.constructs import InWords
from aggregates.model.definition import (
    Aggregate,
    Catalogue,
    Expression,
    Source,
    facts_of,
    rendered,
)

Texts = Mapping[str, str]
"""Of units, by name: those first that others stand on."""

_MEANING, _SHAPE = "meaning", "shape"
_READING = ("columns", "facts", "end", "slice", "entries")
_FOLDING = ("group", "fold", "sweep", "clear")
_DIALECT = InWords()


class Compiles(Protocol):
    """What is asked of an engine's compiler here."""

    def ledger(self, source: Source) -> list[Statement]:
        """The change log of a source, and the triggers that write it."""

    def facts(self, source: Source) -> list[Statement]:
        """What takes each entry of the log to the source's view of facts."""

    def tables(self, catalogue: Catalogue) -> list[Statement]:
        """Tables, views and descriptions of all definitions."""

    def posting(self, catalogue: Catalogue, source: Source) -> list[Statement]:
        """What posts the facts of each entry to the aggregates at once."""

    def recomputation(
        self, catalogue: Catalogue, source: Source, *, only: tuple[str, ...] | None = None
    ) -> Recomputation:
        """How to compute aggregates of a source from its rows."""


@dataclass(frozen=True)
class Unit:
    """A unit, as its text says."""

    name: str
    text: str

    @cached_property
    def _parts(self) -> list[tuple[str, str, str]]:
        return list(parse(self.text))

    @cached_property
    def meaning(self) -> str:
        """The same where two texts mean the same."""
        return next(sql for kind, _, sql in self._parts if kind == _MEANING)

    @cached_property
    def shape(self) -> Shape | None:
        """What a change log needs of its table; None for an aggregate."""
        found = [sql for kind, _, sql in self._parts if kind == _SHAPE]
        return Shape(**json.loads(found[0])) if found else None

    @cached_property
    def statements(self) -> list[Statement]:
        """All that make something."""
        others = (_MEANING, _SHAPE, *_READING, *_FOLDING)
        return read_statements(dump(part for part in self._parts if part[0] not in others))

    @property
    def posting(self) -> list[Statement]:
        """The triggers that post: of this unit, or, of a change log, of those that stand on it."""
        return [one for one in self.statements if one.kind == "trigger" and _POSTS in one.name]

    @property
    def posts(self) -> list[Statement]:
        """The triggers that post to an aggregate."""
        return [] if self.shape else self.posting

    @property
    def facts(self) -> str:
        """The view of facts of a change log."""
        return f"_aggregates_{self.name}_facts"

    @property
    def others(self) -> list[Statement]:
        """All that is there before an aggregate is filled."""
        posting = self.posting
        return [one for one in self.statements if one not in posting]

    @property
    def kept(self) -> list[Statement]:
        """What a database holds of it in the end."""
        return self.others if self.shape else self.statements

    @property
    def objects(self) -> list[str]:
        """Kinds and names of what it makes."""
        return [f"{one.kind} {one.name}" for one in self.kept if one.kind != "data"]

    def names_one_of(self, names: Iterable[str]) -> bool:
        """Whether its SQL needs one of some objects."""
        return bool({*names} & set(re.findall(r"\w+", self.text)))

    @property
    def described(self) -> set[str]:
        """Tables of which it holds descriptions."""
        return {one.name.split()[1] for one in self.statements if one.kind == "data"}

    @cached_property
    def recomputation(self) -> Recomputation | None:
        """How an aggregate is filled."""
        if self.shape:
            return None
        reading, folding = (
            dump(part for part in self._parts if part[0] in kinds) for kinds in (_READING, _FOLDING)
        )
        return Recomputation(read_reading(reading), read_folding(folding))


_POSTS = "_post_"


def texts(compiler: Compiles, catalogue: Catalogue) -> dict[str, str]:
    """The units of what an owner has declared."""
    found = {source.name: _log(compiler, source) for source in catalogue.sources if source.owner}
    units = dict.fromkeys(one.unit for one in catalogue.aggregates())
    return found | {unit: _aggregate(compiler, catalogue, unit) for unit in units}


def meanings(catalogue: Catalogue) -> dict[str, str]:
    """What the units of an owner mean, by name, as `Unit.meaning` has it."""
    found = {source.name: _hash(_logged(source)) for source in catalogue.sources if source.owner}
    units = dict.fromkeys(one.unit for one in catalogue.aggregates())
    return found | {unit: _hash(_said(catalogue, unit)) for unit in units}


def difference(before: Texts, after: Texts) -> tuple[dict[str, str], dict[str, str]]:
    """The texts of units to remove, and of those to make, where they do not mean the same.

    A change log that is made anew takes with it what posts by its facts: so its text holds that of
    the aggregates which stay.
    """
    old, new = ({name: Unit(name, text) for name, text in some.items()} for some in (before, after))
    same = {name for name in old.keys() & new.keys() if old[name].meaning == new[name].meaning}
    posting = [one for name in same for one in old[name].posting]

    def changed(units: Mapping[str, Unit]) -> dict[str, str]:
        return {name: _with(one, posting) for name, one in units.items() if name not in same}

    return changed(old), changed(new)


def _with(unit: Unit, posting: list[Statement]) -> str:
    on_it = [one for one in posting if one.table == unit.facts]
    return unit.text + "".join(f"\n{_dumped([one])}" for one in on_it)


def _dumped(statements: list[Statement]) -> str:
    return dump((one.kind, one.name, one.sql) for one in statements)


def _logged(source: Source) -> object:
    """What a change log means."""
    return {
        "table": (source.table, source.key, source.unique),
        "image": [
            *(one.column for one in source.tracked),
            *((one.name, one.column, one.key, one.kind) for one in source.extracted),
        ],
        "facts": {fact.name: _spelled(fact.expression, source) for fact in source.facts},
    }


def _log(compiler: Compiles, source: Source) -> str:
    head = dump(
        [
            (_MEANING, source.name, _hash(_logged(source))),
            (_SHAPE, source.table, json.dumps(asdict(shape_of(source)))),
        ]
    )
    return f"{head}\n{_dumped([*compiler.ledger(source), *compiler.facts(source)])}"


def _aggregate(compiler: Compiles, catalogue: Catalogue, unit: str) -> str:
    definitions = tuple(one for one in catalogue.aggregates() if one.unit == unit)
    chosen = Catalogue(definitions, totals=(), bounds=())
    source = definitions[0].source
    read = frozenset().union(*map(facts_of, definitions))
    names = {one.name for one in definitions} | {one.table for one in definitions}
    statements = [
        one
        for one in compiler.tables(chosen)
        if one.name in names or (one.kind == "data" and one.name.split()[-1] in names)
    ]
    statements += compiler.posting(chosen, source)
    recomputation = compiler.recomputation(chosen, source)
    # Facts of which the unit reads nothing are not computed to fill it.
    reading = compiler.recomputation(chosen, source.reduced_to(read)).reading
    head = dump([(_MEANING, unit, _hash(_said(chosen, unit)))])
    parts = [_dumped(statements), dump_reading(reading), dump_folding(recomputation.folding)]
    if "\\'" in "".join(parts):
        # Where a string ends could not be told when the text is read.
        raise DefinitionError(f"{unit}: a text ends with a backslash; take another")
    return "\n".join([head, *parts])


def _said(catalogue: Catalogue, unit: str) -> list[object]:
    """What the definitions of a unit mean, but for descriptions."""
    return [_each_said(one) for one in catalogue.aggregates() if one.unit == unit]


def _each_said(one: Aggregate) -> list[object]:
    source = one.source
    return [
        (one.name, source.name, source.table, source.key),
        [(part.name, part.type, _spelled(part.expression, source)) for part in one.dimensions],
        [(part.name, _spelled(part.expression, source)) for part in one.measures],
        None if one.filter is None else _spelled(one.filter.whole, source),
        [(count.name, count.pairs, count.counted) for count in one.distinct_counts],
        [(each.name, each.function, each.listing, each.value) for each in one.extremes],
    ]


def _spelled(expression: Expression, source: Source) -> str:
    """An expression over columns as they are stored, in words of no engine."""
    names = {source.log_key: source.key, **{one.name: one.column for one in source.tracked}}
    names |= {one.name: f"{one.kind}({one.column}, {one.key})" for one in source.extracted}
    for fact in source.facts:
        names[fact.name] = rendered(fact.expression, names, _DIALECT)
    return rendered(expression, names, _DIALECT)


def _hash(said: object) -> str:
    return sha256(json.dumps(said).encode()).hexdigest()[:16]
