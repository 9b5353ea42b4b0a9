"""Rates are added, never overwritten; the newest of a pair and period counts."""

from __future__ import annotations

from backline.storage.database import Database
from backline.storage.rates import add_rates, list_rates
from tests.storage.spooled import count_rows


def test_a_later_rate_counts_and_the_earlier_stays(database: Database) -> None:
    first = [("2026-08", "USD", "EUR", "1.10"), ("2026-08-03", "GBP", "EUR", "0.86")]
    with database.write() as connection:
        assert add_rates(connection, database.now_sql, first, source="a.csv", by="ann") == 2
        assert add_rates(connection, database.now_sql, first, source="b.csv", by="bo") == 0
        changed = [("2026-08", "USD", "EUR", "1.1")]
        assert add_rates(connection, database.now_sql, changed, source="c.csv", by="bo") == 1
        assert count_rows(connection, "backline_rate") == 3
        told = [(row.period, row.currency, row.per, row.rate, row.source) for row in list_rates(connection)]
        assert told == [
            ("2026-08-03", "GBP", "EUR", "0.86", "a.csv"),
            ("2026-08", "USD", "EUR", "1.1", "c.csv"),
        ]
