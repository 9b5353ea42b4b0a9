"""What a run says of an artist: strict, so that nothing of the platform slips into an answer that outlives it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from backline.tasks.work.artist_answer import ArtistNews, ReleaseChange

NEWS = {
    "artist": "art_1", "platform_id": "p1", "releases": 2, "new": ["a"], "gone": [], "again": [], "read": 1, "left": 0,
    "changed": [{"release": "b", "field": "released"}], "seen_within": 1, "seen_within_days": None,
}  # fmt: skip


def test_ids_and_counts_and_no_title() -> None:
    news = ArtistNews.model_validate(NEWS)
    assert news.changed == [ReleaseChange(release="b", field="released")]
    assert news.model_dump() == NEWS
    with pytest.raises(ValidationError, match="title"):
        ArtistNews.model_validate(NEWS | {"title": "A Song"})
    with pytest.raises(ValidationError, match="field"):
        ReleaseChange.model_validate({"release": "b", "field": "label"})
