"""`backline tasks` lists and describes tasks in three languages."""

from __future__ import annotations

import pytest

from backline.cli.tasks import list_fields
from tests.cli.conftest import Call


@pytest.mark.usefixtures("probe")
class TestWithPlugIn:
    """With the tasks of a plug-in."""

    def test_list(self, call: Call) -> None:
        rows = {row["task"]: row for row in call("tasks", "list", "--json").lines}
        assert rows["probe.add"]["words"] == "Adds two numbers. Writes nothing."

    @pytest.mark.parametrize(("lang", "words"), [("en", "Adds"), ("fr", "Additionne"), ("de", "Zählt")])
    def test_describe(self, call: Call, lang: str, words: str) -> None:
        result = call("tasks", "describe", "add", "--lang", lang)
        assert result.code == 0
        assert words in result.out
        assert "probe.add  v1" in result.out

    def test_describe_as_json(self, call: Call) -> None:
        description = call("tasks", "describe", "probe.add", "--json").one
        one, two = description["job"]
        assert (one["field"], one["type"], one["required"]) == ("one", "integer", True)
        assert (two["default"], two["required"]) == (2, False)
        assert description["limits"]["soft"] == 60.0

    def test_unknown_task(self, call: Call) -> None:
        assert call("tasks", "describe", "nothing").code == 2


def test_fields_of_a_schema() -> None:
    schema = {
        "$defs": {"Way": {"enum": ["up", "down"]}},
        "properties": {
            "way": {"$ref": "#/$defs/Way"},
            "names": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "share": {"anyOf": [{"type": "number", "maximum": 1}, {"type": "null"}], "default": None},
        },
        "required": ["way"],
    }
    found = {field["field"]: field for field in list_fields(schema)}
    assert found["way"]["type"] == "up | down"
    assert (found["names"]["type"], found["names"]["bounds"]) == ("list of string", "items ≥ 1")
    assert (found["share"]["type"], found["share"]["bounds"]) == ("number | null", "≤ 1")
