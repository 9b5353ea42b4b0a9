"""What a person played lately: the last 50 plays and no more, by cursor."""

from __future__ import annotations

from collections.abc import Iterator

from backline.spotify.payloads import CursorPage
from backline.spotify.payloads_lists import PlayHistory
from backline.spotify.routes import RECENTLY_PLAYED
from backline.spotify.voice import Voice


class Player:
    """The plays of the person of a voice."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def walk_plays(self, after_ms: int) -> Iterator[CursorPage[PlayHistory]]:
        """Plays after a moment (Unix milliseconds, itself not included), page by page towards the present.

        Resumed at `cursors.after` of the last page. An empty page has no cursors: where it was asked from, one asks again.
        """
        after = str(after_ms)
        while True:
            limit = RECENTLY_PLAYED.cap(self._voice.profile)
            page = self._voice.ask(CursorPage[PlayHistory], RECENTLY_PLAYED, limit=limit, after=after)
            yield page
            onward = page.cursors.after if page.cursors else None
            if page.next is None or onward is None or onward == after:
                return
            after = onward
