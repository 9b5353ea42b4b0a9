"""A job from words on the command line."""

from __future__ import annotations

import pytest

from backline.cli.houses import open_house
from backline.cli.jobs import find_artist_id, read_job, read_value
from backline.errors import BadInput, UnknownName
from backline.storage.artists import add_artist

TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
MAYBE = {"anyOf": [{"type": "string"}, {"type": "null"}]}
LIST = {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        (TEXT, "7", "7"),
        (TEXT, "true", "true"),
        (NUMBER, "7", 7),
        (NUMBER, "seven", "seven"),
        (MAYBE, "null", None),
        (MAYBE, "x", "x"),
        (LIST, '["a", "b"]', ["a", "b"]),
        (LIST, "report.csv", ["report.csv"]),
    ],
)
def test_values_by_type(schema: dict[str, object], text: str, value: object) -> None:
    assert read_value(schema, text) == value


@pytest.mark.usefixtures("probe")
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["one"], "not of the form"),
        (["three=3"], "no field 'three'"),
        (["one=x"], "one"),
        ([], "one"),
    ],
)
def test_mistakes_are_named(settings: list[str], words: str) -> None:
    with open_house(tasks=True) as house, pytest.raises(BadInput) as caught:
        read_job(house, house.find_task("probe.add"), None, settings)
    assert words in str(caught.value)


@pytest.mark.usefixtures("probe")
def test_task_without_artist_refuses_one() -> None:
    with open_house(tasks=True) as house, pytest.raises(BadInput, match="takes no artist"):
        read_job(house, house.find_task("probe.add"), "Somebody", ["one=1"])


def test_an_artist_by_name() -> None:
    with open_house(tasks=True) as house:
        task = house.find_task("aggregate_metrics")
        with house.database.write() as connection:
            added = add_artist(connection, house.database.now_sql, "Nova", created_by="me").row
        assert find_artist_id(house, "NOVA") == added.id
        assert read_job(house, task, "nova", ["period=7d", "export=true"]).model_dump() == {
            "artist_id": added.id, "period": "7d", "export": True, "currency": None,
        }  # fmt: skip
        with pytest.raises(UnknownName, match="Nobody"):
            read_job(house, task, "Nobody", [])


def test_a_task_that_needs_an_artist_says_how_to_name_one() -> None:
    with open_house(tasks=True) as house:
        task = house.find_task("aggregate_metrics")
        with pytest.raises(BadInput, match="needs an artist") as caught:
            read_job(house, task, None, [])
        assert "--artist NAME" in (caught.value.remedy or "")
        assert read_job(house, task, None, ["artist_id=art_1"]).model_dump()["artist_id"] == "art_1"
