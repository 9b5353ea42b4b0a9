"""A person at a browser before the sandbox, and a house that asks that sandbox."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from backline.cli.client_ids import Wanted, prepare_app
from backline.cli.connect import connect_person, read_purposes
from backline.cli.houses import open_house
from backline.cli.screen import Screen
from backline.cli.sign_in import Way
from backline.spotify.needs import Grant
from backline.storage.spotify_accounts import keep_app, name_account
from backline.wiring import House
from tests.sandbox.stand import Stand, open_stand

CLIENT_ID = "0123456789abcdef0123456789abcdef"
MONTH = 30 * 86_400_000_000  # µs


@dataclass
class Browser:
    """Somebody who says who they are, and yes or no."""

    stand: Stand
    user: str
    agree: bool = True
    _pages: list[str] = field(default_factory=list)
    _way: threading.Thread | None = None

    def open(self, address: str) -> bool:
        """As a browser that opens: the command goes on meanwhile."""
        self._way = threading.Thread(target=self._go, args=(address,))
        self._way.start()
        return True

    @property
    def page(self) -> str:
        """What they saw at the end."""
        assert self._way is not None
        self._way.join(20)
        return self._pages[0]

    def sign_in(self, address: str) -> str:
        """The address that the browser is sent to in the end."""
        with httpx.Client() as web:
            form = httpx.URL(web.get(address).headers["location"])
            chosen = {"continue": form.params["continue"], "user": self.user}
            chosen["action"] = "agree" if self.agree else "cancel"
            return str(web.post(str(form.copy_with(query=None)), data=chosen).headers["location"])

    def _go(self, address: str) -> None:
        self._pages.append(httpx.get(self.sign_in(address)).text)


def list_people(stand: Stand) -> tuple[list[str], list[str]]:
    """The ids of those on the list of the first app, and of those who are not."""
    told = stand.control("GET", "")
    listed = told["apps"][0]["listed"]
    return listed, [one["id"] for one in told["users"] if one["id"] not in listed]


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """One sandbox for the tests of a file."""
    with open_stand("--artists", "3") as made:
        made.control("POST", "profile", {"window": {"most": 10_000}})
        yield made


@pytest.fixture
def sandboxed(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """Commands of this test ask the sandbox."""
    monkeypatch.setenv("BACKLINE_SPOTIFY_ADDRESS", stand.address)
    return stand


def connect(
    house: House, stand: Stand, browser: Browser | None = None, way: Way | None = None, **wanted: Any
) -> dict[str, Any]:
    """A whole sign-in by the listener; the account as JSON."""
    browser = browser or Browser(stand, list_people(stand)[0][0])
    way = way or Way(browse=browser.open)
    screen = Screen("en", json_lines=True)
    known = Wanted(**({"client_id": stand.facts["client_id"]} | wanted))
    found = prepare_app(house, screen, known, way)
    return connect_person(house, screen, found, read_purposes("plays,library"), way)


@contextmanager
def keep_account(name: str = "Ada", *, since: int = 0, ended: bool = False) -> Iterator[House]:
    """A house with an account that agreed so many µs ago, and nobody to ask about it."""
    with open_house(tasks=True) as house:
        now = house.apps.clock.now()
        grant = Grant(
            f"id-of-{name}", CLIENT_ID, "access-token", now, now - since, "refresh-token",
            frozenset({"user-top-read"}), now if ended else None,
        )  # fmt: skip
        with house.database.write() as connection:
            keep_app(connection, house.database.now_sql, CLIENT_ID, who="tester")
        house.spotify.tokens.write(grant)
        with house.database.write() as connection:
            name_account(connection, grant.account_id, name)
        yield house
