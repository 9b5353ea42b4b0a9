"""How long files and functions may be, one by one and over the whole house."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.house.files import list_python, read_tree, walk_functions

LONGEST_FILE, LONGEST_FUNCTION = 400, 50
P95_FILE, P95_FUNCTION = 290, 36
MIGRATIONS = Path("src/backline/storage/migrations/versions")
# A migration is written once and never changed: its table definitions stand side by side on purpose.


def check_sizes(root: Path) -> list[str]:
    """Each file and function is short enough."""
    found = []
    for path in list_python(root):
        count = _count_lines(root, path)
        if count > LONGEST_FILE:
            found.append(f"{path}: {count} lines, at most {LONGEST_FILE}")
        if path.parent == MIGRATIONS:
            continue
        for function in walk_functions(read_tree(root, path)):
            length = _measure(function)
            if length > LONGEST_FUNCTION:
                found.append(f"{path}:{function.lineno}: {function.name} has {length} lines, at most 50")
    return found


def check_spread(root: Path) -> list[str]:
    """The 95th percentile over the whole source: a house of long rooms is refused though each room passes."""
    paths = list_python(root, "src")
    files = [_count_lines(root, path) for path in paths]
    functions = [_measure(function) for path in paths for function in walk_functions(read_tree(root, path))]
    found = []
    if files and _p95(files) > P95_FILE:
        found.append(f"the 95th percentile of files is {_p95(files)} lines, at most {P95_FILE}")
    if functions and _p95(functions) > P95_FUNCTION:
        found.append(f"the 95th percentile of functions is {_p95(functions)} lines, at most {P95_FUNCTION}")
    return found


def _count_lines(root: Path, path: Path) -> int:
    return len((root / path).read_text(encoding="utf-8").splitlines())


def _measure(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function; a task's words do not count, since they are there three times."""
    first = function.body[0]
    has_words = ast.get_docstring(function) is not None and "[fr]" in ast.unparse(first)
    words = (first.end_lineno or first.lineno) - first.lineno + 1 if has_words else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - words


def _p95(numbers: list[int]) -> int:
    return sorted(numbers)[min(len(numbers) - 1, int(len(numbers) * 0.95))]
