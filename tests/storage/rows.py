"""Rows of the run ledger, made without the runtime."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from backline.storage.database import Database
from backline.storage.run_ids import new_run_id
from backline.storage.runs import NewRun, insert_run


def make_run(database: Database, **values: Any) -> str:
    """Insert a run and return its id; `columns` that are no part of a new run are set afterwards."""
    names = set(NewRun.__dataclass_fields__)
    given = {name: value for name, value in values.items() if name in names}
    given = {
        "id": new_run_id(), "task": "probe.work", "version": 1, "queue": "probe", "priority": 5, "job": "{}",
        "job_sha": "sha", "trace_id": "t", "asked_by": "ann",
    } | given  # fmt: skip
    with database.write() as connection:
        run_id = insert_run(connection, database.now_sql, NewRun(**given))
        for name in values.keys() - names:
            connection.execute(
                text(f"UPDATE backline_run SET {name} = :value WHERE id = :id"),
                {"value": values[name], "id": run_id},
            )
    return run_id
