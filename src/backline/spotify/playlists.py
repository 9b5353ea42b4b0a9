"""Endpoints of playlists: lists of them, their rows by pages, and writes, each of which answers a snapshot.

Adding and moving are not to be asked twice: where their answer is lost they raise `OutcomeUnknown`, and whoever asked
reads the rows before going on. Additions go one after the other; at once, half of them fail on the platform's side.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any

from backline.errors import BadInput
from backline.spotify.fields import HEAD_FIELDS, ROW_FIELDS, check_head, check_rows
from backline.spotify.payloads import OffsetPage
from backline.spotify.payloads_lists import PlaylistRow, PlaylistStub, Snapshot
from backline.spotify.routes import (
    ADD_ROWS,
    CHANGE_PLAYLIST,
    DROP_ROWS,
    MAKE_PLAYLIST,
    MOVE_ROWS,
    MY_PLAYLISTS,
    PLAYLIST,
    REPLACE_ROWS,
    ROWS,
    SET_COVER,
    Route,
)
from backline.spotify.voice import Voice, read_as

LARGEST_COVER = 256 * 1024  # bytes in base64
KINDS = "track,episode"


class Playlists:
    """The playlists that the person of a voice has."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def walk_mine(self, offset: int = 0) -> Iterator[OffsetPage[PlaylistStub]]:
        """Lists that a person made or follows, each with its snapshot: what has not changed need not be read."""
        return self._voice.walk(OffsetPage[PlaylistStub], MY_PLAYLISTS, offset=offset)

    def get(self, playlist_id: str, fields: str = HEAD_FIELDS) -> PlaylistStub:
        """One list without its rows."""
        return read_as(
            PlaylistStub,
            check_head(self._voice.fetch(PLAYLIST, playlist_id, fields=fields), PLAYLIST),
            PLAYLIST,
        )

    def walk_rows(
        self, playlist_id: str, offset: int = 0, fields: str = ROW_FIELDS
    ) -> Iterator[OffsetPage[PlaylistRow]]:
        """The slots of a list, gaps included, from `offset` on. Without a market, so that nothing is relinked."""
        limit, at = ROWS.cap(self._voice.profile), offset
        while True:
            data = self._voice.fetch(
                ROWS, playlist_id, limit=limit, offset=at, fields=fields, additional_types=KINDS
            )
            page = read_as(OffsetPage[PlaylistRow], check_rows(data, ROWS), ROWS)
            yield page
            if page.resume_at is None or not page.items:
                return
            at = page.resume_at

    def make(self, name: str, description: str = "", *, public: bool = False) -> PlaylistStub:
        """A new list, private unless it is said otherwise."""
        body = {"name": name, "description": description, "public": public}
        return read_as(PlaylistStub, self._voice.tell(MAKE_PLAYLIST, body=body), MAKE_PLAYLIST)

    def change(
        self, playlist_id: str, *, name: str | None = None, description: str | None = None,
        public: bool | None = None,
    ) -> None:  # fmt: skip
        """Other words for a list, or another visibility; what is None stays."""
        said = {"name": name, "description": description, "public": public}
        self._voice.tell(
            CHANGE_PLAYLIST,
            playlist_id,
            body={key: value for key, value in said.items() if value is not None},
        )

    def add_rows(self, playlist_id: str, uris: Sequence[str], position: int | None = None) -> str | None:
        """Add up to 100 at the end or in front of a slot."""
        body: dict[str, Any] = {"uris": _check_count(uris, ADD_ROWS)}
        return self._write(ADD_ROWS, playlist_id, body | ({} if position is None else {"position": position}))

    def replace_rows(self, playlist_id: str, uris: Sequence[str]) -> str | None:
        """These and no others, up to 100; none empties the list."""
        return self._write(REPLACE_ROWS, playlist_id, {"uris": _check_count(uris, REPLACE_ROWS)})

    def move_rows(self, playlist_id: str, start: int, before: int, length: int = 1) -> str | None:
        """Move a range in front of a slot, both counted as they stood before."""
        body = {"range_start": start, "insert_before": before, "range_length": length}
        return self._write(MOVE_ROWS, playlist_id, body)

    def drop_rows(self, playlist_id: str, uris: Sequence[str]) -> str | None:
        """Take out all copies of up to 100."""
        items = [{"uri": uri} for uri in _check_count(uris, DROP_ROWS)]
        return self._write(DROP_ROWS, playlist_id, {"items": items})

    def set_cover(self, playlist_id: str, picture: bytes) -> None:
        """A JPEG, seen some time later. Raises `BadInput` for one that is too large."""
        coded = base64.b64encode(picture)
        if len(coded) > LARGEST_COVER:
            raise BadInput("A cover has at most 192 KB as JPEG.", remedy="Make it smaller.")
        self._voice.tell(SET_COVER, playlist_id, content=coded)

    def _write(self, route: Route, playlist_id: str, body: dict[str, Any]) -> str | None:
        return read_as(Snapshot, self._voice.tell(route, playlist_id, body=body) or {}, route).snapshot_id


def _check_count(uris: Sequence[str], route: Route) -> list[str]:
    if len(uris) > route.most:
        raise BadInput(f"{route} takes {route.most} rows at once, not {len(uris)}.")
    return list(uris)
