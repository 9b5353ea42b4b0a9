"""Which French and German texts no longer follow their English, told by hash; `make translated` accepts them.

Looked at: labels (`src/backline/locales`), the docstrings of tasks, README and guides section by section.
`docs/translated.json` keeps, for each text, the hash of the English for which the French and the German were
written, and theirs. English that changed makes both stale until they change too.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEDGER = "docs/translated.json"
LANGUAGES = ("en", "fr", "de")
ACCEPT = "`make translated` accepts it"
Texts = dict[str, dict[str, str]]


def read_texts(root: Path) -> Texts:
    """Every text that exists in three languages: its name, then language to text."""
    return dict([*_read_labels(root), *_read_tasks(root), *_read_guides(root)])


def find_stale(root: Path) -> list[str]:
    """Complaints: texts that do not follow, and texts whose change nobody has accepted."""
    return judge_texts(read_ledger(root), read_texts(root))


def judge_texts(ledger: Mapping[str, Mapping[str, str]], texts: Texts) -> list[str]:
    """One complaint for each text that does not stand in the ledger as it is."""
    found = [f"{name} is gone; {ACCEPT}" for name in ledger if name not in texts]
    for name, words in texts.items():
        stale = list_stale(ledger.get(name), hash_words(words))
        if stale:
            found.append(f"{name}: English changed, {' and '.join(stale)} did not follow")
        elif ledger.get(name) != hash_words(words):
            found.append(f"{name} is new or changed; {ACCEPT}")
    return found


def list_stale(kept: Mapping[str, str] | None, now: Mapping[str, str]) -> list[str]:
    """The languages that stand still although their English moved."""
    if kept is None or kept["en"] == now["en"]:
        return []
    return [language for language in LANGUAGES[1:] if kept[language] == now[language]]


def accept_texts(
    ledger: Mapping[str, Mapping[str, str]], texts: Texts, still_right: Sequence[str] = ()
) -> dict[str, dict[str, str]]:
    """The next ledger. A stale text keeps its old entry, unless a person says that it is still right."""
    following: dict[str, dict[str, str]] = {}
    for name, words in texts.items():
        now, kept = hash_words(words), ledger.get(name)
        refused = kept is not None and list_stale(kept, now) and name not in still_right
        following[name] = dict(kept) if refused and kept is not None else now
    return following


def hash_words(words: Mapping[str, str]) -> dict[str, str]:
    """Language to a short digest of its text, white space evened out."""
    return {
        language: hashlib.sha256(" ".join(words[language].split()).encode()).hexdigest()[:12]
        for language in LANGUAGES
    }


def read_ledger(root: Path) -> dict[str, dict[str, str]]:
    """What was accepted before; empty where nothing was."""
    path = root / LEDGER
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def write_ledger(root: Path, ledger: Mapping[str, Mapping[str, str]]) -> None:
    """One line a text, so that two people's changes rarely meet."""
    lines = [f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(ledger[name])}" for name in sorted(ledger)]
    (root / LEDGER).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _read_labels(root: Path) -> Iterator[tuple[str, dict[str, str]]]:
    paths = {name: root / f"src/backline/locales/{name}.toml" for name in LANGUAGES}
    if not paths["en"].is_file():
        return
    labels = {name: tomllib.loads(path.read_text(encoding="utf-8")) for name, path in paths.items()}
    for key in labels["en"]:
        yield f"label {key}", {name: str(labels[name].get(key, "")) for name in LANGUAGES}


def _read_tasks(root: Path) -> Iterator[tuple[str, dict[str, str]]]:
    for path in sorted((root / "src/backline/tasks").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and any(
                "task(" in ast.unparse(d) for d in node.decorator_list
            ):
                parts = re.split(
                    r"^\[(fr|de)\]\s*$", inspect.cleandoc(ast.get_docstring(node) or ""), flags=re.MULTILINE
                )
                words = {
                    "en": parts[0],
                    "fr": "",
                    "de": "",
                    **dict(zip(parts[1::2], parts[2::2], strict=True)),
                }
                yield f"task {path.stem}.{node.name}", words


def _read_guides(root: Path) -> Iterator[tuple[str, dict[str, str]]]:
    triples = [("README", [root / "README.md", root / "README.fr.md", root / "README.de.md"])]
    for path in sorted((root / "docs/en").glob("*.md")):
        triples += [(path.stem, [root / "docs" / name / path.name for name in LANGUAGES])]
    for title, paths in triples:
        if all(path.is_file() for path in paths):
            sections = [_split_sections(path.read_text(encoding="utf-8")) for path in paths]
            for number, (heading, text) in enumerate(sections[0]):
                others = [part[number][1] if number < len(part) else "" for part in sections[1:]]
                yield f"{title} § {heading}", dict(zip(LANGUAGES, [text, *others], strict=True))


def _split_sections(text: str) -> list[tuple[str, str]]:
    """Heading and text of each section; code is the same in every language and is left out."""
    without_code = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    parts = re.split(r"^#+ (.+)$", without_code, flags=re.MULTILINE)
    return [(parts[i], f"{parts[i]}\n{parts[i + 1]}") for i in range(1, len(parts), 2)]


def main(arguments: Sequence[str]) -> int:
    """Accept what follows; names given on the command line are still right although their English changed."""
    texts = read_texts(ROOT)
    unknown = [name for name in arguments if name not in texts]
    if unknown:
        print(f"no text is named {unknown[0]!r}")
        return 2
    write_ledger(ROOT, accept_texts(read_ledger(ROOT), texts, arguments))
    complaints = find_stale(ROOT)
    print("\n".join(complaints) or "French and German follow.")
    if complaints:
        print("Translate these. Where a text is still right as it is: make translated ARGS=\"'NAME'\"")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
