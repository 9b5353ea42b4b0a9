"""Who asks through a sender, and answers read as what they should be: one thing, or pages that can be resumed anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from backline.errors import BrokenContract
from backline.spotify.payloads import OffsetPage
from backline.spotify.routes import Profile, Route
from backline.spotify.sender import Call, Query, Sender

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Voice:
    """`account_id` None: the app by itself. `interactive`: a person waits, so the budget's reserve may be used.

    `since`: answers that were stored at or after that moment (µs since 1970) are not asked for again. `anew`: all
    others are, also those that are said to be fresh.
    """

    sender: Sender
    account_id: str | None = None
    interactive: bool = False
    since: int | None = None
    anew: bool = False

    @property
    def profile(self) -> Profile:
        """What may be asked; where nobody has probed yet, what new Client IDs may."""
        return self.sender.profile or Profile.DEV_2026

    def ask(self, model: type[Model], route: Route, *names: str, **query: Query) -> Model:
        """One thing. Raises `BrokenContract` where the answer is not what it should be, and what `Sender.send` raises."""
        return read_as(model, self.fetch(route, *names, **query), route)

    def fetch(self, route: Route, *names: str, **query: Query) -> Any:
        """The same as JSON."""
        return self.sender.send(
            Call(route, names, query, None, None, self.account_id, self.interactive, self.anew, self.since)
        )

    def tell(
        self, route: Route, *names: str, body: Any = None, content: bytes | None = None, **query: Query
    ) -> Any:
        """A write; what it answers."""
        return self.sender.send(Call(route, names, query, body, content, self.account_id, self.interactive))

    def walk(
        self, page: type[OffsetPage[Model]], route: Route, *names: str, offset: int = 0, **query: Query
    ) -> Iterator[OffsetPage[Model]]:
        """Pages from `offset` on, as long as they may be. Whoever was stopped goes on at the last `resume_at`."""
        limit, at = route.cap(self.profile), offset
        while at <= route.furthest:
            found = self.ask(page, route, *names, limit=limit, offset=at, **query)
            yield found
            if found.resume_at is None or not found.items:
                return
            at = found.resume_at


def read_as(model: type[Model], data: Any, route: Route) -> Model:
    """JSON as a payload. Raises `BrokenContract` and names the field."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the answer"
        raise BrokenContract(
            f"{route} answered what this code does not know: {place}: {first['msg']}.",
            remedy="A newer version may know it.",
        ) from None
