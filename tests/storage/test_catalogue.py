"""Names in reports lead to artists and tracks; unknown ones are made, unconfirmed."""

from __future__ import annotations

from sqlalchemy import Connection, select, text

from backline.storage import fact_tables as t
from backline.storage.artists import add_artist, find_artist, list_credits
from backline.storage.catalogue import (
    add_credit_parts,
    resolve_artists,
    split_credit,
)
from backline.storage.database import Database


def resolve(connection: Connection, database: Database, *names: str) -> dict[str, int]:
    """Artists by name."""
    return resolve_artists(connection, database.now(connection), names, created_by="imp_1")


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
