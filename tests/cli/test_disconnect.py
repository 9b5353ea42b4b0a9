"""`backline disconnect` lets everything leave that came through an account or a Client ID, shows it, and keeps digests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from backline.cli.disconnect import leave_account, leave_app
from backline.cli.houses import open_house
from backline.errors import TryLater
from backline.music import Provenance
from backline.storage import account_tables as a
from backline.storage.artists import add_artist
from backline.storage.catalogue_links import make_artist_from
from backline.storage.catalogue_seen import SeenArtist, SeenRecording, SeenRelease
from backline.storage.catalogue_write import write_seen
from backline.storage.vault import list_secrets
from backline.wiring import House
from tests.cli.conftest import Call
from tests.cli.consent import Browser, connect, list_people, sandboxed, stand
from tests.sandbox.stand import Stand

__all__ = ["sandboxed", "stand"]
LATER = 10**16


def count(house: House, table: str) -> int:
    with house.database.read() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM backline_{table}")).scalar_one())


def fill(house: House, account_id: str) -> None:
    """A saved track and a stored answer of the account; an artist whom only Spotify names, one of our own beside."""
    house.apps.speak(account_id).library.get_me()
    values = {
        "account_id": account_id, "kind": "track", "uri": "spotify:track:1", "title": "Low Tide", "credits": "[]",
        "seen_at": 1, "expires_at": LATER,
    }  # fmt: skip
    songs = (SeenRecording("t1", "Low Tide", isrc="ZZAAA2600001"),)
    seen = SeenArtist("x1", "Their Band", (SeenRelease("r1", "Tides", recordings=songs),), total=1)
    with house.database.write() as connection:
        connection.execute(a.kept.insert().values(values))
        add_artist(connection, house.database.now_sql, "Our Band", created_by="tester")
        artist = make_artist_from(
            connection, 1, "spotify", "x1", "Their Band", keep_until=LATER, run_id="run"
        )
        no = int(artist.no)
        write_seen(connection, 1, no, Provenance.SPOTIFY_API, seen, keep_until=LATER, run_id="run")


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def test_everything_of_the_last_account_leaves(
    sandboxed: Stand,
    call: Call,
    kind: str,
    make_database_url: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BACKLINE_DATABASE_URL", make_database_url(kind))
    with open_house(tasks=True) as house:
        facts = connect(house, sandboxed)
        fill(house, facts["account_id"])
        assert count(house, "spotify_answer") > 0
    told = call("disconnect", "spotify", facts["account"], "--json").one
    purged = told["purged"]
    assert (told["account_id"], purged["accounts"], purged["tokens"]) == (facts["account_id"], 1, 2)
    assert (purged["account_kept"], purged["answers"] > 0) == (1, True)
    assert purged["entries"] == 3  # artist, release and recording, as Spotify told them
    with open_house() as house:
        assert house.apps.list_accounts() == []
        assert [app.client_id for app in house.apps.list_apps()] == [sandboxed.facts["client_id"]]
        for table in ("spotify_account", "spotify_answer", "account_kept", "entry", "release", "recording"):
            assert count(house, table) == 0, table
        with house.database.read() as connection:
            assert list_secrets(connection) == []
            assert connection.execute(text("SELECT name FROM backline_artist")).scalars().all() == [
                "Our Band"
            ]
    check_audit(call, facts)
    assert [row["state"] for row in call("runs", "list", "--json").lines] == ["cancelled"] * 3
    assert call("disconnect", "spotify", facts["account"]).code == 2


def check_audit(call: Call, facts: dict[str, Any]) -> None:
    """Digests and counts, and nothing that says who it was."""
    rows = call("audit", "list", "--object", facts["object"], "--json").lines
    assert [row["action"] for row in rows] == ["spotify.disconnect", "spotify.connect"]
    assert rows[0]["before_sha"] and rows[0]["after_sha"] is None
    assert rows[0]["body"]["purged"].startswith("1 accounts, 2 tokens, ")
    for secret in (facts["account"], facts["account_id"]):
        assert secret not in json.dumps(rows)


def test_the_catalogue_stays_while_somebody_can_ask_for_it(sandboxed: Stand) -> None:
    listed, _ = list_people(sandboxed)
    with open_house(tasks=True) as house:
        first = connect(house, sandboxed, Browser(sandboxed, listed[0]))
        second = connect(house, sandboxed, Browser(sandboxed, listed[1]))
        fill(house, first["account_id"])
        _, purged, ended = leave_account(house, house.apps.find_account(first["account_id"]))
        assert (purged["account_kept"], purged["entries"], len(ended)) == (1, 0, 3)
        assert count(house, "entry") == 3
        _, purged, _ = leave_account(house, house.apps.find_account(second["account_id"]))
        assert (purged["entries"], count(house, "entry")) == (3, 0)


def test_a_client_id_leaves_with_its_secret_and_its_accounts(
    sandboxed: Stand, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_SECRET", sandboxed.facts["client_secret"])
    client_id = sandboxed.facts["client_id"]
    with open_house(tasks=True) as house:
        facts = connect(house, sandboxed, secret="env:SANDBOX_SECRET")
        fill(house, facts["account_id"])
        _, purged, ended = leave_app(house, house.apps.find(client_id))
        assert (purged["apps"], purged["accounts"], purged["entries"], len(ended)) == (1, 1, 3, 3)
        assert house.apps.list_apps() == []
    (row,) = call("audit", "list", "--object", f"spotify_app:{client_id}", "--limit", "1", "--json").lines
    assert row["body"]["accounts"] == [facts["object"]]


def test_a_token_that_is_just_renewed_is_waited_for(sandboxed: Stand) -> None:
    with open_house(tasks=True) as house:
        account_id = connect(house, sandboxed)["account_id"]
        account, app = house.apps.find_account(account_id), house.apps.find()
        with house.spotify.tokens.lock(account_id):
            for leave in (lambda: leave_account(house, account), lambda: leave_app(house, app)):
                with pytest.raises(TryLater, match="token of"):
                    leave()
        assert count(house, "spotify_account") == 1
        assert leave_account(house, account)[1]["accounts"] == 1
        assert count(house, "turn") == 0


def test_what_left_is_shown_in_words(sandboxed: Stand, call: Call) -> None:
    with open_house(tasks=True) as house:
        connect(house, sandboxed)
    told = call("disconnect", "spotify", "--app", str(sandboxed.facts["client_id"]))
    assert told.code == 0 and "tokens" in told.out
    assert "spotify.com/account/apps" in told.err and "Backups" in told.err


def test_what_is_meant_has_to_be_said(call: Call) -> None:
    for words in (("spotify",), ("spotify", "Ada", "--app", "x"), ("spotify", "Ada"), ("radio", "Ada")):
        result = call("disconnect", *words)
        assert result.code == 2 and "error:" in result.err, result
    assert call("disconnect", "spotify", "--app", "x").code == 4
