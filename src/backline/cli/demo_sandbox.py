"""The sandbox of the demo: told of the sample artist, and visited for a consent as by a person at a browser."""

from __future__ import annotations

import threading
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import httpx

from backline import samples
from backline.cli.client_ids import Wanted, prepare_app
from backline.cli.connect import USUAL, connect_person, read_purposes
from backline.cli.screen import Screen
from backline.cli.sign_in import Way
from backline.errors import BacklineError, BadInput
from backline.spotify.hosts import open_web
from backline.wiring import House

SEED: Final = "demo"
FILE: Final = "backline.toml"
MARK: Final = (
    "# Of the demo, which writes it anew each time: its sandbox stands in for Spotify while it is up."
)


class DemoSandbox:
    """The sandbox at an address, by its control API. Made anew it knows neither the artist nor earlier tokens."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._web = open_web()

    def close(self) -> None:
        """Let go of the connections."""
        self._web.close()

    @property
    def command(self) -> list[str]:
        """How it is started."""
        port = str(httpx.URL(self.address).port)
        return ["sandbox", "--port", port, "--seed", SEED, "--artists", "0", "--playlists", "0"]

    def is_up(self) -> bool:
        """Whether it answers by now."""
        with suppress(httpx.HTTPError):
            return self._web.get(f"{self.address}/_sandbox/clock").status_code == 200
        return False

    def knows_artist(self) -> bool:
        """Whether it was told of the sample artist since it was started."""
        world = self._ask("GET", "world?rooms=artists")
        return samples.PLATFORM_ID in world["artists"]

    def tell_artist(self) -> None:
        """Let the sample artist be there, once."""
        if not self.knows_artist():
            self._ask("POST", "world", samples.ARTIST_FILE.read_bytes())

    def find_client_id(self) -> str:
        """Its first app: the one that the demo connects with."""
        return str(self._ask("GET", "")["apps"][0]["client_id"])

    def _ask(self, method: str, place: str, content: bytes | None = None) -> Any:
        try:
            answer = self._web.request(method, f"{self.address}/_sandbox/{place}", content=content)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise BacklineError(f"The sandbox at {self.address} cannot be told anything: {error}.") from error
        return answer.json()


class Form(HTMLParser):
    """The form of a page: where it goes, and what goes there when its first button is pressed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what a browser would send."""
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = told.get("action", "")
        elif tag == "select":
            self._select = told.get("name", "")
        elif tag == "option":
            self.fields.setdefault(self._select, told.get("value", ""))
        elif tag in ("input", "button") and "name" in told:
            self.fields.setdefault(told["name"], told.get("value", ""))


class Visitor:
    """Somebody at a browser who is the first of the page's people, and agrees."""

    def __init__(self, web: httpx.Client) -> None:
        self._web = web

    def open(self, address: str) -> bool:
        """As a browser that opens there: when the page was answered, the way back goes on by itself."""
        page = self._web.get(self._find_way(self._web.get(address)))
        form = Form(page.text)
        answered = self._web.post(page.url.join(form.action), data=form.fields)
        back = self._find_way(answered)
        threading.Thread(target=_come_back, args=(back,), daemon=True, name="demo-browser").start()
        return True

    def _find_way(self, answer: httpx.Response) -> httpx.URL:
        """Where a page sends a browser on."""
        if "location" not in answer.headers:
            raise BacklineError(f"The sign-in ended with {answer.status_code} at {answer.url.path}.")
        return answer.url.join(answer.headers["location"])


def _come_back(address: httpx.URL) -> None:
    """The listener hears this, and answers with a page that nobody has to read."""
    with suppress(httpx.HTTPError), open_web() as web:
        web.get(address)


class Unwatched(Screen):
    """Where nobody has to be told what to open: the demo does it."""

    def note(self, text: str) -> None:
        """Say nothing."""


def refuse_own_apps(house: House, client_id: str) -> None:
    """Raise `BadInput` where the state folder knows other Client IDs: what is theirs must not be sent to a sandbox."""
    if any(one.client_id != client_id for one in house.apps.list_apps()):
        raise BadInput(
            f"{house.settings.state} knows a Client ID that is not the demo's.",
            remedy="Give the demo a folder of its own with --state (make demo ARGS='--state PATH').",
        )


def agree(house: House, client_id: str) -> None:
    """Connect an account of the sandbox: the real flow (PKCE, a listener on loopback), with a visitor as the person."""
    screen = Unwatched(house.settings.language)
    with open_web() as web:
        way = Way(browse=Visitor(web).open)
        found = prepare_app(house, screen, Wanted(client_id), way)
        connect_person(house, screen, found, read_purposes(USUAL), way)


def write_settings(state: Path, address: str) -> None:
    """So that commands with this state folder ask the sandbox too. A file that somebody else wrote stays as it is."""
    file = state / FILE
    if file.exists() and not file.read_text(encoding="utf-8", errors="replace").startswith(MARK):
        return
    file.write_text(
        f'{MARK}\n\n[spotify]\naddress = "{address}"\n\n[limits.spotify]\nrate = 50\nburst = 50\n',
        encoding="utf-8",
    )
