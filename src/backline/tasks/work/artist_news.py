"""What a look at an artist came to: in words for who asked, and laid down for the finish of the run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import Connection

from backline.errors import BadInput
from backline.music import Provenance
from backline.runtime.effects import AuditTrail, Effects
from backline.runtime.task import Reason
from backline.spotify.apps import DAY
from backline.spotify.discography import Discography, count_looks, read_date
from backline.storage.artists import find_artist
from backline.storage.catalogue_links import make_artist_from
from backline.storage.catalogue_seen import SeenArtist
from backline.storage.catalogue_write import write_seen
from backline.storage.database import Database
from backline.storage.joins import join_artists
from backline.storage.schedules import find_rhythm
from backline.tasks.work.artist_answer import ArtistNews, ReleaseChange
from backline.tasks.work.artist_clerk import PLATFORM, ArtistDesk, ArtistLook, choose_turn, tell_release


def conclude(
    desk: ArtistDesk, found: ArtistLook, effects: Effects, trail: AuditTrail
) -> tuple[ArtistNews, list[Reason]]:
    """Lay down what was seen, and say what came of it and why."""
    seen = tell_seen(desk, found)
    lay_down(desk, found.listed, seen, effects, trail)
    reasons = list_reasons(desk, found.listed, seen)
    news = tell_news(desk, found.listed)
    if found.due is not None:
        decision = f"{found.why} What is left goes on then, and asks for nothing twice."
        numbers = {"left": news.left, "seconds": round(found.due)}
        reasons.append(Reason(rule="artist.left", numbers=dict(numbers), decision=decision))
    return news, reasons


def tell_seen(desk: ArtistDesk, found: ArtistLook) -> SeenArtist:
    """What is laid down: every release that was seen, with its tracks where they were read to the end."""
    look = found.listed
    stubs = {key: desk.done.get(key) or tell_release(key, stub) for key, stub in look.seen.items()}
    return SeenArtist(
        platform_id=desk.target.platform_id,
        name=found.name,
        releases=tuple((stubs | desk.done).values()),
        gone=tuple(look.list_gone()),
        total=look.told_total,
        next_offset=look.next_offset,
        is_whole=look.is_whole,
        is_full=desk.is_full and found.due is None,
    )


def tell_news(desk: ArtistDesk, look: Discography) -> ArtistNews:
    """The same in words for who asked, without what the platform says itself: that may be kept for a while only."""
    looks = count_looks(look.pages_in_turn, choose_turn(desk)) if look.told_total is not None else 1
    with desk.database.read() as connection:
        rhythm = find_rhythm(connection, desk.watch.run_id)
    known = {code for one in desk.known.releases.values() for code in one.recordings.values() if code}
    new = look.list_new()
    again = [
        key
        for key in new
        if key in desk.done and known.intersection(one.isrc for one in desk.done[key].recordings or ())
    ]
    left = [key for key in look.list_to_read() if key not in desk.done and key not in desk.lost]
    return ArtistNews(
        artist=desk.target.artist_id,
        platform_id=desk.target.platform_id,
        releases=look.total,
        new=new,
        changed=[ReleaseChange(release=one.release_id, field=one.field) for one in look.list_changed()],
        gone=look.list_gone(),
        again=again,
        read=len(desk.done),
        left=len(left),
        seen_within=looks,
        seen_within_days=None if rhythm is None else round(looks * rhythm / DAY, 2),
    )


def lay_down(
    desk: ArtistDesk, look: Discography, seen: SeenArtist, effects: Effects, trail: AuditTrail
) -> None:
    """Give the finish of the run what it is to write. It expires by when it was seen, not by when it is written."""
    keep_until = desk.apps.keep_until() - (desk.apps.clock.now() - desk.since)
    provenance, run_id, target = Provenance.SPOTIFY_API, desk.watch.run_id, desk.target

    def write(connection: Connection) -> None:
        number = target.no
        if number is None:
            name = seen.name or target.platform_id
            made = make_artist_from(
                connection,
                desk.since,
                PLATFORM,
                target.platform_id,
                name,
                keep_until=keep_until,
                run_id=run_id,
            )
            number = made.no
        write_seen(connection, desk.since, number, provenance, seen, keep_until=keep_until, run_id=run_id)
        join_artists(connection, desk.since, [number])

    effects.add(write)
    before = sorted((key, one.title, one.released, one.tracks) for key, one in desk.known.releases.items())
    after = sorted((key, one.name, read_date(one), one.total_tracks) for key, one in look.seen.items())
    trail.add(
        "artist.synced",
        f"artist:{target.artist_id or f'{PLATFORM}:{target.platform_id}'}",
        before=_digest(before),
        after=_digest(after),
        requests=dict(desk.count_requests()),
        gone=len(seen.gone),
        read=len(desk.done),
    )


def list_reasons(desk: ArtistDesk, look: Discography, seen: SeenArtist) -> list[Reason]:
    """Why it asked for what it asked for, and what a person may want to do."""
    artist = {"artist": desk.target.artist_id or desk.target.platform_id}

    def reason(rule: str, decision: str, **numbers: float | None) -> Reason:
        return Reason(rule=f"artist.{rule}", inputs=artist, numbers=dict(numbers), decision=decision)

    pages = {"releases": look.total, "known": desk.known.total, "pages": look.count_pages()}
    reasons = [reason("list", _say_list(desk, look), **pages)]
    if look.told_total is None:
        words = "The list moved while it was read: what was not seen is not taken for gone, and the next look sees all of it."
        reasons.append(reason("moving", words))
    if desk.lost:
        words = "Listed, and not there when asked for: the next look asks again."
        reasons.append(reason("lost", words, releases=len(desk.lost)))
    if desk.target.no is None and seen.name and (same := _find_namesake(desk.database, seen.name)):
        words = f"An artist of that name is here. If it is the same one: backline artist link {same} {desk.target.platform_id}"
        reasons.append(reason("namesake", words))
    return reasons


def _say_list(desk: ArtistDesk, look: Discography) -> str:
    if desk.is_full:
        return "Everything was asked for anew."
    if desk.known.total is None:
        return "Nothing was known that the list could be compared with: all of it was read."
    if look.has_to_walk:
        return "The number of releases, or a date, was not what was known: the whole list was read."
    return "The number of releases was what was known: the first page, and a part of the others in turn."


def _digest(rows: Sequence[tuple[object, ...]]) -> str | None:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest() if rows else None


def _find_namesake(database: Database, name: str) -> str | None:
    """The id of an artist of that name, if there is one and only one to be meant."""
    with database.read() as connection, suppress(BadInput):
        return str(find_artist(connection, name).id)
    return None
