"""`backline rates`: the rates of exchange that the team gives; there are no others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from backline.cli.houses import make_screen, open_house, write_audit
from backline.cli.parameters import Json
from backline.errors import BadInput
from backline.metrics.rates import read_currency, read_rates
from backline.storage.rates import add_rates, list_rates
from backline.web.descriptions import show_micros

app = typer.Typer(help="Import and list rates of exchange.", no_args_is_help=True)
MOST_BYTES = 16 << 20


@app.command(
    "import",
    epilog="A CSV with the header date_or_month,currency,per,rate. 2026-08,USD,EUR,1.10 says: in August 2026 "
    "one euro was 1.10 US dollars. A rate of a day goes before that of its month; a later import goes before an "
    "earlier one.",
)
def import_rates(
    file: Annotated[Path, typer.Argument(help="The table of rates (CSV).", metavar="FILE")],
    json_lines: Json = False,
) -> None:
    """Import a table of rates; all of it or nothing."""
    screen = make_screen(json_lines=json_lines)
    rates = read_rates(_read_text(file), file.name)
    with open_house() as house:
        by = house.settings.actor
        told = [(rate.period, rate.currency, rate.per, rate.rate) for rate in rates]
        with house.database.write() as connection:
            added = add_rates(connection, house.database.now_sql, told, source=file.name, by=by)
            write_audit(
                house, connection, "rates.import", f"rates:{file.name}", rates=len(rates), added=added
            )
    screen.show_facts({"file": str(file), "rates": len(rates), "added": added})


@app.command("list")
def list_all(
    currency: Annotated[str | None, typer.Option("--currency", help="Only pairs with this one.")] = None,
    json_lines: Json = False,
) -> None:
    """List the rates that count, with the file that each came from."""
    screen = make_screen(json_lines=json_lines)
    wanted = None if currency is None else read_currency(currency)
    with open_house() as house, house.database.read() as connection:
        rows = [
            {
                "date_or_month": row.period,
                "currency": row.currency,
                "per": row.per,
                "rate": row.rate,
                "source": row.source,
                "at": show_micros(row.created_at),
                "by": row.created_by,
            }
            for row in list_rates(connection)
            if wanted is None or wanted in (row.currency, row.per)
        ]
    if not json_lines:  # "rate" is how often, in the tables for people
        rows = [row | {"exchange_rate": row["rate"]} for row in rows]
    columns = ["date_or_month", "currency", "per", "exchange_rate", "source", "at", "by"]
    screen.show_rows(rows, columns, numbers=["exchange_rate"], empty=screen.label("no_rates"))


def _read_text(file: Path) -> str:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise BadInput(f"{file} is larger than {MOST_BYTES >> 20} MiB.", remedy="Split it by year.")
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadInput(
            f"{file} cannot be read: {words}.", remedy="Look at its name and its encoding."
        ) from error
