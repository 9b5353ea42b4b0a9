"""One request, read from top to bottom: who asks, may they now, what goes wrong on purpose, then the route."""

from __future__ import annotations

import hashlib
import inspect

from backline.sandbox.answers import (
    NOT_LISTED,
    PREMIUM,
    Answer,
    Refused,
    refuse,
    refuse_pace,
    refuse_token,
    say_text,
)
from backline.sandbox.call import Call
from backline.sandbox.delivery import deliver_after, deliver_before
from backline.sandbox.ledger import round_up
from backline.sandbox.routes import Route

NOT_FOUND = "Service not found"


async def answer_call(call: Call, found: Route | None) -> Answer:
    """The answer, whatever it is; the ledger's entry says what became of the request."""
    try:
        answer = await (_answer_accounts if call.entry.family == "accounts" else _answer_api)(call, found)
    except Refused as refused:
        call.entry.why = call.entry.why or refused.why
        answer = refused.answer
    call.entry.status = 0 if answer.broken == "reset" else answer.status
    return answer


async def _answer_accounts(call: Call, found: Route | None) -> Answer:
    fault = call.stage.faults.take(call.method, call.path)
    if fault:
        await deliver_before(call, fault)
    answer = await _carry(call, found)
    return await deliver_after(call, fault, answer) if fault else answer


async def _answer_api(call: Call, found: Route | None) -> Answer:
    identify(call)
    _keep_pace(call)
    fault = call.stage.faults.take(call.method, call.path)
    if fault:
        await deliver_before(call, fault)
    _check_standing(call)
    if found and found.gone in call.profile.gone:
        raise _refuse_gone(call, found)
    if found and found.person:
        _check_person(call, found)
    answer = await _carry(call, found)
    answer = _tag(call, answer, private=found is not None and found.person)
    return await deliver_after(call, fault, answer) if fault else answer


async def _carry(call: Call, found: Route | None) -> Answer:
    if found is None:
        raise refuse(404, NOT_FOUND, "no route")
    result = found.handler(call)
    return await result if inspect.isawaitable(result) else result


def identify(call: Call) -> None:
    """Find app and person behind the token. Raises `Refused` (401)."""
    scheme, _, word = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not word:
        raise refuse_token("missing_token")
    access = call.stage.grants.access.get(word)
    app = call.world.apps.get(access.client_id) if access else None
    if access is None or app is None or access.until <= call.now:
        raise refuse_token("invalid_token")
    call.app, call.scopes = app, access.scopes
    call.user = call.world.people.get(access.user or "")
    call.profile = call.stage.find_profile(app)
    entry = call.entry
    entry.client_id, entry.account, entry.user = app.client_id, app.account, access.user


def _keep_pace(call: Call) -> None:
    """Count the request on the developer's account. Raises `Refused` (429)."""
    if call.profile.blocked:
        raise refuse_pace("rate", 86_400, "shared id")
    ruling = call.stage.ledger.admit(call.entry)
    if ruling.pause:
        call.pause = ruling.pause
        wait = round_up(ruling.left) if ruling.pause.header else None
        raise refuse_pace(ruling.pause.kind, wait, call.entry.why or "pause")


def _check_standing(call: Call) -> None:
    """In development mode the owner pays and five people are listed. Raises `Refused` (403, no JSON)."""
    assert call.app
    account = call.world.accounts[call.app.account]
    if not call.profile.masked and call.profile.name == "extended":
        return
    if not account.premium or call.now < account.premium_back:
        raise Refused(say_text(PREMIUM, 403, "text/plain"), "premium")
    if call.user and call.user.id not in call.app.listed:
        raise Refused(say_text(NOT_LISTED, 403, "text/plain"), "not listed")


def _check_person(call: Call, found: Route) -> None:
    """What belongs to a person needs one who agreed to it. Raises `Refused` (401, 403)."""
    _ = call.person  # an app by itself ends here
    if found.scopes:
        call.need_scope(*found.scopes)


def _refuse_gone(call: Call, found: Route) -> Refused:
    if found.gone == "2024" and call.stage.switches.gone_2024 == 404:
        return refuse(404, "Resource not found", "gone")
    return refuse(403, "Forbidden", "gone")


def _tag(call: Call, answer: Answer, private: bool) -> Answer:
    """An ETag for what was read; who has it already gets 304, which was counted like any other request."""
    if call.method != "GET" or answer.status != 200:
        return answer
    tag = f'W/"{hashlib.blake2b(answer.body, digest_size=12).hexdigest()}"'
    kept = {"ETag": tag, "Cache-Control": "private, max-age=0" if private else "public, max-age=0"}
    if tag in {one.strip() for one in call.headers.get("if-none-match", "").split(",")}:
        return Answer(304, b"", "", kept)
    answer.headers |= kept
    return answer
