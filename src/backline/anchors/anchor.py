"""What an anchor is: the head of the chain at a moment, in one canonical text, with a signature."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from backline.anchors.keys import SigningKey, VerifyingKey

_PREFIX = b"backline-anchor-v1\n"


@dataclass(frozen=True)
class Anchor:
    """The head (epoch, seq, hash in hex), how many rows it seals, when (µs since 1970 UTC), signed by which key."""

    epoch: int
    seq: int
    hash: str
    count: int
    at: int
    key: str
    signature: str = ""
    token: str = ""  # base64 of an RFC 3161 response for `signed_text()`

    def signed_text(self) -> bytes:
        """What the signature is made of: JSON after RFC 8785, integers and strings only."""
        values = {name: getattr(self, name) for name in ("at", "count", "epoch", "hash", "key", "seq")}
        return _PREFIX + json.dumps(values, sort_keys=True, separators=(",", ":")).encode()

    def stamped_text(self) -> bytes:
        """What a time stamp is made of: the signed text and its signature."""
        return self.signed_text() + b"\n" + self.signature.encode()

    def as_line(self) -> str:
        """One JSON line."""
        values = {name: value for name, value in vars(self).items() if value != ""}
        return json.dumps(values, sort_keys=True, separators=(",", ":"))


class Target(Protocol):
    """A place outside the database. What it keeps is appended to, never changed."""

    name: str

    def keep(self, anchor: Anchor) -> str:
        """Keep one anchor; where it is. Raises `OSError` or `BacklineError` where that does not work."""

    def read(self, bad: list[str]) -> Iterator[Anchor]:
        """Every anchor that was kept; words on each that cannot be read are added to `bad`."""


def sign_anchor(key: SigningKey, epoch: int, seq: int, hash: bytes, count: int, at: int) -> Anchor:
    """An anchor of this head, signed."""
    plain = Anchor(epoch, seq, hash.hex(), count, at, key.id)
    return Anchor(**{**vars(plain), "signature": key.sign(plain.signed_text())})


def is_signed(anchor: Anchor, keys: Iterable[VerifyingKey]) -> bool:
    """Whether one of these keys made the signature."""
    return any(key.id == anchor.key and key.verify(anchor.signed_text(), anchor.signature) for key in keys)


def read_anchor(line: str) -> Anchor | None:
    """An anchor from its line; None where it is none."""
    try:
        anchor = Anchor(**json.loads(line))
        bytes.fromhex(anchor.hash)
        numbers = (anchor.epoch, anchor.seq, anchor.count, anchor.at)
        good = all(type(number) is int for number in numbers)
    except (ValueError, TypeError):
        return None
    return anchor if good else None


def read_lines(path: Path, bad: list[str]) -> Iterator[Anchor]:
    """The anchors in a file of JSON lines, or in every `*.jsonl` and `*.json` of a folder, by name."""
    if path.is_dir():
        for one in sorted(path.rglob("*.json*")):
            if one.suffix in (".jsonl", ".json"):
                yield from read_lines(one, bad)
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            anchor = read_anchor(line)
            if anchor is not None:
                yield anchor
            elif line.strip():
                bad.append(f"{path}, line {number}, is not an anchor.")
