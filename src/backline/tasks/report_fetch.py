"""Statements fetched from mailboxes and SFTP folders, stored, and handed to the import."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from backline.errors import BacklineError, NeedsHuman, TryLater
from backline.mailroom.place import Found, Look, Mailroom, Place, Store
from backline.runtime.claim import Watch
from backline.runtime.effects import AuditTrail, Effects, FollowUps
from backline.runtime.task import Answer, Job, Limits, Reason, task
from backline.storage.database import Database
from backline.storage.fetched import FetchedBefore, FetchedItem, keep_fetched
from backline.storage.runs import find_open_run

IMPORT = "report_import.import_reports"
LONG = Limits(soft=1800, hard=2100)


class FetchReports(Job):
    """Which places, by their names in the settings; none means all for which no run of their own is open."""

    places: list[str] = Field([], max_length=1000)


class FetchedFile(BaseModel):
    """A file that was stored and goes to the import, or one that was refused and why."""

    model_config = ConfigDict(extra="forbid")
    place: str
    item: str
    name: str
    size: int
    sha256: str
    outcome: Literal["stored", "refused"]
    path: str | None
    reason: str | None


class PlaceLine(BaseModel):
    """What came of a look at one place. `left`: messages or files that come with the next look."""

    model_config = ConfigDict(extra="forbid")
    place: str
    stored: int = 0
    refused: int = 0
    left: int = 0
    error: str | None = None


class FetchAnswer(Answer):
    """One line for each place, and every file that was new there."""

    places: list[PlaceLine]
    files: list[FetchedFile]


def name_lock(_job: FetchReports) -> str:
    """One look at a time: two would take the same files."""
    return "fetch"


@task("report_fetch.fetch_reports", version=1, limits=LONG, concurrency=name_lock)
def fetch_reports(
    job: FetchReports,
    mailroom: Mailroom,
    database: Database,
    effects: Effects,
    follow_ups: FollowUps,
    trail: AuditTrail,
    watch: Watch,
) -> FetchAnswer:
    """Fetches statements from mailboxes (IMAP) and SFTP folders, and asks for their import.

    Reads the places of the settings: attachments of messages and files not seen there before. Stores them
    in the state folder. Writes, with the end of the run and all at once: what was taken or refused, and
    one run of the import over the new files. A place that is away or does not let us in gets one run of its
    own, which asks again later or waits for a person; until that is over, a look that names no places leaves
    it out. The others go on. Never deletes, moves or changes anything there; marks messages as read only
    where the settings say so.

    [fr]
    Récupère des relevés dans des boîtes aux lettres (IMAP) et des dossiers SFTP, et demande leur import.

    Lit les lieux des réglages : pièces jointes et fichiers encore inconnus. Les range dans le dossier
    d'état. Écrit, à la fin de l'exécution et en une fois : ce qui a été pris ou refusé, et une exécution
    de l'import pour les nouveaux fichiers. Un lieu absent ou qui refuse l'accès reçoit une seule exécution
    à lui, qui redemande plus tard ou attend une personne ; tant qu'elle n'est pas close, une visite qui ne
    nomme aucun lieu le laisse de côté. Les autres continuent. Ne supprime, ne déplace et ne modifie jamais
    rien là-bas ; ne marque des messages comme lus que si les réglages le disent.

    [de]
    Holt Abrechnungen aus Postfächern (IMAP) und SFTP-Ordnern und verlangt ihren Import.

    Liest die Orte der Einstellungen: Anhänge und Dateien, die dort noch nicht gesehen wurden. Legt sie in
    den Zustandsordner. Schreibt am Ende des Laufs und alles auf einmal: was genommen oder abgelehnt wurde
    und einen Lauf des Imports über die neuen Dateien. Ein Ort, der nicht da ist oder nicht einlässt,
    bekommt einen einzigen eigenen Lauf, der später wieder fragt oder auf einen Menschen wartet; bis der
    vorbei ist, lässt eine Abfrage, die keine Orte nennt, ihn aus. Die anderen gehen weiter. Löscht,
    verschiebt und ändert dort nie etwas; markiert Nachrichten nur als gelesen, wo die Einstellungen es
    sagen.
    """
    places = mailroom.choose(job.places)
    answer = FetchAnswer(places=[], files=[])
    for place in places:
        watch.progress(len(answer.places), len(places), place.name)
        alone = FetchReports(places=[place.name])
        other = _find_other(database, alone, watch.run_id)
        if other is not None and not job.places:
            answer.places.append(
                PlaceLine(place=place.name, error=f"Left to run {other}, which asks it alone.")
            )
            continue
        key = f"{place.kind}:{place.name}"
        store = Store(mailroom.folder / place.name)
        try:
            look = place.look(FetchedBefore(database, key), store, watch.checkpoint)
        except (TryLater, NeedsHuman) as error:
            if other is None and job == alone:
                raise
            _put_off(place, error, answer)
            if other is None:
                follow_ups.add(fetch_reports, alone)
            continue
        _note(place, key, look, answer, effects, trail, database, watch.run_id)
    paths = [file.path for file in answer.files if file.path is not None]
    if paths:
        # Of two issues of one statement, from whatever places, the later one counts.
        paths.sort(key=lambda path: Path(path).stat().st_mtime)
        follow_ups.ask(IMPORT, {"paths": paths}, key=f"fetched:{watch.run_id}")
    return answer


def _find_other(database: Database, alone: FetchReports, run_id: str) -> str | None:
    """The run that asks this one place, if one is open and it is not this."""
    with database.read() as connection:
        return find_open_run(connection, fetch_reports.name, alone.model_dump_json(), besides=run_id)


def _put_off(place: Place, error: BacklineError, answer: FetchAnswer) -> None:
    """A place that cannot be read now is left to a run of its own, so that it holds up nothing else."""
    answer.places.append(PlaceLine(place=place.name, error=str(error)))
    answer.reasons.append(
        Reason(
            rule="fetch.put_off", inputs={"place": place.name}, decision=f"Asked again alone: {error.message}"
        )
    )


def _note(
    place: Place,
    key: str,
    look: Look,
    answer: FetchAnswer,
    effects: Effects,
    trail: AuditTrail,
    database: Database,
    run_id: str,
) -> None:
    """What a look came to: into the answer, the audit trail, and the writes of the finish."""
    files = [_describe(place.name, found) for found in look.found if found.outcome != "seen"]
    line = PlaceLine(place=place.name, left=look.left)
    for file in files:
        setattr(line, file.outcome, getattr(line, file.outcome) + 1)
        trail.add(f"fetch.{file.outcome}", f"place:{key}", item=file.item, name=file.name, sha256=file.sha256)
    answer.places.append(line)
    answer.files += files
    items = [_make_item(found) for found in look.found]

    def write(connection: Connection) -> None:
        keep_fetched(connection, database.now_sql, key, items, run_id=run_id)

    effects.add(write)
    numbers = {"stored": line.stored, "refused": line.refused, "left": line.left}
    answer.reasons.append(
        Reason(
            rule="fetch.new_items",
            inputs={"place": key},
            numbers=dict(numbers),
            decision="What was looked through before, or has the same bytes, is not taken again.",
        )
    )


def _describe(place: str, found: Found) -> FetchedFile:
    is_stored = found.outcome == "stored"
    return FetchedFile(
        place=place,
        item=found.item,
        name=found.name,
        size=found.size,
        sha256=found.content_sha,
        outcome="stored" if is_stored else "refused",
        path=str(found.path) if is_stored else None,
        reason=found.reason or None,
    )


def _make_item(found: Found) -> FetchedItem:
    path = str(found.path) if found.path is not None else ""
    told = (found.item, found.version, found.content_sha, found.outcome, found.name)
    return FetchedItem(*told, found.size, path, found.reason)
