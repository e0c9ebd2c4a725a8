"""What revisions carry for PostgreSQL is what the definitions say."""

from aggregates.engines import compiler
from aggregates.frozen import freezing
from aggregates.frozen import statements as files
from aggregates.model.catalogue import catalogue

POSTGRESQL = compiler("postgresql")


def test_the_head_revision_is_what_the_catalogue_says() -> None:
    installed = files.installed(files.migrations_folder(), engine=POSTGRESQL.folder)
    found, right = freezing.schema(installed), freezing.live(POSTGRESQL, catalogue)
    assert len(found) == len(installed), "frozen twice"
    assert found.keys() == right.keys()
    for key, statement in right.items():
        assert found[key].sql == statement.sql, f"{key}: run tests/freeze_postgresql.py"


def test_both_engines_have_the_same_revisions() -> None:
    for here in files.history(files.migrations_folder()):
        for path in (here / POSTGRESQL.folder).glob("*.sql"):
            entries = list(files.parse(path.read_text(encoding="utf-8")))
            assert files.dump(entries) == path.read_text(encoding="utf-8")
            assert entries
