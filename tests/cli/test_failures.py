"""Errors become a code, a message and a remedy; bugs leave their details in a file without secrets."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from backline import errors
from backline.cli import exits
from backline.cli.failures import explain_error
from tests.cli.conftest import Call


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.BadInput("x"), exits.BAD_INPUT),
        (errors.UnknownName("x"), exits.BAD_INPUT),
        (errors.NotAllowed("x"), exits.NOT_ALLOWED),
        (errors.NeedsHuman("x"), exits.NEEDS_PERSON),
        (errors.TryLater(3), exits.UNREACHABLE),
        (ConnectionRefusedError("x"), exits.UNREACHABLE),
        (PermissionError(13, "Permission denied", "/srv/x"), exits.NEEDS_PERSON),
        (OSError(28, "No space left on device"), exits.NEEDS_PERSON),
        (KeyError("x"), exits.BUG),
    ],
)
def test_codes(error: Exception, code: int) -> None:
    assert explain_error(error).code == code


def test_remedy_is_told() -> None:
    failure = explain_error(errors.BadInput("Wrong.", remedy="Mend it."))
    assert (failure.message, failure.remedy) == ("Wrong.", "Mend it.")


def test_missing_table_asks_for_an_upgrade() -> None:
    with pytest.raises(DBAPIError) as caught, create_engine("sqlite://").connect() as connection:
        connection.execute(text("SELECT * FROM backline_run"))
    failure = explain_error(caught.value)
    assert failure.code == exits.NEEDS_PERSON
    assert "db upgrade" in (failure.remedy or "")


def test_database_that_is_away(program: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKLINE_DATABASE_URL", "postgresql+psycopg://me:hush-hush@127.0.0.1:1/none")
    result = program("runs", "list")
    assert result.code == exits.UNREACHABLE
    assert result.err.startswith("error: The database cannot be used")
    assert "hush-hush" not in result.err
    assert "Traceback" not in result.err


def test_bug_leaves_details_without_secrets(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKLINE_DATABASE_URL", "postgresql+psycopg://me:hush-hush@127.0.0.1:1/none")
    try:
        raise RuntimeError("broke at postgresql://me:hush-hush@db/x")
    except RuntimeError as error:
        failure = explain_error(error)
    assert str(state / "errors.log") in (failure.remedy or "")
    log = (state / "errors.log").read_text()
    assert "RuntimeError" in log and "test_bug_leaves_details" in log
    assert "hush-hush" not in log + failure.message


def test_a_file_that_is_no_database_is_not_a_bug(call: Call, state: Path) -> None:
    state.mkdir(parents=True)
    (state / "backline.db").write_bytes(b"\x8f\x02nothing " * 500)
    result = call("artist", "list")
    assert result.code == exits.NEEDS_PERSON
    assert "not a database" in result.err and "backup" in result.err and "bug" not in result.err
    doctor = call("doctor", "--json")
    (check,) = [check for check in doctor.lines if check["name"] == "database"]
    assert doctor.code == exits.NEEDS_PERSON
    assert "backup" in check["remedy"] and "right" not in check["remedy"]


def test_a_full_disk_is_told_with_what_to_do() -> None:
    full = DBAPIError.instance(
        "INSERT", {}, sqlite3.OperationalError("database or disk is full"), sqlite3.Error
    )
    failure = explain_error(full)
    assert (failure.code, failure.message) == (
        exits.NEEDS_PERSON,
        "The disk of the database is full: database or disk is full.",
    )
    assert failure.remedy is not None and "Make room" in failure.remedy
