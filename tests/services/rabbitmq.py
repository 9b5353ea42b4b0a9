"""A private RabbitMQ: node name, folders, cookie, epmd and ports of its own; no plug-ins."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from tests.services.programs import (
    HOMEBREW,
    LOOPBACK,
    Program,
    answers,
    choose_user,
    find_program,
    free_port,
    make_folder,
)

# Debian's /usr/sbin/rabbitmq-server is a wrapper that goes to the system's own folders.
FOLDERS = (
    "/usr/lib/rabbitmq/bin",
    "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin",
    *(f"{brew}/opt/rabbitmq*/sbin" for brew in HOMEBREW),
)


class RabbitMQ:
    """One node, on loopback unless another address is given."""

    name = "rabbitmq"

    def __init__(self, folder: Path, address: str = LOOPBACK) -> None:
        """Raises `Missing` where RabbitMQ or Erlang is not installed."""
        server = find_program("rabbitmq-server", FOLDERS)
        epmd = find_program("epmd", ("/usr/lib/erlang/erts-*/bin",))
        self._user = choose_user("rabbitmq")
        self.folder = make_folder(folder / self.name, self._user)
        self.address, self.port = address, free_port(address)
        epmd_port, dist_port = free_port(), free_port()
        cookie = self.folder / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(10).upper())
        cookie.chmod(0o400)
        plugins = self.folder / "enabled_plugins"
        plugins.write_text("[].\n")
        config = self.folder / "rabbitmq.conf"
        config.write_text("loopback_users = none\n" if address != LOOPBACK else "")
        for path in (cookie, plugins, config):
            if self._user:
                shutil.chown(path, self._user)
        env = {
            "HOME": str(self.folder),
            "RUNNING_UNDER_SYSTEMD": "true",  # the script then becomes the node instead of guarding it
            "RABBITMQ_NODENAME": f"backline{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": address,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(dist_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none.conf"),
            "RABBITMQ_CONFIG_FILE": str(config.with_suffix("")),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "none.config"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none "
                "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false"
            ),
            "ERL_EPMD_PORT": str(epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        self._epmd_port = epmd_port
        self._epmd = Program([epmd, "-port", str(epmd_port)], self.folder / "epmd.log", self._user, **env)
        self._program = Program([server], self.folder / "log", self._user, **env)

    @property
    def url(self) -> str:
        """A Celery broker URL."""
        return f"amqp://guest:guest@{self.address}:{self.port}//"

    def start(self) -> None:
        """Start epmd and the node, and wait until it takes connections."""
        if not self._epmd.running:
            self._epmd.start()
            self._epmd.await_ready(lambda: answers(self._epmd_port))
        self._program.start()
        self._program.await_ready(lambda: answers(self.port, self.address), 120)

    def stop(self) -> None:
        """SIGTERM, then kill; epmd too."""
        self._program.stop()
        self._epmd.kill()

    def kill(self) -> None:
        """kill -9 of the node."""
        self._program.kill()

    def empty(self) -> None:
        """Forget every queue and message; only while the node is down."""
        shutil.rmtree(self.folder / "mnesia", ignore_errors=True)
