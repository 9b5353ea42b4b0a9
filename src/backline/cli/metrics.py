"""`backline metrics`: the numbers of an artist, shown, exported, and rebuilt from the facts."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from backline.cli.houses import make_screen, open_house, write_audit
from backline.cli.parameters import Json, complete_artist
from backline.errors import BadInput
from backline.metrics.lines import convert_lines, list_lines
from backline.metrics.rates import Exchange, make_table, read_currency
from backline.music import to_day
from backline.storage.artists import find_artist, list_credits
from backline.storage.numbers import StoredNumbers
from backline.storage.rates import list_rates
from backline.storage.rollups import count_dirty, mark_all_dirty
from backline.web.artist_numbers import find_credits, refresh_all, refresh_quietly

app = typer.Typer(help="Show, export and rebuild the numbers.", no_args_is_help=True)


class By(StrEnum):
    """What a line stands for."""

    DAY = "day"
    TRACK = "track"
    COUNTRY = "country"
    SOURCE = "source"


Artist = Annotated[
    str, typer.Option("--artist", help="The artist's id or unambiguous name.", autocompletion=complete_artist)
]
From = Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First day, included.")]
To = Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="Last day, included.")]


@app.command(
    epilog="Reports are shown side by side and never added; listeners and the like are never summed. "
    "Exit code 0 also where there are no numbers, 2 where the artist is unknown or the name fits several."
)
def show(
    artist: Artist,
    by: Annotated[By, typer.Option("--by", help="What a line stands for.")] = By.DAY,
    first: From = None,
    last: To = None,
    report: Annotated[str | None, typer.Option("--report", help="Only this report.")] = None,
    currency: Annotated[
        str | None,
        typer.Option("--currency", help="Money in this currency besides, by imported rates."),
    ] = None,
    json_lines: Json = False,
) -> None:
    """Show one line per key, measure and report."""
    screen = make_screen(json_lines=json_lines)
    span = read_range(first, last)
    into = None if currency is None else read_currency(currency)
    with open_house() as house:
        credited = find_credits(house.database, artist)
        refresh_quietly(house.database, credited)
        with house.database.read(snapshot=True) as connection:
            numbers = StoredNumbers(connection, credited)
            figures = list_lines(numbers, by.value, first=span[0], last=span[1], report=report)
            lines = [figure.as_line() for figure in figures]
            if into is not None:
                exchange = Exchange(into, make_table(list_rates(connection)))
                told = convert_lines(
                    numbers, by.value, figures, exchange, first=span[0], last=span[1], report=report
                )
                lines = list(told if json_lines else map(show_converted, told))
    columns = ["key", "measure", "report", "value", "currency", "coverage", "known_at"]
    columns[5:5] = ["converted", "rates"] if into is not None else []
    if not lines:
        screen.note(screen.label("no_numbers"))
        return
    screen.show_rows(lines, columns, numbers=["value", "coverage", "converted"])


def show_converted(line: dict[str, Any]) -> dict[str, Any]:
    """A line for people: the converted amount, and each rate with its period and file."""
    told = line["converted"]
    if told is None:
        return line | {"converted": None, "rates": None}
    rates = [f"{r['rate']} {r['currency']}/{r['per']} {r['period']} ({r['source']})" for r in told["rates"]]
    value = f"{told['value']} {told['currency']}" if told["value"] is not None else None
    return line | {"converted": value, "rates": "; ".join(rates) or told["reason"]}


@app.command()
def export(
    artist: Artist,
    out: Annotated[Path, typer.Option("--out", help="The file to write: .csv or .parquet.")],
    first: From = None,
    last: To = None,
    json_lines: Json = False,
) -> None:
    """Write every number by day, track, country and source into a file."""
    # Arrow takes long to import; only this command writes files.
    from backline.metrics.export import check_suffix, list_rows, write_export

    screen = make_screen(json_lines=json_lines)
    check_suffix(out)
    span = read_range(first, last)
    with open_house() as house:
        with house.database.read() as connection:
            row = find_artist(connection, artist)
            credited = list_credits(connection, row)
        refresh_quietly(house.database, credited)
        with house.database.read(snapshot=True) as connection:
            rows = list_rows(StoredNumbers(connection, credited), row.id, row.name, *span)
        write_export(rows, out)
    screen.show_facts({"file": str(out), "rows": len(rows)})


@app.command()
def rebuild(
    artist: Annotated[
        str | None, typer.Option("--artist", help="Only this artist (id or unambiguous name).")
    ] = None,
    json_lines: Json = False,
) -> None:
    """Compute the rollups anew from the facts; what is read meanwhile is right too."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house:
        database = house.database
        credited = None if artist is None else find_credits(database, artist)
        with database.write() as connection:
            waiting = count_dirty(connection, credited)
            marked = mark_all_dirty(connection, database.now_sql, credited)
            what = "metrics:all" if artist is None else f"artist:{find_artist(connection, artist).id}"
            counts = {"before": {"dirty": waiting}, "after": {"dirty": count_dirty(connection, credited)}}
            write_audit(house, connection, "metrics.rebuild", what, days=marked, **counts)
        done = refresh_all(database, credited)
    facts: dict[str, Any] = {"artist": artist, "days": done}
    screen.show_facts(facts)


def read_range(first: str | None, last: str | None) -> tuple[int | None, int | None]:
    """Days since 1970-01-01. Raises `BadInput` where one is no day, or where they are the wrong way round."""
    days = (_read_day("--from", first), _read_day("--to", last))
    if days[0] is not None and days[1] is not None and days[0] > days[1]:
        raise BadInput(f"--from {first} is after --to {last}.", remedy="Swap the two days.")
    return days


def _read_day(option: str, words: str | None) -> int | None:
    if words is None:
        return None
    try:
        return to_day(date.fromisoformat(words))
    except ValueError:
        raise BadInput(f"{option} {words!r} is no day.", remedy="Write it as 2026-08-31.") from None
