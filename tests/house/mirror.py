"""Tests mirror the source one to one: `src/backline/A/b.py` has `tests/A/test_b.py`, and the other way round."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.house.files import list_python, read_tree

ELSEWHERE: dict[str, tuple[str, str]] = {
    # source file: (where it is tested, why not in the mirror)
    "__init__.py": ("tests/test_init.py", "its one function is the door that .delay() goes through"),
    "__main__.py": ("tests/cli/test_root.py", "two lines that start the program"),
    "cli/__init__.py": ("tests/cli/test_root.py", "main() is what every test there calls"),
    "locales/__init__.py": ("tests/locales/test_labels.py", "the package is the function and its files"),
    "sandbox/__main__.py": ("tests/sandbox/test_listen.py", "the process that is started there"),
    "samples/__init__.py": ("tests/cli/test_demo.py", "the samples are what the demo imports"),
    "storage/fact_tables.py": (
        "tests/storage/test_run_tables.py",
        "both files of tables are compared with the schema",
    ),
    "storage/account_tables.py": ("tests/storage/test_run_tables.py", "the same"),
    "storage/catalogue_seen.py": ("tests/storage/test_catalogue_write.py", "it is what is written there"),
    "storage/catalogue_tables.py": ("tests/storage/test_run_tables.py", "the same"),
    "storage/report_tables.py": ("tests/storage/test_run_tables.py", "the same"),
    "storage/seal_tables.py": ("tests/storage/test_run_tables.py", "the same"),
    "storage/spotify_tables.py": ("tests/storage/test_run_tables.py", "the same"),
    "storage/vault_tables.py": (
        "tests/storage/test_run_tables.py",
        "all files of tables are compared with the schema there",
    ),
    "storage/migrations/env.py": ("tests/storage/test_upgrade.py", "Alembic runs it"),
    "storage/migrations/versions/*": ("tests/storage/test_upgrade.py", "each is run there, empty and filled"),
}
WITHOUT_SOURCE: dict[str, str] = {
    # test folder or file: why no source stands behind it
    "tests/test_house.py": "the rules of the house",
    "tests/house": "the same",
    "tests/boards": "run over whatever the folders offer",
    "tests/journeys": "real processes, databases and brokers",
    "tests/projects": "generated projects of other people, with their own processes",
    "tests/services": "private databases and brokers for the tests themselves",
    "tests/scripts": "mirrors scripts/, not src/",
    "tests/test_bench_smoke.py": "runs bench/ once, small",
    "tests/bench": "mirrors bench/, not src/",
}


def check_source_is_tested(root: Path) -> list[str]:
    """Every source file that does something has its test file."""
    found = []
    for path in list_python(root, "src"):
        inside = Path(*path.parts[2:])
        home = _find_exception(inside)
        if home is None and inside.name == "__init__.py" and not _does_something(read_tree(root, path)):
            continue
        wanted = Path(home) if home else Path("tests") / inside.parent / f"test_{inside.name}"
        if not (root / wanted).is_file():
            found.append(f"{path} has no {wanted}")
    return found


def check_test_has_source(root: Path) -> list[str]:
    """Every test file stands for a source file; `test_b_some_aspect.py` may stand beside `test_b.py`."""
    homes = {home for home, _ in ELSEWHERE.values()}
    found = []
    for path in list_python(root, "tests"):
        if not path.name.startswith("test_") or str(path) in homes:
            continue
        if any(path == Path(free) or Path(free) in path.parents for free in WITHOUT_SOURCE):
            continue
        if not _find_source(root, path):
            found.append(f"{path} mirrors no file in src/backline")
    return found


def check_packages(root: Path) -> list[str]:
    """Every folder of tests is a package, so that two files of one name do not collide."""
    folders = {path.parent for path in list_python(root, "tests") if path.name.startswith("test_")}
    return [
        f"{folder} has no __init__.py"
        for folder in sorted(folders)
        if not (root / folder / "__init__.py").is_file()
    ]


def _find_source(root: Path, path: Path) -> bool:
    room = root / "src/backline" / Path(*path.parts[1:-1])
    words = path.stem.removeprefix("test_").split("_")
    stems = ["_".join(words[:count]) for count in range(len(words), 0, -1)]
    return any((room / f"{stem}.py").is_file() or (room / stem).is_dir() for stem in stems)


def _find_exception(inside: Path) -> str | None:
    for name, (home, _) in ELSEWHERE.items():
        if str(inside) == name or (name.endswith("/*") and str(inside.parent) == name[:-2]):
            return None if inside.name == "__init__.py" and name.endswith("/*") else home
    return None


def _does_something(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in tree.body)
