"""The rules of the rollup once more, in plain Python: slow, obvious, and written without a look at the SQL."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import select

from backline.music import MEASURES, MONTH
from backline.storage import fact_tables as t
from backline.storage.database import Database


def model_rollup(database: Database) -> list[tuple[Any, ...]]:
    """What the rollup must hold, computed from the facts of current claims."""
    with database.read() as connection:
        query = select(t.fact, t.claim).join(t.claim, t.claim.c.id == t.fact.c.claim_id)
        facts = [dict(row._mapping) for row in connection.execute(query.where(t.claim.c.current))]
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for fact in facts:
        groups[fact["artist_no"], fact["day"], fact["report"], fact["measure"], fact["currency"]].append(fact)
    rows = []
    for (artist_no, day, report, measure, currency), group in groups.items():
        for dimension, key, chosen in _list_keys(group):
            rule = MEASURES.get(measure, "never")
            if rule == "never" and len(chosen) > 1:
                continue
            for scale in {fact["scale"] for fact in chosen}:
                some = [fact for fact in chosen if fact["scale"] == scale]
                values = [fact["value"] for fact in some]
                claims = {fact["claim_id"]: fact for fact in some}.values()
                rows.append(
                    (
                        *(artist_no, day, report, dimension, key, measure, currency, scale),
                        max(claim["span"] for claim in claims),
                        min(values) if rule == "min" else sum(values),
                        sum(claim["accepted"] for claim in claims),
                        sum(claim["rejected"] for claim in claims),
                        max(claim["known_at"] for claim in claims),
                    )
                )
    return sorted(rows)


def _list_keys(group: list[dict[str, Any]]) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """(dimension, key, facts) of one artist, day, report, measure and currency."""
    found: list[tuple[str, str, list[dict[str, Any]]]] = []
    world = [fact for fact in group if not _is_inside_world(fact, group)]
    total = _prefer_whole([fact for fact in world if _has_days(fact)])
    if total:
        found.append(("day", "", total))
    tracks = [fact for fact in world if fact["track_no"] or _is_album_sale(fact, group)]
    found += [("track", key, facts) for key, facts in _split(tracks, "track_no")]
    plain = [fact for fact in group if _has_days(fact) or fact["kind"] == "playlist"]
    found += _list_places(plain, "country")
    found += _list_places([fact for fact in plain if fact["kind"] != "chart"], "source")
    return found


def _has_days(fact: dict[str, Any]) -> bool:
    return bool(fact["span"] in (1, MONTH) or fact["kind"] == "chart")


def _is_inside_world(fact: dict[str, Any], group: list[dict[str, Any]]) -> bool:
    return (fact["kind"] != "chart" or fact["country"] != "global") and any(
        other["kind"] == "chart" and other["country"] == "global" and other["track_no"] == fact["track_no"]
        for other in group
    )


def _list_beside(fact: dict[str, Any], group: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The facts of the same claim that are added up with this one."""
    if fact["kind"] == "chart" or MEASURES.get(fact["measure"]) != "sum":
        return [fact]
    return [other for other in group if other["claim_id"] == fact["claim_id"]]


def _is_album_sale(fact: dict[str, Any], group: list[dict[str, Any]]) -> bool:
    return fact["track_no"] == 0 and any(other["track_no"] for other in _list_beside(fact, group))


def _is_whole(fact: dict[str, Any], group: list[dict[str, Any]]) -> bool:
    return fact["kind"] == "statement" or any(other["track_no"] == 0 for other in _list_beside(fact, group))


def _prefer_whole(
    facts: list[dict[str, Any]], decisive: list[dict[str, Any]] | None = None
) -> list[dict[str, Any]]:
    whole = any(_is_whole(fact, facts) for fact in (facts if decisive is None else decisive))
    return [fact for fact in facts if _is_whole(fact, facts) == whole]


def _list_places(facts: list[dict[str, Any]], dimension: str) -> list[tuple[str, str, list[dict[str, Any]]]]:
    named = [fact for fact in facts if fact[dimension]]
    if not named:
        return []
    return [(dimension, key, some) for key, some in _split(_prefer_whole(facts, named), dimension)]


def _split(facts: list[dict[str, Any]], by: str) -> list[tuple[str, list[dict[str, Any]]]]:
    parts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for fact in facts:
        parts[str(fact[by])].append(fact)
    return list(parts.items())
