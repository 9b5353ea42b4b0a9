"""Runs the migrations on the connection that upgrade.py opened."""

from __future__ import annotations

from alembic import context

from backline.storage import (  # noqa: F401 - registers its tables
    account_tables,
    catalogue_tables,
    fact_tables,
    intent_tables,
    report_tables,
    seal_tables,
    spotify_tables,
    vault_tables,
)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=fact_tables.artist.metadata,
    version_table=context.config.attributes["version_table"],
    transactional_ddl=True,
)
context.run_migrations()
