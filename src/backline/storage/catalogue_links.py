"""Which artist of ours one of a platform is: a person's word, else whom the platform's own name has made."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, select, text

from backline.errors import Conflict, UnknownName
from backline.music import Provenance, fold_name
from backline.storage import catalogue_tables as t
from backline.storage import fact_tables as f
from backline.storage.artists import ArtistRow, new_artist_id
from backline.storage.catalogue_artists import let_artists_go
from backline.storage.catalogue_entries import Sight, write_entries
from backline.storage.catalogue_expire import Counts, remove_artist_content
from backline.storage.locks import Lock, take_lock

SPOTIFY: Final = "spotify"
SOURCES: Final = {SPOTIFY: Provenance.SPOTIFY_API}  # platform → what its facts come from
_MOVES: Final = (
    # A release that both had is one's own already.
    """DELETE FROM backline_discography WHERE artist_no = :old AND provenance = :provenance AND EXISTS (
        SELECT 1 FROM backline_discography AS d WHERE d.artist_no = :new AND d.provenance = :provenance
        AND d.release_no = backline_discography.release_no AND d.source_id = backline_discography.source_id)""",
    "UPDATE backline_discography SET artist_no = :new WHERE artist_no = :old AND provenance = :provenance",
    "UPDATE backline_entry SET artist_no = :new WHERE artist_no = :old AND provenance = :provenance",
    "UPDATE backline_entry SET thing_no = :new WHERE kind = 'artist' AND thing_no = :old AND provenance = :provenance",
    "UPDATE backline_catalogue_change SET artist_no = :new WHERE artist_no = :old AND provenance = :provenance",
    "UPDATE backline_catalogue_change SET thing_no = :new WHERE kind = 'artist' AND thing_no = :old AND provenance = :provenance",
    "DELETE FROM backline_artist_sync WHERE artist_no = :new",
    "UPDATE backline_artist_sync SET artist_no = :new WHERE artist_no = :old",
)


def find_by_platform(connection: Connection, platform: str, platform_id: str) -> ArtistRow | None:
    """The artist that an id of a platform means: the one that a person linked, else the one that it has made."""
    link = _read_link(connection, platform, platform_id)
    e, provenance = t.entry.c, SOURCES[platform].value
    query = select(e.thing_no).where(
        e.kind == t.ARTIST, e.provenance == provenance, e.source_id == platform_id
    )
    number = link.artist_no if link is not None else connection.execute(query).scalar()
    return None if number is None else _read_artist(connection, int(number))


def find_platform_id(connection: Connection, platform: str, artist_no: int) -> str | None:
    """What an artist is called by a platform, by a person's word or by what was read; None where nobody said."""
    c, e = t.artist_link.c, t.entry.c
    linked = select(c.platform_id).where(c.platform == platform, c.artist_no == artist_no)
    made = select(e.source_id).where(
        e.kind == t.ARTIST, e.thing_no == artist_no, e.provenance == SOURCES[platform].value
    )
    found = connection.execute(linked).scalar()
    return found if found is not None else connection.execute(made).scalar()


def list_links(connection: Connection, artist_no: int) -> list[Row[Any]]:
    """The links that persons made: platform, platform_id, artist_no, made_at, made_by."""
    c = t.artist_link.c
    query = select(t.artist_link).where(c.artist_no == artist_no).order_by(c.platform, c.platform_id)
    return list(connection.execute(query).all())


def link_artist(
    connection: Connection, now: int, platform: str, platform_id: str, artist_no: int, *, made_by: str
) -> bool:
    """Note a person's word, in the caller's transaction; False where it was known.

    What was read under this id so far goes over to the artist, and whom it alone had named goes. Raises
    `Conflict` where either is linked to another one: a platform's id is one artist, and an artist one id.
    """
    take_lock(connection, Lock.CATALOGUE)
    link = _read_link(connection, platform, platform_id)
    if link is not None and link.artist_no == artist_no:
        return False
    if link is not None:
        name = _read_artist(connection, link.artist_no)
        raise Conflict(
            f"{platform} {platform_id} is {name.name if name else 'another artist'} already.",
            remedy="Take that link back first: `backline artist unlink`.",
        )
    other = find_platform_id(connection, platform, artist_no)
    if other not in (None, platform_id):
        raise Conflict(
            f"This artist is {other} on {platform} already.",
            remedy="Take that link back first: `backline artist unlink`.",
        )
    before = find_by_platform(connection, platform, platform_id)
    values = {
        "platform": platform, "platform_id": platform_id, "artist_no": artist_no, "made_at": now, "made_by": made_by,
    }  # fmt: skip
    connection.execute(t.artist_link.insert().values(values))
    if before is not None and before.no != artist_no:
        _move_content(connection, SOURCES[platform], int(before.no), artist_no)
    return True


def unlink_artist(connection: Connection, platform: str, platform_id: str) -> Counts:
    """Take a person's word back: what the platform said of that artist leaves; how many rows of each kind.

    So does an artist whom the platform alone had named. Raises `UnknownName` where the id means nobody.
    """
    take_lock(connection, Lock.CATALOGUE)
    artist = find_by_platform(connection, platform, platform_id)
    if artist is None:
        raise UnknownName(f"No artist is {platform_id} on {platform}.")
    c = t.artist_link.c
    connection.execute(t.artist_link.delete().where(c.platform == platform, c.platform_id == platform_id))
    return remove_artist_content(connection, int(artist.no), SOURCES[platform])


def make_artist_from(
    connection: Connection,
    now: int,
    platform: str,
    platform_id: str,
    name: str,
    *,
    keep_until: int | None,
    run_id: str,
) -> ArtistRow:
    """A new artist whom nobody has confirmed, called as the platform calls it; in the caller's transaction.

    Where this id means an artist already, that one.
    """
    take_lock(connection, Lock.CATALOGUE)
    known = find_by_platform(connection, platform, platform_id)
    if known is not None:
        return known
    provenance = SOURCES[platform]
    values = {
        "id": new_artist_id(), "name": name, "folded": fold_name(name), "confirmed": False,
        "provenance": provenance.value, "created_at": now, "created_by": run_id,
    }  # fmt: skip
    number = connection.execute(f.artist.insert().values(values).returning(f.artist.c.no)).scalar_one()
    sight = Sight(now, int(number), provenance, keep_until, run_id)
    told = {platform_id: {"title": name}}
    write_entries(connection, sight, t.ARTIST, told, {}, {platform_id: int(number)})
    row = _read_artist(connection, int(number))
    assert row is not None
    return row


def _move_content(connection: Connection, provenance: Provenance, old: int, new: int) -> None:
    for statement in _MOVES:
        connection.execute(text(statement), {"old": old, "new": new, "provenance": provenance.value})
    let_artists_go(connection, [old])


def _read_link(connection: Connection, platform: str, platform_id: str) -> Row[Any] | None:
    c = t.artist_link.c
    query = select(t.artist_link).where(c.platform == platform, c.platform_id == platform_id)
    return connection.execute(query).first()


def _read_artist(connection: Connection, number: int) -> ArtistRow | None:
    return connection.execute(select(f.artist).where(f.artist.c.no == number)).first()
