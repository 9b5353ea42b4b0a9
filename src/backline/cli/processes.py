"""What every long-lived process needs: a log on stderr, and an end when its parent ends."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import threading
from typing import Final

from backline.runtime.pause import pause

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def set_up_log() -> None:
    """Lines on stderr: time, level, logger, words."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for name, level in (
        ("alembic", logging.WARNING),
        ("amqp", logging.WARNING),
        ("kombu.connection", logging.ERROR),
    ):
        logging.getLogger(name).setLevel(level)


def follow_parent(parent: int) -> None:
    """Get a SIGTERM when process `parent`, which started us, is gone; 0 follows nobody.

    A supervisor that is killed cannot stop its children; they would hold the port and the queues.
    """
    if not parent:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True, name="backline-parent").start()
    if os.getppid() != parent:  # it was gone before we asked
        sys.exit(0)


def _watch(parent: int) -> None:
    """Where the kernel does not tell, look once a second."""
    while os.getppid() == parent:
        pause(1.0)
    os.kill(os.getpid(), signal.SIGTERM)


def await_stop() -> threading.Event:
    """An event that SIGTERM, SIGINT and SIGHUP set; to be called in the main thread."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    return stop
