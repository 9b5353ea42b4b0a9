"""Random courses of artists and accounts through Spotify's sandbox: whatever goes wrong, the catalogue ends the same.

    python -m tests.journeys.faults_spotify [--schedules 500] [--from 0]

Each schedule comes from its number: a world, a profile, two looks at all artists with changes in between, under faults
of the platform, ends of quotas, lost connections and kills; the same world without any of that beside it. Every tenth
runs on PostgreSQL. Exit code 1 where one of them does not end as it must.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backline.storage.database import Database
from backline.storage.upgrade import upgrade_database
from tests.conftest import find_quick_folder
from tests.journeys.spotify_course import Course
from tests.journeys.spotify_trouble import Trouble
from tests.journeys.spotify_worlds import Draw, dump, tell_difference
from tests.services.keeper import TEMPLATE
from tests.services.postgresql import PostgreSQL, drop_database, make_database
from tests.services.programs import Missing

PROCESSES = 2
EACH = 20  # schedules of one child: every house leaves a thread behind, as every process has one
ON_POSTGRESQL = 10  # one in so many


@dataclass
class Tally:
    """What became of one schedule."""

    number: int
    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def clean(self) -> bool:
        return not self.faults


@dataclass(frozen=True)
class Ground:
    """Where databases are made: an upgraded SQLite file to copy, and a PostgreSQL with a template, if there is one."""

    template: Path
    folder: Path
    server: str | None = None


def run_schedule(number: int, ground: Ground, trouble: Trouble | None = None, **options: Any) -> Tally:
    """One schedule from its number, with the course without faults to compare it with. `options` as `Course` has them."""
    tally, folder = Tally(number), ground.folder / f"s{number}"
    folder.mkdir()
    draw = Draw.of(number)
    trouble = trouble or Trouble(number, draw.profile, draw.reach)
    server = ground.server if number % ON_POSTGRESQL == 7 else None
    random.seed(number)  # what waits draw
    try:
        url = _make_url(ground, folder / "storm.db", server)
        try:
            _run(draw, url, ground, folder, trouble, tally, options)
        finally:
            if server:
                drop_database(server, url.rpartition("/")[2])
    except Exception as error:
        tally.faults.append("".join(traceback.format_exception(error)[-6:]))
    if tally.clean:
        shutil.rmtree(folder, ignore_errors=True)
    return tally


def _run(
    draw: Draw,
    url: str,
    ground: Ground,
    folder: Path,
    trouble: Trouble,
    tally: Tally,
    options: dict[str, Any],
) -> None:
    storm = Course(draw, url, folder, trouble, **options)
    calm = Course(draw, _make_url(ground, folder / "calm.db", None), folder)
    try:
        plan = storm.run()
        calm.run(plan)
        wanted = dump(calm.observer)
        assert sum(wanted["backline_entry"].values()) >= len(draw.sizes)
        tally.faults += storm.list_faults()
        different = tell_difference(dump(storm.observer), wanted)
        tally.faults += [f"the catalogue is another one:\n{different}"] if different else []
        tally.faults += [f"without faults: {one}" for one in calm.list_faults()]
        tally.counts = Counter(
            requests=len(storm.wire.sent), least=len(calm.wire.sent), kills=storm.lives - 1,
            faults=storm.stage.faults.delivered + storm.wire.met.total(), history=_count(wanted), accounts=bool(storm.account),
            days=round((storm.present.seconds - calm.present.seconds) / 86_400), unheard=storm.unheard,
            refused=sum(one.status == 429 for one in storm.wire.sent), put_off=storm.count_put_off(),
        )  # fmt: skip
    finally:
        storm.close()
        calm.close()


def _count(found: dict[str, Counter[str]]) -> int:
    return found["backline_catalogue_change"].total() + found["backline_account_change"].total()


def _make_url(ground: Ground, path: Path, server: str | None) -> str:
    if server:
        return make_database(server, f"storm{path.parent.name}{random.getrandbits(40)}", TEMPLATE)
    shutil.copyfile(ground.template, path)
    return f"sqlite:///{path}"


def make_template(path: Path) -> Path:
    """An upgraded, empty SQLite file."""
    database = Database(f"sqlite:///{path}")
    upgrade_database(database)
    database.close()
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """All schedules from a number on, or one of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.journeys.faults_spotify", description=__doc__)
    parser.add_argument("--schedules", type=int, default=500)
    parser.add_argument("--from", type=int, default=0, dest="first", metavar="NUMBER")
    parser.add_argument(
        "--runs", "--stack", "--seed", help=argparse.SUPPRESS
    )  # of the other storms of `make faults`
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began, folder = (
        time.monotonic(),
        Path(tempfile.mkdtemp(prefix="backline-spotify-", dir=find_quick_folder())),
    )
    folder.chmod(0o755)  # an unprivileged server must reach its own folder in it
    server: PostgreSQL | None = None
    bad: list[Tally] = []
    try:
        with suppress(Missing):
            server = PostgreSQL(folder)
            server.start()
            upgraded = Database(server.make_database(TEMPLATE), writer_role="backline_writer")
            upgrade_database(upgraded)
            upgraded.close()
        ground = Ground(make_template(folder / "template.db"), folder, server and server.url)
        tallies = list(_run_all(range(given.first, given.first + given.schedules), ground))
        bad = [one for one in tallies if not one.clean]
        print(describe(tallies, time.monotonic() - began, on=ground.server is not None), flush=True)
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return int(bool(bad))


def _run_all(numbers: range, ground: Ground) -> list[Tally]:
    """In the order in which they end; one that fails is told at once, with how to run it alone."""
    tallies = []
    work = [(number, ground) for number in numbers]
    with multiprocessing.get_context("spawn").Pool(PROCESSES, _begin, maxtasksperchild=EACH) as pool:
        for tally in pool.imap_unordered(_run_one, work):
            tallies.append(tally)
            if not tally.clean:
                words = "\n".join(tally.faults)
                print(f"schedule {tally.number} failed: python -m tests.journeys.faults_spotify --from {tally.number}"
                      f" --schedules 1\n{words}", flush=True)  # fmt: skip
    return tallies


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)  # of what is meant to go wrong


def _run_one(given: tuple[int, Ground]) -> Tally:
    return run_schedule(*given)


def describe(tallies: Sequence[Tally], seconds: float, *, on: bool) -> str:
    """One line of totals."""
    total = sum((one.counts for one in tallies), Counter[str]())
    bad = sum(not one.clean for one in tallies)
    left_out = "" if on else "; PostgreSQL left out: it is not installed (`make services` brings it in)"
    return (
        f"{len(tallies)} schedules of Spotify, {bad} failed: {total['requests']} requests ({total['least']} without faults), "
        f"{total['faults']} faults, {total['refused']} refusals, {total['put_off']} ends of our own budget, {total['kills']} kills, {total['days']} days of waiting, "
        f"{total['history']} rows of history, {total['accounts']} with an account, {seconds:.0f} s{left_out}"
    )


if __name__ == "__main__":
    sys.exit(main())
