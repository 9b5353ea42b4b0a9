"""`backline artist`: the roster. Reports bring artists in by name; a person confirms or adds them."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from backline.cli.artist_link import link, unlink
from backline.cli.artist_sync import sync
from backline.cli.houses import make_screen, open_house, write_audit
from backline.cli.parameters import Json, complete_artist
from backline.cli.screen import Screen
from backline.moments import show_moment
from backline.music import to_date, to_day
from backline.storage.artists import (
    ArtistRow,
    add_artist,
    count_artists,
    find_artist,
    list_artists,
    list_credits,
    name_artists,
)
from backline.storage.clock import from_micros
from backline.storage.numbers import StoredNumbers
from backline.web.descriptions import describe_artist

app = typer.Typer(help="Add, list and show artists.", no_args_is_help=True)
FIRST = 50
app.command("sync")(sync)
app.command("link")(link)
app.command("unlink")(unlink)


@app.command()
def add(name: Annotated[str, typer.Argument(help="The artist's name.")], json_lines: Json = False) -> None:
    """Add an artist, or confirm one that reports have named."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.write() as connection:
        added = add_artist(connection, house.database.now_sql, name, created_by=house.settings.actor)
        if added.outcome != "known":
            after = describe_artist(added.row)
            before = {**after, "confirmed": False} if added.outcome == "confirmed" else None
            act, whom = f"artist.{added.outcome}", f"artist:{added.row.id}"
            write_audit(house, connection, act, whom, before=before, after=after, name=added.row.name)
    screen.show_facts({**describe_artist(added.row), "outcome": added.outcome})


@app.command("list")
def list_some(
    everyone: Annotated[
        bool, typer.Option("--all", help=f"Every artist, not only the first {FIRST}.")
    ] = False,
    search: Annotated[
        str, typer.Option("--search", metavar="TEXT", help="Only names with this in them.")
    ] = "",
    json_lines: Json = False,
) -> None:
    """List artists, confirmed ones first, then those with most numbers."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.read() as connection:
        rows = list_artists(connection, limit=None if everyone else FIRST, search=search)
        left = count_artists(connection, search) - len(rows)
    columns = ["name", "id", "confirmed", "provenance"]
    screen.show_rows(
        (describe_artist(row) for row in rows),
        columns,
        empty=screen.label("no_such_artist" if search else "no_artists"),
    )
    if left > 0:
        screen.note(screen.label("more_artists", count=left))


@app.command()
def show(
    artist: Annotated[
        str,
        typer.Argument(
            help="The artist's id or unambiguous name.", metavar="ARTIST", autocompletion=complete_artist
        ),
    ],
    json_lines: Json = False,
) -> None:
    """Show an artist: credits, tracks, and what each report holds."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.read(snapshot=True) as connection:
        row = find_artist(connection, artist)
        today = to_day(from_micros(house.database.now(connection)).date())
        facts, reports = read_artist(connection, row, today)
    if json_lines:
        screen.dump({**facts, "reports": reports})
        return
    screen.show_facts(facts)
    _show_reports(screen, reports)


def read_artist(
    connection: Connection, row: ArtistRow, today: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The artist with credits and number of tracks; and its reports with their days and freshness."""
    credited = list_credits(connection, row)
    names = name_artists(connection, credited)
    numbers = StoredNumbers(connection, credited)
    facts = {
        **describe_artist(row),
        "credits": [names[number] for number in credited],
        "tracks": numbers.count_tracks(),
    }
    reports = [
        {
            "report": report.report,
            "first_day": to_date(report.first).isoformat(),
            "last_day": to_date(report.last).isoformat(),
            "days": report.days,
            "days_behind": today - report.last,
            "known_at": show_moment(report.known_at),
        }
        for report in numbers.list_reports()
    ]
    return facts, reports


def _show_reports(screen: Screen, reports: list[dict[str, Any]]) -> None:
    screen.say()
    columns = ["report", "first_day", "last_day", "days", "days_behind", "known_at"]
    screen.show_rows(reports, columns, empty=screen.label("no_numbers"), numbers=["days", "days_behind"])
