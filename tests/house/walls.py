"""The licence wall: what feeds a model, a signal or a writer never reaches the Web API, not even through a third file.

The contracts of import-linter name only rooms that stand; this one holds from the first file of a room on.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.house.circles import read_graph

BEHIND = ("backline.content", "backline.curation", "backline.signals")
FORBIDDEN = "backline.spotify"


def check_walls(root: Path) -> list[str]:
    """One complaint for each module behind the wall that reaches the Web API, with the way it takes."""
    graph = read_graph(root)
    found = []
    for module in sorted(graph):
        if _is_in(module, BEHIND):
            way = _find_way(graph, module)
            if way:
                found.append(f"{' → '.join(way)}: content of Spotify may not reach this room")
    return found


def _find_way(graph: Mapping[str, set[str]], start: str) -> list[str]:
    """The shortest way of imports from a module to the Web API; empty where there is none."""
    ways, seen = [[start]], {start}
    for way in ways:
        if _is_in(way[-1], (FORBIDDEN,)):
            return way
        fresh = sorted(graph.get(way[-1], set()) - seen)
        seen.update(fresh)
        ways.extend([*way, module] for module in fresh)
    return []


def _is_in(module: str, rooms: tuple[str, ...]) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)
