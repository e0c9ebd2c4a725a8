"""An application's own revisions: written, run, changed, taken back, and none of our business."""

import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from advice import SHORT_CUTS, follow
from applications import LABEL, Application
from click.testing import CliRunner
from conftest import MakeDatabase, connect
from following_revision import COMPILER, EXTENDED, copy_of_migrations
from test_migrations import master

from aggregates import AggregatesError, Store
from aggregates.cli import main
from aggregates.configuration import configuration
from aggregates.errors import CannotAdopt, DefinitionError, SchemaMismatch
from aggregates.frozen import freezing
from aggregates.frozen import statements as frozen
from aggregates.installing import upgrading
from aggregates.installing.declared import Difference
from aggregates.model.definition import Catalogue

TICKETS = """
runs = extend(agent_invocations, ticket=text("ticket_id"), cost=decimal("cost_usd", 2))
ticket_cost = aggregate(
    "ticket_cost",
    runs,
    "cost of each ticket",
    by={"ticket_id": "ticket"},
    measures={"runs": count(), "cents": total("cost")},
    where=runs.fact("is_invocation"),
)
definitions = [ticket_cost]
"""
MODELS = """
models = aggregate(
    "models",
    agent_invocations,
    "tokens of each model",
    by={"model": "model_name"},
    measures={"runs": count(), "tokens": total("token_count")},
)
definitions = [models]
"""
BOTH = TICKETS + MODELS + "definitions = [ticket_cost, models]\n"
WRITES = (
    "INSERT INTO agent_invocations (agent_name, ticket_id, cost_usd, model, raw_output) VALUES"
    """ ('a', 'T1', 0.25, 'm', '{"totalTokens": 5}'), ('a', 'T2', 1.005, 'n', NULL),"""
    " ('b', 'T1', '3.10', 'm', NULL), ('unknown', 'T1', 9, 'm', NULL), ('b', NULL, 2, NULL, NULL)",
    "UPDATE agent_invocations SET ticket_id = 'T3' WHERE id % 7 = 2",
    "UPDATE agent_invocations SET cost_usd = cost_usd * 3 WHERE id % 5 = 1",
    "INSERT OR REPLACE INTO agent_invocations (id, agent_name, ticket_id, cost_usd) VALUES"
    " (3, 'c', 'T2', 7)",
    "DELETE FROM agent_invocations WHERE id % 4 = 0",
)


@pytest.fixture
def application(migrated_database: MakeDatabase, tmp_path: Path) -> Iterator[Application]:
    """With a database at our head, in which costs are logged, and some rows."""
    with migrated_database("plain") as path:
        with closing(connect(path)) as connection:
            connection.execute("ALTER TABLE agent_invocations ADD COLUMN cost_usd NUMERIC")
        write(path)
        yield Application(tmp_path, path)


def write(path: Path) -> None:
    """What any program may write."""
    with closing(connect(path)) as connection:
        for statement in WRITES:
            connection.execute(statement)


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """What a query answers."""
    with closing(connect(path)) as connection:
        return connection.execute(query).fetchall()


def costs(path: Path) -> dict[str, tuple[int, int]]:
    """The aggregate of tickets."""
    found = rows(path, "SELECT ticket_id, runs, cents FROM ticket_cost WHERE runs")
    return {str(ticket): (int(str(runs)), int(str(cents))) for ticket, runs, cents in found}


def right_costs(path: Path) -> dict[str, tuple[int, int]]:
    """What it should hold."""
    runs: Counter[str] = Counter()
    cents: Counter[str] = Counter()
    query = "SELECT agent_name, ticket_id, cost_usd FROM agent_invocations"
    for agent, ticket, cost in rows(path, query):
        if agent not in ("unknown", ""):
            runs[str(ticket or "")] += 1
            cents[str(ticket or "")] += int(float(str(cost or 0)) * 100 + 0.5)
    return {ticket: (runs[ticket], cents[ticket]) for ticket in runs}


def is_exact(path: Path) -> bool:
    """Whether the aggregate of tickets is there, and right, and stays so."""
    before = costs(path) == right_costs(path) != {}
    write(path)
    return before and costs(path) == right_costs(path)


def text_of(path: Path | None) -> str:
    """What a revision says."""
    assert path is not None
    return path.read_text(encoding="utf-8")


# Written and run


def test_a_revision_is_written_into_a_branch_of_its_own_and_run(application: Application) -> None:
    application.declare(TICKETS)
    path = application.revise("Cost by ticket")
    assert path is not None
    assert path.parent == application.revisions
    assert re.fullmatch(r"[0-9a-f]{12}_cost_by_ticket\.py", path.name)
    text = text_of(path)
    assert f"branch_labels = ('{LABEL}',)" in text
    assert f"depends_on = '{upgrading.head()}'" in text
    application.migrate()
    assert is_exact(application.database)
    with application.store() as store:
        assert store.status().ok
        assert store.declared() == []
        assert "ticket_cost" in store.verify().tables
        assert store.verify().drifts == []
        assert store.status().revision == upgrading.head()
    assert application.revise() is None


def test_the_review_is_short_and_so_is_the_sql(application: Application) -> None:
    """Of an aggregate of one dimension, over columns that our change log does not have."""
    application.declare(TICKETS)
    upgrade, _, downgrade = text_of(application.revise()).partition("def downgrade")
    review = [line for line in upgrade.splitlines() if line.strip().startswith("# -")]
    assert len(review) < 100
    assert any("new table `ticket_cost`" in line for line in review)
    assert len(upgrade.splitlines()) - len(review) < 300
    assert len(downgrade.splitlines()) < 100
    application.declare(MODELS)
    (application.revisions / next(application.revisions.glob("*_x.py")).name).unlink()
    assert len(text_of(application.revise()).splitlines()) < 150


def test_what_is_declared_later_is_added_and_leaves_the_rest_alone(
    application: Application,
) -> None:
    application.keep(TICKETS)
    objects = master(application.database)
    application.declare(BOTH)
    text = text_of(application.revise())
    assert "ticket_cost" not in text
    assert "branch_labels = None" in text
    application.migrate()
    assert {*objects} <= {*master(application.database)}
    assert is_exact(application.database)
    found = rows(application.database, "SELECT sum(runs), sum(tokens) FROM models")
    query = "SELECT count(*), coalesce(sum(raw_output ->> 'totalTokens'), 0) FROM agent_invocations"
    assert found == rows(application.database, query)


def test_a_field_that_is_added_does_not_empty_what_is_there(application: Application) -> None:
    """The change log is made anew; what posted by it goes on posting."""
    application.keep(TICKETS)
    more = TICKETS.replace(
        'cost=decimal("cost_usd", 2)', 'cost=decimal("cost_usd", 2),who=text("parent_agent")'
    )
    more += (
        'who = aggregate("who", runs, "by parent", by={"who": "who"}, measures={"n": count()})\n'
    )
    application.declare(more + "definitions = [ticket_cost, who]\n")
    text = text_of(application.revise())
    assert "[table] ticket_cost" not in text
    assert "[fold]" in text
    before = costs(application.database)
    application.migrate()
    assert costs(application.database) == before
    assert is_exact(application.database)
    with application.store() as store:
        assert store.status().ok
        assert store.verify().drifts == []
    application.downgrade(f"{LABEL}@-1")
    assert costs(application.database) == right_costs(application.database)
    assert is_exact(application.database)
    with Store(application.database) as store:
        assert store.status().ok


def test_a_change_is_made_and_taken_back(application: Application) -> None:
    application.keep(TICKETS)
    objects = master(application.database)
    application.declare(TICKETS.replace('"runs": count(),', ""))
    assert "- table `ticket_cost`, changed" in text_of(application.revise())
    application.migrate()
    names = {row[1] for row in rows(application.database, "PRAGMA table_info(ticket_cost)")}
    assert names == {"ticket_id", "cents"}
    right = {key: cents for key, (_, cents) in right_costs(application.database).items() if cents}
    found = rows(application.database, "SELECT ticket_id, cents FROM ticket_cost WHERE cents")
    assert dict(found) == right
    write(application.database)
    application.downgrade(f"{LABEL}@-1")
    assert is_exact(application.database)
    assert {row[:3] for row in master(application.database)} == {row[:3] for row in objects}


def test_another_meaning_under_the_same_names_is_a_change(application: Application) -> None:
    application.keep(TICKETS)
    application.declare(TICKETS.replace('decimal("cost_usd", 2)', 'decimal("cost_usd", 4)'))
    with application.store() as store:
        assert {one.how for one in store.declared()} == {"changed"}
        assert "ticket_cost" not in store.verify().tables
        with pytest.raises(DefinitionError, match="there is no aggregate ticket_cost"):
            store.verify(tables=["ticket_cost"])
    assert application.revise() is not None
    application.migrate()
    found = rows(application.database, "SELECT sum(cents) FROM ticket_cost")
    query = "SELECT cost_usd FROM agent_invocations WHERE agent_name <> 'unknown'"
    costs = [float(str(cost or 0)) for (cost,) in rows(application.database, query)]
    assert found == [(sum(round(cost * 10_000) for cost in costs),)]


def test_what_is_no_longer_declared_is_dropped_and_put_back(application: Application) -> None:
    application.keep(BOTH)
    objects = master(application.database)
    application.declare(MODELS)
    text = text_of(application.revise())
    assert "op.drop_aggregates('acme'" in text
    application.migrate()
    left = [row[1] for row in master(application.database) if "acme" in row[1]]
    assert left == ["_aggregates_run_post_acme_models_rows"]
    described = "SELECT count(*) FROM aggregate_descriptions WHERE table_name = 'ticket_cost'"
    assert rows(application.database, described) == [(0,)]
    write(application.database)
    application.downgrade(f"{LABEL}@-1")
    assert is_exact(application.database)
    assert {row[:3] for row in master(application.database)} == {row[:3] for row in objects}
    application.downgrade(f"{LABEL}@base")
    assert [row for row in master(application.database) if "acme" in row[1]] == []
    assert "_aggregates_owned" not in {row[1] for row in master(application.database)}


def test_a_table_of_its_own_is_served(application: Application) -> None:
    with closing(connect(application.database)) as connection:
        connection.executescript(
            'CREATE TABLE "the tickets" (Number INTEGER PRIMARY KEY, "the team" TEXT UNIQUE, N);'
            "INSERT INTO \"the tickets\" VALUES (1, 'a', 5), (7, 'b', 2.6);"
        )
    application.keep(
        """
tickets = table("the tickets", key="Number", team=text("the team"), n=integer("N"), m=text("n"))
definitions = [
    aggregate("teams", tickets, "", by={"team": "team"}, measures={"n": total("n")}),
    aggregate("numbers", tickets, "", by={"n": "m"}, measures={"teams": count()}),
]
"""
    )
    with closing(connect(application.database)) as connection:
        query = "SELECT team, n FROM teams WHERE n ORDER BY 1"
        assert connection.execute(query).fetchall() == [("a", 5), ("b", 3)]
        for statement, right in (
            ("INSERT INTO {} VALUES (8, 'c', '4')", [("a", 5), ("b", 3), ("c", 4)]),
            ("REPLACE INTO {} VALUES (9, 'a', 1)", [("a", 1), ("b", 3), ("c", 4)]),
            ("UPDATE OR REPLACE {} SET \"the team\" = 'c' WHERE number = 7", [("a", 1), ("c", 3)]),
            ("DELETE FROM {} WHERE n = 1", [("c", 3)]),
            ("UPDATE {} SET n = 3.0", [("c", 3)]),
        ):
            statement = statement.format('"the tickets"')
            connection.execute(statement)
            assert connection.execute(query).fetchall() == right, statement
    with application.store() as store:
        assert store.status().ok
        assert store.verify().drifts == []


@pytest.mark.parametrize("is_made_again", [False, True])
def test_a_table_that_was_renamed_gets_its_name_back(
    is_made_again: bool, application: Application
) -> None:
    """Its own, and one that ships, which has a change log of theirs too."""
    made = "CREATE TABLE {} (id INTEGER PRIMARY KEY, team TEXT)"
    with closing(connect(application.database)) as connection:
        connection.execute(made.format("tickets"))
    application.keep(
        TICKETS + 'tickets = table("tickets", team=text("team"))\n'
        'teams = aggregate("teams", tickets, "", by={"team": "team"}, measures={"n": count()})\n'
        "definitions = [ticket_cost, teams]"
    )
    with closing(connect(application.database)) as connection:
        connection.execute("ALTER TABLE tickets RENAME TO kept")
        connection.execute("INSERT INTO kept (team) VALUES ('a')")
        if is_made_again:
            connection.execute(made.format("tickets"))
            connection.execute("INSERT INTO tickets (team) VALUES ('b')")
        else:
            connection.execute("ALTER TABLE agent_invocations RENAME TO runs")
    with application.store() as store:
        steps = follow(application.database, SHORT_CUTS)
        assert len([one for one in steps if "ALTER" in one]) == (1 if is_made_again else 2)
        assert store.verify().drifts == []
    found = rows(application.database, "SELECT * FROM teams")
    assert found == [("a", 1), ("b", 1)][: 1 + is_made_again]
    assert is_exact(application.database)


def test_a_table_with_a_function_of_its_writers_is_served(application: Application) -> None:
    with closing(connect(application.database)) as connection:
        connection.create_function("is_good", 1, lambda team: team != "", deterministic=True)
        connection.execute(
            "CREATE TABLE tickets (id INTEGER PRIMARY KEY, team TEXT CHECK (is_good(team)))"
        )
        application.keep(
            'tickets = table("tickets", team=text("team"))\n'
            'teams = aggregate("t", tickets, "", by={"team": "team"}, measures={"n": count()})\n'
            "definitions = [teams]"
        )
        connection.execute("INSERT INTO tickets (team) VALUES ('a')")
    assert rows(application.database, "SELECT * FROM t") == [("a", 1)]


def test_columns_may_have_any_name(application: Application) -> None:
    """Names that logs and views of ours have for something else, and words of SQL."""
    names = ("seq", "sign", "step", "updated_at", "operation", "row_key", "mark", "order", "rows")
    columns = ", ".join(f'"{name}"' for name in names)
    with closing(connect(application.database)) as connection:
        connection.execute(f"CREATE TABLE things (id INTEGER PRIMARY KEY, {columns})")
    fields = ", ".join(f'a_{name}=integer("{name}")' for name in (*names, "id"))
    measures = ", ".join(f'"{name}": total("a_{name}")' for name in (*names, "id"))
    application.keep(
        f"""
things = table("things", {fields}, order=text("order"))
definitions = [aggregate("group", things, "", by={{"select": "order"}}, measures={{{measures}}})]
"""
    )
    with closing(connect(application.database)) as connection:
        sums = ", ".join(f'sum("{name}")' for name in (*names, "id"))
        for number in range(1, 9):
            values = ", ".join(str(number % (place + 2)) for place, _ in enumerate(names))
            connection.execute(f"INSERT INTO things ({columns}) VALUES ({values})")
        for statement in (
            "UPDATE things SET seq = 50, id = 20, updated_at = 7 WHERE id = 3",
            "INSERT OR REPLACE INTO things (id, sign) VALUES (4, 9)",
            "DELETE FROM things WHERE id = 5",
        ):
            connection.execute(statement)
        right = connection.execute(
            f"SELECT coalesce(\"order\", ''), {sums} FROM things GROUP BY 1 ORDER BY 1"
        ).fetchall()
        found = connection.execute('SELECT * FROM "group" ORDER BY 1').fetchall()
        assert sorted(row for row in found if any(row[1:])) == sorted(
            (str(order), *(total or 0 for total in totals)) for order, *totals in right
        )
    with application.store() as store:
        assert store.status().ok
        assert store.verify().drifts == []


def test_a_path_into_json_is_followed_where_all_writers_can(application: Application) -> None:
    application.keep(
        """
runs = extend(agent_invocations, team=text(json("raw_input", "$.by.team", functions=True)),
    price=decimal(json("raw_input", "$.price", functions=True), 2))
definitions = [
    aggregate("teams", runs, "", by={"team": "team"}, measures={"cents": total("price")}),
]
"""
    )
    texts = (
        """{"by": {"team": "a"}, "price": 1.25}""",
        """{"price": 3, "by": {"team": "a"}}""",
        """{"by": {"team": 7}, "price": "2"}""",
        """{"by": {"team": 7.0}, "price": 1e-2}""",
        """{"by": {"team": "say \\"b\\""}, "price": null}""",
        """{"by": "team", "price": 5}""",
        "not json",
        "",
    )
    with closing(connect(application.database)) as connection:
        connection.execute("DELETE FROM agent_invocations")
        for text in texts:
            connection.execute("INSERT INTO agent_invocations (raw_input) VALUES (?)", (text,))
        query = "SELECT team, cents FROM teams WHERE cents ORDER BY 1"
        right = [("", 500), ("7", 200), ("7.0", 1), ("a", 425)]
        assert connection.execute(query).fetchall() == right
        # The same number, but another text.
        connection.execute(
            "UPDATE agent_invocations SET raw_input = replace(raw_input, '7}', '7.0}')"
        )
        right = [("", 500), ("7.0", 200 + 1), ("a", 425)]
        assert connection.execute(query).fetchall() == right
        connection.execute("INSERT INTO agent_invocations (raw_input) VALUES (x'7b7d'), (7)")
    with application.store() as store:
        assert store.verify().drifts == []


def test_two_that_migrate_at_once_end_well(application: Application) -> None:
    application.declare(BOTH)
    application.revise()
    command = [sys.executable, "-m", "aggregates", "migrate", "--database"]
    both = [
        subprocess.Popen(
            [*command, str(application.database)],
            cwd=application.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert is_exact(application.database)
    with application.store() as store:
        assert store.status().ok
        assert store.declared() == []


# Beside ours


@pytest.mark.parametrize("is_ours_first", [True, False])
def test_our_next_revision_and_theirs_leave_each_other_alone(
    is_ours_first: bool,
    application: Application,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    head, folder = upgrading.head(), copy_of_migrations(tmp_path)
    freezing.write_revision("Next", COMPILER, EXTENDED, folder)

    def release() -> None:
        for one in (frozen, upgrading):
            monkeypatch.setattr(one, "migrations_folder", lambda: folder)

    if is_ours_first:
        release()
        application.migrate()
        ours = master(application.database)
        application.keep(TICKETS)
        assert {*ours} <= {*master(application.database)}
    else:
        application.keep(TICKETS)
        theirs = [row for row in master(application.database) if "acme" in row[1]]
        release()
        application.migrate()
        assert [row for row in master(application.database) if "acme" in row[1]] == theirs
    assert is_exact(application.database)
    assert "session_tokens" in {row[1] for row in master(application.database)}
    with Store(application.database) as store:
        assert store.status().ok
        assert store.status().revision == upgrading.head() != head
    if is_ours_first:
        application.downgrade(f"{LABEL}@base")
        assert master(application.database) == ours
    else:
        application.downgrade(head)
        assert "session_tokens" not in {row[1] for row in master(application.database)}
        assert is_exact(application.database)


def test_facts_that_a_revision_of_ours_makes_anew_keep_what_hangs_on_them(
    application: Application,
) -> None:
    """As where a trigger went with the view that it was on, which --reinstall makes anew, too."""
    application.keep(BOTH)
    with closing(connect(application.database)) as connection:
        connection.execute("DROP VIEW _aggregates_run_facts")
        connection.execute("DROP TRIGGER _aggregates_agent_invocations__acme_insert")
    with Store(application.database) as store:
        missing = {one.name for one in store.status().findings if one.kind == "missing"}
        assert "_aggregates_run_post_acme_models_rows" in missing
        assert "_aggregates_agent_invocations__acme_insert" in missing
        store.reinstall()
    with application.store() as store:
        assert store.repair().drifts == []
        assert store.status().ok
    assert is_exact(application.database)


def test_without_their_files_ours_go_on(application: Application) -> None:
    application.keep(TICKETS)
    with Store(application.database) as store:
        assert store.status().ok
        assert store.verify().drifts == []
        store.changes("reader")
        store.reinstall()
        store.rebuild()
    assert is_exact(application.database)
    objects = master(application.database)
    upgrading.upgrade(str(application.database))
    assert master(application.database) == objects
    application.migrate()


def test_a_file_that_is_gone_is_missed(application: Application) -> None:
    """Or its branch would begin anew, beside what is there."""
    application.keep(TICKETS)
    application.declare(BOTH)
    path = application.revise()
    application.migrate()
    assert path is not None
    path.unlink()
    for act in (application.migrate, application.revise):
        with pytest.raises(SchemaMismatch, match=f"{path.name[:12]}.* put (it|its file) back"):
            act()
    for each in application.revisions.glob("*.py"):
        each.unlink()
    with pytest.raises(SchemaMismatch, match="put its files back, or take another label"):
        application.revise()
    assert is_exact(application.database)


def test_two_owners_know_nothing_of_each_others_folders(
    application: Application, tmp_path: Path
) -> None:
    def named(label: str) -> set[str]:
        return {row[1] for row in master(application.database) if label in row[1]}

    (tmp_path / "other").mkdir()
    other = Application(tmp_path / "other", application.database, "bolt")
    application.keep(TICKETS)
    theirs = named(LABEL)
    other.keep(TICKETS.replace('"ticket_cost"', '"bolt_cost"'))
    first = named("bolt")
    assert first
    assert named(LABEL) == theirs
    application.keep(BOTH)
    other.keep(MODELS.replace('"models"', '"bolt_models"'))
    assert "_aggregates_run_post_bolt_bolt_models_rows" in named("bolt")
    assert "_aggregates_run_post_acme_models_rows" in named(LABEL)
    for one in (application, other):
        with one.store() as store:
            assert store.declared() == []
            assert store.status().ok
    other.downgrade("bolt@-1")
    assert named("bolt") == first
    other.downgrade("bolt@base")
    assert named("bolt") == set()
    application.downgrade(f"{LABEL}@-1")
    assert named(LABEL) == theirs
    assert is_exact(application.database)
    other.migrate()
    application.downgrade(f"{LABEL}@base")
    with other.store() as store:
        assert store.declared() == []
    application.migrate()
    # Down to where neither can be, by one of them.
    other.downgrade("5d0f7e2a91c4")
    assert named(LABEL) | named("bolt") == set()
    write(application.database)
    for one in (application, other):
        one.migrate()
        with one.store() as store:
            assert store.declared() == []
    assert is_exact(application.database)
    other.downgrade("base")
    assert {row[1] for row in master(application.database) if "aggregates" in row[1]} == set()


def test_a_rebuild_and_a_repair_are_of_theirs_too(application: Application) -> None:
    application.keep(TICKETS)
    with closing(connect(application.database)) as connection:
        connection.execute("UPDATE ticket_cost SET cents = cents + 1")
    with application.store() as store:
        assert {one.table for one in store.verify(tables=["ticket_cost"]).drifts} == {"ticket_cost"}
        store.repair(tables=["ticket_cost"])
    assert is_exact(application.database)
    with closing(connect(application.database)) as connection:
        connection.execute("DELETE FROM ticket_cost")
    with application.store() as store:
        store.rebuild()
    assert is_exact(application.database)


def test_without_ours_theirs_are_gone_and_no_writer_fails(application: Application) -> None:
    """By a downgrade that knows nothing of their revisions."""
    application.keep(BOTH)
    upgrading.downgrade(str(application.database))
    names = {row[1] for row in master(application.database)}
    assert {name for name in names if "aggregates" in name or "ticket" in name} == set()
    write(application.database)


def test_all_goes_down_and_comes_back(application: Application) -> None:
    application.keep(BOTH)
    application.downgrade("base")
    assert {row[1] for row in master(application.database) if "aggregates" in row[1]} == set()
    write(application.database)
    application.migrate()
    assert is_exact(application.database)
    with application.store() as store:
        assert store.declared() == []
        assert store.verify().drifts == []


# Refused


def test_without_ours_a_revision_asks_for_a_migration(application: Application) -> None:
    application.declare(TICKETS)
    application.downgrade("base")
    with pytest.raises(SchemaMismatch, match=r"at revision none, .*; run `aggregates migrate`$"):
        application.revise()


def test_what_is_wrong_is_said_before_anything_is_written(application: Application) -> None:
    application.declare(TICKETS.replace('"cost_usd"', '"price"'))
    with pytest.raises(CannotAdopt, match=r"its columns are .*, but price is needed; nothing was"):
        application.revise()
    assert list(application.revisions.iterdir()) == []
    application.declare(TICKETS)
    application.revise()
    with pytest.raises(AggregatesError, match="have been written that the database is not at"):
        application.revise()
    with closing(connect(application.database)) as connection:
        connection.execute("CREATE TABLE ticket_cost (a)")
    objects = master(application.database)
    with pytest.raises(CannotAdopt, match="cannot install ticket_cost"):
        application.migrate()
    assert master(application.database) == objects


def test_what_would_stop_half_way_is_not_begun(application: Application) -> None:
    """What was there goes on, and the next migration and the way back are free."""
    application.keep(TICKETS)
    objects = master(application.database)
    wrong = BOTH.replace('by={"model"', 'where=func.f(COST) > 1, by={"model"')
    wrong = "from sqlalchemy import func\n" + wrong.replace("2)", "3)")
    application.declare(wrong.replace("COST", "''"))
    with pytest.raises(
        DefinitionError, match=r"SQLite cannot compute f\(''\) > 1: no such function"
    ):
        application.revise()
    wrong = wrong.replace('agent_invocations,\n    "tokens', 'runs,\n    "tokens')
    wrong = wrong.replace("COST", "runs.fact('cost')")
    application.declare(wrong)
    with pytest.raises(CannotAdopt, match="cannot keep models: no such function: f; nothing was"):
        application.revise()
    application.declare(wrong.replace("func.f", "func.unicode"))
    path = application.revise()
    assert path is not None
    path.write_text(text_of(path).replace("unicode(", "f("), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(CannotAdopt, match="cannot keep models: no such function: f"):
            application.migrate()
        assert master(application.database) == objects
    assert is_exact(application.database)
    path.unlink()
    application.keep(BOTH)
    assert is_exact(application.database)
    application.downgrade(f"{LABEL}@base")
    assert [row for row in master(application.database) if "acme" in row[1]] == []


@pytest.mark.parametrize("later", [BOTH, MODELS, "definitions = []"])
def test_what_a_revision_has_begun_that_is_gone_is_taken_over_or_goes(
    later: str, application: Application
) -> None:
    application.declare(TICKETS)
    path = application.revise()
    assert path is not None

    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upgrading.upgrade(str(application.database), progress=stop, own=application.revisions)
    assert "ticket_cost" in {row[1] for row in master(application.database)}
    path.unlink()
    application.keep(later)
    with application.store() as store:
        assert store.declared() == []
        assert store.status().ok
    if later == BOTH:
        assert is_exact(application.database)
    else:
        assert not {row[1] for row in master(application.database) if "tick" in row[1]}
    application.downgrade(f"{LABEL}@base")
    assert [row for row in master(application.database) if "acme" in row[1]] == []


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("definitions = 'm'", "says no `label`"),
        ("definitions = 'm'\nlabel = 'A b'", "is no label"),
        ("definition = 'm'", "definition is no option; there are definitions, label, migrations"),
        ("definitions = 5\nlabel = 'a'", "definitions is a text"),
        ("definitions =", "is not TOML"),
        ("definitions = 'no_such_module'\nlabel = 'a'", "there is no module no_such_module"),
        ("definitions = 'json'\nlabel = 'a'", "json has no list `definitions`"),
    ],
)
def test_a_configuration_that_says_something_else_is_refused(
    said: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "m.py").write_text("definitions = []")
    (tmp_path / "aggregates.toml").write_text(said)
    with pytest.raises(AggregatesError, match=message):
        declared_in(tmp_path)


def declared_in(folder: Path) -> Catalogue:
    """What an application in a folder declares."""
    found = configuration(folder)
    assert found is not None
    return found.declared()


def test_pyproject_will_do_and_other_tools_do_not_matter(tmp_path: Path) -> None:
    assert configuration(tmp_path) is None
    path = tmp_path / "pyproject.toml"
    path.write_text("[tool.ruff]\nline-length = 100\n")
    assert configuration(tmp_path) is None
    path.write_text("[tool.aggregates]\ndefinitions = 'm'\nlabel = 'a'\n")
    found = configuration(tmp_path, {"label": "b", "database": "x"})
    assert found is not None
    assert (found.definitions, found.label, found.migrations) == ("m", "b", None)


# The command line


def test_the_commands_know_them(application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(application.folder)
    monkeypatch.setenv("AGGREGATES_DATABASE_URL", str(application.database))
    application.declare(TICKETS)

    def run(*arguments: str, status: int = 0) -> str:
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == status, done.output
        return done.stdout

    assert "ticket_cost: declared, and not in the database" in run("check", status=4)
    assert run("revision", "-m", "Cost").endswith("_cost.py\n")
    run("migrate")
    assert run("check") == "the database holds what is declared\n"
    assert run("revision", "-m", "Cost") == "the database holds what is declared\n"
    assert "no drift" in run("verify", "--table", "ticket_cost")
    run("run", "--once")
    application.declare(MODELS)
    assert run("check", status=4).splitlines() == [
        "models: declared, and not in the database",
        "agent_invocations__acme: in the database, and not declared",
        "ticket_cost: in the database, and not declared",
    ]
    run("downgrade", "--yes", "--to", f"{LABEL}@base")
    with Store(application.database, catalogue=None) as store:
        assert store.declared() == [Difference(LABEL, "models", "new")]


def test_a_name_that_ships_is_not_declared_again(application: Application) -> None:
    application.declare(MODELS.replace('"models"', '"agent_stats"'))
    with pytest.raises(DefinitionError, match=r"defined twice: \['agent_stats'\]"):
        application.store()


# Plain Alembic


def alembic(application: Application, *arguments: str) -> str:
    """What Alembic says, in the folder of the application."""
    ini = f"[alembic]\nscript_location = {frozen.migrations_folder()}\npath_separator = os\n"
    (application.folder / "alembic.ini").write_text(ini)
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=application.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_plain_alembic_runs_them(application: Application) -> None:
    application.declare(TICKETS)
    path = application.revise()
    database = f"database={application.database}"
    alembic(application, "-x", database, "upgrade", "heads")
    assert is_exact(application.database)
    revision = str(path).rpartition("/")[2][:12]
    assert f"{revision} (head)" in alembic(application, "-x", database, "current")
    alembic(application, "-x", database, "downgrade", f"{LABEL}@base")
    assert [row for row in master(application.database) if "acme" in row[1]] == []
    (application.folder / "aggregates.toml").unlink()
    options = ("migrations=versions", "definitions=m", f"label={LABEL}")
    named = [word for one in (database, *options) for word in ("-x", one)]
    alembic(application, *named, "upgrade", "heads")
    assert is_exact(application.database)


def test_offline_is_the_same_as_online(application: Application) -> None:
    application.declare(BOTH)
    application.revise()
    sql = alembic(application, "upgrade", f"{upgrading.head()}:heads", "--sql")
    online = application.database.with_name("online.db")
    shutil.copyfile(application.database, online)
    with closing(sqlite3.connect(application.database)) as connection:
        connection.executescript(sql)
    upgrading.upgrade(str(online), own=application.revisions)
    assert [row[:3] for row in master(application.database)] == [row[:3] for row in master(online)]
    for table in ("ticket_cost", "models", "_aggregates_owned", "_aggregates_version"):
        query = f"SELECT * FROM {table} ORDER BY 1"
        assert rows(application.database, query) == rows(online, query), table
    assert is_exact(application.database)
    with application.store() as store:
        assert store.status().ok
        assert store.declared() == []
    down = alembic(application, "downgrade", f"{LABEL}@head:{LABEL}@base", "--sql")
    with closing(sqlite3.connect(application.database)) as connection:
        connection.executescript(down)
    assert [row for row in master(application.database) if "acme" in row[1]] == []
    write(application.database)


def test_columns_may_have_any_name_and_no_type(application: Application) -> None:
    names = ("Ökonomie", "a, b", 'the "price"', "seq", "updated_at")
    with closing(connect(application.database)) as connection:
        columns = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
        connection.execute(f"CREATE TABLE orders (id INTEGER PRIMARY KEY, {columns})")
        connection.execute("INSERT INTO orders VALUES (1, 'x', 2, 3, 4, 5)")
    fields = ", ".join(f"f{number}=integer({name!r})" for number, name in enumerate(names[1:]))
    measures = ", ".join(f"'m{number}': total('f{number}')" for number in range(4))
    application.keep(
        f"orders = table('orders', word=text({names[0]!r}), {fields})\n"
        "definitions = [aggregate('by_word', orders, 'orders by a word', by={'word': 'word'},"
        f" measures={{'orders': count(), {measures}}})]"
    )
    with closing(connect(application.database)) as connection:
        connection.execute("INSERT INTO orders VALUES (2, 'x', 20, 30, 40, 50)")
        connection.execute('UPDATE orders SET "a, b" = 2.0, seq = 7 WHERE id = 1')
        found = connection.execute("SELECT * FROM by_word").fetchall()
    assert found == [("x", 2, 22, 33, 47, 55)]
    with application.store() as store:
        assert store.verify().drifts == []
