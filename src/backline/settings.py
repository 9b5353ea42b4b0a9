"""Every option, read once: built-in value, then the TOML file, then the environment.

The environment name of an option is `BACKLINE_<SECTION>_<NAME>`, for example
`BACKLINE_DATABASE_URL`. Two names stand above the file: `BACKLINE_CONFIG` (which file) and
`BACKLINE_STATE` (the state folder). Any other `BACKLINE_…` is a misspelling, and refused.
"""

from __future__ import annotations

import difflib
import getpass
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from backline.errors import BadInput

PREFIX, CONFIG = "BACKLINE_", "BACKLINE_CONFIG"
# What Kubernetes and linked containers set by themselves beside a service of our name.
_LINKS = re.compile(r"SERVICE_(HOST|PORT\w*)$|PORT_\d+_(TCP|UDP)")
_LIMIT = re.compile(r"limits\.[a-z]\w*\.(rate|burst|reserve|longest_block)")
_LIMIT_VARIABLE = re.compile(r"BACKLINE_LIMITS_([A-Z]\w*?)_(RATE|BURST|RESERVE|LONGEST_BLOCK)")
_IN_MEMORY = re.compile(r"sqlite[^:]*:/{0,3}($|\?)|sqlite.*(:memory:|mode=memory)")


class Section(BaseModel):
    """One table of the settings file; an unknown name in it is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DatabaseSettings(Section):
    """Where the rows live."""

    url: str = Field("", description="SQLAlchemy URL; empty means SQLite in the state folder")
    pool_size: int = Field(5, ge=1, le=100, description="connections kept open per process (PostgreSQL)")
    busy_seconds: float = Field(30.0, gt=0, description="how long SQLite waits for another writer")
    writer_role: str = Field(
        "backline_writer", description="PostgreSQL role that may not change audit rows; empty means none"
    )
    upgrade_at_start: bool = Field(True, description="apply missing migrations when a process starts")

    @field_validator("url")
    @classmethod
    def _refuse_memory(cls, url: str) -> str:
        if _IN_MEMORY.match(url):
            raise ValueError("a database in memory is lost with its process; write sqlite:///PATH")
        return url


class BrokerSettings(Section):
    """Who carries the bells."""

    url: str = Field("", description="Celery broker URL; empty means files in the state folder")
    key_prefix: str = Field("backline:", description="prefix of Redis keys")


class RuntimeSettings(Section):
    """How runs are claimed, renewed and found again."""

    lease_seconds: float = Field(30.0, ge=1, le=3600, description="a claim is lost after this silence")
    sweep_seconds: float = Field(1.0, gt=0, le=60, description="how often each process looks for due runs")
    ring_again_seconds: float = Field(25.0, gt=0, description="first wait before a queued run is rung again")
    grace_seconds: float = Field(25.0, ge=0, description="at SIGTERM: finish within this time or hand back")
    concurrency: int = Field(2, ge=1, le=256, description="worker children")
    actor: str = Field("", description="who asks, when nobody is named; empty means the system user")
    limit_shares: int = Field(
        8, ge=1, description="while Redis is away each process has this part of a provider's rate: one in …"
    )


class WebSettings(Section):
    """Where the JSON API listens. Only loopback until sign-in exists."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8765, ge=0, le=65535, description="port; 0 takes a free one")
    max_body_kb: int = Field(1024, ge=1, le=65536, description="largest body of a request, in KB")
    max_streams: int = Field(32, ge=0, le=1024, description="event streams that may be open at once")
    stream_seconds: float = Field(3600.0, gt=0, description="an event stream is cut after so long")


class ReportSettings(Section):
    """Where reports are dropped and how large one may be."""

    inbox: str = Field("", description="watched folder; empty means inbox/ in the state folder")
    watch_seconds: float = Field(5.0, gt=0, description="how often the inbox is looked at")
    max_unpacked_mb: int = Field(2048, ge=1, description="largest unpacked size of one archive, in MB")


class VaultSettings(Section):
    """Where the key of the vault is. Where none of the three is set: a file made in the state folder."""

    key_file: str = Field("", description="file with the key, readable by its owner alone")
    key_variable: str = Field("", description="environment variable with the key; not one of BACKLINE_…")
    key_command: str = Field("", description="command of a keyring that prints the key; run without a shell")

    @field_validator("key_variable")
    @classmethod
    def _refuse_own(cls, name: str) -> str:
        if name.startswith(PREFIX):
            raise ValueError(f"names with {PREFIX} are options; take another, e.g. VAULT_KEY")
        return name


class AuditSettings(Section):
    """How the audit is sealed, and where its head is anchored."""

    seal_seconds: float = Field(
        1.0, ge=0, le=60, description="how old a row may get unsealed; 0: never sealed"
    )
    anchor_minutes: float = Field(
        15.0, ge=0, description="time between two anchors of the chain; 0 makes none"
    )
    anchor_targets: str = Field("file", description="where anchors go, with commas: file, s3, rfc3161")
    anchor_folder: str = Field("", description="folder of anchors; empty means anchors/ in the state folder")
    signing_key: str = Field(
        "", description="Ed25519 key in PEM; empty means audit-key.pem in the state folder, if it is there"
    )
    s3_place: str = Field("", description="bucket, or bucket/prefix; credentials as AWS clients find them")
    s3_endpoint: str = Field("", description="address of what speaks like S3; empty means AWS")
    s3_region: str = Field("", description="region of the bucket")
    tsa_url: str = Field("", description="address of a time stamping authority (RFC 3161)")
    tsa_certificates: str = Field("", description="its certificates in PEM, to verify its time stamps with")

    @field_validator("anchor_targets")
    @classmethod
    def _refuse_unknown(cls, names: str) -> str:
        if unknown := set(names.replace(" ", "").split(",")) - {"", "file", "s3", "rfc3161"}:
            raise ValueError(f"unknown target {', '.join(sorted(unknown))}; there are file, s3, rfc3161")
        return names


class DurableSettings(Section):
    """Celery tasks of other programs that are carried as runs."""

    modules: list[str] = Field(
        default_factory=list, description="modules whose Celery tasks are durable; in a variable with commas"
    )

    @field_validator("modules", mode="before")
    @classmethod
    def _split(cls, names: Any) -> Any:
        return (
            [name.strip() for name in names.split(",") if name.strip()] if isinstance(names, str) else names
        )


class LimitSettings(Section):
    """How fast one provider may be asked; what is left out is as the policy in the code says."""

    rate: float | None = Field(None, gt=0, le=1e6, description="calls a second")
    burst: int | None = Field(None, ge=1, le=1_000_000, description="calls at once after a rest")
    reserve: float | None = Field(
        None, ge=0, lt=1, description="part of the burst kept for runs that somebody waits for"
    )
    longest_block: float | None = Field(
        None, ge=1, description="seconds that the provider may ask to be left alone for, at most"
    )


class Settings(Section):
    """All sections, and the state folder they are relative to."""

    state: Path
    language: Literal["en", "fr", "de"] = Field("en", description="language of words shown to people")
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    broker: BrokerSettings = Field(default_factory=BrokerSettings)
    runtime: RuntimeSettings = Field(default_factory=RuntimeSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    reports: ReportSettings = Field(default_factory=ReportSettings)
    vault: VaultSettings = Field(default_factory=VaultSettings)
    audit: AuditSettings = Field(default_factory=AuditSettings)
    durable: DurableSettings = Field(default_factory=DurableSettings)
    limits: dict[str, LimitSettings] = Field(default_factory=dict)

    @property
    def database_url(self) -> str:
        """The URL in force."""
        return self.database.url or f"sqlite:///{self.state / 'backline.db'}"

    @property
    def broker_url(self) -> str:
        """The URL in force; `filesystem://` means the embedded doorbell."""
        return self.broker.url or "filesystem://"

    @property
    def inbox(self) -> Path:
        """The watched folder."""
        return Path(self.reports.inbox).expanduser() if self.reports.inbox else self.state / "inbox"

    @property
    def actor(self) -> str:
        """Who asks when nobody is named."""
        return self.runtime.actor or _system_user()


@dataclass(frozen=True)
class LoadedSettings:
    """The settings, the file they came from, and for each option its origin."""

    settings: Settings
    file: Path | None
    origin: Mapping[str, str]


@dataclass(frozen=True)
class Problem:
    """Something in the file or in the environment that cannot be used; `option` where it is one of ours."""

    error: BadInput
    option: str | None = None


BUILT_IN = "built in"
_SHOW = "`backline settings show` lists every option with its meaning."
SECTIONS: Mapping[str, type[Section]] = {
    "database": DatabaseSettings,
    "broker": BrokerSettings,
    "runtime": RuntimeSettings,
    "web": WebSettings,
    "reports": ReportSettings,
    "vault": VaultSettings,
    "durable": DurableSettings,
    "audit": AuditSettings,
}


def read_variable(name: str) -> str | None:
    """An environment variable that an option names; None where it is not set."""
    return os.environ.get(name)


def option_names() -> list[str]:
    """Every option as `section.name`, in the order of the file."""
    names = ["state", "language"]
    for section, model in SECTIONS.items():
        names += [f"{section}.{name}" for name in model.model_fields]
    return names


def name_variable(option: str) -> str:
    """The environment variable of an option."""
    return PREFIX + option.replace(".", "_").upper()


def load_settings(environ: Mapping[str, str] | None = None) -> LoadedSettings:
    """The settings of this process, read once; those of another environment where one is given.

    Raises `BadInput` naming the option, its origin and the remedy.
    """
    if environ is not None:
        return _load(environ)
    names = sorted(name for name in os.environ if name == "HOME" or name.startswith(PREFIX))
    here = Path().stat()  # also where the folder has been removed meanwhile
    return _load_once((here.st_dev, here.st_ino), tuple((name, os.environ[name]) for name in names))


@lru_cache(maxsize=1)
def _load_once(_folder: tuple[int, int], environ: tuple[tuple[str, str], ...]) -> LoadedSettings:
    """Anew only where another file may be meant: in another working folder or environment."""
    return _load(dict(environ))


def _load(environ: Mapping[str, str]) -> LoadedSettings:
    loaded, problems = survey_settings(environ)
    if problems:
        raise problems[0].error
    return loaded


def survey_settings(environ: Mapping[str, str] | None = None) -> tuple[LoadedSettings, list[Problem]]:
    """The settings with everything left out that cannot be used, and what is wrong with that."""
    env = os.environ if environ is None else environ
    problems: list[Problem] = []
    file, table = None, {}
    try:
        file = _find_file(env)
        table = _read_table(file) if file else {}
    except BadInput as error:
        problems.append(Problem(error))
    problems += [*_find_unknown(table, file), *_find_unknown_variables(env)]
    values, origin = _collect_values(table, file, env)
    while True:
        full = {**values, "state": Path(str(values.get("state") or "~/.backline")).expanduser().absolute()}
        try:
            return LoadedSettings(Settings.model_validate(full), file, origin), problems
        except ValidationError as error:
            for wrong in error.errors():
                depth = 3 if wrong["loc"][0] == "limits" else 2
                option = ".".join(str(part) for part in wrong["loc"][:depth])
                words = str(wrong["msg"]).removeprefix("Value error, ")
                message = f"Setting {option} from {origin[option]} cannot be used: {words}."
                problems.append(Problem(BadInput(message, remedy=_SHOW), option))
                section, _, name = option.rpartition(".")
                _find_place(values, section).pop(name)
                origin[option] = BUILT_IN


def _collect_values(
    table: Mapping[str, Any], file: Path | None, env: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The values that are given, as a tree, and the origin of every option."""
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for option in [*option_names(), *_list_limits(table, env)]:
        section, _, name = option.rpartition(".")
        holder: Any = table
        for part in filter(None, section.split(".")):
            holder = holder.get(part) if isinstance(holder, dict) else None
        from_file = holder.get(name) if isinstance(holder, dict) else None
        given = [(from_file, str(file)), (env.get(name_variable(option)), name_variable(option))]
        origin[option] = BUILT_IN
        for value, place in given:
            if value is not None and not (isinstance(value, dict) and not section):
                _find_place(values, section)[name] = value
                origin[option] = place
    return values, origin


def _find_place(values: dict[str, Any], section: str) -> dict[str, Any]:
    """The table of a section (`database`, `limits.spotify`, or empty) in the tree of values, made where it is missing."""
    for part in filter(None, section.split(".")):
        values = values.setdefault(part, {})
    return values


def _list_limits(table: Mapping[str, Any], env: Mapping[str, str]) -> list[str]:
    """The options of limits that are given; their tables bear the names of providers."""
    named = _name_options("limits", table.get("limits"))
    matches = (_LIMIT_VARIABLE.fullmatch(name) for name in env)
    named += [f"limits.{match[1]}.{match[2]}".lower() for match in matches if match]
    return sorted({name for name in named if _LIMIT.fullmatch(name)})


def _name_options(key: str, value: Any) -> list[str]:
    """The options of one entry of the file: `section.name`, `limits.provider.name`, or the entry itself."""
    if not isinstance(value, dict):
        return [key]
    if key == "limits":
        return [
            name for provider, inner in value.items() for name in _name_options(f"{key}.{provider}", inner)
        ]
    return [f"{key}.{name}" for name in value]


def _find_file(env: Mapping[str, str]) -> Path | None:
    named = env.get(CONFIG)
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise BadInput(f"BACKLINE_CONFIG names {path}, which is not a file.")
        return path
    state = Path(env.get("BACKLINE_STATE") or "~/.backline").expanduser()
    for path in (Path("backline.toml"), state / "backline.toml"):
        if path.is_file():
            return path.absolute()
    return None


def _read_table(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} is not valid TOML: {error}.") from error
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.") from error


def _find_unknown(table: Mapping[str, Any], file: Path | None) -> Iterator[Problem]:
    known = option_names()
    for key, value in table.items():
        for name in _name_options(key, value):
            if name not in known and not _LIMIT.fullmatch(name):
                yield Problem(BadInput(f"{file}: unknown option {name}.", remedy=_guess(name, known)))


def _find_unknown_variables(env: Mapping[str, str]) -> Iterator[Problem]:
    known = [CONFIG, *(name_variable(option) for option in option_names())]
    for name, value in sorted(env.items()):
        linked = _LINKS.search(name) or (name.endswith("_PORT") and "://" in value)
        fine = name in known or linked or _LIMIT_VARIABLE.fullmatch(name)
        if name.startswith(PREFIX) and not fine:
            message = f"Unknown environment variable {name}."
            yield Problem(BadInput(message, remedy=_guess(name, known)))


def _guess(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return (f"Did you mean {near[0]}? " if near else "") + _SHOW


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
