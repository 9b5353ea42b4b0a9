"""The clerk of an import: takes file after file, and lays down what the finish of the run writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Connection

from backline.errors import BadInput, UnknownName
from backline.music import show_money
from backline.reports.digests import digest_file, digest_hints, read_download_day
from backline.reports.format import Hints, NeedsMapping, Refused
from backline.reports.mapping import Mappings
from backline.reports.plays import PlayReading
from backline.reports.read import Reading, open_report
from backline.reports.unpack import Piece, UnpackLimits, list_pieces
from backline.runtime.claim import Watch
from backline.runtime.effects import AuditTrail, Effect, Effects
from backline.runtime.task import Reason
from backline.storage.artists import find_artist
from backline.storage.claims import Source
from backline.storage.database import Database
from backline.storage.facts import write_facts
from backline.storage.import_lines import DayRange, ImportLine, RejectedRow, Rows, Totals
from backline.storage.imports import (
    NewImport,
    describe_import,
    find_same,
    insert_import,
    keep_mapping,
    list_successors,
    new_import_id,
    read_mappings,
)
from backline.storage.plays import PlaySpool, write_plays
from backline.storage.spool import Spool, SpoolFile
from backline.storage.spool_folder import SpoolFolder

AnyReading = Reading | PlayReading


def read_files(
    paths: Sequence[str],
    hints: Hints,
    mapping: str | None,
    *,
    database: Database,
    folder: SpoolFolder,
    effects: Effects,
    trail: AuditTrail,
    watch: Watch,
) -> tuple[list[ImportLine], list[Reason]]:
    """What came of each file, and why; the writes are added to `effects`. Raises `BadInput`."""
    found = _check_paths(paths)
    with database.read() as connection:
        mappings = Mappings(mapping, read_mappings(connection))
    hints = replace(hints, artist=_check_artist(database, hints.artist))
    with folder.open() as temp:
        clerk = _Clerk(database, hints, mappings, SpoolFile(temp), effects, trail, watch)
        for piece in list_pieces(found, temp, UnpackLimits(max_bytes=folder.max_unpacked)):
            clerk.take(piece)
    return clerk.files, clerk.reasons


def _check_paths(paths: Sequence[str]) -> list[Path]:
    found = [Path(path).expanduser() for path in paths]
    for path in found:
        if not path.exists():
            raise BadInput(
                f"{path}: there is no such file or folder.",
                remedy="Give the absolute path, as the machine of the worker sees it.",
            )
    return found


def _check_artist(database: Database, artist: str | None) -> str | None:
    """--artist is an id or a name; a name that nobody has yet becomes an artist, an unknown id is refused."""
    if artist is None or not artist.strip():
        return None
    with database.read() as connection:
        try:
            find_artist(connection, artist)
        except UnknownName:
            if artist.strip().startswith("art_"):
                raise
    return artist.strip()


@dataclass
class _Clerk:
    """Takes one file after the other: what came of it, and the writes that the finish of the run applies."""

    database: Database
    hints: Hints
    mappings: Mappings
    spool_file: SpoolFile
    effects: Effects
    trail: AuditTrail
    watch: Watch
    files: list[ImportLine] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    _taken: dict[tuple[str, str], ImportLine] = field(default_factory=dict)

    def take(self, piece: Piece) -> None:
        """Read one file. A file that is refused does not keep the next one from being read."""
        self.watch.progress(0, None, piece.name)
        if piece.refused is not None:
            self._turn_away(piece, "", None, piece.refused)
            return
        content, reading = "", None
        try:
            content = digest_file(piece.path, self.watch.checkpoint)
            hints = replace(self.hints, downloaded=read_download_day(piece.path))
            reading = open_report(piece.path, piece.name, hints, self.mappings)
            said = digest_hints(hints, reading, self._name_mapping(reading))
            if not self._know(piece, content, said):
                self._read(piece, content, said, reading)
        except (Refused, NeedsMapping) as refusal:
            self._turn_away(piece, content, reading, refusal)
        except (FileNotFoundError, PermissionError) as error:
            words = f"{piece.name} cannot be read: {error.strerror}."
            self._turn_away(piece, content, None, Refused("unreadable", words, "Look at its permissions."))

    def _know(self, piece: Piece, content: str, said: str) -> bool:
        """Whether these bytes were imported before with the same words beside them."""
        earlier = self._taken.get((content, said))
        if earlier is None:
            with self.database.read() as connection:
                row = find_same(connection, content, said)
                later = list_successors(connection, row.no) if row is not None else []
            if row is None:
                return False
            earlier = describe_import(row).name_successors(later)
        file = earlier.model_copy(update={"file": piece.name, "outcome": "unchanged"})
        self.files.append(file)
        self._explain(file, content, f"The same file was imported before as {file.import_id}.")
        return True

    def _read(self, piece: Piece, content: str, said: str, reading: AnyReading) -> None:
        is_listening = isinstance(reading, PlayReading)
        spool = PlaySpool(self.spool_file) if is_listening else Spool(self.spool_file, reading.kind)
        for block in reading.blocks():
            spool.add(block)
            self.watch.progress(reading.done, reading.size, piece.name)
        spool.close()
        if isinstance(spool, Spool):
            for rejection in reading.rejected:
                spool.reject(rejection.artist, rejection.day)
        file = _describe(piece, reading, "accepted")
        new = NewImport(file, content, said, reading.report, self.watch.run_id)
        self.effects.add(self._plan(new, spool, reading))
        self._taken[content, said] = file
        words = "The file is good; it counts for its report, scopes and days from now on."
        if is_listening:
            words = "The file is good: what one listener played, kept apart from every artist's numbers."
        self._note(file, content, words)

    def _plan(self, new: NewImport, spool: Spool | PlaySpool, reading: AnyReading) -> Effect:
        """What the finish of the run does with a good file."""
        database, mapping, by = self.database, self.mappings.text, self.watch.asked_by
        report, kind, span, region = reading.report, reading.kind, reading.span, reading.region
        header = reading.fingerprint

        def write(connection: Connection) -> None:
            moment = database.now(connection)
            number = insert_import(connection, new, moment)
            if isinstance(spool, PlaySpool):
                write_plays(connection, spool, number)
                return
            source = Source(number, report, kind, span, moment)
            write_facts(connection, spool, source, region=region, import_id=new.line.import_id)
            if mapping is not None and header is not None:
                keep_mapping(connection, database.now_sql, header, mapping, created_by=by)

        return write

    def _turn_away(
        self, piece: Piece, content: str, reading: AnyReading | None, refusal: Refused | NeedsMapping
    ) -> None:
        """No fact of the file is kept, but a row that says why."""
        outcome = "needs_mapping" if isinstance(refusal, NeedsMapping) else "rejected"
        file = _describe(piece, reading, outcome)
        file.remedy = str(refusal)
        file.draft = refusal.draft if isinstance(refusal, NeedsMapping) else None
        said = digest_hints(self.hints, None, self.mappings.text)
        report = reading.report if reading is not None else None
        new = NewImport(file, content, said, report, self.watch.run_id)

        def write(connection: Connection) -> None:
            insert_import(connection, new, self.database.now(connection))

        self.effects.add(write)
        kind = refusal.kind if isinstance(refusal, Refused) else outcome
        self._note(file, content, f"Nothing of the file is kept ({kind}): {refusal}")

    def _note(self, file: ImportLine, content: str, decision: str) -> None:
        self.files.append(file)
        self.trail.add(
            f"import.{file.outcome}", f"import:{file.import_id}", after=file.digest(),
            file=file.file, format=file.format, content_sha=content, rows=file.rows.model_dump(),
        )  # fmt: skip
        self._explain(file, content, decision)

    def _explain(self, file: ImportLine, content: str, decision: str) -> None:
        self.reasons.append(
            Reason(
                rule="import.outcome",
                inputs={"file": file.file, "sha256": content, "format": file.format},
                numbers=dict(file.rows.model_dump()),
                decision=decision,
            )
        )

    def _name_mapping(self, reading: AnyReading) -> str | None:
        """The mapping in use, given or remembered: either way it is the same file, read the same way."""
        if self.mappings.text is not None or reading.fingerprint is None:
            return self.mappings.text
        return self.mappings.find_text(reading.fingerprint)


def _describe(piece: Piece, reading: AnyReading | None, outcome: str) -> ImportLine:
    """The line of a file; one that is not accepted has no accepted rows, totals and days."""
    file = ImportLine(file=piece.name, format=None, outcome=outcome, import_id=new_import_id())
    if reading is None:
        return file
    counts, is_accepted = reading.counts, outcome == "accepted"
    file.format = reading.format
    file.rows = Rows(
        read=counts.read, accepted=counts.accepted if is_accepted else 0,
        rejected=counts.rejected, ignored=counts.ignored,
    )  # fmt: skip
    file.rejected = [RejectedRow(line=bad.line, kind=bad.kind, reason=bad.reason) for bad in reading.rejected]
    if is_accepted:
        file.remedy = reading.remedy
        money = {currency: show_money(amount) for currency, amount in reading.totals["money"].items()}
        file.totals = Totals(units=reading.totals["units"], money=money)
        first, last = reading.days.first, reading.days.last
        file.days = DayRange(
            first=first.isoformat() if first else None,
            last=last.isoformat() if last else None,
            count=reading.days.count,
        )
    return file
