"""Keys are for their owner alone, never overwritten, and of the right kind."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from backline.anchors.keys import list_public, make_key, name_public, read_signing_key, read_verifying_key
from backline.errors import BadInput, NotAllowed


def test_a_pair_is_made_and_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "key.pem"
    made = make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    public = read_verifying_key(name_public(path))
    assert public.id == read_signing_key(path).id == made.id
    assert len(public.id) == 16
    signature = read_signing_key(path).sign(b"text")
    assert public.verify(b"text", signature)
    assert not public.verify(b"other", signature)
    assert not public.verify(b"text", "no hex")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    before = make_key(path)
    with pytest.raises(FileExistsError):
        make_key(path)
    assert read_signing_key(path).id == before.id


def test_a_former_public_key_stays_beside(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    assert list_public(path) == []
    made = []
    for _ in range(3):
        path.unlink(missing_ok=True)
        made.append(make_key(path).id)
    found = [read_verifying_key(one).id for one in list_public(path)]
    assert (found[0], set(found)) == (made[2], set(made))
    assert list_public(path)[0] == name_public(path)
    assert list_public(tmp_path / "key") == []


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    make_key(path)
    path.chmod(0o640)
    with pytest.raises(NotAllowed, match="read by others"):
        read_signing_key(path)


def test_what_is_no_ed25519_key_is_refused(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1())
    private, public = tmp_path / "key.pem", tmp_path / "key.pub"
    private.touch(0o600)
    for text, words in (
        (b"nonsense", "PEM"),
        (other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "Ed25519"),
    ):
        private.write_bytes(text)
        with pytest.raises(BadInput, match=words):
            read_signing_key(private)
    for text, words in (
        (b"nonsense", "PEM"),
        (other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "Ed25519"),
    ):
        public.write_bytes(text)
        with pytest.raises(BadInput, match=words):
            read_verifying_key(public)
