"""Rounds into figures: medians, ranges, percentiles, and the ratio to the reference of the same round."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bench.contenders import CONTENDERS, REFERENCE, RIVALS
from bench.rounds import Round

LEAST_RATIO, MOONSHOT, MOST_CPU = 0.75, 0.9, 1.0  # drain beside plain Celery; ms of worker CPU more
EXACT = "every run of Backline left one effect, in every round"


@dataclass(frozen=True)
class Spread:
    """Median, least and largest of some rounds."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """The spread of at least one value."""
    return Spread(statistics.median(values), min(values), max(values))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(frozen=True)
class Summary:
    """One contender over all rounds. `ratio` and `cpu_more` compare with the reference round by round."""

    contender: str
    enqueue_rate: Spread
    enqueue_cpu: Spread
    drain_rate: Spread
    worker_cpu: Spread
    latency_p50: float | None
    latency_p99: float | None
    ratio: Spread | None
    cpu_more: Spread | None
    exact: bool


def summarize(rounds: Sequence[Sequence[Round]]) -> list[Summary]:
    """Each contender of the interleaved rounds; `rounds[i]` holds round i of every one."""
    keys = [one.contender for one in rounds[0]]
    return [_summarize(key, rounds) for key in sorted(keys, key=keys.index)]


def _summarize(key: str, rounds: Sequence[Sequence[Round]]) -> Summary:
    own = [_pick(group, key) for group in rounds]
    pairs = [
        (_pick(group, key), _pick(group, REFERENCE))
        for group in rounds
        if any(one.contender == REFERENCE for one in group)
    ]
    latencies = [value for one in own for value in one.latencies]
    return Summary(
        contender=key,
        enqueue_rate=spread([one.enqueue_rate for one in own]),
        enqueue_cpu=spread([one.enqueue_cpu for one in own]),
        drain_rate=spread([one.drain_rate for one in own]),
        worker_cpu=spread([one.worker_cpu for one in own]),
        latency_p50=percentile(latencies, 0.5) if latencies else None,
        latency_p99=percentile(latencies, 0.99) if latencies else None,
        ratio=spread([one.drain_rate / plain.drain_rate for one, plain in pairs]) if pairs else None,
        cpu_more=spread([one.worker_cpu - plain.worker_cpu for one, plain in pairs]) if pairs else None,
        exact=all(one.is_exact for one in own),
    )


def _pick(group: Sequence[Round], key: str) -> Round:
    return next(one for one in group if one.contender == key)


def judge(summaries: Sequence[Summary], failed: Collection[str] = ()) -> dict[str, bool]:
    """The targets, each met or not: of the one-commit form beside plain Celery, DBOS and Procrastinate.

    `failed` names the contenders of which a round had to be repeated.
    """
    known = {one.contender: one for one in summaries}
    ours = known.get("short")
    found = {
        EXACT: all(known[key].exact and key not in failed for key in ("short", "claimed") if key in known)
    }
    if ours is None:
        return found
    if ours.ratio is not None and ours.cpu_more is not None:
        found[f"drains at {LEAST_RATIO} of plain Celery or more"] = ours.ratio.median >= LEAST_RATIO
        found[f"moonshot: {MOONSHOT} of plain Celery or more"] = ours.ratio.median >= MOONSHOT
        found[f"at most {MOST_CPU:g} ms more worker CPU a run"] = ours.cpu_more.median <= MOST_CPU
    for rival in RIVALS:
        if rival in known:
            found[f"drains faster than {CONTENDERS[rival].title}"] = (
                ours.drain_rate.median > known[rival].drain_rate.median
            )
    return found
