"""Keys of the vault: from a file, a variable, a command; wrong ones are told without being shown."""

from __future__ import annotations

import base64
import os
import shlex
import sys
import threading
from pathlib import Path

import pytest

from backline.errors import NeedsHuman, NotAllowed
from backline.storage.vault_keys import (
    Key,
    KeyCommand,
    KeyFile,
    KeyText,
    make_key,
    name_key,
    read_keys,
    spell_key,
)


def test_a_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    source = KeyFile(tmp_path / "new" / "vault.key", may_make=True)
    assert source.read() == []
    made = source.add()
    assert source.read() == [made]
    assert source.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in source.path.parent.iterdir()] == ["vault.key"]


def test_a_file_that_a_setting_names_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(NeedsHuman, match="missing"):
        KeyFile(tmp_path / "vault.key").add()
    assert not list(tmp_path.iterdir())


def test_of_two_that_make_one_at_once_both_get_the_same(tmp_path: Path) -> None:
    gate, made = threading.Barrier(4), []

    def make() -> None:
        source = KeyFile(tmp_path / "vault.key", may_make=True)
        gate.wait()
        made.append(source._make(make_key()) and source.read()[0])

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([key for key in made if key]) == 1
    assert len(KeyFile(tmp_path / "vault.key").read()) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    source = KeyFile(tmp_path / "vault.key", may_make=True)
    source.add()
    source.path.chmod(mode)
    with pytest.raises(NotAllowed, match=r"chmod 600") as caught:
        source.read()
    assert f"{mode:04o}" in caught.value.message


def test_a_new_key_stands_in_front_and_former_ones_can_be_retired(tmp_path: Path) -> None:
    source = KeyFile(tmp_path / "vault.key", may_make=True)
    first = source.add()
    second = source.add()
    assert source.read() == [second, first]
    source.retire([first.id])
    assert source.read() == [second]
    source.retire([second.id])
    assert source.read() == [second]  # never the last one
    assert source.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", " \n", "hush", base64.b64encode(b"too short").decode(), "c2l4dA==\n"])
def test_what_is_no_key_is_told_and_not_shown(tmp_path: Path, text: str) -> None:
    path = tmp_path / "vault.key"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(NeedsHuman) as caught:
        KeyFile(path).read()
    assert str(path) in caught.value.message
    assert not text.strip() or text.strip() not in str(caught.value)
    assert path.read_text() == text


def test_a_variable() -> None:
    key = make_key()
    source = KeyText("VAULT_KEY", f" {spell_key(key)}\n{spell_key(make_key())} ")
    assert source.read()[0] == key and len(source.read()) == 2
    assert KeyText("VAULT_KEY", None).read() == [] == KeyText("VAULT_KEY", " ").read()
    with pytest.raises(NeedsHuman, match="VAULT_KEY"):
        source.add()
    source.retire([key.id])  # the owner's to do
    assert source.read()[0] == key


def test_a_command_is_recalled_and_a_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    file, command = KeyFile(path, may_make=True), KeyCommand(shlex.join(["cat", str(path)]))
    first = file.add()
    assert file.recall() == command.recall() == [first]
    second = file.add()
    assert file.recall() == [second, first]
    assert command.recall() == [first]
    assert command.read() == command.recall() == [second, first]


def test_a_command_is_run_without_a_shell(tmp_path: Path) -> None:
    key = make_key()
    program = f"import sys; print(sys.argv[1], {spell_key(key)!r})"
    spelled = shlex.join([sys.executable, "-c", program, spell_key(make_key())])
    assert KeyCommand(spelled).read()[1] == key
    with pytest.raises(NeedsHuman, match="not 32 bytes"):  # `$(…)` and `;` are letters like others
        KeyCommand(shlex.join([sys.executable, "-c", "import sys; print(sys.argv[1:])", "$(id)", ";"])).read()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (shlex.join([sys.executable, "-c", "raise SystemExit(3)"]), "code 3"),
        ("no-such-program lookup", "No such file"),
        ("unfinished 'quote", "ValueError"),
    ],
)
def test_a_command_that_fails_says_so(command: str, words: str) -> None:
    with pytest.raises(NeedsHuman, match=words):
        KeyCommand(command).read()


def test_a_key_does_not_show_itself() -> None:
    key = make_key()
    assert repr(key) == f"<Key {key.id}>"
    assert name_key(key.value) == key == read_keys(spell_key(key), "here")[0]
    assert isinstance(key, Key) and len(key.value) == 32
    assert len({make_key().id for _ in range(50)}) == 50


def test_reading_needs_the_right(tmp_path: Path) -> None:
    if os.getuid() == 0:
        pytest.skip("root reads anything")
    path = tmp_path / "vault.key"
    path.touch(0o200)
    with pytest.raises(NeedsHuman, match="right to read"):
        KeyFile(path).read()


def test_keys_that_killed_processes_left_go_with_the_next_change(tmp_path: Path) -> None:
    source = KeyFile(tmp_path / "vault.key", may_make=True)
    gone, own = 2**22 + 1, os.getpid()  # above the highest pid there can be
    live = tmp_path / f".vault.key.{os.getppid()}.0a1b2c3d.part"
    other = tmp_path / f".other.key.{gone}.0a1b2c3d.part"

    def leave() -> None:
        for pid in (gone, own):
            (tmp_path / f".vault.key.{pid}.0a1b2c3d.part").write_text("key")

    live.write_text("key")
    other.write_text("key")
    for change in (source.add, source.add, lambda: source.retire([source.read()[-1].id])):
        leave()
        change()
        assert set(tmp_path.iterdir()) == {source.path, live, other}
