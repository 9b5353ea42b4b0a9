"""The parts of an account: what was played, whom it follows, what it keeps; its playlists by a file of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection

from backline.errors import TryLater
from backline.moments import show_moment
from backline.runtime.claim import Watch
from backline.runtime.effects import AuditTrail, Effects
from backline.runtime.steps import Steps
from backline.spotify.apps import Apps
from backline.spotify.client import Client
from backline.spotify.payloads import CursorPage, OffsetPage, list_things
from backline.spotify.plays import choose_after, merge_plays
from backline.spotify.shelves import ShelfNews, ShelfReader
from backline.storage.account_read import name_kept, read_kept, read_latest_look, read_plays
from backline.storage.account_rows import AccountChange, KeptThing, PartSync
from backline.storage.account_write import Look, write_kept, write_plays
from backline.storage.database import Database
from backline.tasks.work.account_clerk import (
    AccountDesk,
    AccountNews,
    Enough,
    PartLine,
    Reader,
    lay_down,
    read_account,
)
from backline.tasks.work.account_playlists import look_at_playlists
from backline.tasks.work.account_reading import (
    bound_changes,
    read_followed,
    read_kept_release,
    read_kept_track,
    read_play,
)

T = TypeVar("T")
Page = OffsetPage[T] | CursorPage[T]
WEEK = 7 * 86_400_000_000  # µs after which what is followed is read to its end, whatever the first page says
PAGE = 50


def look_at_plays(desk: AccountDesk, line: PartLine) -> None:
    """What was played since the last look, from two hours before it on."""
    sync = desk.read_part("plays")
    after = choose_after(sync.newest)
    with desk.database.read() as connection:
        known = read_plays(connection, desk.account_id, after * 1000)
    plays = []
    for page in desk.speak().player.walk_plays(after):
        plays += list_things(page.items)
        if page.next is not None:
            desk.may_ask("plays")
    look = merge_plays(sync.newest, known, plays)
    new = [read_play(key, play) for key, play in look.new.items()]
    gap = (look.gap.after, look.gap.before) if look.gap else None
    line.seen, line.new = len(plays), len(new)
    if gap:
        desk.reason(
            "gap", "Only the last 50 plays can be read, and all of them are new: before them some may be missing.",
            after=show_moment(gap[0]), before=show_moment(gap[1]),
        )  # fmt: skip
    desk.writes.append(lambda connection, at: write_plays(connection, at, new, gap))
    desk.write_part("plays", PartSync(desk.began, desk.began, 0, look.newest))


def look_at_library(desk: AccountDesk, line: PartLine) -> None:
    """The tracks and releases that are kept."""
    _read_shelf(desk, line, "track", lambda client: client.library.walk_tracks(), read_kept_track)
    _read_shelf(desk, line, "release", lambda client: client.library.walk_albums(), read_kept_release)


def look_at_follows(desk: AccountDesk, line: PartLine) -> None:
    """The artists that are followed."""
    _read_shelf(desk, line, "artist", lambda client: client.library.walk_follows(), read_followed)


def _read_shelf(
    desk: AccountDesk, line: PartLine, kind: str, walk: Callable[[Client], Iterator[Page[Any]]],
    read: Callable[[Any], KeptThing | None],
) -> None:  # fmt: skip
    """Pages until they add up with what is known; and what they brought, for the finish to write."""
    sync = desk.read_part(kind)
    with desk.database.read() as connection:
        known = read_kept(connection, desk.account_id, kind)
    is_due = kind == "artist" and len(known) > PAGE and desk.began - (sync.whole_at or 0) > WEEK
    # 0: all of it was to be read, and that was cut off.
    reader = ShelfReader(known, sync.blanks, desk.is_full or is_due or sync.whole_at == 0)
    since, things = desk.resume(sync), dict[str, KeptThing]()
    try:
        for page in walk(desk.speak(since)):
            found = [read(entry) for entry in page.items]
            things |= {one.uri: one for one in found if one is not None}
            rows = [None if one is None else (one.uri, one.added_at) for one in found]
            reader.take(rows, page.total, is_end=page.next is None or not page.items)
            if reader.is_done:
                break
            desk.may_ask(kind)
    except (TryLater, Enough):
        if things:
            whole_at = sync.whole_at and (0 if reader.is_full else sync.whole_at)
            begun = PartSync(sync.seen_at, whole_at, sync.blanks, None, since)
            desk.write_part(kind, begun)
        raise
    _settle(desk, line, kind, sync, known, reader.tell(), things)


def _settle(
    desk: AccountDesk, line: PartLine, kind: str, sync: PartSync, known: dict[str, int | None], news: ShelfNews,
    things: dict[str, KeptThing],
) -> None:  # fmt: skip
    added, gone = [things[uri] for uri in news.added], news.gone
    new = [one for one in added if one.uri not in known]
    line.seen += len(known) + len(new) - len(gone)
    line.new += len(new)
    line.changed += len(added) - len(new)
    line.gone += len(gone)
    if sync.whole_at is not None:
        moment = str(desk.began)
        with desk.database.read() as connection:
            titles = name_kept(connection, desk.account_id, kind, gone)
        told = [AccountChange(kind, one.uri, "listed", None, moment, one.title, one.uri) for one in new]
        told += [AccountChange(kind, uri, "listed", moment, None, titles.get(uri, ""), uri) for uri in gone]
        desk.changes += bound_changes(told, kind, "", len(known), len(known) + len(new) - len(gone))
    is_whole = news.is_whole and news.is_steady
    whole_at = desk.began if is_whole else sync.whole_at
    if not news.is_steady:
        desk.reason(
            "slid", f"The list of {kind}s changed while it was read: what went is told at the next look."
        )
    desk.writes.append(_plan(kind, added, gone))
    desk.write_part(kind, PartSync(desk.began, whole_at, news.blanks))


def _plan(kind: str, added: Sequence[KeptThing], gone: Sequence[str]) -> Callable[[Connection, Look], None]:
    return lambda connection, look: write_kept(connection, look, kind, added, gone)


def look_at_account(
    account: str, parts: Sequence[str], *, apps: Apps, steps: Steps, database: Database, effects: Effects,
    trail: AuditTrail, watch: Watch, is_full: bool = False,
) -> AccountNews:  # fmt: skip
    """Look at an account, by its id or name, and lay down what the finish of the run writes.

    `parts`: some of `PARTS`, none for all. What the news leave is for another run with those parts, after `due` seconds,
    which needs no `is_full`: what was to be read is known. Raises `UnknownName`, and as `read_account` does.
    """
    account_id = apps.find_account(account).account_id
    began = steps.keep("began", {}, apps.clock.now)
    with database.read() as connection:
        # What this run heard before another one had ended is older than what is known by now.
        began = max(began, read_latest_look(connection, account_id) + 1)
    desk = AccountDesk(account_id, apps, database, trail, watch, began, is_full)
    news = read_account(desk, READERS, parts)
    lay_down(desk, effects)
    return news


READERS: Mapping[str, Reader] = {
    "plays": look_at_plays,
    "follows": look_at_follows,
    "library": look_at_library,
    "playlists": look_at_playlists,
}
