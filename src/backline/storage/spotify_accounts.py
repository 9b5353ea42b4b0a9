"""Apps and accounts of Spotify. Secrets and tokens are in the vault, written with the row that they belong to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from backline.errors import BadInput, UnknownName
from backline.storage import spotify_tables as t
from backline.storage.locks import Lock, take_lock
from backline.storage.vault import Place, Vault
from backline.storage.vault_tables import secret

OWN = "app:"  # and the Client ID: whose the token of an app by itself is
AppRow = Row[Any]  # the columns of `spotify_tables.app`
AccountRow = Row[Any]  # the columns of `spotify_tables.account`


def name_secret(client_id: str) -> Place:
    """Where in the vault the secret of an app is."""
    return Place("secret", f"spotify app {client_id}")


def name_token(account_id: str, kind: str) -> Place:
    """Where in the vault a token is; `kind` is access or refresh."""
    return Place(kind, f"spotify {account_id}")


def list_apps(connection: Connection) -> list[AppRow]:
    """All apps, the default one first."""
    c = t.app.c
    return list(connection.execute(select(t.app).order_by(c.name != "", c.created_at, c.client_id)).all())


def keep_app(
    connection: Connection, now_sql: str, client_id: str, *, name: str = "", developer: str = "own", who: str
) -> bool:
    """Make an app known, or give it another name and developer account. Whether it is new.

    Raises `BadInput` where another app has the name; the empty one is that of the default app.
    """
    taken = select(t.app.c.client_id).where(t.app.c.name == name, t.app.c.client_id != client_id)
    if (other := connection.execute(taken).scalar()) is not None:
        words = f"The Client ID {other} is named {name}." if name else f"{other} is the default Client ID."
        raise BadInput(words, remedy="Give this one another name: --name.")
    change = {"name": name, "developer": developer}
    if connection.execute(t.app.update().where(t.app.c.client_id == client_id).values(**change)).rowcount:
        return False
    made = {"has_secret": False, "reasons": "[]", "created_at": text(now_sql), "created_by": who}
    connection.execute(t.app.insert().values(client_id=client_id, **change, **made))
    return True


def keep_secret(connection: Connection, vault: Vault, client_id: str, value: str, who: str) -> None:
    """The secret of an app. Before the transaction, `vault.source.read()`."""
    vault.put(connection, name_secret(client_id), value, who)
    connection.execute(t.app.update().where(t.app.c.client_id == client_id).values(has_secret=True))


def note_profile(
    connection: Connection, client_id: str, profile: str, reasons: Sequence[str], now: int
) -> None:
    """What a look at an app came to; it ends a doubt. `now` in µs since 1970."""
    values = {"profile": profile, "reasons": json.dumps(reasons), "probed_at": now, "doubted_at": None}
    connection.execute(t.app.update().where(t.app.c.client_id == client_id).values(**values))


def note_doubt(connection: Connection, client_id: str, now: int) -> None:
    """An answer came that the profile did not foretell. `now` in µs since 1970."""
    connection.execute(t.app.update().where(t.app.c.client_id == client_id).values(doubted_at=now))


def list_accounts(connection: Connection) -> list[AccountRow]:
    """The accounts of people, the first that was connected first."""
    c = t.account.c
    query = select(t.account).where(~c.account_id.startswith(OWN)).order_by(c.created_at, c.account_id)
    return list(connection.execute(query).all())


def read_account(connection: Connection, account_id: str) -> AccountRow | None:
    """One account, or what an app has by itself."""
    return connection.execute(select(t.account).where(t.account.c.account_id == account_id)).first()


def keep_account(
    connection: Connection, now_sql: str, vault: Vault, values: dict[str, Any], access: str,
    refresh: str | None, who: str,
) -> None:  # fmt: skip
    """A consent and its tokens, in place of those before; `values` by column, without name and who made it.

    Before the transaction, `vault.source.read()`.
    """
    insert = insert_postgresql if connection.dialect.name == "postgresql" else insert_sqlite
    made = insert(t.account).values(**values, name="", created_at=text(now_sql), created_by=who)
    connection.execute(made.on_conflict_do_update(index_elements=["account_id"], set_=values))
    account_id = str(values["account_id"])
    vault.put(connection, name_token(account_id, "access"), access, who)
    if refresh is not None:
        vault.put(connection, name_token(account_id, "refresh"), refresh, who)
    else:
        _delete_secret(connection, name_token(account_id, "refresh"))


def name_account(connection: Connection, account_id: str, name: str) -> None:
    """How the person is called there."""
    connection.execute(t.account.update().where(t.account.c.account_id == account_id).values(name=name))


def forget_account(connection: Connection, account_id: str) -> dict[str, int]:
    """Its row, tokens and stored answers; how many of each. Raises `UnknownName` where there is no such account."""
    counts = _forget(connection, t.account.c.account_id == account_id)
    if not counts["accounts"]:
        raise UnknownName(f"No Spotify account {account_id!r}.", remedy="`backline accounts` shows them.")
    return counts


def forget_app(connection: Connection, client_id: str) -> dict[str, int]:
    """An app, its secret, its accounts with their tokens and all answers that it asked for; how many of each.

    Raises `UnknownName` where there is no such app.
    """
    counts = {"apps": connection.execute(delete(t.app).where(t.app.c.client_id == client_id)).rowcount}
    if not counts["apps"]:
        raise UnknownName(f"No Spotify app {client_id!r}.", remedy="`backline accounts` shows them.")
    counts |= _forget(connection, t.account.c.client_id == client_id)
    counts["tokens"] += _delete_secret(connection, name_secret(client_id))
    answers = delete(t.answer).where(t.answer.c.client_id == client_id)
    counts["answers"] += connection.execute(answers).rowcount
    return counts


def count_live(connection: Connection) -> int:
    """How many accounts, and apps with a secret, could still ask: none, and content has no source any more."""
    accounts = select(func.count()).where(
        t.account.c.ended_at.is_(None), ~t.account.c.account_id.startswith(OWN)
    )
    apps = select(func.count()).where(t.app.c.has_secret)
    return int(connection.execute(accounts).scalar_one()) + int(connection.execute(apps).scalar_one())


def _forget(connection: Connection, which: Any) -> dict[str, int]:
    """The tokens go with their rows. A vault whose key is missing is no hindrance: nothing is opened."""
    ids = list(connection.execute(select(t.account.c.account_id).where(which)).scalars())
    counts = {"accounts": 0, "tokens": 0, "answers": 0}
    for account_id in ids:
        for kind in ("access", "refresh"):
            counts["tokens"] += _delete_secret(connection, name_token(account_id, kind))
        answers = delete(t.answer).where(t.answer.c.account_id == account_id)
        counts["answers"] += connection.execute(answers).rowcount
    counts["accounts"] = connection.execute(delete(t.account).where(which)).rowcount
    return counts


def _delete_secret(connection: Connection, place: Place) -> int:
    take_lock(connection, Lock.VAULT)
    c = secret.c
    mine = (c.purpose == place.purpose, c.owner == place.owner, c.name == place.name)
    return connection.execute(delete(secret).where(*mine)).rowcount
