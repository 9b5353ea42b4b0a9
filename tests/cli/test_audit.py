"""`backline audit list`, by run and by object."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Call

pytestmark = pytest.mark.usefixtures("probe")


def test_list_by_run(call: Call) -> None:
    first = call("run", "add", "--set", "one=1", "--here", "--json").one["run"]
    call("run", "add", "--set", "one=2", "--here")
    assert len(call("audit", "list", "--json").lines) == 2
    (row,) = call("audit", "list", "--run", first[:-2], "--json").lines
    assert (row["object"], row["actor"], row["body"]["job"]) == (
        f"run:{first}",
        "tester",
        {"one": 1, "two": 2},
    )
