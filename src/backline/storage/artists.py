"""Artists of the roster: found by id or name, added by a person, and all credits that count for one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, case, func, select, text, union

from backline.errors import BadInput, UnknownName
from backline.music import Provenance, fold_name
from backline.storage import fact_tables as t

ArtistRow = Row[Any]  # no, id, name, folded, confirmed, provenance, created_at, created_by

_INSERT = """
INSERT INTO backline_artist (id, name, folded, confirmed, provenance, created_at, created_by)
VALUES (:id, :name, :folded, true, :provenance, {now}, :created_by)
"""


@dataclass(frozen=True)
class Added:
    """An artist that a person asked for: `outcome` is added, confirmed (reports had named it) or known."""

    row: ArtistRow
    outcome: str


def find_artist(connection: Connection, name: str) -> ArtistRow:
    """The artist with exactly this id, or the only one of this name (a confirmed one goes before others).

    Raises `UnknownName` where there is none, `BadInput` with the ids where there are several.
    """
    row = connection.execute(select(t.artist).where(t.artist.c.id == name.strip())).first()
    if row is not None:
        return row
    rows = _list_named(connection, fold_name(name))
    confirmed = [row for row in rows if row.confirmed]
    candidates = confirmed or rows
    if not candidates:
        raise UnknownName(f"No artist {name!r}.", remedy=_advise(connection, name))
    if len(candidates) > 1:
        ids = ", ".join(row.id for row in candidates)
        raise BadInput(
            f"{name!r} names {len(candidates)} artists: {ids}.", remedy="Give the id of the one you mean."
        )
    return candidates[0]


def list_artists(connection: Connection, *, limit: int | None = None, search: str = "") -> list[ArtistRow]:
    """Confirmed artists by name; then those that only reports have named, the one with most facts first.

    `search`: only artists with that in their name, in whatever letters.
    """
    c = t.artist.c
    count = select(func.count()).where(t.fact.c.artist_no == c.no).scalar_subquery()
    facts = case((c.confirmed, 0), else_=count)
    query = _search(select(t.artist), search).order_by(c.confirmed.desc(), facts.desc(), c.folded, c.no)
    return list(connection.execute(query.limit(limit)).all())


def page_artists(connection: Connection, after: int, limit: int, *, confirmed: bool) -> list[ArtistRow]:
    """Artists in the order in which they came in, those after the number `after`."""
    query = select(t.artist).where(t.artist.c.no > after).order_by(t.artist.c.no).limit(limit)
    return list(connection.execute(query.where(t.artist.c.confirmed) if confirmed else query).all())


def count_artists(connection: Connection, search: str = "") -> int:
    """How many artist rows there are, shared credits included."""
    return int(connection.execute(_search(select(func.count()).select_from(t.artist), search)).scalar_one())


def _search(query: Select[Any], search: str) -> Select[Any]:
    folded = fold_name(search)
    return query.where(t.artist.c.folded.contains(folded, autoescape=True)) if folded else query


def add_artist(connection: Connection, now_sql: str, name: str, *, created_by: str) -> Added:
    """Make a confirmed artist, or confirm the one that reports have named so far.

    Raises `BadInput` for an empty name, or where several unconfirmed artists have it.
    """
    name = " ".join(name.split())
    if not name:
        raise BadInput("The artist's name is empty.", remedy="backline artist add NAME")
    if _list_named(connection, fold_name(name)):
        found = find_artist(connection, name)
        if found.confirmed:
            return Added(found, "known")
        connection.execute(t.artist.update().where(t.artist.c.no == found.no).values(confirmed=True))
        # A name with a comma that a person vouches for is one artist, no shared credit.
        connection.execute(t.credit_part.delete().where(t.credit_part.c.artist_no == found.no))
        return Added(_read(connection, found.id), "confirmed")
    artist_id = new_artist_id()
    values = {
        "id": artist_id,
        "name": name,
        "folded": fold_name(name),
        "provenance": Provenance.OWN.value,
        "created_by": created_by,
    }
    connection.execute(text(_INSERT.format(now=now_sql)), values)
    return Added(_read(connection, artist_id), "added")


def new_artist_id() -> str:
    """`art_` and 16 hex digits by chance."""
    return f"art_{secrets.token_hex(8)}"


def list_credits(connection: Connection, artist: ArtistRow) -> list[int]:
    """Numbers (`no`) of all artist rows whose facts count for this artist, ascending.

    Its own row and every shared credit of a chart that has it as a part.
    """
    own = select(t.artist.c.no).where(t.artist.c.no == artist.no)
    shared = select(t.credit_part.c.artist_no).where(t.credit_part.c.part == artist.folded)
    return sorted(int(no) for no in connection.execute(union(own, shared)).scalars())


def list_shared_credits(connection: Connection, name: str) -> list[int]:
    """Numbers (`no`) of the shared credits that have a name as a part, whether or not it is an artist yet."""
    query = select(t.credit_part.c.artist_no).where(t.credit_part.c.part == fold_name(name))
    return sorted(int(no) for no in connection.execute(query).scalars())


def name_artists(connection: Connection, numbers: list[int]) -> dict[int, str]:
    """The name of each artist row, by its `no`."""
    query = select(t.artist.c.no, t.artist.c.name).where(t.artist.c.no.in_(numbers))
    return {int(row.no): row.name for row in connection.execute(query)}


def _list_named(connection: Connection, folded: str) -> list[ArtistRow]:
    query = select(t.artist).where(t.artist.c.folded == folded).order_by(t.artist.c.no)
    return list(connection.execute(query).all())


def _read(connection: Connection, artist_id: str) -> ArtistRow:
    return connection.execute(select(t.artist).where(t.artist.c.id == artist_id)).one()


def _advise(connection: Connection, name: str) -> str:
    shared = list_shared_credits(connection, name)
    if shared:
        return f"{len(shared)} shared credits have it as a part: `backline artist add {name!r}` makes it an artist."
    return "`backline artist list --all` shows them; `backline artist add NAME` adds one."
