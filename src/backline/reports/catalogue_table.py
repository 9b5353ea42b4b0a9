"""A team's own catalogue as a table (CSV): one row for each track of a release, columns in any order.

Nothing is guessed and nothing is passed over: every cell that cannot be used is named with its line, its
column and what to write instead, all of them at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from backline.errors import BadInput
from backline.music import tidy_isrc, tidy_upc
from backline.reports.catalogue_dates import is_written, read_dates
from backline.reports.catalogue_rows import CatalogueRow, WrongCell, check_together
from backline.reports.content import tell_content
from backline.reports.format import Refused
from backline.reports.header import find_header
from backline.reports.records import Block, TextRecords, read_head

MOST_ROWS: Final = 200_000
LONGEST_TEXT: Final = 500
# Field to the names that its column may have (`header.fold_column`); the first that is there is meant.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "artist": ("artist", "artist_name", "main_artist", "primary_artist", "artiste", "künstler"),
        "title": ("title", "track_title", "song_title", "track_name", "track", "song", "titre", "titel"),
        "isrc": ("isrc", "isrc_code"),
        "release": (
            *("release", "release_title", "release_name", "album", "album_title", "album_name"),
            *("sortie", "veröffentlichung"),
        ),
        "upc": ("upc", "ean", "upc/ean", "barcode", "gtin"),
        "release_date": (
            *("release_date", "released", "date", "date_de_sortie"),
            *("veröffentlichungsdatum", "erscheinungsdatum"),
        ),
        "type": ("type", "release_type", "album_type"),
        "disc": ("disc", "disc_number", "disque", "cd"),
        "position": ("position", "track_number", "track_no", "track_#", "nr", "numéro"),
        "duration": ("duration", "duration_ms", "length", "durée", "dauer", "länge"),
        "explicit": ("explicit", "parental_advisory", "explicite", "explizit"),
    }
)
FORMS: Final = ("album", "single", "compilation")
_YES: Final = ("yes", "y", "true", "1", "explicit", "oui", "vrai", "ja", "wahr")
_NO: Final = ("no", "n", "false", "0", "clean", "non", "faux", "nein", "falsch")
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)")
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
_DAY_MS: Final = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class CatalogueTable:
    """All rows, what is wrong with them, and the columns that are not read, as they are written there."""

    rows: list[CatalogueRow]
    wrong: list[WrongCell]
    unread: list[str]


class _Wrong(Exception):
    """Why a cell cannot be used, and what to write."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


def read_catalogue(path: Path, name: str, artist: str | None = None) -> CatalogueTable:
    """The table of a file; `artist` stands in where it has no column of artists.

    Raises `Refused` where the file as a whole cannot be read.
    """
    content = tell_content(path, name)
    if content is None:
        raise Refused("not_a_table", f"{name} is Parquet.", "Write the catalogue as CSV.")
    header = find_header(read_head(path, content.encoding), _count_known)
    places = _place_columns(header.names, name, artist)
    records = TextRecords(path, content, header.delimiter, header.names, header.skip)
    reader = _Reader(places, artist)
    for block in records.blocks():
        reader.take(block)
        if len(reader.rows) > MOST_ROWS:
            raise Refused("too_large", f"{name} has more than {MOST_ROWS:,} rows.", "Split it by artist.")
    reader.settle_dates()
    if not reader.rows and not reader.wrong:
        raise Refused("empty", f"{name} has no rows below its header.", "Write one row for each track.")
    reader.wrong += check_together(reader.rows)
    unread = [
        written
        for column, written in zip(header.names, header.written, strict=False)
        if written.strip() and column not in places.values()
    ]
    return CatalogueTable(reader.rows, sorted(reader.wrong, key=lambda cell: cell.line), unread)


def is_catalogue(names: Sequence[str]) -> bool:
    """Whether a header that no report has (folded names) is likely one of a catalogue."""
    known = {told for told, some in COLUMNS.items() if any(name in names for name in some)}
    is_told = {"artist", "title"} <= known or {"artist", "release"} <= known
    return is_told and bool(known & {"isrc", "upc", "release_date", "type"}) and len(known) * 2 > len(names)


def _count_known(names: Sequence[str]) -> int:
    return sum(1 for some in COLUMNS.values() if any(name in names for name in some))


def _place_columns(names: Sequence[str], name: str, artist: str | None) -> dict[str, str]:
    """Field to its column. Raises `Refused` where a needed one is missing, or stands there twice."""
    places = {
        told: found
        for told, some in COLUMNS.items()
        if (found := next((one for one in some if one in names), None)) is not None
    }
    has = f"It has: {', '.join(filter(None, names))[:400]}."
    if not places.keys() & {"title", "release"}:
        raise Refused(
            "missing_column",
            f"{name} has no column title and no column release. {has}",
            "Name the columns " + ", ".join(COLUMNS) + ".",
        )
    if "artist" not in places and not artist:
        raise Refused(
            "missing_artist",
            f"{name} has no column artist. {has}",
            "Add it, or say the artist: --artist NAME.",
        )
    for told, column in places.items():
        if list(names).count(column) > 1:
            raise Refused(
                "ambiguous_header",
                f"{name} has two columns {column!r} for the {told}.",
                "Remove or rename one of them.",
            )
    return places


@dataclass(slots=True)
class _Reader:
    """Takes block after block."""

    places: dict[str, str]
    artist: str | None
    rows: list[CatalogueRow] = field(default_factory=list)
    wrong: list[WrongCell] = field(default_factory=list)
    dates: dict[int, str] = field(default_factory=dict)  # by line, those that only the whole file tells

    def settle_dates(self) -> None:
        """Read the dates for which the whole file had to be read."""
        found, wrong = read_dates(self.dates)
        self.rows = [
            replace(row, released=found[row.line]) if row.line in found else row for row in self.rows
        ]
        self.wrong += wrong

    def take(self, block: Block) -> None:
        """All rows of a block, those included that do not fit the header."""
        columns = [block.column(column).to_pylist() for column in self.places.values()]
        for line, cells in zip(block.lines.tolist(), zip(*columns, strict=True), strict=True):
            words = {told: str(cell or "").strip() for told, cell in zip(self.places, cells, strict=True)}
            if any(words.values()):
                self._read(line, words)
        for line, some in block.broken:
            words_of = "Its quotes are broken." if some is None else f"It has {len(some)} cells."
            self.wrong.append(
                WrongCell(
                    line, "", f"The row does not fit the header. {words_of}",
                    "Put a cell that holds the delimiter or a quote into quotes.",
                )
            )  # fmt: skip

    def _read(self, line: int, words: dict[str, str]) -> None:
        told: dict[str, Any] = {}
        before = len(self.wrong)
        if not words.get("artist") and self.artist:
            words["artist"] = self.artist
        for name, read in _READERS.items():
            word = words.get(name, "")
            if name == "release_date" and is_written(word):
                self.dates[line], word = word, ""
            try:
                told[name] = read(word) if word else None
            except _Wrong as wrong:
                self.wrong.append(WrongCell(line, name, wrong.reason, wrong.remedy))
        for name, reason, remedy in _list_gaps(words):
            self.wrong.append(WrongCell(line, name, reason, remedy))
        if len(self.wrong) == before:
            self.rows.append(_make_row(line, told))


def _make_row(line: int, told: dict[str, Any]) -> CatalogueRow:
    return CatalogueRow(
        line,
        told["artist"],
        told["title"] or "",
        told["isrc"],
        told["release"] or "",
        told["upc"],
        told["release_date"],
        told["type"],
        told["disc"],
        told["position"],
        told["duration"],
        told["explicit"],
    )


def _list_gaps(words: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(field, reason, remedy) of what a row lacks."""
    if not words.get("artist"):
        yield "artist", "The artist is empty.", "Write whose it is."
    title, release = words.get("title"), words.get("release")
    if not title and not release:
        yield "title", "The row names neither a track nor a release.", "Write a title, or remove the row."
    for name in ("isrc", "position", "disc", "duration", "explicit"):
        if words.get(name) and not title and release:
            yield name, f"A release alone has no {name}.", "Write the track's title, or empty the cell."
    for name in ("upc", "release_date", "type", "disc", "position"):
        if words.get(name) and not release and title:
            yield name, f"The {name} belongs to a release, and none is named.", "Write the release's title."


def _read_text(word: str) -> str:
    if len(word) > LONGEST_TEXT:
        raise _Wrong(f"It is longer than {LONGEST_TEXT} characters.", "Shorten it.")
    return " ".join(word.split())


def _read_isrc(word: str) -> str:
    isrc = tidy_isrc(word)
    if isrc is None:
        raise _Wrong(
            f"{word[:40]!r} is not an ISRC.",
            "Two letters, three letters or digits, seven digits: DE-A12-34-00001, with or without dashes.",
        )
    return isrc


def _read_upc(word: str) -> str:
    upc = tidy_upc(word)
    if upc is None:
        remedy = "Write its 12 or 13 digits."
        if _ROUNDED.fullmatch(word):
            remedy = "A spreadsheet has rounded it: make the column text there, and write the digits again."
        raise _Wrong(f"{word[:40]!r} is not a UPC or EAN.", remedy)
    return upc


def _read_released(word: str) -> str:
    match = _DATE.fullmatch(word)
    try:
        if match is not None:
            date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
            return word
    except ValueError:
        pass
    raise _Wrong(f"{word[:40]!r} is not a date of release.", "Write YYYY-MM-DD, YYYY-MM or YYYY.")


def _read_form(word: str) -> str:
    form = word.casefold()
    if form not in FORMS:
        raise _Wrong(f"{word[:40]!r} is no type of release.", f"Write one of {', '.join(FORMS)}.")
    return form


def _read_count(word: str) -> int:
    if not word.isascii() or not word.isdigit() or not 1 <= int(word[:9]) <= 9_999:
        raise _Wrong(f"{word[:40]!r} is not a whole number from 1 to 9,999.", "Write such a number.")
    return int(word)


def _read_duration(word: str) -> int:
    """Milliseconds."""
    remedy = "Write minutes and seconds as 3:35, or milliseconds as 215000."
    length = 0
    if match := _CLOCK.fullmatch(word):
        length = 1000 * (3600 * int(match[1] or 0) + 60 * int(match[2]) + int(match[3]))
    elif word.isascii() and word.isdigit():
        length = int(word[:12])
        if 0 < length < 1000:
            raise _Wrong(f"{word} milliseconds are less than a second.", remedy)
    if not 0 < length <= _DAY_MS:
        raise _Wrong(f"{word[:40]!r} is no duration.", remedy)
    return length


def _read_explicit(word: str) -> bool:
    said = word.casefold()
    if said not in _YES and said not in _NO:
        raise _Wrong(f"{word[:40]!r} is neither yes nor no.", "Write yes or no.")
    return said in _YES


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "artist": _read_text,
    "title": _read_text,
    "isrc": _read_isrc,
    "release": _read_text,
    "upc": _read_upc,
    "release_date": _read_released,
    "type": _read_form,
    "disc": _read_count,
    "position": _read_count,
    "duration": _read_duration,
    "explicit": _read_explicit,
}


def read_cell(name: str, word: str) -> Any:
    """What a cell of the field `name` says (see `CatalogueRow`). Raises `BadInput`."""
    try:
        return _READERS[name](word.strip())
    except _Wrong as wrong:
        raise BadInput(f"{name}: {wrong.reason}", remedy=wrong.remedy) from wrong
