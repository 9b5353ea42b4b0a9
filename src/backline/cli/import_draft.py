"""`backline import --draft-map`: a draft of the mapping of an unknown table. No run is asked for, nothing imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from backline.cli.screen import Screen
from backline.errors import BadInput
from backline.reports.digests import read_download_day
from backline.reports.format import Hints, NeedsMapping, Refused
from backline.reports.mapping import Mappings
from backline.reports.numbers import NumberForm
from backline.reports.read import open_report
from backline.reports.unpack import Piece, UnpackLimits, list_pieces


@dataclass(frozen=True, slots=True)
class Looked:
    """A file that was recognised (outcome known), that needs a mapping, or that is refused (rejected)."""

    file: str
    format: str | None
    outcome: str
    remedy: str | None = None
    draft: str | None = None


def draft_map(
    screen: Screen, paths: Sequence[str], hints: Mapping[str, Any], target: Path, max_unpacked: int
) -> bool:
    """Write the draft of the first unknown file to `target`; whether every file is known.

    `hints` are fields of `Hints`, `max_unpacked` the bytes that one archive may unpack to.

    A mapping that is kept for a header does not make it known: who asks for a draft wants another one.
    """
    form = hints.get("number_form", "auto")
    if form not in get_args(NumberForm):
        known = "; ".join(get_args(NumberForm))
        raise BadInput(f"--number-form: {form!r} is no form of numbers.", remedy=f"Write one of: {known}")
    found, limits = [Path(path) for path in paths], UnpackLimits(max_bytes=max_unpacked)
    with TemporaryDirectory(prefix="backline-") as temp:
        looked = list(_look(list_pieces(found, Path(temp), limits), Hints(**hints)))
    draft = next((one.draft for one in looked if one.draft is not None), None)
    if draft is not None:
        target.write_text(draft, encoding="utf-8")
    for one in looked:
        _show(screen, one)
    if draft is not None:
        screen.say(screen.label("import_draft_written", path=target))
    return all(one.outcome == "known" for one in looked)


def _look(pieces: Iterator[Piece], hints: Hints) -> Iterator[Looked]:
    for piece in pieces:
        try:
            if piece.refused is not None:
                raise piece.refused
            told = replace(hints, downloaded=read_download_day(piece.path))
            known = open_report(piece.path, piece.name, told, Mappings())
            yield Looked(piece.name, known.format, "known")
        except NeedsMapping as needs:
            yield Looked(piece.name, None, "needs_mapping", str(needs), needs.draft)
        except Refused as refusal:
            yield Looked(piece.name, None, "rejected", str(refusal))
        except OSError as error:
            yield Looked(piece.name, None, "rejected", f"{piece.name} cannot be read: {error.strerror}.")


def _show(screen: Screen, one: Looked) -> None:
    if screen.json_lines:
        screen.dump({"file": one.file, "format": one.format, "outcome": one.outcome, "remedy": one.remedy})
    elif one.outcome == "known":
        screen.say(screen.label("import_no_draft", file=one.file, format=one.format))
    elif one.outcome == "rejected":
        screen.say(f"{one.file}\n  {screen.label('import_remedy')}: {one.remedy}")
