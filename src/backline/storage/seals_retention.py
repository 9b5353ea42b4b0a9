"""How audit rows leave: by whole epochs, the oldest first, each exported and the export verified before."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert, text

from backline.errors import NotAllowed
from backline.storage import seal_tables as t
from backline.storage.audits import INSERT_AUDIT, AuditEntry, tell_audit, write_body
from backline.storage.clock import read_now
from backline.storage.locks import Lock, take_lock
from backline.storage.seals import read_epoch
from backline.storage.seals_chain import Drop, Seal
from backline.storage.seals_epochs import list_drops, list_epochs
from backline.storage.seals_export import open_export
from backline.storage.seals_verify import DROPPED, ChainCheck

_LAST = text("SELECT seq, hash FROM backline_seal WHERE epoch = :epoch ORDER BY seq DESC LIMIT 1")
_SPAN = text("""
SELECT min(a.at) AS first_at, max(a.at) AS last_at FROM backline_seal s JOIN backline_audit a ON a.id = s.audit_id
WHERE s.epoch = :epoch
""")
# What rows of the epoch tell of epochs taken out before is told again, as it was: else nothing sealed would.
_TELL_AGAIN = text(f"""
{INSERT_AUDIT}
SELECT a.at, a.actor, a.action, a.object, a.run_id, a.fence, a.before_sha, a.after_sha, a.body
FROM backline_audit a JOIN backline_seal s ON s.audit_id = a.id
WHERE s.epoch = :epoch AND a.action = :dropped ORDER BY s.seq
""")
_DELETE_ROWS = text(
    "DELETE FROM backline_audit WHERE id IN (SELECT audit_id FROM backline_seal WHERE epoch = :epoch)"
)
_DELETE_SEALS = text("DELETE FROM backline_seal WHERE epoch = :epoch")
_EXPORT = "Export it whole with `backline audit export FILE`, and give that file."


@dataclass(frozen=True)
class ProvenExport:
    """An export that was verified: its SHA-256, and for each epoch asked for its last seal and hash."""

    path: Path
    sha: str
    ends: Mapping[int, tuple[int, bytes]]


def prove_export(path: Path, epochs: Collection[int]) -> ProvenExport:
    """Verify that an export holds these epochs whole. It is read to its end, so: outside any transaction.

    Raises `NotAllowed` where it does not hold one, or not as it was sealed, `BadInput` where it is no export.
    """
    export = open_export(path)
    openings = {one.epoch: (0, one.hash) for one in export.epochs}
    lacking = next((epoch for epoch in epochs if epoch not in openings or not export.whole), None)
    if lacking is not None:
        raise NotAllowed(f"{path} does not hold epoch {lacking} whole.", remedy=_EXPORT)
    ends = {epoch: openings[epoch] for epoch in epochs}

    def watch() -> Iterator[Seal]:
        for seal in export.seals():
            if seal.epoch in ends:
                ends[seal.epoch] = seal.seq, seal.hash
            yield seal

    answered = {*epochs, *(epoch + 1 for epoch in epochs)}  # the next one opens on the last hash
    for finding in ChainCheck(export.epochs, export.drops, {}).run(watch()):
        if finding.fault and finding.epoch in answered:
            raise NotAllowed(f"{path}: {finding.says}", remedy="Run `backline audit verify` on the database.")
    with path.open("rb") as file:
        return ProvenExport(path, hashlib.file_digest(file, "sha256").hexdigest(), ends)


def drop_epoch(connection: Connection, epoch: int, export: ProvenExport, *, by: str, why: str) -> int:
    """Take a closed epoch out, in the caller's writing transaction; how many audit rows left.

    On PostgreSQL the connection must be the owner's: the writer role may not delete. What stays is the
    epoch's own row and its last hash, on which the later epochs stand, and who took it out, when and why.
    Raises `NotAllowed` for the open epoch, for one that is not the oldest there is, and where `export`
    does not end it as the database does.
    """
    take_lock(connection, Lock.SEALS)
    newest = read_epoch(connection)
    if newest is None or epoch >= newest.epoch:
        raise NotAllowed(
            f"Epoch {epoch} is open.", remedy="`backline audit epoch --why …` begins the next one."
        )
    gone = {drop.epoch for drop in list_drops(connection)}
    oldest = next(one for one in list_epochs(connection) if one.epoch not in gone)
    if epoch != oldest.epoch:
        raise NotAllowed(f"Epoch {epoch} is not the oldest there is; that is {oldest.epoch}.")
    last = connection.execute(_LAST, {"epoch": epoch}).first()
    seq, own = (0, oldest.hash) if last is None else (last.seq, bytes(last.hash))
    if export.ends.get(epoch) != (seq, own):
        raise NotAllowed(f"{export.path} does not hold epoch {epoch} as the database has it.", remedy=_EXPORT)
    span = connection.execute(_SPAN, {"epoch": epoch}).one()
    now = read_now(connection)
    drop = Drop(epoch, seq, own, span.first_at, span.last_at, export.sha, now, by)
    connection.execute(insert(t.drop), vars(drop))
    connection.execute(_TELL_AGAIN, {"epoch": epoch, "dropped": DROPPED})
    count = connection.execute(_DELETE_ROWS, {"epoch": epoch}).rowcount
    connection.execute(_DELETE_SEALS, {"epoch": epoch})
    body = write_body({"export_sha": export.sha, "last_hash": own.hex(), "rows": count, "why": why})
    tell_audit(connection, now, AuditEntry(by, DROPPED, f"audit-epoch:{epoch}", body))
    return int(count)
