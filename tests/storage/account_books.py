"""What tests of accounts write: an account that is connected, looks at it, and heads of playlists."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import text

from backline.storage.account_rows import ListHead
from backline.storage.account_write import DAY, Look
from backline.storage.database import Database

ACCOUNT = "INSERT INTO backline_spotify_account VALUES (:account_id, 'c', '', '', 0, 0, NULL, 0, 'tester')"
LOOK = Look("ann", 10 * DAY, 40 * DAY, "run-1")
HEAD = ListHead("p1", "Mornings", "", "ann", "Ann", True, False, True, 2, 0)
OTHER = replace(HEAD, playlist_id="p2", name="Evenings", is_ours=False, total=None, place=1)


def connect(database: Database, account_id: str = "ann") -> None:
    """The row of an account, as a sign-in makes it."""
    with database.write() as connection:
        connection.execute(text(ACCOUNT), {"account_id": account_id})


def later(days: float, look: Look = LOOK) -> Look:
    """The same look some days later."""
    span = round(days * DAY)
    return Look(look.account_id, look.now + span, look.keep_until + span, "run-2")
