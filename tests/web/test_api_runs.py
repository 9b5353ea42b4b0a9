"""/api/v1/runs: asked for once however often it is said, read, decided about by the key's user."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import text

from backline.runtime.audit import STRUCK
from backline.storage.audits import list_audit
from backline.storage.run_tables import STATES
from backline.storage.runs import read_run
from backline.web.api import make_api
from backline.wiring import House
from tests.storage.rows import make_run
from tests.web.houses import Caller, make_key

RUNS = "/api/v1/runs"
BODY: dict[str, Any] = {"task": "probe.add", "job": {"one": 1}}
NOBODY = "01a20fa0-d1ef-7235-a3d0-1bb892995c60"


def count_runs(house: House) -> int:
    with house.database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM backline_run")).scalar_one())


def test_a_run_is_made_and_its_bell_rung(house: House, call: Caller) -> None:
    answer = call("POST", RUNS, json={**BODY, "task": "add", "options": {"priority": 0, "deadline": 60}})
    run = answer.json()
    assert answer.status_code == 201 and answer.headers["location"] == f"{RUNS}/{run['id']}"
    assert (run["task"], run["state"], run["asked_by"], run["priority"]) == ("probe.add", "queued", "ann", 0)
    assert run["job"] == {"one": 1, "two": 2, "word": ""} and run["deadline_at"] and run["attempts"] == []
    assert house.bells.rung == ["probe"]
    assert call("GET", answer.headers["location"]).json() == run


def test_a_run_of_later_waits(house: House, call: Caller) -> None:
    for options in ({"countdown": 60}, {"eta": "2099-01-01T00:00:00Z", "expires": 99_999_999_999 / 1e2}):
        answer = call("POST", RUNS, json={**BODY, "options": options})
        assert answer.json().get("state") == "scheduled", answer.text
    assert house.bells.rung == []


def test_expires_and_deadline_may_be_moments(call: Caller) -> None:
    moment = "2099-01-01T00:00:00+01:00"
    run = call("POST", RUNS, json={**BODY, "options": {"expires": moment, "deadline": moment}}).json()
    assert run["deadline_at"].startswith("2098-12-31T2")
    answer = call("POST", RUNS, json={**BODY, "options": {"expires": "2099-01-01T00:00:00"}})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["options.expires"]
    far = call("POST", RUNS, json={**BODY, "options": {"expires": "9999-01-01T00:00:00Z"}})
    assert far.status_code == 422 and "expires" in far.json()["detail"]


def test_the_same_key_and_body_are_one_run(house: House, call: Caller) -> None:
    first = call("POST", RUNS, json=BODY, headers={"idempotency-key": "k1"})
    again = call("POST", RUNS, json=BODY, headers={"idempotency-key": "k1"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"] and again.headers["location"] == first.headers["location"]
    others = ({"job": {"one": 2}}, {"task": "add"}, {"options": {"priority": 1}})
    for other in others:
        answer = call("POST", RUNS, json={**BODY, **other}, headers={"idempotency-key": "k1"})
        assert answer.status_code == 409 and first.json()["id"] in answer.json()["detail"]
    assert call("POST", RUNS, json=BODY, headers={"idempotency-key": "k2"}).status_code == 201
    bob = Caller(call.api, make_key(house.database, user="bob"))
    assert bob("POST", RUNS, json=BODY, headers={"idempotency-key": "k1"}).status_code == 201
    assert count_runs(house) == 3


def test_the_same_key_at_once_is_one_run(house: House, call: Caller) -> None:
    gate, answers = threading.Barrier(6), []

    def ask() -> None:
        gate.wait()
        answers.append(call("POST", RUNS, json=BODY, headers={"idempotency-key": "k"}))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["id"] for answer in answers}) == count_runs(house) == 1


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"task": "probe.add", "job": {"one": "x", "odd": 1}}, ["job.one", "job.odd"]),
        ({"task": "probe.add"}, ["job.one"]),
        ({"task": "probe.add", "job": {"one": 1, "word": "a\0"}}, ["job.word"]),
        ({"task": "probe.add", "job": {"one": 1, "word": ["\0"]}}, ["job.word.0"]),
        ({"task": "probe.add", "job": {"one": 1}, "options": {"priority": 10}}, ["options.priority"]),
        ({"task": "probe.add", "job": {"one": 1}, "options": {"priority": True}}, ["options.priority"]),
        ({"task": "probe.add", "job": {"one": 1}, "options": {"priority": "3"}}, ["options.priority"]),
        ({"task": "probe.add", "job": {"one": 1}, "options": {"countdown": "3"}}, ["options.countdown"]),
        ({"task": "probe.add", "job": {"one": 1}, "options": {"eta": 1}}, ["options.eta"]),
        ({"task": "probe.add", "job": {"one": 1}, "options": {"eta": "1"}}, ["options.eta"]),
        (
            {"task": "probe.add", "job": {"one": 1}, "options": {"eta": "2099-01-01T00:00:00"}},
            ["options.eta"],
        ),
        ({"task": "probe.add", "job": {"one": 1}, "odd": 1}, ["odd"]),
        ({}, ["task"]),
        ([], ["body"]),
    ],
)
def test_a_field_that_cannot_be_used_is_named(
    call: Caller, house: House, body: Any, fields: list[str]
) -> None:
    answer = call("POST", RUNS, json=body)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == fields
    assert answer.json()["remedy"] and count_runs(house) == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 422), (b"", 422), (b"[" * 10_000, 400), (b'{"task": "probe.add", "job": {"one": 1e999}}', 422),
        (b'{"task": "probe.add", "job": {"one": NaN}}', 422), (b"\xff\xfe", 422),
        (b'{"task": "probe.add", "job": {"one": 1, "word": "\\ud800"}}', 422), (b'{"task": "\\ud800"}', 422),
        (b'{"task": "probe.add", "job": {"one": ' + b"9" * 5000 + b"}}", 400),
        (b'{"task": "probe.add", "options": {"eta": "0001-01-01T00:00:00+23:59"}, "job": {"one": 1}}', 422),
        (b'{"task": "probe.add", "options": {"eta": "9999-12-31T23:59:59-23:59"}, "job": {"one": 1}}', 422),
    ],
)  # fmt: skip
def test_bodies_that_nobody_means(call: Caller, body: bytes, status: int) -> None:
    answer = call("POST", RUNS, content=body, headers={"content-type": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code in (status, 400, 422), answer.text


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[" * 10_000, "nested too deeply"),
        (b'{"task": "probe.add", "job": {"one": ' + b"9" * 5000 + b"}}", "too many digits"),
        (b'{"task": "\xff"}', "not UTF-8"),
    ],
)
def test_a_body_that_cannot_be_read_is_told_with_a_remedy(call: Caller, body: bytes, words: str) -> None:
    answer = call("POST", RUNS, content=body, headers={"content-type": "application/json"})
    told = answer.json()
    assert (answer.status_code, [error["field"] for error in told["errors"]]) == (422, ["body"])
    assert words in told["detail"]
    assert told["remedy"]


def test_an_unknown_task(call: Caller) -> None:
    answer = call("POST", RUNS, json={"task": "probe.fly"})
    assert answer.status_code == 404 and "probe.fly" in answer.json()["detail"]


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "é"])
def test_keys_that_cannot_be(call: Caller, key: str) -> None:
    answer = call("POST", RUNS, json=BODY, headers={"idempotency-key": key.encode("latin-1")})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["Idempotency-Key"]


def test_pages_are_stable_while_new_runs_come_in(house: House, call: Caller) -> None:
    ids = [make_run(house.database) for _ in range(5)]
    seen, cursor = [], ""
    for _ in range(3):
        page = call("GET", f"{RUNS}?limit=2{cursor}").json()
        seen += [run["id"] for run in page["items"]]
        make_run(house.database)
        cursor = f"&cursor={page['next']}"
    assert seen == ids[::-1] and page["next"] is None


def test_filters(house: House, call: Caller) -> None:
    ids = {state: make_run(house.database, state=state) for state in STATES}
    other = make_run(house.database, task="probe.other", state="failed", answered_at=1)

    def found(query: str) -> set[str]:
        return {run["id"] for run in call("GET", f"{RUNS}?{query}").json()["items"]}

    assert found("state=failed&state=dead") == {ids["failed"], ids["dead"], other}
    assert found("task=probe.other") == {other}
    assert found("unanswered=true&state=failed") == {ids["failed"]}
    assert len(found("limit=200")) == len(STATES) + 1
    for query in (
        "state=odd",
        "task=a%00b",
        "task=x",
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=x",
        "unanswered=2",
    ):
        answer = call("GET", f"{RUNS}?{query}")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"].partition(".")[0] == query.partition("=")[0]


def test_secrets_are_struck_out(house: House, call: Caller) -> None:
    house.secrets.learn("correct horse")
    run = make_run(
        house.database, job='{"token": "x-y-z", "note": "the correct horse, a=b password=hush-hush"}'
    )
    for told in (call("GET", f"{RUNS}/{run}").json(), call("GET", RUNS).json()["items"][0]):
        assert told["job"]["token"] == STRUCK
        assert "correct horse" not in told["job"]["note"] and "hush" not in told["job"]["note"]


def test_cancel_and_retry_leave_the_user_s_name(house: House, call: Caller) -> None:
    run = make_run(house.database)
    done = call("POST", f"{RUNS}/{run}/cancel")
    assert (done.status_code, done.json()) == (200, {"id": run, "state": "cancelled", "was": "queued"})
    again = call("POST", f"{RUNS}/{run}/cancel")
    assert again.status_code == 409 and "is cancelled" in again.json()["detail"]
    back = call("POST", f"{RUNS}/{run}/retry")
    assert back.json() == {"id": run, "state": "queued", "was": "cancelled"}
    assert house.bells.rung == ["probe"]
    assert call("POST", f"{RUNS}/{run}/retry").status_code == 409
    told = make_run(house.database, canvas='{"queue": "canvas.team", "id": "x"}')
    call("POST", f"{RUNS}/{told}/cancel")
    assert house.bells.rung == ["probe", "canvas.team"]
    with house.database.read() as connection:
        rows = list_audit(connection, object=f"run:{run}")
    assert [(row.actor, row.action) for row in rows] == [("ann", "run.retry"), ("ann", "run.cancel")]


def test_a_failure_is_answered_with_a_reason(house: House, call: Caller) -> None:
    run = make_run(house.database, state="failed")
    for why in ("", " ", "a\0b"):
        answer = call("POST", f"{RUNS}/{run}/answer", json={"why": why})
        assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "why"
    assert call("POST", f"{RUNS}/{run}/answer", json={"why": "known"}).json()["state"] == "failed"
    with house.database.read() as connection:
        row = read_run(connection, run)
    assert (row.answered_by, row.answered_why) == ("ann", "known")
    fine = make_run(house.database, state="succeeded")
    assert call("POST", f"{RUNS}/{fine}/answer", json={"why": "known"}).status_code == 409


@pytest.mark.parametrize(("run", "status"), [(NOBODY, 404), (NOBODY[:13], 422), ("x", 422), ("%00", 422)])
def test_a_run_that_is_not_there(call: Caller, run: str, status: int) -> None:
    asked = [("GET", f"{RUNS}/{run}", None), ("GET", f"{RUNS}/{run}/events", None)]
    asked += [("POST", f"{RUNS}/{run}/{what}", None) for what in ("cancel", "retry")]
    asked += [("POST", f"{RUNS}/{run}/answer", {"why": "known"})]
    for method, path, body in asked:
        answer = call(method, path, json=body)
        assert answer.status_code == status, path


def test_a_key_that_may_only_read_changes_nothing(house: House) -> None:
    run = make_run(house.database)
    call = Caller(make_api(house, None), make_key(house.database, ("runs:read",)))
    for what in ("cancel", "retry", "answer"):
        assert call("POST", f"{RUNS}/{run}/{what}", json={"why": "x"}).status_code == 403
    assert call("GET", f"{RUNS}/{run}").json()["state"] == "queued"
