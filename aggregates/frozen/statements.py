"""SQL that a revision has frozen: files of named statements.

A line `-- [kind] name` stands before each statement, which ends with a semicolon.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from alembic.script import ScriptDirectory

from aggregates.errors import AggregatesError
from aggregates.frozen.layout import compact, wrapped

Kind = Literal["table", "index", "view", "trigger", "function", "data"]
DROPPED = ("trigger", "view", "index", "table", "function")
"""Kinds in the order in which they are dropped: what stands on others goes before them."""

# What no frozen text can know: the UNIQUE keys that a database has put on the source. These
# comments stand where a migration adds them, and what follows from there being any.
OTHER_KEYS = "/* or the same value of another unique key */"
THEIR_COLUMNS = "/* and the columns of other unique keys */"
OR_IT_IS_GONE = "/* or the row {copy} is gone */"
_OF_UNTYPED = "type, in columns of {table} without one: {columns} */"
OR_ANOTHER_TYPE = f"/* or another {_OF_UNTYPED}"
AND_THE_SAME_TYPE = f"/* and the same {_OF_UNTYPED}"


def unless_text(table: str, column: str, condition: str) -> str:
    """Where a migration adds a condition, unless a column is of text and it holds anyway."""
    names = ".".join('"' + name.replace('"', '""') + '"' for name in (table, column))
    return f"/* unless {names} is of text: {condition} */".replace("*/", "* /", names.count("*/"))


def conditions_added(sql: str, is_text: Callable[[str, str], bool]) -> str:
    """The SQL with those conditions whose column is not of text."""

    def added(found: re.Match[str]) -> str:
        *names, condition = found.groups()
        table, column = (name[1:-1].replace('""', '"') for name in names)
        return found[0] if is_text(table, column) else condition

    return _UNLESS_TEXT.sub(added, sql)


_NAME = r'("(?:[^"]|"")+")'
_UNLESS_TEXT = re.compile(
    rf"/\* unless {_NAME}\.{_NAME} is of text: (.*?) \*/".replace(" ", r"\s+"), re.DOTALL
)
_HEADING = re.compile(r"^-- \[([a-z ]+)\] (.+)\n", re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """One statement that makes an object, or fills one."""

    kind: Kind
    name: str
    sql: str

    @property
    def installed(self) -> str:
        """What a database holds of it: tables as they are written, the rest as short as can be."""
        return compact(self.sql) if self.kind in ("trigger", "view") else self.sql

    @property
    def cautious(self) -> Statement:
        """The same where nobody knows the types of columns."""
        return replace(self, sql=conditions_added(self.sql, lambda table, column: False))

    @property
    def table(self) -> str:
        """The table, or view, that a trigger or an index is on; else the object itself."""
        if self.kind in ("trigger", "index"):
            found = re.search(r'\bON\s+("[^"]+"|\S+)', self.sql)
            return found[1].strip('"') if found else ""
        # Rows of one table may come in several statements, each named by the table at first.
        return self.name.partition(" ")[0] if self.kind == "data" else self.name


@dataclass(frozen=True)
class Reading:
    """How rows of a source, and entries of its log, become facts: frozen once a source.

    `facts` is a SELECT of facts out of `{rows}`, which stands for one of the others: `slice`, rows
    after a mark, and `entries`, the old and the new side of entries. `end` answers how many rows a
    slice holds, and where it ends. Parameters: `:mark` (highest key done), `:rows` (at most);
    `:upto`, `:above` (keys), `:seq`, `:last`.
    """

    source: str
    of_table: str
    key: str
    log: str
    log_key: str
    columns: tuple[str, ...]
    facts: str
    end: str
    slice: str
    entries: tuple[str, str]

    @property
    def table(self) -> str:
        """The temporary table that facts are put into."""
        return f"_aggregates_{self.source}_read"

    @property
    def create(self) -> str:
        """The statement that makes it."""
        return f"CREATE TEMP TABLE {self.table} ({', '.join(self.columns)})"

    def into(self, rows: str) -> str:
        """The statement that puts the facts of rows there."""
        columns = ", ".join(self.columns)
        selected = self.facts.replace("{rows}", rows)
        return f"INSERT INTO temp.{self.table} ({columns})\n{selected}"


@dataclass(frozen=True)
class Folding:
    """How signed facts are added to aggregates.

    `groups` sum them up by key into temporary tables, which concerns nobody else; `folds` add these
    to the targets; `sweeps` remove keys that became zero, which only negative facts can cause;
    `clears` take a few rows out of the targets, and none where they are empty.
    """

    source: str
    groups: tuple[str, ...]
    folds: tuple[str, ...]
    sweeps: tuple[str, ...]
    clears: tuple[str, ...]

    @property
    def grouped(self) -> dict[str, str]:
        """The temporary tables of sums, by name, and the statements that make them."""
        found = {}
        for statement in self.groups:
            into = re.match(r"INSERT INTO temp\.(\w+) (\([^)]+\))", statement)
            assert into is not None
            found[into[1]] = f"CREATE TEMP TABLE {into[1]} {into[2]}"
        return found


@dataclass(frozen=True)
class Recomputation:
    """How to compute aggregates of a source, slice by slice and from its log."""

    reading: Reading
    folding: Folding

    def at_once(self) -> Iterator[str]:
        """Statements that compute all, in one transaction."""
        rows = self.reading
        tables = {rows.table: rows.create} | self.folding.grouped
        every = rows.slice.replace(":mark", "-9e999").replace(":upto", "9e999")
        yield from tables.values()
        yield rows.into(every)
        yield from (*self.folding.groups, *self.folding.folds)
        yield from (f"DROP TABLE temp.{table}" for table in tables)


def migrations_folder() -> Path:
    """Where the revisions are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "migrations", package.parent / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise AggregatesError(f"no migrations beside {package}; install agent-aggregates again")


def history(folder: Path, revision: str | None = None) -> list[Path]:
    """The folders of the revisions up to one, all by default, oldest first."""
    script = ScriptDirectory(str(folder))
    found = [
        Path(one.path).with_suffix("") for one in script.walk_revisions("base", revision or "heads")
    ]
    return [path for path in reversed(found) if path.is_dir()]


def earlier(here: Path, engine: str = "") -> list[Statement]:
    """What the revisions before one make."""
    down = history(here.parents[1], here.name.partition("_")[0])[:-1]
    return [statement for path in down for statement in made(path, engine)]


def installed(folder: Path, revision: str | None = None, engine: str = "") -> list[Statement]:
    """What the revisions up to one (all by default) make, in the order in which they make it."""
    return [statement for here in history(folder, revision) for statement in made(here, engine)]


def made(here: Path, engine: str = "") -> list[Statement]:
    """What one revision makes; `engine` is the folder of it in which an engine's SQL lies."""
    return [
        statement
        for path in sorted((here / engine).glob("*.sql"), key=_place if engine else None)
        if not path.name.startswith(("hooks", "rows_", "folds_"))
        for statement in statements(path)
    ]


_FILES = ("bookkeeping", "ledger_", "tables", "facts_", "posting_", "views")


def _place(path: Path) -> tuple[int, str]:
    """Where a file stands in the order in which a revision executes them."""
    places = [place for place, name in enumerate(_FILES) if path.name.startswith(name)]
    return (places or [len(_FILES)])[0], path.name


def dump(entries: Iterable[tuple[str, str, str]]) -> str:
    """The text of a file of (kind, name, SQL)."""
    return "\n".join(f"-- [{kind}] {name}\n{wrapped(sql)};\n" for kind, name, sql in entries)


def parse(text: str) -> Iterator[tuple[str, str, str]]:
    """(kind, name, SQL) of each statement of a file."""
    parts = _HEADING.split(text)[1:]
    for kind, name, sql in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        yield kind, name, sql.strip().removesuffix(";")


def statements(path: Path) -> list[Statement]:
    """The statements of a file that make objects or fill them."""
    return read_statements(path.read_text(encoding="utf-8"))


def read_statements(text: str) -> list[Statement]:
    """The statements of a text that make objects or fill them."""
    kinds = {kind: kind for kind in get_args(Kind)}
    return [Statement(kinds[kind], name, sql) for kind, name, sql in parse(text)]


def dump_reading(one: Reading) -> str:
    """The text of a file that says how rows become facts."""
    header = f"{one.source} {one.key} {one.log} {one.log_key}"
    if one.of_table != one.source:
        header += f" {one.of_table}"
    old, new = one.entries
    return dump(
        [
            ("columns", header, ", ".join(one.columns)),
            ("facts", one.source, one.facts),
            ("end", one.source, one.end),
            ("slice", one.source, one.slice),
            ("entries", "old", old),
            ("entries", "new", new),
        ]
    )


def reading(path: Path) -> Reading:
    """How rows become facts, as a file says."""
    return read_reading(path.read_text(encoding="utf-8"))


def read_reading(text: str) -> Reading:
    """How rows become facts, as a text says."""
    found = list(parse(text))
    (_, header, columns), (_, _, facts), (_, _, end), (_, _, rows), *entries = found
    source, key, log, log_key, *table = header.split(maxsplit=4)
    names = tuple(name.strip() for name in columns.split(","))
    (_, _, old), (_, _, new) = entries
    of_table = table[0] if table else source
    return Reading(source, of_table, key, log, log_key, names, facts, end, rows, (old, new))


def dump_folding(one: Folding) -> str:
    """The text of a file that says how facts are added up."""
    kinds = {"group": one.groups, "fold": one.folds, "sweep": one.sweeps, "clear": one.clears}
    return dump(
        (kind, f"{one.source} {number}", sql)
        for kind, some in kinds.items()
        for number, sql in enumerate(some, 1)
    )


def folding(path: Path) -> Folding:
    """How facts are added up, as a file says."""
    return read_folding(path.read_text(encoding="utf-8"))


def read_folding(text: str) -> Folding:
    """How facts are added up, as a text says."""
    found: dict[str, list[str]] = {"group": [], "fold": [], "sweep": [], "clear": []}
    source = ""
    for kind, name, sql in parse(text):
        source = name.split()[0]
        found[kind].append(sql)
    return Folding(source, *(tuple(some) for some in found.values()))


def recomputation(here: Path, source: str) -> Recomputation:
    """How a revision fills its aggregates of a source: its rows as an earlier one has said."""
    down = history(here.parents[1], here.name.partition("_")[0])
    files = [each / f"rows_{source}.sql" for each in down]
    return Recomputation(
        reading([path for path in files if path.is_file()][-1]),
        folding(here / f"folds_{source}.sql"),
    )
