"""Names in reports lead to artists and tracks; unknown ones are made, unconfirmed."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, select, text

from backline.storage import fact_tables as t
from backline.storage.artists import add_artist, find_artist, list_credits
from backline.storage.catalogue import (
    SHELF,
    TrackName,
    add_credit_parts,
    resolve_artists,
    resolve_tracks,
    split_credit,
)
from backline.storage.database import Database


def resolve(connection: Connection, database: Database, *names: str) -> dict[str, int]:
    """Artists by name."""
    return resolve_artists(connection, database.now(connection), names, created_by="imp_1")


def place(connection: Connection, database: Database, *tracks: TrackName) -> list[int]:
    """Tracks in the order asked for."""
    found = resolve_tracks(connection, database.now(connection), tracks, created_by="imp_1")
    return [found[track] for track in tracks]


def test_unknown_artists_are_made_once(database: Database) -> None:
    with database.write() as connection:
        found = resolve(connection, database, "Velvet Tramlines", "VELVET  tramlines", "Bo")
        again = resolve(connection, database, "bo", "velvet tramlines")
        rows = connection.execute(select(t.artist).order_by(t.artist.c.no)).all()
    assert found["Velvet Tramlines"] == found["VELVET  tramlines"] == again["velvet tramlines"]
    assert [(row.name, row.confirmed, row.provenance, row.created_by) for row in rows] == [
        ("Velvet Tramlines", False, "report", "imp_1"),
        ("Bo", False, "report", "imp_1"),
    ]
    assert all(row.id.startswith("art_") and row.created_at > 0 for row in rows)


def test_confirmed_goes_before_older_and_an_id_is_itself(database: Database) -> None:
    insert = text(
        "INSERT INTO backline_artist (no, id, name, folded, confirmed, provenance, created_at, created_by) "
        "VALUES (:no, :id, 'Nova', 'nova', :confirmed, 'own', 1, 'x')"
    )
    with database.write() as connection:
        for no, confirmed in ((101, False), (102, True), (103, True)):
            connection.execute(insert, {"no": no, "id": f"art_{no}", "confirmed": confirmed})
        found = resolve(connection, database, "Nova", "art_103", "art_nobody")
        assert (found["Nova"], found["art_103"]) == (102, 103)
        assert found["art_nobody"] not in (101, 102, 103)


def test_parts_of_a_shared_credit_count_for_it(database: Database) -> None:
    with database.write() as connection:
        found = resolve(connection, database, "A, B, C", "B", "Solo")
        for _ in range(2):
            add_credit_parts(connection, found)
        assert list_credits(connection, find_artist(connection, "B")) == sorted(
            [found["B"], found["A, B, C"]]
        )
        parts = set(connection.execute(select(t.credit_part.c.part)).scalars())
    assert parts == {"a", "b", "c", "a, b", "b, c"}


def test_confirmed_artist_with_a_comma_has_no_parts(database: Database) -> None:
    with database.write() as connection:
        add_artist(connection, database.now_sql, "Tyler, The Creator", created_by="ann")
        found = resolve(connection, database, "Tyler, The Creator", "Tyler, The Creator, Bo")
        add_credit_parts(connection, found)
        whole = find_artist(connection, "tyler, the creator")
        assert list_credits(connection, whole) == sorted(found.values())
        query = select(t.credit_part.c.part).where(t.credit_part.c.artist_no == whole.no)
        assert connection.execute(query).all() == []


def test_long_credits_stay_small() -> None:
    assert split_credit("Ann") == set()
    assert len(split_credit(", ".join(f"n{number}" for number in range(100)))) < 800


def test_title_is_enough_where_nothing_else_is_told(database: Database) -> None:
    with database.write() as connection:
        first, same, other = place(
            connection, database, (1, "One", None, None), (1, "ONE", None, None), (2, "One", None, None)
        )
        again = place(connection, database, (1, "one", None, "2020-01-01"))
        row = connection.execute(select(t.track).where(t.track.c.no == first)).one()
    assert first == same == again[0] != other
    assert (row.title, row.released, row.isrc, row.confirmed) == ("One", "2020-01-01", None, False)


def test_isrc_decides(database: Database) -> None:
    with database.write() as connection:
        (plain,) = place(connection, database, (1, "One", None, None))
        one, two = place(connection, database, (1, "One", "DEA", None), (1, "One", "DEB", None))
        (renamed,) = place(connection, database, (1, "One (Remastered)", "DEB", None))
        (oldest,) = place(connection, database, (1, "One", None, None))
        row = connection.execute(select(t.track).where(t.track.c.no == plain)).one()
    assert plain == one == oldest and two != plain and renamed == two
    assert row.isrc == "DEA"


@pytest.mark.parametrize("is_known", [True, False])
def test_one_title_twice_with_two_days_is_two_tracks(database: Database, is_known: bool) -> None:
    single, album = (1, "One", None, "2020-01-01"), (1, "One", None, "2021-01-01")
    with database.write() as connection:
        if is_known:
            place(connection, database, (1, "One", None, None))
        first, second = place(connection, database, single, album)
        assert place(connection, database, album, single) == [second, first]
        assert place(connection, database, album) == [second]
        assert first != second
        # told alone, a day that changed is a correction and no new track
        assert place(connection, database, (1, "One", None, "2020-02-02")) == [first]


def test_more_tracks_than_a_shelf_holds(database: Database) -> None:
    with database.write() as connection:
        artists = sorted(resolve(connection, database, "Ada", "Bo", "Cy").values())
        wanted = [(no, f"Song {title}", None, None) for title in range(SHELF // 2) for no in artists]
        first = place(connection, database, *wanted)
        again = place(connection, database, *reversed(wanted))
        query = select(t.track.c.no, t.track.c.artist_no, t.track.c.title)
        kept = {row.no: (row.artist_no, row.title) for row in connection.execute(query)}
    assert len(set(first)) == len(wanted) > SHELF
    assert again == first[::-1]
    assert kept == {no: track[:2] for no, track in zip(first, wanted, strict=True)}
