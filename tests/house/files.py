"""The files that the rules look at: what git tracks or would track, and what Python says of them."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ("src", "tests", "scripts", "bench")
SKIPPED = {".git", ".venv", "__pycache__", "dist", "demo-state", "state"}


def list_files(root: Path) -> list[Path]:
    """Every file of the project, relative to its root: asked of git where there is one, else found on disk."""
    # Continuous integration may check out as another user than the one who tests.
    asked = [
        "git",
        "-c",
        "safe.directory=*",
        "-C",
        str(root),
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    if (root / ".git").exists() and shutil.which("git"):
        names = subprocess.run(asked, capture_output=True, check=True).stdout.decode().split("\0")
        return sorted(Path(name) for name in names if name and (root / name).is_file())
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(path for path in found if not SKIPPED & set(path.parts) and path.suffix != ".pyc")


def list_python(root: Path, *folders: str) -> list[Path]:
    """The Python files in some folders, relative to the root."""
    wanted = folders or PYTHON
    return [path for path in list_files(root) if path.suffix == ".py" and path.parts[0] in wanted]


@cache
def _parse(path: Path, changed: int) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def read_tree(root: Path, path: Path) -> ast.Module:
    """The syntax tree of a file, parsed once."""
    return _parse(root / path, (root / path).stat().st_mtime_ns)


def read_text(root: Path, path: Path) -> str | None:
    """The text of a file; None where it is not UTF-8 text."""
    data = (root / path).read_bytes()
    if b"\0" in data:
        return None
    return data.decode("utf-8", errors="replace")


def walk_functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function, nested ones and methods too; no expression is gone into, since none holds a function."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, name, ())
            todo += (
                inner if isinstance(inner, list) else ()
            )  # of a lambda and a conditional it is an expression
