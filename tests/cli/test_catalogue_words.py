"""The catalogue in words and as JSON."""

from __future__ import annotations

import pytest

from backline.cli.catalogue_words import describe_fact, describe_release, show_answer, tell
from backline.cli.screen import Screen
from backline.errors import NotAllowed
from backline.music import Fact, Provenance, refuse_spotify
from backline.storage.catalogue_read import Thing

OWN = Fact("Dawn", Provenance.OWN, "own_1", 1_000_000)
THEIRS = Fact("DAWN", Provenance.SPOTIFY_API, "x", 2_000_000)


def test_the_best_value_counts_and_each_has_its_source() -> None:
    thing = Thing("release", 1, "rel_1", {"title": (OWN, THEIRS)})
    assert (tell(thing, "title"), tell(thing, "upc")) == ("Dawn", None)
    assert describe_release(thing)["provenance"] == "own"
    assert describe_fact(THEIRS) == {
        "value": "DAWN", "provenance": "spotify_api", "source": "x", "seen_at": "1970-01-01T00:00:02Z",
    }  # fmt: skip


def test_a_row_with_one_value_of_spotify_is_its_content() -> None:
    day = Fact("2026-05-15", Provenance.SPOTIFY_API, "x", 2_000_000)
    row = describe_release(Thing("release", 1, "rel_1", {"title": (OWN, THEIRS), "released": (day,)}))
    assert (row["title"], row["provenance"]) == ("Dawn", "spotify_api")
    with pytest.raises(NotAllowed):
        refuse_spotify([row], "a model")
    assert describe_release(Thing("release", 1, "rel_1", {}))["provenance"] is None


def test_wrong_cells_that_were_not_named_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    cells = [
        {"line": 0, "field": "", "reason": "It is empty.", "remedy": "Fill it."},
        {"line": 2, "field": "isrc", "reason": "No ISRC.", "remedy": "Mend it."},
    ]
    counts = {"rows": 1, "wrong": 5}
    show_answer(
        Screen(),
        {
            "file": "x.csv",
            "outcome": "rejected",
            "counts": counts,
            "unread": [],
            "wrong": cells,
            "doubles": [],
        },
    )
    out = capsys.readouterr().out
    assert "x.csv: It is empty. Fill it." in out and "x.csv:2 isrc: No ISRC." in out and "and 3 more" in out
