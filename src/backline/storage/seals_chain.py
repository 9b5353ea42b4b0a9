"""The chain itself: how an audit row is written down, and how its hash stands on the one before. No database.

    hash = sha256(version byte ‖ prev ‖ canonical row)

A canonical row is JSON after RFC 8785 with integers and strings only: keys sorted, no spaces, what is NULL
left out, times as whole microseconds since 1970 UTC. What no process of ours writes, but SQLite keeps, has its
form too: bytes are `{"blob": hex}`, a text that is no UTF-8 goes in byte by byte as it is. An epoch opens with the hash of its own row on its
foot, which is the last hash of the epoch before (32 zero bytes for the first).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

VERSION = b"\x01"
GENESIS = bytes(32)
ROW_FIELDS = ("id", "at", "actor", "action", "object", "run_id", "fence", "before_sha", "after_sha", "body")
EPOCH_FIELDS = ("epoch", "rows_before", "began_at", "why", "anchor", "xid_floor", "audit_id")
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True)
class Epoch:
    """One stretch of the chain. `foot` and `hash` are 32 bytes, times microseconds since 1970 UTC."""

    epoch: int
    foot: bytes
    hash: bytes
    rows_before: int
    began_at: int
    why: str
    anchor: str | None
    xid_floor: int
    audit_id: int | None


@dataclass(frozen=True)
class Drop:
    """An epoch that was exported and taken out: what stands of it."""

    epoch: int
    last_seq: int
    last_hash: bytes
    first_at: int | None
    last_at: int | None
    export_sha: str
    dropped_at: int
    dropped_by: str


@dataclass(frozen=True)
class Seal:
    """One link, and the audit row that it seals as a mapping of `ROW_FIELDS`; None where that is gone."""

    epoch: int
    seq: int
    audit_id: int
    prev: bytes
    hash: bytes
    row: Mapping[str, Any] | None


@dataclass(frozen=True)
class Head:
    """Where the chain stands: `seq` is 0 and `hash` the epoch's own where nothing is sealed in it yet."""

    epoch: int
    seq: int
    hash: bytes
    count: int
    at: int


def hash_row(prev: bytes, row: Mapping[str, Any]) -> bytes:
    """The hash of a row, a mapping of `ROW_FIELDS`, on the hash before."""
    written = _ENCODER.encode(make_canonical(row))
    return sha256(VERSION + prev + written.encode("utf-8", "surrogateescape")).digest()


def make_canonical(row: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the JSON of a row. Bytes of broken text are lone surrogates in it (PEP 383)."""
    return {
        name: {"blob": value.hex()} if isinstance(value, bytes) else value
        for name, value in row.items()
        if value is not None
    }


def hash_epoch(foot: bytes, values: Mapping[str, Any]) -> bytes:
    """The hash of an epoch's own row, of which `EPOCH_FIELDS` count."""
    return hash_row(foot, {name: values[name] for name in EPOCH_FIELDS})


def chain_rows(prev: bytes, rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, bytes, bytes]]:
    """For each row its id, the hash before it and its own."""
    for row in rows:
        own = hash_row(prev, row)
        yield row["id"], prev, own
        prev = own
