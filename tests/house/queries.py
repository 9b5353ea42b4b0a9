"""Where SQL is written: in storage, and nowhere above it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.files import list_python, read_tree

TOP = ("src/backline/cli", "src/backline/web")
_SQL = re.compile(r"sqlalchemy(?!\.exc$)(\..+)?")
TYPES = {"Connection"}  # what a query is handed


def check_queries(root: Path) -> list[str]:
    """Commands and routes build no query: of SQLAlchemy they know the type of a connection, and its errors."""
    return [
        f"{path}: takes {name} of SQLAlchemy; the query belongs into storage"
        for path in list_python(root, "src")
        if str(path).startswith(TOP)
        for node in ast.walk(read_tree(root, path))
        for name in _list_taken(node)
        if name not in TYPES
    ]


def _list_taken(node: ast.AST) -> Iterator[str]:
    """What a statement imports of SQLAlchemy, its errors aside."""
    if isinstance(node, ast.Import):
        yield from (each.name for each in node.names if each.name.partition(".")[0] == "sqlalchemy")
    elif isinstance(node, ast.ImportFrom) and _SQL.fullmatch(node.module or ""):
        yield from (each.name for each in node.names)
