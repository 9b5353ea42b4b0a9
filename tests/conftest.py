"""What every test may ask for: an empty upgraded database of each kind, a service, the shared data.

Services start when first asked for and end with the run. One line at the end counts what was
skipped because a program or ../shared is absent; under CI=true a missing program is a failure.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from backline.storage.database import Database
from backline.storage.upgrade import upgrade_database
from tests.services import keeper
from tests.services.postgresql import drop_database, make_database
from tests.services.programs import Missing

FOLDER = "TESTS_SERVICES_FOLDER"
LEADER = "TESTS_SERVICES_LEADER"
NO_SERVICE = "not installed (`make services` brings it in): "
NO_SHARED = "absent: ../shared"
FORBIDDEN = "not permitted on this machine: "
SHARED = Path(os.environ.get("TESTS_SHARED") or Path(__file__).parents[2] / "shared")


def pytest_configure(config: pytest.Config) -> None:
    """The pytest that leads makes the folder; its xdist workers inherit the name."""
    # Hundreds of processes start here; each would compile what it imports anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if not hasattr(config, "workerinput"):
        quick = find_quick_folder()
        if quick is not None:
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(quick))  # where `tmp_path` lies
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="backline-tests-", dir=quick)
        os.environ[LEADER] = str(os.getpid())
        Path(os.environ[FOLDER]).chmod(0o755)  # an unprivileged server must reach its own folder in it


def find_quick_folder() -> Path | None:
    """A file system in memory with room for everything here: a database made and dropped costs 0.08 s on it,
    and 0.9 s on a busy disk. `TESTS_ON_DISK=1` does without."""
    memory = Path("/dev/shm")
    if os.environ.get("TESTS_ON_DISK") or not os.access(memory, os.W_OK | os.X_OK):
        return None
    return memory if shutil.disk_usage(memory).free > 8 << 30 else None


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A long value is named by its length and digest: the names of all tests go to every process of a run."""
    if not isinstance(val, (str, bytes)) or len(val) <= 80:
        return None
    content = val if isinstance(val, bytes) else val.encode("utf-8", "surrogatepass")
    return f"{argname}-{len(val)}-{hashlib.sha256(content).hexdigest()[:6]}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is as good on one database is left to `make faults` on the other; see the marker in pyproject.toml."""
    for item in items:
        mark = item.get_closest_marker("fewer_on_postgresql")
        values = getattr(item, "callspec").params if mark else {}  # noqa: B009 - items of functions alone have it
        if mark and "postgresql" in item.name and (not mark.args or values[mark.args[0]] % mark.args[1]):
            item.add_marker(pytest.mark.long)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Everything that was started ends, whatever the result."""
    if not hasattr(config, "workerinput") and FOLDER in os.environ:
        keeper.end(Path(os.environ.pop(FOLDER)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests that read ../shared skip where it is absent."""
    if item.get_closest_marker("shared") and not SHARED.is_dir():
        pytest.skip(NO_SHARED)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line on what was not tested here, and why."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        words = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if NO_SERVICE in words:
            counts[words.partition(NO_SERVICE)[2]] += 1
        elif NO_SHARED in words:
            counts["../shared"] += 1
        elif FORBIDDEN in words:  # the reason in brackets would make a group of each test
            counts[f"{words.partition(FORBIDDEN)[2].partition(' (')[0]}, which is not permitted"] += 1
    if counts:
        parts = ", ".join(f"{count} without {what}" for what, count in sorted(counts.items()))
        terminalreporter.write_line(
            f"skipped here: {parts} (`make services` brings in programs)", yellow=True
        )


def skip_missing(what: str) -> NoReturn:
    """Skip this test for want of a program; under CI=true fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(NO_SERVICE + what, pytrace=False)
    pytest.skip(NO_SERVICE + what)


def skip_forbidden(what: str) -> NoReturn:
    """Skip this test where this machine lets us make no namespace or mount, under CI too."""
    pytest.skip(FORBIDDEN + what)


def find_service(name: str) -> str:
    """The URL of a shared service (see `keeper.KINDS`); skips where it is not installed."""
    missing = ""
    try:
        return keeper.ask(Path(os.environ[FOLDER]), int(os.environ[LEADER]), name)
    except Missing as error:
        missing = str(error)
    return skip_missing(f"{name} ({missing})")


@pytest.fixture
def service() -> Callable[[str], str]:
    """`service("redis")` is the URL of a private server that all tests share."""
    return find_service


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An upgraded, empty SQLite file, made once per process."""
    path = tmp_path_factory.mktemp("template") / "backline.db"
    database = Database(f"sqlite:///{path}")
    upgrade_database(database)
    database.close()
    return path


@pytest.fixture
def make_database_url(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """`make_database_url("sqlite" | "postgresql")` is the URL of a new upgraded, empty database."""
    made: list[tuple[str, str]] = []

    def make(kind: str) -> str:
        name = f"t{uuid.uuid4().hex}"
        if kind == "sqlite":
            path = tmp_path / f"{name}.db"
            shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
            return f"sqlite:///{path}"
        url = find_service("postgresql")
        made.append((url, name))
        return make_database(url, name, keeper.TEMPLATE)

    yield make
    for url, name in made:
        drop_database(url, name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.services])])
def database(request: pytest.FixtureRequest, make_database_url: Callable[[str], str]) -> Iterator[Database]:
    """An upgraded, empty database, once on SQLite and once on PostgreSQL; its own for each test."""
    role = None if request.param == "sqlite" else "backline_writer"
    database = Database(make_database_url(request.param), writer_role=role)
    yield database
    database.close()


@dataclass(frozen=True)
class Address:
    """Where a shared service listens."""

    url: str


@pytest.fixture
def redis() -> Address:
    """The shared Redis."""
    return Address(find_service("redis"))


@pytest.fixture
def rabbitmq() -> Address:
    """The shared RabbitMQ."""
    return Address(find_service("rabbitmq"))


@pytest.fixture
def pg_url() -> Iterator[str]:
    """A new PostgreSQL database with nothing in it."""
    url, name = find_service("postgresql"), f"t{uuid.uuid4().hex}"
    yield make_database(url, name)
    drop_database(url, name)


@pytest.fixture
def shared() -> Path:
    """The folder ../shared (TESTS_SHARED names another); skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(NO_SHARED)
    return SHARED
