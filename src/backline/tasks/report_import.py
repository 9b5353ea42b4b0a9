"""Reports into facts: files read and checked, written with the finish of the run; and an import taken back."""

from __future__ import annotations

from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer
from sqlalchemy import Connection

from backline.errors import BadInput
from backline.reports.numbers import NumberForm
from backline.runtime.claim import Watch
from backline.runtime.effects import AuditTrail, Effects
from backline.runtime.task import Answer, Job, Limits, Reason, task
from backline.storage.database import Database
from backline.storage.import_lines import ImportLine
from backline.storage.imports import (
    check_undoable,
    count_claims,
    describe_import,
    mark_undone,
    read_import,
)
from backline.storage.spool_folder import SpoolFolder

LONG = Limits(soft=6 * 3600, hard=7 * 3600)


class ImportReports(Job):
    """Which files, and what a person says beside them where they do not tell it themselves."""

    paths: list[str] = Field(min_length=1, max_length=10_000)
    artist: str | None = Field(None, max_length=500)
    track: str | None = Field(None, max_length=500)
    region: str | None = Field(None, max_length=20)
    date: str | None = Field(None, max_length=20)
    report: str | None = Field(None, max_length=64)
    mapping: str | None = Field(None, max_length=100_000)
    number_form: NumberForm = "auto"

    @model_serializer(mode="wrap")
    def _leave_out_unsaid(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without a form nobody said: older code knows no such field, and the keys of its runs stand for such a job."""
        told: dict[str, Any] = dump(self)
        if self.number_form == "auto":
            told.pop("number_form", None)
        return told


class ImportAnswer(Answer):
    """One entry for each file, in the order in which they were read."""

    files: list[ImportLine]


class UndoImport(Job):
    """Which import."""

    import_id: str = Field(min_length=1, max_length=100)


class UndoAnswer(Answer):
    """Claims of the import that were current: `restored` gave way to an earlier one, `removed` to none.

    `kept` counts claims that are as they were: a later import had replaced them, or brought the same again.
    """

    import_id: str
    file: str
    restored: int
    removed: int
    kept: int


def name_lock(_job: Job) -> str:
    """Imports and undos follow one another: what one reads stays true until it is written."""
    return "imports"


@task("report_import.import_reports", version=1, limits=LONG, concurrency=name_lock)
def import_reports(
    job: ImportReports,
    database: Database,
    folder: SpoolFolder,
    effects: Effects,
    trail: AuditTrail,
    watch: Watch,
) -> ImportAnswer:
    """Reads report files, folders and zip archives, checks them row by row and stores their facts.

    Reads the files of `paths`: reports of Spotify for Artists, charts, statements of distributors, a
    listener's own history, tables of one's own, Parquet, and other tables by a mapping. Writes, with the end of the run and all at once: one import for each file,
    its facts, artists and tracks not known before (unconfirmed), the mapping used. A corrected file
    replaces what it speaks of; the earlier value stays in the history. The same file again changes
    nothing. Never changes, moves or sends a file anywhere.

    [fr]
    Lit des fichiers de rapports, des dossiers et des archives zip, les vérifie ligne par ligne et
    enregistre leurs données.

    Lit les fichiers de `paths` : rapports de Spotify for Artists, classements, relevés de distributeurs,
    l'historique d'écoute d'une personne, vos propres tableaux, Parquet, et d'autres tableaux à l'aide
    d'une correspondance. Écrit, à la fin de l'exécution et en une
    fois : un import par fichier, ses données, les artistes et titres encore inconnus (non confirmés), la
    correspondance utilisée. Un fichier corrigé remplace ce dont il parle ; l'ancienne valeur reste dans
    l'historique. Le même fichier ne change rien la seconde fois. Ne modifie, ne déplace et n'envoie
    jamais un fichier.

    [de]
    Liest Berichtsdateien, Ordner und Zip-Archive, prüft sie Zeile für Zeile und speichert ihre Zahlen.

    Liest die Dateien in `paths`: Berichte von Spotify for Artists, Charts, Abrechnungen von Vertrieben,
    den Hörverlauf einer Person, eigene Tabellen, Parquet und andere Tabellen mit einer Zuordnung. Schreibt am Ende des Laufs und alles auf einmal: einen Import je
    Datei, ihre Zahlen, noch unbekannte Künstler und Titel (unbestätigt), die benutzte Zuordnung. Eine
    berichtigte Datei ersetzt, wovon sie spricht; der frühere Wert bleibt in der Geschichte. Dieselbe
    Datei ändert beim zweiten Mal nichts. Ändert, verschiebt oder verschickt nie eine Datei.
    """
    from backline.reports.format import Hints  # these load Arrow and NumPy, which most processes never use
    from backline.tasks.work.import_clerk import read_files

    files, reasons = read_files(
        job.paths,
        Hints(job.artist, job.track, job.region, job.date, job.report, job.number_form),
        job.mapping,
        database=database, folder=folder, effects=effects, trail=trail, watch=watch,
    )  # fmt: skip
    return ImportAnswer(files=files, reasons=reasons)


@task("report_import.undo_import", version=1, limits=LONG, concurrency=name_lock)
def undo_import(
    job: UndoImport, database: Database, effects: Effects, trail: AuditTrail, watch: Watch
) -> UndoAnswer:
    """Takes an import back: what later imports have not replaced is as it was before.

    Reads the import and the claims beside its own. Writes that the import is taken back, and which
    earlier claims count again; the days concerned are added up anew. Never deletes facts: they stay in
    the history, and the same file may be imported again.

    [fr]
    Annule un import : ce que des imports ultérieurs n'ont pas remplacé redevient comme avant.

    Lit l'import et les données voisines. Écrit que l'import est annulé et quelles données antérieures
    comptent de nouveau ; les jours concernés sont recalculés. Ne supprime jamais de données : elles
    restent dans l'historique, et le même fichier peut être importé de nouveau.

    [de]
    Nimmt einen Import zurück: Was spätere Importe nicht ersetzt haben, ist wieder wie vorher.

    Liest den Import und was neben ihm steht. Schreibt, dass der Import zurückgenommen ist und welche
    früheren Zahlen wieder gelten; die betroffenen Tage werden neu zusammengezählt. Löscht nie Zahlen:
    Sie bleiben in der Geschichte, und dieselbe Datei kann wieder importiert werden.
    """
    from backline.storage.claims import find_heirs, hand_over  # these load NumPy
    from backline.storage.joins import forget_import

    with database.read() as connection:
        row = read_import(connection, job.import_id)
        check_undoable(row)
        heirs = find_heirs(connection, row.no)
        brought, _ = count_claims(connection, row.no)

    def write(connection: Connection) -> None:
        moment = database.now(connection)
        if not mark_undone(connection, row.no, moment=moment, by=watch.asked_by):
            raise BadInput(f"Import {row.id} was taken back before.")
        hand_over(connection, heirs, moment)
        forget_import(connection, row.no)

    effects.add(write)
    line = describe_import(row)
    trail.add(
        "import.undone", f"import:{row.id}", before=line.digest(), after=line.model_copy(update={"outcome": "undone"}).digest(),
        file=row.file,
    )  # fmt: skip
    restored = sum(heir.new_id is not None for heir in heirs)
    removed, kept = len(heirs) - restored, brought - len(heirs)
    numbers = {"restored": restored, "removed": removed, "kept": kept}
    reason = Reason(
        rule="import.undo",
        inputs={"import": row.id, "file": row.file},
        numbers=dict(numbers),
        decision="For each report, scope and day the newest import that is not taken back counts.",
    )
    return UndoAnswer(import_id=row.id, file=row.file, reasons=[reason], **numbers)
