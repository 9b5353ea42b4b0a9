"""How content of an account leaves: when its time is over, and all of it when the account is disconnected."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from backline.storage.account_tables import EXPIRING, TABLES, playlist, playlist_state


def count_expired(connection: Connection, now: int) -> dict[str, int]:
    """How many rows of each table are past their time."""
    queries = {
        table.name: select(func.count()).select_from(table).where(table.c.expires_at <= now)
        for table in EXPIRING
    }
    return {name: int(connection.execute(query).scalar_one()) for name, query in queries.items()}


def expire_accounts(connection: Connection, now: int) -> dict[str, int]:
    """Let leave what was not seen again in time; how many rows of each table. A playlist takes its states along."""
    counts = {
        table.name: connection.execute(table.delete().where(table.c.expires_at <= now)).rowcount
        for table in EXPIRING
    }
    alone = ~select(playlist.c.no).where(playlist.c.no == playlist_state.c.playlist_no).exists()
    counts[playlist_state.name] += connection.execute(playlist_state.delete().where(alone)).rowcount
    return {name: count for name, count in counts.items() if count}


def purge_account(connection: Connection, account_id: str) -> dict[str, int]:
    """Let everything of one account leave; how many rows of each table had to."""
    counts = {
        table.name: connection.execute(table.delete().where(table.c.account_id == account_id)).rowcount
        for table in TABLES
    }
    return {name: count for name, count in counts.items() if count}
