"""Doctor's look at accounts, Client IDs and pauses."""

from __future__ import annotations

from sqlalchemy import text

from backline.cli.doctor_spotify import look_at_spotify
from backline.storage.database import Database
from backline.storage.limits import DatabaseLimits, LimitKey
from backline.web.readiness import Check
from backline.wiring import House
from tests.cli.conftest import Call
from tests.cli.consent import CLIENT_ID, MONTH, keep_account


def look(house: House) -> list[Check]:
    return look_at_spotify(house.settings, house.database)


def test_nothing_is_known(call: Call) -> None:
    call("db", "upgrade")
    (found,) = [row for row in call("doctor", "--json").lines if row["name"] == "spotify"]
    assert (found["verdict"], "No app is known" in found["says"]) == ("ok", True)


def test_the_day_to_reconnect_is_told_in_time(call: Call) -> None:
    with keep_account("Ada", since=MONTH) as house:
        (well,) = look(house)
        assert (well.verdict, well.remedy) == ("ok", None) and "Ada is connected; reconnect by 2" in well.says
        assert call("doctor").code == 0
    with keep_account("Ada", since=6 * MONTH) as house:
        (soon,) = look(house)
        assert soon.verdict == "warning" and "backline connect spotify" in str(soon.remedy)
    with keep_account("Ada", since=7 * MONTH) as house:
        (late,) = look(house)
        assert late.verdict == "problem" and "lasted until" in late.says
        assert call("doctor").code == 4


def test_a_consent_that_was_refused() -> None:
    with keep_account("Ada", ended=True) as house:
        (found,) = look(house)
    assert (found.verdict, "was refused" in found.says) == ("problem", True)


def test_an_app_that_nobody_can_ask_with_and_one_that_is_doubted() -> None:
    with keep_account("Ada") as house:
        with house.database.write() as connection:
            connection.execute(
                text("UPDATE backline_spotify_app SET profile = 'dev_legacy', probed_at = 1, doubted_at = 2")
            )
        _, doubted = look(house)
        assert (doubted.verdict, CLIENT_ID in doubted.says) == ("warning", True)
        assert "looked at anew" in str(doubted.remedy)
        with house.database.write() as connection:
            connection.execute(text("DELETE FROM backline_spotify_account"))
            connection.execute(text("UPDATE backline_spotify_app SET doubted_at = NULL"))
        (alone,) = look(house)
        assert (alone.verdict, "no secret" in alone.says) == ("warning", True)
        with house.database.write() as connection:
            connection.execute(text("UPDATE backline_spotify_app SET has_secret = true"))
        (fine,) = look(house)
        assert fine.verdict == "ok"


def test_pauses_are_told_with_family_and_hour() -> None:
    with keep_account("Ada") as house:
        limits = DatabaseLimits(house.database)
        for account in ("own", "own/search", "own/band"):
            limits.block(LimitKey("spotify", account), 3_600_000_000, 0, 10**15)
        limits.block(LimitKey("radio", "own"), 3_600_000_000, 0, 10**15)
        pauses = [check for check in look(house) if "patience" in check.says]
    assert [check.verdict for check in pauses] == ["warning"] * 3
    assert "own for patience until 2" in pauses[0].says and pauses[0].says.endswith("Z.")
    assert "own/band for" in pauses[1].says and "own, family search," in pauses[2].says


def test_a_database_that_fails_is_told() -> None:
    with keep_account("Ada") as house:
        with house.database.write() as connection:
            connection.execute(text("ALTER TABLE backline_spotify_app RENAME TO gone"))
        (found,) = look_at_spotify(house.settings, Database(house.settings.database_url))
    assert (found.verdict, found.name) == ("problem", "spotify")
