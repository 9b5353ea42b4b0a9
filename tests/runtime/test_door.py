"""Doors come from the package, and looking for one loads nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from backline.errors import BacklineError
from backline.runtime.door import Doors, open_door


def test_without_the_package_there_is_no_door() -> None:
    former, Doors.open = Doors.open, None
    try:
        with pytest.raises(BacklineError, match="Import `backline`"):
            open_door("probe.work")
    finally:
        Doors.open = former


def test_the_package_says_where_doors_come_from_and_loads_no_task_for_it() -> None:
    code = "import sys, backline; from backline.runtime.door import Doors; print(Doors.open is not None, 'pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
