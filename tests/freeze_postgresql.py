"""Write what the revisions carry for PostgreSQL anew, out of the definitions, before a release.

`.venv/bin/python tests/freeze_postgresql.py`
"""

from aggregates.engines import compiler
from aggregates.engines.postgresql.hooks_schema import TABLES
from aggregates.frozen.freezing import write
from aggregates.frozen.statements import Statement, history, migrations_folder
from aggregates.model.catalogue import catalogue


def freeze() -> None:
    postgresql = compiler("postgresql")
    ledger, aggregates = (here / postgresql.folder for here in history(migrations_folder()))
    for path in (*ledger.glob("*.sql"), *aggregates.glob("*.sql")):
        path.unlink()
    write(ledger / "bookkeeping.sql", postgresql.bookkeeping())
    write(ledger / "hooks.sql", [Statement("table", name, sql) for name, sql in TABLES.items()])
    made = postgresql.tables(catalogue)
    # Views, and comments on them, when all that they read is there.
    last = [one for one in made if one.kind == "view" or one.name.startswith("comments ")]
    write(aggregates / "tables.sql", [one for one in made if one not in last])
    for source in catalogue.sources:
        write(ledger / f"ledger_{source.name}.sql", postgresql.ledger(source))
        posting = [*postgresql.facts(source), *postgresql.posting(catalogue, source)]
        write(aggregates / f"posting_{source.name}.sql", posting)
    views = [one for one in last if one.kind == "view"]
    comments = [one for one in last if one.kind != "view"]
    write(aggregates / "views.sql", [*views, *postgresql.consuming(), *comments])


if __name__ == "__main__":
    freeze()
