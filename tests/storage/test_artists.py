"""Artists by id and name, confirmed by a person, with their shared credits."""

from __future__ import annotations

import pytest

from backline.errors import BadInput, UnknownName
from backline.storage.artists import (
    add_artist,
    count_artists,
    find_artist,
    list_artists,
    list_credits,
    list_shared_credits,
    name_artists,
)
from backline.storage.database import Database
from tests.storage.fact_writer import Fact, FactWriter


def test_found_by_id_and_by_folded_name(database: Database) -> None:
    with database.write() as connection:
        FactWriter(connection).add_artist(1, "Velvet  Tramlines", confirmed=False)
        assert find_artist(connection, "art_1").no == 1
        assert find_artist(connection, " velvet TRAMLINES ").no == 1


def test_unknown_name_says_what_to_do(database: Database) -> None:
    with database.write() as connection:
        FactWriter(connection).add_artist(1, "A, B", parts=["A", "B"], confirmed=False)
        with pytest.raises(UnknownName, match="artist add NAME"):
            find_artist(connection, "Nobody")
        with pytest.raises(UnknownName, match="1 shared credits have it as a part"):
            find_artist(connection, "b")


def test_several_of_one_name_are_listed(database: Database) -> None:
    with database.write() as connection:
        writer = FactWriter(connection)
        writer.add_artist(1, "Nova", confirmed=False)
        writer.add_artist(2, "NOVA", confirmed=False)
        with pytest.raises(BadInput, match="art_1, art_2"):
            find_artist(connection, "nova")
        with pytest.raises(BadInput, match="art_1, art_2"):
            add_artist(connection, database.now_sql, "nova", created_by="me")
        writer.add_artist(3, "nova", confirmed=True)
        assert find_artist(connection, "nova").no == 3
        writer.add_artist(4, "nova", confirmed=True)
        with pytest.raises(BadInput, match="2 artists: art_3, art_4"):
            find_artist(connection, "nova")
        assert find_artist(connection, "art_1").no == 1


def test_added_confirmed_known(database: Database) -> None:
    with database.write() as connection:
        FactWriter(connection).add_artist(901, "Nova", confirmed=False)
        confirmed = add_artist(connection, database.now_sql, "nova", created_by="me")
        assert (confirmed.outcome, confirmed.row.id, confirmed.row.name) == ("confirmed", "art_901", "Nova")
        assert add_artist(connection, database.now_sql, "Nova", created_by="me").outcome == "known"
        added = add_artist(connection, database.now_sql, "  New\tName ", created_by="me")
        assert (added.outcome, added.row.name, added.row.created_by) == ("added", "New Name", "me")
        assert added.row.provenance == "own"
        assert added.row.confirmed
        assert abs(database.now(connection) - added.row.created_at) < 60_000_000
        with pytest.raises(BadInput, match="empty"):
            add_artist(connection, database.now_sql, " \n", created_by="me")


def test_a_confirmed_name_with_a_comma_is_no_shared_credit(database: Database) -> None:
    with database.write() as connection:
        FactWriter(connection).add_artist(
            1, "Tyler, The Maker", parts=["Tyler", "The Maker"], confirmed=False
        )
        assert list_shared_credits(connection, "TYLER") == [1]
        assert (
            add_artist(connection, database.now_sql, "Tyler, The Maker", created_by="me").outcome
            == "confirmed"
        )
        assert list_shared_credits(connection, "Tyler") == []


def test_credits_of_an_artist(database: Database) -> None:
    with database.write() as connection:
        writer = FactWriter(connection)
        writer.add_artist(1, "Nova")
        writer.add_artist(2, "Nova, Kay", parts=["Nova", "Kay", "Nova, Kay"], confirmed=False)
        writer.add_artist(3, "Kay, NOVA, Lou", parts=["Kay", "Nova", "Lou", "Kay, Nova", "Nova, Lou"])
        writer.add_artist(4, "Supernova")
        assert list_credits(connection, find_artist(connection, "Nova")) == [1, 2, 3]
        assert list_credits(connection, find_artist(connection, "Nova, Kay")) == [2]
        assert name_artists(connection, [1, 4]) == {1: "Nova", 4: "Supernova"}


def test_listed_confirmed_first(database: Database) -> None:
    with database.write() as connection:
        writer = FactWriter(connection)
        writer.add_artist(1, "a", confirmed=False)
        writer.add_artist(2, "c")
        writer.add_artist(3, "b")
        assert [row.no for row in list_artists(connection)] == [3, 2, 1]
        assert [row.no for row in list_artists(connection, limit=1)] == [3]
        assert count_artists(connection) == 3


def test_unconfirmed_ones_are_listed_by_what_reports_say_of_them(database: Database) -> None:
    with database.write() as connection:
        writer = FactWriter(connection)
        for number, name in ((1, "a"), (2, "b"), (3, "Zoë 100%")):
            writer.add_artist(number, name, confirmed=False)
        writer.add_artist(4, "sure")
        writer.put(20_000, [Fact(3, 1), Fact(3, 2, measure="listeners"), Fact(2, 1)], scope="global")
        assert [row.no for row in list_artists(connection)] == [4, 3, 2, 1]


def test_listed_by_a_part_of_the_name(database: Database) -> None:
    with database.write() as connection:
        writer = FactWriter(connection)
        for number, name in ((1, "Velvet Tramlines"), (2, "VELVET"), (3, "Zoë 100%"), (4, "100 x")):
            writer.add_artist(number, name, confirmed=False)
        assert [row.no for row in list_artists(connection, search=" velvet")] == [2, 1]
        assert [row.no for row in list_artists(connection, search="100%")] == [3]
        assert count_artists(connection, "velvet") == 2
