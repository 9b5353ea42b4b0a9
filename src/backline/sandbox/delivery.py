"""How a fault is done to a request: before the effect, after it, or to the bytes of the answer."""

from __future__ import annotations

import asyncio

from backline.sandbox.answers import (
    NOT_LISTED,
    PREMIUM,
    Answer,
    Refused,
    refuse,
    refuse_flat,
    refuse_pace,
    refuse_token,
    say_text,
)
from backline.sandbox.call import Call
from backline.sandbox.edits import edit_world
from backline.sandbox.faults import STATUSES, Fault
from backline.sandbox.ledger import round_up

HTML_ERROR = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center></body>\r\n</html>\r\n"
TEXT_ERROR = "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
WORDS = {500: "Server error.", 502: "Bad gateway.", 503: "Service unavailable", 504: "Gateway timeout"}
HARMLESS = {"slow", "stall", "snapshot_lag", "world", "cut"}


async def deliver_before(call: Call, fault: Fault) -> None:
    """What a fault does before anything has happened. Raises `Refused` where it is the answer."""
    if fault.kind == "world":
        for edit in fault.edits:
            edit_world(call.stage, edit)
    elif fault.kind == "snapshot_lag":
        call.late = 60.0 if fault.seconds is None else fault.seconds
    elif fault.kind in {"slow", "stall"}:
        longest = 1.0 if fault.kind == "slow" else 30 + call.stage.random.random() * 15
        await asyncio.sleep(longest if fault.seconds is None else fault.seconds)
    elif fault.kind != "cut" and not fault.after:
        raise make_refusal(call, fault)


async def deliver_after(call: Call, fault: Fault, answer: Answer) -> Answer:
    """What a fault does to an answer whose effect has happened."""
    if fault.kind == "cut":
        call.entry.why = "fault cut"
        answer.broken = "cut"
    elif fault.after and fault.kind not in HARMLESS:
        refusal = make_refusal(call, fault)
        call.entry.why = refusal.why
        return refusal.answer
    return answer


def make_refusal(call: Call, fault: Fault) -> Refused:
    """The answer of a fault; a pause that it orders holds from now on."""
    kind, why = fault.kind, f"fault {fault.kind}"
    if kind in {"429", "quota"}:
        return _order_pause(call, fault)
    if kind == "5xx":
        status = fault.status or STATUSES[int(call.stage.random.random() * 4)]
        return refuse(status, WORDS.get(status, "Server error."), why)
    if kind == "reset":
        return Refused(Answer(502, broken="reset"), why)
    if kind == "bad_token":
        return Refused(refuse_token("invalid_token").answer, why)
    if kind == "invalid_grant":
        return Refused(refuse_flat("invalid_grant", "Refresh token revoked").answer, why)
    texts = {
        "html": (HTML_ERROR, 502, "text/html"),
        "text": (TEXT_ERROR, 503, "text/plain"),
        "empty": ("", 400, "text/plain"),
        "premium": (PREMIUM, 403, "text/plain"),
        "not_listed": (NOT_LISTED, 403, "text/plain"),
    }
    if kind in texts:
        words, status, form = texts[kind]
        return Refused(say_text(words, fault.status or status, form), why)
    return refuse(403, "Forbidden", why)


def _order_pause(call: Call, fault: Fault) -> Refused:
    wait = fault.retry_after if fault.retry_after is not None else fault.seconds
    name, kind = ("*", "rate") if fault.kind == "429" else (call.entry.family, "quota")
    if wait:
        call.pause = call.stage.ledger.order_pause(call.entry, name, kind, wait)
        call.pause.header = fault.retry_after is not None
    told = None if fault.retry_after is None else round_up(fault.retry_after)
    return refuse_pace(kind, told, f"fault {fault.kind}")
