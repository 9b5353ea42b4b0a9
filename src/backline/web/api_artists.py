"""/api/v1/artists: the roster, and the numbers of an artist."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BeforeValidator

from backline.metrics.lines import list_lines
from backline.music import to_day
from backline.storage.artists import page_artists
from backline.storage.numbers import StoredNumbers
from backline.web.artist_numbers import find_credits, refresh_quietly
from backline.web.descriptions import describe_artist
from backline.web.gate import API, allow
from backline.web.models import ArtistPage, NumberLine, NumberLines
from backline.web.paging import CursorQuery, LimitQuery, read_number_cursor, write_cursor
from backline.web.problems import document, refuse_field
from backline.wiring import House


def _read_day(given: object) -> object:
    """Only a day as ISO 8601 writes it; pydantic would take a number for a moment."""
    if isinstance(given, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", given, re.ASCII):
        raise ValueError("a day is written as 2026-08-31")
    return given


Day = Annotated[date, BeforeValidator(_read_day)]
ArtistId = Annotated[str, Path(pattern="^art_[0-9a-f]{16}$", description="The artist's id.")]
By = Annotated[Literal["day", "track", "country", "source"], Query(description="What a line stands for.")]
First = Annotated[Day | None, Query(alias="from", description="First day, included.")]
Last = Annotated[Day | None, Query(alias="to", description="Last day, included.")]
Report = Annotated[
    str | None, Query(max_length=100, pattern="^[a-z0-9_.-]+$", description="Only this report.")
]
READ = allow("metrics:read")


def make_router(house: House) -> APIRouter:
    """The routes of artists."""
    router = APIRouter(prefix=f"{API}/artists", tags=["artists"])

    @router.get("", dependencies=[READ], responses=document(422))
    def list_some(
        confirmed: Annotated[bool, Query(description="Only artists that a person confirmed.")] = False,
        limit: LimitQuery = 50,
        cursor: CursorQuery = None,
    ) -> ArtistPage:
        """Artists, in the order in which they came in."""
        after = read_number_cursor(cursor, "artists") or 0
        with house.database.read() as connection:
            rows = page_artists(connection, after, limit + 1, confirmed=confirmed)
        upcoming = write_cursor("artists", int(rows[limit - 1].no)) if len(rows) > limit else None
        items = [describe_artist(row) for row in rows[:limit]]
        return ArtistPage.model_validate({"items": items, "next": upcoming})

    @router.get("/{artist}/metrics", dependencies=[READ], responses=document(404, 422))
    def show_metrics(
        artist: ArtistId,
        by: By = "day",
        first: First = None,
        last: Last = None,
        report: Report = None,
    ) -> NumberLines:
        """What `backline metrics show --json` prints: one line per key, measure and report."""
        if first and last and first > last:
            raise refuse_field("to", f"{last} is before {first}")
        database = house.database
        credited = find_credits(database, artist)
        refresh_quietly(database, credited)
        span = [None if day is None else to_day(day) for day in (first, last)]
        with database.read(snapshot=True) as connection:
            numbers = StoredNumbers(connection, credited)
            lines = list_lines(numbers, by, first=span[0], last=span[1], report=report)
        return NumberLines(items=[NumberLine(**line.as_line()) for line in lines])

    return router
