"""Shows and audiobooks have parts, by pages."""

from __future__ import annotations

import pytest

from tests.sandbox.guest import Guest


@pytest.mark.parametrize(("whole", "part"), [("show", "episode"), ("audiobook", "chapter")])
def test_a_whole_and_its_parts(guest: Guest, whole: str, part: str) -> None:
    talk = max(
        (one for one in guest.stage.world.talks.values() if one.kind == whole), key=lambda one: len(one.parts)
    )
    data = guest.get(f"{whole}s/{talk.id}").data
    page = guest.get(f"{whole}s/{talk.id}/{part}s", limit=2, offset=1).data
    assert [one["id"] for one in page["items"]] == talk.parts[1:3]
    assert data[f"{part}s"]["total"] == page["total"] == len(talk.parts)
    assert guest.get(f"{part}s/{talk.parts[0]}").data[whole]["id"] == talk.id
    assert "publisher" not in data
    assert guest.get(f"{whole}s/{talk.parts[0]}").status == 404
