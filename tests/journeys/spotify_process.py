"""A process of the house that can be killed at any statement, and a present that stands still until it is moved.

Time is the sandbox's and the house's at once. All storage reads it through one expression (storage/clock.py), and both
databases let a function of theirs be covered: on SQLite `julianday` of each connection, on PostgreSQL
`public.clock_timestamp` before that of the server. So leases, due times, budgets, blocks and tokens all stand in the
same present, and nothing has to be brought forward by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Engine, event, text

from backline.sandbox.clock import Clock
from backline.spotify.apps import Ground
from backline.spotify.hosts import open_web
from backline.storage.budgets import Budgets
from backline.storage.database import Database
from backline.storage.turns import Turns
from backline.wiring import House
from backline.wiring_spotify import DatabaseClock, SharedBudget, open_ground

DAY = 86_400.0
EPOCH = 2440587.5  # the Julian day of 1970
COVER = (
    "CREATE TABLE public.present (at BIGINT NOT NULL)",
    "INSERT INTO public.present VALUES (0)",
    """CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT 'epoch'::timestamptz + at * interval '1 microsecond' FROM public.present $$""",
    "GRANT SELECT ON public.present TO PUBLIC",
)


class Killed(BaseException):
    """The process is gone: nothing of it does anything any more."""


class Present:
    """Microseconds since 1970 that only `advance` and `reach` move; sandbox and databases follow."""

    def __init__(self, clock: Clock, start: float) -> None:
        self.clock, self.micros = clock, round(start * 1_000_000)
        clock.freeze()
        self._listeners: list[Callable[[int], object]] = []
        self.reach(self.micros)

    @property
    def seconds(self) -> float:
        return self.micros / 1_000_000

    def advance(self, seconds: float) -> None:
        """So many seconds later."""
        self.reach(self.micros + round(seconds * 1_000_000))

    def reach(self, micros: int) -> None:
        """That moment, unless it is over already."""
        self.micros = max(self.micros, micros)
        self.clock.set_to(self.seconds)
        for tell in self._listeners:
            tell(self.micros)

    def read_ns(self) -> int:
        """What this machine's clock would say."""
        return self.micros * 1000

    def cover(self, database: Database) -> None:
        """The database's clock is this one from now on, for every connection that is made later."""
        if database.is_sqlite:
            return  # each connection is covered as it is made
        owner = Database(database.url.render_as_string(hide_password=False))
        with owner.write() as connection:
            for statement in COVER:
                connection.execute(text(statement))
            name = database.url.database
            connection.execute(text(f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog'))
        teller = owner.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        told = text("UPDATE public.present SET at = :at")
        self._listeners.append(lambda at: teller.execute(told, {"at": at}))
        self.reach(self.micros)

    def close(self) -> None:
        """Nobody is told any more."""
        self._listeners.clear()


@dataclass
class Life:
    """Of one process. `commits`: how many there are still to be before it is killed, None for ever; `late`: just after."""

    commits: int | None = None
    late: bool = False
    is_over: bool = False

    def check(self) -> None:
        if self.is_over:
            raise Killed

    def end(self) -> None:
        self.is_over = True
        raise Killed

    def before_commit(self) -> None:
        self.check()
        if self.commits is None:
            return
        self.commits -= 1
        if self.commits <= 0 and not self.late:
            self.end()

    def after_commit(self) -> None:
        if self.commits is not None and self.commits <= 0:
            self.end()


class StagedDatabase(Database):
    """A database in a present that is moved; `life` None: of an observer, who cannot be killed."""

    def __init__(self, url: str, present: Present, life: Life | None = None, **options: Any) -> None:
        super().__init__(url, **options)
        self._present, self._life = present, life or Life()

    @contextmanager
    def read(self, *, snapshot: bool = False) -> Iterator[Connection]:
        self._life.check()
        with super().read(snapshot=snapshot) as connection:
            yield connection
            self._life.check()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self._life.check()
        with super().write() as connection:
            yield connection
            self._life.before_commit()
        self._life.after_commit()

    def _make_engine(self) -> Engine:
        engine = super()._make_engine()
        if self.is_sqlite:
            event.listen(engine, "connect", self._cover)
        return engine

    def _cover(self, connection: Any, _record: Any) -> None:
        present = self._present
        connection.create_function("julianday", 1, lambda _: present.micros / 86_400_000_000 + EPOCH)
        connection.execute("PRAGMA synchronous=OFF")  # what is tested is processes that die, not machines


@dataclass
class StagedHouse(House):
    """A process: its database and its way to the sandbox end with its life."""

    present: Present = field(kw_only=True)
    web: Any = field(kw_only=True)
    life: Life = field(default_factory=Life, kw_only=True)

    @cached_property
    def database(self) -> Database:
        role = self.settings.database.writer_role or None
        return StagedDatabase(self.settings.database_url, self.present, self.life, writer_role=role)

    @cached_property
    def spotify(self) -> Ground:
        made = open_ground(self.settings, self.database, self.vault, self.limits)
        made.web.close()
        clock, database, options = (
            DatabaseClock(self.database, self.present.read_ns),
            self.database,
            self.settings.spotify,
        )
        turns, budgets = (
            Turns(database, self.present.advance),
            Budgets(database),
        )  # whoever waits for a turn moves time
        kept: Any = (made.tokens, made.answers)
        for one in kept:
            one._turns = turns
        return replace(
            made, web=open_web(self.web), clock=clock,
            find_budget=lambda developer: SharedBudget(database, self.limits, budgets, turns, options, developer),
        )  # fmt: skip
