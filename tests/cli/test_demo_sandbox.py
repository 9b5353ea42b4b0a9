"""The demo's sandbox: told of the sample artist once, and an account connected as by a person at a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from backline import samples
from backline.cli.demo_sandbox import FILE, MARK, DemoSandbox, Form, agree, refuse_own_apps, write_settings
from backline.cli.houses import open_house
from backline.errors import BacklineError, BadInput
from tests.cli.conftest import Call
from tests.cli.consent import sandboxed, stand
from tests.sandbox.stand import Stand

__all__ = ["sandboxed", "stand"]


def test_the_artist_is_told_once_with_its_codes(stand: Stand) -> None:
    sandbox = DemoSandbox(stand.address)
    assert sandbox.is_up() and not sandbox.knows_artist()
    sandbox.tell_artist()
    sandbox.tell_artist()
    assert sandbox.knows_artist()
    world = stand.control("GET", "world")
    assert world["artists"][samples.PLATFORM_ID]["name"] == samples.ARTIST
    ours = [one for one in world["releases"].values() if samples.PLATFORM_ID in one["artists"]]
    assert {one["name"]: one["upc"] for one in ours} == {
        "Attic Radio": "299026100010", "Night Lines": "299026100027", "Copper Rain": "299026100034",
        "Late Lines": "299026100041",
    }  # fmt: skip
    assert world["tracks"][next(one for one in ours if one["name"] == "Copper Rain")["tracks"][0]][
        "isrc"
    ] == ("ZZVLV2600001")
    sandbox.close()


def test_a_sandbox_that_is_not_there_is_told_as_such() -> None:
    sandbox = DemoSandbox("http://127.0.0.1:1")
    assert not sandbox.is_up()
    with pytest.raises(BacklineError, match="cannot be told anything"):
        sandbox.tell_artist()
    assert sandbox.command[:3] == ["sandbox", "--port", "1"]
    sandbox.close()


def test_an_account_is_connected_by_the_page(sandboxed: Stand) -> None:
    sandbox = DemoSandbox(sandboxed.address)
    with open_house(tasks=True) as house:
        agree(house, sandbox.find_client_id())
        (account,) = house.apps.list_accounts()
        assert house.apps.speak(account.account_id).library.get_me().key == account.account_id
        refuse_own_apps(house, sandbox.find_client_id())
        with pytest.raises(BadInput, match="not the demo's") as refused:
            refuse_own_apps(house, "another")
    assert "--state" in str(refused.value)
    sandbox.close()


def test_a_form_is_sent_as_a_browser_would() -> None:
    form = Form(
        '<form action="/go"><input type="hidden" name="a" value="1"><select name="who"><option value="x">X</option>'
        '<option value="y">Y</option></select><button name="do" value="yes">Yes</button>'
        '<button name="do" value="no">No</button></form>'
    )
    assert (form.action, form.fields) == ("/go", {"a": "1", "who": "x", "do": "yes"})


def test_commands_in_the_folder_ask_the_sandbox_too(tmp_path: Path, call: Call) -> None:
    write_settings(tmp_path, "http://127.0.0.1:8001")
    write_settings(tmp_path, "http://127.0.0.1:8002")
    text = (tmp_path / FILE).read_text()
    assert text.startswith(MARK) and "8002" in text and "8001" not in text
    (tmp_path / FILE).write_text("[spotify]\n")
    write_settings(tmp_path, "http://127.0.0.1:8003")
    assert (tmp_path / FILE).read_text() == "[spotify]\n"
