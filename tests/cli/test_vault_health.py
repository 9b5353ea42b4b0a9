"""Doctor's look at the vault."""

from __future__ import annotations

from pathlib import Path

import pytest

from backline.storage.vault_keys import make_key, spell_key
from tests.cli.conftest import Call
from tests.cli.test_vault import put


def look(call: Call) -> dict[str, str]:
    rows = call("doctor", "--json").lines
    (found,) = [row for row in rows if row["name"] == "vault"]
    return found


def test_the_key_is_to_be_kept_apart(call: Call, state: Path) -> None:
    call("db", "upgrade")
    assert (look(call)["verdict"], look(call)["says"]) == ("ok", "Nothing is kept in it.")
    put("hush-hush", "one")
    found = look(call)
    assert found["verdict"] == "ok" and str(state / "vault.key") in found["says"]
    assert "a backup does not hold it" in found["remedy"]


def test_a_key_that_is_missing_wrong_or_open_to_others(call: Call, state: Path) -> None:
    put("hush-hush", "one")
    key = state / "vault.key"
    kept = key.read_text()
    key.chmod(0o644)
    assert "chmod 600" in look(call)["remedy"]
    key.chmod(0o600)
    for text in (spell_key(make_key()), "no key"):
        key.write_text(text)
        assert look(call)["verdict"] == "problem"
    key.unlink()
    found = look(call)
    assert found["verdict"] == "problem" and "Put that key back" in found["remedy"]
    key.touch(0o600)
    key.write_text(kept)
    assert look(call)["verdict"] == "ok"


def test_two_places_are_told(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    put("hush-hush", "one")
    monkeypatch.setenv("BACKLINE_VAULT_KEY_VARIABLE", "VAULT_KEY")
    monkeypatch.setenv("BACKLINE_VAULT_KEY_FILE", "vault.key")
    assert "two places" in look(call)["says"]
