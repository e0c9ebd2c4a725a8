"""Planted drift is found and named, and mended while entries wait; what is altered is seen."""

from contextlib import closing

import pytest
from operations import operations
from postgres import Postgres, fold, stored

from aggregates.engines.postgresql.folding import LOCK
from aggregates.errors import AggregatesError, SchemaMismatch
from aggregates.proving import inspecting
from aggregates.recomputing.drift import Drift
from aggregates.store import Store

AGENT = {"agent_name": "a", "session_id": "s", "start_time": "2026-10-01 10:00", "phase": "plan"}
NAMES, VALUES = ", ".join(AGENT), ", ".join(f"'{value}'" for value in AGENT.values())
INSERT = f"INSERT INTO agent_invocations ({NAMES}) VALUES ({VALUES})"
KEY = {"event_type": "", "agent_name": "a", "phase": "plan", "model": "", "status": ""}

PLANTED = {
    "UPDATE _aggregates_posted_agent_stats SET invocations = 7, tokens_sum = -1": [
        Drift("agent_stats", KEY, "invocations", 7, 2),
        Drift("agent_stats", KEY, "tokens_sum", -1, 0),
    ],
    "DELETE FROM _aggregates_posted_session_phases": [
        Drift("session_phases", {"session_id": "s", "phase": "plan"}, "invocations", 0, 2)
    ],
    "INSERT INTO _aggregates_posted_open_runs VALUES ('2026', 9, 's', 'a', 'plan', 1)": [
        Drift(
            "open_runs",
            {
                "start_time": "2026",
                "invocation_id": 9,
                "session_id": "s",
                "agent_name": "a",
                "phase": "plan",
            },
            "row",
            "present",
            None,
        )
    ],
    "UPDATE _aggregates_posted_agent_activity SET sessions = 3": [
        Drift("agent_activity", {"agent_name": "a"}, "sessions", 3, 1)
    ],
}


@pytest.mark.parametrize("planted", PLANTED, ids=lambda sql: sql.split("posted_")[1].split()[0])
def test_each_drift_is_named_and_mended(migrated_postgres: Postgres, planted: str) -> None:
    with Store(migrated_postgres.url) as store, closing(migrated_postgres.connect()) as connection:
        connection.execute(INSERT)
        connection.execute(INSERT)
        fold(connection)
        connection.execute(planted)
        found = store.verify()
        assert (found.rows_read, found.drifts) == (2, PLANTED[planted])
        assert store.repair().drifts == found.drifts
        assert store.verify().drifts == []
        assert [(one.kind, one.drifts) for one in store.status().proofs] == [
            ("verify", 0),
            ("repair", len(found.drifts)),
            ("verify", len(found.drifts)),
        ]


def test_a_repair_is_right_where_entries_wait_for_a_pair_that_is_wrong(
    migrated_postgres: Postgres,
) -> None:
    """What an entry makes of a count of pairs depends on the pair, which a repair changes."""
    with Store(migrated_postgres.url) as store, closing(migrated_postgres.connect()) as connection:
        connection.execute(INSERT)
        fold(connection)
        connection.execute("DELETE FROM _aggregates_posted_session_agents")
        connection.execute("UPDATE _aggregates_posted_agent_activity SET sessions = 0")
        connection.execute("BEGIN")
        connection.execute(INSERT)
        connection.execute("COMMIT")
        assert store.repair().drifts
        assert store.verify().drifts == []
        right = stored(connection)
        store.rebuild()
        assert stored(connection) == right


def test_a_repair_in_the_middle_of_everything(migrated_postgres: Postgres) -> None:
    times = ["2026-10-01 10:00", "2026-10-02 11:00:00.5", None]
    plain = {"start_time": times, "end_time": times, "timestamp": [None], "raw_output": [None]}
    with Store(migrated_postgres.url) as store, closing(migrated_postgres.connect()) as connection:
        for statement, values in operations(7, 40, **plain):
            with connection.transaction(force_rollback=False):
                connection.execute("SAVEPOINT one")
                try:
                    connection.execute(statement.replace("?", "%s"), values)
                except Exception:
                    connection.execute("ROLLBACK TO one")
        for table in ("agent_activity", "session_stats", "session_agents", "agent_starts"):
            connection.execute(f"DELETE FROM _aggregates_posted_{table} WHERE ctid::text > '(0,1)'")
        store.repair()
        assert store.verify().drifts == []


def test_triggers_that_are_not_as_they_were_made(migrated_postgres: Postgres) -> None:
    altered = {
        "DROP TRIGGER _aggregates_run_insert ON agent_invocations": "missing",
        "ALTER TABLE agent_invocations DISABLE TRIGGER _aggregates_run_update": "altered",
        "CREATE OR REPLACE FUNCTION _aggregates_run_delete() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN NULL; END $$": "altered",
        "DROP VIEW session_overlap": "missing",
    }
    with Store(migrated_postgres.url) as store, closing(migrated_postgres.connect()) as connection:
        assert store.status().ok
        for statement in altered:
            connection.execute(statement)
        status = store.status()
        assert sorted(one.kind for one in status.findings) == sorted(altered.values())
        assert status.steps == ["aggregates downgrade", "aggregates migrate"]
        with pytest.raises(SchemaMismatch, match="_aggregates_run_insert"):
            store.repair()
        connection.execute("DROP TABLE agent_invocations CASCADE")
        with pytest.raises(SchemaMismatch, match="agent_invocations is gone"):
            store.verify()


def test_what_is_not_there_yet_says_so(migrated_postgres: Postgres) -> None:
    with Store(migrated_postgres.url) as store:
        with pytest.raises(AggregatesError, match="aggregates downgrade"):
            store.reinstall()
        with pytest.raises(AggregatesError, match="is not compared on this engine yet"):
            store.verify(tables=["session_overlap"])


def test_many_changes_that_wait_are_told(
    migrated_postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspecting, "_MANY_WAITING", 1)
    with Store(migrated_postgres.url) as store, closing(migrated_postgres.connect()) as connection:
        with closing(migrated_postgres.connect()) as other:
            other.execute(f"BEGIN; SELECT pg_advisory_xact_lock({LOCK})")
            for _ in range(2):
                connection.execute(INSERT)
            status = store.status()
            assert status.ok
            assert [one.kind for one in status.warnings] == ["waiting"]
            assert status.steps == ["aggregates run"]
        assert store.status().warnings == []
