"""Housekeeping: what is older than its term leaves, kind by kind."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from backline.runtime.claim import Watch
from backline.runtime.task import Answer, Job, Limits, Reason, task
from backline.storage.database import Database
from backline.storage.expired import CONTENT, count_expired, remove_expired
from backline.storage.retention import KINDS, Author, RetentionPlan, count_old, remove_old
from backline.storage.retention_audit import list_due_epochs, remove_old_epochs

LONG = Limits(soft=6 * 3600, hard=7 * 3600)
AUDIT = "audit"


class ApplyRetention(Job):
    """Whether it is only counted."""

    dry_run: bool = False


class KindLine(BaseModel):
    """One kind of data: its term in days (0 keeps it), and how many rows left, or would.

    Of the audit a dry run counts epochs, since rows leave only with their whole epoch.
    """

    model_config = ConfigDict(extra="forbid")
    kind: str
    days: int
    removed: int


class RetentionAnswer(Answer):
    """Every kind, also those that are kept."""

    dry_run: bool
    kinds: list[KindLine]


def name_lock(_job: ApplyRetention) -> str:
    """One at a time."""
    return "housekeeping"


@task("housekeeping.apply_retention", version=1, limits=LONG, concurrency=name_lock)
def apply_retention(
    job: ApplyRetention, database: Database, plan: RetentionPlan, watch: Watch
) -> RetentionAnswer:
    """Lets rows leave that are older than the settings of `retention` say.

    Reads the terms for runs, results of Celery tasks that are no runs, rejected lines, listening histories,
    ended API keys, stored answers and other content of Spotify, and the audit. Removes, in batches with an
    audit row each, what is older; of the audit only whole sealed epochs, each exported into a file and checked
    before. With `dry_run` it only counts. Never removes open runs, failures without an answer, facts or claims.

    [fr]
    Supprime les lignes plus anciennes que ne le disent les réglages de `retention`.

    Lit les durées prévues pour les exécutions, les résultats de tâches Celery sans exécution, les lignes
    refusées, les historiques d'écoute, les clés d'API terminées, les réponses gardées et les autres
    contenus de Spotify, et l'audit. Supprime ce qui est plus ancien, par lots ayant chacun sa ligne d'audit ; de
    l'audit, seulement des époques entières et scellées, chacune exportée dans un fichier et vérifiée avant. Avec
    `dry_run`, compte seulement. Ne supprime jamais d'exécution ouverte, d'échec sans réponse ni de données.

    [de]
    Lässt Zeilen gehen, die älter sind, als die Einstellungen unter `retention` sagen.

    Liest die Fristen für Läufe, Ergebnisse von Celery-Aufgaben ohne Lauf, abgelehnte Zeilen, Hörverläufe,
    beendete API-Schlüssel, aufbewahrte Antworten und andere Inhalte von Spotify und das Audit. Entfernt,
    was älter ist, in Stapeln mit je einer Auditzeile; vom Audit nur ganze versiegelte Epochen, jede vorher in
    eine Datei ausgeführt und geprüft. Mit `dry_run` wird nur gezählt. Entfernt nie offene Läufe, Fehlschläge
    ohne Antwort oder Zahlen.
    """
    counts = dict.fromkeys((kind.name for kind in KINDS), 0)
    counts |= {CONTENT: 0, AUDIT: 0}
    if job.dry_run:
        counts |= count_old(database, plan)
        with database.read() as connection:
            counts[CONTENT] = count_expired(connection, database.now(connection))
            counts[AUDIT] = len(list_due_epochs(connection, plan, database.now(connection)))
    else:
        author = Author(watch.asked_by, watch.run_id, watch.fence)
        for kind, removed in remove_old(database, plan, author):
            counts[kind] += removed
            watch.progress(counts[kind], None, kind)
        for removed in remove_expired(database, author):
            counts[CONTENT] += removed
            watch.progress(counts[CONTENT], None, CONTENT)
        for removed in remove_old_epochs(database, plan, author):
            counts[AUDIT] += removed
            watch.progress(counts[AUDIT], None, AUDIT)
    days = {kind: getattr(plan, kind) for kind in counts}
    lines = [KindLine(kind=kind, days=days[kind], removed=count) for kind, count in counts.items()]
    decision = "Counted only." if job.dry_run else "Removed in batches; each has its audit row."
    reason = Reason(rule="retention", inputs={"days": days}, numbers=dict(counts), decision=decision)
    return RetentionAnswer(dry_run=job.dry_run, kinds=lines, reasons=[reason])
