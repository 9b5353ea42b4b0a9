"""The client: who asks, with all endpoints at hand; and how an account becomes known once its owner has agreed."""

from __future__ import annotations

from dataclasses import dataclass

from backline.spotify.catalogue import Catalogue
from backline.spotify.library import Library
from backline.spotify.needs import Grant
from backline.spotify.payloads_lists import Me
from backline.spotify.player import Player
from backline.spotify.playlists import Playlists
from backline.spotify.routes import ME
from backline.spotify.sender import Sender
from backline.spotify.tokens import Pair, Tokens
from backline.spotify.voice import Voice, read_as


@dataclass(frozen=True, slots=True)
class Client:
    """All endpoints as one voice asks them."""

    voice: Voice
    catalogue: Catalogue
    library: Library
    playlists: Playlists
    player: Player


def speak(
    sender: Sender, account_id: str | None = None, *, interactive: bool = False, market: str | None = None,
    since: int | None = None,
) -> Client:  # fmt: skip
    """A client for an account, or for the app by itself. `market`: see `Catalogue`; `since`: see `Voice`."""
    voice = Voice(sender, account_id, interactive, since)
    return Client(voice, Catalogue(voice, market), Library(voice), Playlists(voice), Player(voice))


def connect_account(sender: Sender, tokens: Tokens, code: str, pair: Pair, redirect: str) -> tuple[Grant, Me]:
    """Turn the code of a sign-in into a kept grant, under what never changes about the account.

    Raises `Disconnected` for a code that does not work any more, `NotListed` for a person whom the app may not serve.
    """
    answer = tokens.exchange(code, pair, redirect)
    me = read_as(Me, sender.ask_who(answer.access_token), ME)
    return tokens.keep(me.key, answer), me
