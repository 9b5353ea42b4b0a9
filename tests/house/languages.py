"""Three languages: the same labels, the same places to fill, the same headings and code, words that follow."""

from __future__ import annotations

import ast
import re
import tomllib
from itertools import pairwise
from pathlib import Path

from backline.runtime.task import BadTask, read_words
from scripts.translations import find_stale
from tests.house.files import list_files, list_python, read_tree

LANGUAGES = ("en", "fr", "de")
PLACES = re.compile(r"\{(\w+)(?:[:!][^}]*)?\}")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")


def check_labels(root: Path) -> list[str]:
    """The three files of labels have the same keys in the same order, the same places, and no empty text."""
    folder = root / "src/backline/locales"
    if not folder.is_dir():
        return []
    texts = {name: tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8")) for name in LANGUAGES}
    found = []
    for name in LANGUAGES[1:]:
        if list(texts[name]) != list(texts["en"]):
            odd = sorted(set(texts[name]) ^ set(texts["en"])) or ["their order"]
            found.append(f"{name}.toml and en.toml differ in {', '.join(odd)}")
        for key in texts["en"].keys() & texts[name].keys():
            if sorted(PLACES.findall(texts[name][key])) != sorted(PLACES.findall(texts["en"][key])):
                found.append(f"{name}.toml: {key} has other places to fill than English")
            if not texts[name][key].strip():
                found.append(f"{name}.toml: {key} is empty")
    return found


def check_task_words(root: Path) -> list[str]:
    """The docstring of every task has English, French and German, with as many paragraphs each."""
    found = []
    for path in list_python(root, "src"):
        for node in read_tree(root, path).body:
            if path.parent.name != "tasks" or not isinstance(node, ast.FunctionDef) or not _is_task(node):
                continue
            try:
                words = read_words(node.name, ast.get_docstring(node))
            except BadTask as error:
                found.append(f"{path}:{node.lineno}: {error}")
                continue
            counts = {len(re.split(r"\n\s*\n", text)) for text in (words.en, words.fr, words.de)}
            if len(counts) > 1 or len({words.en, words.fr, words.de}) < 3:
                found.append(f"{path}:{node.lineno}: {node.name}: the three texts do not match")
    return found


def check_guides(root: Path) -> list[str]:
    """README and guides: the same files, headings of the same levels in the same order, the same code."""
    found = []
    for names in list_triples(root):
        missing = [name for name in names if not (root / name).is_file()]
        if missing:
            found += [f"{name} is missing" for name in missing]
            continue
        outlines = [_read_outline((root / name).read_text(encoding="utf-8")) for name in names]
        for name, outline in zip(names[1:], outlines[1:], strict=True):
            for part, ours, theirs in zip(("headings", "code blocks"), outline, outlines[0], strict=True):
                if ours != theirs:
                    found.append(f"{name}: other {part} than {names[0]}")
    return found


def check_links(root: Path) -> list[str]:
    """A link to another file of the project leads to one."""
    found = []
    for path in list_files(root):
        if path.suffix != ".md":
            continue
        text = FENCE.sub("", (root / path).read_text(encoding="utf-8"))
        for target in LINK.findall(text):
            outside = "://" in target or target.startswith("mailto:")
            if not outside and not (root / path.parent / target).exists():
                found.append(f"{path}: {target} leads nowhere")
    return found


def check_translations(root: Path) -> list[str]:
    """Where English changed, French and German followed."""
    return find_stale(root)


def list_triples(root: Path) -> list[tuple[str, str, str]]:
    """Every text that exists in the three languages: README and the guides."""
    guides = {
        path.name for path in list_files(root) if path.parts[0] == "docs" and path.parts[1] in LANGUAGES
    }
    found = [("docs/en/" + name, "docs/fr/" + name, "docs/de/" + name) for name in sorted(guides)]
    return [("README.md", "README.fr.md", "README.de.md"), *found] if (root / "README.md").exists() else found


def check_heading_steps(root: Path) -> list[str]:
    """Headings go down one level at a time, from one title."""
    found = []
    for path in list_files(root):
        if path.suffix != ".md":
            continue
        levels = _read_outline((root / path).read_text(encoding="utf-8"))[0]
        if levels and (levels[0] != 1 or levels.count(1) > 1 or any(b > a + 1 for a, b in pairwise(levels))):
            found.append(f"{path}: headings skip a level, or there is not exactly one title")
    return found


def _read_outline(text: str) -> tuple[list[int], list[str]]:
    blocks = FENCE.findall(text)
    heads = re.findall(r"^(#+) ", FENCE.sub("", text), re.MULTILINE)
    return [len(marks) for marks in heads], blocks


def _is_task(node: ast.FunctionDef) -> bool:
    return any(ast.unparse(mark).startswith("task(") for mark in node.decorator_list)
