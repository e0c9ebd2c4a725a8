"""A dump that is restored, whole or its data alone, is exact."""

import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from postgres import Postgres, pgserver, stored
from psycopg import Connection

from aggregates.installing.upgrading import upgrade
from aggregates.store import Store

ROWS = (
    "INSERT INTO agent_invocations (agent_name, session_id, status, start_time)"
    " SELECT 'a' || i % 2, 's', 'completed', '2026-10-01 10:00' FROM generate_series(1, 9) AS i"
)


def tool(name: str, connection: Connection) -> str | None:  # type: ignore[type-arg]
    """A program of the server's version, beside it or where Debian puts them."""
    major = connection.info.server_version // 10_000
    folders = [Path(f"/usr/lib/postgresql/{major}/bin")]
    folders.append(Path(pgserver().__file__).parent / f"pginstall{major}" / "bin")
    return next((str(path / name) for path in folders if (path / name).exists()), None)


@pytest.mark.parametrize(
    "options", [[], ["--data-only", "--disable-triggers"]], ids=["whole", "data"]
)
def test_a_dump(migrated_postgres: Postgres, empty_postgres: Postgres, options: list[str]) -> None:
    with (
        closing(migrated_postgres.connect()) as connection,
        closing(empty_postgres.connect()) as restored,
        Store(migrated_postgres.url) as store,
    ):
        connection.execute(ROWS)
        store.totals()
        connection.execute("DELETE FROM agent_invocations WHERE id = 9")
        dump, psql = tool("pg_dump", connection), tool("psql", connection)
        assert dump, "no pg_dump of the server's version"
        if options:
            upgrade(empty_postgres.url)
            restored.execute("TRUNCATE aggregate_descriptions, duration_bounds, _aggregates_walks")
            restored.execute("TRUNCATE _aggregates_version")
        text = subprocess.run(
            [dump, *options, migrated_postgres.url], check=True, capture_output=True
        ).stdout
        subprocess.run(
            [psql or "psql", "-q", "-v", "ON_ERROR_STOP=1", empty_postgres.url],
            input=text,
            check=True,
            capture_output=True,
        )
        restored.execute("SET search_path = public")
        assert stored(restored) == stored(connection)
        with Store(empty_postgres.url) as again:
            assert again.verify().drifts == []
            assert again.status().ok
            restored.execute(ROWS)
            assert again.totals()["invocations"] == 17
            assert again.verify().drifts == []
