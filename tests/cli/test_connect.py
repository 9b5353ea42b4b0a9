"""`backline connect spotify`: a person agrees, and the account is kept; or does not, and nothing is."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from backline.cli import app
from backline.cli.connect import check_platform, read_purposes, refuse_pause
from backline.cli.houses import open_house
from backline.errors import BacklineError, BadInput, TryLater, UnknownName
from backline.spotify.faults import NotListed, PremiumLapsed
from backline.spotify.loopback import Declined
from backline.storage.limits import DatabaseLimits, LimitKey
from backline.storage.vault import list_secrets
from tests.cli.conftest import Call
from tests.cli.consent import Browser, connect, list_people, sandboxed, stand
from tests.sandbox.stand import Stand

__all__ = ["sandboxed", "stand"]


def test_a_person_agrees_and_is_kept(sandboxed: Stand, call: Call) -> None:
    browser = Browser(sandboxed, list_people(sandboxed)[0][0])
    with open_house(tasks=True) as house:
        facts = connect(house, sandboxed, browser)
        (account,) = house.apps.list_accounts()
        (known,) = house.apps.list_apps()
        with house.database.read() as connection:
            places = {(row.name, row.owner) for row in list_secrets(connection)}
        me = house.apps.speak(facts["account_id"]).library.get_me()
    person = next(one for one in sandboxed.control("GET", "")["users"] if one["id"] == browser.user)
    assert (facts["account"], facts["account_id"]) == (person["name"], person["account_id"])
    assert (facts["state"], facts["purposes"], facts["profile"]) == ("connected", "plays,library", "dev_2026")
    assert (account.name, account.account_id, me.key) == (person["name"], me.key, account.account_id)
    assert known.profile == "dev_2026"
    owner = f"spotify {account.account_id}"
    assert places == {("access", owner), ("refresh", owner)}
    assert "Your answer has arrived" in browser.page
    (row,) = call("audit", "list", "--object", facts["object"], "--json").lines
    assert (row["action"], row["body"]["purposes"]) == ("spotify.connect", "plays,library")
    assert row["after_sha"] and person["name"] not in json.dumps(row)
    assert account.account_id not in json.dumps(row)


def test_a_person_who_says_no(sandboxed: Stand) -> None:
    browser = Browser(sandboxed, list_people(sandboxed)[0][0], agree=False)
    refuse(sandboxed, browser, Declined, "said no")
    assert "nothing was connected" in browser.page


def test_a_person_who_is_not_on_the_list(sandboxed: Stand) -> None:
    refuse(sandboxed, Browser(sandboxed, list_people(sandboxed)[1][0]), NotListed, "room for five")


def test_an_owner_who_does_not_pay_any_more(sandboxed: Stand) -> None:
    sandboxed.edit("lapse_premium")
    try:
        refuse(sandboxed, Browser(sandboxed, list_people(sandboxed)[0][0]), PremiumLapsed, "subscribe again")
    finally:
        sandboxed.edit("restore_premium", hours=0)


def refuse(stand: Stand, browser: Browser, kind: type[BacklineError], words: str) -> None:
    """Nothing of a person is kept, and the words say what helps."""
    with open_house(tasks=True) as house:
        with pytest.raises(kind, match=words):
            connect(house, stand, browser)
        assert house.apps.list_accounts() == []
        with house.database.read() as connection:
            assert list_secrets(connection) == []


@pytest.mark.parametrize("paused", ["own", "own/me"])
def test_nobody_agrees_in_vain_inside_a_pause(sandboxed: Stand, paused: str) -> None:
    with open_house(tasks=True) as house:
        DatabaseLimits(house.database).block(LimitKey("spotify", paused), 3_600_000_000, 0, 10**15)
        refuse_pause(house, "label")
        with pytest.raises(TryLater, match="left alone until 2") as caught:
            connect(house, sandboxed)
    assert 3500 < caught.value.seconds <= 3600


def test_a_client_id_that_cannot_be_looked_at_yet_holds_up_nobody(
    sandboxed: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    sandboxed.control("POST", "faults", {"kind": "forbidden", "match": "GET /v1/search*"})
    with open_house(tasks=True) as house:
        facts = connect(house, sandboxed)
    assert (facts["state"], facts["profile"]) == ("connected", None)
    assert "not known yet" in capsys.readouterr().err


def test_the_command_itself_by_a_listener(sandboxed: Stand) -> None:
    command = [sys.executable, "-m", "backline", "connect", "spotify", "--no-browser", "--json"]
    command += ["--client-id", sandboxed.facts["client_id"], "--for", "top"]
    browser = Browser(sandboxed, list_people(sandboxed)[0][1])
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr and process.stdout
        url = next(line for line in process.stderr if "/authorize?" in line).split()[-1]
        browser.open(url)
        facts = json.loads(process.stdout.read())
        assert (process.wait(timeout=20), facts["state"], facts["purposes"]) == (0, "connected", "top")


def test_the_command_by_the_secret_alone(sandboxed: Stand) -> None:
    facts = sandboxed.facts
    words = ["connect", "spotify", "--client-id", facts["client_id"], "--app-only"]
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, "--secret -" in result.stderr) == (2, True)
    result = CliRunner().invoke(app, [*words, "--secret", "-", "--json"], input=facts["client_secret"] + "\n")
    told = json.loads(result.stdout)
    assert (told["secret"], told["profile"], told["state"]) == (True, "dev_2026", "known")
    assert facts["client_secret"] not in result.stdout + result.stderr


def test_the_command_says_what_is_wrong(sandboxed: Stand, call: Call) -> None:
    told = {
        ("deezer",): (2, "spotify"),
        ("spotify",): (2, "--client-id"),
        ("spotify", "--for", "money"): (2, "playlists, plays"),
        ("spotify", "--client-id", "0" * 32): (4, "does not know this app"),
        ("spotify", "--client-id", str(sandboxed.facts["client_id"]), "--secret", "no"): (2, "env:NAME"),
    }
    for words, (code, remedy) in told.items():
        result = call("connect", *words)
        assert (result.code, remedy in result.err) == (code, True), result
        assert "Traceback" not in result.err


def test_a_platform_that_is_away_is_no_fault_of_the_person(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKLINE_SPOTIFY_ADDRESS", "http://127.0.0.1:1")
    result = call("connect", "spotify", "--client-id", "0" * 32, "--paste")
    assert (result.code, "could not be reached" in result.err) == (5, True)


def test_purposes_and_platforms_are_read() -> None:
    assert read_purposes(" plays, top,plays ") == ("user-read-recently-played", "user-top-read")
    for wrong in ("", ",", "plays,money"):
        with pytest.raises(BadInput):
            read_purposes(wrong)
    check_platform("Spotify")
    with pytest.raises(UnknownName):
        check_platform("radio")
