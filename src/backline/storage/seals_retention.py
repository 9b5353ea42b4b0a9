"""How audit rows leave: by whole epochs, the oldest first, each exported and the export verified before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert, text

from backline.errors import NotAllowed
from backline.storage import seal_tables as t
from backline.storage.clock import now_sql
from backline.storage.seals import read_epoch, take_lock
from backline.storage.seals_chain import Drop, Seal
from backline.storage.seals_epochs import list_drops, list_epochs, tell_audit
from backline.storage.seals_export import open_export
from backline.storage.seals_verify import DROPPED, ChainCheck

_LAST = text("SELECT seq, hash FROM backline_seal WHERE epoch = :epoch ORDER BY seq DESC LIMIT 1")
_SPAN = text("""
SELECT min(a.at) AS first_at, max(a.at) AS last_at FROM backline_seal s JOIN backline_audit a ON a.id = s.audit_id
WHERE s.epoch = :epoch
""")
_DELETE_ROWS = text(
    "DELETE FROM backline_audit WHERE id IN (SELECT audit_id FROM backline_seal WHERE epoch = :epoch)"
)
_DELETE_SEALS = text("DELETE FROM backline_seal WHERE epoch = :epoch")
_EXPORT = "Export it whole with `backline audit export FILE`, and give that file."


def drop_epoch(connection: Connection, epoch: int, export: Path, *, by: str, why: str) -> int:
    """Take a closed epoch out, in the caller's writing transaction; how many audit rows left.

    On PostgreSQL the connection must be the owner's: the writer role may not delete. What stays is the
    epoch's own row and its last hash, on which the later epochs stand, and who took it out, when and why.
    Raises `NotAllowed` for the open epoch, for one that is not the oldest there is, and where `export`
    does not hold all of it, unchanged.
    """
    take_lock(connection)
    newest = read_epoch(connection)
    if newest is None or epoch >= newest.epoch:
        raise NotAllowed(
            f"Epoch {epoch} is open.", remedy="`backline audit epoch --why …` begins the next one."
        )
    gone = {drop.epoch for drop in list_drops(connection)}
    oldest = next(one.epoch for one in list_epochs(connection) if one.epoch not in gone)
    if epoch != oldest:
        raise NotAllowed(f"Epoch {epoch} is not the oldest there is; that is {oldest}.")
    last = connection.execute(_LAST, {"epoch": epoch}).first()
    seq, own = (0, _find_opening(connection, epoch)) if last is None else (last.seq, bytes(last.hash))
    proven = check_export(export, epoch)
    if (proven.seq, proven.hash) != (seq, own):
        raise NotAllowed(f"{export} does not hold epoch {epoch} as the database has it.", remedy=_EXPORT)
    span = connection.execute(_SPAN, {"epoch": epoch}).one()
    now = int(connection.execute(text(f"SELECT {now_sql(connection.dialect.name)}")).scalar_one())
    drop = Drop(epoch, seq, own, span.first_at, span.last_at, _digest(export), now, by)
    connection.execute(insert(t.drop), vars(drop))
    count = connection.execute(_DELETE_ROWS, {"epoch": epoch}).rowcount
    connection.execute(_DELETE_SEALS, {"epoch": epoch})
    tell_audit(connection, now, by, f"audit-epoch:{epoch}", DROPPED, {
        "export_sha": drop.export_sha, "last_hash": own.hex(), "rows": count, "why": why,
    })  # fmt: skip
    return int(count)


@dataclass(frozen=True)
class ProvenEnd:
    """The end of an epoch as an export holds it."""

    seq: int
    hash: bytes


def check_export(path: Path, epoch: int) -> ProvenEnd:
    """Verify that an export holds this epoch from its first seal on. Raises `NotAllowed`, `BadInput`."""
    export = open_export(path)
    opening = next((one for one in export.epochs if one.epoch == epoch), None)
    if opening is None or not export.whole:
        raise NotAllowed(f"{path} does not hold epoch {epoch} whole.", remedy=_EXPORT)
    end = [ProvenEnd(0, opening.hash)]

    def watch() -> Iterator[Seal]:
        for seal in export.seals():
            if seal.epoch == epoch:
                end[0] = ProvenEnd(seal.seq, seal.hash)
            yield seal

    check = ChainCheck(export.epochs, export.drops, {})
    for finding in check.run(watch()):
        if finding.fault and finding.epoch in (epoch, epoch + 1):
            raise NotAllowed(f"{path}: {finding.says}", remedy="Run `backline audit verify` on the database.")
    return end[0]


def _find_opening(connection: Connection, epoch: int) -> bytes:
    return next(one.hash for one in list_epochs(connection) if one.epoch == epoch)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
