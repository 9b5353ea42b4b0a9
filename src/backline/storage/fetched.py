"""What was fetched from mailboxes and SFTP folders: one row each, so that nothing is taken twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

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
    """What earlier looks at one place came to.

    Every message and file of a place is asked for at every look, so their versions are read at once, when the
    first is asked for; bytes come only of what is new.
    """

    def __init__(self, database: Database, place: str) -> None:
        self._database, self._place = database, place

    def has_version(self, item: str, version: str) -> bool:
        """Whether this version was looked through."""
        return (item, version) in self._versions

    def has_content(self, item: str, content_sha: str) -> bool:
        """Whether these bytes came under this item before."""
        c = t.fetched.c
        same = (c.place == self._place, c.item == item, c.content_sha == content_sha)
        with self._database.read() as connection:
            return connection.execute(select(c.outcome).where(*same).limit(1)).first() is not None

    @cached_property
    def _versions(self) -> set[tuple[str, str]]:
        query = select(t.fetched.c.item, t.fetched.c.version).where(t.fetched.c.place == self._place)
        with self._database.read() as connection:
            return {(row.item, row.version) for row in connection.execute(query)}


def keep_fetched(
    connection: Connection, now_sql: str, place: str, items: Sequence[FetchedItem], *, run_id: str
) -> None:
    """Write what a look came to, in the caller's transaction; what is known already stays as it is."""
    if items:
        rows = [{"place": place, "run_id": run_id, **vars(item)} for item in items]
        connection.execute(text(_KEEP.format(now=now_sql)), rows)
