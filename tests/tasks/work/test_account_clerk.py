"""A whole account, as runs look at it: what it costs, and that nothing is lost or asked twice, whatever happens."""

from __future__ import annotations

import pytest

from backline.errors import TryLater
from backline.spotify.faults import Hiccup, ScopeMissing
from backline.storage.account_expire import purge_account
from backline.storage.database import Database
from tests.sandbox.guest import SCOPES
from tests.tasks.work.account_stand import AccountStand, Killed


@pytest.fixture
def stand(database: Database) -> AccountStand:
    return AccountStand(database)


# ten playlists on one page, rows 46 + 69 + 260 + 41 + 58 of ours; 60 tracks, 12 releases, 24 artists, 50 plays
FIRST = 1 + (1 + 2 + 6 + 1 + 2) + (2 + 1) + 1 + 1
LEAST = 1 + 1 + 1 + 1 + 1


@pytest.mark.parametrize(("profile", "more"), [("dev-2026", 0), ("dev-legacy", 1), ("extended", 1)])
def test_a_first_look_costs_its_pages_and_an_unchanged_one_the_least(
    database: Database, profile: str, more: int
) -> None:
    """Older Client IDs are not told whose rows may be read: once they ask who the person is."""
    stand = AccountStand(database, profile)
    news = stand.look()
    assert (stand.count(), sum(news.requests.values())) == (FIRST + more, FIRST + more)
    first = stand.dump()
    for _ in range(2):
        before = stand.count()
        news = stand.look()
        assert (stand.count() - before, sum(news.requests.values())) == (LEAST, LEAST)
    assert stand.dump() == first and stand.told() == []


def test_an_account_of_120_playlists_costs_three_requests_for_them(stand: AccountStand) -> None:
    for number in range(110):
        stand.edit("add_playlist", name=f"L{number}", tracks=1)
    stand.look("playlists")
    before = stand.count()
    stand.look("playlists")
    assert stand.count() - before == 3


@pytest.mark.fewer_on_postgresql("after", 9)
@pytest.mark.parametrize("after", range(1, FIRST + 1))
def test_a_kill_after_each_request_repeats_none_and_loses_nothing(database: Database, after: int) -> None:
    stand = AccountStand(database)
    stand.kill_after = after
    stand.look()
    assert stand.count() == FIRST
    assert stand.kill_after is None
    assert [len(rows) for rows in stand.dump().values()] == [10, 5, 24 + 60 + 12 - 1, 50, 0, 0, 5]


def test_many_kills_in_one_run_repeat_nothing(stand: AccountStand) -> None:
    stand.edit("edit_playlist", playlist=stand.person.playlists[0], clear=True)
    for _ in range(30):
        stand.kill_after = 1
        stand.look("plays")
    before = stand.count()
    stand.kill_after = 2
    stand.look()
    assert stand.count() - before == FIRST


def test_parts_may_be_looked_at_by_themselves(stand: AccountStand) -> None:
    news = stand.look("plays")
    assert ([line.part for line in news.lines], stand.count()) == (["plays"], 1)


def test_what_a_person_did_not_agree_to_is_left_out_or_refused_where_it_was_named(database: Database) -> None:
    stand = AccountStand(database, scope=SCOPES.replace("user-read-recently-played", ""))
    news = stand.look()
    assert [bool(line.error) for line in news.lines] == [True, False, False, False]
    assert "did not agree" in (news.lines[0].error or "") and news.due is None
    with pytest.raises(ScopeMissing):
        stand.look("plays")


def test_a_pause_of_hours_for_one_family_leaves_the_others_and_goes_on_then(stand: AccountStand) -> None:
    stand.room.fail("quota", match="GET /v1/playlists/*/items", retry_after=79_200, skip=5)
    one, two = stand.look_until_done()
    assert (one.left, one.due) == (["playlists"], 79_200)
    assert [line.left for line in one.lines] == [0, 0, 0, 2]
    # The one that was refused; then the list of playlists, and whether the one that was cut off has not moved.
    assert stand.count() == FIRST + 3
    assert (two.left, two.due) == ([], None)
    assert all(one.snapshot for one in stand.lists().values() if one.head.is_ours)


def test_a_pause_before_anything_was_read_leaves_the_run_as_it_was(stand: AccountStand) -> None:
    stand.room.fail("429", retry_after=7200)
    with pytest.raises(TryLater) as caught:
        stand.attempt()
    assert caught.value.seconds == 7200 and stand.count() == 1 and stand.runs == 0
    assert stand.look().due is None


def test_a_short_pause_is_waited_for(stand: AccountStand) -> None:
    stand.room.fail("429", retry_after=7, skip=4)
    news = stand.look()
    assert (news.due, stand.count()) == (None, FIRST + 1)


def test_a_fault_after_progress_costs_no_attempt_and_without_it_does(stand: AccountStand) -> None:
    stand.room.fail("5xx", times=2)
    for _ in range(2):
        with pytest.raises(Hiccup):
            stand.attempt()
    stand.room.fail("5xx", skip=3)
    with pytest.raises(TryLater) as caught:
        stand.attempt()
    assert caught.value.seconds == 20
    stand.look()


@pytest.mark.fewer_on_postgresql("seed", 100)
@pytest.mark.parametrize("seed", range(6))
def test_faults_kills_and_pauses_by_chance_come_to_the_same_end(database: Database, seed: int) -> None:
    stand = AccountStand(database)
    stand.room.fail_by_chance(seed, ["5xx", "cut", "429", "reset"], rate=0.2)
    stand.kill_after = 3 + seed
    stand.look_until_done()
    again = AccountStand(database, is_new=False)
    with database.write() as connection:
        found = stand.dump()
        purge_account(connection, stand.account)
    again.look_until_done()
    assert again.dump() == found


@pytest.mark.fewer_on_postgresql()
def test_a_run_asks_five_hundred_times_and_another_goes_on_at_once(stand: AccountStand) -> None:
    for number in range(520):
        stand.edit("add_playlist", name=f"L{number}", tracks=1)
    one, two = stand.look_until_done()
    assert (sum(one.requests.values()), one.left, one.due) == (500, ["playlists"], 0)
    assert two.due is None and sum(two.requests.values()) == 11 + (FIRST + 10 + 520 - 500)
    assert all(one.snapshot for one in stand.lists().values() if one.head.is_ours)


def test_nothing_is_written_for_an_account_that_left_meanwhile(stand: AccountStand) -> None:
    stand.disconnect()
    stand.look()
    assert not any(stand.dump().values())


def test_reasons_and_audit_tell_what_it_cost_and_no_content(stand: AccountStand) -> None:
    news = stand.look()
    (cost,) = [reason for reason in news.reasons if reason.rule == "account.cost"]
    assert cost.numbers == {"me": 5, "playlist_read": 13}
    told = str(stand.trail.entries)
    assert "account.synced" in told and stand.account not in told
    assert not [one for one in stand.lists() if one in told]
    assert not [one.head.name for one in stand.lists().values() if one.head.name in told]


def test_a_run_that_waited_does_not_write_what_it_heard_before_another_one(stand: AccountStand) -> None:
    plain = stand.person.playlists[0]
    stand.look()
    stand.room.advance(60)
    began = stand.room.clock.now()
    stand.kill_after = 5
    with pytest.raises(Killed):
        stand.attempt(began=began)
    stand.edit("edit_playlist", playlist=plain, remove=[0])
    stand.look()
    found, told = stand.dump(), stand.told()
    stand.attempt(began=began)
    assert (stand.told(), stand.dump()) == (told, found)
    assert [change[:2] for change in told] == [("removed", "0")]


def test_of_two_looks_at_once_the_second_to_end_begins_again(stand: AccountStand) -> None:
    stand.look()
    stand.edit("edit_playlist", playlist=stand.person.playlists[0], remove=[0])
    stand.room.advance(60)
    began = stand.room.clock.now()
    with pytest.raises(TryLater, match="Another look"):
        stand.attempt(began=began, before_finish=lambda: stand.look_now())
    stand.attempt(began=began)
    assert [change[:2] for change in stand.told()] == [("removed", "0")]
