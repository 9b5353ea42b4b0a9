"""What files are called, how they begin, and what an exception to a rule must say."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
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
        if not NOQA.search(source) and not IGNORE.search(source):
            continue  # to take it apart takes far longer than to look
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


PAUSES = {
    # file: why it waits for nothing but time
    "src/backline/bells.py": "bells that follow each other within the window are rung as one",
    "src/backline/cli/carry.py": "a run of another process has to end first; its row is looked at again",
    "src/backline/cli/artist_sync.py": "the platform asks for some seconds of patience, and a person waits for the answer",
    "src/backline/cli/processes.py": "where the kernel does not tell of a parent's end, it is looked for",
    "src/backline/cli/run.py": "the row of a run that another process carries is looked at again",
    "src/backline/results.py": "the row of a run that another process carries is looked at again",
    "src/backline/runtime/drain.py": "a database that is away is not asked again at once",
    "src/backline/runtime/handle.py": "the row of a run that another process carries is looked at again",
    "src/backline/runtime/intents.py": "an outcome is offered again to a database that is away",
    "src/backline/runtime/limits.py": "a provider may be asked again within a second",
    "src/backline/runtime/run.py": "the finish asks a database that is away again",
    "src/backline/shell.py": "a database that is away is not asked again at once",
    "src/backline/worker_life.py": "the grace of a worker, and the wait for a database that is away",
}
PAUSE = Path("src/backline/runtime/pause.py")


def check_pauses(root: Path) -> list[str]:
    """Nobody waits on an event that nobody else can set; who pauses is listed with its reason, and no other."""
    found, pausing = [], set()
    for path in list_python(root, "src"):
        tree = read_tree(root, path)
        if path != PAUSE and ".wait" in (root / path).read_text(encoding="utf-8"):
            places = sorted({line for node in ast.walk(tree) for line in _find_lonely_waits(node)})
            found += [f"{path}:{line}: waits on an event that nobody sets" for line in places]
        calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
        if any(isinstance(call, ast.Name) and call.id == "pause" for call in calls):
            pausing.add(str(path))
    if (root / PAUSE).is_file():
        found += [
            f"{path} pauses, and tests/house/names.py has no reason" for path in pausing - PAUSES.keys()
        ]
        found += [f"{path} does not pause; its reason can go" for path in PAUSES.keys() - pausing]
    return sorted(found)


def _find_lonely_waits(node: ast.AST) -> Iterator[int]:
    """Lines of `Event().wait(…)`, and of events of a function that are only ever waited on there."""
    if isinstance(node, ast.Attribute) and node.attr == "wait" and _is_new_event(node.value):
        yield node.lineno
    if isinstance(node, ast.FunctionDef):
        made = {name for part in ast.walk(node) for name in _list_events(part)}
        loads = [part for part in ast.walk(node) if isinstance(part, ast.Name) and part.id in made]
        waits = [
            part.value
            for part in ast.walk(node)
            if isinstance(part, ast.Attribute) and part.attr == "wait" and part.value in loads
        ]
        used = {part.id for part in loads if isinstance(part.ctx, ast.Load) and part not in waits}
        yield from (part.lineno for part in waits if isinstance(part, ast.Name) and part.id not in used)


def _list_events(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.Assign):
        return
    for target in node.targets:
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        for name, value in zip(names, values, strict=False):
            if isinstance(name, ast.Name) and _is_new_event(value):
                yield name.id


def _is_new_event(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Event"
