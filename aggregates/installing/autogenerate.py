"""Alembic's autogenerate, and the operations that it writes, for what an owner declares.

Importing this registers them. What is declared reaches it as `aggregates=…` of
`context.configure()`; what is installed stands in the database. An operation is the reverse of the
one that swaps what it makes with what it removes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alembic.autogenerate import comparators, renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations, ops
from alembic.util import DispatchPriority

from aggregates.engines import driver
from aggregates.frozen import freezing, units
from aggregates.frozen import statements as frozen
from aggregates.frozen.shapes import is_added
from aggregates.frozen.units import Unit
from aggregates.installing import owned
from aggregates.model.definition import Catalogue

OPTION = "aggregates"
"""The argument of `context.configure()`."""


@dataclass(frozen=True)
class Declared:
    """What an owner has declared, with no definition of anybody else's."""

    owner: str
    catalogue: Catalogue


@Operations.register_operation("create_aggregates")
@Operations.register_operation("change_aggregates")
@Operations.register_operation("drop_aggregates")
class AggregatesOp(MigrateOperation):
    """Units of an owner that go, and others that come: texts by name, or objects of what goes."""

    def __init__(
        self,
        owner: str,
        made: Mapping[str, str],
        removed: Mapping[str, str | Collection[str]],
    ) -> None:
        self.owner = owner
        self.made = dict(made)
        self.removed = dict(removed)

    @classmethod
    def create_aggregates(cls, operations: Operations, owner: str, made: Mapping[str, str]) -> None:
        """Make aggregates and fill them, while writers write."""
        operations.invoke(cls(owner, made, {}))

    @classmethod
    def change_aggregates(
        cls,
        operations: Operations,
        owner: str,
        removed: Mapping[str, Collection[str]],
        made: Mapping[str, str],
    ) -> None:
        """Make others in the place of some aggregates, and fill them, while writers write."""
        operations.invoke(cls(owner, made, removed))

    @classmethod
    def drop_aggregates(
        cls, operations: Operations, owner: str, removed: Mapping[str, Collection[str]]
    ) -> None:
        """Drop aggregates; the objects that they consist of are given by kind and name."""
        operations.invoke(cls(owner, {}, removed))

    def reverse(self) -> AggregatesOp:
        """What puts back what was there before."""
        texts = {name: one for name, one in self.removed.items() if isinstance(one, str)}
        return AggregatesOp(self.owner, texts, self.made)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """As `alembic check` shows it."""
        name = "create" if not self.removed else "change" if self.made else "drop"
        return (f"{name}_aggregates", self.owner, sorted({*self.made, *self.removed}))


@Operations.implementation_for(AggregatesOp)
def _run(operations: Operations, operation: AggregatesOp) -> None:
    config = operations.get_context().config
    progress = None if config is None else config.attributes.get("progress")
    owned.change(operations, operation.owner, operation.made, _objects(operation.removed), progress)


def _objects(removed: Mapping[str, str | Collection[str]]) -> dict[str, Collection[str]]:
    return {
        name: Unit(name, one).objects if isinstance(one, str) else one
        for name, one in removed.items()
    }


@renderers.dispatch_for(AggregatesOp)
def _render(context: AutogenContext, operation: AggregatesOp) -> list[str]:
    context.imports.add("import aggregates.alembic_plugin")
    removed = _objects(operation.removed)
    review = [f"# {line}".rstrip() for line in _review(operation)]
    gone = [f"    {name!r}: {_listed(objects)}," for name, objects in removed.items()]
    come = [f'    {name!r}: """\n{_escaped(text)}""",' for name, text in operation.made.items()]
    (verb, *_) = operation.to_diff_tuple()
    arguments = [_dictionary(lines) for lines in (gone, come) if lines] or ["{}"]
    return [*review, f"op.{verb}({operation.owner!r}, {', '.join(arguments)})"]


def _review(operation: AggregatesOp) -> Iterator[str]:
    """What a person reads first: each object that goes or comes, and what changes in others."""
    old, new = (
        [one for name, text in texts.items() for one in Unit(name, text).statements]
        for texts in (operation.reverse().made, operation.made)
    )
    before, after = freezing.schema(old), freezing.schema(new)
    yield from (f"- gone {kind} `{name}`" for kind, name in before.keys() - after.keys())
    changed = [one for key, one in after.items() if key not in before or one.sql != before[key].sql]
    if changed:
        yield from freezing.review(before, changed).splitlines()[2:]


def _listed(objects: Collection[str]) -> str:
    lines = "".join(f"        {one!r},\n" for one in objects)
    return f"[\n{lines}    ]"


def _dictionary(lines: list[str]) -> str:
    return "{\n" + "\n".join(lines) + "\n}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


@comparators.dispatch_for("schema", priority=DispatchPriority.FIRST)
def _leave_ours_alone(context: AutogenContext, _: ops.UpgradeOps, schemas: object) -> Any:
    """Find nothing of tables and columns that belong to no model of the application's."""
    assert context.connection is not None
    connection, revisions = driver(context.connection), frozen.migrations_folder()
    ours = {one.name for one in frozen.installed(revisions) if one.kind == "table"}
    ours |= {one.name for one in frozen.statements(next(revisions.rglob("hooks.sql")))}
    ours.add("tool_uses")  # which hooks make, and nobody counts
    for one in owned.owned(connection):
        ours |= {each.name for each in one.unit.statements if each.kind == "table"}
    definitions = {one.name: one.sql for one in connection.objects("table")}

    def is_theirs(
        item: Any, name: str | None, kind: str, is_reflected: bool, model: object | None
    ) -> bool:
        if not is_reflected or model is not None:
            return True
        if kind == "column":
            return not is_added(definitions.get(item.table.name, ""), name or "", r"\w+")
        table = name if kind == "table" else item.table.name
        return table not in ours and not str(table).startswith("_aggregates_")

    context._object_filters = [*context._object_filters, is_theirs]


@comparators.dispatch_for("schema", priority=DispatchPriority.LAST)
def _compare(context: AutogenContext, upgrade_ops: ops.UpgradeOps, schemas: object) -> Any:
    assert context.connection is not None
    connection = driver(context.connection)
    declared: Declared | Callable[[], Declared] | None = context.opts.get(OPTION)
    if callable(declared):
        declared = declared()
    if declared is not None:
        there = owned.owned(connection, declared.owner)
        wanted = units.texts(connection.compiler, declared.catalogue)
        removed, made = units.difference(
            {one.unit.name: one.unit.text for one in there if not one.is_filling}, wanted
        )
        gone: dict[str, str | Collection[str]] = {
            name: removed.pop(name) for name in [*removed] if name not in made
        }
        # A migration whose file is gone had begun with these: there is nothing to put back.
        gone |= {
            one.unit.name: one.unit.objects
            for one in there
            if one.is_filling and one.unit.name not in wanted
        }
        if made and not upgrade_ops.ops:
            come = [Unit(name, text) for name, text in made.items()]
            owned.rehearse(connection, declared.owner, come, _objects({**removed, **gone}))
        # What goes may stand on tables that go, what comes on tables that come.
        if gone:
            upgrade_ops.ops.insert(0, AggregatesOp(declared.owner, {}, gone))
        if made:
            upgrade_ops.ops.append(AggregatesOp(declared.owner, made, removed))
