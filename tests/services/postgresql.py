"""A private PostgreSQL: its own cluster, port and password; fsync stays on."""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from tests.services.programs import (
    HOMEBREW,
    LOOPBACK,
    Program,
    choose_user,
    find_program,
    free_port,
    make_folder,
)

FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    *(f"{brew}/opt/postgresql*/bin" for brew in HOMEBREW),
)
USER = "backline"


class PostgreSQL:
    """One cluster. `url` names its maintenance database."""

    name = "postgresql"

    def __init__(self, folder: Path, address: str = LOOPBACK) -> None:
        """Raises `Missing` where PostgreSQL is not installed."""
        self._initdb = find_program("initdb", FOLDERS)
        self._server = find_program("postgres", FOLDERS)
        self._user = choose_user("postgres")
        self.folder = make_folder(folder / self.name, self._user)
        self.address, self.port = address, free_port(address)
        self._password = secrets.token_hex(8)
        self._make_cluster()
        options = {
            "listen_addresses": address,
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "64MB",
            "timezone": "UTC",
            "max_wal_size": "512MB",
        }
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        command = [self._server, "-D", str(self.folder / "data"), "-p", str(self.port), *flags]
        self._program = Program(command, self.folder / "log", self._user)

    @property
    def url(self) -> str:
        """Of the database `postgres`."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """An SQLAlchemy URL of a database in this cluster."""
        return f"postgresql+psycopg://{USER}:{self._password}@{self.address}:{self.port}/{database}"

    @property
    def running(self) -> bool:
        """Whether the server runs."""
        return self._program.running

    def start(self) -> None:
        """Start the server and wait until it takes queries."""
        self._program.start()
        self._program.await_ready(self._is_ready)

    def stop(self) -> None:
        """A fast shutdown: open transactions are rolled back."""
        self._program.stop(signal.SIGINT)

    def kill(self) -> None:
        """kill -9 of the server and of every process of it."""
        self._program.kill()

    def make_database(self, name: str, template: str = "template0") -> str:
        """CREATE DATABASE from a template that nobody is connected to. Returns the URL."""
        return make_database(self.url, name, template)

    def _make_cluster(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self._password)
        if self._user:
            shutil.chown(secret, self._user)
        command = [
            self._initdb, "-D", str(self.folder / "data"), "-U", USER, "--pwfile", str(secret),
            "--auth=scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions",
        ]  # fmt: skip
        program = Program(command, self.folder / "log", self._user)
        program.start()
        assert program.process is not None
        try:
            if program.process.wait(timeout=120) != 0:
                raise RuntimeError(f"initdb failed:\n{program.log.read_text()[-3000:]}")
        except subprocess.TimeoutExpired:
            program.kill()
            raise
        if self.address != LOOPBACK:
            with (self.folder / "data" / "pg_hba.conf").open("a") as rules:
                rules.write("host all all 10.77.0.0/16 scram-sha-256\n")

    def _is_ready(self) -> bool:
        try:
            with _connect(self.url):
                return True
        except psycopg.OperationalError:
            return False


def make_database(url: str, name: str, template: str = "template0") -> str:
    """CREATE DATABASE in the cluster of `url`. Returns the new one's URL."""
    with _connect(url) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    return url.rpartition("/")[0] + f"/{name}"


def drop_database(url: str, name: str) -> None:
    """DROP DATABASE, with whoever is connected to it."""
    with _connect(url) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True, connect_timeout=5)
