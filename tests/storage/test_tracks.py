"""Tracks in reports: found by ISRC or title, made where nobody has them; by the column as one by one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, event, select

from backline.music import fold_name
from backline.storage import fact_tables as t
from backline.storage.database import Database
from backline.storage.track_index import TrackColumns
from backline.storage.track_shelf import KnownTrack, Shelf, TrackName
from backline.storage.tracks import SHELF, resolve_tracks

Name = tuple[int, str, str | None, str | None]  # artist, title, ISRC, day; a fifth cell is the UPC


def tell(name: tuple[Any, ...]) -> TrackName:
    """A name with its UPC, which few tests tell."""
    artist_no, title, isrc, released, upc = (*name, None)[:5]
    return artist_no, title, isrc, released, upc


def make_columns(tracks: Sequence[tuple[Any, ...]]) -> TrackColumns:
    """Names as columns."""
    columns = [list(column) for column in zip(*map(tell, tracks), strict=True)] or [[], [], [], [], []]
    texts = (pa.array(column, type=pa.string()) for column in columns[1:])
    return TrackColumns(np.array(columns[0], dtype=np.int64), *texts)


def place(connection: Connection, database: Database, *tracks: tuple[Any, ...]) -> list[int]:
    """Tracks in the order asked for."""
    moment = database.now(connection)
    return resolve_tracks(connection, moment, make_columns(list(tracks)), created_by="imp_1").tolist()


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


def test_a_upc_is_kept_and_tells_no_track_from_another(database: Database) -> None:
    upc = "036000291452"
    with database.write() as connection:
        (plain,) = place(connection, database, (1, "One", None, None))
        assert place(connection, database, (1, "One", None, None, upc)) == [plain]
        assert place(connection, database, (1, "One", None, None, "859000000001")) == [plain]
        # and where titles are placed one by one
        two = place(connection, database, (1, "Two", "DEA", None, upc), (1, "Two", "DEB", None, None))
        assert (
            place(
                connection, database, (1, "Two", "DEB", None, "859000000001"), (1, "Two", "DEA", None, None)
            )
            == two[::-1]
        )
        kept = connection.execute(select(t.track.c.no, t.track.c.upc)).all()
    assert dict(kept) == {plain: upc, two[0]: upc, two[1]: "859000000001"}


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


@pytest.mark.parametrize("days", [(None,), ("2020-01-01", "2021-01-01")])
def test_more_tracks_than_a_shelf_holds(database: Database, days: tuple[str | None, ...]) -> None:
    with database.write() as connection:
        wanted = [
            (no, f"Song {title}", None, day)
            for title in range(SHELF // 2 // len(days))
            for no in (1, 2, 3)
            for day in days
        ]
        first = place(connection, database, *wanted)
        again = place(connection, database, *reversed(wanted))
        query = select(t.track.c.no, t.track.c.artist_no, t.track.c.title)
        kept = {row.no: (row.artist_no, row.title) for row in connection.execute(query)}
    assert len(set(first)) == len(wanted) > SHELF
    assert again == first[::-1]
    assert kept == {no: track[:2] for no, track in zip(first, wanted, strict=True)}


NAMES = st.tuples(
    st.integers(1, 2),
    st.sampled_from(["One", "ONE ", "Two", "Ünï", "Three"]),
    st.sampled_from([None, None, "DEA", "DEB", "DEC"]),
    st.sampled_from([None, "2020-01-01", "2021-01-01"]),
)
CALLS = st.lists(st.lists(NAMES, unique=True, max_size=6), min_size=1, max_size=4)
Kept = list[tuple[int, str, str | None, str | None]]


@cache
def open_tracks() -> Engine:
    """One database with a table of tracks for all examples."""
    engine = create_engine("sqlite://")
    t.track.create(engine)
    return engine


def place_on_one_shelf(calls: list[list[Name]]) -> tuple[list[list[int]], Kept]:
    """What the calls mean, track by track: for each name the place of its track among all, and these."""
    tracks: list[KnownTrack] = []
    means = []
    for names in calls:
        known = [
            KnownTrack(no, (track.artist_no, fold_name(track.title), track.isrc, track.released, None))
            for no, track in enumerate(tracks, start=1)
        ]
        found = Shelf(known).place([tell(name) for name in names])
        for track in found:
            if not track.no:
                tracks.append(track)
                track.no = len(tracks)
        for track in known:
            tracks[track.no - 1].isrc, tracks[track.no - 1].released = track.isrc, track.released
        means.append([track.no for track in found])
    return means, [(track.artist_no, track.title, track.isrc, track.released) for track in tracks]


@settings(max_examples=400, deadline=None)
@given(CALLS)
@example([[(1, "One", "DEA", None)], [(1, "Two", "DEA", "2020-01-01"), (1, "One", None, "2021-01-01")]])
@example(
    [[(1, "One", None, None)], [(1, "One", "DEA", None)], [(1, "Two", "DEA", None), (2, "Two", "DEA", None)]]
)
@example([[(1, "One", "DEA", None), (1, "Two", "DEA", None)], [(1, "One", "DEB", "2020-01-01")]])
@example([[(1, "One", "DEA", None)], [(1, "One", "DEB", None)], [(1, "One", None, "2020-01-01")]])
def test_by_the_column_is_as_one_by_one(calls: list[list[Name]]) -> None:
    found: list[list[int]] = []
    with open_tracks().begin() as connection:
        connection.execute(t.track.delete())
        for names in calls:
            found.append(resolve_tracks(connection, 1, make_columns(names), created_by="imp_1").tolist())
        c = t.track.c
        rows = connection.execute(select(c.no, c.artist_no, c.title, c.isrc, c.released)).all()
    means, kept = place_on_one_shelf(calls)
    same = dict(zip(chain(*found), chain(*means), strict=True))
    assert [[same[no] for no in numbers] for numbers in found] == means
    assert sorted((same[no], tuple(cells)) for no, *cells in rows) == list(enumerate(kept, start=1))


def test_no_statement_and_no_call_for_each_track() -> None:
    engine, sent = create_engine("sqlite://"), []
    names = [(number % 7, f"Track {number}", None, None) for number in range(5_000)]
    with engine.begin() as connection:
        t.track.create(connection)
        event.listen(engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
        first = resolve_tracks(connection, 1, make_columns(names), created_by="imp_1")
        assert len(sent) <= 4
        again = resolve_tracks(connection, 1, make_columns(names), created_by="imp_2")
    assert again.tolist() == first.tolist() and len(set(first.tolist())) == len(names)
    assert not any(sql.startswith("UPDATE") for sql in sent)


def test_new_tracks_go_in_by_the_order_of_the_indexes(database: Database) -> None:
    titles = ["b", "C", "a", "D"]
    with database.write() as connection:
        place(connection, database, *((artist, title, None, None) for title in titles for artist in (2, 1)))
        c = t.track.c
        rows = connection.execute(select(c.artist_no, c.folded, c.id).order_by(c.no)).all()
    assert [row[:2] for row in rows] == [(artist, title) for artist in (1, 2) for title in "abcd"]
    assert [row.id for row in rows] == sorted({row.id for row in rows})
