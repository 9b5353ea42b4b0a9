"""What an answer that is no success means, said in plain words with what helps.

The Web API has one status for many causes, nested errors, flat ones, texts and empty bodies. Each cause that was seen
in 2026 is told apart here. A wait of any length is a `TryLater`, never a sleep.
Sources: the concept pages on API calls, rate limits and quota modes, the changelog of July 2026, and issue reports of
other clients (zmb3/spotify 301, spotipy 1231, spotify/web-api 515 and 599).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, Final

import httpx
from pydantic_core import from_json

from backline.errors import BacklineError, BadInput, NeedsHuman, NotAllowed, TryLater, UnknownName
from backline.spotify.routes import Route

UNTOLD_PACE: Final = 60.0  # seconds, where a rate limit does not say how long
UNTOLD_QUOTA: Final = 86_400.0  # the same for a quota, which behaves like a daily one
LONGEST: Final = 7 * 86_400.0  # no wait that was ever reported is longer; a larger number is nonsense
DASHBOARD: Final = "the app's page in the developer dashboard"


class LimitTooHigh(BadInput):
    """The page is longer than this Client ID may have."""


class NotOwner(NotAllowed):
    """The playlist belongs to somebody else; only its owner and collaborators may do this."""


class RouteGone(NotAllowed):
    """The Web API does not offer this to this Client ID."""


class RateLimited(TryLater):
    """The Web API was asked too often within a short time."""


class QuotaSpent(TryLater):
    """The daily quota of the Web API for this kind of request is spent."""


class Hiccup(BacklineError, ConnectionError):
    """The Web API could not be reached, or answered with a fault of its own.

    A `ConnectionError`, so that a run counts it and asks again after longer and longer times, not for ever.
    """


class PremiumLapsed(NeedsHuman):
    """The owner of the app has no Premium subscription, and without one the Web API answers nothing."""


class NotListed(NeedsHuman):
    """The person is not on the list of users of this app."""


class ScopeMissing(NeedsHuman):
    """The person did not agree to this when they connected."""


class Disconnected(NeedsHuman):
    """The connection to the account has ended."""


class WrongApp(NeedsHuman):
    """The Web API does not know this Client ID, or its secret is another one."""


class OutcomeUnknown(NeedsHuman):
    """The answer to a write was lost: nobody knows whether it happened."""


def judge_answer(answer: httpx.Response, route: Route, is_listed: Callable[[], bool]) -> BacklineError:
    """The error that an unsuccessful answer is. `is_listed` asks `/me`, and only where nothing else tells.

    An answer of 401 is `Disconnected`: whether a new token helps is for the sender to find out first.
    """
    status, words = answer.status_code, read_message(answer)
    foreign = (
        _is_page(answer) and status != 429
    )  # of something on the way, which knows nothing of the Web API
    if foreign or status < 400 or status == 408 or status >= 500:
        return lose_answer(route, f"it answered {status}" + (f" ({words})" if words else ""))
    if status == 401:
        return _judge_401(answer)
    if status == 403:
        return _judge_403(answer, route, words, is_listed)
    if status == 404:
        return _judge_404(route)
    if status == 429:
        return _judge_429(answer)
    if status == 400 and "limit" in answer.request.url.params and (not words or "limit" in words.lower()):
        return LimitTooHigh(f"{route} takes no page as long as {answer.request.url.params['limit']}.")
    return BadInput(f"The Web API does not take {route}: {words or f'status {status}, without words'}.")


def judge_failure(error: httpx.TransportError, route: Route) -> BacklineError:
    """The error that a failed connection is. What was never sent may always be asked again."""
    never_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    if never_sent:
        return Hiccup(f"The Web API could not be reached for {route}.")
    return lose_answer(route, "the connection ended before its answer was whole")


def lose_answer(route: Route, why: str) -> BacklineError:
    """The error of an answer that cannot be used: later again, unless asking twice would do twice."""
    if route.again:
        return Hiccup(f"The Web API had a fault at {route}: {why}.")
    return OutcomeUnknown(
        f"Nobody knows whether {route} was done: {why}.",
        remedy="Look at what is there before asking again.",
    )


def miss_scope(route: Route) -> ScopeMissing:
    """The error of a person who did not agree to what a route needs."""
    return ScopeMissing(
        f"The person did not agree to {' or '.join(route.scopes) or 'this'}, which {route} needs.",
        remedy="Connect the account again and agree to it.",
    )


def read_json(answer: httpx.Response, route: Route) -> Any:
    """The body of a success; None where it is empty. Raises `Hiccup` or `OutcomeUnknown` for a cut or foreign one."""
    try:
        return parse_json(answer.content)
    except ValueError:
        raise lose_answer(route, "its answer is no JSON") from None


def parse_json(body: bytes) -> Any:
    """JSON out of bytes; None where there are none. Raises `ValueError`."""
    if not body.strip():
        return None
    try:
        return from_json(body)
    except ValueError:
        return json.loads(
            body
        )  # slower, and takes what the other does not: UTF-16, a lone half of a character


def read_wait(answer: httpx.Response) -> float | None:
    """Seconds of `Retry-After`, at least one and a week at most; None where it is missing or no number."""
    try:
        seconds = float(answer.headers.get("retry-after", ""))
    except ValueError:
        return None
    return min(max(seconds, 1.0), LONGEST) if math.isfinite(seconds) else None


def read_message(answer: httpx.Response) -> str:
    """The words of an error: nested, flat, or the text itself; no pages of HTML."""
    error = _read_error(answer)
    if error:
        return str(error.get("message") or error.get("error_description") or error.get("error") or "")
    return "" if _is_page(answer) else answer.text.strip()[:200]


def read_reason(answer: httpx.Response) -> str:
    """The `reason` of an error, such as QUOTA_EXCEEDED, or nothing."""
    return str(_read_error(answer).get("reason") or "")


def _is_page(answer: httpx.Response) -> bool:
    return "html" in answer.headers.get("content-type", "")


def _read_error(answer: httpx.Response) -> dict[str, Any]:
    """The object that tells of the error; empty where the body has none."""
    try:
        data = json.loads(answer.content or b"{}")
    except ValueError:
        return {}
    if not isinstance(data, dict):
        return {}
    inner = data.get("error")
    return inner if isinstance(inner, dict) else data


def wants_person(answer: httpx.Response) -> bool:
    """Whether a 401 says that an app asked by itself for what belongs to a person: another token does not help."""
    return "user authentication" in read_message(answer).lower()


def _judge_401(answer: httpx.Response) -> BacklineError:
    if wants_person(answer):
        return NotAllowed(
            "This belongs to a person, and the app asked by itself.", remedy="Connect an account for it."
        )
    return Disconnected(
        "The Web API does not take the token of this account, and a new one did not help.",
        remedy="Connect the account again.",
    )


def _judge_403(
    answer: httpx.Response, route: Route, words: str, is_listed: Callable[[], bool]
) -> BacklineError:
    low = words.lower()
    if read_reason(answer) == "PREMIUM_REQUIRED":
        return NotAllowed("The player obeys only those who have Premium.")
    if "premium" in low:
        return PremiumLapsed(
            remedy="Its owner has to subscribe again; after that it can take a few hours until it works."
        )
    if "not registered" in low:
        return _tell_not_listed()
    if "scope" in low:
        return miss_scope(route)
    if route.gone is None and not is_listed():
        return _tell_not_listed()
    if route.template.startswith("/playlists/"):
        return NotOwner()
    return RouteGone(
        f"{route} is not offered to this Client ID.",
        remedy="Nothing helps but another Client ID that still has it; it is not asked again.",
    )


def _tell_not_listed() -> NotListed:
    return NotListed(remedy=f"Add their name and address to the users on {DASHBOARD}; it has room for five.")


def _judge_404(route: Route) -> BacklineError:
    if route.gone == "2024":
        return RouteGone(f"{route} is not offered to this Client ID.")
    if "/playlists/{id}" in route.template:
        return UnknownName(
            "There is no such playlist, or it is one that Spotify makes itself: those cannot be read any more."
        )
    return UnknownName(f"There is nothing of that id ({route}).")


def _judge_429(answer: httpx.Response) -> BacklineError:
    told = read_wait(answer)
    if read_reason(answer) == "QUOTA_EXCEEDED":
        return QuotaSpent(told or UNTOLD_QUOTA)
    return RateLimited(told or UNTOLD_PACE)
