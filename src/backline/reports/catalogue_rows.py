"""Rows of a team's own catalogue: which of them are on one release, which tell one track, and where they contradict.

Rows of several artists add up: those that have one ISRC, or one place on one release, are one recording of them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from backline.music import fold_name


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One row. `title` is "" where it tells of a release alone, `release` where it tells of a recording alone."""

    line: int
    artist: str
    title: str = ""
    isrc: str | None = None
    release: str = ""
    upc: str | None = None
    released: str | None = None  # YYYY, YYYY-MM or YYYY-MM-DD
    form: str | None = None
    disc: int | None = None
    position: int | None = None
    duration_ms: int | None = None
    explicit: bool | None = None


@dataclass(frozen=True, slots=True)
class WrongCell:
    """A cell that cannot be used. `line`: of the file, 0: the file as a whole; `field`: a key of `COLUMNS`, or ""."""

    line: int
    field: str
    reason: str
    remedy: str


Mark = tuple[Any, ...]


def name_releases(rows: Sequence[CatalogueRow]) -> list[Mark | None]:
    """For each row what tells its release from others of the file; None where it is on none.

    Its UPC, else artist, title and date. Releases of several artists without UPC are one where title, date and a
    track are the same.
    """
    names = [_name_release(row) for row in rows]
    same: dict[Mark, Mark] = {}
    first: dict[Mark, Mark] = {}
    for row, name in zip(rows, names, strict=True):
        if name is None or row.upc:
            continue
        for track in _mark_track(row):
            other = _follow(same, first.setdefault((name[1:], track), name))
            if other != (mine := _follow(same, name)):
                same[mine] = other
    return [None if name is None else _follow(same, name) for name in names]


def sort_tracks(rows: Sequence[CatalogueRow]) -> list[list[CatalogueRow]]:
    """Rows of one release, those that tell the same track together, in the order of the file."""
    found: dict[Mark, list[CatalogueRow]] = {}
    by_isrc: dict[str, Mark] = {}
    for row in rows:
        if row.title:
            mark = by_isrc.get(row.isrc or "") or _name_track(row)
            if row.isrc:
                by_isrc.setdefault(row.isrc, mark)
            found.setdefault(mark, []).append(row)
    return list(found.values())


def _name_release(row: CatalogueRow) -> Mark | None:
    if not row.release:
        return None
    if row.upc:
        return (row.upc,)
    return fold_name(row.artist), fold_name(row.release), row.released or ""


def _follow(same: Mapping[Mark, Mark], name: Mark) -> Mark:
    while name in same:
        name = same[name]
    return name


def _name_track(row: CatalogueRow) -> Mark:
    """What tells a track from others of its release."""
    if row.position:
        return row.disc or 1, row.position
    return (row.isrc or fold_name(row.title),)


def _mark_track(row: CatalogueRow) -> Iterator[Mark]:
    if row.isrc:
        yield (row.isrc,)
    if row.title and row.position:
        yield fold_name(row.title), row.disc or 1, row.position


def check_together(rows: Sequence[CatalogueRow]) -> list[WrongCell]:
    """Where rows contradict each other; the later one is named."""
    wrong: list[WrongCell] = []
    recordings: dict[str, CatalogueRow] = {}
    releases: dict[Mark, CatalogueRow] = {}
    places: dict[Mark, list[CatalogueRow]] = {}
    for row, release in zip(rows, name_releases(rows), strict=True):
        if row.isrc:
            wrong += _compare(
                row, recordings.setdefault(row.isrc, row), _OF_RECORDING, f"the ISRC {row.isrc}"
            )
        if release is None:
            continue
        if row.upc:
            wrong += _compare(row, releases.setdefault(release, row), _OF_RELEASE, f"the UPC {row.upc}")
        if row.title:
            before = places.setdefault((release, _name_track(row)), [])
            wrong += _check_place(row, before)
            before.append(row)
    return wrong


def _check_place(row: CatalogueRow, before: Sequence[CatalogueRow]) -> Iterator[WrongCell]:
    """Whether a row may tell the same track as others: of another artist, and the same one for sure."""
    mine = fold_name(row.artist)
    first = next((one for one in before if fold_name(one.artist) == mine), None)
    if first is None:
        first = next((one for one in before if not _is_same_track(row, one)), None)
    if first is None:
        return
    if row.position:
        reason = f"Line {first.line} has the same place on this release."
        yield WrongCell(row.line, "position", reason, "Mend one of the two, or remove it.")
    elif fold_name(first.artist) == mine:
        reason = f"Line {first.line} tells the same track of this release."
        yield WrongCell(row.line, "title", reason, "Remove one of the two.")
    else:
        reason = f"Line {first.line} has this title by another artist: one track of both, or two tracks?"
        remedy = "Write in both the ISRC or the position: the same where it is one track."
        yield WrongCell(row.line, "position", reason, remedy)


def _is_same_track(row: CatalogueRow, other: CatalogueRow) -> bool:
    if row.isrc and other.isrc:
        return row.isrc == other.isrc
    return bool(row.position) and fold_name(row.title) == fold_name(other.title)


_OF_RECORDING: Final = {"title": "title", "duration": "duration_ms", "explicit": "explicit"}
_OF_RELEASE: Final = {"release": "release", "release_date": "released", "type": "form"}


def _compare(
    row: CatalogueRow, first: CatalogueRow, names: Mapping[str, str], what: str
) -> Iterator[WrongCell]:
    """What two rows tell differently of one thing; an empty cell says nothing."""
    for told, name in names.items():
        mine, other = getattr(row, name), getattr(first, name)
        differs = fold_name(mine) != fold_name(other) if isinstance(mine, str) and other else mine != other
        if mine not in (None, "") and other not in (None, "") and differs:
            reason = f"Line {first.line} has {what} too, with the {told} {other!r}."
            yield WrongCell(row.line, told, reason, f"Write the same in both, or mend {what.split()[1]}.")
