"""`backline backup` writes one file, says what is in it, and verifies it."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from backline.anchors.keys import read_verifying_key
from tests.cli.conftest import Call


@pytest.fixture
def filled(call: Call, state: Path) -> Path:
    """A state folder with a secret, its key, an anchor and a settings file with a password."""
    (state / "anchors").mkdir(parents=True)
    (state / "anchors" / "anchors.jsonl").write_text("")
    (state / "backline.toml").write_text('[broker]\nurl = "redis://:hush-hush@127.0.0.1:1/0"\n')
    assert call("db", "upgrade").code == 0
    assert call("audit", "key").code == 0
    (state / "vault.key").write_text("A" * 43 + "=\n")
    return state


def read_names(path: str) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return {name for name in archive.namelist() if name.startswith("files/")}


def test_nothing_there_is_nothing_to_back_up(call: Call, state: Path) -> None:
    result = call("backup")
    assert result.code == 2
    assert "nothing to back up" in result.err
    assert not state.exists()


def test_by_itself_it_goes_into_the_state_folder(call: Call, filled: Path) -> None:
    made = call("backup", "--json").one
    path = Path(made["file"])
    assert path.parent == filled / "backups"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (made["bytes"], made["database"], made["keys"]) == (path.stat().st_size, "sqlite", False)
    public = f"files/public/{read_verifying_key(filled / 'audit-key.pem.pub').id}.pub"
    assert read_names(made["file"]) == {"files/anchors/anchors.jsonl", "files/settings.toml", public}
    verified = call("backup", "verify", made["file"], "--json").one
    assert {**verified, "seconds": 0} == {**made, "seconds": 0}


def test_a_slash_at_the_end_means_a_folder_also_where_none_is_yet(
    call: Call, filled: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "elsewhere"
    first = Path(call("backup", "--to", f"{folder}/", "--json").one["file"])
    assert first.parent == folder and first.suffix == ".zip"
    empty = call("backup", "--to", "")
    assert empty.code == 2 and "--to is empty" in empty.err


def test_no_secret_is_in_it_unless_keys_are_asked_for(call: Call, filled: Path, tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    assert call("backup", "--to", str(tmp_path / "to")).code == 0
    (path,) = (tmp_path / "to").iterdir()
    with zipfile.ZipFile(path) as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist())
        assert b"struck out" in archive.read("files/settings.toml")
    for secret in ("hush-hush", (filled / "vault.key").read_text(), (filled / "audit-key.pem").read_text()):
        assert secret.encode() not in whole
    result = call("backup", "--with-keys", "--to", str(tmp_path / "k.zip"), "--json")
    assert result.one["keys"] is True
    assert "k.zip" in result.err
    assert read_names(str(tmp_path / "k.zip")) >= {
        "files/keys/vault.key", "files/keys/audit-key.pem",
    }  # fmt: skip


@pytest.mark.usefixtures("filled")
def test_a_named_file_is_not_overwritten_and_a_damaged_one_named(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "mine.zip"
    assert call("backup", "--to", str(path)).code == 0
    assert "exists already" in call("backup", "--to", str(path)).err
    whole = bytearray(path.read_bytes())
    name = b"files/settings.toml"
    place = whole.index(name) + len(name) + 20 + 8  # behind what stands between name and bytes
    whole[place] ^= 1
    path.write_bytes(whole)
    result = call("backup", "verify", str(path))
    assert result.code == 2
    assert "part files/settings.toml is damaged" in result.err
