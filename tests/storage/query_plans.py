"""What a database says of how it would find rows: a scan of the whole ledger must not pass unseen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, event, text

from backline.storage.database import Database
from tests.storage.rows import make_run

MANY = 5_000


def fill_ledger(database: Database) -> None:
    """Many succeeded runs, and one of each state that waits for something."""
    first = make_run(database, state="succeeded")
    for state in ("failed", "dead", "blocked"):
        make_run(database, state=state)
    with database.write() as connection:
        row = connection.execute(text("SELECT * FROM backline_run WHERE id = :id"), {"id": first}).mappings()
        columns = ", ".join(name for name in row.one() if name != "id")
        connection.execute(
            text(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many) "
                f"INSERT INTO backline_run (id, {columns}) SELECT 'old-' || i, {columns} "
                "FROM backline_run CROSS JOIN n WHERE id = :id"
            ),
            {"many": MANY, "id": first},
        )
    if database.dialect == "postgresql":  # its planner goes by what it counted; SQLite's by the indexes
        with database.write() as connection:
            connection.execute(text("ANALYZE backline_run"))


def find_scans(connection: Connection, ask: Callable[[Connection], Any]) -> list[str]:
    """The steps of the plans of what `ask` sends that read all runs."""
    return [step for step in list_steps(connection, ask) if is_scan(step)]


def list_steps(connection: Connection, ask: Callable[[Connection], Any]) -> list[str]:
    """The steps of the plans of what `ask` sends to the ledger."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        sent.append((statement, values))

    event.listen(connection, "before_cursor_execute", note)
    ask(connection)
    event.remove(connection, "before_cursor_execute", note)
    word, place = ("EXPLAIN ", 0) if connection.dialect.name == "postgresql" else ("EXPLAIN QUERY PLAN ", 3)
    steps = [
        str(row[place]).strip()
        for statement, values in sent
        if "backline_run" in statement
        for row in connection.exec_driver_sql(word + statement, values)
    ]
    assert steps, "nothing was asked of the ledger"
    return steps


def is_scan(step: str) -> bool:
    """A read of the whole table, by itself or along the index of all its keys."""
    if step.startswith("SCAN backline_run"):
        return "USING" not in step or "autoindex" in step
    return "Seq Scan on backline_run" in step
