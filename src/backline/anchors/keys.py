"""Ed25519 keys in PEM files: the private one for whoever signs anchors, the public one for everybody."""

from __future__ import annotations

import glob
import os
import stat
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from backline.errors import BadInput, NotAllowed

PUBLIC = ".pub"


@dataclass(frozen=True)
class VerifyingKey:
    """A public key; `id` is the beginning of its SHA-256 in hex."""

    key: Ed25519PublicKey

    @property
    def id(self) -> str:
        """Sixteen hex digits that tell keys apart."""
        return sha256(self.key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]

    @property
    def pem(self) -> str:
        """As it is written to a file."""
        return self.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def verify(self, text: bytes, signature: str) -> bool:
        """Whether the hex signature is of this text and by this key."""
        try:
            self.key.verify(bytes.fromhex(signature), text)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class SigningKey:
    """A private key."""

    key: Ed25519PrivateKey

    @property
    def id(self) -> str:
        """That of its public key."""
        return self.public.id

    @property
    def public(self) -> VerifyingKey:
        """The key to verify with."""
        return VerifyingKey(self.key.public_key())

    def sign(self, text: bytes) -> str:
        """The signature in hex."""
        return self.key.sign(text).hex()


def make_key(path: Path) -> SigningKey:
    """Make a key pair: `path` for its owner alone (0600), the public one beside it. Overwrites nothing.

    A public key that is there already, of a key that is gone, stays under its id: it made the older anchors.
    """
    public = name_public(path)
    former = read_verifying_key(public) if public.exists() else None
    key = SigningKey(Ed25519PrivateKey.generate())
    pem = key.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    if former is not None:
        public.rename(name_former(path, former.id))
    public.write_text(key.public.pem, encoding="ascii")
    return key


def name_public(path: Path) -> Path:
    """The file of the public key beside a private one."""
    return path.with_name(path.name + PUBLIC)


def name_former(path: Path, id: str) -> Path:
    """The file of a former public key beside a private one."""
    return path.with_name(f"{path.name}.{id}{PUBLIC}")


def list_public(path: Path) -> list[Path]:
    """The files of the public keys beside a private one, the newest first, then the former ones."""
    former = path.parent.glob(f"{glob.escape(path.name)}.{'[0-9a-f]' * 16}{PUBLIC}")
    return [*(one for one in (name_public(path),) if one.exists()), *sorted(former)]


def read_signing_key(path: Path) -> SigningKey:
    """Read a private key. Raises `NotAllowed` where others may read it too, `BadInput` where it is none."""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise NotAllowed(f"{path} can be read by others.", remedy=f"chmod 600 {path}")
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadInput(f"{path} is not a private key in PEM.", remedy=_MAKE) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput(f"{path} is not an Ed25519 key.", remedy=_MAKE)
    return SigningKey(key)


def read_verifying_key(path: Path) -> VerifyingKey:
    """Read a public key. Raises `BadInput` where it is none."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadInput(f"{path} is not a public key in PEM.", remedy=_MAKE) from error
    if not isinstance(key, Ed25519PublicKey):
        raise BadInput(f"{path} is not an Ed25519 key.", remedy=_MAKE)
    return VerifyingKey(key)


_MAKE = "`backline audit key` makes a pair."
