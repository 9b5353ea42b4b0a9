"""The rules of the house: each holds for the project, and each is broken here on purpose to show that it bites."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.translations import accept_texts, hash_words, judge_texts, read_texts, write_ledger
from tests.house import circles, languages, migrations, mirror, names, papers, queries, sizes, walls
from tests.house.files import ROOT

Rule = Callable[[Path], list[str]]
Files = dict[str, str]
DOC = '"""Says what lives here."""\n'
LABELS: Files = {f"src/backline/locales/{name}.toml": f'a = "{name} {{x}}"\n' for name in ("en", "fr", "de")}
README: Files = dict.fromkeys(
    ("README.md", "README.fr.md", "README.de.md"), "# T\n\n## A\n\n```sh\nmake\n```\n"
)
TASK = DOC + '@task("t.do", version=1)\ndef do(job: Job) -> Answer:\n    """{}"""\n'
RECORD = "# 0001 Title\n\n## Context\n\n## Decision\n\n## Consequences\n\n## Rejected\n"
LONG = DOC + "x = 1\n" * 400
LONG_FUNCTION = DOC + "def run():\n" + "    x = 1\n" * 50
FIRST = "src/backline/first.py"
SECOND = "src/backline/second.py"
MIGRATION = f"{migrations.VERSIONS}/0001_a.py"
HASHES = str(migrations.HASHES)

# One entry a rule: the rule, then files that break it. Lines are put together so that they do not break it here.
BROKEN: list[tuple[Rule, Files, str]] = [
    (sizes.check_sizes, {FIRST: LONG}, "401 lines"),
    (sizes.check_sizes, {FIRST: LONG_FUNCTION}, "run has 51 lines"),
    (sizes.check_spread, {f"src/{i}.py": DOC + "x = 1\n" * 300 for i in range(3)}, "percentile of files is 301"),
    (sizes.check_spread, {FIRST: DOC + "def f():\n" + "    x = 1\n" * 40}, "percentile of functions is 41"),
    (mirror.check_source_is_tested, {"src/backline/room/first.py": DOC}, "has no tests/room/test_first.py"),
    (mirror.check_source_is_tested, {"src/backline/room/__init__.py": DOC + "def f(): ...\n"}, "test___init__"),
    (mirror.check_test_has_source, {"tests/room/test_gone.py": DOC}, "mirrors no file"),
    (mirror.check_packages, {"tests/room/test_first.py": DOC}, "has no __init__.py"),
    (circles.check_circles, {FIRST: "import backline.second\n", SECOND: "import backline.first\n"}, "round"),
    (circles.check_circles, {
        FIRST: "def f():\n    from backline import second\n",
        SECOND: "if TYPE_CHECKING:\n    from backline.first import f\n",
    }, "backline.first → backline.second"),
    (circles.check_circles, {
        FIRST: 'import_module("backline.second")\n', SECOND: "from backline.first import f\n",
    }, "round"),
    (walls.check_walls, {
        "src/backline/content/brief.py": "from backline.first import x\n", FIRST: "from backline.second import x\n",
        SECOND: "def f():\n    from backline.spotify.catalogue import x\n", "src/backline/spotify/catalogue.py": DOC,
    }, "backline.content.brief → backline.first → backline.second → backline.spotify.catalogue"),
    (walls.check_walls, {
        "src/backline/signals/trends.py": "import backline.spotify\n", "src/backline/spotify/__init__.py": DOC,
    }, "backline.signals.trends → backline.spotify"),
    (walls.check_walls, {
        "src/backline/curation/rules.py": 'import_module("backline.spotify.search")\n',
        "src/backline/spotify/search.py": DOC,
    }, "may not reach this room"),
    (names.check_names, {"src/backline/utils.py": DOC}, "utils says nothing"),
    (names.check_names, {"src/backline/common/first.py": DOC}, "common says nothing"),
    (names.check_names, {"src/backline/date_helpers.py": DOC}, "helpers says nothing"),
    (names.check_names, {FIRST: DOC + "class RunManager: ...\n"}, "class name RunManager"),
    (names.check_first_line, {FIRST: "import os\n" + DOC}, "first line"),
    (names.check_first_line, {"scripts/a.sh": "#!/bin/sh\nset -e\n"}, "second line"),
    (names.check_exceptions, {FIRST: DOC + "x = 1  # no" + "qa\n"}, "code and reason"),
    (names.check_exceptions, {FIRST: DOC + "x = 1  # no" + "qa: S101\n"}, "code and reason"),
    (names.check_exceptions, {FIRST: DOC + "x = 1  # type: ig" + "nore[misc]\n"}, "code and reason"),
    (names.check_pauses, {FIRST: DOC + "def f():\n    threading.Event().wait(1)\n"}, "first.py:3: waits on an"),
    (names.check_pauses, {FIRST: DOC + "def f():\n    a, b = Event(), 1\n    a.wait(1)\n"}, "first.py:4: waits"),
    (names.check_pauses, {
        "src/backline/runtime/pause.py": DOC, FIRST: DOC + "def f():\n    pause(1)\n",
    }, "first.py pauses, and"),
    (queries.check_queries, {"src/backline/cli/first.py": "from sqlalchemy import text\n"}, "takes text of"),
    (queries.check_queries, {"src/backline/web/first.py": "from sqlalchemy.sql import column\n"}, "takes column"),
    (queries.check_queries, {"src/backline/cli/first.py": "import sqlalchemy as sa\n"}, "takes sqlalchemy"),
    (names.check_addresses, {"a.lock": "--index" + "-url https://mirror.example/simple\n"}, "--index"),
    (names.check_addresses, {"a.md": "see /wo" + "rk/main\n"}, "/wo" + "rk"),
    (names.check_addresses, {"a.toml": 'state = "/ho' + 'me/ada/x"\n'}, "/ho" + "me/ada"),
    (languages.check_labels, LABELS | {"src/backline/locales/de.toml": 'b = "de {x}"\n'}, "differ in a, b"),
    (languages.check_labels, LABELS | {"src/backline/locales/fr.toml": 'a = "fr {y}"\n'}, "other places"),
    (languages.check_labels, LABELS | {"src/backline/locales/fr.toml": 'a = ""\n'}, "is empty"),
    (languages.check_task_words, {"src/backline/tasks/t.py": TASK.format("Only English.")}, "lacks fr, de"),
    (languages.check_task_words, {
        "src/backline/tasks/t.py": TASK.format("One.\n\nTwo.\n\n[fr]\nUn.\n\n[de]\nEins.\n\nZwei."),
    }, "do not match"),
    (languages.check_guides, README | {"README.de.md": "# T\n\n```sh\nmake\n```\n"}, "other headings"),
    (languages.check_guides, README | {"README.fr.md": "# T\n\n## A\n\n```sh\nfaire\n```\n"}, "other code"),
    (languages.check_guides, {"docs/en/a.md": "# A\n", "docs/de/a.md": "# A\n"}, "docs/fr/a.md is missing"),
    (languages.check_links, {"a.md": "# A\n\n[there](gone.md)\n"}, "leads nowhere"),
    (languages.check_heading_steps, {"a.md": "# A\n\n### B\n"}, "skip a level"),
    (languages.check_translations, LABELS, "label a is new"),
    (migrations.check_migrations, {MIGRATION: DOC}, "0001_a.py: has no hash"),
    (migrations.check_migrations, {MIGRATION: DOC, HASHES: f"{'0' * 64}  {MIGRATION}\n"}, "0001_a.py: was changed"),
    (migrations.check_migrations, {HASHES: f"{'0' * 64}  {MIGRATION}\n"}, "and it is gone"),
    (papers.check_decisions, {"docs/decisions/0001-a.md": RECORD.replace("## Rejected", "")}, "the parts"),
    (papers.check_decisions, {"docs/decisions/0002-a.md": RECORD}, "number 0001"),
    (papers.check_decisions, {"docs/decisions/0001-a.md": RECORD + "x\n" * 60}, "half a page"),
    (papers.check_map, {"docs/architecture.md": "├── a.py\n", FIRST: DOC}, "draws a.py, which does not stand"),
    (papers.check_map, {"docs/architecture.md": "├── a.py\n", FIRST: DOC}, "does not draw first.py"),
    (papers.check_map, {
        "docs/architecture.md": "├── runtime/\n│   ├── run.py\n", "src/backline/runtime/run.py": DOC,
        "src/backline/runtime/drain.py": DOC,
    }, "does not draw runtime/drain.py"),
    (papers.check_map, {
        "docs/architecture.md": "├── first.py\n\n| `first`, `gone` | `second` | – |\n", FIRST: DOC,
    }, "tells of gone, which"),
    (papers.check_ladder, {
        "src/backline/errors.py": '"""Errors.\n\n└── Gone  x\n"""\nclass BacklineError(Exception): ...\n',
    }, "draws Gone, which does not stand"),
    (papers.check_ladder, {
        "src/backline/errors.py": DOC + "class BacklineError(Exception): ...\n",
        FIRST: DOC + "class Odd(errors.BacklineError): ...\n", SECOND: DOC + "class Odder(Odd): ...\n",
    }, "does not draw Odder"),
    (papers.check_commands, {"docs/en/a.md": "# A\n\n```sh\nbackline fly\n```\n"}, "no command fly"),
    (papers.check_commands, {"README.md": "# A\n\n```sh\nbackline runs list --sideways\n```\n"}, "no option"),
    (papers.check_commands, {"README.md": "# A\n\n```sh\nbackline import burn ID\n```\n"}, "no sub-command burn"),
    (papers.check_commands, {"README.md": "# A\n\n```sh\n$ backline runs\n```\n"}, "sub-command is missing"),
]  # fmt: skip
RULES = list(dict.fromkeys(rule for rule, _, _ in BROKEN))


def _name(value: object) -> str:
    return getattr(value, "__name__", "").removeprefix("check_") or "files"


@pytest.mark.xdist_group("house")  # the trees of all files are made once
@pytest.mark.parametrize("rule", RULES, ids=_name)
def test_the_house_keeps(rule: Rule) -> None:
    complaints = rule(ROOT)
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.mark.parametrize(("rule", "files", "complaint"), BROKEN, ids=lambda value: _name(value)[:30])
def test_the_guard_bites(rule: Rule, files: Files, complaint: str, tmp_path: Path) -> None:
    found = rule(_build(tmp_path, files))
    assert complaint in "\n".join(found)


@pytest.mark.parametrize("rule", RULES, ids=_name)
def test_the_guard_is_quiet_where_all_is_well(rule: Rule, tmp_path: Path) -> None:
    words = "Does.\n\n[fr]\nFait.\n\n[de]\nTut."
    good = LABELS | README | {"src/backline/tasks/t.py": TASK.format(words), "tests/tasks/test_t.py": DOC}
    good |= {
        "docs/decisions/0001-a.md": RECORD,
        "tests/tasks/__init__.py": DOC,
        "scripts/a.sh": "#!/bin/sh\n# Do.\n",
    }
    root = _build(tmp_path, good)
    (root / "docs").mkdir(exist_ok=True)
    write_ledger(root, accept_texts({}, read_texts(root)))
    assert rule(root) == []


def test_every_rule_is_run() -> None:
    rooms = (circles, languages, migrations, mirror, names, papers, queries, sizes, walls)
    offered = {value for room in rooms for name, value in vars(room).items() if name.startswith("check_")}
    assert offered == set(RULES)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"en": "New."}, "fr and de did not follow"),
        ({"en": "New.", "fr": "Neuf."}, "de did not follow"),
        ({"en": "New.", "fr": "Neuf.", "de": "Neu."}, "is new or changed"),
        ({"fr": "Mieux."}, "is new or changed"),
        ({}, ""),
    ],
)
def test_english_that_changed_makes_the_others_stale(changed: Files, complaint: str) -> None:
    before = {"en": "Old.", "fr": "Vieux.", "de": "Alt."}
    ledger = accept_texts({}, {"label a": before})
    assert complaint in "\n".join(judge_texts(ledger, {"label a": before | changed}))
    assert bool(complaint) == bool(judge_texts(ledger, {"label a": before | changed}))


def test_a_stale_text_is_not_accepted_unless_a_person_says_so() -> None:
    before = {"en": "Old.", "fr": "Vieux.", "de": "Alt."}
    after = {"label a": before | {"en": "Olde."}}
    ledger = accept_texts({}, {"label a": before})
    assert accept_texts(ledger, after) == ledger
    assert accept_texts(ledger, after, ["label a"]) == {"label a": hash_words(after["label a"])}


def test_texts_of_tasks_guides_and_labels_are_all_looked_at() -> None:
    kinds = {name.partition(" ")[0] for name in read_texts(ROOT)}
    assert {"label", "task", "README", "first-hour", "runs"} <= kinds


CROOKED = [
    ("storage", "storage/runs.py", "from backline.settings import Settings"),
    ("trades", "metrics/periods.py", "import sqlalchemy"),
    ("runtime", "runtime/retry.py", "from backline.settings import Settings"),
    ("runtime", "runtime/retry.py", "from backline.metrics import periods"),
    ("runtime", "runtime/retry.py", "from backline.reports import dates"),
    ("celery", "inbox.py", "import kombu"),
    ("tasks", "tasks/eighth.py", "import celery"),
    ("tasks_runtime", "tasks/eighth.py", "from backline.runtime.submit import Ask"),
    ("tasks_runtime", "tasks/eighth.py", "from backline.runtime.drain import drain_queue"),
    ("tasks_apart", "tasks/eighth.py", "from backline.tasks import ninth"),
    ("numbers_wall", "tasks/streaming_metrics.py", "from backline.spotify import routes"),
    ("numbers_wall", "metrics/periods.py", "from backline.spotify.payloads import Track"),
    ("trades", "spotify/sender.py", "import sqlalchemy"),
    ("runtime", "runtime/retry.py", "from backline.spotify import faults"),
    ("floors", "spotify/sender.py", "from backline.storage import clock"),
    ("floors", "spotify/sender.py", "from backline.reports import dates"),
    ("floors", "utils.py", ""),
]


@pytest.mark.parametrize(("contract", "path", "line"), CROOKED)
def test_the_import_contract_bites(contract: str, path: str, line: str, tmp_path: Path) -> None:
    _copy_source(tmp_path)
    (tmp_path / "src/backline/tasks/ninth.py").write_text(DOC)
    crooked = tmp_path / "src/backline" / path
    crooked.write_text((crooked.read_text() if crooked.exists() else DOC) + line + "\n")
    done = _lint_imports(tmp_path, contract)
    assert done.returncode != 0
    assert path.removesuffix(".py").replace("/", ".") in done.stdout + done.stderr


def test_a_task_may_know_the_types_that_it_is_given(tmp_path: Path) -> None:
    _copy_source(tmp_path)
    lines = [
        f"import backline.runtime.{name}\n"
        for name in ("task", "effects", "steps", "intents", "limits", "claim")
    ]
    (tmp_path / "src/backline/tasks/eighth.py").write_text(DOC + "".join(lines))
    done = _lint_imports(tmp_path, "tasks_runtime")
    assert done.returncode == 0, done.stdout


def _copy_source(root: Path) -> None:
    for source in (ROOT / "src").rglob("*.py"):
        copy = root / source.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())


def _lint_imports(root: Path, contract: str) -> subprocess.CompletedProcess[str]:
    program = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    program += ["--config", str(ROOT / ".importlinter"), "--contract", contract]
    env = {"PYTHONPATH": str(root / "src")}
    return subprocess.run(program, cwd=root, env=env, capture_output=True, text=True, check=False)


def _build(root: Path, files: Files) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root
