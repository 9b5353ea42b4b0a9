"""A person's account in the sandbox, and looks at it as runs make them: killed, put off, gone on with, finished."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from backline.errors import TryLater
from backline.runtime.effects import AuditTrail, Effects
from backline.sandbox.edits import edit_world
from backline.spotify.faults import Hiccup
from backline.spotify.needs import StoredAnswer
from backline.storage.account_read import find_list, list_changes, read_kept, read_lists, read_slots
from backline.storage.account_rows import KnownList, Slot
from backline.storage.account_tables import TABLES
from backline.storage.database import Database
from backline.storage.spotify_tables import account
from backline.tasks.work.account_clerk import AccountNews
from backline.tasks.work.account_parts import look_at_account
from tests.sandbox.guest import SCOPES
from tests.spotify.apps_stand import AppsRoom
from tests.storage.account_books import connect
from tests.tasks.test_report_import import Watching

ACCOUNT = "INSERT INTO backline_spotify_account VALUES (:account_id, 'c', '', '', 0, 0, NULL, 0, 'tester')"  # its own columns


class Killed(BaseException):
    """The process is gone."""


class KeptSteps:
    """Stands in for the steps of a run: its beginning is kept."""

    def __init__(self, began: int) -> None:
        self._began = began

    def keep(self, name: str, inputs: Any, work: Any) -> int:
        assert (name, inputs) == ("began", {}) and work() >= self._began
        return self._began


class AccountStand:
    """`kill_after`: so many answers are stored before the next process is gone, once."""

    def __init__(
        self, database: Database, profile: str = "dev-2026", scope: str = SCOPES, *, is_new: bool = True
    ) -> None:
        self.database, self.room = database, AppsRoom(profile)
        self.account = self.room.connect(scope=scope)
        self.kill_after: int | None = None
        self.runs = 0
        self.trail = AuditTrail()
        keep = self.room.answers.write

        def write(key: str, answer: StoredAnswer) -> None:
            keep(key, answer)
            if self.kill_after is not None:
                self.kill_after -= 1
                if self.kill_after <= 0:
                    self.kill_after = None
                    raise Killed

        self.room.answers.write = write  # type: ignore[method-assign] # of this one
        if is_new:
            connect(database, self.account)

    @property
    def person(self) -> Any:
        return self.room.person

    def look(self, *parts: str, is_full: bool = False) -> AccountNews:
        """A minute later, one run from beginning to end, however often it has to begin again."""
        self.room.advance(60)
        return self.look_now(*parts, is_full=is_full)

    def look_now(self, *parts: str, is_full: bool = False) -> AccountNews:
        """The same at once; a millisecond later, so that it is another look."""
        self.room.advance(0.001)
        began = self.room.clock.now()
        while True:
            try:
                return self._attempt(parts, began, is_full=is_full)
            except Killed:
                self.room.advance(60)
            except TryLater as error:
                self.room.advance(error.seconds)
            except Hiccup:
                self.room.advance(2)

    def attempt(
        self, *parts: str, began: int | None = None, before_finish: Callable[[], object] = lambda: None
    ) -> AccountNews:
        """One attempt of a run that began now, or then."""
        moment = self.room.clock.now() if began is None else began
        return self._attempt(parts, moment, is_full=False, before_finish=before_finish)

    def disconnect(self) -> None:
        """The account is not connected any more, as the database knows it."""
        with self.database.write() as connection:
            connection.execute(account.delete())

    def look_until_done(self, *parts: str, is_full: bool = False) -> list[AccountNews]:
        """A run, and those that go on with what it left."""
        news = [self.look(*parts, is_full=is_full)]
        while news[-1].due is not None:
            self.room.advance(news[-1].due)
            news.append(self.look(*news[-1].left))
        return news

    def _attempt(
        self, parts: Sequence[str], began: int, *, is_full: bool,
        before_finish: Callable[[], object] = lambda: None,
    ) -> AccountNews:  # fmt: skip
        watch: Any = Watching()
        steps: Any = KeptSteps(began)
        effects = Effects()
        news = look_at_account(
            self.account, parts, apps=self.room.apps, steps=steps, database=self.database, effects=effects,
            trail=self.trail, watch=watch, is_full=is_full,
        )  # fmt: skip
        before_finish()
        with self.database.write() as connection:
            effects.apply(connection)
        self.runs += 1
        return news

    def count(self) -> int:
        """Requests to the Web API so far."""
        return len(self.room.list_asked("/v1/"))

    def edit(self, do: str, **more: Any) -> Any:
        """Something happens in the sandbox's world."""
        return edit_world(self.room.stage, {"do": do} | more)

    def lists(self) -> dict[str, KnownList]:
        with self.database.read() as connection:
            return read_lists(connection, self.account)

    def slots(self, name: str) -> list[Slot] | None:
        with self.database.read() as connection:
            return read_slots(connection, find_list(connection, self.account, name).no)

    def kept(self, kind: str) -> set[str]:
        with self.database.read() as connection:
            return set(read_kept(connection, self.account, kind))

    def told(self, *fields: str) -> list[tuple[str, str | None, str | None, str | None]]:
        """The history of all runs, oldest first: field, old, new, URI; without the moments of what is listed."""
        with self.database.read() as connection:
            rows = list_changes(connection, self.account)[::-1]
        return [
            (
                row["field"],
                *(
                    (None if row[side] is None else "then") if row["field"] == "listed" else row[side]
                    for side in ("old", "new")
                ),
                row["uri"],
            )
            for row in rows
            if not fields or row["field"] in fields
        ]

    def dump(self) -> dict[str, list[Any]]:
        """All rows but what runs, numbers and moments of looks make of them."""
        left_out = {"no", "playlist_no", "run_id", "seen_at", "expires_at", "whole_at", "reading_since"}
        with self.database.read() as connection:
            return {
                table.name: sorted(
                    [str(value) for name, value in row.items() if name not in left_out]
                    for row in connection.execute(table.select()).mappings()
                )
                for table in TABLES
            }
