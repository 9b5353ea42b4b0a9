"""A Client ID is tried before it is kept, and what a person types wrong gets words."""

from __future__ import annotations

from pathlib import Path

import pytest

from backline.cli.client_ids import Wanted, ask_whether_known, prepare_app
from backline.cli.houses import open_house
from backline.cli.screen import Screen
from backline.cli.sign_in import Way
from backline.errors import BacklineError, BadInput, NeedsHuman, UnknownName
from backline.spotify.faults import Hiccup, WrongApp
from backline.spotify.needs import StoredApp
from backline.storage.vault import list_secrets
from tests.cli.conftest import Call
from tests.cli.consent import CLIENT_ID, sandboxed, stand
from tests.sandbox.stand import Stand

__all__ = ["sandboxed", "stand"]


def prepare(**wanted: str | None) -> StoredApp:
    with open_house() as house:
        return prepare_app(house, Screen("en", json_lines=True), Wanted(**wanted), Way())


def list_apps() -> list[StoredApp]:
    with open_house() as house:
        return house.apps.list_apps()


def count_secrets() -> int:
    with open_house() as house, house.database.read() as connection:
        return len(list_secrets(connection))


def test_a_client_id_is_kept_and_taken_from_then_on(sandboxed: Stand, call: Call) -> None:
    client_id = sandboxed.facts["client_id"]
    assert prepare(client_id=f" {client_id} ") == StoredApp(client_id)
    assert prepare() == StoredApp(client_id)
    assert prepare(developer="label") == StoredApp(client_id, developer="label")
    assert list_apps() == [StoredApp(client_id, developer="label")]
    rows = call("audit", "list", "--object", f"spotify_app:{client_id}", "--json").lines
    assert [row["action"] for row in rows] == ["spotify.app"] * 2
    assert rows[0]["before_sha"] == rows[1]["after_sha"] != rows[0]["after_sha"]


def test_what_the_accounts_service_does_not_know_is_not_kept(sandboxed: Stand) -> None:
    del sandboxed
    with pytest.raises(WrongApp, match=r"does not know this app.*developer\.spotify\.com.*Nothing was kept"):
        prepare(client_id=CLIENT_ID)
    assert list_apps() == []


def test_a_secret_is_tried_before_it_takes_the_place_of_another(
    sandboxed: Stand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    facts = sandboxed.facts
    place = tmp_path / "secret"
    place.touch(0o600)
    place.write_text(facts["client_secret"])
    assert prepare(client_id=facts["client_id"], secret=f"file:{place}").has_secret
    monkeypatch.setenv("SPOTIFY_SECRET", "another-secret")
    with pytest.raises(WrongApp):
        prepare(secret="env:SPOTIFY_SECRET")
    with open_house() as house:
        assert house.spotify.apps.read_secret(facts["client_id"]) == facts["client_secret"]
    assert count_secrets() == 1


def test_another_client_id_needs_a_name(sandboxed: Stand) -> None:
    apps = sandboxed.control("GET", "")["apps"]
    first, second = (app["client_id"] for app in apps[:2])
    prepare(client_id=first)
    with pytest.raises(BadInput, match="--name"):
        prepare(client_id=second)
    assert prepare(client_id=second, name="label").name == "label"
    assert prepare(name="label").client_id == second
    assert prepare().client_id == first
    with pytest.raises(UnknownName, match="'band'"):
        prepare(name="band")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"client_id": "my app"}, "32 letters"),
        ({"client_id": "https://developer.spotify.com/x"}, "32 letters"),
        ({}, "--client-id"),
    ],
)
def test_what_is_no_client_id(wanted: dict[str, str], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        prepare(**wanted)


def test_a_secret_on_the_command_line_is_refused_and_not_repeated(sandboxed: Stand) -> None:
    secret = sandboxed.facts["client_secret"]
    with pytest.raises(BadInput) as caught:
        prepare(client_id=sandboxed.facts["client_id"], secret=secret)
    assert secret not in str(caught.value) and "env:NAME" in str(caught.value)
    with pytest.raises(NeedsHuman, match="no secret at env:NOWHERE"):
        prepare(client_id=sandboxed.facts["client_id"], secret="env:NOWHERE")


def test_an_accounts_service_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKLINE_SPOTIFY_ADDRESS", "http://127.0.0.1:1")
    with open_house() as house, pytest.raises(Hiccup, match="could not be reached"):
        ask_whether_known(house, CLIENT_ID, None)
    assert issubclass(Hiccup, BacklineError)
