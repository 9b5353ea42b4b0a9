"""The embedded doorbell: kombu's transport of files in a folder, made safe for several processes.

kombu opens a message's file and then writes it, so that a reader may find it empty and die of it (seen
with kombu 5.7), and rewrites the table of an exchange in place. Here a file is there whole or not at
all, a half-written one of another program is left for later, and exchanges are known to each process
from what it declares.
"""

from __future__ import annotations

import logging
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem, virtual
from kombu.utils.json import dumps, loads

log = logging.getLogger("backline.doorbell")
PATIENCE = 5.0  # seconds that another program gets to write its message to the end


class Channel(filesystem.Channel):
    """Messages are files `<milliseconds>_<uuid>.<queue>.msg`; a hidden file is being written or was taken."""

    def get_table(self, exchange: str) -> Any:
        """What this process has bound to the exchange."""
        return virtual.Channel.get_table(self, exchange)

    def _queue_bind(self, *_: Any) -> None:
        """Nothing to keep: every process declares what it uses."""

    def _put(  # type: ignore[override]  # kombu's two classes name it differently
        self, queue: Any, payload: Any, **_: Any
    ) -> None:
        name = f"{round(time.monotonic() * 1000):012d}_{uuid.uuid4()}.{queue}.msg"
        hidden = Path(self.data_folder_out, f".{name}")
        hidden.write_bytes(str(dumps(payload)).encode())
        hidden.replace(Path(self.data_folder_out, name))

    def _get(self, queue: Any, timeout: Any = None) -> Any:  # noqa: ARG002  # kombu's word for word
        for path in sorted(Path(self.data_folder_in).glob(f"*.{queue}.msg")):
            if path.name.partition(".")[2] != f"{queue}.msg":
                continue
            payload = self._take(path)
            if payload is not None:
                return payload
        raise Empty

    def _take(self, path: Path) -> Any:
        """The message, and its file is gone; None where somebody else was faster, or it is not whole."""
        hidden = path.with_name(f".{path.name}.{uuid.uuid4()}")
        try:
            path.rename(hidden)
        except FileNotFoundError:
            return None
        try:
            payload = loads(hidden.read_text(encoding="utf-8"))
        except ValueError:
            if time.time() - hidden.stat().st_mtime < PATIENCE:
                hidden.rename(path)
                return None
            log.warning("a message that cannot be read is dropped: %s", path.name)
            payload = None
        hidden.unlink()
        return payload


class Transport(filesystem.Transport):
    """The transport to name in Celery's `broker_transport`."""

    Channel = Channel
    global_state = virtual.BrokerState()
