"""`backline restore` puts a backup back, and says what became of the database that was there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from backline.cli.restore import put_files_back
from backline.errors import BadInput
from backline.settings import load_settings
from backline.storage.backup_archive import Manifest, Part
from tests.cli.conftest import Call


@pytest.fixture
def made(call: Call, tmp_path: Path) -> Path:
    """A backup with keys and anchors."""
    assert call("artist", "add", "Velvet Tramlines").code == 0
    assert call("audit", "key").code == 0
    assert call("audit", "anchor").code == 0
    assert call("backup", "--with-keys", "--to", str(tmp_path / "b.zip")).code == 0
    return tmp_path / "b.zip"


def list_artists(call: Call) -> list[str]:
    return [row["name"] for row in call("artist", "list", "--all", "--json").lines]


def test_into_nothing(call: Call, made: Path, state: Path) -> None:
    key, anchors = (state / "audit-key.pem").read_bytes(), (state / "anchors" / "anchors.jsonl").read_bytes()
    shutil.rmtree(state)
    done = call("restore", str(made), "--json").one
    assert (done["aside"], done["epoch"]) == (None, 2)
    assert {Path(name).name for name in done["files"]} >= {"audit-key.pem", "anchors.jsonl"}
    assert (state / "audit-key.pem").read_bytes() == key
    assert (state / "audit-key.pem").stat().st_mode & 0o77 == 0
    assert (state / "anchors" / "anchors.jsonl").read_bytes() == anchors
    assert list_artists(call) == ["Velvet Tramlines"]
    verified = call("audit", "verify", "--json")
    assert verified.code == 0, verified.out
    (row,) = (row for row in call("audit", "list", "--json").lines if row["action"] == "database.restored")
    assert (row["actor"], row["object"]) == ("tester", "database")


def test_what_is_there_is_kept_aside_and_later_anchors_are_no_alarm(
    call: Call, made: Path, state: Path
) -> None:
    call("artist", "add", "Later")
    assert call("audit", "anchor").code == 0
    refused = call("restore", str(made))
    assert (refused.code, "--force" in refused.err) == (3, True)
    assert len(list_artists(call)) == 2
    done = call("restore", str(made), "--force", "--json").one
    assert Path(done["aside"]).is_file()
    assert done["files"] == []
    assert list_artists(call) == ["Velvet Tramlines"]
    assert call("audit", "anchor").code == 0
    verified = call("audit", "verify", "--json")
    assert verified.code == 0, verified.out
    assert "restored" in {line.get("kind") for line in verified.lines}
    again = call("restore", str(made), "--force", "--json").one
    assert again["epoch"] == done["epoch"] + 1
    assert call("audit", "verify").code == 0
    assert list(state.glob(".*")) == []


def test_a_new_machine_without_the_key_verifies_the_older_anchors(
    call: Call, made: Path, state: Path, tmp_path: Path
) -> None:
    former = (state / "audit-key.pem.pub").read_bytes()
    (state / "audit-key.pem").unlink()
    call("audit", "key")
    call("artist", "add", "Later")
    assert call("audit", "anchor").code == 0
    assert call("audit", "verify", "--json").one["faults"] == 0
    assert call("backup", "--to", str(tmp_path / "plain.zip")).code == 0
    shutil.rmtree(state)
    assert call("restore", str(tmp_path / "plain.zip")).code == 0
    assert not (state / "audit-key.pem").exists()
    assert [path.read_bytes() for path in state.glob("audit-key.pem.*.pub")] == [former]
    assert (call("audit", "verify").code, call("audit", "key").code) == (0, 0)
    assert call("audit", "anchor").code == 0
    verified = call("audit", "verify", "--json")
    assert (verified.code, verified.one["anchors"]) == (0, 3)


def test_who_was_shut_out_since_is_told(call: Call, state: Path, tmp_path: Path) -> None:
    for name in ("ann", "bob"):
        call("user", "add", name)
    keys = [
        call("key", "create", "--user", "ann", "--scope", "runs:read", "--json").one["id"] for _ in range(2)
    ]
    assert call("backup", "--to", str(tmp_path / "b.zip")).code == 0
    unchanged = call("restore", str(tmp_path / "b.zip"), "--force")
    assert "again" not in unchanged.err
    call("key", "revoke", keys[0])
    call("user", "disable", "bob")
    result = call("restore", str(tmp_path / "b.zip"), "--force", "--json")
    assert (result.one["keys_again"], result.one["users_again"]) == ([keys[0]], ["bob"])
    assert f"API keys {keys[0]}; users bob." in result.err
    shutil.rmtree(state)
    anew = call("restore", str(tmp_path / "b.zip"), "--json")
    assert (anew.one["keys_again"], anew.one["users_again"]) == ([], [])
    assert "2 keys, 2 users open" in anew.err


@dataclass
class Torn:
    """A backup of keys whose reading ends in the middle."""

    manifest: Manifest

    def read(self, part: Part) -> Iterator[bytes]:
        yield part.name.encode()
        raise BadInput("It is torn.")


def test_no_half_of_a_key_is_left(state: Path) -> None:
    key = Part("files/keys/vault.key", 44, "")
    torn = Torn(Manifest("", "", 0, "sqlite", None, parts=(key,)))
    with pytest.raises(BadInput):
        put_files_back(torn, load_settings().settings)  # type: ignore[arg-type] # stands in for an archive
    assert list(state.iterdir()) == []


def test_into_another_database(
    call: Call, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/other.db"
    assert call("restore", str(made), "--into", url).code == 0
    monkeypatch.setenv("BACKLINE_DATABASE_URL", url)
    assert list_artists(call) == ["Velvet Tramlines"]


def test_secrets_without_their_key_are_told_of(call: Call, state: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "backline", "vault", "put", "token"], input="hush", text=True, check=True,
        capture_output=True,
    )  # fmt: skip
    made = call("backup", "--to", str(tmp_path / "b.zip"))
    assert "key" in made.err
    shutil.rmtree(state)
    assert "key" in call("restore", str(tmp_path / "b.zip")).err


def test_a_file_that_is_no_backup(call: Call, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_text("hello")
    result = call("restore", str(tmp_path / "b.zip"))
    assert result.code == 2
    assert "no backup of Backline" in result.err


def test_who_has_access_is_told_where_what_gave_way_cannot_tell(
    call: Call, state: Path, tmp_path: Path
) -> None:
    call("user", "add", "ann")
    assert call("backup", "--to", str(tmp_path / "b.zip")).code == 0
    database = state / "backline.db"
    for content in (b"no database " * 999, b"SQLite format 3\0" + b"no database " * 999):
        database.write_bytes(content)
        assert "0 keys, 1 users open" in call("restore", str(tmp_path / "b.zip"), "--force").err
