"""`backline audit key`, `anchor`, `epoch` and `export`: what a person does with the chain."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from backline.anchors.keys import make_key, name_public
from backline.cli.audit_places import find_signing_key, make_anchorer, read_targets
from backline.cli.houses import make_screen, open_house, read_settings
from backline.cli.parameters import Json
from backline.errors import BadInput, NeedsHuman
from backline.storage.clock import to_micros
from backline.storage.seals_epochs import begin_epoch
from backline.storage.seals_export import write_lines
from backline.wiring import find_key_path, find_signer


def key(
    file: Annotated[Path | None, typer.Argument(help="Where to make it; default: audit.signing_key.")] = None,
    json_lines: Json = False,
) -> None:
    """Make the Ed25519 key that signs anchors: the private one for its owner alone, the public one beside it."""
    path = file or find_key_path(read_settings())
    made = make_key(path)
    facts = {
        "private_key": str(path),
        "public_key": str(name_public(path)),
        "key": made.id,
        "pem": made.public.pem,
    }
    make_screen(json_lines=json_lines).show_facts(facts)


def anchor(json_lines: Json = False) -> None:
    """Seal what waits, and anchor the head of the chain now in every target."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house:
        sealed = house.sealer.seal_all()
        if find_signing_key(house.settings) is None:
            words = f"{sealed:,} rows sealed. There is no key to sign an anchor with."
            raise NeedsHuman(words, remedy="`backline audit key` makes one.")
        done = make_anchorer(house).anchor(anyway=True)
    rows = [{"target": name, "sealed": sealed, "error": error} for name, error in done.items()]
    screen.show_rows(rows, ["target", "sealed", "error"], empty=screen.label("nothing_yet"))
    if any(done.values()):
        raise NeedsHuman("Not every target could be served.", remedy="`backline doctor` shows them.")


def epoch(
    why: Annotated[str, typer.Option("--why", help="Why a new epoch begins; kept in the chain.")],
    restored: Annotated[
        str | None, typer.Option("--restored", help="The anchor that a restore by hand went back to.")
    ] = None,
    json_lines: Json = False,
) -> None:
    """Begin a new epoch of the chain: after a restore by hand, or so that the old one can be taken out later."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house:
        # What was lost had epochs of its own, which anchors may know: their numbers are not taken again.
        known = (one.epoch for one in read_targets(house.settings, [])) if restored else ()
        least = 1 + max(known, default=0)
        words, back_to = house.secrets.strike(why), restored and house.secrets.strike(restored)
        with house.database.write() as connection:
            number = begin_epoch(connection, words, back_to, actor=house.settings.actor, least=least)
    screen.show_facts({"epoch": number, "why": words})


def export(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A file that does not exist yet.")] = "-",
    since: Annotated[datetime | None, typer.Option("--from", help="Rows from this moment on, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", help="Rows before this moment, UTC.")] = None,
) -> None:
    """Write the chain as JSON lines: epochs, sealed rows in their order, rows that are not sealed yet."""
    screen = make_screen(json_lines=file == "-")
    first, last = _read_moment(since), _read_moment(until)
    if first is not None and last is not None and first >= last:
        raise BadInput("--from is not before --to.")
    with open_house() as house, house.database.read(snapshot=True) as connection:
        lines = write_lines(connection, since=first, until=last, signer=find_signer(house.settings))
        if file == "-":
            for line in lines:
                sys.stdout.write(line + "\n")
            return
        count = _write(lines, Path(file))
    screen.say(f"{file}: {count}")


def _write(lines: Iterable[str], path: Path) -> int:
    count = 0
    with path.open("x", encoding="utf-8") as file:
        for line in lines:
            file.write(line + "\n")
            count += line.startswith(('{"kind":"row"', '{"kind":"unsealed"'))
    return count


def _read_moment(moment: datetime | None) -> int | None:
    """Without a zone it is UTC; in microseconds since 1970."""
    return None if moment is None else to_micros(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
