"""Tracks of some artists, placed one by one: titles that are told twice, ISRCs that name a track anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backline.music import fold_name

# Artist no, title, ISRC, day of release (ISO 8601), UPC.
TrackName = tuple[int, str, str | None, str | None, str | None]


class KnownTrack:
    """A track known or to be made (`no` 0)."""

    __slots__ = ("artist_no", "is_filled", "is_new", "isrc", "no", "released", "title", "upc")

    def __init__(self, no: int, name: TrackName) -> None:
        self.no = no
        self.artist_no, self.title, self.isrc, self.released, self.upc = name
        self.is_new, self.is_filled = not no, False

    @property
    def name(self) -> TrackName:
        """As it is told."""
        return self.artist_no, self.title, self.isrc, self.released, self.upc

    def fill(self, isrc: str | None, released: str | None, upc: str | None) -> None:
        """What was not known so far."""
        for name, value in (("isrc", isrc), ("released", released), ("upc", upc)):
            if value and getattr(self, name) is None:
                setattr(self, name, value)
                self.is_filled = True


class Shelf:
    """The tracks of some artists, given oldest first and with folded titles."""

    def __init__(self, known: Iterable[KnownTrack]) -> None:
        self._titles: dict[tuple[int, str], list[KnownTrack]] = {}
        self._codes: dict[tuple[int, str], KnownTrack] = {}
        for track in known:
            self._put(track, track.title)

    def place(self, wanted: Sequence[TrackName]) -> list[KnownTrack]:
        """The track that each name means, a new one where there is none."""
        days: dict[tuple[int, str], set[str]] = {}
        for artist_no, title, isrc, released, _ in wanted:
            if released and not isrc:
                days.setdefault((artist_no, fold_name(title)), set()).add(released)
        return [
            self._place(name, is_one=len(days.get((name[0], fold_name(name[1])), ())) < 2) for name in wanted
        ]

    def _place(self, wanted: TrackName, *, is_one: bool) -> KnownTrack:
        artist_no, title, isrc, released, upc = wanted
        folded = fold_name(title)
        track = self._find(artist_no, folded, isrc, released, is_one=is_one)
        if track is None:
            track = KnownTrack(0, (artist_no, title.strip(), isrc, released, upc))
            self._put(track, folded)
        else:
            track.fill(isrc, released, upc)
            if track.isrc:
                self._codes.setdefault((artist_no, track.isrc), track)
        return track

    def _put(self, track: KnownTrack, folded: str) -> None:
        self._titles.setdefault((track.artist_no, folded), []).append(track)
        if track.isrc:
            self._codes.setdefault((track.artist_no, track.isrc), track)

    def _find(
        self, artist_no: int, folded: str, isrc: str | None, released: str | None, *, is_one: bool
    ) -> KnownTrack | None:
        same_title = self._titles.get((artist_no, folded), [])
        if isrc:
            nameless = [track for track in same_title if track.isrc is None]
            return self._codes.get((artist_no, isrc)) or (nameless[0] if nameless else None)
        exact = [track for track in same_title if released and track.released == released]
        if exact:
            return exact[0]
        if is_one:
            return same_title[0] if same_title else None
        undated = [track for track in same_title if released is None or track.released is None]
        return undated[0] if undated else None
