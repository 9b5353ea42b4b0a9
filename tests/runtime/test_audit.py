"""Secrets and personal data never reach an audit row or an error text."""

from __future__ import annotations

import json
from datetime import date
from enum import Enum
from typing import Annotated

import pytest
from pydantic import BaseModel, field_serializer

from backline.errors import BadInput
from backline.runtime.audit import (
    STRUCK,
    Secrets,
    canonical_json,
    describe_job,
    digest,
    list_private,
    make_entry,
)
from backline.runtime.submit import Ask, submit_run
from backline.runtime.task import Job, Private
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import Done, declare


def test_secrets_and_private_fields_are_struck_out(stage: MakeStage) -> None:
    def work(job: Personal) -> Done:
        raise BadInput(f"{job.mail} with hunter22 at postgresql://joe:pa55word@db/x: token=abc123")

    task = declare()(work)
    on = stage(task)
    with on.database.write() as connection:
        job = Personal(mail="ann@example.org", api_token="tok-1234", note="hunter22")
        run_id = submit_run(connection, on.database.now_sql, task, job, Ask("t"), 25.0)
    on.run()
    seen = on.row(run_id).error_text + on.attempts(run_id)[0].error_text + on.audits(run_id)[0].body
    for secret in ("ann@example.org", "hunter22", "pa55word", "abc123", "tok-1234"):
        assert secret not in seen
    assert json.loads(on.audits(run_id)[0].body)["job"] == {
        "mail": "[struck out]",
        "api_token": "[struck out]",
        "note": "[struck out]",
    }


class Personal(Job):
    """A job with what nobody else should see."""

    mail: Annotated[str, Private()]
    api_token: str
    note: str


class Contact(BaseModel):
    """A part of a job."""

    name: str
    phone: Annotated[str | None, Private()] = None


class Deep(Job):
    """A job with private fields at every depth."""

    contact: Contact
    others: list[Contact]
    by_role: dict[str, Contact]
    maybe: Annotated[str, Private()] | None
    marked: Annotated[list[str], Private]
    plain: str = "seen"


DEEP = Deep(
    contact=Contact(name="Ann", phone="555-0001"),
    others=[Contact(name="Bob", phone="555-0002")],
    by_role={"manager": Contact(name="Cy", phone="555-0003")},
    maybe="555-0004",
    marked=["555-0005"],
)


def test_private_fields_are_struck_out_at_every_depth() -> None:
    tree = describe_job(DEEP)
    assert tree == {
        "contact": {"name": "Ann", "phone": STRUCK},
        "others": [{"name": "Bob", "phone": STRUCK}],
        "by_role": {"manager": {"name": "Cy", "phone": STRUCK}},
        "maybe": STRUCK,
        "marked": STRUCK,
        "plain": "seen",
    }
    assert sorted(list_private(DEEP)) == [f"555-000{number}" for number in range(1, 6)]
    assert list_private(None) == []


class Mood(Enum):
    """A key that JSON writes by its value."""

    CALM = "calm"


class Keyed(Job):
    """Keys that JSON writes otherwise than `str` does, sets, and a serializer of the job's own."""

    by_mood: dict[Mood, Contact]
    by_day: dict[date, int]
    many: frozenset[int]
    folded: Contact

    @field_serializer("folded")
    def fold(self, contact: Contact) -> str:
        """One text for both."""
        return f"{contact.name} {contact.phone}"


def test_keys_of_any_kind_are_dumped_and_what_cannot_be_compared_is_struck_out_whole() -> None:
    contact = Contact(name="Ann", phone="555-0001")
    job = Keyed(
        by_mood={Mood.CALM: contact}, by_day={date(2026, 1, 2): 3}, many=frozenset({1}), folded=contact
    )
    assert describe_job(job) == {
        "by_mood": {"calm": {"name": "Ann", "phone": STRUCK}},
        "by_day": {"2026-01-02": 3},
        "many": [1],
        "folded": STRUCK,
    }


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("password=abc", "password=[struck out]"),
        ("api_key: abc, next", "api_key: [struck out], next"),
        ('{"token": "two words", "a": 1}', '{"token": "[struck out]", "a": 1}'),
        ("{'client_secret': 'it\\'s two'}", "{'client_secret': '[struck out]'}"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer [struck out]"),
        ("Authorization: Basic dXNlcjpwdw==", "Authorization: Basic [struck out]"),
        ("redis://:secret@h/0 and amqp://u:pw@h", "redis://:[struck out]@h/0 and amqp://u:[struck out]@h"),
        ("GET /x?access_token=abc&page=2", "GET /x?access_token=[struck out]&page=2"),
        ("known value s3cr3t-value here", "known value [struck out] here"),
        ("nothing to hide: artist 12, 3 tokens", "nothing to hide: artist 12, 3 tokens"),
    ],
)
def test_what_looks_like_a_secret_is_struck_out(text: str, left: str) -> None:
    assert Secrets(["s3cr3t-value", "abc"]).strike(text) == left


def test_what_is_learnt_later_is_struck_out_however_it_is_spelt() -> None:
    secrets = Secrets(["s3cr3t-value"])
    secrets.learn('pass"word/é')
    secrets.learn("abc")  # too short to tell from other words
    told = secrets.strike("""s3cr3t-value pass"word/é pass%22word%2F%C3%A9 pass\\"word/\\u00e9 abc""")
    assert told == f"{STRUCK} {STRUCK} {STRUCK} {STRUCK} abc"


def test_trees_are_struck_out_by_key_and_by_value() -> None:
    tree = {"Token": 5, "list": ["x s3cr3t-value", {"password": None, "cookie": "c"}], 7: True}
    assert Secrets(["s3cr3t-value"]).strike_tree(tree) == {
        "Token": STRUCK,
        "list": [f"x {STRUCK}", {"password": None, "cookie": STRUCK}],
        "7": True,
    }


def test_equal_content_is_equal_text_and_never_breaks() -> None:
    assert canonical_json({"b": 1, "a": [None, "é"]}) == '{"a":[null,"é"],"b":1}'
    assert canonical_json({"file": "odd\udc80"}).encode() == b'{"file":"odd\\udc80"}'
    assert digest(None) is None and digest("") != digest(" ")
    entry = make_entry("ann", "x.y", "o:1", Secrets(), token="t", file="f")
    assert entry.body == f'{{"file":"f","token":"{STRUCK}"}}'
