"""What was fetched from mailboxes and SFTP folders: one row each, so that nothing is taken twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, text

from backline.storage import report_tables as t
from backline.storage.database import Database

_KEEP = """
INSERT INTO backline_fetched
    (place, item, version, content_sha, outcome, name, size, path, reason, run_id, created_at)
VALUES (:place, :item, :version, :content_sha, :outcome, :name, :size, :path, :reason, :run_id, {now})
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class FetchedItem:
    """One thing that a look came to; see `report_tables.fetched`."""

    item: str
    version: str
    content_sha: str
    outcome: str
    name: str
    size: int
    path: str
    reason: str


class FetchedBefore:
    """What earlier looks at one place came to, asked row by row."""

    def __init__(self, database: Database, place: str) -> None:
        self._database, self._place = database, place

    def has_version(self, item: str, version: str) -> bool:
        """Whether this version was looked through."""
        return self._exists(t.fetched.c.item == item, t.fetched.c.version == version)

    def has_content(self, item: str, content_sha: str) -> bool:
        """Whether these bytes came under this item before."""
        return self._exists(t.fetched.c.item == item, t.fetched.c.content_sha == content_sha)

    def _exists(self, *where: Any) -> bool:
        query = select(t.fetched.c.outcome).where(t.fetched.c.place == self._place, *where).limit(1)
        with self._database.read() as connection:
            return connection.execute(query).first() is not None


def keep_fetched(
    connection: Connection, now_sql: str, place: str, items: Sequence[FetchedItem], *, run_id: str
) -> None:
    """Write what a look came to, in the caller's transaction; what is known already stays as it is."""
    if items:
        rows = [{"place": place, "run_id": run_id, **vars(item)} for item in items]
        connection.execute(text(_KEEP.format(now=now_sql)), rows)
