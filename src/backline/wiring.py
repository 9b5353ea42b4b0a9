"""Settings in, ready objects out. The only file that sees every trade."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
from collections import ChainMap
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import backline
from backline.discovery import find_members
from backline.errors import BadInput, NeedsHuman, UnknownName
from backline.mailroom.place import Mailroom, Place
from backline.metrics.folder import ExportFolder
from backline.runtime.audit import Secrets
from backline.runtime.context import Provider, Runtime
from backline.runtime.expiry import Expiry
from backline.runtime.limits import Limiter, SharedLimits
from backline.runtime.redrive import Bells, Redriver
from backline.runtime.schedule import Scheduler
from backline.runtime.seal import Sealer
from backline.runtime.stop import StopOrder
from backline.runtime.submit import Ask, prepare_run
from backline.runtime.task import INTERACTIVE, BadTask, Job, Task
from backline.settings import Settings, read_variable
from backline.storage.database import Database
from backline.storage.expired import remove_expired
from backline.storage.leases import Leases
from backline.storage.limits import DatabaseLimits
from backline.storage.retention import Author, RetentionPlan
from backline.storage.runs import NewRun, insert_run
from backline.storage.seals_export import Signer
from backline.storage.spool_folder import SpoolFolder
from backline.storage.sweeps import Sweeps
from backline.storage.upgrade import upgrade_database
from backline.storage.vault import Vault
from backline.storage.vault_keys import KeyCommand, KeyFile, KeySource, KeyText
from backline.wiring_limits import find_policies, open_redis_limits

if TYPE_CHECKING:  # loads httpx, which few processes use
    from backline.spotify.apps import Apps, Ground


class SilentBells:
    """No broker: nothing is rung and nothing waits. For processes that run their own runs."""

    def ring(self, queue: str) -> bool:  # noqa: ARG002 - the shape of `Bells`
        """Nobody listens."""
        return True

    def count_waiting(self, queue: str) -> int:  # noqa: ARG002 - the shape of `Bells`
        """Nothing waits."""
        return 0


@dataclass
class House:
    """One process's objects, made when first asked for."""

    settings: Settings
    tasks: Mapping[str, Task[Any, Any]]
    bells: Bells = field(default_factory=SilentBells)
    worker: str = ""
    may_kill: bool = False
    stop: StopOrder | None = None
    built_in: Mapping[str, Task[Any, Any]] = field(default_factory=dict)  # carried, and listed nowhere
    provides: Mapping[type, Provider] = field(default_factory=dict)  # what only this process has

    @cached_property
    def database(self) -> Database:
        """The database, upgraded to this code's schema where the settings allow it."""
        options = self.settings.database
        database = Database(
            self.settings.database_url,
            pool_size=options.pool_size,
            busy_seconds=options.busy_seconds,
            writer_role=options.writer_role or None,
        )
        if options.upgrade_at_start:
            upgrade_database(database)
        return database

    @cached_property
    def secrets(self) -> Secrets:
        """What must never be seen: the passwords in the settings' URLs, and every secret that was read since."""
        return Secrets(find_passwords(self.settings))

    @cached_property
    def vault(self) -> Vault:
        """Tokens and keys; what it opens is struck out everywhere from then on."""
        return Vault(self.database, make_key_source(self.settings), self.secrets.learn)

    def find_secret(self, where: str) -> str:
        """A password that the settings refer to, as vault:NAME, env:VARIABLE or file:PATH. Raises `NeedsHuman`."""
        kind, _, name = where.partition(":")
        value: str | None = None
        if kind == "vault":
            with suppress(UnknownName):
                return self.vault.read(name)
        elif kind == "env":
            value = read_variable(name)
        elif kind == "file":
            with suppress(OSError, UnicodeDecodeError):
                value = read_private(Path(name).expanduser()).strip()
        if not value:
            raise NeedsHuman(f"There is no secret at {where}.", remedy="Put it there, or mend the settings.")
        self.secrets.learn(value)
        return value

    @cached_property
    def limits(self) -> SharedLimits:
        """How fast each provider may be asked, and by whom now."""
        quick = open_redis_limits(self.settings)
        shares = self.settings.runtime.limit_shares
        return SharedLimits(find_policies(self.settings), DatabaseLimits(self.database), quick, shares)

    @cached_property
    def spotify(self) -> Ground:
        """What clients of the Web API stand on."""
        from backline.wiring_spotify import open_ground

        return open_ground(self.settings, self.database, self.vault, self.limits)

    @cached_property
    def apps(self) -> Apps:
        """The Web API for a person who waits at a command."""
        from backline.spotify.apps import Apps

        return Apps(self.spotify, interactive=True)

    @cached_property
    def sweeps(self) -> Sweeps:
        """The re-driver's statements."""
        return Sweeps(self.database.dialect, self.database.now_sql, self.settings.runtime.ring_again_seconds)

    @cached_property
    def carried(self) -> Mapping[str, Task[Any, Any]]:
        """The tasks and those that are built in: a view, since more may be enlisted."""
        return ChainMap(dict(self.built_in), self.tasks)  # type: ignore[arg-type]  # it is only read

    @cached_property
    def runtime(self) -> Runtime:
        """What carries runs in this process."""
        from backline.spotify.apps import Apps

        options = self.settings.runtime
        return Runtime(
            database=self.database,
            leases=Leases(self.database.dialect, self.database.now_sql, options.lease_seconds),
            tasks=self.carried,
            providers={
                **make_providers(self.settings, self.database),
                **self.provides,
                Vault: lambda _: self.vault,
                Mailroom: lambda _: make_mailroom(self.settings, self.find_secret),
                Limiter: lambda context: Limiter(self.limits, interactive=context.priority == INTERACTIVE),
                Apps: lambda context: Apps(self.spotify, interactive=context.priority == INTERACTIVE),
            },
            secrets=self.secrets,
            worker=self.worker or name_worker("here"),
            code_version=read_code_version(),
            lease_seconds=options.lease_seconds,
            ring_again=options.ring_again_seconds,
            ring=self.bells.ring,
            stop=self.stop or StopOrder(options.grace_seconds),
            may_kill=self.may_kill,
        )

    @cached_property
    def redriver(self) -> Redriver:
        """The loop that every long-lived process runs."""
        return Redriver(
            self.database,
            self.sweeps,
            self.bells,
            self.carried,
            read_code_version(),
            self.settings.runtime.sweep_seconds,
            self.settings.runtime.lease_seconds,
            [*([self.sealer.turn] if self.settings.audit.seal_seconds else []), self.expiry.turn],
        )

    @cached_property
    def expiry(self) -> Expiry:
        """Lets expired content of platforms leave."""
        return Expiry(lambda: sum(remove_expired(self.database, Author("backline"))))

    @cached_property
    def sealer(self) -> Sealer:
        """Chains audit rows; see storage/seals.py."""
        return Sealer(self.database, self.settings.audit.seal_seconds)

    @cached_property
    def scheduler(self) -> Scheduler:
        """Turns due slots into runs."""
        return Scheduler(self.database, self.tasks, self.bells.ring, self.settings.runtime.ring_again_seconds)

    def find_task(self, name: str) -> Task[Any, Any]:
        """The task of that name; a name without its family will do where it is unambiguous."""
        if name in self.tasks:
            return self.tasks[name]
        ends = [task for full, task in self.tasks.items() if full.endswith(f".{name}")]
        if len(ends) == 1:
            return ends[0]
        if ends:
            names = ", ".join(task.name for task in ends)
            raise UnknownName(f"Several tasks are named {name!r}: {names}.", remedy="Write one of them out.")
        raise UnknownName(f"No task {name!r}.", remedy="`backline tasks list` shows them.")

    def submit(self, task: Task[Any, Any], job: Job, ask: Ask) -> str:
        """One run in a transaction of its own, then a best-effort bell. Returns the run's id."""
        new = prepare_run(task, job, ask, self.settings.runtime.ring_again_seconds)
        run_id = self.database.try_twice(lambda: self.insert(new))
        if ask.delay <= 0:
            self.bells.ring(new.queue)
        return run_id

    def insert(self, new: NewRun) -> str:
        """The row in a transaction of its own; nobody is rung for."""
        with self.database.write() as connection:
            return insert_run(connection, self.database.now_sql, new)

    def close(self) -> None:
        """Give back the connections of this process."""
        if "spotify" in self.__dict__:
            self.spotify.web.close()
        if "database" in self.__dict__:
            self.database.close()


def make_providers(settings: Settings, database: Database) -> dict[type, Provider]:
    """For each type a task may ask for: how to make it for one attempt."""
    return {
        Database: lambda _: database,
        SpoolFolder: lambda _: SpoolFolder(settings.state / "spool", settings.reports.max_unpacked_mb << 20),
        ExportFolder: lambda context: ExportFolder(settings.state / "exports", context.watch.run_id),
        RetentionPlan: lambda _: make_retention_plan(settings),
    }


def make_retention_plan(settings: Settings) -> RetentionPlan:
    """What may leave when, as the settings say."""
    terms = settings.retention
    exports = Path(terms.audit_exports).expanduser() if terms.audit_exports else settings.state / "audit"
    return RetentionPlan(
        runs=terms.runs_days,
        results=terms.results_days,
        lines=terms.rejected_lines_days,
        plays=terms.plays_days,
        keys=terms.ended_keys_days,
        content=settings.spotify.keep_days,
        audit=terms.audit_days,
        epoch=terms.audit_epoch_days,
        exports=exports,
        find_signer=partial(find_signer, settings),
    )


def find_key_path(settings: Settings) -> Path:
    """Where the private key of the audit is, or would be."""
    named = settings.audit.signing_key
    return Path(named).expanduser() if named else settings.state / "audit-key.pem"


def find_signer(settings: Settings) -> Signer | None:
    """The private key of the audit, where this machine has it: only the scheduler's must."""
    path = find_key_path(settings)
    if not path.exists():
        return None
    from backline.anchors.keys import read_signing_key  # loads cryptography, which few processes use

    return read_signing_key(path)


def make_mailroom(settings: Settings, find_secret: Callable[[str], str]) -> Mailroom:
    """The places that statements are fetched from; a secret is looked for when its place is asked."""
    from backline.mailroom.mailbox import Mailbox  # loads imaplib and email, which few processes use
    from backline.mailroom.sftp import SftpFolder

    def later(where: str) -> Callable[[], str] | None:
        return partial(find_secret, where) if where else None

    places: list[Place] = []
    for box in settings.mailbox:
        given = box.model_dump(exclude={"password", "max_file_mb", "timeout_seconds"})
        given |= {"max_bytes": box.max_file_mb << 20, "timeout": box.timeout_seconds}
        places.append(Mailbox(password=partial(find_secret, box.password), **given))
    for folder in settings.sftp:
        given = folder.model_dump(exclude={"password", "passphrase", "max_file_mb", "timeout_seconds"})
        given |= {"max_bytes": folder.max_file_mb << 20, "timeout": folder.timeout_seconds}
        password, passphrase = later(folder.password), later(folder.passphrase)
        places.append(SftpFolder(password=password, passphrase=passphrase, **given))
    return Mailroom(places, settings.state / "fetched")


def make_key_source(settings: Settings) -> KeySource:
    """Where the vault's key is. Raises `BadInput` where two places are set."""
    options = settings.vault
    given = [name for name, value in vars(options).items() if value]
    if len(given) > 1:
        remedy = f"Keep one of {', '.join(f'vault.{name}' for name in given)}."
        raise BadInput("The vault's key has two places.", remedy=remedy)
    if options.key_variable:
        return KeyText(options.key_variable, read_variable(options.key_variable))
    if options.key_command:
        return KeyCommand(options.key_command)
    if options.key_file:
        return KeyFile(Path(options.key_file).expanduser())
    return KeyFile(settings.state / "vault.key", may_make=True)


def find_tasks() -> dict[str, Task[Any, Any]]:
    """Every task in tasks/ and in the plug-ins of `backline.tasks`. Two of one name stop the start."""
    tasks: dict[str, Task[Any, Any]] = {}
    for task in find_members("backline.tasks", "backline.tasks", Task):
        if task.name in tasks:
            raise BadTask(f"Two tasks are named {task.name}.")
        tasks[task.name] = task
    return dict(sorted(tasks.items()))


def name_worker(node: str) -> str:
    """Host, node and process id: who holds a lease."""
    return f"{socket.gethostname()}/{node}/{os.getpid()}"


def find_passwords(settings: Settings) -> list[str]:
    """The passwords in the database's and the broker's URL."""
    found = []
    for url in (settings.database_url, settings.broker_url):
        authority = url.partition("://")[2].partition("/")[0]
        user, at, _ = authority.rpartition("@")
        if at and ":" in user:
            written = user.partition(":")[2]
            found += [written, unquote(written)]
    return sorted(set(found))


def read_private(path: Path) -> str:
    """The text of a file that its owner alone may read. Raises `NeedsHuman` where others may."""
    with path.open(encoding="utf-8") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise NeedsHuman(
                f"The secret in {path} may be read by others (mode {mode:04o}).", remedy=f"chmod 600 {path}"
            )
        return file.read()


def make_lazy(make: Callable[[], House]) -> Callable[[], House]:
    """A function that makes the house once per process, anew after a fork."""
    made: dict[int, House] = {}

    def get() -> House:
        if os.getpid() not in made:
            made.clear()
            made[os.getpid()] = make()
        return made[os.getpid()]

    return get


_CODE_VERSION: list[str] = []


def read_code_version() -> str:
    """The package's version and a digest of its source, so that two deploys can be told apart."""
    if not _CODE_VERSION:
        digest = hashlib.sha256()
        for path in sorted(Path(backline.__file__).parent.rglob("*.py")):
            digest.update(path.read_bytes())
        _CODE_VERSION.append(f"{backline.__version__}+{digest.hexdigest()[:8]}")
    return _CODE_VERSION[0]
