"""JSON lists, one object after the other."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from backline.reports.format import Refused
from backline.reports.json_records import LONGEST, JsonRecords


def write(path: Path, text: str | bytes) -> JsonRecords:
    """A file of this text."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return JsonRecords(path, "x.json")


def test_objects_in_any_dress(tmp_path: Path) -> None:
    records = [{"a": number, "b": ["]", "}"], "c": None} for number in range(3000)]
    for text in (json.dumps(records), json.dumps(records, indent=4), "\ufeff" + json.dumps(records)):
        found = write(tmp_path / "x", text)
        assert list(found.read()) == records
        assert found.done == found.size


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    row = json.dumps({"a": "x" * 900})
    found = write(tmp_path / "x", "[" + ",\n".join([row] * 20_000) + "]")
    tracemalloc.start()
    try:
        assert sum(1 for _ in found.read()) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('[{"a": 1}, {"a": ', "broken"),
        ('[{"a": 1} {"a": 2}]', "broken"),
        ('[{"a": 1}, 5]', "json"),
        ('[{"a": ' + "9" * 5000 + "}]", "broken"),
        ('[{"a": ' + "[" * 50_000 + "]", "broken"),
        ('[{"a": "' + "x" * LONGEST + '"}]', "giant_row"),
        (b'[{"a": "\xff"}]', "encoding"),
    ],
)
def test_damage_is_refused(tmp_path: Path, text: str | bytes, kind: str) -> None:
    with pytest.raises(Refused) as caught:
        list(write(tmp_path / "x", text).read())
    assert caught.value.kind == kind
