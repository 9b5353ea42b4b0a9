"""Migrations: from empty, from a filled database of the first revision, twice at once, and never backwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from backline.storage import migrations
from backline.storage.database import Database
from backline.storage.run_tables import metadata
from backline.storage.runs import read_run
from backline.storage.schedules import read_schedule
from backline.storage.upgrade import (
    NewerSchema,
    find_head,
    list_revisions,
    read_revision,
    upgrade_database,
)
from tests.storage.rows import make_run

Open = Callable[[], Database]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.services])])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens one and the same database, in which there is nothing."""
    url = f"sqlite:///{tmp_path}/b.db" if request.param == "sqlite" else request.getfixturevalue("pg_url")
    opened: list[Database] = []

    def open_it() -> Database:
        opened.append(Database(url, writer_role="backline_writer" if request.param == "postgresql" else None))
        return opened[-1]

    yield open_it
    for database in opened:
        database.close()


def test_the_names_of_the_migrations_tell_what_alembic_reads_in_them() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert [script.revision for script in scripts.walk_revisions()][::-1] == list_revisions()
    assert scripts.get_heads() == [find_head()]


def test_from_empty_to_head_and_no_further(empty: Open) -> None:
    database = empty()
    assert read_revision(database) is None
    assert upgrade_database(database) == (None, find_head())
    assert upgrade_database(database) == (find_head(), find_head())
    tables = set(inspect(database.engine).get_table_names())
    assert set(metadata.tables) | {"backline_schema"} == tables
    assert all(name.startswith("backline_") for name in tables)
    run_id = make_run(database)
    with database.read() as connection:
        assert read_run(connection, run_id).state == "queued"


def test_a_filled_database_of_the_first_revision_keeps_its_rows(empty: Open) -> None:
    database = empty()
    assert upgrade_database(database, "0001") == (None, "0001")
    assert read_revision(database) == "0001"
    run_id = "01930000-0000-7000-8000-000000000001"
    with database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO backline_run (id, task, version, queue, priority, idempotency_key, job, job_sha, state, "
                "due_at, trace_id, asked_by, progress, created_at) VALUES (:id, 'probe.work', 1, 'probe', 5, 'k', "
                "'{}', 'sha', 'queued', 5, 't', 'ann', 'half', 5)"
            ),
            {"id": run_id},
        )
        connection.execute(
            text(
                "INSERT INTO backline_schedule (id, task, job, cron, zone, catch_up, enabled, next_slot, created_at, "
                "created_by) VALUES ('s', 'probe.work', '{}', '0 6 * * *', 'UTC', 'all', true, 5, 5, 'ann')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO backline_audit (at, actor, action, object, body) VALUES (1, 'ann', 'a', 'o', '{}')"
            )
        )
    assert upgrade_database(database) == ("0001", find_head())
    with database.read() as connection:
        row = read_run(connection, run_id)
        assert (row.idempotency_key, row.progress) == ("k", "half")
        assert read_schedule(connection, "s").version == 1
        assert connection.execute(text("SELECT actor FROM backline_audit")).scalar_one() == "ann"


def test_a_ledger_of_the_first_version_gets_what_it_lacks(empty: Open) -> None:
    database = empty()
    upgrade_database(database, "0007")
    owner = Database(database.url.render_as_string(hide_password=False))
    with owner.write() as connection:  # as 0001 was when the first version went out
        connection.execute(text("ALTER TABLE backline_run DROP COLUMN claimed_at"))
        connection.execute(text("CREATE INDEX ix_backline_run_parent ON backline_run (parent_id)"))
    owner.close()
    assert upgrade_database(database) == ("0007", find_head())
    there = inspect(database.engine)
    assert "claimed_at" in {column["name"] for column in there.get_columns("backline_run")}
    assert "ix_backline_run_parent" not in {index["name"] for index in there.get_indexes("backline_run")}


def test_newer_code_s_database_is_refused_and_left_alone(empty: Open) -> None:
    database = empty()
    upgrade_database(database)
    owner = Database(database.url.render_as_string(hide_password=False))
    with owner.write() as connection:
        connection.execute(text("UPDATE backline_schema SET version_num = '9999'"))
    owner.close()
    with pytest.raises(NewerSchema, match="9999"):
        upgrade_database(database)
    assert read_revision(database) == "9999"


def test_a_migration_that_fails_leaves_nothing(empty: Open) -> None:
    database = empty()
    owner = Database(database.url.render_as_string(hide_password=False))
    with owner.write() as connection:  # in the way of the first revision
        connection.execute(text("CREATE TABLE backline_step (odd INTEGER)"))
    owner.close()
    with pytest.raises(Exception, match="already exists"):
        upgrade_database(database)
    assert read_revision(database) is None
    assert inspect(database.engine).get_table_names() == ["backline_step"]


def test_two_upgrades_at_once_are_one_after_the_other(empty: Open) -> None:
    ends: list[object] = []
    gate = threading.Barrier(3)

    def upgrade(database: Database) -> None:
        gate.wait()
        try:
            ends.append(upgrade_database(database))
        except Exception as error:
            ends.append(error)

    threads = [threading.Thread(target=upgrade, args=(empty(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    head = find_head()
    assert (
        sorted(ends, key=str) == [(head, head), (head, head), (None, head)] or ends.count((None, head)) == 1
    )
    assert {end[1] for end in ends if isinstance(end, tuple)} == {head} and len(ends) == 3
    assert not [end for end in ends if isinstance(end, Exception)]
