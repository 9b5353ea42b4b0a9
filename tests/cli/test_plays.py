"""`backline plays`: the latest first, and where some may be missing."""

from __future__ import annotations

from backline.storage.account_rows import Played
from backline.storage.account_write import Look, write_plays
from tests.cli.conftest import Call
from tests.cli.consent import keep_account
from tests.storage.account_books import LOOK


def test_plays_and_gaps(call: Call) -> None:
    with keep_account("Ada") as house:
        assert "No plays" in call("plays", "Ada").out
        look = Look("id-of-Ada", LOOK.now, LOOK.keep_until, LOOK.run_id)
        with house.database.write() as connection:
            plays = [Played(moment * 1_000_000, "u", f"Song {moment}", ("Ann",)) for moment in range(60)]
            write_plays(connection, look, plays, (5_000_000, 9_000_000))
    rows = call("plays", "Ada", "--json").lines
    assert [row["kind"] for row in rows] == ["play"] * 50 + ["gap"]
    assert (rows[0]["title"], rows[0]["credits"]) == ("Song 59", ["Ann"])
    assert rows[-1] == {"kind": "gap", "after": "1970-01-01T00:00:05Z", "before": "1970-01-01T00:00:09Z"}
    assert len(call("plays", "Ada", "--all", "--json").lines) == 61
    told = call("plays", "Ada")
    assert "Song 59" in told.out and "plays may be missing" in told.err
