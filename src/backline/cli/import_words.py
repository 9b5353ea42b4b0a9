"""What an import did, in words: a table of files, their rejected lines, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backline.cli.screen import Screen
from backline.storage.imports import ImportRow, describe_import
from backline.storage.play_totals import PlayTotals
from backline.web.descriptions import show_micros

FIRST = 10


def show_files(screen: Screen, files: Sequence[Mapping[str, Any]]) -> None:
    """JSON: one line per file, without the draft. For people: a table, then each file that needs a look."""
    if screen.json_lines:
        for file in files:
            screen.dump({key: value for key, value in file.items() if key != "draft"})
        return
    columns = ["file", "outcome", "format", "rows", "rejected", "units", "days"]
    screen.show_rows(
        [summarise_file(file) for file in files],
        columns,
        numbers=["rows", "rejected", "units"],
        empty=screen.label("nothing_yet"),
    )
    for file in files:
        _show_trouble(screen, file)
    if any(file.get("draft") for file in files):
        screen.say("\n" + screen.label("import_how_on"))


def describe_row(row: ImportRow) -> dict[str, Any]:
    """An import's row as JSON: the line of its file, and where it stands now."""
    return {
        "id": row.id,
        **describe_import(row).model_dump(exclude={"import_id", "draft"}),
        "report": row.report,
        "at": show_micros(row.created_at),
        "run": row.run_id,
        "undone_at": show_micros(row.undone_at),
        "undone_by": row.undone_by,
    }


def describe_plays(plays: PlayTotals) -> dict[str, Any]:
    """What a listener's history brought; nothing of other files."""
    if not plays.plays:
        return {}
    first, last = show_micros(plays.first_at), show_micros(plays.last_at)
    return {"listening": {"plays": plays.plays, "ms_played": plays.ms_played, "first": first, "last": last}}


def show_imports(screen: Screen, imports: Sequence[Mapping[str, Any]]) -> None:
    """A list of imports; the rejected lines are left to `show`."""
    if screen.json_lines:
        for item in imports:
            screen.dump({key: value for key, value in item.items() if key != "rejected"})
        return
    rows = [{**item, **summarise_file(item)} for item in imports]
    columns = ["id", "at", "file", "outcome", "undone_at", "rows", "rejected", "days", "report", "units"]
    screen.show_rows(rows, columns, numbers=["rows", "rejected", "units"], empty=screen.label("no_imports"))


def show_import(screen: Screen, item: Mapping[str, Any]) -> None:
    """One import with its rejected lines."""
    if screen.json_lines:
        screen.dump(item)
        return
    facts = {**item, **summarise_file(item)}
    names = ["id", "at", "run", *("file", "outcome", "format", "report", "rows", "rejected", "units", "days")]
    names += ["claims", "listening", "undone_at", "undone_by"]
    screen.show_facts({name: facts[name] for name in names if facts.get(name) is not None})
    if item["rejected"]:
        screen.say(f"\n{screen.label('rejected_lines')}")
    _show_trouble(screen, item)


def summarise_file(file: Mapping[str, Any]) -> dict[str, Any]:
    """A file's line of the answer as cells of a table."""
    rows, days, totals = file.get("rows") or {}, file.get("days") or {}, file.get("totals") or {}
    money = [f"{amount} {currency}" for currency, amount in sorted((totals.get("money") or {}).items())]
    units = [str(totals["units"])] if totals.get("units") is not None else []
    return {
        "file": file["file"],
        "outcome": file["outcome"],
        "format": file.get("format"),
        "rows": rows.get("accepted"),
        "rejected": rows.get("rejected"),
        "units": ", ".join([*units, *money]) or None,
        "days": _describe_days(days),
    }


def _describe_days(days: Mapping[str, Any]) -> str | None:
    if not days.get("first"):
        return None
    if days["first"] == days["last"]:
        return str(days["first"])
    return f"{days['first']} – {days['last']} ({days['count']})"


def _show_trouble(screen: Screen, file: Mapping[str, Any]) -> None:
    rejected = file.get("rejected") or []
    if not rejected and not file.get("remedy"):
        return
    screen.say(f"\n{file['file']}")
    for item in rejected[:FIRST]:
        screen.say(f"  {item['line']}: {item['reason']}")
    count = max((file.get("rows") or {}).get("rejected") or 0, len(rejected))
    if count > FIRST:
        screen.say(f"  {screen.label('import_more_rejected', count=count - FIRST)}")
    if file.get("remedy"):
        screen.say(f"  {screen.label('import_remedy')}: {file['remedy']}")
