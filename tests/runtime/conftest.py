"""A stage on each kind of database."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backline.storage.database import Database
from tests.runtime.stage import Stage, make_table

MakeStage = Callable[..., Stage]


@pytest.fixture
def stage(database: Database) -> MakeStage:
    """`stage(task, …)` is a process that knows these tasks, on a database with a table for effects."""
    make_table(database)
    return lambda *tasks, **options: Stage(database, *tasks, **options)
