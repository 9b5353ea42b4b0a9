"""Content of platforms whose time is over: counted, and let go batch by batch, each with its audit row.

Every row of it says itself until when it may stay, so there is no term to set here, and no way to keep it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, text

from backline.storage import account_expire as accounts
from backline.storage import answers
from backline.storage.audits import AuditEntry, insert_audit, write_body
from backline.storage.database import Database
from backline.storage.retention import Author

CONTENT: Final = "content"
BATCH: Final = 5000  # entries of the catalogue that leave in one commit
_CATALOGUE = ("backline_entry", "backline_discography")


def count_expired(connection: Connection, now: int) -> int:
    """How many rows of the catalogue, of accounts and of stored answers would leave now, without what hangs on them.

    `now` in µs since 1970 UTC.
    """
    catalogue = (
        connection.execute(text(f"SELECT count(*) FROM {table} WHERE expires_at <= :now"), {"now": now})
        for table in _CATALOGUE
    )
    others = sum(accounts.count_expired(connection, now).values()) + answers.count_expired(connection, now)
    return sum(int(found.scalar_one()) for found in catalogue) + others


def remove_expired(database: Database, author: Author, batch: int = BATCH) -> Iterator[int]:
    """Let what has expired leave: how many rows left in the commit that was just made."""
    while True:
        with database.read() as connection:
            now = database.now(connection)
            if not count_expired(connection, now):
                return
        yield _remove(database, author, now, batch)


def _remove(database: Database, author: Author, now: int, batch: int) -> int:
    from backline.storage.catalogue_expire import expire_catalogue  # loads Arrow, and mostly nothing leaves

    with database.write() as connection:
        left = expire_catalogue(connection, now, most=batch)
        counts = {"entries": left["entries"], "listings": left["listings"]}
        counts |= accounts.expire_accounts(connection, now)
        counts["answers"] = answers.expire_answers(connection, now)
        count = sum(counts.values())
        body = write_body({"before": now, "count": count, **counts})
        action, thing = f"retention.{CONTENT}", f"retention:{CONTENT}"
        entry = AuditEntry(author.actor, action, thing, body, author.run_id, author.fence)
        insert_audit(connection, database.now_sql, entry)
    return count
