"""One request as a route sees it: parameters that are checked, the person behind the token, and how pages are linked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from backline.sandbox.answers import Answer, Refused, refuse
from backline.sandbox.books import Pause
from backline.sandbox.ledger import Entry
from backline.sandbox.profiles import Profile
from backline.sandbox.stage import Stage
from backline.sandbox.world import App, Person, World


@dataclass(slots=True)
class Call:
    """`base` is the address that the client used; `user` None is an app by itself.

    `pause`: the order that the answer carries. `late`: seconds by which the snapshot of a write is seen later still.
    """

    stage: Stage
    entry: Entry
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    base: str
    now: float
    profile: Profile
    params: dict[str, str] = field(default_factory=dict)
    app: App | None = None
    user: Person | None = None
    scopes: frozenset[str] = frozenset()
    pause: Pause | None = None
    late: float = 0.0

    @property
    def world(self) -> World:
        """What there is."""
        return self.stage.world

    @property
    def person(self) -> Person:
        """Who asks. Raises `Refused` for an app by itself."""
        if self.user is None:
            raise refuse(401, "Valid user authentication required", "no user")
        return self.user

    @property
    def market(self) -> str | None:
        """The market in force, where the request asks for one: a person's country is stronger than what it says."""
        asked = self.query.get("market") or None
        return self.user.country if asked and self.user else asked

    def need_scope(self, *one_of: str) -> None:
        """Raises `Refused` unless the token has one of these scopes."""
        if self.user is not None and not self.scopes.intersection(one_of):
            raise refuse(403, "Insufficient client scope", "scope")

    def read_number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number of the query between two bounds. Raises `Refused` (400, sometimes with nothing in it)."""
        text = self.query.get(name)
        if text is None:
            return default
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if low <= number <= high:
            return number
        if name == "limit" and self.stage.switches.bad_limit == "empty":
            raise Refused(Answer(400), "bad limit")
        raise refuse(400, f"Invalid {name}", f"bad {name}")

    def read_page(self, default: int = 20, most: int = 50, furthest: int = 100_000) -> tuple[int, int]:
        """Limit and offset."""
        return self.read_number("limit", default, 1, most), self.read_number("offset", 0, 0, furthest)

    def read_json(self, bare: str | None = None) -> dict[str, Any]:
        """The body, which may be absent; a list by itself is taken as `bare`. Raises `Refused` for anything else."""
        try:
            data = json.loads(self.body or b"{}")
        except ValueError:
            raise refuse(400, "Error parsing JSON.", "bad json") from None
        if bare and isinstance(data, list):
            return {bare: data}
        if not isinstance(data, dict):
            raise refuse(400, "Error parsing JSON.", "bad json")
        return data

    def read_form(self) -> dict[str, str]:
        """The body of a form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def link(self, **changes: Any) -> str:
        """The address of this request with other parameters; None takes one away."""
        query = {**self.query, **{name: str(value) for name, value in changes.items() if value is not None}}
        kept = {name: value for name, value in query.items() if changes.get(name, "") is not None}
        return f"{self.base}{self.path}" + (f"?{urlencode(kept)}" if kept else "")

    def make_page(self, items: list[Any], total: int, limit: int, offset: int) -> dict[str, Any]:
        """A page by offset around shaped items."""
        more, back = offset + limit < total, max(0, offset - limit)
        return {
            "href": self.link(limit=limit, offset=offset),
            "items": items,
            "limit": limit,
            "next": self.link(limit=limit, offset=offset + limit) if more else None,
            "offset": offset,
            "previous": self.link(limit=limit, offset=back) if offset else None,
            "total": total,
        }
