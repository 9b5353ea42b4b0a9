"""When a cron text fires in a time zone, both nights of the clock change included.

A fixed hour that the clock skips fires at the first moment after the gap; one that it repeats fires
once, at the first of the two. A cron whose hour field is open (`*`, `*/n`) follows real time: every
real hour counts, none is invented.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from croniter.croniter import CroniterError

from backline.errors import BadInput


def check_cron(cron: str, zone: str) -> None:
    """Raise `BadInput` where the text or the zone cannot be used."""
    if len(cron.split()) != 5:
        raise BadInput(
            f"{cron!r} is not a cron text of five fields.", remedy="Example: 30 6 * * 1 (Mondays 6:30)."
        )
    try:
        croniter(cron)
    except (CroniterError, ValueError) as error:
        raise BadInput(f"{cron!r} is not a cron text: {error}.", remedy="Example: 0 6 * * *") from error
    _find_zone(zone)


def next_slot(cron: str, zone: str, after: datetime) -> datetime:
    """The first slot later than `after` (aware), in UTC."""
    tz = _find_zone(zone)
    open_hour = cron.split()[1].startswith("*")
    wall = after.astimezone(tz).replace(tzinfo=None) - timedelta(hours=3)
    candidates = croniter(cron, wall)
    best: datetime | None = None
    for _ in range(100_000):
        local = candidates.get_next(datetime)
        for moment in _as_moments(local, tz, open_hour=open_hour):
            if moment > after and (best is None or moment < best):
                best = moment
        # A repeated hour puts a later wall time before an earlier one; three hours cover every zone.
        if best is not None and local - best.astimezone(tz).replace(tzinfo=None) > timedelta(hours=3):
            break
        if best is not None and not open_hour:
            break
    if best is None:
        raise BadInput(f"{cron!r} never fires after {after.isoformat()}.")
    return best


def _as_moments(local: datetime, tz: ZoneInfo, *, open_hour: bool) -> list[datetime]:
    """The real moments of a wall-clock time: none or a shifted one in a gap, two in a repeated hour."""
    first = local.replace(tzinfo=tz, fold=0)
    second = local.replace(tzinfo=tz, fold=1)
    moments = [first.astimezone(UTC)]
    exists = moments[0].astimezone(tz).replace(tzinfo=None) == local
    if not exists:
        return [] if open_hour else [_end_of_gap(local, tz)]
    if open_hour and first.utcoffset() != second.utcoffset():
        moments.append(second.astimezone(UTC))
    return moments


def _end_of_gap(local: datetime, tz: ZoneInfo) -> datetime:
    """The moment at which the clock jumps over `local`."""
    before = local.replace(tzinfo=tz, fold=0).utcoffset()
    after = local.replace(tzinfo=tz, fold=1).utcoffset()
    assert before is not None and after is not None
    low = (local - max(before, after)).replace(tzinfo=UTC)
    high = (local - min(before, after)).replace(tzinfo=UTC)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(tz).utcoffset() == low.astimezone(tz).utcoffset():
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def _find_zone(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(f"{zone!r} is not a time zone.", remedy="Example: Europe/Berlin.") from error
