"""What doctor looks at of Spotify: until when each account is connected, Client IDs that answer oddly, and pauses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, get_args

from sqlalchemy.exc import SQLAlchemyError

from backline.cli.accounts import judge_consent
from backline.moments import show_moment
from backline.settings import Settings
from backline.spotify.routes import Family
from backline.spotify.tokens import reconnect_by
from backline.storage.database import Database
from backline.storage.limits import DatabaseLimits
from backline.storage.spotify_accounts import list_accounts, list_apps
from backline.web.readiness import Check, shorten

NAME: Final = "spotify"
CONNECT: Final = "Let the person agree: `backline connect spotify`."


def look_at_spotify(settings: Settings, database: Database) -> list[Check]:
    """A check for each account, and one for each Client ID or pause that is worth a word."""
    try:
        return list(_look(database))
    except (SQLAlchemyError, OSError) as error:
        return [Check(NAME, "problem", shorten(error, settings), "Look at the database first.")]


def _look(database: Database) -> Iterator[Check]:
    with database.read() as connection:
        now = database.now(connection)
        accounts, apps = list_accounts(connection), list_apps(connection)
    if not apps:
        yield Check(NAME, "ok", "No app is known; nothing asks the Web API.")
        return
    if not accounts and any(row.has_secret for row in apps):
        yield Check(NAME, "ok", "The catalogue can be read; no account is connected.")
    elif not accounts:
        yield Check(NAME, "warning", "An app is known, but no secret of it and no account.", CONNECT)
    yield from (check_account(row, now) for row in accounts)
    yield from (check_app(row) for row in apps if row.doubted_at is not None)
    yield from check_pauses(database, now)


def check_account(row: Any, now: int) -> Check:
    """Whether a consent lasts, and until when."""
    name, day = row.name or row.account_id, show_moment(reconnect_by(row.authorized_at))[:10]
    state = judge_consent(row, now)
    if state == "ended":
        why = "was refused" if row.ended_at is not None else f"lasted until {day}"
        return Check(NAME, "problem", f"The consent of {name} has ended: it {why}.", CONNECT)
    says = f"{name} is connected; reconnect by {day}."
    if state == "ends soon":
        return Check(NAME, "warning", says, CONNECT)
    return Check(NAME, "ok", says)


def check_app(row: Any) -> Check:
    """An answer came that the profile of this Client ID did not foretell."""
    says = f"The Client ID {row.name or row.client_id} answered otherwise than its profile ({row.profile}) foretells."
    remedy = "Nothing is to be done: it is looked at anew with its next use. `backline accounts` shows what came of it."
    return Check(NAME, "warning", says, remedy)


def check_pauses(database: Database, now: int) -> Iterator[Check]:
    """Until when a developer account, or a family of routes, is left alone."""
    for bucket in DatabaseLimits(database).list_buckets():
        if bucket.key.provider != NAME or not bucket.blocked_for:
            continue
        developer, _, family = bucket.key.account.rpartition("/")
        known = family in get_args(Family)
        what = f"{developer}, family {family}," if known else bucket.key.account
        says = f"Spotify asked {what} for patience until {show_moment(now + bucket.blocked_for)}."
        yield Check(
            NAME, "warning", says, "Let it pass: runs are due again after it. `backline limits show`."
        )
