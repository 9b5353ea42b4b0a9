"""What an import did, in words: a table of files, their rejected lines, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backline.cli.screen import Screen

FIRST = 10


def show_files(screen: Screen, files: Sequence[Mapping[str, Any]], draft_map: Path | None = None) -> None:
    """JSON: one line per file, as it is. For people: a table, then each file that needs a look."""
    if screen.json_lines:
        for file in files:
            screen.dump(file)
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
