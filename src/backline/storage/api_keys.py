"""API keys: shown once, kept as a hash, with scopes, an end and a user; and what an Idempotency-Key was said of.

A key is `bl_<id>_<secret>`, the secret 256 random bits in hex. Nothing can be guessed of those, so their
SHA-256 needs neither salt nor stretching (unlike a password's).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, text

from backline.errors import BadInput, Conflict, NotAllowed, UnknownName
from backline.storage.clock import seconds_to_micros
from backline.storage.users import find_user, read_active_user
from backline.storage.vault_tables import api_key as t
from backline.storage.vault_tables import api_request

ADMIN = "admin"  # every scope there is
SCOPES = ("runs:read", "runs:write", "tasks:read", "metrics:read", "audit:read", ADMIN)
MAY: dict[str, tuple[str, ...]] = {
    "viewer": ("runs:read", "tasks:read", "metrics:read"),
    "member": ("runs:read", "runs:write", "tasks:read", "metrics:read"),
    "admin": SCOPES,
}
LONGEST_NOTE = 500
USED_EVERY = 60.0  # seconds between two notes of when a key was used
REMEMBERED = 30 * 86_400.0  # seconds that an Idempotency-Key is remembered
_FORGET_GONE = text(
    "DELETE FROM backline_api_request WHERE user_name = :user AND key = :key "
    "AND NOT EXISTS (SELECT 1 FROM backline_run r WHERE r.id = run_id)"
)
KeyRow = Row[Any]  # every column of the table


@dataclass(frozen=True)
class NewKey:
    """A key that was just made; `text` is shown once and known to nobody afterwards."""

    row: KeyRow
    text: str


@dataclass(frozen=True)
class Caller:
    """Who calls: the key, its user, what it may do."""

    key_id: str
    user: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether the key has the scope."""
        return scope in self.scopes or ADMIN in self.scopes


def make_api_key(
    connection: Connection, now_sql: str, user: str, scopes: Sequence[str], *,
    created_by: str, note: str = "", lasts: float | None = None,
) -> NewKey:  # fmt: skip
    """Make a key of a user; `lasts` in seconds, None for no end.

    Raises `BadInput` for an unknown scope, `UnknownName` or `NotAllowed` for a user that is unknown or disabled,
    or whose role may not have the scope.
    """
    owner = read_active_user(connection, user)
    wanted = _check_scopes(scopes, owner.role, user)
    if len(note) > LONGEST_NOTE or "\0" in note:
        raise BadInput("The note cannot be kept.", remedy=f"It takes at most {LONGEST_NOTE} letters.")
    key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    ends = None if lasts is None else text(f"{now_sql} + {seconds_to_micros(lasts)}")
    connection.execute(
        t.insert().values(
            id=key_id,
            secret_sha=_hash(secret),
            user_name=user,
            scopes=" ".join(wanted),
            note=note,
            created_at=text(now_sql),
            created_by=created_by,
            expires_at=ends,
        )
    )
    return NewKey(read_api_key(connection, key_id), f"bl_{key_id}_{secret}")


def _check_scopes(scopes: Sequence[str], role: str, user: str) -> list[str]:
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        what = f"{unknown[0]!r} is no scope." if unknown else "The key would have no scope."
        raise BadInput(what, remedy=f"The scopes are {', '.join(SCOPES)}.")
    denied = sorted(set(scopes) - set(MAY[role]))
    if denied:
        remedy = f"A {role} may have {', '.join(MAY[role])}."
        raise NotAllowed(f"{user} is a {role}, who may not have {denied[0]}.", remedy=remedy)
    return [scope for scope in SCOPES if scope in scopes]


def read_api_key(connection: Connection, key_id: str) -> KeyRow:
    """One key. Raises `UnknownName`."""
    row = connection.execute(select(t).where(t.c.id == key_id)).first()
    if row is None:
        raise UnknownName(f"No API key {key_id!r}.", remedy="`backline key list` shows them.")
    return row


def list_api_keys(connection: Connection) -> list[KeyRow]:
    """Every key, newest first, revoked ones too."""
    return list(connection.execute(select(t).order_by(t.c.created_at.desc(), t.c.id)).all())


def revoke_api_key(connection: Connection, now_sql: str, key_id: str, revoked_by: str) -> KeyRow:
    """The key works no more from this moment. Once revoked stays as it was. Raises `UnknownName`."""
    if read_api_key(connection, key_id).revoked_at is None:
        values = {"revoked_at": text(now_sql), "revoked_by": revoked_by}
        connection.execute(t.update().where(t.c.id == key_id).values(**values))
    return read_api_key(connection, key_id)


def find_caller(connection: Connection, now: int, given: str) -> tuple[Caller, bool]:
    """Who has this key, and whether its use is worth a note. `now` in microseconds since 1970 UTC.

    Raises `NotAllowed`: one and the same words for what is no key, an unknown one and a wrong secret.
    """
    mark, _, rest = given.partition("_")
    key_id, _, secret = rest.partition("_")
    known = mark == "bl" and key_id.isascii() and key_id.isalnum()
    row = connection.execute(select(t).where(t.c.id == key_id)).first() if known else None
    fits = hmac.compare_digest(_hash(secret), row.secret_sha if row is not None else "0" * 64)
    if row is None or not fits:
        raise NotAllowed("This is no API key.", remedy="`backline key create` makes one; it is shown once.")
    _refuse_ended(connection, now, row)
    is_stale = row.used_at is None or now - row.used_at >= seconds_to_micros(USED_EVERY)
    return Caller(key_id, row.user_name, frozenset(row.scopes.split())), is_stale


def is_still_good(connection: Connection, now: int, key_id: str) -> bool:
    """Whether a key that was shown before may still be used. `now` in microseconds since 1970 UTC."""
    row = connection.execute(select(t).where(t.c.id == key_id)).first()
    if row is None:
        return False
    try:
        _refuse_ended(connection, now, row)
    except NotAllowed:
        return False
    return True


def _refuse_ended(connection: Connection, now: int, row: KeyRow) -> None:
    another = "`backline key create` makes another."
    if row.revoked_at is not None:
        raise NotAllowed(f"The API key {row.id} was revoked.", remedy=another)
    if row.expires_at is not None and row.expires_at <= now:
        raise NotAllowed(f"The API key {row.id} has expired.", remedy=another)
    user = find_user(connection, row.user_name)
    if user is None or user.disabled_at is not None:
        raise NotAllowed(
            f"The user of the API key {row.id} is disabled.", remedy="Take the key of another user."
        )


def note_use(connection: Connection, key_id: str, now: int) -> None:
    """Write when the key was last used."""
    connection.execute(t.update().where(t.c.id == key_id).values(used_at=now))


def claim_request(
    connection: Connection, now_sql: str, user: str, key: str, body_sha: str, run_id: str
) -> str | None:
    """Keep what an Idempotency-Key stands for, in the transaction of the run; None where it is new.

    Said before of the same body it returns the earlier run's id; of another one it raises `Conflict`. A key is
    forgotten in time, and with its run.
    """
    old = text(f"DELETE FROM backline_api_request WHERE created_at < {now_sql} - :age")
    connection.execute(old, {"age": seconds_to_micros(REMEMBERED)})
    connection.execute(_FORGET_GONE, {"user": user, "key": key})
    insert = text(
        "INSERT INTO backline_api_request (user_name, key, body_sha, run_id, created_at) "
        f"VALUES (:user, :key, :sha, :run, {now_sql}) ON CONFLICT DO NOTHING RETURNING run_id"
    )
    if connection.execute(insert, {"user": user, "key": key, "sha": body_sha, "run": run_id}).first():
        return None
    mine = (api_request.c.user_name == user) & (api_request.c.key == key)
    found = connection.execute(select(api_request).where(mine)).one()
    if found.body_sha != body_sha:
        raise Conflict(
            f"The Idempotency-Key {key} was sent before with another body; it stands for run {found.run_id}.",
            remedy="Send the same body, or another key.",
        )
    return str(found.run_id)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
