"""When a cron text fires in a time zone, both nights of the clock change included.

A fixed hour that the clock skips fires at the first moment after the gap; one that it repeats fires
once, at the first of the two. A cron whose hour field is open (`*`, `*/n`) follows real time: every
real hour counts, none is invented.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backline.errors import BadInput


def check_cron(cron: str, zone: str) -> None:
    """Raise `BadInput` where the text or the zone cannot be used."""
    if len(cron.split()) != 5:
        raise BadInput(
            f"{cron!r} is not a cron text of five fields.", remedy="Example: 30 6 * * 1 (Mondays 6:30)."
        )
    try:
        _start_cron(cron).get_next(datetime)
    except ValueError as error:
        raise BadInput(f"{cron!r} is not a cron text: {error}.", remedy="Example: 0 6 * * *") from error
    _find_zone(zone)


def next_slot(cron: str, zone: str, after: datetime) -> datetime:
    """The first slot later than `after` (aware), in UTC. Raises `BadInput` where there is none."""
    tz = _find_zone(zone)
    open_hour = cron.split()[1].startswith("*")
    try:
        return _find_open(cron, tz, after) if open_hour else _find_fixed(cron, tz, after)
    except ValueError as error:
        raise BadInput(f"{cron!r} never fires after {after.isoformat()}.") from error


def _find_open(cron: str, tz: ZoneInfo, after: datetime) -> datetime:
    """Follow real time: the wall clock runs straight from one change of the offset to the next."""
    begin = after
    while True:
        offset = _read_offset(tz, begin)
        wall = (begin.astimezone(UTC) + offset).replace(tzinfo=None)
        # What the clock shows right after a change is a slot of its own, hence the second before.
        start = wall if begin is after else wall - timedelta(seconds=1)
        local: datetime = _start_cron(cron, start).get_next(datetime)
        slot = (local - offset).replace(tzinfo=UTC)
        change = _find_change(tz, begin, slot)
        if change is None:
            return slot
        begin = change


def _find_fixed(cron: str, tz: ZoneInfo, after: datetime) -> datetime:
    """Follow the wall clock: a skipped time is the end of the gap, a repeated one the first of the two."""
    candidates = _start_cron(cron, after.astimezone(tz).replace(tzinfo=None))
    while True:
        local: datetime = candidates.get_next(datetime)
        moment = local.replace(tzinfo=tz, fold=0).astimezone(UTC)
        if moment.astimezone(tz).replace(tzinfo=None) != local:
            moment = _end_gap(tz, local)
        if moment > after:
            return moment


def _end_gap(tz: ZoneInfo, local: datetime) -> datetime:
    """The moment at which the clock jumps over `local`."""
    around = local.replace(tzinfo=UTC)
    change = _find_change(tz, around - timedelta(days=1), around + timedelta(days=1))
    assert change is not None
    return change


def _find_change(tz: ZoneInfo, begin: datetime, end: datetime) -> datetime | None:
    """The first moment after `begin`, and not after `end`, with another offset; to the second."""
    offset, low = _read_offset(tz, begin), begin
    while low < end:
        high = min(low + timedelta(days=1), end)
        if _read_offset(tz, high) != offset:
            break
        low = high
    else:
        return None
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if _read_offset(tz, middle) == offset:
            low = middle
        else:
            high = middle
    return high.astimezone(UTC).replace(microsecond=0)


def _read_offset(tz: ZoneInfo, moment: datetime) -> timedelta:
    offset = moment.astimezone(tz).utcoffset()
    assert offset is not None
    return offset


def _start_cron(cron: str, start: datetime | None = None) -> Any:
    """The slots of a cron text, one after the other. Raises `ValueError`, as all errors of croniter are."""
    from croniter import croniter  # only a scheduler and those who set schedules need it

    return croniter(cron, start)


def _find_zone(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(f"{zone!r} is not a time zone.", remedy="Example: Europe/Berlin.") from error
