"""One course of a sandbox's world through a house: two looks at everything, with what happens in between, and what is wrong then.

With trouble, processes are killed and followed by others; without, nothing stands in the way. Both end with the same world.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from backline.runtime.run import run_here
from backline.runtime.submit import Ask
from backline.sandbox.edits import edit_world
from backline.sections import LimitSettings, SpotifySettings
from backline.settings import load_settings
from backline.spotify.tokens import make_pair
from backline.storage.budgets import Share
from backline.storage.spotify_accounts import keep_app, keep_secret
from backline.tasks.data_sync import SyncArtistData, sync_artist_data
from tests.journeys.spotify_process import DAY, Killed, Life, Present, StagedDatabase, StagedHouse
from tests.journeys.spotify_trouble import Trouble
from tests.journeys.spotify_wire import FAMILIES, Sent, Wire
from tests.journeys.spotify_worlds import START, Draw, change_account, change_artist
from tests.sandbox.guest import SCOPES
from tests.sandbox.transport import BASE, SandboxTransport

SECOND = START + 40 * DAY  # when the second look begins, however long the first one took
KEEP = 300  # days: what is compared is not to expire
STEPS = 4000
PROBES = ("/v1/search", "/v1/recommendations/available-genre-seeds")
OPEN = "SELECT id, state, due_at, lease_until FROM backline_run WHERE state IN ('scheduled', 'queued', 'running')"
ENDED = "SELECT id, parent_id, state, error_kind, error_text FROM backline_run ORDER BY id"
PUT_OFF = """
SELECT (SELECT count(*) FROM backline_attempt WHERE error_text LIKE '%of today''s budget%')
    + (SELECT count(*) FROM backline_run WHERE answer LIKE '%of today''s budget%') AS n
"""
TWICE = """
SELECT run_id, 'attempt ' || outcome AS what FROM backline_attempt WHERE outcome = 'succeeded'
UNION ALL SELECT run_id, action FROM backline_audit WHERE action IN ('artist.synced', 'account.synced', 'run.succeeded')
"""


@dataclass(frozen=True)
class Plan:
    """What the two looks are: which are full, and what happens between them, as the storm's world saw it."""

    full: tuple[bool, ...]
    edits: tuple[dict[str, Any], ...]


class Course:
    """`trouble` None: nothing goes wrong."""

    def __init__(
        self, draw: Draw, url: str, folder: Path, trouble: Trouble | None = None, **options: Any
    ) -> None:
        self.draw, self.trouble, self._options = draw, trouble, options
        self.app = draw.make()
        self.stage = self.app.stage
        self.present = Present(self.stage.clock, START)
        values = {
            "BACKLINE_STATE": str(folder),
            "BACKLINE_DATABASE_URL": url,
            "BACKLINE_RUNTIME_LEASE_SECONDS": "120",
        }
        daily = trouble.daily if trouble else dict.fromkeys(FAMILIES.values(), 1_000_000)
        spotify = SpotifySettings(
            address=BASE.replace("sandbox.test", "127.0.0.1:9"), keep_days=KEEP,
            **{f"daily_{family}": count for family, count in daily.items()},
        )  # fmt: skip
        change = {"spotify": spotify, "limits": {"spotify": LimitSettings(rate=1000, burst=1000)}}
        self.settings = load_settings(values).settings.model_copy(update=change)
        self.observer = StagedDatabase(url, self.present)
        self.present.cover(self.observer)
        self.wire = Wire(self.app, self.present, Life())
        self.lives, self.unheard = 0, 0
        limits = self.stage.ledger.limits
        limits.budgets, limits.most = {}, None
        self.account: str | None = None
        self.house = self._open_house()
        self._make_known()
        if trouble:
            limits.budgets, limits.most, self.wire.latency = (
                dict(trouble.hidden),
                trouble.window,
                trouble.latency,
            )

    def run(self, plan: Plan | None = None) -> Plan:
        """Both looks. `plan`: what another course has seen; else it is drawn."""
        artists = [one.id for one in self.draw.list_artists(self.stage)]
        self._look(artists, [False] * len(artists))
        assert self.present.seconds < SECOND - 2 * DAY, "the first look took too long"
        self.present.reach(round((SECOND - DAY / 2) * 1_000_000))
        plan = self._change(artists) if plan is None else self._repeat(plan)
        self.present.reach(round(SECOND * 1_000_000))
        self._look(artists, plan.full)
        return plan

    def close(self) -> None:
        """Give back every connection."""
        self.house.close()
        self.observer.close()
        self.present.close()

    def _look(self, artists: list[str], full: Iterable[bool]) -> None:
        jobs = [
            SyncArtistData(artist_id=key, full_sync=all_) for key, all_ in zip(artists, full, strict=True)
        ]
        jobs += [SyncArtistData(account_id=self.account)] if self.account else []
        for job in jobs:
            self.house.submit(sync_artist_data, job, Ask("storm"))
        if self.trouble:
            self.stage.faults.clear()
            self.stage.faults.add(self.trouble.draw_faults())
            self.wire.plan(self.trouble.draw_wire())
            self.wire.life.commits, self.wire.life.late = self.trouble.draw_commit()
        self._drive()
        self.wire.life.commits = None

    def _change(self, artists: list[str]) -> Plan:
        rng = random.Random(f"between {self.draw.number}")
        full = tuple(rng.random() < 0.35 for _ in artists)
        edits = [
            edit for key, all_ in zip(artists, full, strict=True)
            for edit in change_artist(rng, self.stage, key, is_full=all_)
        ]  # fmt: skip
        edits += change_account(rng, self.stage) if self.account else []
        return Plan(full, tuple(edits))

    def _repeat(self, plan: Plan) -> Plan:
        for edit in plan.edits:
            edit_world(self.stage, edit)
        return plan

    def _open_house(self) -> StagedHouse:
        self.lives += 1
        life = self.wire.life = Life()
        tasks = {sync_artist_data.name: sync_artist_data}
        return StagedHouse(
            self.settings, tasks, worker=f"worker-{self.lives}", present=self.present, web=self.wire, life=life,
            **self._options,
        )  # fmt: skip

    def _make_known(self) -> None:
        """The app with its secret, and in some courses a person who agreed."""
        one = next(iter(self.stage.world.apps.values()))
        self.house.vault.source.read()
        with self.house.database.write() as connection:
            keep_app(connection, self.observer.now_sql, one.client_id, who="storm")
            keep_secret(connection, self.house.vault, one.client_id, one.secret, "storm")
        if self.draw.has_account:
            person = next(iter(self.stage.world.people.values()))
            pair, redirect = make_pair(), "http://127.0.0.1:4444/callback"
            asked = {
                "client_id": one.client_id, "response_type": "code", "redirect_uri": redirect, "scope": SCOPES,
                "code_challenge": pair.challenge, "code_challenge_method": "S256", "state": "s",
            }  # fmt: skip
            form = {"continue": str(httpx.QueryParams(asked)), "user": person.id, "action": "agree"}
            with httpx.Client(transport=SandboxTransport(self.app)) as web:
                place = web.post(f"{BASE}/login", data=form).headers["location"]
            tokens = self.house.apps.open_tokens(self.house.apps.find())
            tokens.keep(person.account_id, tokens.exchange(httpx.URL(place).params["code"], pair, redirect))
            self.account = person.account_id

    def _drive(self) -> None:
        """Carry what is due; where nothing is, it becomes the moment at which something is."""
        for _ in range(STEPS):
            rows = self._query(OPEN)
            if not rows:
                return
            if not self._carry([row.id for row in rows if row.state == "queued"]):
                moments = [row.due_at for row in rows if row.state == "scheduled"]
                moments += [row.lease_until for row in rows if row.state == "running"]
                if any(moment <= self.present.micros for moment in moments) and self._sweep():
                    continue
                self.present.reach(min(moments) + 1000)
                self._sweep()
        raise AssertionError(f"it never ended: {rows}")

    def _carry(self, run_ids: list[str]) -> bool:
        """Whether any of them went on."""
        done = False
        for run_id in run_ids:
            self.wire.run_id = run_id
            try:
                done = run_here(self.house.runtime, run_id) is not None or done
            except Killed:
                self._bury()
                return True
        return done

    def _sweep(self) -> bool:
        try:
            return any(vars(self.house.redriver.sweep()).values())
        except Killed:
            self._bury()
            return True

    def _bury(self) -> None:
        """What died with the process is nobody's: an answer that was not kept, an order that nobody heard of."""
        last = self.wire.sent[-1] if self.wire.sent else None
        if last is not None:
            kept = "SELECT count(*) AS n FROM backline_spotify_answer WHERE fetched_at > :at"
            last.finished = last.finished and self._query(kept, at=round(last.at * 1_000_000) + 1000)[0].n > 0
            blocks = (
                "SELECT count(*) AS n FROM backline_limit WHERE blocked_until > :at AND account = :account"
            )
            if last.pause:
                account = "own" if last.pause.kind == "rate" else f"own/{FAMILIES[last.family]}"
                if not self._query(blocks, at=self.present.micros, account=account)[0].n:
                    last.pause.told, self.unheard = None, self.unheard + 1
        self.house.close()
        self.house = self._open_house()
        if self.trouble:
            self.wire.life.commits, self.wire.life.late = self.trouble.draw_commit()

    def _query(self, sql: str, **values: Any) -> list[Any]:
        with self.observer.read() as connection:
            return list(connection.execute(text(sql), values).all())

    def count_put_off(self) -> int:
        """How often our own budget was spent."""
        return int(self._query(PUT_OFF)[0].n)

    def list_faults(self) -> list[str]:
        """What is wrong with how it went, whatever the catalogue is in the end."""
        told = self.stage.ledger.tell()
        words = [f"{told['inside_ban']} requests inside a pause"] if told["inside_ban"] else []
        rows = self._query(ENDED)
        words += [
            f"run {row.id} is {row.state}: {row.error_text}" for row in rows if row.state != "succeeded"
        ]
        twice = Counter((row.run_id, row.what) for row in self._query(TWICE))
        words += [f"{what} of {run_id} is there {n} times" for (run_id, what), n in twice.items() if n != 1]
        missing = {row.id for row in rows} - {run_id for run_id, _ in twice}
        words += [f"nothing is told of run {run_id}" for run_id in missing]
        words += self._list_repeated({row.id: row.parent_id for row in rows})
        return words + self._list_over_budget()

    def _list_repeated(self, parents: dict[str, str | None]) -> list[str]:
        """A request whose answer was kept is not asked for again by the same look: a run and those that go on with it."""

        def find_look(run_id: str) -> str:
            while (parent := parents.get(run_id)) is not None:
                run_id = parent
            return run_id

        seen = Counter(
            (find_look(one.run_id), one.path, one.query)
            for one in self.wire.sent if one.finished and one.method == "GET" and not self._may_repeat(one)
        )  # fmt: skip
        return [f"{path}?{query} was asked for {n} times" for (_, path, query), n in seen.items() if n > 1]

    def _may_repeat(self, one: Sent) -> bool:
        """Which profile it is, is asked until it is written down; an account's look that goes on lists anew, with an
        ETag, what it may not take as it was."""
        return one.path in PROBES or (one.tagged and one.path.startswith(("/v1/me", "/v1/playlists")))

    def _list_over_budget(self) -> list[str]:
        """No 24 hours have more requests of a family than are allowed."""
        words, options = [], self.settings.spotify
        for theirs, ours in FAMILIES.items():
            share, window = Share(options.find_daily(ours), options.reserve), deque[float]()
            most = share.limit(None, interactive=ours == "search")  # where a probe is all that searches
            for one in self.stage.ledger.entries:
                if one.family == theirs and one.path.startswith("/v1/"):
                    window.append(one.at)
                    while window[0] <= one.at - DAY:
                        window.popleft()
                    if len(window) > most:
                        words.append(f"{len(window)} of {most} requests for {ours} within 24 hours")
                        break
        return words
