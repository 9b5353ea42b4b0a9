"""A stack on two hosts: the worker on one, scheduler, database and broker on the other; the links can be cut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.journeys.stacks import Servers, Stack, make_stack
from tests.services.netns import Hosts
from tests.services.postgresql import PostgreSQL


class HostServers(Servers):
    """Servers that listen where the worker's host reaches them."""

    def __init__(self, folder: Path, hosts: Hosts) -> None:
        super().__init__(folder)
        self._hosts = hosts

    def _make(self, kind: type[Any]) -> Any:
        return kind(self._folder, self._hosts.address("database" if kind is PostgreSQL else "broker"))


@contextmanager
def two_hosts(name: str, folder: Path, **options: str) -> Iterator[tuple[Stack, Hosts]]:
    """A stack whose members named `worker…` are on the other host. Raises `NotPermitted`, `Missing`.

    This thread is on the servers' host inside the block.
    """
    hosts = Hosts()
    try:
        with hosts.among_servers():
            servers = HostServers(folder, hosts)
            try:
                stack = make_stack(name, folder / "stack", servers, **options)
                stack.crew.before["worker"] = hosts.worker.enter("net")
                try:
                    yield stack, hosts
                finally:
                    stack.close()
            finally:
                servers.stop()
    finally:
        hosts.end()
