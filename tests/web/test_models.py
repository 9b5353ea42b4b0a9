"""What the API takes: strict about names and bounds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from backline.web.models import NewAnswer, NewRun, RunOptions


@pytest.mark.parametrize(
    "options",
    [
        {"countdown": -1}, {"countdown": 1e300}, {"countdown": float("nan")}, {"expires": 0}, {"priority": 10},
        {"eta": "2026-08-31T10:00:00"}, {"eta": "tomorrow"}, {"queue": "other"}, {"countdown": "2026-08-31T10:00:00Z"},
        {"expires": "2026-08-31T10:00:00"}, {"expires": "60"}, {"deadline": True}, {"deadline": 1e300},
        {"deadline": float("nan")}, {"expires": []},
    ],
)  # fmt: skip
def test_options_that_cannot_be(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RunOptions.model_validate(options)


def test_options_that_can() -> None:
    given = {"eta": "2026-08-31T10:00:00+02:00", "expires": 60, "deadline": 3600.5, "priority": 9}
    assert RunOptions.model_validate(given).expires == 60
    moment = "2026-08-31T10:00:00+02:00"
    found = RunOptions.model_validate({"expires": moment, "deadline": moment})
    assert found.expires == found.deadline == datetime(2026, 8, 31, 8, tzinfo=UTC)
    assert found.model_dump(mode="json")["expires"] == moment


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"task": ""},
        {"task": "a\0b"},
        {"task": "a", "job": []},
        {"task": "a", "odd": 1},
        {"task": "\ud800"},
    ],
)
def test_runs_that_cannot_be(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NewRun.model_validate(body)


@pytest.mark.parametrize("why", ["", "  ", "a\0", "x" * 2001, "\ud800"])
def test_reasons_that_cannot_be(why: str) -> None:
    with pytest.raises(ValidationError):
        NewAnswer(why=why)
