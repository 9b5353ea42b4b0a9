"""`backline catalogue`: releases and recordings with every source; the team's own word on them; joins with reports."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from backline.cli.catalogue_words import (
    describe_history,
    describe_joins,
    describe_places,
    describe_recording,
    describe_release,
    describe_removed,
    describe_thing,
    show_answer,
    show_thing,
)
from backline.cli.exits import NEEDS_PERSON
from backline.cli.houses import make_screen, open_house, write_audit
from backline.cli.imports import list_paths
from backline.cli.parameters import Json, Limit, complete_artist
from backline.cli.progress import carry_visibly
from backline.errors import BadInput
from backline.music import Provenance
from backline.runtime.submit import Ask
from backline.runtime.task import INTERACTIVE
from backline.storage import catalogue_tables as t
from backline.storage.artists import find_artist
from backline.storage.catalogue_finder import OwnRelease, OwnTrack
from backline.storage.catalogue_own import find_entered, write_catalogue
from backline.storage.catalogue_read import (
    find_thing,
    list_recordings,
    list_releases,
    read_history,
    read_things,
)
from backline.storage.catalogue_remove import remove_own
from backline.storage.join_decisions import confirm_join, find_track, list_joins, refuse_join
from backline.storage.joins import JOINED, PROPOSED, REFUSED

app = typer.Typer(
    help="Show, enter and import releases and recordings, and join them with reports.", no_args_is_help=True
)
TASK = "data_sync.import_catalogue"
ARTIST_HELP = "The artist's id or unambiguous name."
Artist = Annotated[str, typer.Argument(help=ARTIST_HELP, metavar="ARTIST", autocompletion=complete_artist)]
Track = Annotated[str, typer.Argument(help="The track's id, see `joins`.", metavar="TRACK")]
Recording = Annotated[
    str | None,
    typer.Argument(help="The recording's id (rec_…), or a beginning of it.", metavar="[RECORDING]"),
]


@app.command("list")
def list_some(
    artist: Artist,
    recordings: Annotated[
        bool, typer.Option("--recordings", help="Its recordings instead, also those on no release.")
    ] = False,
    json_lines: Json = False,
) -> None:
    """List an artist's releases or recordings, as the best source tells each value."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.read(snapshot=True) as connection:
        row = find_artist(connection, artist)
        if recordings:
            some = read_things(connection, t.RECORDING, list_recordings(connection, row.no))
            columns = ["id", "title", "credits", "isrc", "provenance"]
            screen.show_rows(map(describe_recording, some), columns, empty=screen.label("no_recordings"))
            return
        things = read_things(connection, t.RELEASE, list_releases(connection, row.no))
    rows = sorted(map(describe_release, things), key=lambda one: str(one["released"] or ""), reverse=True)
    columns = ["id", "title", "released", "form", "tracks", "upc", "provenance"]
    screen.show_rows(rows, columns, numbers=["tracks"], empty=screen.label("no_releases"))


@app.command()
def show(
    thing: Annotated[str, typer.Argument(help="An id: art_…, rel_… or rec_….", metavar="THING")],
    json_lines: Json = False,
) -> None:
    """Show a release, recording or artist: every value with its source and when it was seen."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.read(snapshot=True) as connection:
        found = find_thing(connection, thing)
        places = [] if found.kind == t.ARTIST else describe_places(connection, found)
        joins = list_joins(connection, recording_no=found.no) if found.kind == t.RECORDING else []
        told = describe_joins(connection, joins)
    show_thing(screen, describe_thing(found), places, told)


@app.command("add-release")
def add_release(
    artist: Artist,
    title: Annotated[str, typer.Argument(help="Its title.")],
    upc: Annotated[str | None, typer.Option("--upc", help="UPC or EAN.")] = None,
    released: Annotated[
        str | None, typer.Option("--released", help="YYYY-MM-DD, YYYY-MM or YYYY.", metavar="DATE")
    ] = None,
    form: Annotated[str | None, typer.Option("--type", help="album, single or compilation.")] = None,
    json_lines: Json = False,
) -> None:
    """Enter a release, or correct what was entered: told again with the same UPC or title, it is the same one."""
    told = {"release": title, "upc": upc, "release_date": released, "type": form}
    cells = _read_cells(told)
    release = OwnRelease(cells["release"], cells["upc"], cells["release_date"], cells["type"])
    entry = _Entry(t.RELEASE, release.title, release.upc, release=release)
    _enter(artist, entry, json_lines=json_lines)


@app.command("add-recording")
def add_recording(
    artist: Artist,
    title: Annotated[str, typer.Argument(help="Its title.")],
    isrc: Annotated[str | None, typer.Option("--isrc", help="With or without dashes.")] = None,
    release: Annotated[
        str | None,
        typer.Option(
            "--release", help="The id of a release that you entered: it is on it.", metavar="RELEASE"
        ),
    ] = None,
    disc: Annotated[int | None, typer.Option("--disc", min=1, max=9999, help="On which disc.")] = None,
    position: Annotated[int | None, typer.Option("--position", min=1, max=9999, help="Where on it.")] = None,
    duration: Annotated[str | None, typer.Option("--duration", help="3:35, or milliseconds.")] = None,
    explicit: Annotated[
        bool | None, typer.Option("--explicit/--clean", help="Whether it is explicit.")
    ] = None,
    json_lines: Json = False,
) -> None:
    """Enter a recording, or correct what was entered: told again with the same ISRC or title, it is the same one."""
    if release is None and (disc or position):
        raise BadInput("A place belongs to a release.", remedy="Name it: --release RELEASE.")
    cells = _read_cells({"title": title, "isrc": isrc, "duration": duration})
    track = OwnTrack(cells["title"], cells["isrc"], cells["duration"], explicit, disc, position)
    entry = _Entry(t.RECORDING, track.title, track.isrc, track=track, on=release)
    _enter(artist, entry, json_lines=json_lines)


@app.command(
    "import",
    epilog="A CSV with a header: artist, title, isrc, release, upc, release_date, type, disc, position, duration, "
    "explicit. All of it or nothing. Exit code 0: it is imported; 4: a cell is wrong, and each is named.",
)
def import_table(
    file: Annotated[str, typer.Argument(help="The table (CSV).", metavar="FILE")],
    artist: Annotated[
        str | None, typer.Option("--artist", help="Whose it is, where no column says so.")
    ] = None,
    json_lines: Json = False,
) -> None:
    """Import a catalogue in this process; needs no worker."""
    screen = make_screen(json_lines=json_lines)
    (path,) = list_paths([file])
    values = {"path": path} if artist is None else {"path": path, "artist": artist}
    with open_house(tasks=True) as house:
        spec = house.find_task(TASK)
        job = spec.read_json(json.dumps(values))
        run_id = house.submit(spec, job, Ask(house.settings.actor, priority=INTERACTIVE))
        answer = carry_visibly(house, screen, run_id)
    show_answer(screen, answer)
    if answer["outcome"] == "rejected":
        raise typer.Exit(NEEDS_PERSON)


@app.command()
def remove(
    thing: Annotated[str, typer.Argument(help="An id: rel_… or rec_….", metavar="THING")],
    json_lines: Json = False,
) -> None:
    """Take back what you entered or imported of a release or recording; a release takes along what is on it alone."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.write() as connection:
        found, now = find_thing(connection, thing), house.database.now(connection)
        removed = remove_own(connection, now, found, by=house.settings.actor)
        told = describe_removed(removed)
        write_audit(
            house, connection, "catalogue.removed", f"{found.kind}:{found.id}", before=describe_thing(found),
            along=[one["id"] for one in told[1:]], counts=removed.counts,
        )  # fmt: skip
    if json_lines:
        screen.dump({"removed": told, "counts": removed.counts})
        return
    screen.show_rows(told, ["kind", "id", "title", "code", "stays"])
    screen.say()
    screen.show_facts({name: count for name, count in removed.counts.items() if count})


@app.command()
def joins(
    artist: Annotated[
        str | None, typer.Argument(help=ARTIST_HELP, metavar="[ARTIST]", autocompletion=complete_artist)
    ] = None,
    is_open: Annotated[bool, typer.Option("--open", help="Only those that wait for a person.")] = False,
    refused: Annotated[bool, typer.Option("--refused", help="Also those that were refused.")] = False,
    limit: Limit = 1000,
    json_lines: Json = False,
) -> None:
    """List which recording each track of the reports is, and what is proposed where only a title tells."""
    screen = make_screen(json_lines=json_lines)
    states = [PROPOSED] if is_open else [JOINED, PROPOSED, *([REFUSED] if refused else [])]
    with open_house() as house, house.database.read(snapshot=True) as connection:
        number = None if artist is None else find_artist(connection, artist).no
        rows = list_joins(connection, states=states, artist_no=number, limit=limit)
        told = describe_joins(connection, rows)
    columns = [
        "artist",
        "title",
        "track",
        "state",
        "how",
        "recording",
        "recording_title",
        "recording_isrc",
        "decided_by",
    ]
    screen.show_rows(told, columns, empty=screen.label("no_open_joins" if is_open else "no_joins"))


@app.command()
def confirm(track: Track, recording: Recording = None, json_lines: Json = False) -> None:
    """Say that a track is this recording, or the only one proposed; it holds for every later import."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.write() as connection:
        row, number = find_track(connection, track), _find_recording(connection, recording)
        by, now = house.settings.actor, house.database.now(connection)
        joined = confirm_join(connection, now, row, number, by=by)
        (told,) = describe_joins(
            connection, list_joins(connection, track_no=row.no, recording_no=joined.recording_no)
        )
        write_audit(house, connection, "join.confirmed", f"track:{row.id}", recording=told["recording"])
    screen.show_facts(told)


@app.command()
def refuse(track: Track, recording: Recording = None, json_lines: Json = False) -> None:
    """Say that a track is not this recording, or not the one joined, or none of those proposed."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.write() as connection:
        row, number = find_track(connection, track), _find_recording(connection, recording)
        by, now = house.settings.actor, house.database.now(connection)
        before = {one.recording_no: one.state for one in refuse_join(connection, now, row, number, by=by)}
        rows = [one for one in list_joins(connection, track_no=row.no) if one.recording_no in before]
        told = describe_joins(connection, rows)
        for one in told:
            write_audit(house, connection, "join.refused", f"track:{row.id}", recording=one["recording"])
    screen.show_rows(told, ["artist", "title", "track", "state", "how", "recording", "recording_title"])


@app.command()
def history(artist: Artist, limit: Limit = 100, json_lines: Json = False) -> None:
    """Show what changed in an artist's catalogue: when, what, before and after, by which source."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.read(snapshot=True) as connection:
        row = find_artist(connection, artist)
        told = describe_history(connection, read_history(connection, row.no, limit=limit))
    columns = ["at", "kind", "title", "field", "before", "after", "provenance", "id", "run"]
    screen.show_rows(told, columns, empty=screen.label("nothing_yet"))


def _read_cells(told: dict[str, str | None]) -> dict[str, Any]:
    """Cells as a table's are read; what reads them brings Arrow along, which takes long to import."""
    read = importlib.import_module("backline.reports.catalogue_table").read_cell
    empty = next((name for name, word in told.items() if word is not None and not word.strip()), None)
    if empty is not None:
        raise BadInput(f"The {empty} is empty.", remedy="Write it, or leave the option out.")
    return {name: None if word is None else read(name, word) for name, word in told.items()}


@dataclass(frozen=True)
class _Entry:
    """What a person enters: a release, or a recording that may be `on` one (its id)."""

    kind: str
    title: str
    code: str | None
    release: OwnRelease | None = None
    track: OwnTrack | None = None
    on: str | None = None


def _enter(artist: str, entry: _Entry, *, json_lines: bool) -> None:
    """Write the team's word, and show the thing as it is now."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.write() as connection:
        row, now = find_artist(connection, artist), house.database.now(connection)
        releases = [] if entry.release is None else [entry.release]
        alone = [] if entry.track is None else [entry.track]
        if entry.on is not None and entry.track is not None:
            releases, alone = [_put_on(connection, entry.on, entry.track)], []
        write_catalogue(connection, now, [row], releases, alone, by=house.settings.actor)
        number = find_entered(connection, row.no, entry.kind, entry.title, entry.code)
        (found,) = read_things(connection, entry.kind, [number])
        told, places = describe_thing(found), describe_places(connection, found)
        write_audit(house, connection, "catalogue.entered", f"{entry.kind}:{found.id}", after=told)
    show_thing(screen, told, places, [])


def _put_on(connection: Connection, release: str, new: OwnTrack) -> OwnRelease:
    """The team's own release with this track beside those that it has. Of other sources nothing is taken over."""
    thing = find_thing(connection, release)
    own = next((fact for fact in thing.facts.get("title", ()) if fact.provenance == Provenance.OWN), None)
    if thing.kind != t.RELEASE or own is None:
        raise BadInput(
            f"{thing.id} is no release that you entered.",
            remedy="Enter it first, with its UPC: backline catalogue add-release ARTIST TITLE --upc UPC",
        )
    return OwnRelease(str(own.value), tracks=(new,), beside=own.source)


def _find_recording(connection: Connection, recording: str | None) -> int | None:
    if recording is None:
        return None
    thing = find_thing(connection, recording)
    if thing.kind != t.RECORDING:
        raise BadInput(f"{thing.id} is no recording.", remedy="`backline catalogue joins` shows ids: rec_….")
    return thing.no
