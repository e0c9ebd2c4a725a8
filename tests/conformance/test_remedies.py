"""Take one remedy out of the triggers, and the oracle sees it: each is needed, and each is tested.

A mutation is a change of the text of installed triggers, and a script that shows what it breaks.
"""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import connect
from following import renumber_sessions
from hooks import AGENT_INVOCATIONS, HOOK_TABLES
from oracle import differences, recompute, stored
from statements import VACUUM

from aggregates.installing.upgrading import upgrade

T = "agent_invocations"
# A column whose collation is not that of bytes, beside the hooks' own.
TABLES = HOOK_TABLES.replace(
    AGENT_INVOCATIONS, AGENT_INVOCATIONS.replace("phase TEXT", "phase TEXT COLLATE NOCASE")
)


class Mutation(NamedTuple):
    """A remedy that is taken out, and the trap that it is a remedy for."""

    name: str
    triggers: str
    """which triggers, as a pattern of their names"""
    old: str
    """what is replaced, as a pattern; `''` drops the trigger"""
    new: str
    script: tuple[str, ...]


def row(id_: int | str, agent: str = "'a'", **values: str) -> str:
    """An INSERT, with values as SQL."""
    verb = values.pop("verb", "INSERT")
    names = ", ".join(["id", "agent_name", *values])
    return f"{verb} INTO {T} ({names}) VALUES ({', '.join([str(id_), agent, *values.values()])})"


def session(name: str, status: str = "'active'", **values: str) -> str:
    """An INSERT of a session, with values as SQL."""
    verb = values.pop("verb", "INSERT")
    names = ", ".join(["session_id", "status", *values])
    values = {"session_id": name, "status": status, **values}
    return f"{verb} INTO sessions ({names}) VALUES ({', '.join(values.values())})"


_LEFT_IS_DROPPED = r"BEGIN\s+DELETE FROM _aggregates_sessions_replaced[^;]*;"
_LEFT_IS_SETTLED = """BEGIN
  UPDATE _aggregates_sessions_replaced SET is_gone = 1
  WHERE NOT EXISTS (SELECT 1 FROM sessions AS kept WHERE kept.rowid = session_row);
  DELETE FROM _aggregates_sessions_replaced;"""
_RUN = {"start_time": "'2026-10-01T10:00:00'", "status": "'started'"}
_TOKENS = "'{\"totalTokens\": 9223372036854775807}'"

MUTATIONS = [
    Mutation(
        "trap 1: replaced rows are not copied before an INSERT",
        "invocations_before_insert",
        "",
        "",
        (row(1), row(1, "'b'", verb="INSERT OR REPLACE")),
    ),
    Mutation(
        "trap 1: replaced rows are not copied before an UPDATE",
        "invocations_before_update",
        "",
        "",
        (row(1), row(2, "'b'"), f"UPDATE OR REPLACE {T} SET id = 1 WHERE id = 2"),
    ),
    Mutation(
        "trap 2: a copy is believed to be gone",
        "invocations_before_insert|invocations_insert",
        r"NOT\s+EXISTS\s+\(SELECT\s+1\s+FROM\s+agent_invocations\s+AS\s+kept\s+WHERE[^)]*\)",
        "1",
        (row(1), row(1, "'b'", verb="INSERT OR IGNORE"), row(2, "'c'")),
    ),
    Mutation(
        "trap 2: a DELETE leaves the copy",
        "invocations_delete",
        r"DELETE FROM \w+ WHERE invocation_id = OLD.id;",
        "",
        (
            "PRAGMA recursive_triggers = 1",
            row(1),
            row(2),
            row(1, "'b'", verb="INSERT OR REPLACE"),
        ),
    ),
    Mutation(
        "trap 3: two statements in the place of an upsert",
        "agent_invocations_plus",
        r"INSERT INTO agent_stats [^;]*;",
        "INSERT OR IGNORE INTO agent_stats VALUES (NEW.new_event, NEW.new_agent,"
        " NEW.new_phase_name, NEW.new_model_name, NEW.new_status_name, 0, 0, 0, 0, 0);"
        " UPDATE agent_stats SET invocations = invocations + 1 WHERE agent_name = NEW.new_agent;",
        (row(1, verb="INSERT OR REPLACE"), row(2, verb="INSERT OR REPLACE")),
    ),
    Mutation(
        "trap 5: <> in the place of IS NOT",
        "invocations_update$",
        r"OLD.model COLLATE BINARY IS NOT NEW.model|typeof\(OLD.model\) <> typeof\(NEW.model\)",
        "OLD.model <> NEW.model",
        (row(1), f"UPDATE {T} SET model = 'm'"),
    ),
    Mutation(
        "trap 6: sums without a cap",
        "invocations_insert",
        "<= 1000000000000",
        "<= 9223372036854775807",
        (row(1, raw_output=_TOKENS), row(2, raw_output=_TOKENS)),
    ),
    Mutation(
        "trap 6: a key with a NUL byte",
        "invocations_post_1",
        r"instr\(NEW.new_agent_name, char\(0\)\)",
        "0",
        (row(1, "'a' || char(0)"),),
    ),
    Mutation(
        "trap 6: a real number in a key",
        "invocations_post_1",
        r"CASE typeof\(NEW.new_model\) WHEN 'text'",
        "CASE 'text' WHEN 'text'",
        (row(1, model="x'31'"),),
    ),
    Mutation(
        "trap 7: characters in the place of bytes",
        "invocations_insert",
        r"CAST\(NEW.raw_output AS BLOB\)",
        "NEW.raw_output",
        (row(1, raw_output="CAST(x'61808080' AS TEXT) || '{\"totalTokens\":12}'"),),
    ),
    Mutation(
        "trap 8: a day that is not in the calendar",
        "invocations_post_1",
        r"strftime\('%d'[^<]*<>\s+substr\(NEW.new_start_time, 9, 2\)",
        "0",
        (row(1, start_time="'2026-02-30T10:00:00'"),),
    ),
    Mutation(
        "an hour that no clock shows",
        "invocations_post_1",
        r"AND substr\(NEW.new_start_time, 12, 2\) < '24'",
        "",
        (row(1, start_time="'2026-10-01T24:00:00'"),),
    ),
    Mutation(
        "an end with an offset, a start without",
        "invocations_post_2",
        r"\(substr\(NEW.new_start_time, -1\)[^=]*= 'Z'",
        "(1",
        (row(1, start_time="'2026-10-01T10:00:00'", end_time="'2026-10-01T10:00:05Z'"),),
    ),
    Mutation(
        "a change of the key under another name of it",
        "invocations_update$",
        r", rowid, oid,\s*_rowid_",
        "",
        (row(1, **_RUN), f"UPDATE {T} SET rowid = 9"),
    ),
    Mutation(
        "a collation that takes different text for equal",
        "invocations_update$",
        r"OLD.phase COLLATE BINARY IS NOT",
        "OLD.phase IS NOT",
        (row(1, phase="'plan'"), f"UPDATE {T} SET phase = 'PLAN'"),
    ),
    Mutation("no DELETE trigger", "invocations_delete", "", "", (row(1), f"DELETE FROM {T}")),
    Mutation(
        "updated_at is set for ever",
        "touch",
        r"WHEN NEW.updated_at IS NOT [^\n]*",
        "",
        ("PRAGMA recursive_triggers = 1", row(1), f"UPDATE {T} SET prompt = 'p'"),
    ),
    Mutation(
        "trap 1: an extreme that goes is not looked up again",
        "agent_starts_delete",
        "",
        "",
        (
            row(1, **_RUN),
            row(2, start_time="'2026-10-02T10:00:00'"),
            f"DELETE FROM {T} WHERE id = 2",
        ),
    ),
    Mutation(
        "a pair that goes is not counted down",
        "session_agents_delete",
        "",
        "",
        (row(1, session_id="'s'"), row(2, session_id="'t'"), f"DELETE FROM {T} WHERE id = 2"),
    ),
    Mutation(
        "a pair that goes is not counted down in its session",
        "session_stats_of_session_agents_delete",
        "",
        "",
        (
            row(1, session_id="'s'"),
            row(2, "'b'", session_id="'s'"),
            f"DELETE FROM {T} WHERE id = 2",
        ),
    ),
    Mutation(
        "a phase that comes is not counted",
        "session_stats_of_session_phases_insert",
        "",
        "",
        (row(1, session_id="'s'", phase="'plan'"),),
    ),
    Mutation(
        "a session that comes is not counted",
        "session_totals_of_session_stats_insert",
        "",
        "",
        (row(1, session_id="'s'"),),
    ),
    Mutation(
        "a session that goes is not counted down",
        "session_totals_of_session_stats_delete",
        "",
        "",
        (row(1, session_id="'s'"), row(2, session_id="'t'"), f"DELETE FROM {T} WHERE id = 2"),
    ),
    Mutation(
        "the session '' is counted",
        "session_totals_of_session_stats_insert",
        r"NEW.session_id <> ''",
        "1",
        (row(1),),
    ),
    Mutation(
        "the last end of a session that goes is not looked up again",
        "session_stats_of__aggregates_session_ends_delete",
        "",
        "",
        (
            row(1, session_id="'s'", end_time="'2026-10-01T10:00:00'"),
            row(2, session_id="'s'", end_time="'2026-10-02T10:00:00'"),
            f"UPDATE {T} SET end_time = NULL WHERE id = 2",
        ),
    ),
    Mutation(
        "trap 1: a session that is written again is not copied",
        "sessions_before_insert",
        r"OR clash.session_id = NEW.session_id",
        "",
        (session("'s'"), session("'s'", "'completed'", verb="INSERT OR REPLACE")),
    ),
    Mutation(
        "trap 1: a session whose rowid is taken is not copied",
        "sessions_before_insert",
        r"clash.rowid = NEW.rowid\s+OR",
        "",
        (
            session("'s'", rowid="1"),
            session("'t'", "'completed'", rowid="1", verb="INSERT OR REPLACE"),
        ),
    ),
    Mutation(
        "trap 1: a session that is renamed replaces another",
        "sessions_before_update",
        r"OR clash.session_id = NEW.session_id",
        "",
        (
            session("'s'"),
            session("'t'", "'completed'"),
            "UPDATE OR REPLACE sessions SET session_id = 's' WHERE session_id = 't'",
        ),
    ),
    Mutation(
        "trap 2: a DELETE of a session leaves the copy",
        "sessions_delete",
        r"DELETE FROM \w+ WHERE session_row = OLD.rowid;",
        "",
        (
            "PRAGMA recursive_triggers = 1",
            session("NULL", rowid="1"),
            session("NULL", rowid="2"),
            session("NULL", "'completed'", rowid="1", verb="INSERT OR REPLACE"),
        ),
    ),
    Mutation(
        "trap 16: copies that were left are told apart by rowids, and VACUUM changes them",
        "sessions_before",
        _LEFT_IS_DROPPED,
        _LEFT_IS_SETTLED,
        (
            session("'s'", rowid="5"),
            session("'t'", rowid="9"),
            session("'t'", verb="INSERT OR IGNORE"),
            VACUUM,
            session("'u'"),
        ),
    ),
    Mutation(
        "trap 16: what is left of sessions without a name is settled after a VACUUM",
        "sessions_before",
        _LEFT_IS_DROPPED,
        _LEFT_IS_SETTLED,
        (
            session("NULL", rowid="5"),
            session("NULL", rowid="9"),
            session("NULL", rowid="9", verb="INSERT OR IGNORE"),
            VACUUM,
            session("'s'"),
        ),
    ),
    Mutation(
        "trap 16: what is left is met by an update that can replace nothing",
        "sessions_before_update",
        r"UPDATE OF [^/]*",
        "UPDATE OF session_id, rowid, oid, _rowid_ ",
        (
            session("NULL", rowid="5"),
            session("NULL", rowid="9"),
            session("NULL", rowid="9", verb="INSERT OR IGNORE"),
            VACUUM,
            "UPDATE sessions SET status = 'completed' WHERE rowid = 1",
        ),
    ),
    Mutation(
        "the status of a session changes and nothing is posted",
        "sessions_post_1",
        "",
        "",
        (session("'s'"), "UPDATE sessions SET status = 'completed'"),
    ),
]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A migrated database."""
    path = tmp_path_factory.mktemp("remedies") / "template.db"
    with closing(connect(path)) as connection:
        connection.executescript(TABLES)
    upgrade(str(path), journal_mode="keep")
    return path.read_bytes()


def mutate(connection: sqlite3.Connection, mutation: Mutation) -> None:
    """Change the triggers; the pattern must be in each."""
    triggers = [
        (name, sql)
        for name, sql in connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        if re.search(mutation.triggers, name)
    ]
    assert triggers, f"no trigger {mutation.triggers}"
    for name, sql in triggers:
        connection.execute(f"DROP TRIGGER {name}")
        if mutation.old:
            changed, count = re.subn(mutation.old, lambda match: mutation.new, sql)
            assert count, f"{name} holds no {mutation.old}"
            connection.execute(changed)


def outcome(connection: sqlite3.Connection, script: tuple[str, ...]) -> list[str]:
    """What is wrong after a script: statements that fail, and aggregates that differ."""
    for statement in script:
        try:
            connection.execute(statement)
            if statement == VACUUM:
                renumber_sessions(connection)
        except sqlite3.Error as error:
            return [f"{statement}: {error}"]
    return differences(stored(connection), recompute(connection))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.name)
def test_a_remedy_that_is_taken_out_is_missed(
    mutation: Mutation, template: bytes, tmp_path: Path
) -> None:
    for remedy_is_there in (True, False):
        path = tmp_path / f"{remedy_is_there}.db"
        path.write_bytes(template)
        with closing(connect(path)) as connection:
            if not remedy_is_there:
                mutate(connection, mutation)
            wrong = outcome(connection, mutation.script)
            assert bool(wrong) != remedy_is_there, wrong
