"""Two trees of code for an upgrade that rolls: an old and a new one, with their plug-ins of test tasks.

What is new is this tree with one more migration, so that there is always a newer one, also where the history
is shallow; what is old is this tree, or the last commit before schema 0003 where the history goes so far back.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from backline.storage.upgrade import find_head

ROOT = Path(__file__).parents[2]
PLUG_IN = Path(__file__).parent / "plug_in"
BEFORE_0003 = "5b49e5d442af7079278af56f0712cb58bcac6fa3"
MIGRATION = '''"""What a later release might add; for a test."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{down}"
branch_labels = depends_on = None


def upgrade() -> None:
    op.add_column("backline_run", sa.Column("rolled", sa.Text(), nullable=True))
'''


class NoHistory(Exception):
    """This clone does not hold the commit."""


@dataclass(frozen=True)
class Tree:
    """Where a tree's code and its plug-in lie, and the schema that its code knows."""

    code: Path
    plug_in: Path
    revision: str

    def become(self) -> list[str]:
        """What to put before a command so that it runs this code."""
        return ["/usr/bin/env", f"PYTHONPATH={self.code}{os.pathsep}{self.plug_in}"]

    def submit(self, env: dict[str, str], first: int, last: int) -> None:
        """Ask for `mark` with these numbers, through this code's own task."""
        code = (
            f"import journey_tasks\nfrom backline.celery_app import app\n"
            f"for number in range({first}, {last}):\n"
            f"    journey_tasks.mark.apply_async((number,), key=f'n{{number}}')\n"
        )
        command = [*self.become(), sys.executable, "-c", code]
        subprocess.run(command, env=env, check=True, timeout=60)


def make_trees(folder: Path, *, kept: bool) -> tuple[Tree, Tree]:
    """The old and the new tree; `kept`: the old one from git. Raises `NoHistory`."""
    newer = folder / "plug-in"
    shutil.copytree(PLUG_IN, newer)
    tasks = newer / "journey_tasks.py"
    words = tasks.read_text().replace(
        '@task("journey.mark", version=1, short=True)',
        '@task("journey.mark", version=2, upgrades={1: dict}, short=True)',
    )
    tasks.write_text(words)
    head = find_head()
    if kept:
        code = _take_from_git(folder / "old")
        versions = code / "backline/storage/migrations/versions"
        last = max(path.name for path in versions.glob("0*.py")).partition("_")[0]
        return Tree(code, folder / "old/tests/journeys/plug_in", last), Tree(ROOT / "src", newer, head)
    code = folder / "new"
    shutil.copytree(ROOT / "src", code, ignore=shutil.ignore_patterns("__pycache__"))
    revision = f"{int(head) + 1:04}"
    migration = code / f"backline/storage/migrations/versions/{revision}_rolled.py"
    migration.write_text(MIGRATION.format(revision=revision, down=head))
    return Tree(ROOT / "src", PLUG_IN, head), Tree(code, newer, revision)


def _take_from_git(folder: Path) -> Path:
    command = ["git", "-C", str(ROOT), "archive", BEFORE_0003, "src", "tests/journeys/plug_in"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    except FileNotFoundError as error:
        raise NoHistory("git") from error
    if done.returncode:
        raise NoHistory(f"commit {BEFORE_0003[:7]}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "src"
