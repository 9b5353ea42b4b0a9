"""/api/v1/audit: rows newest first, by pages that stand still."""

from __future__ import annotations

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
