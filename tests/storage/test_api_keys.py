"""API keys: shown once, kept as a hash; they end by themselves, by revocation and with their user."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from backline.errors import BadInput, Conflict, NotAllowed, UnknownName
from backline.storage.api_keys import (
    MAY,
    SCOPES,
    Caller,
    NewKey,
    claim_request,
    find_caller,
    list_api_keys,
    make_api_key,
    note_use,
    revoke_api_key,
)
from backline.storage.database import Database
from backline.storage.retention import Author, RetentionPlan, remove_old
from backline.storage.users import ROLES, add_user, disable_user
from tests.storage.rows import make_run


@pytest.fixture
def people(database: Database) -> None:
    """One user of each role, named as the role."""
    with database.write() as connection:
        for role in ROLES:
            add_user(connection, database.now_sql, role, role, "me")


def make(
    database: Database, user: str = "member", scopes: tuple[str, ...] = ("runs:read",), **rest: Any
) -> NewKey:
    with database.write() as connection:
        return make_api_key(connection, database.now_sql, user, scopes, created_by="me", **rest)


def call(database: Database, key: str, later: int = 0) -> tuple[Caller, bool]:
    with database.read() as connection:
        return find_caller(connection, database.now(connection) + later * 1_000_000, key)


pytestmark = pytest.mark.usefixtures("people")


def test_a_key_says_who_calls_and_what_they_may(database: Database) -> None:
    new = make(database, scopes=("runs:write", "runs:read"), note="laptop")
    caller, is_stale = call(database, new.text)
    assert caller == Caller(new.row.id, "member", frozenset({"runs:read", "runs:write"}))
    assert is_stale
    assert caller.may("runs:read") and not caller.may("audit:read") and not caller.may("admin")
    assert new.text.startswith(f"bl_{new.row.id}_") and len(new.text.rpartition("_")[2]) == 64


def test_admin_may_everything(database: Database) -> None:
    caller, _ = call(database, make(database, "admin", ("admin",)).text)
    assert all(caller.may(scope) for scope in SCOPES)


def test_the_secret_lies_nowhere(database: Database) -> None:
    new = make(database)
    secret = new.text.rpartition("_")[2]
    with database.read() as connection:
        (row,) = list_api_keys(connection)
    assert not any(secret in str(cell) for cell in row)


def test_what_is_no_key(database: Database) -> None:
    text_ = make(database).text
    other = make(database).text
    wrong = [
        "", "bl", "bl__", "bl_x_y", text_[:-1], text_ + "0", text_.upper(), text_.replace("bl_", "bk_"), "bl_\0_x",
        f"bl_{text_.split('_')[1]}_{other.split('_')[2]}", "bl_é_\ud800", text_ + " ", "bl_" + "a" * 100_000,
    ]  # fmt: skip
    told = set()
    for given in wrong:
        with pytest.raises(NotAllowed) as caught:
            call(database, given)
        told.add(caught.value.message)
    assert told == {"This is no API key."}


def test_a_key_ends_at_its_time(database: Database) -> None:
    new = make(database, lasts=60)
    assert call(database, new.text, later=50)[0].user == "member"
    with pytest.raises(NotAllowed, match="expired"):
        call(database, new.text, later=61)


def test_a_revoked_key_and_the_key_of_a_disabled_user_end_at_once(database: Database) -> None:
    first, second = make(database), make(database, "viewer")
    with database.write() as connection:
        row = revoke_api_key(connection, database.now_sql, first.row.id, "eve")
        assert revoke_api_key(connection, database.now_sql, first.row.id, "mallory") == row
        disable_user(connection, database.now_sql, "viewer", "eve")
        with pytest.raises(UnknownName):
            revoke_api_key(connection, database.now_sql, "nokey", "eve")
    with pytest.raises(NotAllowed, match="revoked"):
        call(database, first.text)
    with pytest.raises(NotAllowed, match="disabled"):
        call(database, second.text)
    with pytest.raises(NotAllowed, match="disabled"):
        make(database, "viewer")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_bounds_the_scopes(database: Database, role: str) -> None:
    for scope in SCOPES:
        if scope in MAY[role]:
            assert make(database, role, (scope,)).row.scopes == scope
        else:
            with pytest.raises(NotAllowed, match=f"may not have {scope}"):
                make(database, role, (scope,))


def test_keys_that_cannot_be_made(database: Database) -> None:
    for scopes, note in (((), ""), (("runs:fly",), ""), (("runs:read",), "x" * 501), (("runs:read",), "\0")):
        with pytest.raises(BadInput):
            make(database, scopes=scopes, note=note)
    with pytest.raises(UnknownName):
        make(database, "nobody")


def test_use_is_noted_once_a_minute(database: Database) -> None:
    new = make(database)
    with database.write() as connection:
        now = database.now(connection)
        note_use(connection, new.row.id, now)
    assert not call(database, new.text, later=50)[1]
    assert call(database, new.text, later=61)[1]


def claim(database: Database, user: str, key: str, sha: str, run: str) -> str | None:
    with database.write() as connection:
        return claim_request(connection, database.now_sql, user, key, sha, run)


def test_a_request_said_twice_is_the_same_run(database: Database) -> None:
    first = make_run(database)
    assert claim(database, "ann", "k", "sha", first) is None
    assert claim(database, "ann", "k", "sha", "r2") == first
    assert claim(database, "bob", "k", "sha", "r3") is None  # each user has keys of their own
    with pytest.raises(Conflict, match=first):
        claim(database, "ann", "k", "other", "r4")


def test_a_request_is_forgotten_after_a_month(database: Database) -> None:
    assert claim(database, "ann", "k", "sha", make_run(database)) is None
    with database.write() as connection:
        connection.execute(text("UPDATE backline_api_request SET created_at = created_at - 31 * 86400000000"))
    assert claim(database, "ann", "k", "other", "r2") is None


def test_a_request_is_forgotten_with_its_run(database: Database) -> None:
    run_id = make_run(database, state="succeeded", finished_at=1)
    assert claim(database, "ann", "k", "sha", run_id) is None
    assert [*remove_old(database, RetentionPlan(runs=1), Author("ann"))] == [("runs", 1)]
    again = make_run(database)
    assert claim(database, "ann", "k", "other", again) is None
    assert claim(database, "ann", "k", "other", "r3") == again
