"""A listener's own plays: judged record by record, kept as plays, never as anybody's streams.

What is not needed is dropped here and goes no further: the address (IP), the browser or device behind it
(user agent), the user's name, city and region.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa

from backline.reports.columns import Array, Problem
from backline.reports.dates import EARLIEST
from backline.reports.duplicates import Seen
from backline.reports.format import Kind, Layout, Refused, Rejection
from backline.reports.json_records import JsonRecords, Record
from backline.reports.rows import LONGEST_TEXT
from backline.reports.tally import MOST_REJECTIONS, Counts, Days, Tally

ROWS: Final = 20_000
MOST_MS: Final = 7 * 86_400_000  # of one play
TEXTS: Final = (
    "kind",
    "uri",
    "title",
    "creator",
    "collection",
    "country",
    "platform",
    "reason_start",
    "reason_end",
)
FLAGS: Final = ("shuffle", "skipped", "offline", "incognito")
# ended_at, offline_at: µs since 1970 UTC; skipped and the like: null where the file does not say. key: a hash
# of what makes a play the same in another export.
PLAY_SCHEMA: Final = pa.schema(
    [
        ("line", pa.int64()),
        ("key", pa.int64()),
        ("ended_at", pa.int64()),
        ("ms_played", pa.int64()),
        *((name, pa.string()) for name in TEXTS),
        *((name, pa.bool_()) for name in FLAGS),
        ("offline_at", pa.int64()),
    ]
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# kind: (uri, title, creator, collection) of a track, an episode, a chapter
_KINDS: Final = {
    "track": (
        "spotify_track_uri",
        "master_metadata_track_name",
        "master_metadata_album_artist_name",
        "master_metadata_album_album_name",
    ),
    "episode": ("spotify_episode_uri", "episode_name", "episode_show_name", ""),
    "audiobook": ("audiobook_chapter_uri", "audiobook_chapter_title", "", "audiobook_title"),
}


class PlayReading:
    """One history being read; the same outside as `read.Reading`. `blocks()` once, in `PLAY_SCHEMA`."""

    kind: Kind = "listener"
    region: str | None = None
    span = 1
    fingerprint: str | None = None
    remedy: str | None = None

    def __init__(self, format: str, layout: Layout, records: JsonRecords, today: date) -> None:
        self.format, self.report = format, layout.report
        self.constants: dict[str, Any] = {}
        self._records, self._tally, self._seen = records, Tally(), Seen()
        self._latest = datetime.combine(today, datetime.min.time(), UTC) + timedelta(days=2)
        self.ms_played = 0

    @property
    def counts(self) -> Counts:
        """Records so far."""
        return self._tally.counts

    @property
    def rejected(self) -> list[Rejection]:
        """The first 10,000 rejected records."""
        return self._tally.rejected

    @property
    def totals(self) -> dict[str, Any]:
        """units: accepted plays."""
        money: dict[str, Decimal] = {}
        return {"units": self.counts.accepted, "money": money}

    @property
    def days(self) -> Days:
        """Days (UTC) on which accepted plays ended."""
        return self._tally.days()

    @property
    def done(self) -> int:
        """Bytes read so far."""
        return self._records.done

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._records.size

    def blocks(self) -> Iterator[pa.RecordBatch]:
        """Plays in `PLAY_SCHEMA`. Raises `Refused` at any point: then nothing of the file may be kept."""
        plays: list[dict[str, Any]] = []
        for number, record in enumerate(self._records.read(), start=1):
            self.counts.read += 1
            play = read_play(record, self._latest)
            if isinstance(play, Problem):
                self._reject(number, play)
                continue
            plays.append({"line": number, **play})
            if len(plays) >= ROWS:
                yield self._take(plays)
                plays = []
        if plays:
            yield self._take(plays)
        self._refuse_useless()

    def _reject(self, number: int, problem: Problem) -> None:
        is_told = len(self.rejected) < MOST_REJECTIONS
        told = [Rejection(number, problem.kind, problem.reason)] if is_told else []
        self._tally.reject(told, more=0 if is_told else 1)

    def _take(self, plays: list[dict[str, Any]]) -> pa.RecordBatch:
        keys: Array = np.array([play["key"] for play in plays], dtype=np.int64).view(np.uint64)
        same, _ = self._seen.look(keys, np.zeros(len(keys), dtype=np.uint64))
        kept = [play for play, again in zip(plays, same.tolist(), strict=True) if not again]
        self.counts.ignored += len(plays) - len(kept)
        self.counts.accepted += len(kept)
        self.ms_played += sum(play["ms_played"] for play in kept)
        self._tally.seen_days |= {(_EPOCH + timedelta(microseconds=play["ended_at"])).date() for play in kept}
        return pa.RecordBatch.from_pylist(kept, schema=PLAY_SCHEMA)

    def _refuse_useless(self) -> None:
        if not self.counts.read:
            raise Refused("empty", "There are no plays in the list.", "Ask for the history again.")
        if not self.counts.accepted and not self.counts.ignored:
            first = self.rejected[0]
            words = f"None of the {self.counts.rejected:,} records can be used; record {first.line}: {first.reason}"
            raise Refused("nothing_usable", words, "Ask for the history again.")


def read_play(record: Record, latest: datetime) -> dict[str, Any] | Problem:
    """One record; a problem where its end or its length cannot be read."""
    ended = _read_moment(record.get("ts"))
    if ended is None or ended.date() < EARLIEST:
        return Problem("bad_date", f"ts {str(record.get('ts'))[:40]!r} is no moment.")
    if ended > latest:
        return Problem("future_date", f"ts {str(record.get('ts'))[:40]!r} lies in the future.")
    length = record.get("ms_played")
    if isinstance(length, bool) or not isinstance(length, int) or not 0 <= length <= MOST_MS:
        return Problem("bad_number", f"ms_played {str(length)[:40]!r} is no length of a play.")
    kind, texts = _tell_kind(record)
    texts |= {"country": record.get("conn_country"), "platform": record.get("platform")}
    texts |= {name: record.get(name) for name in ("reason_start", "reason_end")}
    play: dict[str, Any] = {name: _clean(text) for name, text in texts.items()}
    play |= {"kind": kind, "ended_at": (ended - _EPOCH) // timedelta(microseconds=1), "ms_played": length}
    flags = {name: record.get("incognito_mode" if name == "incognito" else name) for name in FLAGS}
    play |= {name: flag if isinstance(flag, bool) else None for name, flag in flags.items()}
    play["offline_at"] = read_stamp(record.get("offline_timestamp"))
    play["key"] = _make_key(play)
    return play


def read_stamp(value: Any) -> int | None:
    """Microseconds since 1970 of seconds or, in old files, milliseconds; None where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return None
    if value >= 10**14:  # infinity, too
        return None
    whole = int(value)
    return whole * 1_000 if whole >= 10**11 else whole * 1_000_000


def _read_moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text).strip())
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _tell_kind(record: Record) -> tuple[str, dict[str, Any]]:
    """What was played. A record may name nothing: what it played is gone from the catalogue."""
    for kind, names in _KINDS.items():
        told = dict(zip(("uri", "title", "creator", "collection"), map(record.get, names), strict=True))
        if told["uri"] or told["title"]:
            return kind, told
    return "unknown", dict.fromkeys(("uri", "title", "creator", "collection"))


def _clean(text: Any) -> str:
    return " ".join(text.split())[:LONGEST_TEXT] if isinstance(text, str) else ""


def _make_key(play: dict[str, Any]) -> int:
    told = "\0".join(str(play[name]) for name in ("ended_at", "ms_played", "uri", "title", "creator"))
    return int.from_bytes(
        hashlib.blake2b(told.encode(errors="replace"), digest_size=8).digest(), "big", signed=True
    )
