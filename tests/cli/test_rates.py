"""`backline rates`: a table in, a list out, and money shown by it."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Call

TABLE = "date_or_month,currency,per,rate\n2026-08,USD,EUR,1.25\n2026-08-02,GBP,EUR,0.8\n"
OWN = "date,artist,track,revenue,currency\n2026-08-01,Ann,One,2.00,EUR\n2026-08-02,Ann,One,1.00,GBP\n"


def test_rates_are_imported_and_listed(call: Call, tmp_path: Path) -> None:
    (tmp_path / "ecb.csv").write_text(TABLE)
    assert call("rates", "import", "ecb.csv", "--json").one == {"file": "ecb.csv", "rates": 2, "added": 2}
    assert call("rates", "import", "ecb.csv", "--json").one["added"] == 0
    rows = call("rates", "list", "--currency", "usd", "--json").lines
    told = ("date_or_month", "currency", "per", "rate", "source", "by")
    assert [[row[name] for name in told] for row in rows] == [
        ["2026-08", "USD", "EUR", "1.25", "ecb.csv", "tester"]
    ]
    assert "1.25" in call("rates", "list").out


def test_what_is_wrong_is_named_and_nothing_is_kept(call: Call, tmp_path: Path) -> None:
    (tmp_path / "ecb.csv").write_text(f"{TABLE}2026-08,USD,EUR,none\n")
    result = call("rates", "import", "ecb.csv")
    assert result.code == 2 and "ecb.csv, line 4: 'none' is no rate" in result.err
    assert call("rates", "list", "--json").lines == []
    assert call("rates", "import", "nowhere.csv").code == 2
    assert call("rates", "list", "--currency", "euro").code == 2


def test_money_is_shown_in_both_currencies(call: Call, tmp_path: Path) -> None:
    (tmp_path / "ecb.csv").write_text(TABLE)
    (tmp_path / "own.csv").write_text(OWN)
    call("rates", "import", "ecb.csv")
    assert call("import", "own.csv").code == 0
    plain = call("metrics", "show", "--artist", "Ann", "--by", "track", "--json").lines
    assert all("converted" not in line for line in plain)
    lines = call("metrics", "show", "--artist", "Ann", "--by", "track", "--currency", "usd", "--json").lines
    assert [line["value"] for line in lines] == ["2.00", "1.00"]
    euro, pound = (line["converted"] for line in lines)
    assert (euro["value"], euro["currency"], euro["rates"][0]["source"]) == ("2.50", "USD", "ecb.csv")
    assert (pound["value"], pound["reason"]) == (None, "no_rate")
    shown = call("metrics", "show", "--artist", "Ann", "--currency", "EUR").out
    assert "1.25 EUR" in shown and "same_currency" in shown
