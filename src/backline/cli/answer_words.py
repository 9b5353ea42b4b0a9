"""The answer of a run for people: in lines of its own where we know it, else as a short outline.

The whole answer is JSON, which `--json` shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from backline.cli.report_words import describe_report
from backline.cli.screen import Screen, show_cell

MOST = 10  # items of a list that are shown
LONGEST = 100  # letters of an item in one line
_FAMILIAR = (
    "task",
    "version",
    "code_version",
)  # what every answer says of its run; `runs show` says it above
Tell = Callable[[Screen, Any], Iterator[str]]
_DIGEST = re.compile("[0-9a-f]{64}$")
_PLAIN = (str, int, float, bool, type(None))


def show_answer(screen: Screen, answer: Any) -> None:
    """The answer as lines; a task's own lines for what ours answer."""
    for line in describe_answer(screen, answer):
        screen.say(line)


def describe_answer(screen: Screen, answer: Any) -> Iterator[str]:
    """The lines of `show_answer`."""
    if not isinstance(answer, dict):
        yield from outline(screen, answer)
        return
    tell: Tell = _OWN.get((answer.get("task"), answer.get("version")), outline)
    apart = (*_FAMILIAR, "reasons")
    yield from tell(screen, {key: value for key, value in answer.items() if key not in apart})
    if answer.get("reasons"):
        yield f"\n{screen.label('reasons')}"
        yield from describe_reasons(screen, answer["reasons"])


def outline(screen: Screen, tree: Any, indent: str = "") -> Iterator[str]:
    """Any JSON as `key: value` lines; of a long list only the first items."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if isinstance(value, _PLAIN) and value is not None:
                yield f"{indent}{key}: {show_cell(value)}"
            elif value:
                yield f"{indent}{key}:"
                yield from outline(screen, value, indent + "  ")
    elif isinstance(tree, list):
        yield from (f"{indent}- {_shorten(item)}" for item in tree[:MOST])
        if len(tree) > MOST:
            yield indent + screen.label("more_items", count=screen.number(str(len(tree) - MOST)))
    else:
        yield indent + show_cell(tree)


def _shorten(item: Any) -> str:
    if isinstance(item, dict):
        words = ", ".join(
            f"{key}: {_count(value)}" for key, value in item.items() if value not in (None, [], {})
        )
    else:
        words = show_cell(item)
    return _cut(words)


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def _count(value: Any) -> str:
    """A part of an item: a long list as the number of its items."""
    if isinstance(value, list) and len(json.dumps(value)) > LONGEST // 2:
        return f"[{len(value)}]"
    return show_cell(value)


def describe_metrics(screen: Screen, answer: Mapping[str, Any]) -> Iterator[str]:
    """Whose numbers, two lines a report, and where the exports lie."""
    artist = answer["artist"]
    yield f"{artist['name']} ({artist['id']}), {answer['period']['words']}"
    for report in answer["reports"]:
        for line in describe_report(screen, report):
            yield f"  {line}"
    if not answer["reports"]:
        yield f"  {screen.label('no_numbers')}"
    for path in answer["exports"].values():
        if path:
            yield f"  {screen.label('demo_export', path=path)}"


def describe_sync(screen: Screen, answer: Mapping[str, Any]) -> Iterator[str]:
    """What was seen of an artist or an account, what it cost, how late a change may be seen, and what is left."""
    if artist := answer["artist"]:
        counts = {name: len(artist[name]) for name in ("new", "changed", "gone", "again")}
        yield screen.label(
            "sync_artist", artist=artist["artist"] or artist["platform_id"], **_number(screen, artist)
        )
        yield screen.label("sync_counts", **_number(screen, counts))
        days = artist["seen_within_days"]
        word = "sync_late" if days is None else "sync_late_days"
        yield screen.label(word, looks=artist["seen_within"], days=days)
    yield from outline(screen, answer["parts"])
    requests = ", ".join(f"{name} {count}" for name, count in sorted(answer["requests"].items()))
    yield screen.label("sync_requests", requests=requests or "0")
    if answer["due_at"]:
        yield screen.label("sync_left", moment=answer["due_at"])


def _number(screen: Screen, counts: Mapping[str, Any]) -> dict[str, str]:
    return {name: screen.number(str(value)) for name, value in counts.items() if isinstance(value, int)}


def describe_reasons(screen: Screen, reasons: list[dict[str, Any]]) -> Iterator[str]:
    """One line for each rule and decision, with what it was applied to; the same decision only once."""
    told: dict[tuple[str, str], list[str]] = {}
    for reason in reasons:
        inputs = [value for value in reason["inputs"].values() if isinstance(value, str)]
        about = " ".join(value for value in inputs if not _DIGEST.match(value))
        told.setdefault((reason["rule"], reason["decision"]), []).append(about)
    lines = list(told.items())
    for (rule, decision), things in lines[: 2 * MOST]:
        about = ", ".join(filter(None, dict.fromkeys(things)))
        yield f"  {rule}{f' ({_cut(about)})' if about else ''}: {show_cell(decision)}"
    if len(lines) > 2 * MOST:
        yield "  " + screen.label("more_items", count=screen.number(str(len(lines) - 2 * MOST)))


_OWN: Mapping[tuple[Any, Any], Tell] = {
    ("streaming_metrics.aggregate_metrics", 1): describe_metrics,
    ("data_sync.sync_artist_data", 1): describe_sync,
}
