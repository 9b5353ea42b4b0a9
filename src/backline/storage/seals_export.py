"""The chain as JSON Lines: epochs first, then sealed rows in their order, rows not sealed yet, and an end line.

    {"kind": "chain", "version": 1, "whole": true, "made_at": …}
    {"kind": "epoch", …}  {"kind": "drop", …}
    {"kind": "row", "epoch": 1, "seq": 1, "prev": hex, "hash": hex, "row": {…}}
    {"kind": "unsealed", "row": {…}}
    {"kind": "end", "rows": 1, "unsealed": 0, "key": …, "signature": hex}

The signature is made where there is a key; see `sign_text`. Without one nothing answers for `made_at`.
`row` is the canonical row whose hash stands in `hash`: integers and strings, what is NULL left out (for what
else SQLite may keep, see seals_chain.py). A file with a line or a field that is none of these is refused: no
hash would answer for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection

from backline.errors import BadInput
from backline.storage.clock import read_now
from backline.storage.seals_chain import ROW_FIELDS, Drop, Epoch, Seal, make_canonical
from backline.storage.seals_epochs import list_drops, list_epochs
from backline.storage.seals_read import find_range, walk_seals, walk_unsealed

_REMEDY = "Name a file that `backline audit export` wrote."
_NUMBERS = {"epoch", "seq", "rows_before", "began_at", "xid_floor", "last_seq", "dropped_at"}
_HASHES = {"foot", "hash", "prev", "last_hash"}
_BROKEN = re.compile("[\udc80-\udcff]")  # bytes of a text that is no UTF-8; escaped, JSON can carry them
_TOP = {"kind", "version", "whole", "made_at"}
_END = {"kind", "rows", "unsealed"}
_SIGNED = {"key", "signature"}
_PREFIX = b"backline-export-v1\n"
Place = tuple[int, int, str]  # epoch, seq and hash of the last sealed row
_NOWHERE: Place = (0, 0, "")


class Signer(Protocol):
    """A private key."""

    @property
    def id(self) -> str:
        """Which one."""

    def sign(self, text: bytes) -> str:
        """The signature in hex."""


def write_lines(
    connection: Connection,
    *,
    since: int | None = None,
    until: int | None = None,
    signer: Signer | None = None,
) -> Iterator[str]:
    """The export line by line; times in microseconds since 1970 UTC, None for all of it."""
    whole = since is None and until is None
    now = read_now(connection)
    yield _dump({"kind": "chain", "version": 1, "whole": whole, "made_at": now})
    for epoch in list_epochs(connection):
        yield _dump({"kind": "epoch", **_show(vars(epoch))})
    for drop in list_drops(connection):
        yield _dump({"kind": "drop", **_show(vars(drop))})
    between = None if whole else find_range(connection, since, until)
    rows, unsealed, last = 0, 0, _NOWHERE
    for seal in walk_seals(connection, between) if whole or between else ():
        rows, last = rows + 1, _place(seal)
        row_seen = None if seal.row is None else make_canonical(seal.row)
        yield _dump({"kind": "row", **_show(vars(seal)), "row": row_seen})
    for row in walk_unsealed(connection, since, until):
        unsealed += 1
        yield _dump({"kind": "unsealed", "row": make_canonical(row)})
    end: dict[str, Any] = {"kind": "end", "rows": rows, "unsealed": unsealed}
    if signer is not None:
        signature = signer.sign(sign_text(whole, now, last, rows, unsealed))
        end |= {"key": signer.id, "signature": signature}
    yield _dump(end)


def sign_text(whole: bool, made_at: int, last: Place, rows: int, unsealed: int) -> bytes:
    """What the signature of an export is made of: JSON after RFC 8785."""
    epoch, seq, own = last
    values = {
        "epoch": epoch, "hash": own, "made_at": made_at, "rows": rows, "seq": seq, "unsealed": unsealed, "whole": whole,
    }  # fmt: skip
    return _PREFIX + json.dumps(values, sort_keys=True, separators=(",", ":")).encode()


@dataclass
class Export:
    """What stands at the top of an export; `seals()` streams the rest, counts, and finds the signature."""

    path: Path
    whole: bool
    made_at: int  # microseconds since 1970 UTC
    epochs: list[Epoch]
    drops: list[Drop]
    sealed: int = 0
    unsealed: int = 0
    last: Place = _NOWHERE
    key: str | None = None  # by which it is signed; None where it is not
    signature: str = ""

    def signed_text(self) -> bytes:
        """What a signature of this file must be made of, once it was read to its end."""
        return sign_text(self.whole, self.made_at, self.last, self.sealed, self.unsealed)

    def seals(self) -> Iterator[Seal]:
        """The sealed rows. Raises `BadInput` where the file ends early or is no export."""
        self.sealed, self.unsealed, ended = 0, 0, False
        top = 1 + len(self.epochs) + len(self.drops)
        for number, line in _read_lines(self.path):
            if number <= top:
                continue
            kind = line["kind"]
            if ended or kind not in ("row", "unsealed", "end"):
                raise _refuse(self.path, number)
            if kind == "row":
                self.sealed += 1
                seal = _read(self.path, number, lambda line=line: _make_seal(line))
                self.last = _place(seal)
                yield seal
            elif kind == "unsealed":
                self.unsealed += 1
                _read(self.path, number, lambda line=line: _check_unsealed(line))
            else:
                ended = (line["rows"], line["unsealed"]) == (self.sealed, self.unsealed)
                if not ended:
                    break
                self.key, self.signature = _read(self.path, number, lambda line=line: _read_end(line))
        if not ended:
            raise BadInput(
                f"{self.path} was cut: it does not end as an export does.", remedy="Export it anew."
            )


def open_export(path: Path) -> Export:
    """Read the top of an export. Raises `BadInput` naming the line that is none."""
    top: tuple[bool, int] | None = None
    epochs: list[Epoch] = []
    drops: list[Drop] = []
    for number, line in _read_lines(path):
        if number == 1 and line["kind"] == "chain":
            top = _read(path, number, lambda line=line: _read_top(line))
        elif line["kind"] == "epoch" and not drops:
            epochs.append(_read(path, number, lambda line=line: Epoch(**_parse(line))))
        elif line["kind"] == "drop":
            drops.append(_read(path, number, lambda line=line: Drop(**_parse(line))))
        else:
            break
    if top is None:
        raise BadInput(f"{path} is no export of the audit.", remedy=_REMEDY)
    return Export(path, *top, epochs, drops)


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
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _refuse(path, number) from error


def _refuse(path: Path, number: int) -> BadInput:
    return BadInput(f"{path}, line {number}: not a line of an export.", remedy=_REMEDY)


def _load(line: str) -> dict[str, Any]:
    value = json.loads(line, object_pairs_hook=_make_object)
    if not isinstance(value["kind"], str):
        raise TypeError
    if "\\u" in line:  # halves of a letter, which no row can hold
        json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogateescape")
    return dict(value)


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name told twice would be read in two ways."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError
    return values


def _read_top(line: dict[str, Any]) -> tuple[bool, int]:
    if line.keys() != _TOP or line["version"] != 1 or not isinstance(line["whole"], bool):
        raise ValueError
    if type(line["made_at"]) is not int:
        raise TypeError
    return line["whole"], line["made_at"]


def _read_end(line: dict[str, Any]) -> tuple[str | None, str]:
    if line.keys() == _END:
        return None, ""
    if line.keys() != _END | _SIGNED or not all(isinstance(line[name], str) for name in _SIGNED):
        raise ValueError
    return line["key"], line["signature"]


def _place(seal: Seal) -> Place:
    return seal.epoch, seal.seq, seal.hash.hex()


def _make_seal(line: dict[str, Any]) -> Seal:
    values = _parse({name: value for name, value in line.items() if name != "row"})
    if type(line["audit_id"]) is not int:
        raise TypeError
    return Seal(**values, row=None if line["row"] is None else _read_row(line["row"]))


def _check_unsealed(line: dict[str, Any]) -> None:
    if line.keys() != {"kind", "row"}:
        raise ValueError
    _read_row(line["row"])


def _read_row(row: Any) -> dict[str, Any]:
    if not isinstance(row, dict) or row.keys() - set(ROW_FIELDS):
        raise ValueError
    if not all(_is_value(value) for value in row.values()):
        raise ValueError
    return {name: row.get(name) for name in ROW_FIELDS}


def _is_value(value: object) -> bool:
    if isinstance(value, dict):
        return value.keys() == {"blob"} and isinstance(value["blob"], str)
    return isinstance(value, (int, float, str))


def _show(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()}


def _parse(line: dict[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in line.items() if name != "kind"}
    if any(type(values[name]) is not int for name in values.keys() & _NUMBERS):
        raise TypeError
    if not all(value is None or isinstance(value, (int, str)) for value in values.values()):
        raise TypeError
    return {name: bytes.fromhex(value) if name in _HASHES else value for name, value in values.items()}


def _dump(value: dict[str, Any]) -> str:
    line = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return line if _BROKEN.search(line) is None else json.dumps(value, separators=(",", ":"))
