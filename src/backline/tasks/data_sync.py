"""What platforms say of artists and accounts, brought over; and the word that a consent must be given anew."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from backline.runtime.task import Answer, Job, Limits, Private, Reason, task
from backline.spotify.apps import Apps

BRIEF = Limits(soft=30, hard=45)


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
