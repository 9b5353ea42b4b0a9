"""Whether the audit is sealed in time and anchored lately, for `backline doctor`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from backline.anchors.keys import name_public
from backline.cli.audit_places import find_signing_key, list_targets
from backline.errors import BacklineError
from backline.settings import Settings
from backline.storage.anchors import list_served
from backline.storage.database import Database
from backline.storage.seals import read_head, read_lag
from backline.web.readiness import Check
from backline.wiring import find_key_path

LATE = 60.0  # seconds a row may wait for its seal


def look_at_audit(settings: Settings) -> Iterator[Callable[[Database], Check]]:
    """The two looks, with the settings in hand."""

    def check_sealing(database: Database) -> Check:
        return judge_sealing(settings, database)

    def check_anchors(database: Database) -> Check:
        return judge_anchoring(settings, database)

    yield check_sealing
    yield check_anchors


def judge_sealing(settings: Settings, database: Database) -> Check:
    """How long the oldest audit row has waited for its seal."""
    if not settings.audit.seal_seconds:
        return Check(
            "sealing", "warning", "The audit is not sealed.", "Set audit.seal_seconds, for example to 1."
        )
    with database.read() as connection:
        lag, waiting = read_lag(connection)
    if lag <= LATE:
        return Check("sealing", "ok", f"{waiting:,} audit rows wait for their seal, {lag:.0f} s at most.")
    says = f"{waiting:,} audit rows or more wait for their seal, the oldest for {lag:.0f} s."
    remedy = (
        "Start a process, or run `backline audit anchor`. If processes run: end transactions that are open for long; "
        "after a restore, `backline audit epoch --why …`."
    )
    return Check("sealing", "warning", says, remedy)


def judge_anchoring(settings: Settings, database: Database) -> Check:
    """Age of the newest anchor of each target, where there is something to anchor."""
    minutes = settings.audit.anchor_minutes
    with database.read() as connection:
        head, served = read_head(connection), {one.target: one for one in list_served(connection)}
    if head is None:
        return Check("anchors", "ok", "Nothing is sealed yet.")
    try:
        targets = [target.name for target in list_targets(settings)] if minutes else []
        find_signing_key(settings)
    except (BacklineError, OSError) as error:
        remedy = (
            getattr(error, "remedy", None) or "Make it with `backline audit key`, or mend audit.signing_key."
        )
        return Check("anchors", "problem", getattr(error, "message", None) or str(error), remedy)
    if not targets:
        remedy = "Set audit.anchor_targets and audit.anchor_minutes."
        return Check("anchors", "warning", "The audit chain is anchored nowhere.", remedy)
    bad, good = [], []
    for name in targets:
        one = served.get(name)
        if one is None or one.age is None:
            bad.append(f"{name}: none yet" + (f", the last try failed ({one.error})" if one else ""))
        elif one.error or (one.age > 3 * minutes * 60 and (one.epoch, one.seq) != (head.epoch, head.seq)):
            words = f", the last try failed ({one.error})" if one.error else ""
            bad.append(f"{name}: {one.age / 60:.0f} min old{words}")
        else:
            good.append(f"{name}: {one.age / 60:.0f} min old")
    says = f"Newest anchors: {'; '.join(bad + good)}."
    return Check("anchors", "warning", says, _advise(settings)) if bad else Check("anchors", "ok", says)


def _advise(settings: Settings) -> str:
    path = find_key_path(settings)
    if not path.exists() and not name_public(path).exists():
        return "`backline audit key` makes the key that signs; `backline scheduler` or `backline up` then anchors."
    return "`backline audit anchor` tries again and says why not; `backline scheduler` anchors by itself."
