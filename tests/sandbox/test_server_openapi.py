"""The judge from outside: answers are held against the OpenAPI description of the Web API; each deviation has its reason."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_schema_validator import OAS30Validator

from backline.sandbox.routes import list_routes
from tests.sandbox.guest import Guest, make_guest

BOOK = Path(__file__).parents[3] / "shared/data/openapi/spotify-web-api-fixed.yml"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not BOOK.is_file(), reason="the OpenAPI description is not beside the project"),
    pytest.mark.xdist_group("openapi"),
]
Json = dict[str, Any]

# (profile or *, operation or *, where, what): reason. `where` is the path inside the answer with [] for lists.
DEVIATIONS: dict[tuple[str, str, str, str], str] = {
    (
        "dev-2026",
        "*",
        "*",
        "'available_markets' is a required property",
    ): "not for new Client IDs since 2026-02",
    ("dev-2026", "*", "*", "'label' is a required property"): "the same",
    ("dev-2026", "*", "*", "'popularity' is a required property"): "the same",
    ("dev-2026", "*", "*", "'publisher' is a required property"): "the same",
    ("dev-2026", "*", "*", "'album_group' is a required property"): "the same",
    (
        "*",
        "*",
        "*",
        "None is not of type 'object'",
    ): "gaps in lists, rows of nobody and plays out of nowhere are null",
    ("*", "*", "*", "None for not nullable"): "the same, as the other rule of the judge says it",
    (
        "*",
        "*",
        ".added_at",
        "None is not of type 'string'",
    ): "very old rows have no date, as the words there say",
    ("*", "*", "*", "unknown primary_color"): "sent by the live service, described nowhere",
    ("*", "*", "*", "unknown video_thumbnail"): "the same",
    ("*", "*", "*", "unknown episode"): "the same",
    ("*", "*", "*", "unknown track"): "the same",
    ("*", "*", ".actions", "unknown disallows"): "the description leaves out the level between",
    (
        "*",
        "*",
        ".type",
        "'chapter' is not one of ['episode']",
    ): "the description took chapters over from episodes",
}
USED: set[tuple[str, str, str, str]] = set()
QUERIES = {
    "/search": {"q": "a", "type": "album,artist,playlist,track,show,episode,audiobook"},
    "/playlists/{playlist_id}": {"additional_types": "track,episode"},
    "/playlists/{playlist_id}/items": {"additional_types": "track,episode"},
    "/playlists/{playlist_id}/tracks": {"additional_types": "track,episode"},
    "/me/following": {"type": "artist"},
    "/me/following/contains": {"type": "artist", "ids": "x"},
    "/recommendations": {"seed_genres": "x"},
}


@functools.cache
def read_book() -> Json:
    # By `oneOf` alone what lacks an optional field is both track and episode, and the discriminators name no schema.
    text = (
        BOOK.read_text("utf-8").replace(" oneOf:", " anyOf:").replace(" discriminator:", " x-discriminator:")
    )
    book: Json = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return book


def follow(part: Json) -> Json:
    """What a `$ref` leads to."""
    while "$ref" in part:
        found: Any = read_book()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def list_operations() -> Iterator[tuple[str, str, Json]]:
    for path, methods in read_book()["paths"].items():
        for method, operation in methods.items():
            if method in {"get", "put", "post", "delete"}:
                yield method.upper(), path, operation


def tidy(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


def test_it_has_exactly_the_routes_of_the_description() -> None:
    described = {(method, tidy(path)): bool(one.get("deprecated")) for method, path, one in list_operations()}
    ours = {
        (one.method, tidy(one.template.removeprefix("/v1"))): one.gone is not None
        for one in list_routes() if one.template.startswith("/v1/")
    }  # fmt: skip
    top = ("GET", "/me/top/{}")  # one route of ours for the two in the description
    assert (
        ours.pop(top) == described.pop(("GET", "/me/top/artists")) == described.pop(("GET", "/me/top/tracks"))
    )
    assert ours == described


def make_judged(profile: str) -> Guest:
    guest = make_guest(profile)
    guest.sign_in()
    guest.edit("play", at="2026-11-22T09:59:50Z")  # so that the player has something to tell
    return guest


def fill(guest: Guest, path: str) -> str:
    """A concrete path: the second playlist is the one with every odd row."""
    world = guest.stage.world
    talks = {talk.kind: talk.id for talk in world.talks.values()}
    names = {
        "artists": next(iter(world.artists)), "albums": next(iter(world.releases)), "tracks": next(iter(world.tracks)),
        "playlists": list(world.playlists)[1], "users": guest.person.id, "categories": "sandbox",
        "audio-features": next(iter(world.tracks)), "audio-analysis": next(iter(world.tracks)),
    } | {f"{kind}s": ident for kind, ident in talks.items()}  # fmt: skip
    return re.sub(r"([\w-]+)/\{\w+\}", lambda match: f"{match[1]}/{names[match[1]]}", path)


def name_one(guest: Guest, path: str, parameter: str) -> str:
    """An id or a URI of something that is there, of the kind that the path is about."""
    if parameter == "uris":
        return f"spotify:track:{next(iter(guest.stage.world.tracks))}"
    kind = path.strip("/").split("/")[1 if path.startswith("/me") else 0]
    return fill(guest, f"/{kind}/{{id}}").rpartition("/")[2]


def ask(guest: Guest, path: str, operation: Json) -> Any:
    query = dict(QUERIES.get(path, {}))
    for parameter in map(follow, operation.get("parameters", ())):
        if parameter.get("required") and parameter["in"] == "query" and parameter["name"] not in query:
            query[parameter["name"]] = name_one(guest, path, parameter["name"])
    return guest.get("/v1" + fill(guest, path), **query)


def judge(profile: str, operation: str, schema: Json, data: Any) -> list[str]:
    """What the description says against an answer, without what is listed above."""
    data = without_local_files(data)
    validator = OAS30Validator({**schema, "components": read_book()["components"]})
    complaints = []
    for error in flatten(validator.iter_errors(data)):
        where = "".join("[]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
        if not is_listed(profile, operation, where, error.message):
            complaints.append(f"{operation} {where}: {error.message[-120:]}")
    for where, name in find_strangers(schema, data, ""):
        if not is_listed(profile, operation, where, f"unknown {name}"):
            complaints.append(f"{operation} {where}: unknown {name}")
    return sorted(set(complaints))


def without_local_files(data: Any) -> Any:
    """A deviation of its own: files of a person's machine have neither ids nor dates; described in words only."""
    if isinstance(data, list):
        return [without_local_files(one) for one in data]
    if not isinstance(data, dict):
        return data
    names = {"item", "track"} if data.get("is_local") and "added_at" in data else set()
    return {name: None if name in names else without_local_files(value) for name, value in data.items()}


def flatten(errors: Any) -> Iterator[Any]:
    """What is wrong at the bottom. Of several shapes that would do, only the one that `type` names is of interest."""
    for error in errors:
        branches: dict[Any, list[Any]] = {}
        for inner in error.context or ():
            branches.setdefault(inner.schema_path[0], []).append(inner)
        if not branches:
            yield error
        named = [room for room in branches.values() if not any(is_other_type(one) for one in flatten(room))]
        for room in named or branches.values():
            yield from flatten(room)


def is_other_type(error: Any) -> bool:
    return error.validator == "enum" and list(error.path)[-1:] == ["type"]


def is_listed(profile: str, operation: str, where: str, message: str) -> bool:
    fits = [
        one for one in DEVIATIONS
        if one[0] in {"*", profile} and one[1] in {"*", operation} and (one[2] == "*" or where.endswith(one[2]))
        and one[3] in message
    ]  # fmt: skip
    USED.update(fits)
    return bool(fits)


def find_strangers(schema: Json, data: Any, where: str) -> Iterator[tuple[str, str]]:
    """Names in an answer that the description does not have."""
    schema = follow(schema)
    if isinstance(data, list):
        for one in data:
            yield from find_strangers(schema.get("items", {}), one, where + "[]")
    if not isinstance(data, dict):
        return
    known = dict(list_names(schema, data))
    if not known:
        return
    for name, value in data.items():
        if name not in known:
            yield where, name
        else:
            yield from find_strangers(known[name], value, f"{where}.{name}")


def list_names(schema: Json, data: Json) -> Iterator[tuple[str, Json]]:
    schema = follow(schema)
    yield from schema.get("properties", {}).items()
    for part in schema.get("allOf", ()):
        yield from list_names(part, data)
    kinds = [follow(part) for part in schema.get("anyOf", ())]
    fits = [
        one
        for one in kinds
        if data.get("type") in dict(list_names(one, data)).get("type", {}).get("enum", [])
    ]
    for one in fits or kinds:
        yield from list_names(one, data)


def judge_reads(profile: str) -> tuple[list[str], int]:
    """Complaints about every GET that a profile has, and how many those are."""
    guest, complaints, seen = make_judged(profile), [], 0
    for method, path, operation in list_operations():
        if method != "GET" or (operation.get("deprecated") and profile == "dev-2026"):
            continue
        reply = ask(guest, path, operation)
        if reply.status != 200:
            complaints.append(f"{path}: {reply.status} {reply.body[:100]!r}")
            continue
        content = follow(operation["responses"]["200"])["content"]["application/json"]
        complaints += judge(profile, f"{method} {path}", content["schema"], reply.data)
        seen += 1
    return complaints, seen


@pytest.mark.parametrize(("profile", "many"), [("dev-2026", 31), ("extended", 61)])
def test_what_is_read_is_as_described(profile: str, many: int) -> None:
    complaints, seen = judge_reads(profile)
    assert not complaints, "\n".join(complaints)
    assert seen == many


def test_limits_are_those_of_the_description() -> None:
    guest = make_judged("dev-2026")
    tried = 0
    for method, path, operation in list_operations():
        limits = [
            one["schema"] for one in map(follow, operation.get("parameters", ())) if one["name"] == "limit"
        ]
        if method != "GET" or operation.get("deprecated") or not limits:
            continue
        most, default = limits[0]["maximum"], limits[0]["default"]
        place, query = "/v1" + fill(guest, path), QUERIES.get(path, {})
        assert guest.get(place, limit=most, **query).status == 200, path
        assert guest.get(place, limit=most + 1, **query).status == 400, path
        page = guest.get(place, **query).data
        page = page if "limit" in page else next(iter(page.values()))
        assert page["limit"] == default, path
        tried += 1
    assert tried == 16


def test_errors_are_as_described(guest: Guest) -> None:
    for status, path, token in ((401, "/me", "no"), (403, "/markets", ""), (404, "/tracks/" + "0" * 22, "")):
        reply = guest.ask("GET", f"/v1{path}", token=token)
        schema = read_book()["components"]["responses"]["Unauthorized"]["content"]["application/json"][
            "schema"
        ]
        assert reply.status == status
        assert judge("dev-2026", path, schema, reply.data) == []


def test_what_is_written_is_answered_as_described(guest: Guest) -> None:
    world = guest.stage.world
    uri, ident = f"spotify:track:{next(iter(world.tracks))}", next(iter(world.playlists))
    bodies: dict[tuple[str, str], Any] = {
        ("POST", "/me/playlists"): {"name": "x"},
        ("POST", "/playlists/{playlist_id}/items"): {"uris": [uri]},
        ("PUT", "/playlists/{playlist_id}/items"): {"uris": [uri]},
        ("DELETE", "/playlists/{playlist_id}/items"): {"items": [{"uri": uri}]},
        ("PUT", "/playlists/{playlist_id}"): {"name": "y"},
    }
    for (method, path), body in bodies.items():
        reply = guest.ask(method, "/v1" + path.replace("{playlist_id}", ident), data=body)
        answers = read_book()["paths"][path][method.lower()]["responses"]
        assert str(reply.status) in answers, (method, path)
        content = follow(answers[str(reply.status)]).get("content", {}).get("application/json")
        assert bool(content) is bool(reply.body)
        if content:
            assert judge("dev-2026", f"{method} {path}", content["schema"], reply.data) == []


def test_the_judge_bites() -> None:
    schema = {"$ref": "#/components/schemas/TrackObject"}
    assert judge("extended", "x", schema, {"disc_number": "one"})
    assert judge("extended", "x", schema, {"type": "song"})
    assert judge("extended", "x", schema, {"stranger": 1}) == ["x : unknown stranger"]


def test_no_deviation_is_listed_for_nothing() -> None:
    """A reason for what does not deviate any more must go."""
    USED.clear()
    for profile in ("dev-2026", "extended"):
        judge_reads(profile)
    assert set(DEVIATIONS) == USED
