"""The embedded doorbell: kombu's transport of files in a folder, made safe for several processes.

kombu opens a message's file and then writes it, so that a reader may find it empty and die of it (seen
with kombu 5.7), and rewrites the table of an exchange in place. Here a file is there whole or not at
all, a half-written one of another program is left for later, what is no message of kombu's is put
aside, and exchanges are known to each process from what it declares. And a worker looks for messages in an
event loop, as with brokers that have a socket: without one, Celery's pool lets its children read from one
pipe under one lock, and where a child is killed inside it, or with a message that it has not yet
acknowledged, the worker hears nothing any more (billiard 4.3).
"""

from __future__ import annotations

import logging
import time
import uuid
from contextlib import suppress
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
            self._check(payload)
        except OSError as error:
            if not isinstance(error, (IsADirectoryError, PermissionError)):
                hidden.rename(path)
                raise
            return _refuse(hidden, path, error)
        except Exception as error:  # kombu's decoders raise whatever they like
            if isinstance(error, ValueError) and time.time() - hidden.stat().st_mtime < PATIENCE:
                hidden.rename(path)
                return None
            return _refuse(hidden, path, error)
        hidden.unlink()
        return payload

    def _check(self, payload: Any) -> None:
        """Raise `TypeError` or the like where kombu could not make a message of it: that would end the worker."""
        properties = _want(payload, dict)["properties"]
        _want(payload["headers"], dict)
        _want(_want(properties, dict)["delivery_tag"], str)
        for name in ("exchange", "routing_key"):  # by which it goes back
            _want(_want(properties["delivery_info"], dict)[name], str)
        body = _want(payload["body"], str)
        try:
            self.decode_body(body, properties.get("body_encoding"))  # type: ignore[no-untyped-call]  # kombu ships no types
        except ValueError as error:
            raise TypeError(f"its body cannot be decoded: {error}") from error


def _want(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} where {kind.__name__} is needed")
    return value


def _refuse(hidden: Path, path: Path, error: Exception) -> None:
    """Put it aside, where a person finds it and no worker looks."""
    aside = path.with_name(f"{path.name}.refused")
    hidden.rename(aside)
    log.error("no message, put aside as %s: %s: %s", aside, type(error).__name__, error)


class Transport(filesystem.Transport):
    """The transport to name in Celery's `broker_transport`."""

    Channel = Channel
    global_state = virtual.BrokerState()
    implements = filesystem.Transport.implements.extend(asynchronous=True)

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        """Look into the folder again and again, for as long as the worker's loop runs."""
        loop.call_repeatedly(self.polling_interval, self._look, (connection,))

    def _look(self, connection: Any) -> None:
        with suppress(TimeoutError):  # nothing is there, or the worker's hands are full
            while True:
                self.drain_events(connection, timeout=0)  # type: ignore[no-untyped-call]  # kombu ships no types
