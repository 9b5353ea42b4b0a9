"""What can be out of joint in the database, how it is seen, and how it is mended: a piece at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, text

from backline.storage.claims import find_heirs, hand_over
from backline.storage.clock import now_sql, read_now, seconds_to_micros
from backline.storage.rollups import refresh_rollups
from backline.storage.run_tables import run
from backline.storage.sweeps import Sweeps

LONG_GONE = seconds_to_micros(600)  # any process that lives would have taken the run within a second
LONG_DIRTY = seconds_to_micros(24 * 3600)
_STUCK = "state = 'running' AND (lease_until IS NULL OR lease_until < {now} - :age)"
# A run whose lease has no end is seen by no sweep; from here on it has one.
_GIVE_END = "UPDATE backline_run SET lease_until = coalesce(claimed_at, created_at) WHERE state = 'running' AND lease_until IS NULL"
_NO_RUN = "NOT EXISTS (SELECT 1 FROM backline_run AS r WHERE r.id = {table}.run_id)"
_OF_RUNS = ("backline_attempt", "backline_step", "backline_intent")
_NO_CLAIM = """NOT EXISTS (SELECT 1 FROM backline_claim AS c WHERE c.id = backline_claim_echo.claim_id)
    OR NOT EXISTS (SELECT 1 FROM backline_import AS i WHERE i.no = backline_claim_echo.import_no)"""
_LOST_IMPORTS = """
SELECT DISTINCT import_no FROM backline_claim AS c WHERE c.current
    AND NOT EXISTS (SELECT 1 FROM backline_import AS i WHERE i.no = c.import_no)
    AND NOT EXISTS (SELECT 1 FROM backline_claim_echo AS e JOIN backline_import AS i ON i.no = e.import_no
        WHERE e.claim_id = c.id AND i.undone_at IS NULL)
ORDER BY import_no
"""
_COUNT_LOST = f"SELECT count(*) FROM backline_claim WHERE current AND import_no IN ({_LOST_IMPORTS.replace('ORDER BY import_no', '')})"


@dataclass(frozen=True)
class Repair:
    """One thing: how many are out of joint now, what that means, and the work of one commit (how many were mended).

    `says` has a place `{count}`. The work is done again until there is nothing to do.
    """

    name: str
    says: str
    count: Callable[[Connection], int]
    mend: Callable[[Connection], int]


def list_repairs(sweeps: Sweeps) -> list[Repair]:
    """Everything in the database that can be mended without losing what somebody needs."""
    return [
        Repair(
            "stuck leases",
            "{count} runs are held by workers that have been silent for over ten minutes.",
            count_stuck,
            lambda connection: mend_stuck(connection, sweeps),
        ),
        Repair(
            "orphans", "{count} attempts, steps, calls and echoes of runs and claims that are not there.",
            count_orphans, remove_orphans,
        ),
        Repair(
            "claims of no import", "{count} claims count whose import is not there.",
            count_lost_claims, take_back_lost_claims,
        ),
        Repair(
            "rollups", "{count} days have waited for over a day to be added up anew.",
            count_dirty_days, refresh_dirty_days,
        ),
    ]  # fmt: skip


def count_stuck(connection: Connection) -> int:
    """Runs whose lease has no end, or ended so long ago that nobody looks."""
    return _count(connection, f"SELECT count(*) FROM backline_run WHERE {_STUCK}", LONG_GONE)


def mend_stuck(connection: Connection, sweeps: Sweeps) -> int:
    """What the usual sweep does: the run is queued again, or dead after its third loss."""
    if not count_stuck(connection):
        return 0
    connection.execute(text(_GIVE_END))
    return len(sweeps.take_lost(connection))


def count_orphans(connection: Connection) -> int:
    """Rows of runs and claims that are not there."""
    found = sum(
        _count(connection, f"SELECT count(*) FROM {table} WHERE {_NO_RUN.format(table=table)}")
        for table in _OF_RUNS
    )
    return found + _count(connection, f"SELECT count(*) FROM backline_claim_echo WHERE {_NO_CLAIM}")


def remove_orphans(connection: Connection) -> int:
    """They say nothing of anything that is there."""
    found = sum(
        connection.execute(text(f"DELETE FROM {table} WHERE {_NO_RUN.format(table=table)}")).rowcount
        for table in _OF_RUNS
    )
    return int(
        found + connection.execute(text(f"DELETE FROM backline_claim_echo WHERE {_NO_CLAIM}")).rowcount
    )


def count_lost_claims(connection: Connection) -> int:
    """Claims that count, of imports that are not there."""
    return _count(connection, _COUNT_LOST)


def take_back_lost_claims(connection: Connection) -> int:
    """As if their import were taken back: an earlier claim counts again where there is one. Facts stay."""
    number = connection.execute(text(_LOST_IMPORTS)).scalar()
    if number is None:
        return 0
    heirs = find_heirs(connection, int(number))
    now = read_now(connection)
    hand_over(connection, heirs, now)
    return len(heirs)


def count_dirty_days(connection: Connection) -> int:
    """Days that nobody has asked for since they changed; reading them is right, and slower."""
    return _count(
        connection, "SELECT count(*) FROM backline_dirty_day WHERE marked_at < {now} - :age", LONG_DIRTY
    )


def refresh_dirty_days(connection: Connection) -> int:
    """Add a batch of marked days up anew."""
    return refresh_rollups(connection) if count_dirty_days(connection) else 0


def find_present(connection: Connection, run_ids: Sequence[str]) -> set[str]:
    """Those of these runs that are there."""
    query = select(run.c.id)
    return {
        str(found)
        for first in range(0, len(run_ids), 500)
        for found in connection.execute(query.where(run.c.id.in_(run_ids[first : first + 500]))).scalars()
    }


def _count(connection: Connection, query: str, age: int | None = None) -> int:
    statement = text(query.replace("{now}", now_sql(connection.dialect.name)))
    return int(connection.execute(statement, {} if age is None else {"age": age}).scalar_one())
