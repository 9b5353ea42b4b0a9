"""Rows as JSON."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from backline.runtime.audit import STRUCK, Secrets
from backline.storage.database import Database
from backline.storage.run_ids import new_run_id
from backline.storage.runs import read_run
from backline.web.descriptions import (
    count_seconds,
    describe_audit,
    describe_run,
    describe_schedule,
    read_tree,
    show_micros,
)
from tests.storage.rows import make_run


def test_times_are_utc() -> None:
    assert show_micros(0) == "1970-01-01T00:00:00Z"
    assert show_micros(None) is None


def test_seconds_between() -> None:
    assert count_seconds(1_000_000, 2_500_400) == 1.5
    assert count_seconds(None, 1) is None


def test_a_schedule_is_told_with_its_next_slot() -> None:
    plain = {
        "id": "s",
        "task": "probe.work",
        "version": 1,
        "cron": "30 6 * * *",
        "zone": "UTC",
        "catch_up": "last",
    }
    row = SimpleNamespace(**plain, job='{"word": "a"}', enabled=1, next_slot=0, created_by="ann")
    facts = {"job": {"word": "a"}, "enabled": True, "next_slot": "1970-01-01T00:00:00Z", "created_by": "ann"}
    assert describe_schedule(row) == plain | facts  # type: ignore[arg-type] # a row by hand


def test_text_that_is_no_json_stays_text() -> None:
    assert read_tree("{") == "{"
    assert read_tree('{"a": 1}') == {"a": 1}


def test_a_run_is_told_without_its_secrets(database: Database) -> None:
    run_id = make_run(database, id=new_run_id(), job='{"token": "hush", "url": "a://b:hush-hush@c"}')
    with database.read() as connection:
        told = describe_run(read_run(connection, run_id), Secrets())
    assert told["job"] == {"token": STRUCK, "url": f"a://b:{STRUCK}@c"}
    assert (told["id"], told["state"], told["answer"], told["slot"]) == (run_id, "queued", None, None)
    assert told["created_at"].endswith("Z")


@pytest.mark.parametrize("body", [b"\xff", "not JSON", None, "NaN", '"\\ud800"', "[" * 9000])
def test_an_audit_row_that_somebody_changed_is_shown_all_the_same(body: object) -> None:
    names = ["id", "at", "actor", "action", "object", "run_id", "fence", "before_sha", "after_sha"]
    row = SimpleNamespace(**dict.fromkeys(names, 1), body=body)
    assert describe_audit(row)["body"] is None


def test_an_audit_row_has_its_body_as_an_object() -> None:
    names = ("id", "actor", "action", "object", "run_id", "fence", "before_sha", "after_sha")
    row = SimpleNamespace(**dict.fromkeys(names), at=1_000_000, body='{"a":1}')
    told = describe_audit(row)
    assert (told["at"], told["body"]) == ("1970-01-01T00:00:01Z", {"a": 1})
