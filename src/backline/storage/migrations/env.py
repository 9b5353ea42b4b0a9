"""Runs the migrations on the connection that upgrade.py opened."""

from __future__ import annotations

from alembic import context

from backline.storage.fact_tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="backline_schema",
    transactional_ddl=True,
)
context.run_migrations()
