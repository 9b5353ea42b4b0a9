"""The one task body that every contender carries: a checked job, a small sum, one effect row."""

from __future__ import annotations

import time
from typing import Any

from pydantic import Field
from sqlalchemy import text

from backline.runtime.task import Answer, Job
from backline.storage.database import Database

_INSERT = text(
    "INSERT INTO bench_effect (batch, number, track, streams, asked_at, done_at) "
    "VALUES (:batch, :number, :track, :streams, :asked_at, :done_at)"
)
_TABLE = (
    "CREATE TABLE IF NOT EXISTS bench_effect (batch TEXT NOT NULL, number INTEGER NOT NULL, track TEXT NOT NULL, "
    "streams BIGINT NOT NULL, asked_at BIGINT NOT NULL, done_at BIGINT NOT NULL)"
)
_INDEX = "CREATE INDEX IF NOT EXISTS bench_effect_number ON bench_effect (batch, number)"


class Count(Job):
    """Streams of one track on one day; `asked_at` in microseconds since 1970 UTC."""

    batch: str = Field(max_length=64)
    number: int
    artist: str = Field(min_length=1, max_length=200)
    track: str = Field(min_length=1, max_length=200)
    day: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    country: str = Field(pattern=r"^[A-Z]{2}$")
    streams: int = Field(ge=0)
    asked_at: int = Field(ge=0)


class Counted(Answer):
    """The streams, and how many they make in thirty such days."""

    streams: int = Field(ge=0)
    month: int = Field(ge=0)


def make_job(batch: str, number: int) -> dict[str, Any]:
    """The fields of one job, asked for now."""
    return {
        "batch": batch, "number": number, "artist": "Velvet Tramlines", "track": f"Copper Rain {number}",
        "day": "2026-08-28", "country": "DE", "streams": 1000 + number, "asked_at": read_clock(),
    }  # fmt: skip


def read_clock() -> int:
    """This machine's clock, in microseconds since 1970 UTC; producers and workers share it."""
    return time.time_ns() // 1000


def count_streams(job: Count) -> Counted:
    """The part of the work that touches nothing."""
    return Counted(streams=job.streams, month=job.streams * 30)


def make_effect(job: Count, answer: Counted) -> dict[str, Any]:
    """The values of the effect row."""
    return {
        "batch": job.batch, "number": job.number, "track": job.track, "streams": answer.streams,
        "asked_at": job.asked_at, "done_at": read_clock(),
    }  # fmt: skip


def write_effect(connection: Any, job: Count, answer: Counted) -> None:
    """The one row that the work leaves; `connection` is SQLAlchemy's connection or session."""
    connection.execute(_INSERT, make_effect(job, answer))


class EffectTable:
    """The effects as the bench sees them: the only measure of what was really done.

    The table refuses no double row: doubles are counted.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.write() as connection:
            connection.execute(text(_TABLE))
            connection.execute(text(_INDEX))
            if not database.is_sqlite:  # Backline writes as a role that owns nothing
                connection.execute(text("GRANT SELECT, INSERT ON bench_effect TO PUBLIC"))

    def clear(self) -> None:
        """Forget every effect; on PostgreSQL also begin the round with fresh statistics and an empty WAL."""
        with self._database.write() as connection:
            connection.execute(text("DELETE FROM bench_effect"))
        if not self._database.is_sqlite:
            with self._database.engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            ) as connection:
                for statement in ("VACUUM ANALYZE", "CHECKPOINT"):
                    connection.execute(text(statement))

    def count(self, batch: str) -> int:
        """How many effects of a batch are committed."""
        query = text("SELECT count(*) FROM bench_effect WHERE batch = :batch")
        with self._database.read() as connection:
            return int(connection.execute(query, {"batch": batch}).scalar_one())

    def read(self, batch: str) -> list[tuple[int, int, int]]:
        """(number, asked at, done at) of a batch in the order done; times in microseconds since 1970 UTC."""
        query = text(
            "SELECT number, asked_at, done_at FROM bench_effect WHERE batch = :batch ORDER BY done_at"
        )
        with self._database.read() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(query, {"batch": batch})]
