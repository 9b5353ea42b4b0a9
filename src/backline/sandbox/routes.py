"""The table of routes: what each needs, which quota it is counted on, and when it was taken away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from backline.sandbox.answers import Answer
from backline.sandbox.call import Call

Handler = Callable[[Call], Answer] | Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    """`gone`: the year in which it was taken from new Client IDs. `scopes`: a person's token needs one of them."""

    method: str
    template: str
    family: str
    handler: Handler
    gone: str | None
    scopes: tuple[str, ...]
    person: bool


TABLE: dict[tuple[str, int], list[tuple[tuple[str, ...], Route]]] = {}


def route(
    method: str, template: str, family: str, *, gone: str | None = None, scopes: tuple[str, ...] = (),
    person: bool = False,
) -> Callable[[Handler], Handler]:  # fmt: skip
    """Enlist a function as a route. `template` has `{names}`; literal parts win over names."""

    def enlist(handler: Handler) -> Handler:
        parts = tuple(template.strip("/").split("/"))
        one = Route(method, template, family, handler, gone, scopes, person or bool(scopes))
        room = TABLE.setdefault((method, len(parts)), [])
        room.append((parts, one))
        room.sort(key=lambda pair: sum(part[0] == "{" for part in pair[0]))
        return handler

    return enlist


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of a path and the names in it."""
    asked = path.strip("/").split("/")
    for parts, one in TABLE.get((method, len(asked)), ()):
        if all(part == word or part[0] == "{" for part, word in zip(parts, asked, strict=True)):
            return one, {part[1:-1]: word for part, word in zip(parts, asked, strict=True) if part[0] == "{"}
    return None


def list_routes() -> list[Route]:
    """All routes, by path."""
    rows = [one for room in TABLE.values() for _, one in room]
    return sorted(rows, key=lambda one: (one.template, one.method))
