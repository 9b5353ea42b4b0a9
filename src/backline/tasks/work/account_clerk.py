"""The clerk of an account: reads its parts one after the other, and lays down what the finish of the run writes.

What was played comes first, since nobody can ask for it later, and the rows of playlists last, since they are most. Each part by itself costs as little as can be where
nothing has changed: one request for each 50 playlists, and one each for tracks, releases, follows and plays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from backline.errors import TryLater
from backline.runtime.claim import Watch
from backline.runtime.effects import AuditTrail, Effects
from backline.runtime.task import Reason
from backline.spotify.apps import Apps
from backline.spotify.client import Client
from backline.spotify.faults import Hiccup, ScopeMissing
from backline.storage.account_read import read_latest_look, read_part
from backline.storage.account_rows import AccountChange, PartSync
from backline.storage.account_write import Look, is_connected, write_changes, write_part
from backline.storage.database import Database
from backline.tasks.work.account_reading import name_object

PARTS = ("plays", "follows", "library", "playlists")
MOST = 500  # requests of one run
PATIENCE = 60.0  # seconds that a run waits rather than end with what it has
SHORT = 20.0  # seconds after which a fault on the way is asked about again
# µs for which a reading that was cut off may go on: some dozens of requests a day must be enough for all of it
KEPT_FOR = 14 * 86_400_000_000
Write = Callable[[Connection, Look], None]


class PartLine(BaseModel):
    """What came of one part. `seen`: how many there are; `left`: playlists to be read later; `error`: why not read."""

    model_config = ConfigDict(extra="forbid")
    part: str
    seen: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    read: int = 0
    left: int = 0
    error: str | None = None


class Enough(Exception):
    """This run has asked enough."""


@dataclass
class AccountNews:
    """What a look at an account came to. `due`: after how many seconds the parts in `left` go on, if any are."""

    lines: list[PartLine]
    reasons: list[Reason]
    requests: dict[str, int]
    left: list[str]
    due: float | None


@dataclass
class AccountDesk:
    """What each part works with. `began`: the run's beginning, since which no answer is asked for twice (µs)."""

    account_id: str
    apps: Apps
    database: Database
    trail: AuditTrail
    watch: Watch
    began: int
    is_full: bool = False
    reasons: list[Reason] = field(default_factory=list)
    changes: list[AccountChange] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    clients: dict[int, Client] = field(default_factory=dict)

    def speak(self, since: int | None = None) -> Client:
        """A client for the account. `since`: when a reading was begun that goes on."""
        since = since or self.began
        if since not in self.clients:
            self.clients[since] = self.apps.speak(self.account_id, since=since)
        return self.clients[since]

    def may_ask(self, words: str) -> None:
        """Before a request goes out. Raises `Enough` after very many, and what ends a run."""
        count = sum(self.count_requests().values())
        self.watch.progress(count, None, words)
        if count >= MOST:
            raise Enough

    def count_requests(self) -> Counter[str]:
        """What this run has asked, by family, also before it was interrupted."""
        return Counter(family for client in self.clients.values() for family, _ in client.voice.sender.heard)

    def has_heard_since(self, moment: int) -> bool:
        """Whether anything was answered since then."""
        return any(at >= moment for client in self.clients.values() for _, at in client.voice.sender.heard)

    def read_part(self, part: str) -> PartSync:
        """How far a part was read before."""
        with self.database.read() as connection:
            return read_part(connection, self.account_id, part)

    def resume(self, sync: PartSync) -> int:
        """When the reading of a part was begun that was cut off; else when this run began."""
        since = sync.reading_since
        return since if since is not None and self.began - since < KEPT_FOR else self.began

    def write_part(self, part: str, sync: PartSync) -> None:
        """Let the finish write how far a part was read."""
        self.writes.append(lambda connection, look: write_part(connection, look, part, sync))

    def reason(self, rule: str, decision: str, **numbers: float | str | None) -> None:
        """Why something is as it is."""
        self.reasons.append(
            Reason(
                rule=f"account.{rule}",
                numbers=dict(numbers),
                decision=decision,
            )
        )


Reader = Callable[[AccountDesk, PartLine], None]


def read_account(desk: AccountDesk, readers: Mapping[str, Reader], parts: Sequence[str]) -> AccountNews:
    """Read these parts, or all; what cannot be read now is left for later, and the others are read all the same.

    Raises `TryLater` where nothing could be read, or soon can be; what the platform answers that ends a run.
    """
    started, waits, news = (
        desk.apps.clock.now(),
        dict[str, float](),
        AccountNews([], desk.reasons, {}, [], None),
    )
    for part in [one for one in PARTS if one in (parts or PARTS)]:
        line = PartLine(part=part)
        try:
            desk.may_ask(part)
            readers[part](desk, line)
        except ScopeMissing as error:
            if parts:
                raise
            line.error = str(error)
        except Hiccup as error:
            if desk.has_heard_since(started):
                raise TryLater(SHORT, error.message) from error
            raise
        except Enough:
            waits[part], line.error = 0.0, f"A run makes {MOST} requests; another one goes on."
        except TryLater as error:
            if error.seconds <= PATIENCE:
                raise
            waits[part], line.error = error.seconds, str(error)
        news.lines.append(line)
    news.requests = dict(desk.count_requests())
    if waits:
        if not news.requests:
            raise TryLater(min(waits.values()), next(line.error for line in news.lines if line.error))
        news.left, news.due = list(waits), min(waits.values())
    _tell(desk, news)
    return news


def lay_down(desk: AccountDesk, effects: Effects) -> None:
    """Give the finish of the run what it is to write."""
    look = Look(desk.account_id, desk.began, desk.apps.keep_until(), desk.watch.run_id)

    def write(connection: Connection) -> None:
        if not is_connected(connection, look.account_id):
            return
        if read_latest_look(connection, look.account_id) >= look.now:
            raise TryLater(1, "Another look at this account has ended meanwhile; what it wrote comes first.")
        for one in desk.writes:
            one(connection, look)
        write_changes(connection, look, desk.changes)

    effects.add(write)


def _tell(desk: AccountDesk, news: AccountNews) -> None:
    """Why it cost what it cost, and what is left until when; and for the audit, how much there was."""
    desk.reason(
        "cost",
        "One request for each 50 playlists, and one each for tracks, releases, follows and plays; then what changed.",
        **dict(sorted(news.requests.items())),
    )
    if news.due is not None:
        desk.reason("left", f"{', '.join(news.left)}: what is left goes on then.", seconds=round(news.due))
    counts = {line.part: line.model_dump(exclude={"part", "error"}) for line in news.lines}
    desk.trail.add(
        "account.synced", name_object("account", desk.account_id), parts=counts, requests=news.requests
    )
