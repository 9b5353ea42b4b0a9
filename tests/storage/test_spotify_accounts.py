"""Apps and accounts of Spotify: named, doubted, connected anew, and forgotten with everything that is theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from backline.errors import BadInput, UnknownName
from backline.storage import spotify_accounts as kept
from backline.storage import spotify_tables as t
from backline.storage.answers import keep_answer
from backline.storage.database import Database
from backline.storage.vault import Vault, count_secrets
from backline.storage.vault_keys import KeyFile

DAY = 86_400_000_000


@pytest.fixture
def vault(database: Database, tmp_path: Path) -> Vault:
    return Vault(database, KeyFile(tmp_path / "vault.key", may_make=True), lambda _: None)


def keep_app(database: Database, client_id: str, name: str = "", developer: str = "own") -> bool:
    with database.write() as connection:
        return kept.keep_app(
            connection, database.now_sql, client_id, name=name, developer=developer, who="ann"
        )


def connect(database: Database, vault: Vault, account_id: str, client_id: str, **more: Any) -> None:
    values = {
        "account_id": account_id, "client_id": client_id, "scopes": "a b", "expires_at": 5, "authorized_at": 3,
        "ended_at": None,
    }  # fmt: skip
    access, refresh = more.pop("access", f"access-{account_id}"), more.pop("refresh", "refresh")
    with database.write() as connection:
        kept.keep_account(connection, database.now_sql, vault, values | more, access, refresh, "ann")


def keep_for(database: Database, key: str, client_id: str, account_id: str | None) -> None:
    with database.write() as connection:
        now = database.now(connection)
        row = {"key": key, "client_id": client_id, "account_id": account_id, "etag": None, "body": b""}
        row |= {"fetched_at": now, "fresh_until": now, "expires_at": now + DAY}
        keep_answer(connection, database.now_sql, row)


def count(database: Database) -> tuple[int, ...]:
    """Apps, accounts, secrets, answers."""
    with database.read() as connection:
        tables = (t.app, t.account, t.answer)
        apps, accounts, answers = (
            connection.execute(select(func.count()).select_from(one)).scalar_one() for one in tables
        )
        return apps, accounts, count_secrets(connection), answers


def test_apps_are_kept_once_and_the_default_one_comes_first(database: Database) -> None:
    assert [
        keep_app(database, "z", "zoo"),
        keep_app(database, "a"),
        keep_app(database, "a", "", "label"),
    ] == [
        True,
        True,
        False,
    ]
    with database.read() as connection:
        rows = kept.list_apps(connection)
    assert [(row.client_id, row.name, row.developer, row.reasons) for row in rows] == [
        ("a", "", "label", "[]"),
        ("z", "zoo", "own", "[]"),
    ]
    with pytest.raises(BadInput, match="a is the default Client ID"):
        keep_app(database, "z")
    with pytest.raises(BadInput, match="z is named zoo"):
        keep_app(database, "a", "zoo")
    assert keep_app(database, "z", "zebra") is False


def test_a_doubt_ends_with_the_next_look(database: Database) -> None:
    keep_app(database, "a")
    with database.write() as connection:
        kept.note_profile(connection, "a", "dev_2026", ["because"], 7)
        kept.note_doubt(connection, "a", 8)
        (row,) = kept.list_apps(connection)
        assert (row.profile, row.reasons, row.probed_at, row.doubted_at) == (
            "dev_2026",
            '["because"]',
            7,
            8,
        )
        kept.note_profile(connection, "a", "extended", [], 9)
        (row,) = kept.list_apps(connection)
        assert (row.profile, row.probed_at, row.doubted_at) == ("extended", 9, None)


def test_a_consent_stands_in_place_of_the_one_before_and_keeps_the_name(
    database: Database, vault: Vault
) -> None:
    connect(database, vault, "ann", "a")
    with database.write() as connection:
        kept.name_account(connection, "ann", "Ann B.")
    connect(database, vault, "ann", "b", access="other", refresh=None, ended_at=9)
    with database.read() as connection:
        row = kept.read_account(connection, "ann")
        assert row is not None and kept.read_account(connection, "bob") is None
    assert (row.client_id, row.name, row.ended_at, row.created_by) == ("b", "Ann B.", 9, "ann")
    assert vault.read("access", owner="spotify ann") == "other"
    with pytest.raises(UnknownName):
        vault.read("refresh", owner="spotify ann")


def test_what_an_app_has_by_itself_is_no_account_of_a_person(database: Database, vault: Vault) -> None:
    connect(database, vault, "app:a", "a", refresh=None)
    connect(database, vault, "zoe", "a")
    connect(database, vault, "ann", "a", ended_at=4)
    with database.read() as connection:
        assert [row.account_id for row in kept.list_accounts(connection)] == ["zoe", "ann"]
        assert kept.read_account(connection, "app:a") is not None
        assert kept.count_live(connection) == 1


def test_an_account_leaves_with_its_tokens_and_answers_and_nothing_else(
    database: Database, vault: Vault
) -> None:
    keep_app(database, "a")
    for account in ("ann", "bob"):
        connect(database, vault, account, "a")
        keep_for(database, account, "a", account)
    keep_for(database, "catalogue", "a", None)
    with database.write() as connection:
        counts = kept.forget_account(connection, "ann")
    assert counts == {"accounts": 1, "tokens": 2, "answers": 1}
    assert count(database) == (1, 1, 2, 2)
    with database.write() as connection, pytest.raises(UnknownName, match="'ann'"):
        kept.forget_account(connection, "ann")


def test_an_app_leaves_with_all_that_came_through_it(database: Database, vault: Vault) -> None:
    for client in ("a", "b"):
        keep_app(database, client, client)
        with database.write() as connection:
            kept.keep_secret(connection, vault, client, "secret", "ann")
        connect(database, vault, f"app:{client}", client, refresh=None)
        connect(database, vault, f"ann {client}", client)
        keep_for(database, f"one {client}", client, None)
        keep_for(database, f"two {client}", client, f"ann {client}")
    with database.read() as connection:
        assert kept.count_live(connection) == 4
    with database.write() as connection:
        assert kept.forget_app(connection, "a") == {"apps": 1, "accounts": 2, "tokens": 4, "answers": 2}
    assert count(database) == (1, 2, 4, 2)
    assert vault.read("secret", owner="spotify app b") == "secret"
    with database.write() as connection, pytest.raises(UnknownName, match="'a'"):
        kept.forget_app(connection, "a")
