"""The nouns of reading."""

from __future__ import annotations

import pyarrow as pa

from backline.reports.format import (
    FACT_SCHEMA,
    REJECTION_KINDS,
    Layout,
    NeedsMapping,
    Refused,
    Split,
    find_formats,
)


def test_the_formats_of_the_folder_are_found() -> None:
    names = {fmt.name for fmt in find_formats()}
    assert names >= {
        "s4a_audience",
        "s4a_songs",
        "s4a_song_timeline",
        "charts_daily",
        "charts_weekly",
        "table",
    }
    assert len(names) == len(find_formats())


def test_facts_have_fourteen_columns() -> None:
    assert FACT_SCHEMA.names[:3] == ["artist", "track", "isrc"]
    assert pa.record_batch([[]] * 14, schema=FACT_SCHEMA).num_rows == 0


def test_every_kind_of_rejection_has_words() -> None:
    assert all(words for words in REJECTION_KINDS.values())


def test_a_layout_knows_its_columns() -> None:
    layout = Layout(
        "x", "artist", 1, {"streams": "n"}, {"day": "d"}, split=Split("w", "-", ("artist", "track"))
    )
    assert layout.used_columns == ["d", "n", "w"]


def test_errors_carry_what_to_do() -> None:
    assert str(Refused("empty", "It is empty.", "Get it again.")) == "It is empty. Get it again."
    needs = NeedsMapping(("a", "b"), "draft")
    assert "a, b" in needs.message
    assert "--draft-map FILE" in (needs.remedy or "") and "--map FILE" in (needs.remedy or "")
