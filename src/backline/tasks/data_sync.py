"""What platforms say of artists and accounts, brought over; the team's own catalogue; and that a consent ends soon."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from backline.moments import show_moment
from backline.runtime.claim import Watch
from backline.runtime.effects import AuditTrail, Effects, FollowUps
from backline.runtime.steps import Steps
from backline.runtime.task import Answer, Job, Limits, Private, Reason, task
from backline.spotify.addresses import read_artist_id
from backline.spotify.apps import Apps
from backline.storage.database import Database
from backline.tasks.work.account_clerk import PartLine
from backline.tasks.work.account_parts import look_at_account
from backline.tasks.work.artist_answer import ArtistNews

LONG = Limits(soft=1800, hard=2100)
BRIEF = Limits(soft=30, hard=45)


class SyncArtistData(Job):
    """One artist, by our id or name, or by id, URI or address of Spotify; or one connected account.

    `full_sync`: read everything anew. `parts`: of an account, none for all. `begun_at`: when the look began that this
    run goes on with (µs since 1970); a run that ends before all is done says it to the next one.
    """

    artist_id: str | None = Field(None, min_length=1, max_length=1000)
    full_sync: bool = False
    account_id: Annotated[str | None, Private(), Field(min_length=1, max_length=200)] = None
    parts: list[Literal["plays", "follows", "library", "playlists"]] = Field(
        [], max_length=4, validate_default=True
    )
    begun_at: int | None = Field(None, ge=0)

    @field_validator("parts")
    @classmethod
    def _check(cls, parts: list[str], found: ValidationInfo) -> list[str]:
        """Here, since what is wrong with a private field is not told."""
        has_artist, has_account = (found.data.get(name) is not None for name in ("artist_id", "account_id"))
        if has_artist == has_account and {"artist_id", "account_id"} <= found.data.keys():
            raise ValueError("give either artist_id or account_id")
        if parts and has_artist:
            raise ValueError("only an account has them")
        return parts


class SyncAnswer(Answer):
    """What was seen, of an artist or by the parts of an account, and what it cost: requests of this run by family.

    `due_at`: when another run goes on with what is left, None where nothing is.
    """

    requests: dict[str, int]
    artist: ArtistNews | None = None
    parts: list[PartLine]
    due_at: str | None = None


def name_lock(job: SyncArtistData) -> str:
    """One look at an artist or an account at a time."""
    if job.artist_id is None:
        return f"spotify account {job.account_id}"
    return f"spotify artist {read_artist_id(job.artist_id) or job.artist_id.strip()}"


@task("data_sync.sync_artist_data", version=1, limits=LONG, concurrency=name_lock)
def sync_artist_data(
    job: SyncArtistData,
    apps: Apps,
    database: Database,
    steps: Steps,
    effects: Effects,
    follow_ups: FollowUps,
    trail: AuditTrail,
    watch: Watch,
) -> SyncAnswer:
    """Brings over what Spotify says of an artist, or of the team's own account.

    Reads of an artist the releases, and of new or changed ones UPC, tracks and ISRCs; with `full_sync`
    everything anew. An unchanged artist with ten releases or fewer costs one request, one with more costs two:
    the first page, and one of the others in turn. Of an account it reads playlists that have changed, what is
    kept and followed, and what was played. Writes, with the end of the run and all at once: the catalogue, what
    is gone or told otherwise as history, and which recordings the tracks of reports are. What the budget of the
    day does not allow is left to a run that goes on later, and says when. Content of Spotify expires unless it is
    seen again. Never changes anything at Spotify, and never asks for the same thing twice after a crash.

    [fr]
    Reprend ce que Spotify dit d'un artiste, ou du compte de l'équipe.

    Lit d'un artiste les sorties et, pour celles qui sont nouvelles ou changées, UPC, titres et ISRC ; avec
    `full_sync`, tout de nouveau. Un artiste inchangé de dix sorties au plus coûte une requête, un plus grand en
    coûte deux : la première page et une des autres à tour de rôle. D'un compte, lit les playlists qui ont changé,
    ce qui est gardé et suivi, et ce qui a été écouté. Écrit, à la fin de l'exécution et en une fois : le
    catalogue, ce qui a disparu ou changé comme historique, et quels enregistrements sont les titres des
    rapports. Ce que le budget du jour ne permet pas est laissé à une exécution qui continue plus tard, et le dit.
    Le contenu de Spotify expire s'il n'est pas revu. Ne change jamais rien chez Spotify et ne demande jamais deux
    fois la même chose après un arrêt.

    [de]
    Holt, was Spotify über einen Künstler sagt, oder über das eigene Konto des Teams.

    Liest von einem Künstler die Veröffentlichungen und von neuen oder geänderten UPC, Titel und ISRCs; mit
    `full_sync` alles neu. Ein unveränderter Künstler mit höchstens zehn Veröffentlichungen kostet eine Anfrage,
    ein größerer zwei: die erste Seite und reihum eine der anderen. Von einem Konto liest er Playlists, die sich
    geändert haben, was aufbewahrt und wem gefolgt wird und was gehört wurde. Schreibt am Ende des Laufs und
    alles auf einmal: den Katalog, was fehlt oder anders gesagt wird als Geschichte, und welche Aufnahmen die
    Titel der Berichte sind. Was das Budget des Tages nicht zulässt, bleibt einem Lauf, der später weitermacht,
    und er sagt wann. Inhalt von Spotify läuft ab, wenn er nicht wieder gesehen wird. Ändert nie etwas bei
    Spotify und fragt nach einem Absturz nie zweimal dasselbe.
    """
    if job.artist_id is not None:
        from backline.tasks.work.artist_clerk import look_at_artist, open_desk  # these load Arrow and NumPy
        from backline.tasks.work.artist_news import conclude

        desk = open_desk(
            job.artist_id, apps=apps, steps=steps, database=database, watch=watch, is_full=job.full_sync,
            begun_at=job.begun_at,
        )  # fmt: skip
        found = look_at_artist(desk)
        news, reasons = conclude(desk, found, effects, trail)
        answer = SyncAnswer(requests=dict(desk.count_requests()), artist=news, parts=[], reasons=reasons)
        due, rest = found.due, job.model_copy(update={"begun_at": desk.since})
    else:
        told = look_at_account(
            str(job.account_id), job.parts, apps=apps, steps=steps, database=database, effects=effects,
            trail=trail, watch=watch, is_full=job.full_sync,
        )  # fmt: skip
        answer = SyncAnswer(requests=told.requests, parts=told.lines, reasons=told.reasons)
        due, rest = told.due, job.model_copy(update={"parts": told.left, "full_sync": False})
    if due is not None:
        follow_ups.add(sync_artist_data, rest, key=f"rest:{watch.run_id}", delay=due)
        answer.due_at = show_moment(apps.clock.now() + round(due * 1_000_000))
    return answer


class RemindReconnect(Job):
    """Whose consent, given when (µs since 1970), and how many days before its end this is."""

    account_id: Annotated[str, Private(), Field(min_length=1, max_length=200)]
    authorized_at: int = Field(ge=0)
    days: int = Field(ge=0, le=200)


class ReconnectAnswer(Answer):
    """Why nobody needs to do anything: the consent was given anew, or the account is not connected any more."""

    needless: Literal["renewed", "disconnected"]


@task("data_sync.remind_reconnect", version=1, limits=BRIEF)
def remind_reconnect(job: RemindReconnect, apps: Apps) -> ReconnectAnswer:
    """Says that a consent ends soon and has to be given anew.

    Reads until when the account is connected; `backline connect` asks for this run 30, 14 and 3 days before.
    Ends as what needs a person, and stays there until somebody connects again or answers it; where that has
    happened already, it says so and ends. Writes nothing. Never asks the platform, and never renews anything.

    [fr]
    Dit qu'un accord prend bientôt fin et doit être donné de nouveau.

    Lit jusqu'à quand le compte est connecté ; `backline connect` demande cette exécution 30, 14 et 3 jours
    avant. Finit comme ce qui attend une personne, et y reste jusqu'à ce que quelqu'un reconnecte ou y réponde ;
    si c'est déjà fait, le dit et finit. N'écrit rien. N'interroge jamais la plateforme et ne renouvelle rien.

    [de]
    Sagt, dass eine Zustimmung bald endet und neu gegeben werden muss.

    Liest, bis wann das Konto verbunden ist; `backline connect` verlangt diesen Lauf 30, 14 und 3 Tage vorher.
    Endet als etwas, das einen Menschen braucht, und bleibt dort, bis jemand neu verbindet oder antwortet; ist
    das schon geschehen, sagt er es und endet. Schreibt nichts. Fragt nie die Plattform und erneuert nie etwas.
    """
    from backline.tasks.work.reconnect import remind_person

    needless = remind_person(apps, job.account_id, job.authorized_at)
    decision = f"Nothing is to be done {job.days} days before: {needless}."
    reason = Reason(rule="reconnect.day", numbers={"days": job.days}, decision=decision)
    return ReconnectAnswer(needless=needless, reasons=[reason])


class ImportCatalogue(Job):
    """Which table, and whose it is where it has no column of artists."""

    path: str = Field(min_length=1, max_length=4000)
    artist: str | None = Field(None, min_length=1, max_length=500)


class WrongLine(BaseModel):
    """A cell that cannot be used. `line`: of the file, 0: the file as a whole; `field`: "" for the whole row."""

    model_config = ConfigDict(extra="forbid")

    line: int
    field: str
    reason: str
    remedy: str


class OtherCode(BaseModel):
    """A release or recording that was told before under `code` (UPC or ISRC), and the one that is `new` now."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    id: str
    title: str
    code: str
    new: str


class CatalogueAnswer(Answer):
    """What the file tells of. `wrong` names at most 1,000 of the wrong cells; where there is one, nothing is written.

    `counts`: how many releases and recordings are new, changed and unchanged, how many recordings are gone from a
    release, how many tracks of reports were joined or proposed now and are waiting for a person. `unread`: columns
    of the file that mean nothing here. `doubles`: at most 1,000 things of the same artist and title as a new one,
    with another code.
    """

    file: str
    outcome: Literal["imported", "unchanged", "rejected"]
    counts: dict[str, int]
    unread: list[str]
    wrong: list[WrongLine]
    doubles: list[OtherCode]


def name_catalogue_lock(_job: ImportCatalogue) -> str:
    """Tables of the catalogue follow one another."""
    return "catalogue import"


@task("data_sync.import_catalogue", version=1, limits=LONG, concurrency=name_catalogue_lock)
def import_catalogue(
    job: ImportCatalogue, database: Database, effects: Effects, trail: AuditTrail, watch: Watch
) -> CatalogueAnswer:
    """Reads the team's own catalogue from a table: artists, releases and recordings, with UPC and ISRC.

    Reads the file `path` (CSV), one row for each track. Writes, with the end of the run, all of it or nothing:
    the team's own word on each release and recording, what is told otherwise than before as history, artists
    not known before (confirmed), and which recordings the tracks of reports are. Every cell that cannot be used is
    named with its line and what to write. The same file again changes nothing. Never changes or sends the file,
    and never what another source says.

    [fr]
    Lit le catalogue de l'équipe dans un tableau : artistes, sorties et enregistrements, avec UPC et ISRC.

    Lit le fichier `path` (CSV), une ligne par titre. Écrit, à la fin de l'exécution, tout ou rien : ce que
    l'équipe dit de chaque sortie et enregistrement, ce qui est dit autrement qu'avant comme historique, les
    artistes encore inconnus (confirmés), et quels enregistrements sont les titres des rapports. Chaque cellule
    inutilisable est nommée avec sa ligne et ce qu'il faut écrire. Le même fichier ne change rien la seconde fois.
    Ne modifie et n'envoie jamais le fichier, ni jamais ce que dit une autre source.

    [de]
    Liest den Katalog des Teams aus einer Tabelle: Künstler, Veröffentlichungen und Aufnahmen, mit UPC und ISRC.

    Liest die Datei `path` (CSV), eine Zeile je Titel. Schreibt am Ende des Laufs alles oder nichts: was das Team
    über jede Veröffentlichung und Aufnahme sagt, was anders gesagt wird als vorher als Geschichte, noch
    unbekannte Künstler (bestätigt), und welche Aufnahmen die Titel der Berichte sind. Jede unbrauchbare Zelle
    wird mit ihrer Zeile genannt und damit, was zu schreiben ist. Dieselbe Datei ändert beim zweiten Mal nichts.
    Ändert oder verschickt nie die Datei, und nie, was eine andere Quelle sagt.
    """
    from backline.tasks.work.catalogue_clerk import MOST_WRONG, take_catalogue  # loads Arrow and NumPy

    found = take_catalogue(job.path, job.artist, database=database, effects=effects, trail=trail, watch=watch)
    counts = found.count()
    wrong = [WrongLine(line=c.line, field=c.field, reason=c.reason, remedy=c.remedy) for c in found.wrong]
    doubles = [OtherCode(**asdict(one)) for one in found.doubles[:MOST_WRONG]]
    decision = {
        "imported": "Every cell can be used.",
        "unchanged": "Everything was known just so.",
        "rejected": "A cell cannot be used: nothing is written.",
    }[found.outcome]
    reason = Reason(rule="catalogue.import", inputs={"file": found.name}, numbers=counts, decision=decision)
    return CatalogueAnswer(
        file=found.name, outcome=found.outcome, counts=counts, unread=found.unread, wrong=wrong[:MOST_WRONG],
        doubles=doubles, reasons=[reason],
    )  # fmt: skip
