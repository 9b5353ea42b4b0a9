"""Database, schema and broker in words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import text

from backline.celery_app import make_app
from backline.settings import Settings, load_settings
from backline.storage.database import Database
from backline.storage.upgrade import upgrade_database
from backline.web.readiness import check_broker, check_database, open_plainly


def test_database_that_is_not_there_yet_is_not_made(settings: Settings) -> None:
    (check,) = check_database(settings, open_plainly(settings))
    assert (check.name, check.verdict) == ("database", "ok")
    assert not settings.state.exists()


def test_database_in_order(settings: Settings) -> None:
    upgrade_database(Database(settings.database_url))
    checks = {check.name: check for check in check_database(settings, open_plainly(settings))}
    assert {check.verdict for check in checks.values()} == {"ok"}
    assert "write-ahead" in checks["database mode"].says


def test_older_database_is_to_be_upgraded_and_a_newer_one_is_not(settings: Settings) -> None:
    database = Database(settings.database_url)
    upgrade_database(database)
    remedies = []
    for revision in ("0001", "9999"):
        with database.write() as connection:
            connection.execute(text("UPDATE backline_schema SET version_num = :at"), {"at": revision})
        schema = check_database(settings, open_plainly(settings))[1]
        assert (schema.name, schema.verdict) == ("schema", "problem")
        remedies.append(schema.remedy or "")
    assert "db upgrade" in remedies[0]
    assert "newer Backline" in remedies[1] and "db upgrade" not in remedies[1]


def test_file_that_is_no_database(settings: Settings) -> None:
    settings.state.mkdir()
    (settings.state / "backline.db").write_text("no database " * 500)
    (check,) = check_database(settings, open_plainly(settings))
    assert check.verdict == "problem"
    assert check.remedy


def test_postgresql_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://me:hush-hush@127.0.0.1:1/none"
    settings = load_settings({"BACKLINE_STATE": str(tmp_path), "BACKLINE_DATABASE_URL": url}).settings
    (check,) = check_database(settings, open_plainly(settings))
    assert check.verdict == "problem"
    assert "hush-hush" not in check.says
    assert "PostgreSQL" in (check.remedy or "")


@pytest.mark.parametrize("url", ["redis://:hush-hush@127.0.0.1:1/0", "amqp://me:hush-hush@127.0.0.1:1//"])
def test_broker_that_is_away(tmp_path: Path, url: str) -> None:
    settings = load_settings({"BACKLINE_STATE": str(tmp_path), "BACKLINE_BROKER_URL": url}).settings
    check = check_broker(settings, make_app(settings, {}))
    assert check.verdict == "problem"
    assert "hush-hush" not in check.says
    assert "none is lost" in (check.remedy or "")


def test_doorbell_that_cannot_be_written(settings: Settings) -> None:
    assert check_broker(settings, None).verdict == "ok"
    if os.getuid() != 0:  # root writes anywhere
        settings.state.mkdir(mode=0o500)
        assert check_broker(settings, None).verdict == "problem"


def test_broker_that_answers(redis: object, tmp_path: Path) -> None:
    url = str(redis.url)
    settings = load_settings({"BACKLINE_STATE": str(tmp_path), "BACKLINE_BROKER_URL": url}).settings
    assert check_broker(settings, make_app(settings, {})).verdict == "ok"


def test_writer_role(pg_url: str, tmp_path: Path) -> None:
    settings = load_settings({"BACKLINE_STATE": str(tmp_path), "BACKLINE_DATABASE_URL": pg_url}).settings
    database = open_plainly(settings)
    upgrade_database(database)
    database.close()
    checks = {check.name: check for check in check_database(settings, open_plainly(settings))}
    assert checks["writer role"].verdict == "ok"
    assert checks["schema"].verdict == "ok"
