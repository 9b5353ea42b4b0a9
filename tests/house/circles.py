"""No circle of imports of any kind: those inside functions, those for types only and those by name count too."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.house.files import list_python, read_tree

ALLOWED = {
    # The door that `.delay()` goes through: looked for when it is first used, never while importing.
    ("backline", "backline.celery_app"),
}


def check_circles(root: Path) -> list[str]:
    """Complaints, one a circle, with the modules that form it."""
    return [
        "imports go round: " + " → ".join([*circle, circle[0]]) for circle in find_circles(read_graph(root))
    ]


def read_graph(root: Path) -> dict[str, set[str]]:
    """Module to the modules it imports, inside the package only."""
    modules = {_name_module(path): path for path in list_python(root, "src")}
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        wanted = {_find_known(name, modules) for name in _list_imports(read_tree(root, path))}
        graph[module] = {name for name in wanted if name and name != module and (module, name) not in ALLOWED}
    return graph


def find_circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """One circle of every knot in the graph, shortest first met; empty when all imports go down."""
    done: set[str] = set()
    circles: list[list[str]] = []

    def visit(module: str, trail: list[str]) -> None:
        if module in trail:
            circles.append(trail[trail.index(module) :])
            return
        if module in done:
            return
        for name in sorted(graph.get(module, ())):
            visit(name, [*trail, module])
        done.add(module)

    for module in sorted(graph):
        visit(module, [])
    return circles


def _list_imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def _find_known(name: str, modules: Mapping[str, Path]) -> str | None:
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name or None


def _name_module(path: Path) -> str:
    parts = list(path.with_suffix("").parts[1:])
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
