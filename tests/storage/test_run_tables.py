"""The tables are what the migrations make, and the states are the ten of the design."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import IntegrityError

from backline.storage import fact_tables, report_tables, run_tables, seal_tables
from backline.storage.database import Database
from tests.storage.rows import make_run


def test_migrations_and_tables_agree(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"version_table": "backline_schema", "compare_type": True, "compare_server_default": False},
        )
        differences = compare_metadata(context, run_tables.metadata)
    assert (
        fact_tables.artist.metadata
        is report_tables.rate.metadata
        is seal_tables.seal.metadata
        is run_tables.metadata
    )
    assert differences == []


def test_no_other_state_can_be_written(database: Database) -> None:
    run_id = make_run(database)
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(run_tables.run.update().where(run_tables.run.c.id == run_id).values(state="lost"))
    assert len(run_tables.STATES) == 10
