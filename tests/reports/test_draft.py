"""The drafted mapping."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backline.reports.draft import draft_mapping
from backline.reports.format import Refused
from backline.reports.mapping import read_mapping


def test_what_is_guessed_is_a_mapping() -> None:
    header = ["Reporting Date", "Sale Month", "Artist", "Title", "ISRC", "Quantity", "Country of Sale"]
    draft = draft_mapping(header)
    assert '"DD/MM/YYYY" (the same: "DD.MM.YYYY")' in draft
    mapping = read_mapping(draft)
    assert mapping.columns == {
        "date": "Sale Month",
        "artist": "Artist",
        "track": "Title",
        "isrc": "ISRC",
        "country": "Country of Sale",
        "statement": "Reporting Date",
        "streams": "Quantity",
    }
    assert mapping.date_form == "YYYY-MM"
    mapping = read_mapping(draft_mapping(["Reporting Date", "Artist", "Quantity"]))
    assert (mapping.date_form, mapping.columns["date"]) == ("auto", "Reporting Date")
    assert "statement" not in mapping.columns


@given(st.lists(st.text(max_size=30), max_size=8))
def test_any_header_gives_readable_toml(header: list[str]) -> None:
    try:
        read_mapping(draft_mapping([*header, "Streams"]))
    except Refused as refusal:
        assert "TOML" not in refusal.message
