"""Rates of exchange that the team gave. Nothing is overwritten: of a period and a pair the newest row counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select, text

from backline.storage import report_tables as t

RateRow = Row[Any]  # no, period, currency, per, rate, source, created_at, created_by


def list_rates(connection: Connection) -> list[RateRow]:
    """The rates that count, by pair and period."""
    c = t.rate.c
    newest = select(func.max(c.no)).group_by(c.period, c.currency, c.per)
    query = select(t.rate).where(c.no.in_(newest)).order_by(c.currency, c.per, c.period)
    return list(connection.execute(query).all())


def add_rates(
    connection: Connection, now_sql: str, rates: Sequence[tuple[str, str, str, str]], *, source: str, by: str
) -> int:
    """Add (period, currency, per, rate) where it differs from what counts now; how many were added."""
    known = {(row.period, row.currency, row.per): row.rate for row in list_rates(connection)}
    fresh = [rate for rate in rates if known.get(rate[:3]) != rate[3]]
    names = ("period", "currency", "per", "rate")
    rows = [dict(zip(names, rate, strict=True)) | {"source": source, "by": by} for rate in fresh]
    if rows:
        insert = (
            "INSERT INTO backline_rate (period, currency, per, rate, source, created_at, created_by) "
            f"VALUES (:period, :currency, :per, :rate, :source, {now_sql}, :by)"
        )
        connection.execute(text(insert), rows)
    return len(rows)
