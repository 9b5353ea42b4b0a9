"""What was fetched is known, per place."""

from __future__ import annotations

from sqlalchemy import event, select

from backline.storage.database import Database
from backline.storage.fetched import FetchedBefore, FetchedItem, keep_fetched
from backline.storage.report_tables import fetched


def test_versions_and_contents_are_known_per_place(database: Database) -> None:
    items = [
        FetchedItem("<one@x>", "7:1", "abc", "stored", "a.csv", 5, "there/a.csv", ""),
        FetchedItem("", "7:1", "", "seen", "", 0, "", ""),
    ]
    for _ in range(2):  # what is known stays as it is
        with database.write() as connection:
            keep_fetched(connection, database.now_sql, "mailbox:label", items, run_id="run")
            keep_fetched(connection, database.now_sql, "mailbox:label", [], run_id="run")
    before, other = FetchedBefore(database, "mailbox:label"), FetchedBefore(database, "sftp:depot")
    assert before.has_version("", "7:1") and not before.has_version("", "7:2")
    assert before.has_content("<one@x>", "abc") and not before.has_content("<two@x>", "abc")
    assert not other.has_version("", "7:1")
    with database.read() as connection:
        row, _ = connection.execute(select(fetched).order_by(fetched.c.item.desc()))
    assert (row.place, row.name, row.run_id) == ("mailbox:label", "a.csv", "run") and row.created_at > 10**15


def test_the_versions_of_a_place_are_read_at_once(database: Database) -> None:
    items = [FetchedItem("", f"7:{uid}", "", "seen", "", 0, "", "") for uid in range(100)]
    with database.write() as connection:
        keep_fetched(connection, database.now_sql, "mailbox:label", items, run_id="run")
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    before = FetchedBefore(database, "mailbox:label")
    assert [uid for uid in range(101) if not before.has_version("", f"7:{uid}")] == [100]
    assert len([words for words in asked if "backline_fetched" in words]) == 1
