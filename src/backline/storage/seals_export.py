"""The chain as JSON Lines: epochs first, then sealed rows in their order, rows not sealed yet, and an end line.

    {"kind": "chain", "version": 1, "whole": true, "made_at": …}
    {"kind": "epoch", …}  {"kind": "drop", …}
    {"kind": "row", "epoch": 1, "seq": 1, "prev": hex, "hash": hex, "row": {…}}
    {"kind": "unsealed", "row": {…}}
    {"kind": "end", "rows": 1, "unsealed": 0}

`row` is the canonical row whose hash stands in `hash`: integers and strings, what is NULL left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from backline.errors import BadInput
from backline.storage.clock import now_sql
from backline.storage.seals_chain import ROW_FIELDS, Drop, Epoch, Seal
from backline.storage.seals_epochs import list_drops, list_epochs
from backline.storage.seals_read import find_range, walk_seals, walk_unsealed

_REMEDY = "Name a file that `backline audit export` wrote."


def write_lines(
    connection: Connection, *, since: int | None = None, until: int | None = None
) -> Iterator[str]:
    """The export line by line; times in microseconds since 1970 UTC, None for all of it."""
    whole = since is None and until is None
    now = int(connection.execute(text(f"SELECT {now_sql(connection.dialect.name)}")).scalar_one())
    yield _dump({"kind": "chain", "version": 1, "whole": whole, "made_at": now})
    for epoch in list_epochs(connection):
        yield _dump({"kind": "epoch", **_show(vars(epoch))})
    for drop in list_drops(connection):
        yield _dump({"kind": "drop", **_show(vars(drop))})
    between = None if whole else find_range(connection, since, until)
    rows, unsealed = 0, 0
    for seal in walk_seals(connection, between) if whole or between else ():
        rows += 1
        yield _dump({"kind": "row", **_show(vars(seal)), "row": _thin(seal.row)})
    for row in walk_unsealed(connection, since, until):
        unsealed += 1
        yield _dump({"kind": "unsealed", "row": _thin(row)})
    yield _dump({"kind": "end", "rows": rows, "unsealed": unsealed})


@dataclass(frozen=True)
class Export:
    """What stands at the top of an export; `seals()` streams the rest."""

    path: Path
    whole: bool
    epochs: list[Epoch]
    drops: list[Drop]

    def seals(self) -> Iterator[Seal]:
        """The sealed rows. Raises `BadInput` where the file ends early or is no export."""
        count, ended = 0, False
        for number, line in _read_lines(self.path):
            if line["kind"] == "row":
                count += 1
                yield _read(self.path, number, lambda line=line: _make_seal(line))
            elif line["kind"] == "end":
                ended = count == line.get("rows")
        if not ended:
            raise BadInput(
                f"{self.path} was cut: it does not end as an export does.", remedy="Export it anew."
            )


def open_export(path: Path) -> Export:
    """Read the top of an export. Raises `BadInput` naming the line that is none."""
    whole: bool | None = None
    epochs: list[Epoch] = []
    drops: list[Drop] = []
    for number, line in _read_lines(path):
        if line["kind"] == "chain":
            whole = bool(line.get("whole"))
        elif line["kind"] == "epoch":
            epochs.append(_read(path, number, lambda line=line: Epoch(**_parse(line))))
        elif line["kind"] == "drop":
            drops.append(_read(path, number, lambda line=line: Drop(**_parse(line))))
        else:
            break
    if whole is None:
        raise BadInput(f"{path} is no export of the audit.", remedy=_REMEDY)
    return Export(path, whole, epochs, drops)


def _read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, text_line in enumerate(file, 1):
                yield number, _read(path, number, lambda line=text_line: _load(line))
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8.", remedy=_REMEDY) from error


def _read(path: Path, number: int, work: Any) -> Any:
    try:
        return work()
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path}, line {number}: not a line of an export.", remedy=_REMEDY) from error


def _load(line: str) -> dict[str, Any]:
    value = json.loads(line)
    if not isinstance(value["kind"], str):
        raise TypeError
    return dict(value)


def _make_seal(line: dict[str, Any]) -> Seal:
    values = _parse({name: value for name, value in line.items() if name != "row"})
    row = line["row"]
    known = None if row is None else {name: row.get(name) for name in ROW_FIELDS}
    return Seal(**values, row=known)


def _show(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()}


def _parse(line: dict[str, Any]) -> dict[str, Any]:
    hashes = ("foot", "hash", "prev", "last_hash")
    return {
        name: bytes.fromhex(value) if name in hashes else value
        for name, value in line.items()
        if name != "kind"
    }


def _thin(row: Any) -> dict[str, Any] | None:
    return None if row is None else {name: value for name, value in row.items() if value is not None}


def _dump(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
