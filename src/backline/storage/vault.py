"""The vault: tokens and keys by AES-256-GCM, each bound to its place, so that a row cannot stand in for another.

The additional data of a row are its purpose, owner, name, version and key id (a JSON list, so that no two
places spell alike). What is decrypted is told to `learn`, so that it is struck out wherever it turns up.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select, text, type_coerce
from sqlalchemy.types import NullType

from backline.errors import BadInput, NeedsHuman, UnknownName
from backline.storage.database import Database
from backline.storage.locks import Lock, take_lock
from backline.storage.vault_keys import Key, KeySource, explain_missing
from backline.storage.vault_tables import secret as t

log = logging.getLogger("backline.vault")
HOUSE, TOKEN = "house", "token"
SHORTEST = 4  # letters; a shorter one could not be struck out
LONGEST = 65_536
NONCE_BYTES = 12
BATCH = 100  # rows in one transaction of a rotation
# Nonce and ciphertext as the driver gives them: only who opens them can say whose row it is that is broken.
_SEALED = select(*(type_coerce(c, NullType()).label(c.name) for c in t.c))
SecretRow = Row[Any]  # purpose, owner, name, version, key_id, changed_at, changed_by


@dataclass(frozen=True)
class Place:
    """Which secret: what it is for, whose it is, its name."""

    name: str
    owner: str = HOUSE
    purpose: str = TOKEN

    def __str__(self) -> str:
        return f"{self.purpose} {self.name} of {self.owner}"


@dataclass(frozen=True)
class Rotation:
    """A change of keys: the id of the key in force, the ids of those before, rows that wait or were done."""

    key_id: str
    former: tuple[str, ...]
    rows: int
    resumed: bool = False


class Vault:
    """Reads and keeps secrets. Given to a task by type."""

    def __init__(self, database: Database, source: KeySource, learn: Callable[[str], None]) -> None:
        self._database = database
        self._learn = learn
        self._keys: Sequence[Key] = ()
        self.source = source

    def read(self, name: str, *, owner: str = HOUSE, purpose: str = TOKEN) -> str:
        """The value. Raises `UnknownName` where there is none, `NeedsHuman` where no key here opens it."""
        with self._database.read() as connection:
            return self.read_in(connection, Place(name, owner, purpose))

    def read_in(self, connection: Connection, place: Place) -> str:
        """The same in the caller's transaction, beside other rows of the same moment."""
        row = connection.execute(_SEALED.where(*_is_at(place))).first()
        if row is None:
            raise UnknownName(f"The vault has no {place}.", remedy=f"`backline vault put {place.name}`.")
        if row.key_id not in {key.id for key in self._keys}:  # another process may have rotated meanwhile
            self._keys = self.source.read()
        value = self._decrypt(row).decode()
        self._learn(value)
        return value

    def put(self, connection: Connection, place: Place, value: str, who: str) -> int:
        """Keep a value in the caller's transaction, in place of an older one. Returns its version.

        A keyring's command may wait for its owner: `source.read()` before the transaction, and others do not.
        Raises `BadInput` for a name or value that cannot be kept, `NeedsHuman` where the key is missing, or where
        there are rows under a key that is not here: then the first one here may be any key, and a value kept
        under it would be lost with it.
        """
        _check(place, value)
        self._learn(value)
        take_lock(connection, Lock.VAULT)
        key = self.read_keys(connection)[0]
        self._refuse_strange(connection)
        found = connection.execute(select(t.c.version).where(*_is_at(place))).scalar()
        version = (found or 0) + 1
        nonce, sealed = _encrypt(key, place, version, value.encode())
        values = {"version": version, "key_id": key.id, "nonce": nonce, "ciphertext": sealed}
        values |= {"changed_at": text(self._database.now_sql), "changed_by": who}
        if found is None:
            connection.execute(t.insert().values(**vars(place), **values))
        else:
            connection.execute(t.update().where(*_is_at(place)).values(**values))
        return version

    def delete(self, connection: Connection, place: Place) -> None:
        """Forget a secret. Raises `UnknownName` where there is none."""
        take_lock(connection, Lock.VAULT)
        if not connection.execute(t.delete().where(*_is_at(place))).rowcount:
            raise UnknownName(f"The vault has no {place}.", remedy="`backline vault list` shows what it has.")

    def read_keys(self, connection: Connection) -> Sequence[Key]:
        """The keys, for a transaction. The first one is made where nothing was ever kept and the settings allow it.

        Raises `NeedsHuman` where the key is missing: a new one would not open what is there.
        """
        keys = self.source.recall()
        if not keys:
            if count_secrets(connection):
                raise explain_missing(self.source.place)
            keys = [self.source.add()]
            log.info("made the vault's key in %s; keep a copy of it apart", self.source.place)
        self._keys = keys
        return keys

    @property
    def key_id(self) -> str | None:
        """The id of the key that encrypts, as last read."""
        return self._keys[0].id if self._keys else None

    def begin_rotation(self, connection: Connection) -> Rotation:
        """A new key in front, or the one there where an earlier rotation (or a person) has put it there.

        Before the transaction, `source.read()`.
        """
        take_lock(connection, Lock.VAULT)
        keys = self.read_keys(connection)
        waiting = _count_others(connection, keys[0].id)
        if not waiting:
            self.source.add()
            keys = self.read_keys(connection)
        former = tuple(key.id for key in keys[1:])
        return Rotation(keys[0].id, former, _count_others(connection, keys[0].id), resumed=waiting > 0)

    def rotate_some(self, connection: Connection) -> int:
        """Encrypt the next rows with the first key; how many. 0 when all are."""
        take_lock(connection, Lock.VAULT)
        key = self.read_keys(connection)[0]
        query = _SEALED.where(t.c.key_id != key.id).order_by(t.c.purpose, t.c.owner, t.c.name).limit(BATCH)
        rows = connection.execute(query).all()
        for row in rows:
            place = Place(row.name, row.owner, row.purpose)
            nonce, sealed = _encrypt(key, place, row.version, self._decrypt(row))
            values = {"key_id": key.id, "nonce": nonce, "ciphertext": sealed}
            connection.execute(t.update().where(*_is_at(place)).values(**values))
        return len(rows)

    def end_rotation(self, connection: Connection, rotation: Rotation) -> bool:
        """Forget the former keys, unless a row needs one again. Whether they are forgotten.

        One writer of the vault at a time: no value is written with a former key between the look and the end.
        """
        take_lock(connection, Lock.VAULT)
        if _count_others(connection, rotation.key_id):
            return False
        self.source.retire(rotation.former)
        return True

    def find_strange(self, connection: Connection) -> list[str]:
        """Ids of keys that rows need and the source does not have."""
        return _list_strange(connection, self.source.read())

    def _refuse_strange(self, connection: Connection) -> None:
        strange = _list_strange(connection, self._keys)
        if strange:
            raise NeedsHuman(
                f"The vault has secrets under the key {strange[0]}, which is not in {self.source.place}; nothing was kept.",
                remedy="Put that key back, in front or behind. Where it is lost for good, `backline vault delete` "
                "what `backline vault list` shows under it.",
            )

    def _decrypt(self, row: Any) -> bytes:
        from cryptography.exceptions import InvalidTag  # see _make_cipher

        place, key = Place(row.name, row.owner, row.purpose), self._find_key(row)
        try:
            opened: bytes = _make_cipher(key).decrypt(
                row.nonce, row.ciphertext, _bind(place, row.version, key.id)
            )
        except (InvalidTag, ValueError, TypeError):  # SQLite keeps any type in any column
            raise NeedsHuman(
                f"The {place} cannot be opened: its row was changed, or moved from another place.",
                remedy="Restore the row from a backup, or put the value anew with `backline vault put`.",
            ) from None
        return opened

    def _find_key(self, row: SecretRow) -> Key:
        for key in self._keys:
            if key.id == row.key_id:
                return key
        if not self._keys:
            raise explain_missing(self.source.place)
        raise NeedsHuman(
            f"The {row.purpose} {row.name} of {row.owner} needs the key {row.key_id}, which is not in {self.source.place}.",
            remedy="Put that key back behind the first one; the secret is still there.",
        )


def list_secrets(connection: Connection) -> list[SecretRow]:
    """What there is, by owner and name; never a value."""
    columns = (t.c.purpose, t.c.owner, t.c.name, t.c.version, t.c.key_id, t.c.changed_at, t.c.changed_by)
    query = select(*columns).order_by(t.c.owner, t.c.name, t.c.purpose)
    return [*connection.execute(query)]


def count_secrets(connection: Connection) -> int:
    """How many there are."""
    return int(connection.execute(select(func.count()).select_from(t)).scalar_one())


def _check(place: Place, value: str) -> None:
    for what, words in vars(place).items():
        if not 0 < len(words) <= 200 or not words.isprintable() or words != words.strip():
            raise BadInput(
                f"{words!r} cannot be a secret's {what}.", remedy="Use 1 to 200 printable letters."
            )
    if not SHORTEST <= len(value) <= LONGEST:
        raise BadInput(
            f"The value of {place} has {len(value)} letters.", remedy=f"It takes {SHORTEST} to {LONGEST:,}."
        )


def _list_strange(connection: Connection, keys: Sequence[Key]) -> list[str]:
    needed = connection.execute(select(t.c.key_id).distinct()).scalars()
    return sorted({str(key_id) for key_id in needed} - {key.id for key in keys})


def _is_at(place: Place) -> tuple[Any, ...]:
    return tuple(t.c[column] == value for column, value in vars(place).items())


def _count_others(connection: Connection, key_id: str) -> int:
    query = select(func.count()).select_from(t).where(t.c.key_id != key_id)
    return int(connection.execute(query).scalar_one())


def _encrypt(key: Key, place: Place, version: int, value: bytes) -> tuple[bytes, bytes]:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce, _make_cipher(key).encrypt(nonce, value, _bind(place, version, key.id))


def _make_cipher(key: Key) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # loaded by those alone who have secrets

    return AESGCM(key.value)


def _bind(place: Place, version: int, key_id: str) -> bytes:
    return json.dumps(["backline vault 1", place.purpose, place.owner, place.name, version, key_id]).encode()
