"""Content of platforms whose time is over: counted, and let go batch by batch, each with its audit row.

Every row of it says itself until when it may stay, so there is no term to set here, and no way to keep it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from backline.storage import account_expire as accounts
from backline.storage import catalogue_expire as catalogue
from backline.storage.audits import AuditEntry, insert_audit, write_body
from backline.storage.database import Database
from backline.storage.retention import Author

CONTENT: Final = "content"


def count_expired(connection: Connection, now: int) -> int:
    """How many rows of the catalogue and of accounts would leave now (µs since 1970 UTC)."""
    return catalogue.count_expired(connection, now) + sum(accounts.count_expired(connection, now).values())


def remove_expired(database: Database, author: Author, batch: int = catalogue.BATCH) -> Iterator[int]:
    """Let what has expired leave: how many rows left in the commit that was just made."""
    while True:
        with database.read() as connection:
            now = database.now(connection)
            if not count_expired(connection, now):
                return
        with database.write() as connection:
            left = catalogue.expire_catalogue(connection, now, most=batch)
            counts = {"entries": left["entries"], "listings": left["listings"]}
            counts |= accounts.expire_accounts(connection, now)
            body = write_body({"before": now, "count": sum(counts.values()), **counts})
            action, thing = f"retention.{CONTENT}", f"retention:{CONTENT}"
            entry = AuditEntry(author.actor, action, thing, body, author.run_id, author.fence)
            insert_audit(connection, database.now_sql, entry)
        yield sum(counts.values())
