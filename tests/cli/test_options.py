"""`backline settings` shows every option with its origin, and no password."""

from __future__ import annotations

from pathlib import Path

import pytest

from backline.settings import option_names
from tests.cli.conftest import Call


def test_every_option_with_origin(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "backline.toml").write_text('language = "de"\n[web]\nport = 9999\n')
    monkeypatch.setenv("BACKLINE_RUNTIME_CONCURRENCY", "3")
    rows = {row["option"]: row for row in call("settings", "show", "--json").lines}
    assert list(rows) == option_names()
    assert (rows["web.port"]["value"], rows["web.port"]["origin"]) == (9999, str(tmp_path / "backline.toml"))
    assert rows["runtime.concurrency"]["origin"] == "BACKLINE_RUNTIME_CONCURRENCY"
    assert rows["web.host"]["origin"] == "built in"
    assert all(row["meaning"] for row in rows.values())


def test_passwords_are_struck_out(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKLINE_DATABASE_URL", "postgresql://me:hush-hush@db/x")
    monkeypatch.setenv("BACKLINE_BROKER_URL", "redis://:sesame-open@127.0.0.1:1/0")
    result = call("settings", "show")
    assert "me:" in result.out
    assert "hush-hush" not in result.out and "sesame-open" not in result.out


def test_path(call: Call, state: Path) -> None:
    assert call("settings", "path", "--json").one == {"file": None, "state": str(state)}


def test_unknown_option_is_named(call: Call, tmp_path: Path) -> None:
    (tmp_path / "backline.toml").write_text("[web]\nprot = 1\n")
    result = call("settings", "show")
    assert result.code == 2
    assert "web.prot" in result.err
    assert "Did you mean web.port?" in result.err


def test_what_is_empty_is_shown_as_what_it_stands_for(call: Call, state: Path) -> None:
    rows = {row["option"]: row["value"] for row in call("settings", "show", "--json").lines}
    assert rows["reports.inbox"] == str(state / "inbox")
    assert rows["database.url"] == f"sqlite:///{state / 'backline.db'}"
    assert rows["broker.url"] == "filesystem://"


def test_the_list_is_shown_although_an_option_cannot_be_used(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKLINE_WEB_PORT", "high")
    monkeypatch.setenv("BACKLINE_DATABSE_URL", "sqlite:///x.db")
    result = call("settings", "show", "--json")
    assert result.code == 2
    rows = {row["option"]: row for row in result.lines}
    assert list(rows) == option_names()
    assert "BACKLINE_WEB_PORT" in rows["web.port"]["error"]
    assert (rows["web.port"]["value"], rows["web.port"]["origin"]) == (8765, "built in")
    assert rows["web.host"]["error"] is None
    assert "Did you mean BACKLINE_DATABASE_URL?" in result.err
    assert "BACKLINE_WEB_PORT" in result.err
    assert call("runs", "list").code == 2
