"""The package gives its tasks a door that opens when first used."""

from __future__ import annotations

import subprocess
import sys


def test_importing_a_task_does_not_load_celery() -> None:
    code = "import sys, backline.runtime.task; from backline.runtime.door import Doors; print('celery' in sys.modules, Doors.open is not None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
