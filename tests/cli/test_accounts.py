"""`backline accounts` names who is connected, what for and until when; and the Client IDs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from backline.cli.accounts import judge_consent, name_object, name_purposes
from backline.spotify.needs import StoredAccount
from backline.spotify.tokens import reconnect_by
from tests.cli.conftest import Call
from tests.cli.consent import CLIENT_ID, MONTH, keep_account

DAY = 86_400_000_000


def look(call: Call) -> dict[str, Any]:
    rows = call("accounts", "--json").lines
    return {row["kind"]: row for row in rows}


def test_nobody_is_connected(call: Call) -> None:
    assert call("accounts", "--json").lines == []
    assert "backline connect spotify" in call("accounts").out


def test_an_account_and_its_app(call: Call) -> None:
    with keep_account("Ada", since=MONTH) as house:
        (account,) = house.apps.list_accounts()
    told = look(call)
    assert told["account"]["account"] == "Ada" and told["account"]["purposes"] == "top"
    assert (told["account"]["state"], told["account"]["object"]) == ("connected", name_object(account))
    assert told["account"]["connected_at"] < told["account"]["reconnect_by"]
    assert (told["app"]["client_id"], told["app"]["state"], told["app"]["secret"]) == (
        CLIENT_ID,
        "new",
        False,
    )
    words = call("accounts").out
    assert "Ada" in words and "reconnect by" in words and "token" not in words


def test_what_lasts_and_what_has_ended(call: Call) -> None:
    with keep_account("Ada", since=6 * MONTH):
        assert look(call)["account"]["state"] == "ends soon"
    with keep_account("Ada", since=7 * MONTH):
        assert look(call)["account"]["state"] == "ended"
    with keep_account("Ada", ended=True) as house:
        told = look(call)["account"]
        assert told["state"] == "ended" and told["ended_at"]
        with house.database.write() as connection:
            connection.execute(
                text("UPDATE backline_spotify_app SET profile = 'extended', probed_at = 1, doubted_at = 2")
            )
        assert (look(call)["app"]["profile"], look(call)["app"]["state"]) == ("extended", "doubted")


def test_the_day_is_judged_to_the_moment() -> None:
    account = StoredAccount("a", CLIENT_ID, "", frozenset(), 0, 10**15)
    end = reconnect_by(10**15)
    told = [judge_consent(account, now) for now in (end - 30 * DAY - 1, end - 30 * DAY, end - 1, end)]
    assert told == ["connected", "ends soon", "ends soon", "ended"]


def test_purposes_are_those_that_were_agreed_to_whole() -> None:
    assert name_purposes(frozenset({"user-top-read", "playlist-read-private"})) == "top"
    assert name_purposes(frozenset()) == "none"


def test_the_audit_knows_an_account_by_a_digest() -> None:
    account = StoredAccount("someone", CLIENT_ID, "Some One", frozenset(), 0, 0)
    assert name_object(account).startswith("spotify_account:")
    assert "some" not in name_object(account).lower()
