"""Ids of runs sort in the order in which they were asked for."""

from __future__ import annotations

import re
import threading

from backline.storage.run_ids import new_run_id


def test_ids_are_uuid7_in_order_of_submission() -> None:
    first = new_run_id()
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", first)
    threading.Event().wait(0.003)
    assert first < new_run_id()
