"""One holder at a time, over threads and processes; a killed one is followed once its lease has ended."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from backline.errors import TryLater
from backline.runtime.pause import pause
from backline.storage.database import Database
from backline.storage.turns import IN_PLACE, Turns


def list_turns(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(text("SELECT name FROM backline_turn")).scalars())


def test_one_holds_it_and_nothing_is_left(database: Database) -> None:
    turns = Turns(database, pause)
    with turns.take("a") as waited, turns.take("b"):
        assert waited is False
        assert sorted(list_turns(database)) == ["a", "b"]
    assert list_turns(database) == []


def test_it_is_given_back_when_the_work_failed(database: Database) -> None:
    turns = Turns(database, pause)
    with pytest.raises(ZeroDivisionError), turns.take("a"):
        raise ZeroDivisionError
    with turns.take("a") as waited:
        assert waited is False


def test_who_waits_for_longer_than_a_second_comes_again(database: Database) -> None:
    waits: list[float] = []
    turns = Turns(database, waits.append)
    with turns.take("a"):
        with pytest.raises(TryLater, match="at a already") as caught, turns.take("a"):
            raise AssertionError("two at once")
        assert sum(waits) == pytest.approx(IN_PLACE)
        assert 1.5 <= caught.value.seconds <= 2.5
        assert list_turns(database) == ["a"], "who was refused takes nothing away"


def test_who_had_to_wait_is_told(database: Database) -> None:
    held = Turns(database, pause).take("a")
    held.__enter__()
    with Turns(database, lambda _: held.__exit__(None, None, None)).take("a") as waited:
        assert waited is True


def test_eight_at_once_come_one_after_the_other(database: Database) -> None:
    turns, inside, most = Turns(database, pause), [], []
    start = threading.Barrier(8)

    def work(number: int) -> int:
        start.wait()
        for _ in range(50):
            try:
                with turns.take("a"):
                    inside.append(number)
                    most.append(len(inside))
                    pause(0.002)
                    inside.remove(number)
                return 1
            except TryLater:
                continue
        return 0

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 8
    assert most == [1] * 8


class Fading(Database):
    """A database that can go away."""

    is_away = False

    @contextmanager
    def write(self) -> Iterator[Connection]:
        if self.is_away:
            raise OperationalError("", {}, Exception("nobody is there"))
        with super().write() as connection:
            yield connection


def test_what_was_done_is_done_although_the_turn_cannot_be_given_back(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    fading = Fading(database.url.render_as_string(hide_password=False))
    with Turns(fading, pause).take("a"):
        fading.is_away = True
    fading.close()
    assert "a stays taken until its lease ends: nobody is there" in caplog.text
    assert list_turns(database) == ["a"]


HOLD = """
import sys
from backline.runtime.pause import pause
from backline.storage.database import Database
from backline.storage.turns import Turns
with Turns(Database(sys.argv[1]), pause, lease=float(sys.argv[2])).take("a"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_killed_holder_is_followed_after_its_lease(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", HOLD, url, "0.4"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "held\n"
        process.kill()
    assert list_turns(database) == ["a"], "it had no time to give it back"
    with Turns(database, pause).take("a"):
        assert list_turns(database) == ["a"]
    assert list_turns(database) == []


def test_who_lost_the_turn_does_not_take_it_from_the_next(database: Database) -> None:
    late = Turns(database, pause, lease=0.0).take("a")
    late.__enter__()
    with Turns(database, pause).take("a"):
        late.__exit__(None, None, None)
        assert list_turns(database) == ["a"]
