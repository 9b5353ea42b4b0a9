"""What is written down beside the code: decisions, and commands that the guides tell people to type."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backline.cli.root import ENTRIES, load_command
from tests.house.files import list_files, list_python, read_tree

PARTS = ["Context", "Decision", "Consequences", "Rejected"]
LONGEST_RECORD = 45
ROOM = re.compile(r"^[├└]── (\w+(?:\.py|/))", re.MULTILINE)
ROW = re.compile(r"^\| ([^|]*`[^|]*) \|", re.MULTILINE)  # of the table who may import whom
FILE = re.compile(r"\b(\w+\.py)\b")
RUNG = re.compile(r"[├└]── (\w+)")
SHELL = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def check_decisions(root: Path) -> list[str]:
    """A decision record has its four parts, half a page, and the next number."""
    paths = [path for path in list_files(root) if path.parent == Path("docs/decisions")]
    found = []
    for number, path in enumerate(paths, 1):
        text = (root / path).read_text(encoding="utf-8")
        if not re.match(rf"{number:04}-[a-z0-9-]+\.md$", path.name):
            found.append(f"{path}: number {number:04} is expected here")
        if re.findall(r"^## (.+)$", text, re.MULTILINE) != PARTS:
            found.append(f"{path}: the parts are not {', '.join(PARTS)}")
        if len(text.splitlines()) > LONGEST_RECORD:
            found.append(f"{path}: longer than half a page ({LONGEST_RECORD} lines)")
    return found


def check_map(root: Path) -> list[str]:
    """The rooms drawn in docs/architecture.md are those that stand, and so are the files of runtime/ and the table's."""
    page, house = root / "docs/architecture.md", root / "src/backline"
    if not page.is_file():
        return []
    text = page.read_text(encoding="utf-8")
    drawn, standing = set(ROOM.findall(text)), _list_room(house)
    inside = "".join(re.findall(r"^├── runtime/\n((?:│   .*\n)*)", text, re.MULTILINE))
    drawn |= {f"runtime/{name}" for name in FILE.findall(inside)}
    standing |= {f"runtime/{name}" for name in _list_room(house / "runtime")}
    rooms = {name.removesuffix(".py").removesuffix("/") for name in standing}
    told = {name for row in ROW.findall(text) for name in re.findall(r"`(\w+)", row)}
    missing = [f"docs/architecture.md does not draw {name}" for name in sorted(standing - drawn)]
    missing += [
        f"docs/architecture.md tells of {name}, which does not stand" for name in sorted(told - rooms)
    ]
    return missing + [
        f"docs/architecture.md draws {name}, which does not stand" for name in sorted(drawn - standing)
    ]


def _list_room(folder: Path) -> set[str]:
    paths = folder.iterdir() if folder.is_dir() else ()
    return {path.name + ("/" if path.is_dir() else "") for path in paths if path.name[0] not in "_."}


def check_ladder(root: Path) -> list[str]:
    """Every error of ours, wherever it is defined, is a rung of the ladder at the top of errors.py, and no more."""
    page = Path("src/backline/errors.py")
    if not (root / page).is_file():
        return []
    trees = [read_tree(root, path) for path in list_python(root, "src")]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    standing, before = {"BacklineError"}, 0
    while len(standing) > before:
        before = len(standing)
        standing |= {node.name for node in classes if standing & set(_list_bases(node))}
    drawn = set(RUNG.findall(ast.get_docstring(read_tree(root, page)) or "")) | {"BacklineError"}
    missing = [f"{page} does not draw {name}" for name in sorted(standing - drawn)]
    return missing + [f"{page} draws {name}, which does not stand" for name in sorted(drawn - standing)]


def _list_bases(node: ast.ClassDef) -> list[str]:
    return [ast.unparse(base).rpartition(".")[2] for base in node.bases]


def check_commands(root: Path) -> list[str]:
    """Every `backline …` in README and guides is a command that exists, with options that it has."""
    found = []
    for path in list_files(root):
        if path.suffix == ".md" and (path.parts[0] == "docs" or path.name.startswith("README")):
            for line in _list_commands((root / path).read_text(encoding="utf-8")):
                complaint = _try_command(line)
                if complaint:
                    found.append(f"{path}: {line}: {complaint}")
    return found


def _list_commands(text: str) -> Iterator[str]:
    for block in SHELL.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            words = line.removeprefix("$ ").strip()
            if re.match(r"(?:\S*/)?backline\s", words):
                yield words


def _try_command(line: str) -> str | None:
    words = shlex.split(line, comments=True)[1:]
    words = words[: next((i for i, word in enumerate(words) if word in {"|", ">", "&&"}), len(words))]
    if words[0].startswith("-"):
        return None
    if words[0] not in ENTRIES:
        return f"no command {words[0]}"
    command: Any = load_command(words[0])
    rest = words[1:]
    while rest and rest[0] in getattr(command, "commands", {}):
        command, rest = command.commands[rest[0]], rest[1:]
    if rest and "paths" in getattr(command, "commands", {}):  # `import PATH…` beside `import undo ID`
        if rest[0].isalpha():
            return f"no sub-command {rest[0]}"
        command = command.commands["paths"]
    if hasattr(command, "commands") and not rest and not command.invoke_without_command:
        return "a sub-command is missing"
    known = {name for parameter in command.params for name in [*parameter.opts, *parameter.secondary_opts]}
    unknown = [
        word for word in rest if word.startswith("--") and word.partition("=")[0] not in known | {"--help"}
    ]
    return f"no option {unknown[0]}" if unknown else None
