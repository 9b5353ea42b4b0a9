"""/api/v1/audit: rows newest first, by pages that stand still."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from backline.runtime.audit import Secrets, make_entry
from backline.storage.audits import insert_audit
from backline.wiring import House
from tests.web.houses import Caller

AUDIT = "/api/v1/audit"
RUN = "01a20fa0-d1ef-7235-a3d0-1bb892995c60"


def write(house: House, object: str, **rest: object) -> None:
    with house.database.write() as connection:
        entry = make_entry("ann", "probe.touch", object, Secrets(), **rest)
        insert_audit(connection, house.database.now_sql, entry)


def test_pages_and_filters(house: House, call: Caller) -> None:
    for number in range(5):
        write(house, f"thing:{number}", number=number)
    write(house, f"run:{RUN}", run_id=RUN)
    first = call("GET", f"{AUDIT}?limit=4").json()
    write(house, "thing:late")
    second = call("GET", f"{AUDIT}?limit=4&cursor={first['next']}").json()
    objects = [row["object"] for row in (*first["items"], *second["items"])]
    assert objects == [f"run:{RUN}", *(f"thing:{number}" for number in (4, 3, 2, 1, 0))]
    assert second["next"] is None and second["items"][-1]["body"] == {"number": 0}
    assert [row["run_id"] for row in call("GET", f"{AUDIT}?run={RUN}").json()["items"]] == [RUN]
    assert len(call("GET", f"{AUDIT}?object=thing:3").json()["items"]) == 1


def test_questions_that_cannot_be(call: Caller) -> None:
    for query, field in (
        ("run=x", "run"),
        ("object=a%00", "object"),
        ("cursor=x", "cursor"),
        ("limit=0", "limit"),
    ):
        answer = call("GET", f"{AUDIT}?{query}")
        assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == field


ODD = [("at", "9223372036854775807"), ("at", "'abc'"), ("at", "1.5e308"), ("actor", "x'ff00'"), ("actor", "cast(x'ff41' AS TEXT)"), ("fence", "'x'"), ("body", "x'ff'"), ("body", "cast(x'22ff22' AS TEXT)")]  # fmt: skip


def test_an_odd_row_hides_no_other(house: House, call: Caller) -> None:
    if not house.database.is_sqlite:
        pytest.skip("only SQLite takes any value in any column")
    write(house, "thing:1")
    for column, value in ODD:
        values = {"at": "1", "actor": "'eve'", "body": "'{}'", "fence": "1", column: value}
        names, told = ", ".join(values), ", ".join(values.values())
        with house.database.write() as connection:
            connection.execute(
                text(f"INSERT INTO backline_audit (action, object, {names}) VALUES ('x', 'y', {told})")
            )
    answer = call("GET", f"{AUDIT}?limit=20")
    assert (answer.status_code, len(answer.json()["items"])) == (200, 1 + len(ODD))
    rows = answer.json()["items"][-2::-1]
    assert [row[column] for row, (column, _) in zip(rows, ODD, strict=True)] == [
        "9223372036854775807", "'abc'", "1.5e+308", r"b'\xff\x00'", r"\udcffA", None, None, None,
    ]  # fmt: skip
