"""SQL that a revision has frozen: files of named statements.

A line `-- [kind] name` stands before each statement, which ends with a semicolon.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from aggregates.errors import AggregatesError
from aggregates.frozen.layout import wrapped

Kind = Literal["table", "index", "view", "trigger", "data"]

# What no frozen text can know: the UNIQUE keys that a database has put on the source. These two
# comments stand where a migration adds them.
OTHER_KEYS = "/* or the same value of another unique key */"
THEIR_COLUMNS = "/* and the columns of other unique keys */"

_HEADING = re.compile(r"^-- \[([a-z ]+)\] (.+)\n", re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """One statement that makes an object, or fills one."""

    kind: Kind
    name: str
    sql: str

    @property
    def table(self) -> str:
        """The table, or view, that a trigger or an index is on; else the object itself."""
        if self.kind in ("trigger", "index"):
            found = re.search(r"\bON\s+(\S+)", self.sql)
            return found[1].strip('"') if found else ""
        return self.name


@dataclass(frozen=True)
class Recomputation:
    """How to compute every aggregate of a source, slice by slice and from its log.

    `slice` and the two of `entries` put signed facts into a temporary table; `folds` add them to
    the targets; `sweeps` remove keys that became zero, which only negative facts can cause;
    `clears` take a few rows out of the targets, and none where they are empty.
    Parameters: `:mark` (highest key done), `:rows`; `:above`, `:upto` (keys), `:seq`.
    """

    source: str
    key: str
    log: str
    log_key: str
    facts: str
    create_facts: str
    slice: str
    entries: tuple[str, str]
    folds: tuple[str, ...]
    sweeps: tuple[str, ...]
    clears: tuple[str, ...]


def migrations_folder() -> Path:
    """Where the revisions are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "migrations", package.parent / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise AggregatesError(f"no migrations beside {package}; install agent-aggregates again")


def installed(folder: Path, revision: str | None = None) -> list[Statement]:
    """What the revisions up to one (all by default) make, in the order in which they make it."""
    return [
        statement
        for path in sorted((folder / "versions").glob("*/*.sql"))
        if revision is None or path.parent.name.partition("_")[0] <= revision
        if path.name not in ("hooks.sql", "before.sql")
        if not path.name.startswith("recomputation")
        for statement in statements(path)
    ]


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
    kinds = {kind: kind for kind in get_args(Kind)}
    return [
        Statement(kinds[kind], name, sql)
        for kind, name, sql in parse(path.read_text(encoding="utf-8"))
    ]


def dump_recomputation(recomputation: Recomputation) -> str:
    """The text of a file that holds a recomputation."""
    one = recomputation
    header = f"{one.source} {one.key} {one.log} {one.log_key} {one.facts}"
    return dump(
        [
            ("facts", header, one.create_facts),
            ("slice", one.source, one.slice),
            *(
                ("entries", side, sql)
                for side, sql in zip(("old", "new"), one.entries, strict=True)
            ),
            *(("fold", str(number), sql) for number, sql in enumerate(one.folds, 1)),
            *(("sweep", str(number), sql) for number, sql in enumerate(one.sweeps, 1)),
            *(("clear", str(number), sql) for number, sql in enumerate(one.clears, 1)),
        ]
    )


def recomputation(path: Path) -> Recomputation:
    """The recomputation that a file holds."""
    found: dict[str, list[str]] = {}
    header = ""
    for kind, name, sql in parse(path.read_text(encoding="utf-8")):
        header = name if kind == "facts" else header
        found.setdefault(kind, []).append(sql)
    source, key, log, log_key, facts = header.split()
    old, new = found["entries"]
    return Recomputation(
        source=source,
        key=key,
        log=log,
        log_key=log_key,
        facts=facts,
        create_facts=found["facts"][0],
        slice=found["slice"][0],
        entries=(old, new),
        folds=tuple(found["fold"]),
        sweeps=tuple(found["sweep"]),
        clears=tuple(found["clear"]),
    )
