"""`backline audit list`, by run and by object."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from backline.cli.houses import open_house
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


@pytest.mark.parametrize("at", ["9223372036854775807", "'abc'", "1.5e308"])
def test_a_row_of_no_moment_is_listed_too(call: Call, at: str) -> None:
    call("run", "add", "--set", "one=1", "--here")
    with open_house() as house, house.database.write() as connection:
        columns = "(at, actor, action, object, body)"
        connection.execute(
            text(f"INSERT INTO backline_audit {columns} VALUES ({at}, 'eve', 'x', 'y', '{{}}')")
        )
    result = call("audit", "list", "--json")
    assert (result.code, len(result.lines), result.lines[0]["actor"]) == (0, 2, "eve")
