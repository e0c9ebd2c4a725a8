"""Commands on a database of PostgreSQL: those that work, and that no password is shown."""

import json
from contextlib import closing

import pytest
from click.testing import CliRunner
from postgres import Postgres

from aggregates.cli import main

SECRET = "no-word-to-show"


def with_password(database: Postgres) -> str:
    """Trusted connections take whatever password is given."""
    head, _, rest = database.url.partition("@")
    name = head.removeprefix("postgresql://").partition(":")[0]
    return f"postgresql://{name}:{SECRET}@{rest}"


def test_commands(empty_postgres: Postgres) -> None:
    url = with_password(empty_postgres)

    def run(*arguments: str, status: int = 0) -> str:
        result = CliRunner().invoke(main, [*arguments, "--database", url])
        assert result.exit_code == status, result.output
        assert SECRET not in result.output
        return result.output

    run("status", status=4)
    assert "revision" in run("migrate")
    with closing(empty_postgres.connect()) as connection:
        connection.execute(
            "INSERT INTO agent_invocations (agent_name, session_id, status, start_time, end_time)"
            " VALUES ('a', 's', 'completed', '2026-10-01 10:00', '2026-10-01 10:01')"
        )
        (agent,) = json.loads(run("report", "agents", "--json"))
        assert (agent["agent_name"], agent["mean_duration_ms"]) == ("a", 60_000)
        run("run", "--once")
        (session,) = json.loads(run("report", "sessions", "--json"))
        assert (session["first_agent"], session["max_parallel"]) == ("a", 1)
        assert session["busy_ms"] == 60_000
        run("report", "session", "s")
        connection.execute("UPDATE _aggregates_posted_agent_stats SET invocations = 2")
        run("verify", status=3)
        run("repair")
        run("verify")
        run("rebuild")
        assert "insert 1" in run("changes")
        run("collect")
        assert "as it should be" in run("status")
        assert "not on PostgreSQL yet" in run("mapping", "suggest", status=1)
        assert "removed" in run("downgrade", "--yes")


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    url = f"postgresql://nobody:{SECRET}@localhost:1/none"
    result = CliRunner().invoke(main, ["report", "agents", "--database", url])
    assert result.exit_code == 10
    assert SECRET not in result.output
    assert "check the URL" in result.output


@pytest.mark.parametrize("scheme", ["postgres", "mysql"])
def test_other_schemes_are_refused(scheme: str) -> None:
    result = CliRunner().invoke(main, ["status", "--database", f"{scheme}://localhost/none"])
    assert result.exit_code == 1
    assert f"{scheme} is not supported" in result.output
