"""`backline vault` keeps, lists, forgets and rotates, and never shows a value."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from backline.cli import app
from backline.storage.vault_keys import make_key, spell_key
from tests.cli.conftest import Call, Result


def put(value: str, *arguments: str) -> Result:
    result = CliRunner().invoke(app, ["vault", "put", *arguments], input=value)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Result(result.exit_code, result.stdout, result.stderr)


def test_put_list_delete(call: Call, state: Path) -> None:
    first = put("hush-hush\n", "spotify", "--json")
    assert first.one["version"] == 1
    assert str(state / "vault.key") in first.err
    again = put("hush-hush-2\n", "spotify", "--json")
    assert (again.one["version"], again.err) == (2, "")
    put("hush-hush-3", "spotify", "--owner", "acct42", "--purpose", "key")
    rows = call("vault", "list", "--json").lines
    assert [(row["name"], row["owner"], row["purpose"], row["version"]) for row in rows] == [
        ("spotify", "acct42", "key", 1),
        ("spotify", "house", "token", 2),
    ]
    assert {row["key_id"] for row in rows} == {first.one["key_id"]} and rows[0]["changed_by"] == "tester"
    assert call("vault", "delete", "spotify").code == 0
    assert call("vault", "delete", "spotify").code == 2
    trail = call("audit", "list", "--json")
    assert [(row["action"], row["object"]) for row in trail.lines] == [
        ("vault.delete", "secret:token:house:spotify"),
        ("vault.put", "secret:key:acct42:spotify"),
        ("vault.put", "secret:token:house:spotify"),
        ("vault.put", "secret:token:house:spotify"),
    ]
    everything = [first, again, trail, call("vault", "list")]
    assert not any("hush" in result.out + result.err for result in everything)


def test_rotate_says_what_it_did(call: Call, state: Path) -> None:
    former = put("hush-hush", "one", "--json").one["key_id"]
    put("hush-hush", "two")
    done = call("vault", "rotate", "--json").one
    assert (done["former"], done["rows"], done["retired"]) == ([former], 2, True)
    assert {row["key_id"] for row in call("vault", "list", "--json").lines} == {done["key_id"]}
    kept = call("vault", "rotate", "--keep-old", "--json").one
    assert (kept["former"], kept["retired"]) == ([done["key_id"]], False)
    assert len((state / "vault.key").read_text().split()) == 2
    actions = [row["action"] for row in call("audit", "list", "--json").lines]
    assert actions[:4] == ["vault.rotated", "vault.rotate"] * 2


def test_a_keyring_is_asked_once(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, asked = tmp_path / "keys", tmp_path / "asked"
    monkeypatch.setenv("BACKLINE_VAULT_KEY_COMMAND", f"sh -c 'echo >> {asked}; cat {keys}'")
    former = spell_key(make_key())
    keys.write_text(former)
    assert put("hush-hush", "one").code == 0
    assert len(asked.read_text()) == 1
    keys.write_text(f"{spell_key(make_key())} {former}")
    assert call("vault", "rotate", "--json").one["rows"] == 1
    assert len(asked.read_text()) == 2


def test_a_missing_key_is_told_with_its_remedy(call: Call, state: Path) -> None:
    put("hush-hush", "one")
    (state / "vault.key").unlink()
    result = put("hush-hush", "two")
    assert result.code == 4 and "key is missing" in result.err and "Put the key back" in result.err
    assert not (state / "vault.key").exists()
    assert len(call("vault", "list", "--json").lines) == 1


def test_a_key_that_others_may_read(call: Call, state: Path) -> None:
    put("hush-hush", "one")
    (state / "vault.key").chmod(0o644)
    result = put("hush-hush", "two")
    assert result.code == 3 and "chmod 600" in result.err


@pytest.mark.parametrize("value", ["", "\n", "abc", "x" * 65_600])
def test_values_that_cannot_be_kept(call: Call, value: str) -> None:
    result = put(value, "one")
    assert result.code == 2 and (not value.strip() or value not in result.err)
    assert call("vault", "list", "--json").lines == []


def test_a_table_for_people(call: Call) -> None:
    assert "empty" in call("vault", "list").out
    put("hush-hush", "one")
    assert "one" in call("vault", "list").out
