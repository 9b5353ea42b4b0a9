"""People who connect to a sandbox behind a socket, and what it says it was asked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
from sqlalchemy import text

from backline.spotify.client import connect_account
from backline.spotify.loopback import Listener, make_state
from backline.spotify.tokens import make_pair, name_scopes, write_authorize_url
from backline.storage.database import Database
from backline.wiring import House
from tests.sandbox.stand import Stand


def list_asked(stand: Stand, path: str = "/v1/") -> list[str]:
    told = stand.control("GET", "ledger")["requests"]
    return [f"{one['method']} {one['path']}" for one in told if path in one["path"]]


def list_artists(stand: Stand) -> list[str]:
    return [one["id"] for one in stand.control("GET", "world?rooms=artists")["artists"].values()]


def connect(stand: Stand, house: House) -> str:
    """As a person with a browser does it."""
    apps = house.apps
    app, state, pair = apps.find(), make_state(), make_pair()
    user = stand.control("GET", "")["users"][0]
    stand.control("POST", "login", {"user": user["id"]})
    with Listener(state) as listener, ThreadPoolExecutor(1) as pool:
        scopes = name_scopes(["playlists", "plays", "library"])
        tokens = apps.open_tokens(app)
        url = write_authorize_url(apps.hosts, tokens.app, listener.redirect, scopes, state, pair)
        seen = pool.submit(httpx.get, url, follow_redirects=True)
        code = listener.hear(20)
        assert seen.result(20).status_code == 200
        grant, me = connect_account(apps.open_sender(app), tokens, code, pair, listener.redirect)
    assert me.key == grant.account_id == user["account_id"]
    return grant.account_id


def end_token(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE backline_spotify_account SET expires_at = 1"))
