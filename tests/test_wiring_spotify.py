"""Spotify on a real database: connected over a socket, refreshed once for all, paced, paused and counted together."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backline.errors import TryLater
from backline.runtime.context import RunContext
from backline.sections import LimitSettings
from backline.spotify.apps import Apps
from backline.spotify.faults import Disconnected, QuotaSpent, RateLimited
from backline.spotify.needs import Grant, StoredAnswer
from backline.spotify.routes import Profile
from backline.storage.budgets import HOUR, Budgets
from backline.storage.database import Database
from backline.storage.limits import LimitKey
from backline.storage.spotify_accounts import forget_account, keep_app, keep_secret, list_accounts
from backline.wiring import House
from backline.wiring_spotify import MEASURED_FOR, DatabaseClock
from tests.celery_apps import make_settings
from tests.sandbox.stand import Stand, open_stand
from tests.spotify.people import connect, end_token, list_artists, list_asked

QUICK = LimitSettings(rate=1000, burst=1000)
Make = Callable[..., House]


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """One sandbox for all; each test begins with empty books and its own switches."""
    with open_stand("--artists", "60", "--no-budgets") as opened:
        yield opened


@pytest.fixture
def make_house(stand: Stand, database: Database, tmp_path: Path) -> Iterator[Make]:
    """Another process on the same database, as far as its objects go. The app of the sandbox is known to it."""
    stand.control("DELETE", "faults")
    stand.control("DELETE", "ledger")
    stand.control("POST", "profile", {"switches": {"refresh": "keep"}})
    houses = []

    def make(limits: LimitSettings = QUICK, **options: Any) -> House:
        url = database.url.render_as_string(hide_password=False)
        settings = make_settings(tmp_path, database_url=url)
        spotify = type(settings.spotify)(address=stand.address, **options)
        house = House(settings.model_copy(update={"spotify": spotify, "limits": {"spotify": limits}}), {})
        houses.append(house)
        return house

    with database.write() as connection:
        client_id = str(stand.facts["client_id"])
        keep_app(connection, database.now_sql, client_id, who="ann")
        keep_secret(connection, make().vault, client_id, str(stand.facts["client_secret"]), "ann")
    yield make
    for house in houses:
        house.close()


def test_a_person_connects_and_what_is_kept_is_there_for_every_process(
    stand: Stand, make_house: Make, database: Database
) -> None:
    account = connect(stand, make_house())
    house = make_house()
    assert [one.account_id for one in house.apps.list_accounts()] == [account]
    client = house.apps.speak(account)
    assert client.library.get_me().key == account
    kept = house.apps.find()
    assert (kept.profile, kept.doubted_at) == (Profile.DEV_2026, None)
    before = len(list_asked(stand))
    other = make_house().apps.speak()
    assert other.voice.profile is Profile.DEV_2026
    artist = list_artists(stand)[0]
    assert other.catalogue.get_artist(artist).id == artist
    assert len(list_asked(stand)) == before + 1, "the profile is not probed again"
    since = house.apps.clock.now() - 60_000_000
    again = make_house().apps.speak(since=since).catalogue
    assert again.get_artist(artist).id == artist
    assert len(list_asked(stand)) == before + 1, "nor is asked what was answered since"
    with database.read() as connection:
        rows = connection.execute(text("SELECT * FROM backline_spotify_account")).mappings().all()
        spoken = json.dumps([dict(row) for row in rows])
    grant = house.spotify.tokens.read(account)
    assert grant is not None and grant.refresh_token is not None
    assert grant.access_token not in spoken and grant.refresh_token not in spoken


def test_eight_threads_of_two_processes_refresh_once(
    stand: Stand, make_house: Make, database: Database
) -> None:
    houses = [make_house(), make_house()]
    account = connect(stand, houses[0])
    houses[0].apps.speak(account)
    stand.control("POST", "profile", {"switches": {"refresh": "rotate"}})
    end_token(database)
    before, start = len(list_asked(stand, "/api/token")), threading.Barrier(8)

    def work(number: int) -> str:
        tokens = houses[number % 2].apps.open_tokens(houses[0].apps.find())
        start.wait()
        return tokens.give(account).access_token

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(work, range(8)))) == 1
    assert len(list_asked(stand, "/api/token")) == before + 1


ASK = """
import sys
from backline.sections import SpotifySettings
from backline.wiring import House
from tests.celery_apps import make_settings
from pathlib import Path
state, url, address, account = sys.argv[1:]
settings = make_settings(Path(state), database_url=url)
house = House(settings.model_copy(update={"spotify": SpotifySettings(address=address)}), {})
tokens = house.apps.open_tokens(house.apps.find())
print("ready", flush=True)
sys.stdin.readline()
print(tokens.give(account).access_token, flush=True)
house.close()
"""


def test_two_processes_refresh_once(
    stand: Stand, make_house: Make, database: Database, tmp_path: Path
) -> None:
    account = connect(stand, make_house())
    stand.control("POST", "profile", {"switches": {"refresh": "rotate"}})
    end_token(database)
    before = len(list_asked(stand, "/api/token"))
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", ASK, str(tmp_path), url, stand.address, account]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in "ab"]
    try:
        for process in both:
            assert process.stdout and process.stdout.readline() == "ready\n"
        for process in both:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=30)[0] for process in both]
    finally:
        for process in both:
            process.kill()
    assert said[0] == said[1] != ""
    assert len(list_asked(stand, "/api/token")) == before + 1


def test_a_refusal_is_kept_with_the_tokens_and_undone_by_connecting_again(
    stand: Stand, make_house: Make, database: Database
) -> None:
    house = make_house()
    account = connect(stand, house)
    end_token(database)
    stand.control("POST", "faults", [{"kind": "invalid_grant"}])
    for one in (house, make_house()):
        with pytest.raises(Disconnected):
            one.apps.speak(account).library.get_me()
    (row,) = house.apps.list_accounts()
    kept = house.spotify.tokens.read(account)
    assert row.ended_at is not None and kept is not None and kept.refresh_token
    connect(stand, house)
    assert make_house().apps.speak(account).library.get_me().key == account


def test_a_pause_of_22_hours_holds_for_all_apps_of_the_developer_and_all_processes(
    stand: Stand, make_house: Make, database: Database
) -> None:
    house, artists = make_house(), list_artists(stand)
    house.apps.speak()
    with database.write() as connection:
        for number, developer in enumerate(("own", "label")):
            keep_app(connection, database.now_sql, str(number), name=developer, developer=developer, who="a")
            keep_secret(connection, house.vault, str(number), "secret", "a")
    stand.control("POST", "faults", [{"kind": "429", "retry_after": 79_200}])
    with pytest.raises(RateLimited) as caught:
        house.apps.speak().catalogue.get_artist(artists[0])
    assert caught.value.seconds == 79_200
    asked = len(list_asked(stand))
    for one in (house, make_house()):
        with pytest.raises(TryLater, match="left alone") as put_off:
            one.apps.speak().catalogue.get_artist(artists[1])
        assert 79_100 < put_off.value.seconds <= 79_260
        budget = one.spotify.find_budget("own")
        with (
            pytest.raises(TryLater, match=r"everything\) until 20.* UTC"),
            budget.take("me", interactive=True),
        ):
            raise AssertionError("the other app of the developer account got through")
    with house.spotify.find_budget("label").take("me", interactive=True):
        pass
    assert len(list_asked(stand)) == asked
    assert stand.control("GET", "ledger")["inside_ban"] == 0


def test_a_storm_of_eight_workers_asks_nothing_inside_the_pause(stand: Stand, make_house: Make) -> None:
    houses, artists = [make_house() for _ in range(4)], list_artists(stand)
    houses[0].apps.speak()
    clients = [house.apps.speak().catalogue for house in houses]
    stand.control("DELETE", "ledger")
    stand.control("POST", "faults", [{"kind": "429", "retry_after": 3600, "skip": 5}])
    start = threading.Barrier(8)

    def work(number: int) -> list[str]:
        start.wait()
        ended = []
        for artist in artists[number * 7 : number * 7 + 7]:
            try:
                clients[number % 4].get_artist(artist)
                ended.append("read")
            except RateLimited:
                ended.append("told")
            except TryLater:
                ended.append("later")
        return ended

    with ThreadPoolExecutor(8) as pool:
        found = [one for many in pool.map(work, range(8)) for one in many]
    assert (found.count("read"), found.count("told")) == (5, 1)
    assert len(list_asked(stand)) == 6
    assert stand.control("GET", "ledger")["inside_ban"] == 0
    stand.control("DELETE", "ledger")


def test_a_quota_teaches_its_family_and_leaves_the_others(
    stand: Stand, make_house: Make, database: Database
) -> None:
    house, artists = make_house(daily_catalogue=20), list_artists(stand)
    client = house.apps.speak(interactive=True)
    stand.control("POST", "faults", [{"kind": "quota", "retry_after": 7200, "skip": 6}])
    for artist in artists[:6]:
        client.catalogue.get_artist(artist)
    with pytest.raises(QuotaSpent):
        client.catalogue.get_artist(artists[6])
    learned = {one.key.family: one.learned for one in Budgets(database).list_spending()}
    assert learned["catalogue"] == 6
    with pytest.raises(TryLater, match=r"left alone \(catalogue\) until"):
        make_house().apps.speak().catalogue.get_artist(artists[7])
    assert client.catalogue.find_artists("a") is not None, "another family goes on"
    with database.write() as connection:
        house.limits.clear(connection, LimitKey("spotify", "own/catalogue"))
    with pytest.raises(TryLater, match=r"7 of 6 requests .* for catalogue .* again at 20.* UTC") as caught:
        client.catalogue.get_artist(artists[8])
    assert 24 * 3600 < caught.value.seconds <= 25 * 3600 + 60


def test_the_budget_is_exact_between_eight_and_keeps_a_reserve(stand: Stand, make_house: Make) -> None:
    houses, artists = [make_house(daily_catalogue=20) for _ in range(4)], list_artists(stand)
    houses[0].apps.speak()
    clients = [house.apps.speak(interactive=False).catalogue for house in houses]
    stand.control("DELETE", "ledger")

    def ask(number: int) -> bool:
        for _ in range(20):
            try:
                clients[number % 4].get_artist(artists[number])
                return True
            except TryLater as wait:
                if wait.seconds > 60:
                    return False
        return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(40))) == 16
    assert len(list_asked(stand)) == 16
    urgent = houses[0].apps.speak(interactive=True).catalogue
    for artist in artists[40:44]:
        urgent.get_artist(artist)
    with pytest.raises(TryLater, match="20 of 20"):
        urgent.get_artist(artists[44])


def test_the_pace_is_one_for_all(stand: Stand, make_house: Make) -> None:
    houses = [make_house(LimitSettings(rate=0.01, burst=2)) for _ in range(2)]
    for house in houses:
        with house.spotify.find_budget("own").take("me", interactive=True):
            pass
    third = houses[0].spotify.find_budget("own").take("me", interactive=True)
    with pytest.raises(TryLater, match=r"spotify \(own\) may be asked again"), third:
        raise AssertionError("a third one")
    assert list_asked(stand) == []


def test_one_request_of_a_developer_account_at_a_time(make_house: Make) -> None:
    first, second = make_house().spotify, make_house().spotify
    with first.find_budget("own").take("me", interactive=True):
        with second.find_budget("label").take("me", interactive=True):
            pass
        other = second.find_budget("own").take("search", interactive=True)
        with pytest.raises(TryLater, match="Somebody else"), other:
            raise AssertionError("two at once")


def test_a_task_is_given_apps_that_know_whether_somebody_waits(make_house: Make) -> None:
    house = make_house()
    provide = house.runtime.providers[Apps]
    made: Any = RunContext.__new__(RunContext)
    for priority, urgent in ((0, True), (5, False)):
        made.priority = priority
        assert provide(made).interactive is urgent
    assert house.apps.interactive is True


def test_answers_leave_after_their_days(make_house: Make, database: Database) -> None:
    ground = make_house(keep_days=2).spotify
    now = ground.clock.now()
    day = 24 * HOUR
    for key, age in (("new", day), ("old", 3 * day)):
        ground.answers.write(key, StoredAnswer('"e"', b"{}", now - age, now, "ann", "c"))
    assert ground.answers.read("new") == StoredAnswer('"e"', b"{}", now - day, now, "ann", "c")
    assert ground.answers.read("old") is None


def test_a_grant_comes_back_as_it_was_written(make_house: Make, database: Database) -> None:
    tokens = make_house().spotify.tokens
    grant = Grant("ann", "c", "access", 5, 3, "refresh", frozenset({"a", "b"}), 9)
    own = Grant("app:c", "c", "access", 5, 3)
    for one in (grant, own, replace(grant, ended_at=None)):
        tokens.write(one)
        assert tokens.read(one.account_id) == one
    assert tokens.read("bob") is None
    with database.write() as connection:
        assert [row.account_id for row in list_accounts(connection)] == ["ann"]
        forget_account(connection, "ann")
    assert tokens.read("ann") is None


def test_a_grant_is_read_as_one_however_often_it_is_renewed_meanwhile(make_house: Make) -> None:
    """A new token beside an old row would look as if it had ended, and be refreshed a second time."""
    writer, reader = make_house().spotify.tokens, make_house().spotify.tokens
    first = Grant("ann", "c", "access-0", 0, 3, "refresh-0")
    writer.write(first)
    done = threading.Event()

    def renew() -> None:
        for number in range(1, 60):
            token = {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}"}
            writer.write(replace(first, expires_at=number, **token))
        done.set()

    with ThreadPoolExecutor(1) as pool:
        renewing, seen = pool.submit(renew), set()
        while not done.is_set():
            found = reader.read("ann")
            assert found is not None
            seen.add((found.access_token, found.refresh_token, found.expires_at))
        renewing.result()
    assert seen <= {(f"access-{number}", f"refresh-{number}", number) for number in range(60)}
    assert len(seen) > 2


def test_the_clock_is_that_of_the_database_wherever_this_machine_s_is_set(database: Database) -> None:
    here = [1_000_000_000_000]
    clock = DatabaseClock(database, lambda: here[0])
    with database.read() as connection:
        there = database.now(connection)
    first = clock.now()
    assert 0 <= first - there < 10_000_000
    here[0] += 30_000_000_000
    assert clock.now() - first == 30_000_000, "it is not asked each time"
    for jump in (MEASURED_FOR * 1000, -5_000_000_000_000):
        here[0] += jump
        assert 0 <= clock.now() - there < 20_000_000
