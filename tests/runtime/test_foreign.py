"""A foreign task takes any name and any call; what it is given must be JSON and must fit."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from backline.errors import BadInput
from backline.runtime.audit import describe_job
from backline.runtime.foreign import (
    LONGEST,
    Call,
    ForeignTask,
    PrivateCall,
    Returned,
    limit_call,
    list_foreign_tasks,
    make_foreign_task,
)


def fit(order: int, urgent: bool = False) -> None: ...


def make(name: str = "shop.orders.tasks.send", private: bool = False, **options: Any) -> ForeignTask:
    given = {"limits": limit_call(None, None), "check": fit} | options
    return make_foreign_task(
        name, lambda call: Returned(returned=call.args), words="Send.", private=private, **given
    )


def test_a_name_of_any_form_with_a_queue_of_its_own() -> None:
    task = make(family="mail")
    assert (task.queue, task.words.de, task.version) == ("mail", "Send.", 1)
    assert make("plain").queue == "durable"
    assert list_foreign_tasks()["plain"].name == "plain"
    assert task(Call(args=[1])).returned == [1]


def test_a_call_is_the_job() -> None:
    task = make()
    job = task.read_job(7, urgent=True)
    assert job.model_dump() == {"args": [7], "kwargs": {"urgent": True}}
    assert task.read_job(job) is job
    assert task.read_json('{"args":[7],"kwargs":{"urgent":true}}') == job
    assert make(check=None).read_job("anything", goes=1).model_dump()["kwargs"] == {"goes": 1}


@pytest.mark.parametrize("args", [(), (1, 2, 3)])
def test_a_call_that_does_not_fit_is_bad_input(args: tuple[Any, ...]) -> None:
    with pytest.raises(BadInput, match=r"shop\.orders\.tasks\.send"):
        make().read_job(*args)


def test_what_is_not_json_is_bad_input_with_a_remedy() -> None:
    with pytest.raises(BadInput, match="by its id"):
        make().read_job(object())


def test_private_arguments_are_in_no_audit_row() -> None:
    job = make(private=True).read_job(7)
    assert isinstance(job, PrivateCall)
    assert "7" not in str(describe_job(job))
    assert "7" in str(describe_job(make().read_job(7)))


def test_limits_of_a_call() -> None:
    assert limit_call(None, None).hard == LONGEST
    assert (limit_call(5, 9).soft, limit_call(5, 9).hard) == (9, 9)  # of 5 the code hears by itself
    assert limit_call(5, None).hard == LONGEST


def test_what_makes_json_of_the_arguments_is_said() -> None:
    task = make(check=None, dump=lambda call: json.dumps(call, default=str))
    assert task.read_job(date(2026, 1, 2)) == task.read_call({"args": ["2026-01-02"], "kwargs": {}})
