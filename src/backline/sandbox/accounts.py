"""Routes of the accounts service: authorize, the sign-in page, and the token endpoint with its three grants."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import parse_qsl, urlencode

from backline.sandbox.answers import Answer, refuse_flat, say, say_text
from backline.sandbox.call import Call
from backline.sandbox.grants import Code, Refresh
from backline.sandbox.login_page import draw_consent, draw_refusal
from backline.sandbox.redirects import is_allowed
from backline.sandbox.routes import route
from backline.sandbox.world import App

HTML = "text/html; charset=utf-8"


@route("GET", "/authorize", "accounts")
def begin(call: Call) -> Answer:
    """To the sign-in page, whatever is wrong with the request: that shows only afterwards."""
    query = urlencode(call.query)
    if call.stage.browser and call.query.get("show_dialog") != "true":
        return _come_back(call, call.query, call.stage.browser, agreed=True)
    return _send_to(f"{call.base}/login?{urlencode({'continue': query})}")


@route("GET", "/login", "accounts")
def show_login(call: Call) -> Answer:
    """The page."""
    asked = dict(parse_qsl(call.query.get("continue", ""), keep_blank_values=True))
    app = call.world.apps.get(asked.get("client_id", ""))
    people = list(call.world.people.values())
    return say_text(draw_consent(app, asked.get("scope", ""), people, urlencode(asked)), 200, HTML)


@route("POST", "/login", "accounts")
def sign_in(call: Call) -> Answer:
    """A person has chosen: back to the app with a code, or with `access_denied`."""
    form = call.read_form()
    asked = dict(parse_qsl(form.get("continue", ""), keep_blank_values=True))
    return _come_back(call, asked, form.get("user", ""), agreed=form.get("action") != "cancel")


@route("POST", "/api/token", "accounts")
def give_token(call: Call) -> Answer:
    """Tokens for a code, for a refresh token, or for an app by itself."""
    form = call.read_form()
    kind = form.get("grant_type")
    if kind == "authorization_code":
        return _redeem_code(call, form)
    if kind == "refresh_token":
        return _refresh(call, form)
    if kind == "client_credentials":
        app = _know_app(call, form, secret=True)
        token = call.stage.grants.issue_access(app.client_id, None, "", call.now)
        return say({"access_token": token, "token_type": "Bearer", "expires_in": 3600})
    if kind is None:
        raise refuse_flat("unsupported_grant_type", "grant_type parameter is missing")
    raise refuse_flat(
        "unsupported_grant_type", "grant_type must be client_credentials, authorization_code or refresh_token"
    )


def _come_back(call: Call, asked: dict[str, str], user: str, agreed: bool) -> Answer:
    app = call.world.apps.get(asked.get("client_id", ""))
    redirect = asked.get("redirect_uri", "")
    if app is None:
        return say_text(draw_refusal("INVALID_CLIENT: Invalid client"), 400, HTML)
    if not is_allowed(redirect, app.redirects):
        return say_text(draw_refusal("INVALID_CLIENT: Invalid redirect URI"), 400, HTML)
    state = {"state": asked["state"]} if "state" in asked else {}
    if wrong := _judge(asked, user in call.world.people):
        return say_text(draw_refusal(wrong), 400, HTML)
    if not agreed:
        return _send_to(_extend(redirect, {"error": "access_denied"} | state))
    challenge = asked.get("code_challenge")
    code = Code(app.client_id, user, redirect, asked.get("scope", ""), challenge, call.now)
    return _send_to(_extend(redirect, {"code": call.stage.grants.issue_code(code)} | state))


def _judge(asked: dict[str, str], known: bool) -> str | None:
    if asked.get("response_type") != "code":  # the implicit grant ended on 2025-11-27
        return "response_type must be code"
    if ("code_challenge" in asked) != ("code_challenge_method" in asked):
        return "code_challenge and code_challenge_method belong together"
    if asked.get("code_challenge_method", "S256") != "S256":
        return "code_challenge_method must be S256"
    return None if known else "Nobody of that name is here"


def _redeem_code(call: Call, form: dict[str, str]) -> Answer:
    verifier = form.get("code_verifier")
    app = _know_app(call, form, secret=verifier is None)
    grants = call.stage.grants
    code = grants.redeem(
        form.get("code", ""), app.client_id, form.get("redirect_uri", ""), verifier, call.now
    )
    call.entry.user = code.user
    refresh = Refresh(app.client_id, code.user, code.scope, call.now, pkce=code.challenge is not None)
    return _answer_user(call, refresh, grants.issue_refresh(refresh))


def _refresh(call: Call, form: dict[str, str]) -> Answer:
    grants, word = call.stage.grants, form.get("refresh_token", "")
    grant = grants.refresh.get(word)
    app = _know_app(call, form, secret=grant is not None and not grant.pkce)
    if not word:
        raise refuse_flat("invalid_request", "refresh_token must be supplied")
    if grant is None or grant.client_id != app.client_id:
        raise refuse_flat("invalid_grant", "Refresh token revoked")
    call.entry.user = grant.user
    if call.now >= grant.until:
        raise refuse_flat("invalid_grant")
    if call.stage.switches.refresh != "rotate":
        return _answer_user(call, grant, None)
    del grants.refresh[word]
    return _answer_user(call, grant, grants.issue_refresh(grant))


def _answer_user(call: Call, grant: Refresh, refresh: str | None) -> Answer:
    token = call.stage.grants.issue_access(grant.client_id, grant.user, grant.scope, call.now)
    data = {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": grant.scope}
    return say(data | ({"refresh_token": refresh} if refresh else {}))


def _know_app(call: Call, form: dict[str, str], secret: bool) -> App:
    """The app that asks, by HTTP Basic or in the form; `secret`: its secret must be right."""
    client_id, given = form.get("client_id", ""), form.get("client_secret")
    scheme, _, coded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, given = base64.b64decode(coded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise refuse_flat("invalid_client", "Invalid client") from None
    if not client_id:
        raise refuse_flat("invalid_client")
    app = call.world.apps.get(client_id)
    if app is None:
        raise refuse_flat("invalid_client", "Invalid client")
    call.entry.client_id, call.entry.account = app.client_id, app.account
    if (secret or given is not None) and given != app.secret:
        raise refuse_flat("invalid_client", "Invalid client secret")
    return app


def _extend(uri: str, query: dict[str, str]) -> str:
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(query)}"


def _send_to(address: str) -> Answer:
    return Answer(303, b"", HTML, {"Location": address})
