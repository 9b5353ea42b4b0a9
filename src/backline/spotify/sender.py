"""One call, read from top to bottom: what is stored, the budget, the token, the request, and what its answer means.

Nothing here sleeps and nothing is retried, but for one new token after a 401: what may be asked again later is
a `TryLater` or a passing `Hiccup`, and so a due row.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import httpx

from backline.errors import BacklineError
from backline.spotify.faults import (
    LimitTooHigh,
    QuotaSpent,
    RateLimited,
    RouteGone,
    judge_answer,
    judge_failure,
    lose_answer,
    miss_scope,
    parse_json,
    read_json,
    wants_person,
)
from backline.spotify.hosts import Hosts
from backline.spotify.needs import AnswerStore, Budget, Clock, Grant, StoredAnswer
from backline.spotify.routes import ME, Family, Profile, Route
from backline.spotify.tokens import Tokens

LISTED_FOR: Final = 600_000_000  # µs for which a success shows that a person is on the list of the app
Query = str | int | None
MAX_AGE: Final = re.compile(r"\bmax-age=(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked. `account_id` None: the app by itself. `content`: bytes in place of a JSON `body`.

    `anew`: ask, although a stored answer is said to be fresh. `since`: unless it was stored at or after that moment (µs
    since 1970): so work that was cut off asks for nothing twice.
    """

    route: Route
    names: tuple[str, ...] = ()
    query: Mapping[str, Query] = field(default_factory=dict)
    body: Any = None
    content: bytes | None = None
    account_id: str | None = None
    interactive: bool = False
    anew: bool = False
    since: int | None = None

    @property
    def asked(self) -> dict[str, str]:
        """The query without what was left open."""
        return {name: str(value) for name, value in sorted(self.query.items()) if value is not None}

    def make_key(self, client_id: str) -> str:
        """Equal calls have equal keys; those of another account or app never have."""
        asked = [client_id, self.account_id, self.route.fill(*self.names), self.asked]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


class Sender:
    """How one app asks. `profile` None: not known yet, so nothing is refused before it is asked.

    `doubt` is shown the error of an answer that the profile did not foretell, and says what to raise.
    """

    def __init__(
        self, web: httpx.Client, hosts: Hosts, tokens: Tokens, budget: Budget, answers: AnswerStore, clock: Clock,
        profile: Profile | None = None, doubt: Callable[[BacklineError], BacklineError] = lambda error: error,
    ) -> None:  # fmt: skip
        self._web, self._hosts, self._tokens = web, hosts, tokens
        self._budget, self._answers, self._clock = budget, answers, clock
        self.profile, self._doubt = profile, doubt
        self._seen_well: dict[str, int] = {}
        self.heard: list[tuple[Family, int]] = []  # of each GET its family, and when its answer was fetched

    def send(self, call: Call) -> Any:
        """The JSON of the answer, or None. Raises what `faults.judge_answer` tells, and `TryLater` of the budget."""
        route = call.route
        if self.profile and not route.exists_on(self.profile):
            raise RouteGone(f"{route} is not offered to this Client ID.")
        return self._read(call) if route.method == "GET" else read_json(self._ask(call), route)

    def ask_who(self, token: str) -> Any:
        """`/me` with a token that was just given: whose it is."""
        answer = self._send(Call(ME, interactive=True), token, None)
        if answer.status_code == 200:
            return read_json(answer, ME)
        raise judge_answer(answer, ME, lambda: False)

    def _read(self, call: Call) -> Any:
        """A GET: fresh answers are not asked for, equal requests at the same time go out once, 304 is the stored one."""
        key = call.make_key(self._tokens.app.client_id)
        began = self._clock.now()
        stored, data = self._answers.read(key), None
        if stored is None or not _suffices(stored, call, began):
            with self._answers.asking(key) as waited:
                stored = self._answers.read(key)
                asked = replace(call, since=began if call.since is None else call.since) if waited else call
                if stored is None or not _suffices(stored, asked, began):
                    stored, data = self._fetch(call, key, stored)
        self.heard.append((call.route.family, stored.fetched_at))
        return parse_json(stored.body) if data is None else data

    def _fetch(self, call: Call, key: str, stored: StoredAnswer | None) -> tuple[StoredAnswer, Any]:
        """What is stored from now on, and its JSON where it was read on the way."""
        answer = self._ask(call, stored.etag if stored else None)
        now, data = self._clock.now(), None
        fresh = now + _read_age(answer) * 1_000_000
        if answer.status_code == 304 and stored:
            found = replace(stored, fetched_at=now, fresh_until=fresh)
        else:
            data = read_json(answer, call.route)  # a cut body is not kept
            client_id = self._tokens.app.client_id
            etag = answer.headers.get("etag")
            found = StoredAnswer(etag, answer.content, now, fresh, call.account_id, client_id)
        self._answers.write(key, found)
        return found, data

    def _ask(self, call: Call, etag: str | None = None) -> httpx.Response:
        """A success or 304. A token that is refused is renewed once; both requests count."""
        grant = self._tokens.give(call.account_id)
        if grant.scopes and call.route.scopes and grant.scopes.isdisjoint(call.route.scopes):
            raise miss_scope(call.route)
        answer = self._send(call, grant.access_token, etag)
        if answer.status_code == 401 and not wants_person(answer):
            grant = self._tokens.renew(call.account_id, grant)
            answer = self._send(call, grant.access_token, etag)
        if answer.is_success or (answer.status_code == 304 and etag):
            if call.account_id:
                self._seen_well[call.account_id] = self._clock.now()
            return answer
        error = judge_answer(answer, call.route, lambda: self._is_listed(call, grant))
        raise self._doubt(error) if self._is_odd(error, call) else error

    def _send(self, call: Call, token: str, etag: str | None) -> httpx.Response:
        """One request. An order to wait is known to all before anybody else asks."""
        with self._budget.take(call.route.family, interactive=call.interactive):
            answer = self._send_with(call, token, etag)
            if answer.status_code == 429:
                self._tell(judge_answer(answer, call.route, lambda: True), call.route)
        return answer

    def _send_with(self, call: Call, token: str, etag: str | None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} | ({"If-None-Match": etag} if etag else {})
        if call.content is not None:
            headers["Content-Type"] = "image/jpeg"
        address = self._hosts.api + call.route.fill(*call.names)
        try:
            return self._web.request(
                call.route.method, address, params=call.asked, json=call.body, content=call.content, headers=headers
            )  # fmt: skip
        except httpx.TransportError as error:
            raise judge_failure(error, call.route) from error
        except httpx.DecodingError as error:
            raise lose_answer(call.route, "its answer cannot be unpacked") from error

    def _is_listed(self, call: Call, grant: Grant) -> bool:
        """Whether `/me` answers this person: it refuses those who are not listed for the app. One request, if need be."""
        if call.account_id is None or call.route is ME:
            return call.account_id is None
        if self._clock.now() - self._seen_well.get(call.account_id, -LISTED_FOR) < LISTED_FOR:
            return True
        asked = replace(call, route=ME, names=(), query={}, body=None, content=None)
        answer = self._send(asked, grant.access_token, None)
        if answer.is_success:
            self._seen_well[call.account_id] = self._clock.now()
            return True
        if answer.status_code == 403:
            return False
        raise judge_answer(answer, ME, lambda: False)

    def _is_odd(self, error: BacklineError, call: Call) -> bool:
        """Whether the profile of the Client ID says otherwise: what it foretells was not asked."""
        if self.profile is None or not isinstance(error, LimitTooHigh):
            return self.profile is not None and isinstance(error, RouteGone)
        return int(call.query.get("limit") or 0) <= call.route.cap(self.profile)

    def _tell(self, error: BacklineError, route: Route) -> None:
        """Let all workers know what holds for all of them."""
        if isinstance(error, QuotaSpent):
            self._budget.tell_spent(route.family)
            self._budget.tell_block(route.family, error.seconds, error.message)
        elif isinstance(error, RateLimited):
            self._budget.tell_block(None, error.seconds, error.message)


def _suffices(stored: StoredAnswer, call: Call, now: int) -> bool:
    """Whether a stored answer makes asking needless."""
    is_recent = call.since is not None and stored.fetched_at >= call.since
    return is_recent or (stored.fresh_until > now and not call.anew)


def _read_age(answer: httpx.Response) -> int:
    """Seconds for which the answer is fresh."""
    told = answer.headers.get("cache-control", "")
    found = MAX_AGE.search(told)
    return 0 if found is None or "no-store" in told or "no-cache" in told else int(found[1])
