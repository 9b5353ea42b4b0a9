"""Sealing beside the sweeps, anchoring in a thread: a target that fails is told and tried again, work goes on."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from backline.runtime.audit import Secrets
from backline.runtime.seal import Anchorer, Sealer
from backline.storage.anchors import list_served
from backline.storage.database import Database
from backline.storage.seals_chain import Head
from tests.storage.chains import check, list_sealed, tamper, tell


class Shelf:
    """A target in memory that may be out of order."""

    name = "shelf"

    def __init__(self) -> None:
        self.kept: list[Head] = []
        self.broken = False
        self.served = threading.Event()

    def keep(self, anchor: Any) -> str:
        """Remember it."""
        self.served.set()
        if self.broken:
            raise ConnectionError("no way with hunter22")
        self.kept.append(anchor)
        return "the shelf"


def make(database: Database, shelf: Shelf, seconds: float = 600.0) -> Anchorer:
    return Anchorer(database, Sealer(database), lambda head: head, [shelf], seconds, Secrets(["hunter22"]))


def test_a_turn_seals_what_is_old_enough(database: Database) -> None:
    sealer = Sealer(database, 30.0)
    assert sealer.turn() == 0
    tell(database, "a")
    assert sealer.turn() == 0
    tamper(database, "UPDATE backline_audit SET at = at - 31000000")
    tell(database, "b")
    assert sealer.turn() == 2, "the young one goes along"
    tell(database, "c")
    assert sealer.seal_all() == 1
    assert list_sealed(database) == ["a", "b", "c"]
    assert check(database) == []


def test_the_head_is_anchored_once_for_all_processes(database: Database) -> None:
    shelf = Shelf()
    first, second = make(database, shelf), make(database, shelf)
    assert first.anchor(every=600) == {}, "nothing is sealed yet"
    tell(database, "a")
    Sealer(database).seal_all()
    assert first.anchor(every=600) == {"shelf": None}
    assert second.anchor(every=600) == {}
    assert [(head.epoch, head.seq, head.count) for head in shelf.kept] == [(1, 1, 1)]


def test_a_target_that_fails_is_told_without_secrets_and_tried_again(database: Database) -> None:
    shelf = Shelf()
    shelf.broken = True
    tell(database, "a")
    Sealer(database).seal_all()
    anchorer = make(database, shelf)
    (error,) = anchorer.anchor(every=600).values()
    assert error == "ConnectionError: no way with [struck out]"
    with database.read() as connection:
        (served,) = list_served(connection)
    assert (served.age, served.error) == (None, error)
    shelf.broken = False
    assert anchorer.anchor() == {"shelf": None}
    with database.read() as connection:
        (served,) = list_served(connection)
    assert (served.seq, served.error) == (1, None)


def test_the_thread_anchors_and_the_end_seals_and_anchors_what_is_new(database: Database) -> None:
    shelf = Shelf()
    tell(database, "a")
    Sealer(database).seal_all()
    anchorer = make(database, shelf)
    anchorer.start()
    assert shelf.served.wait(20)
    tell(database, "b")
    anchorer.stop()
    assert [head.seq for head in shelf.kept] == [1, 2]


@pytest.mark.parametrize("seconds", [0.0, 600.0])
def test_without_key_or_without_time_nothing_is_started(database: Database, seconds: float) -> None:
    shelf = Shelf()
    tell(database, "a")
    Sealer(database).seal_all()
    sign = None if seconds else (lambda head: head)
    anchorer = Anchorer(database, Sealer(database), sign, [shelf], seconds, Secrets())
    anchorer.start()
    anchorer.stop()
    assert shelf.kept == []
