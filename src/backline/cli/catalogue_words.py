"""Releases, recordings, their history and joins as JSON and as rows of a table: every value with who says it, and when."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from backline.cli.screen import Screen
from backline.music import TRUST, Fact
from backline.storage import catalogue_tables as t
from backline.storage.catalogue_read import Thing, list_spots, read_things
from backline.storage.catalogue_remove import Removed
from backline.storage.join_decisions import JoinRow
from backline.web.descriptions import show_micros


def tell(thing: Thing, name: str) -> Any:
    """The best value of a field, None where nobody says anything."""
    fact = thing.tell(name)
    return None if fact is None else fact.value


def describe_fact(fact: Fact) -> dict[str, Any]:
    """A value with its source: provenance, what the source calls it, and when it was seen."""
    return {
        "value": fact.value, "provenance": fact.provenance.value, "source": fact.source,
        "seen_at": show_micros(fact.seen_at),
    }  # fmt: skip


def describe_thing(thing: Thing) -> dict[str, Any]:
    """A thing with all that its sources say, the best first."""
    facts = {name: [describe_fact(fact) for fact in some] for name, some in thing.facts.items()}
    return {"kind": thing.kind, "id": thing.id, "facts": facts}


def describe_release(thing: Thing) -> dict[str, Any]:
    """A release in one line: its best values, and the least trusted source among theirs."""
    names = ("title", "released", "form", "tracks", "upc")
    values = {name: tell(thing, name) for name in names}
    return {"id": thing.id, **values, "provenance": find_weakest(thing, names)}


def describe_recording(thing: Thing) -> dict[str, Any]:
    """A recording in one line, like `describe_release`; its artists as one text."""
    names = ("title", "credits", "isrc")
    values = {name: show_value(tell(thing, name)) for name in names}
    return {"id": thing.id, **values, "provenance": find_weakest(thing, names)}


def show_value(value: Any) -> Any:
    """A value for people: the names of artists as one text."""
    return ", ".join(value) if isinstance(value, list | tuple) else value


def find_weakest(thing: Thing, names: Sequence[str]) -> str | None:
    """The least trusted source of these values: a row that has one of Spotify is its content, as the wall sees it."""
    facts = [fact for fact in map(thing.tell, names) if fact is not None]
    return max((fact.provenance for fact in facts), key=TRUST.index).value if facts else None


def describe_places(connection: Connection, thing: Thing) -> list[dict[str, Any]]:
    """The tracks of a release, or the releases of a recording, each once for every source that says so."""
    other, numbers = (t.RECORDING, {"releases": [thing.no]})
    if thing.kind == t.RECORDING:
        other, numbers = (t.RELEASE, {"recordings": [thing.no]})
    spots = list_spots(connection, **numbers)
    number = "recording_no" if other == t.RECORDING else "release_no"
    things = {
        one.no: one for one in read_things(connection, other, [getattr(spot, number) for spot in spots])
    }
    return [
        {
            "disc": spot.disc,
            "position": spot.position,
            "id": one.id,
            "title": tell(one, "title"),
            "isrc" if other == t.RECORDING else "upc": tell(one, "isrc" if other == t.RECORDING else "upc"),
            "provenance": spot.provenance.value,
            "gone_at": show_micros(spot.gone_at),
        }
        for spot in spots
        if (one := things.get(getattr(spot, number))) is not None
    ]


def describe_removed(removed: Removed) -> list[dict[str, Any]]:
    """What was taken back, the one that was meant first; whether another source still tells of it."""
    return [
        {
            "kind": one.kind,
            "id": one.id,
            "title": tell(one, "title"),
            "code": tell(one, "upc" if one.kind == t.RELEASE else "isrc"),
            "stays": one.id in removed.stays,
        }
        for one in removed.things
    ]


def describe_joins(connection: Connection, rows: Sequence[JoinRow]) -> list[dict[str, Any]]:
    """Joins with both titles; `reasons` are what the report says that led there."""
    things = {one.no: one for one in read_things(connection, t.RECORDING, [row.recording_no for row in rows])}
    return [
        {
            "artist": row.artist,
            "track": row.track,
            "title": row.title,
            "state": row.state,
            "how": row.how,
            "recording": row.recording,
            "recording_title": tell(things[row.recording_no], "title"),
            "recording_isrc": tell(things[row.recording_no], "isrc"),
            "provenance": find_weakest(things[row.recording_no], ("title", "isrc")),
            "reasons": json.loads(row.reasons),
            "made_at": show_micros(row.made_at),
            "decided_at": show_micros(row.decided_at),
            "decided_by": row.decided_by,
        }
        for row in rows
        if row.recording_no in things
    ]


def describe_history(connection: Connection, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows of the history with what they are about."""
    things = {
        (kind, one.no): one
        for kind in (t.ARTIST, t.RELEASE, t.RECORDING)
        for one in read_things(connection, kind, [row.thing_no for row in rows if row.kind == kind])
    }
    return [
        {
            "at": show_micros(row.seen_at),
            "kind": row.kind,
            "id": things[row.kind, row.thing_no].id,
            "title": tell(things[row.kind, row.thing_no], "title"),
            "field": row.field,
            "before": row.old,
            "after": row.new,
            "provenance": row.provenance,
            "run": row.run_id,
        }
        for row in rows
        if (row.kind, row.thing_no) in things
    ]


def show_thing(
    screen: Screen, told: dict[str, Any], places: list[dict[str, Any]], joins: list[dict[str, Any]]
) -> None:
    """Every field with every source; then tracks or releases, and the tracks of reports that it is."""
    if screen.json_lines:
        screen.dump({**told, "places": places, "joins": joins})
        return
    screen.show_facts({"kind": told["kind"], "id": told["id"]})
    screen.say()
    rows = [
        {"field": name, **fact, "named_there": fact["source"], "value": show_value(fact["value"])}
        for name, some in told["facts"].items()
        for fact in some
    ]
    screen.show_rows(rows, ["field", "value", "provenance", "named_there", "seen_at"])
    if places:
        screen.say()
        code = "upc" if "upc" in places[0] else "isrc"
        screen.show_rows(places, ["disc", "position", "title", "id", code, "provenance", "gone_at"])
    if joins:
        screen.say()
        screen.show_rows(joins, ["artist", "title", "track", "how", "state"])


def show_answer(screen: Screen, answer: dict[str, Any]) -> None:
    """What came of a table: its counts, things with another code, joins that wait; or every wrong cell."""
    if screen.json_lines:
        screen.dump(answer)
        return
    counts = answer["counts"]
    shown = {
        "new_things" if name == "new" else name: count for name, count in counts.items() if name != "waiting"
    }
    screen.show_facts({"file": answer["file"], "outcome": answer["outcome"], **shown})
    if answer["unread"]:
        screen.say(screen.label("catalogue_unread", columns=", ".join(answer["unread"])))
    for one in answer["doubles"]:
        screen.say(f"  {screen.label('catalogue_double', **one)}")
    for cell in answer["wrong"]:
        where = " ".join(filter(None, (str(cell["line"] or ""), cell["field"])))
        screen.say(f"  {answer['file']}{':' if where else ''}{where}: {cell['reason']} {cell['remedy']}")
    left = counts.get("wrong", 0) - len(answer["wrong"])
    if left > 0:
        screen.say(f"  {screen.label('import_more_rejected', count=left)}")
    if counts.get("waiting"):
        screen.note(screen.label("joins_open", count=counts["waiting"]))
