"""What a restored database must be told of the time between its backup and now, before anything works on it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from backline.moments import show_moment
from backline.storage.api_keys import list_api_keys
from backline.storage.attempts import INSERT_ATTEMPT
from backline.storage.audits import INSERT_AUDIT, AuditEntry, insert_audit, write_body
from backline.storage.backup_archive import Manifest
from backline.storage.clock import now_sql
from backline.storage.restore_aside import Kept
from backline.storage.seals_epochs import begin_epoch
from backline.storage.users import list_users

# More claims than any run can have had after the backup: whoever still holds one of these has a stale fence.
JUMP = 1 << 32
WORDS = "The database was restored from a backup; whoever had this run then has it no more."
_ATTEMPTS = f"""
{INSERT_ATTEMPT}
SELECT id, fence, attempt, worker, coalesce(claimed_at, started_at, created_at), {{now}}, 'handed_back', 'restored',
    CAST(:words AS TEXT), trace_id FROM backline_run WHERE state = 'running'
ON CONFLICT DO NOTHING
"""
_TELL = f"""
{INSERT_AUDIT}
SELECT {{now}}, CAST(:actor AS TEXT), 'run.queued', 'run:' || id, id, fence, NULL, NULL,
    '{{{{"error_kind":"restored"}}}}' FROM backline_run WHERE state = 'running'
"""
_REQUEUE = """
UPDATE backline_run SET state = 'queued', attempt = CASE WHEN attempt > 0 THEN attempt - 1 ELSE 0 END,
    lease_until = NULL WHERE state = 'running'
"""
_JUMP = """
UPDATE backline_run SET fence = fence + :jump, ring_at = CASE WHEN state = 'queued' THEN {now} ELSE ring_at END
WHERE state <> 'succeeded'
"""


@dataclass(frozen=True)
class Return:
    """What was gone back to, who did it, and the least number of the new epoch."""

    manifest: Manifest
    file: str
    actor: str
    least_epoch: int = 1


@dataclass(frozen=True)
class Arrival:
    """The new epoch, and how many runs that were in hand are queued again."""

    epoch: int
    queued: int


@dataclass(frozen=True)
class Access:
    """API keys and users that are open after a restore, and those of them that what gave way had shut out.

    `is_known`: what gave way could tell all of them.
    """

    keys: int
    users: int
    keys_again: tuple[str, ...] = ()  # ids
    users_again: tuple[str, ...] = ()  # names
    is_known: bool = False


def read_access(connection: Connection, kept: Kept) -> Access:
    """A backup brings keys and users back as they were, also those that were revoked or disabled since."""
    keys = {str(row.id) for row in list_api_keys(connection) if row.revoked_at is None}
    users = {str(row.name) for row in list_users(connection) if row.disabled_at is None}
    revoked, disabled = kept.revoked or frozenset(), kept.disabled or frozenset()
    is_known = kept.revoked is not None and kept.disabled is not None
    again = (tuple(sorted(keys & revoked)), tuple(sorted(users & disabled)))
    return Access(len(keys), len(users), *again, is_known=is_known)


def come_back(connection: Connection, back: Return) -> Arrival:
    """Hand back what was in hand, make every earlier claim stale, tell the audit, begin a new epoch.

    A handed back run has spent no attempt: nobody failed. Schedules stay: their slots are caught up with by
    their own rule. Leases are not left to the sweep, since a third restore would count a run as poison.
    """
    now = now_sql(connection.dialect.name)
    told = {"words": WORDS, "actor": back.actor}
    connection.execute(text(_ATTEMPTS.format(now=now)), told)
    connection.execute(text(_TELL.format(now=now)), told)
    queued = int(connection.execute(text(_REQUEUE)).rowcount)
    connection.execute(text(_JUMP.format(now=now)), {"jump": JUMP})
    manifest, head = back.manifest, back.manifest.head
    anchor = "nothing sealed" if head is None else f"epoch {head['epoch']}, seal {head['seq']}"
    body = {
        "anchor": anchor, "code_version": manifest.code_version, "database": manifest.database, "file": back.file,
        "made_at": manifest.made_at, "queued": queued, "rows": manifest.rows, "schema": manifest.schema,
    }  # fmt: skip
    written = write_body(body)
    insert_audit(connection, now, AuditEntry(back.actor, "database.restored", "database", written))
    made = show_moment(manifest.made_at)
    epoch = begin_epoch(
        connection,
        f"restored from a backup of {made}",
        anchor,
        actor=back.actor,
        least=back.least_epoch,
    )
    return Arrival(epoch, queued)
