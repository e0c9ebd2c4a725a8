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
from hooks import AGENT_INVOCATIONS, HOOK_TABLES, SESSIONS
from oracle import differences, recompute, stored
from statements import VACUUM

from aggregates.installing.upgrading import upgrade

T = "agent_invocations"
# Columns whose collation is not that of bytes, beside the hooks' own.
TABLES = HOOK_TABLES.replace(
    AGENT_INVOCATIONS, AGENT_INVOCATIONS.replace("phase TEXT", "phase TEXT COLLATE NOCASE")
).replace(SESSIONS, SESSIONS.replace("status TEXT", "status TEXT COLLATE NOCASE"))


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


_PAIR_IS_NEW = r"IS\(NEW\.step>0\)(?=ON CONFLICT)"
_FORGET = r"BEGIN DELETE FROM _aggregates_sessions_replaced WHERE 1;"
_RUN = {"start_time": "'2026-10-01T10:00:00'", "status": "'started'"}
_TOKENS = "'{\"totalTokens\": 9223372036854775807}'"

# Arguments are named by their places, which the views' comments in the frozen SQL explain.
MUTATIONS = [
    Mutation(
        "trap 1: replaced rows are not copied before an INSERT",
        "run_before_insert",
        "",
        "",
        (row(1), row(1, "'b'", verb="INSERT OR REPLACE")),
    ),
    Mutation(
        "trap 1: replaced rows are not copied before an UPDATE",
        "run_before_update",
        "",
        "",
        (row(1), row(2, "'b'"), f"UPDATE OR REPLACE {T} SET id = 1 WHERE id = 2"),
    ),
    Mutation(
        "trap 2: a copy is believed to be gone",
        "run_insert",
        r"WHERE invocation_id=NEW\.id;DELETE",
        "WHERE 1;DELETE",
        (row(1), row(1, "'b'", verb="INSERT OR IGNORE"), row(2, "'c'")),
    ),
    Mutation(
        "trap 2: a DELETE leaves the copy",
        "run_delete",
        r"DELETE FROM \w+ WHERE invocation_id=OLD\.id;",
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
        "run_post_rows",
        r"INSERT INTO agent_stats\([^;]*;",
        "INSERT OR IGNORE INTO agent_stats VALUES (NEW.event, NEW.agent, NEW.phase_name,"
        " NEW.model_name, NEW.status_name, 0, 0, 0, 0, 0);"
        " UPDATE agent_stats SET invocations = invocations + NEW.sign"
        " WHERE agent_name = NEW.agent;",
        (row(1, verb="INSERT OR REPLACE"), row(2, verb="INSERT OR REPLACE")),
    ),
    Mutation(
        "trap 5: <> in the place of IS NOT",
        "run_changed_log$",
        r"\)IS NOT\(",
        ") <> (",
        (row(1), f"UPDATE {T} SET model = 'm'"),
    ),
    Mutation(
        "trap 5: <> in the place of IS NOT, where columns are compared",
        "sessions_update$",
        r"\)IS NOT\(",
        ") <> (",
        (session("'s'", "NULL"), "UPDATE sessions SET status = 'completed'"),
    ),
    Mutation(
        "trap 6: sums without a cap",
        "run_row_read",
        r"BETWEEN 0 AND 1e\+12",
        "BETWEEN 0 AND 9223372036854775807",
        (row(1, raw_output=_TOKENS), row(2, raw_output=_TOKENS)),
    ),
    Mutation(
        "trap 6: sums without a cap, where a run ends",
        "run_update$",
        r"BETWEEN 0 AND 1e\+12",
        "BETWEEN 0 AND 9223372036854775807",
        (row(1), row(2), f"UPDATE {T} SET raw_output = {_TOKENS}"),
    ),
    Mutation(
        "a number is taken for another",
        "run_update$",
        r"n\*\(i=2\)",
        "n * (i = 3)",
        (row(1), f"UPDATE {T} SET raw_output = '{{\"totalTokens\": 5}}'"),
    ),
    Mutation(
        "trap 6: a key with a NUL byte",
        "run_image_read",
        r"instr\(NEW\.x7,NEW\.x15\)",
        "0",
        (row(1, "'a' || char(0)"),),
    ),
    Mutation(
        "trap 6: a blob in a key",
        "run_image_read",
        r"NEW\.x8<x''AND",
        "",
        (row(1, model="x'31'"),),
    ),
    Mutation(
        "trap 7: characters in the place of bytes",
        "run_row_read",
        r"CAST\(NEW\.x12 AS BLOB\)",
        "NEW.x12",
        (row(1, raw_output="CAST(x'61808080' AS TEXT) || '{\"totalTokens\":12}'"),),
    ),
    Mutation(
        "trap 8: a day that is not in the calendar",
        "parse_time",
        r"substr\(y,1,19\)=strftime\([^)]*\),'\+0 days'\)",
        "1",
        (row(1, start_time="'2026-02-30T10:00:00'"),),
    ),
    Mutation(
        "trap 8: a day that is not in the calendar, in the shape that hooks write",
        "run_image_read",
        r"NEW\.x9=strftime\([^)]*\)\|\|substr\(NEW\.x9,20,7\)",
        "1",
        (row(1, start_time="'2026-02-30T10:00:00.000000'"),),
    ),
    Mutation(
        "what stands behind a NUL byte, in the shape that hooks write",
        "run_image_read",
        r"NEW\.x9=(?=strftime)",
        "substr(NEW.x9, 1, 26) =",
        (row(1, start_time="'2026-10-01T10:00:00.000000' || char(0) || '.000000'"),),
    ),
    Mutation(
        "times that hooks do not write are not parsed",
        "run_times_odd",
        "",
        "",
        (row(1, start_time="'2026-10-01 10:00'"),),
    ),
    Mutation(
        "an end with an offset, a start without",
        "run_times_odd",
        r"-\(p1\.has_offset IS p2\.has_offset\)",
        "-1",
        (row(1, start_time="'2026-10-01T10:00:00'", end_time="'2026-10-01T10:00:05Z'"),),
    ),
    Mutation(
        "an end with an offset, a start in the shape that hooks write",
        "run_times_odd",
        r"INSERT INTO _aggregates_parse VALUES\(1,NEW\.x17\);",
        "INSERT INTO _aggregates_parse SELECT 1, NEW.x17 WHERE NEW.x13 IS NULL;",
        (
            row(1, start_time="'2026-10-01T09:00:00Z'"),
            row(2, start_time="'2026-10-01T10:00:00.000000'", end_time="'2026-10-01T10:00:05Z'"),
        ),
    ),
    Mutation(
        "a change of the key under another name of it",
        "run_update$",
        ",rowid,oid,_rowid_",
        "",
        (row(1, **_RUN), f"UPDATE {T} SET rowid = 9"),
    ),
    Mutation(
        "a collation that takes different text for equal",
        "run_update$",
        "ON agent_invocations BEGIN",
        "ON agent_invocations WHEN OLD.phase IS NOT NEW.phase BEGIN",
        (row(1, phase="'plan'"), f"UPDATE {T} SET phase = 'PLAN'"),
    ),
    Mutation(
        "a collation that takes different text for equal, where columns are compared",
        "sessions_update$",
        "OLD.status COLLATE BINARY",
        "OLD.status",
        (session("'s'"), "UPDATE sessions SET status = 'ACTIVE'"),
    ),
    Mutation(
        "a run that ends in another session only ends",
        "run_changed_log$",
        r"\)IS\(NEW\.new3",
        ") IS (NEW.old3",
        (
            row(1, session_id="'s'", **_RUN),
            f"UPDATE {T} SET session_id = 't', status = 'completed'",
        ),
    ),
    Mutation(
        "a run that has had a model only ends",
        "run_changed_log$",
        r"AND NEW\.old7 IS NULL",
        "",
        (row(1, model="'m'", **_RUN), f"UPDATE {T} SET status = 'completed'"),
    ),
    Mutation(
        "what a run was as it began is not taken off",
        "run_post_rows",
        r"UNION ALL SELECT NEW\.event,[^;]*?WHERE NEW\.step=0",
        "WHERE 1",
        (row(1, **_RUN), f"UPDATE {T} SET status = 'completed'"),
    ),
    Mutation(
        "a run that ends stays open",
        "run_post_invocations",
        r"DELETE FROM open_runs WHERE NEW\.step<1",
        "DELETE FROM open_runs WHERE NEW.step < 0",
        (row(1, **_RUN), f"UPDATE {T} SET status = 'completed'"),
    ),
    Mutation("no DELETE trigger", "run_delete", "", "", (row(1), f"DELETE FROM {T}")),
    Mutation(
        "updated_at is set for ever",
        "touch",
        r"WHEN NEW\.updated_at IS NOT strftime\([^)]*\)",
        "",
        ("PRAGMA recursive_triggers = 1", row(1), f"UPDATE {T} SET prompt = 'p'"),
    ),
    Mutation(
        "trap 1: an extreme that goes is not looked up again",
        "run_post_invocations",
        r"DELETE FROM _aggregates_by_agent [^;]* AND part=0 [^;]*;",
        "",
        (
            row(1, **_RUN),
            row(2, start_time="'2026-10-02T10:00:00'"),
            f"DELETE FROM {T} WHERE id = 2",
        ),
    ),
    Mutation(
        "a pair that goes is not counted down",
        "run_post_invocations",
        r"NEW\.step\*\(NEW\.step AND",
        "(NEW.step > 0) * (NEW.step AND",
        (row(1, session_id="'s'"), row(2, session_id="'t'"), f"DELETE FROM {T} WHERE id = 2"),
    ),
    Mutation(
        "a pair that goes is not counted down in its session",
        "run_post_invocations",
        r"AND part BETWEEN 0 AND 2",
        "AND part = 0",
        (
            row(1, session_id="'s'"),
            row(2, "'b'", session_id="'s'"),
            f"DELETE FROM {T} WHERE id = 2",
        ),
    ),
    Mutation(
        "a phase that comes is not counted",
        "run_post_invocations",
        r"UNION ALL SELECT NEW\.session,2,NEW\.phase_name,.*?WHERE NEW\.step (?=UNION)",
        "",
        (row(1, session_id="'s'", phase="'plan'"),),
    ),
    Mutation(
        "a session that comes is not counted",
        "run_post_invocations",
        rf"UNION ALL SELECT'',2,.*?{_PAIR_IS_NEW}",
        "",
        (row(1, session_id="'s'"),),
    ),
    Mutation(
        "a session that goes is not counted down",
        "run_post_invocations",
        r"NEW\.step,NULL WHERE NEW\.step AND",
        "NEW.step, NULL WHERE NEW.step > 0 AND",
        (row(1, session_id="'s'"), row(2, session_id="'t'"), f"DELETE FROM {T} WHERE id = 2"),
    ),
    Mutation(
        "the session '' is counted",
        "run_post_invocations",
        r"WHERE NEW\.step AND NEW\.session<>''",
        "WHERE NEW.step",
        (row(1),),
    ),
    Mutation(
        "the session '' is counted for its agent",
        "run_post_invocations",
        r"\(NEW\.step AND NEW\.session<>''",
        "(NEW.step",
        (row(1),),
    ),
    Mutation(
        "the last end of a session that goes is not looked up again",
        "run_post_invocations",
        r'AND member=NEW\."end"AND',
        "AND member = '' AND",
        (
            row(1, session_id="'s'", end_time="'2026-10-01T10:00:00'"),
            row(2, session_id="'s'", end_time="'2026-10-02T10:00:00'"),
            f"UPDATE {T} SET end_time = NULL WHERE id = 2",
        ),
    ),
    Mutation(
        "trap 1: a session that is written again is not copied",
        "sessions_before_insert",
        r"OR clash\.session_id=NEW\.session_id",
        "",
        (session("'s'"), session("'s'", "'completed'", verb="INSERT OR REPLACE")),
    ),
    Mutation(
        "trap 1: a session whose rowid is taken is not copied",
        "sessions_before_insert",
        r"clash\.rowid=NEW\.rowid OR",
        "",
        (
            session("'s'", rowid="1"),
            session("'t'", "'completed'", rowid="1", verb="INSERT OR REPLACE"),
        ),
    ),
    Mutation(
        "trap 1: a session that is renamed replaces another",
        "sessions_before_update",
        r"OR clash\.session_id=NEW\.session_id",
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
        r"DELETE FROM \w+ WHERE session_row=OLD\.rowid;",
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
        "sessions_before_insert",
        _FORGET,
        "BEGIN",
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
        "sessions_before_insert",
        _FORGET,
        "BEGIN",
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
        "sessions_replaced",
        "UPDATE OF rowid,oid,_rowid_,session_id ON",
        "UPDATE ON",
        (
            session("NULL", rowid="5"),
            session("NULL", rowid="9"),
            session("NULL", rowid="9", verb="INSERT OR IGNORE"),
            VACUUM,
            "UPDATE sessions SET status = 'completed' WHERE rowid = 1",
        ),
    ),
    Mutation(
        "trap 16: what is left is settled after an update of the key",
        "sessions_before_update",
        r"DELETE FROM _aggregates_sessions_replaced WHERE 1;",
        "",
        (
            session("NULL", rowid="5"),
            session("NULL", rowid="9"),
            session("NULL", rowid="9", verb="INSERT OR IGNORE"),
            VACUUM,
            "UPDATE sessions SET session_id = 's' WHERE rowid = 1",
        ),
    ),
    Mutation(
        "the status of a session changes and nothing is posted",
        "sessions_post_rows",
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
            changed, count = re.subn(mutation.old, lambda match: f" {mutation.new} ", sql)
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
