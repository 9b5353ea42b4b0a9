"""Two hosts on one machine: network namespaces without a name, and a router between them that can be cut.

    worker's host ── 10.77.1/30, 10.77.3/30 ── router ── 10.77.2/30, 10.77.4/30 ── servers' host

A namespace lives as long as its holder, a `cat` on a pipe of ours: whatever ends this process, kill -9 too,
ends the holders, and the kernel takes namespaces, links and routes away. Nothing has to be swept up.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.services.programs import Missing, die_with_parent, find_program

CLONE_NEWNET = 0x40000000  # linux/sched.h
LINKS = {"database": 1, "broker": 3}  # the third number of the worker's side; the servers' is one more
SLOW = (
    "netem delay 60ms 20ms loss 2%",
    "tbf rate 400kbit burst 3000 limit 6000",  # bytes; where the kernel has no netem: it queues, then drops
)


class NotPermitted(Exception):
    """This machine lets us make no namespace or mount."""


class Holder:
    """A process that does nothing but keep its namespaces alive."""

    def __init__(self, *kinds: str) -> None:
        """`kinds` as `unshare` names them. Raises `NotPermitted`."""
        try:
            command = [find_program("unshare", ()), *(f"--{kind}" for kind in kinds), "cat"]
        except Missing as missing:
            raise NotPermitted(f"there is no {missing}") from missing
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            bufsize=0, preexec_fn=die_with_parent,
        )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(b"made\n")
        if self._process.stdout.readline() != b"made\n":
            words = self._process.communicate()[1].decode(errors="replace").strip()
            raise NotPermitted(words or f"unshare --{kinds[0]}")

    @property
    def pid(self) -> int:
        """Of the holder."""
        return self._process.pid

    def run(self, kind: str, command: Sequence[str], words: str = "") -> str:
        """Run a command in its namespace, with `words` as its input. Raises `NotPermitted` where it fails."""
        done = subprocess.run(
            [*self.enter(kind), *command],
            input=words,
            text=True,
            capture_output=True,
            timeout=30,
            check=False,
        )
        if done.returncode:
            raise NotPermitted(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout

    def enter(self, kind: str) -> list[str]:
        """What to put before a command so that it becomes that command in this namespace."""
        return ["nsenter", f"--target={self.pid}", f"--{kind}", "--"]

    def end(self) -> None:
        """Let go."""
        self._process.kill()
        self._process.communicate()


class Hosts:
    """Two hosts and the links between them, `database` and `broker`, each to be cut, slowed and healed."""

    def __init__(self) -> None:
        """Raises `NotPermitted`."""
        if sys.platform != "linux":
            raise NotPermitted("no network namespaces here")
        self._made: list[Holder] = []
        try:
            self.worker, self.servers, self._router = (self._hold() for _ in range(3))
            self._router.run("net", ["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])
            for name, number in LINKS.items():
                self._lay(self.worker, f"w-{name}", number, number + 1)
                self._lay(self.servers, f"s-{name}", number + 1, number)
        except BaseException:
            self.end()
            raise

    def _hold(self) -> Holder:
        holder = Holder("net")
        self._made.append(holder)
        _ip(holder, "link set lo up")
        return holder

    def _lay(self, host: Holder, device: str, number: int, other: int) -> None:
        """A link from a host to the router, and the host's way through it to the other side."""
        _ip(host, f"link add {device} type veth peer name {device} netns {self._router.pid}")
        _ip(host, f"addr add 10.77.{number}.2/30 dev {device}", f"link set {device} up")
        _ip(self._router, f"addr add 10.77.{number}.1/30 dev {device}", f"link set {device} up")
        _ip(host, f"route add 10.77.{other}.0/30 via 10.77.{number}.1")

    def address(self, name: str) -> str:
        """Where that server is to listen on the servers' host."""
        return f"10.77.{LINKS[name] + 1}.2"

    @contextmanager
    def among_servers(self) -> Iterator[None]:
        """This thread, and whatever it starts, is on the servers' host inside the block."""
        libc, before = ctypes.CDLL(None, use_errno=True), os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            with Path(f"/proc/{self.servers.pid}/ns/net").open() as there:
                _set_namespace(libc, there.fileno())
            yield
        finally:
            _set_namespace(libc, before)
            os.close(before)

    def cut(self, *names: str) -> None:
        """The router drops what goes over these links, both ways, and tells nobody."""
        lines = [f"route replace blackhole {end}" for name in names for end in _ends(name)]
        _ip(self._router, *lines)

    def mend(self, *names: str) -> None:
        """The links carry again."""
        _ip(self._router, *(f"route del blackhole {end}" for name in names for end in _ends(name)))

    def slow(self, *names: str) -> str:
        """The links delay and lose. Returns how: as netem does it where the kernel has that."""
        for way in SLOW:
            with suppress(NotPermitted):
                for name in names:
                    for side in ("w", "s"):
                        words = ["tc", "qdisc", "replace", "dev", f"{side}-{name}", "root", *way.split()]
                        self._router.run("net", words)
                return way
        raise NotPermitted("no way to slow a link down")

    def speed(self, *names: str) -> None:
        """The links are as quick as before."""
        for name in names:
            for side in ("w", "s"):
                self._router.run("net", ["tc", "qdisc", "del", "dev", f"{side}-{name}", "root"])

    def end(self) -> None:
        """Every namespace goes."""
        while self._made:
            self._made.pop().end()


def _ends(name: str) -> tuple[str, str]:
    number = LINKS[name]
    return f"10.77.{number}.2/32", f"10.77.{number + 1}.2/32"


def _ip(holder: Holder, *lines: str) -> None:
    holder.run("net", ["ip", "-batch", "-"], "\n".join(lines) + "\n")


def _set_namespace(libc: ctypes.CDLL, descriptor: int) -> None:
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise NotPermitted(os.strerror(ctypes.get_errno()))
