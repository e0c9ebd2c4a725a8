"""A file that was in WAL says so when it is not any more; one that never was is left alone."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from advice import follow, status
from click.testing import CliRunner
from conftest import MakeDatabase, connect
from samples import check_exact, copy

from aggregates.cli import main
from aggregates.installing.upgrading import upgrade


def vacuum_into(path: Path, made: Path) -> None:
    with closing(connect(path)) as connection:
        connection.execute("VACUUM INTO ?", (str(made),))


def dump(path: Path, made: Path) -> None:
    with closing(connect(path)) as connection, closing(connect(made)) as other:
        other.executescript("".join(connection.iterdump()))


def migrate(path: Path, *options: str) -> str:
    done = CliRunner().invoke(main, ["migrate", *options, "--database", str(path)])
    assert done.exit_code == 0, done.output
    return done.output


def warnings(path: Path) -> list[tuple[str, str]]:
    found = status(path)
    assert found.ok
    return [(one.kind, one.name) for one in found.warnings]


LOST = [("journal mode", "delete")]
Copy = Callable[[Path, Path], None]


@pytest.mark.parametrize("make", [vacuum_into, dump])
def test_a_copy_that_is_not_in_wal_any_more(make: Copy, tmp_path: Path) -> None:
    path, made = copy(tmp_path), tmp_path / "copy.db"
    assert warnings(path) == []
    make(path, made)
    assert warnings(made) == LOST
    done = CliRunner().invoke(main, ["status", "--database", str(made)])
    assert done.exit_code == 0
    assert f"  aggregates migrate --journal-mode wal --database {made}\n" in done.output
    assert "journal mode delete: the file was in WAL" in migrate(made)
    assert warnings(made) == LOST, "nobody has asked for WAL"
    assert follow(made) == ["aggregates migrate --journal-mode wal"]
    assert status(made).journal_mode == "wal"
    check_exact(made)


@pytest.mark.parametrize("make", [vacuum_into, dump])
def test_who_chose_to_keep_the_mode_is_left_alone(make: Copy, tmp_path: Path) -> None:
    path, made = copy(tmp_path, "keep"), tmp_path / "copy.db"
    make(path, made)
    assert warnings(made) == []


def test_a_choice_may_be_changed(tmp_path: Path) -> None:
    path, made = copy(tmp_path), tmp_path / "copy.db"
    vacuum_into(path, made)
    assert migrate(made, "--journal-mode", "keep").endswith("journal mode delete\n")
    assert warnings(made) == []
    migrate(made, "--journal-mode", "wal")
    with closing(connect(made)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    assert warnings(made) == LOST


def test_a_file_that_was_in_wal_before_is_kept_so(hook_database: MakeDatabase) -> None:
    with hook_database("plain") as path:
        with closing(connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        upgrade(str(path), journal_mode="keep")
        with closing(connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
        assert warnings(path) == [], "whoever keeps the mode may change it"
