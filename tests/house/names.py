"""What files are called, how they begin, and what an exception to a rule must say."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

from tests.house.files import list_files, list_python, read_text, read_tree

EMPTY_WORDS = {
    "util",
    "utils",
    "common",
    "helper",
    "helpers",
    "base",
    "manager",
    "managers",
    "service",
    "misc",
}
EMPTY_ENDS = ("Manager", "Helper", "Helpers", "Service", "Utils", "Util")
NOQA = re.compile(r"#\s*noqa\b(?P<rest>.*)", re.IGNORECASE)
IGNORE = re.compile(r"#\s*type:\s*ignore(?P<rest>.*)")
SAID = re.compile(r"^(?::\s*[A-Z]+[0-9]+(?:,\s*[A-Z]+[0-9]+)*|\[[a-z-]+(?:,\s*[a-z-]+)*\])\s*\W+\s*\w+.*\w+")
# Registries are reached through the ordinary client's own settings; a machine's folders exist on one machine.
ADDRESS = re.compile(
    r"--(?:extra-)?index-url|files\.pythonhosted|https?://[^\s\"')]*(?:pypi\.org/simple|artifactory|nexus|devpi)"
    r"|(?<![\w.~$}/-])/(?:work|root|home/[a-z]\w*|Users/[A-Za-z]\w*)(?:/|\b(?!\w))"
)


def check_names(root: Path) -> list[str]:
    """No file, folder or class has a name that says nothing."""
    found = []
    for path in list_python(root):
        empty = EMPTY_WORDS & {part.removesuffix(".py").removeprefix("test_") for part in path.parts}
        ends = EMPTY_WORDS & {path.stem.rpartition("_")[2]}
        found += [f"{path}: {word} says nothing" for word in sorted(empty | ends)]
        for node in ast.walk(read_tree(root, path)):
            if isinstance(node, ast.ClassDef) and node.name.endswith(EMPTY_ENDS):
                found.append(f"{path}:{node.lineno}: the class name {node.name} says nothing")
    return found


def check_first_line(root: Path) -> list[str]:
    """The first line of every file says what lives there: a docstring, in a shell script a comment."""
    found = []
    for path in list_python(root):
        body = read_tree(root, path).body
        if ast.get_docstring(read_tree(root, path)) is None or body[0].lineno != 1:
            found.append(f"{path}: the first line is not a docstring")
    for path in list_files(root):
        if path.suffix == ".sh" or path.parent == Path(".ci"):
            lines = (read_text(root, path) or "").splitlines()
            if len(lines) < 2 or not re.match(r"# \S", lines[1]):
                found.append(f"{path}: the second line is not a comment that says what it does")
    return found


def check_exceptions(root: Path) -> list[str]:
    """An exception to a lint or a type names its code and its reason, on the line."""
    found = []
    for path in list_python(root):
        source = (root / path).read_text(encoding="utf-8")
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type != tokenize.COMMENT:
                continue
            for pattern in (NOQA, IGNORE):
                match = pattern.search(token.string)
                if match and not SAID.match(match["rest"]):
                    found.append(f"{path}:{token.start[0]}: code and reason are missing: {token.string}")
    return found


def check_addresses(root: Path) -> list[str]:
    """No tracked file knows a registry or a folder of somebody's machine."""
    found = []
    for path in list_files(root):
        for number, line in enumerate((read_text(root, path) or "").splitlines(), 1):
            match = ADDRESS.search(line)
            if match:
                found.append(f"{path}:{number}: {match[0]}")
    return found
