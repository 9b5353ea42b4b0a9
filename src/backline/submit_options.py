"""Celery's submit options as an ask: what is known is read, what is not is refused with a remedy."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeGuard

from backline.errors import BadInput
from backline.runtime.submit import Ask
from backline.storage.canvases import name_key

log = logging.getLogger("backline.celery")
OPTIONS = {"countdown", "eta", "expires", "priority", "key", "asked_by", "deadline"}
LONGEST = 100 * 366 * 86_400.0  # seconds
LONGEST_ID = 255  # characters, as AMQP has it


def read_options(options: Mapping[str, Any], actor: str) -> Ask:
    """Celery's submit options as an ask. What is not supported raises `BadInput` with the remedy."""
    given = {name: value for name, value in options.items() if value is not None}
    unknown = sorted(given.keys() - OPTIONS)
    if unknown:
        raise BadInput(
            f"The option {unknown[0]} is not supported.",
            remedy=f"Supported are {', '.join(sorted(OPTIONS))}.",
        )
    delay = max(_read_seconds("eta" if "eta" in given else "countdown", given) or 0.0, 0.0)
    expires, deadline = _read_seconds("expires", given), _read_seconds("deadline", given)
    return Ask(
        asked_by=str(given.get("asked_by", actor)),
        key=str(given["key"]) if "key" in given else None,
        delay=delay,
        priority=_read_priority(given),
        deadline=None if deadline is None else deadline - delay,
        expires=None if expires is None else expires - delay,
    )


def _read_seconds(name: str, given: Mapping[str, Any]) -> float | None:
    """A time option as seconds from now: a number of seconds, or a moment (naive ones are UTC, as in Celery)."""
    value = given.get(name)
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return _bound(name, (aware - datetime.now(UTC)).total_seconds())
    if name != "eta" and _is_finite(value):
        return _bound(name, float(value))
    if value is None:
        return None
    what = "a moment (datetime)" if name == "eta" else "seconds from now, or a moment (datetime)"
    raise BadInput(f"The option {name} is {value!r}.", remedy=f"It takes {what}.")


def _is_finite(value: Any) -> TypeGuard[float]:
    with suppress(OverflowError):  # an integer beyond every float
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return False


def _bound(name: str, seconds: float) -> float:
    if abs(seconds) <= LONGEST:
        return seconds
    raise BadInput(f"The option {name} lies {seconds:g} s away.", remedy="It takes at most 100 years.")


def _read_priority(given: Mapping[str, Any]) -> int | None:
    value = given.get("priority")
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 9):
        return value
    raise BadInput(f"The option priority is {value!r}.", remedy="It takes 0 (most urgent) to 9.")


def read_message_options(request: Any) -> Ask:
    """The options of another program's message, from Celery's request: id, origin, eta, expires, priority.

    A lone `priority` of 0 is what a message has that says nothing. What cannot be read is left out: the
    job matters more, and nobody is there to be told.
    """
    given = {"eta": request.eta, "expires": request.expires}
    given["priority"] = (request.delivery_info or {}).get("priority") or None
    readable = {name: value for name, value in given.items() if _is_readable(name, value)}
    ask = read_options(readable, _name_sender(request.origin))
    return replace(ask, key=name_key(request.id) if request.id else None)


def read_headers(headers: Mapping[str, Any]) -> Ask:
    """Who sent a message that no request can be made of; its id where it is a text that can be a key."""
    given = headers.get("id")
    is_key = isinstance(given, str) and given.isprintable() and 0 < len(given) <= LONGEST_ID
    return Ask(_name_sender(headers.get("origin")), key=name_key(str(given)) if is_key else None)


def _name_sender(origin: Any) -> str:
    return "message:" + str(origin or "unknown").replace("\0", "").encode("utf-8", "replace").decode()


def _is_readable(name: str, value: Any) -> bool:
    try:
        read_options({name: value}, "")
    except BadInput as error:
        log.warning("a message's option is left out: %s", error)
        return False
    return True
