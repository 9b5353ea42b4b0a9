"""What came of a file."""

from __future__ import annotations

from backline.storage.import_lines import ImportLine

LINE = ImportLine(file="x.csv", format=None, outcome="needs_mapping", import_id="imp_1", draft="a = 1")


def test_digest_is_of_what_the_row_keeps() -> None:
    assert LINE.digest() == LINE.model_copy(update={"draft": None}).digest()
    assert LINE.digest() != LINE.model_copy(update={"file": "y.csv"}).digest()


def test_keys_are_those_that_programs_rely_on() -> None:
    assert list(LINE.model_dump(exclude={"draft"})) == [
        "file", "format", "outcome", "import_id", "rows", "rejected", "totals", "days", "remedy",
    ]  # fmt: skip
    assert list(LINE.model_dump()["rows"]) == ["read", "accepted", "rejected", "ignored"]
