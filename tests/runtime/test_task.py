"""@task: what registration refuses, how a job is read, and what words a task has."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, Field

from backline.errors import BadInput
from backline.runtime.door import Doors
from backline.runtime.task import Answer, BadTask, Job, Limits, Private, Task, read_words, task
from tests.runtime.stage import Done, Word, declare


class Order(Job):
    """A job with bounds and several types."""

    artist_id: str = Field(min_length=1, max_length=20)
    days: int = Field(7, ge=1, le=90)
    begin: date | None = None
    price: Decimal = Decimal(0)
    exact: bool = False


class Versioned(Answer):
    """An answer with a field that the runtime writes."""

    version: str = ""


def take(job: Order) -> Done:
    return Done(word=job.artist_id)


def no_words(job: Word) -> Done:
    return Done()


def no_job(number: int) -> Done:
    return Done()


def no_parameters() -> Done:
    return Done()


def no_answer(job: Word) -> int:
    return 1


def untyped(job: Word, thing) -> Done:
    return Done()


def doubled(job: Word) -> Versioned:
    return Versioned()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (no_job, "first parameter"),
        (no_parameters, "first parameter"),
        (no_answer, "return type must be an Answer"),
        (untyped, "parameter thing has no type"),
        (doubled, "version"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_registration_refuses_what_has_no_models(function: Any, words: str) -> None:
    with pytest.raises(BadTask, match=words):
        declare()(function)


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (None, "lacks en, fr, de"),
        ("", "lacks en, fr, de"),
        ("English only.", "lacks fr, de"),
        ("English.\n\n[fr]\nFrançais.", "lacks de"),
        ("English.\n\n[fr]\n\n[de]\nDeutsch.", "lacks fr"),
        ("[fr]\nFrançais.\n\n[de]\nDeutsch.", "lacks en"),
    ],
)
def test_registration_refuses_a_missing_language(words: str | None, missing: str) -> None:
    no_words.__doc__ = words
    with pytest.raises(BadTask, match=missing):
        task("probe.work", version=1)(no_words)


def test_words_are_found_in_each_language() -> None:
    words = read_words("x.y", "  Reads.\n\n  More.\n\n  [fr]\n  Lit.\n\n  [de]\n  Liest.\n  Mehr.")
    assert words.en == "Reads.\n\nMore."
    assert (words.in_language("fr"), words.in_language("de")) == ("Lit.", "Liest.\nMehr.")


@pytest.mark.parametrize(
    "name", ["work", "Probe.work", "probe.work.more", "probe.", "pro be.work", "probe.wörk"]
)
def test_registration_refuses_a_name_without_a_family(name: str) -> None:
    with pytest.raises(BadTask, match=r"family\.function"):
        declare(name)(take)


@pytest.mark.parametrize(
    ("version", "upgrades", "missing"),
    [(2, {}, "1"), (3, {1: dict}, "2"), (3, {2: dict}, "1"), (0, {}, "0")],
)
def test_registration_refuses_a_version_without_upgraders(
    version: int, upgrades: dict[int, Any], missing: str
) -> None:
    with pytest.raises(BadTask, match=rf"upgrader for stored jobs of \[?{missing}"):
        declare(version=version, upgrades=upgrades)(take)
    declare(version=3, upgrades={1: dict, 2: dict})(take)


def test_a_task_is_still_the_function() -> None:
    made = declare()(take)
    assert made(Order(artist_id="a")).word == "a"
    assert made.queue == "probe"
    assert made.limits == Limits() and made.words.en == "A probe."


def test_positional_arguments_fill_the_fields_in_order() -> None:
    made = declare()(take)
    job = made.read_job("a", 3, date(2026, 1, 2), price=Decimal("1.50"))
    assert job == Order(artist_id="a", days=3, begin=date(2026, 1, 2), price=Decimal("1.50"))
    assert made.read_job(job) is job


@pytest.mark.parametrize(
    ("args", "kwargs", "words"),
    [
        ((), {}, "artist_id: Field required"),
        (("",), {}, "artist_id: String should have at least 1"),
        (("a", 0), {}, "days: .* greater than or equal to 1"),
        (("a", 91), {}, "days: .* less than or equal to 90"),
        (("a", "3"), {}, "days: .* valid integer"),
        (("a", 3.5), {}, "days: .* valid integer"),
        (("a",), {"exact": 1}, "exact: .* valid boolean"),
        (("a",), {"begin": "soon"}, "begin: "),
        ((5,), {}, "artist_id: .* valid string"),
        (("a",), {"dayz": 3}, "dayz: Extra inputs are not permitted"),
        (("a",), {"artist_id": "b"}, "artist_id is given twice"),
        (("a", 1, None, 1, True, 6), {}, "at most 5 arguments: artist_id, days, begin, price, exact"),
        ((object(),), {}, "not JSON"),
        (("a\udc80",), {}, "not JSON"),
    ],
)
def test_what_the_job_does_not_take_is_refused_with_its_field(
    args: tuple[Any, ...], kwargs: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        declare()(take).read_job(*args, **kwargs)


class Weighed(Job):
    """A job with a fraction."""

    weight: float


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_none_is_refused(weight: float) -> None:
    def weigh(job: Weighed) -> Done:
        return Done(word=str(job.weight))

    with pytest.raises(BadInput, match="weight: Input should be a finite number"):
        declare()(weigh).read_job(weight)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"artist_id": "a", "days": 1e3}'])
def test_json_that_is_no_such_job_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        declare()(take).read_json(text)


def test_delay_goes_through_the_door() -> None:
    went: list[Any] = []

    class Door:
        def submit(self, task: Task[Any, Any], job: Job, options: Any) -> str:
            went.append((task.name, job, dict(options)))
            return "handle"

    former = Doors.open
    Doors.open = lambda name: Door()
    try:
        made = declare()(take)
        assert made.delay("a", days=2) == "handle"
        made.apply_async(("b",), {"days": 3}, countdown=5)
    finally:
        Doors.open = former
    assert went[0] == ("probe.work", Order(artist_id="a", days=2), {})
    assert went[1] == ("probe.work", Order(artist_id="b", days=3), {"countdown": 5})


def test_a_task_with_a_concurrency_key_cannot_be_short() -> None:
    assert declare(short=True)(take).short
    with pytest.raises(BadTask, match="is short: it cannot wait"):
        declare(short=True, concurrency=lambda job: job.artist_id)(take)


@pytest.mark.parametrize(
    "limits", [{"soft": 0}, {"soft": 90, "hard": 60}, {"deadline": 0}, {"expires": -1}, {"hard": -1}]
)
def test_limits_that_cannot_be_are_refused(limits: dict[str, float]) -> None:
    with pytest.raises(BadTask, match="Limits are positive"):
        Limits(**limits)
    with pytest.raises(BadTask, match="never let it run"):
        declare(concurrency=lambda job: job.artist_id, concurrency_limit=0)(take)


def _check_mail(value: str) -> str:
    raise ValueError(f"not a mail: {value}")


class Mailed(Job):
    mail: Annotated[str, Private(), AfterValidator(_check_mail)]


class Letter(Job):
    number: int = 0
    to: Mailed | None = None


@pytest.mark.parametrize(
    ("model", "job"), [(Mailed, {"mail": "joe#home"}), (Letter, {"to": {"mail": "joe#home"}})]
)
def test_a_validator_s_words_do_not_give_a_private_value_away(model: type[Job], job: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as caught:
        _take(model).read_json(json.dumps(job))
    assert "mail" in str(caught.value) and "joe" not in str(caught.value)


def test_a_validator_s_words_are_told_where_nothing_is_private() -> None:
    with pytest.raises(BadInput, match="valid integer"):
        _take(Letter).read_json('{"number": "x"}')


def _take(model: type[Job]) -> Task[Any, Any]:
    def work(job: Job) -> Done:
        return Done()

    work.__annotations__["job"] = model
    made: Task[Any, Any] = declare()(work)
    return made
