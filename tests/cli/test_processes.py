"""A process ends with its parent."""

from __future__ import annotations

import os
import signal

from backline.cli.processes import await_stop, follow_parent


def test_nobody_to_follow() -> None:
    follow_parent(0)


def test_parent_that_is_gone_already_ends_us() -> None:
    child = os.fork()
    if child == 0:
        try:
            follow_parent(os.getpid())  # it is not our parent
        except SystemExit as end:
            os._exit(7 if end.code == 0 else 1)
        os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7


def test_signal_sets_the_stop() -> None:
    former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        stop = await_stop()
        assert not stop.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(1)
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
