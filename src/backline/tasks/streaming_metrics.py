"""Streaming metrics: what the reports say of an artist, over a period and against the one before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import Connection

from backline.metrics.changes import LOWER_COVERAGE_BEFORE, NO_DATA_BEFORE
from backline.metrics.export import list_rows, write_export
from backline.metrics.folder import ExportFolder
from backline.metrics.periods import RULE, parse_period
from backline.metrics.rates import Exchange, make_table, read_currency
from backline.metrics.summary import ReportSummary, Total, summarise_reports
from backline.music import to_day
from backline.runtime.effects import AuditTrail, Effects
from backline.runtime.task import Answer, Job, Reason, task
from backline.storage.artists import find_artist, list_credits, name_artists
from backline.storage.clock import from_micros
from backline.storage.database import Database
from backline.storage.numbers import StoredNumbers
from backline.storage.rates import list_rates
from backline.storage.rollups import BATCH, refresh_rollups


class AggregateMetrics(Job):
    """Whose numbers, over how long a period, whether files are written too, and in which currency besides."""

    artist_id: str = Field(min_length=1, max_length=300)
    period: str = "24h"
    export: bool = False
    currency: str | None = Field(None, max_length=3)

    @field_validator("period")
    @classmethod
    def _check_period(cls, words: str) -> str:
        parse_period(words)
        return words

    @field_validator("currency")
    @classmethod
    def _check_currency(cls, code: str | None) -> str | None:
        return None if code is None else read_currency(code)


class Whose(BaseModel):
    """The artist, and the names under which charts credit it."""

    model_config = ConfigDict(extra="forbid")
    id: str
    name: str
    confirmed: bool
    credits: list[str]


class Asked(BaseModel):
    """The period as it was asked for; its days stand with each report."""

    model_config = ConfigDict(extra="forbid")
    words: str
    days: int
    rule: str = RULE


class Exports(BaseModel):
    """Where the files are; null where none were asked for."""

    model_config = ConfigDict(extra="forbid")
    csv: str | None = None
    parquet: str | None = None


class MetricsAnswer(Answer):
    """The numbers of each report side by side. Values are decimal texts; what is unknown is null, with a reason."""

    artist: Whose
    period: Asked
    today: date
    reports: list[ReportSummary]
    exports: Exports


def name_lock(job: AggregateMetrics) -> str:
    """One run per artist at a time: two would refresh the same days."""
    return f"metrics:{job.artist_id}"


@task("streaming_metrics.aggregate_metrics", version=1, concurrency=name_lock)
def aggregate_metrics(
    job: AggregateMetrics, database: Database, folder: ExportFolder, effects: Effects, trail: AuditTrail
) -> MetricsAnswer:
    """Adds up what imported reports say of an artist.

    Reads the facts of imported reports. Answers each report by day, track, country and source of playback,
    with the change against the period before and week over week, coverage, freshness and the imports behind
    it. The period ends at the newest day with data of each report. Two reports are shown side by side, never
    added; listeners are never summed. With `currency`, money is shown in that currency besides, only by rates
    that were imported. Writes the rollups of days that changed, and with `export` one CSV and
    one Parquet file. Never reads Spotify's Web API and never estimates what is missing.

    [fr]
    Additionne ce que les rapports importés disent d'un artiste.

    Lit les faits des rapports importés. Donne chaque rapport par jour, titre, pays et source de lecture, avec
    l'évolution par rapport à la période précédente et d'une semaine à l'autre, la couverture, la fraîcheur et
    les imports d'où viennent les chiffres. La période se termine au dernier jour connu de chaque rapport. Deux
    rapports sont montrés côte à côte, jamais additionnés ; les auditeurs ne sont jamais additionnés. Avec
    `currency`, l'argent est montré aussi dans cette devise, uniquement avec des taux importés. Écrit les
    agrégats des jours modifiés et, avec `export`, un fichier CSV et un fichier Parquet. Ne lit jamais l'API web
    de Spotify et n'estime jamais ce qui manque.

    [de]
    Zählt zusammen, was importierte Berichte über einen Künstler sagen.

    Liest die Fakten importierter Berichte. Gibt jeden Bericht nach Tag, Titel, Land und Wiedergabequelle aus,
    mit der Veränderung gegenüber dem Zeitraum davor und von Woche zu Woche, mit Abdeckung, Aktualität und den
    Importen dahinter. Der Zeitraum endet am neuesten Tag, für den der jeweilige Bericht Daten hat. Zwei
    Berichte stehen nebeneinander und werden nie addiert; Hörer werden nie summiert. Mit `currency` steht Geld
    zusätzlich in dieser Währung da, nur nach importierten Kursen. Schreibt die Summen der
    geänderten Tage und mit `export` je eine CSV- und Parquet-Datei. Liest nie die Web-API von Spotify und
    schätzt nie, was fehlt.
    """
    days = parse_period(job.period)
    with database.read(snapshot=True) as connection:
        artist = find_artist(connection, job.artist_id)
        credited = list_credits(connection, artist)
        names = name_artists(connection, credited)
        today = from_micros(database.now(connection)).date()
        numbers = StoredNumbers(connection, credited)
        exchange = (
            None if job.currency is None else Exchange(job.currency, make_table(list_rates(connection)))
        )
        reports = summarise_reports(numbers, days, to_day(today), exchange)
        paths = _export(numbers, artist.id, artist.name, reports, folder) if job.export else {}
    effects.add(lambda writing: _refresh(writing, credited))
    if paths:
        trail.add("metrics.export", f"artist:{artist.id}", files=[path.name for path in paths.values()])
    return MetricsAnswer(
        artist=Whose(
            id=artist.id,
            name=artist.name,
            confirmed=artist.confirmed,
            credits=[names[number] for number in credited],
        ),
        period=Asked(words=job.period, days=days),
        today=today,
        reports=reports,
        exports=Exports(**{kind: str(path) for kind, path in paths.items()}),
        reasons=list(_explain(reports)),
    )


def _refresh(connection: Connection, artist_nos: Sequence[int]) -> None:
    # What is left over stays marked: reading is right without it.
    refresh_rollups(connection, artist_nos, BATCH)


def _export(
    numbers: StoredNumbers,
    artist_id: str,
    name: str,
    reports: Sequence[ReportSummary],
    folder: ExportFolder,
) -> dict[str, Path]:
    """All numbers of the reports' periods and the periods before, as files of this run."""
    if not reports:
        return {}
    first = min(to_day(report.before.first) for report in reports)
    rows = list_rows(numbers, artist_id, name, first)
    return {kind: write_export(rows, folder.name(f".{kind}")) for kind in ("csv", "parquet")}


def _explain(reports: Sequence[ReportSummary]) -> Iterable[Reason]:
    """Why the numbers are what they are, report by report."""
    for report in reports:
        yield Reason(
            rule="period_ends_at_newest_day",
            inputs={"report": report.report, "imports": [source.import_id for source in report.sources]},
            numbers={"days_behind": report.days_behind, "span": report.span},
            decision=f"{report.period.first} – {report.period.last}, before it "
            f"{report.before.first} – {report.before.last}",
        )
        for total in report.totals:
            yield from _explain_total(report, total)
    if len(reports) > 1:
        names = [report.report for report in reports]
        yield Reason(
            rule="reports_side_by_side",
            inputs={"reports": names},
            decision="Reports count the same plays; they are shown beside each other and never added.",
        )


def _explain_total(report: ReportSummary, total: Total) -> Iterable[Reason]:
    inputs = {"report": report.report, "measure": total.measure}
    if total.rule == "latest":
        decision = f"The value of {total.day}." if total.day else "No value in the period."
        yield Reason(
            rule="people_are_never_added", inputs=inputs, numbers={"value": total.value}, decision=decision
        )
    for name, change in (("period", total.change), ("week", total.week_change)):
        if change.reason in (NO_DATA_BEFORE, LOWER_COVERAGE_BEFORE):
            yield Reason(
                rule=f"change.{change.reason}",
                inputs=inputs | {"against": name},
                numbers={"coverage": total.coverage, "coverage_before": total.before_coverage},
                decision="The change is not told.",
            )
