"""Every option, read once: built-in value, then the TOML file, then the environment.

The environment name of an option is `BACKLINE_<SECTION>_<NAME>`, for example
`BACKLINE_DATABASE_URL`. Two names stand above the file: `BACKLINE_CONFIG` (which file) and
`BACKLINE_STATE` (the state folder).
"""

from __future__ import annotations

import getpass
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backline.errors import BadInput


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


class WebSettings(Section):
    """Where the JSON API listens. Only loopback until sign-in exists."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8765, ge=0, le=65535, description="port; 0 takes a free one")


class ReportSettings(Section):
    """Where reports are dropped and how large one may be."""

    inbox: str = Field("", description="watched folder; empty means inbox/ in the state folder")
    watch_seconds: float = Field(5.0, gt=0, description="how often the inbox is looked at")
    max_unpacked_mb: int = Field(2048, ge=1, description="largest unpacked size of one archive, in MB")


class Settings(Section):
    """All sections, and the state folder they are relative to."""

    state: Path
    language: Literal["en", "fr", "de"] = Field("en", description="language of words shown to people")
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    broker: BrokerSettings = Field(default_factory=BrokerSettings)
    runtime: RuntimeSettings = Field(default_factory=RuntimeSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    reports: ReportSettings = Field(default_factory=ReportSettings)

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


SECTIONS: Mapping[str, type[Section]] = {
    "database": DatabaseSettings,
    "broker": BrokerSettings,
    "runtime": RuntimeSettings,
    "web": WebSettings,
    "reports": ReportSettings,
}


def option_names() -> list[str]:
    """Every option as `section.name`, in the order of the file."""
    names = ["state", "language"]
    for section, model in SECTIONS.items():
        names += [f"{section}.{name}" for name in model.model_fields]
    return names


def load_settings(environ: Mapping[str, str] | None = None) -> LoadedSettings:
    """Read the file and the environment once. Raises `BadInput` naming the option, its origin and the remedy."""
    env = os.environ if environ is None else environ
    file = _find_file(env)
    table = _read_table(file) if file else {}
    _refuse_unknown(table, file)
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name in option_names():
        section, _, option = name.rpartition(".")
        from_file = (table.get(section, {}) if section else table).get(option)
        from_env = env.get("BACKLINE_" + name.replace(".", "_").upper())
        origin[name] = "built in"
        if from_file is not None:
            _put(values, section, option, from_file)
            origin[name] = str(file)
        if from_env is not None:
            _put(values, section, option, from_env)
            origin[name] = "BACKLINE_" + name.replace(".", "_").upper()
    values["state"] = Path(str(values.get("state") or "~/.backline")).expanduser().absolute()
    try:
        return LoadedSettings(Settings.model_validate(values), file, origin)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            f"Setting {name} from {origin.get(name, 'the settings file')} cannot be used: {first['msg']}.",
            remedy="`backline settings show` lists every option with its meaning.",
        ) from error


def _find_file(env: Mapping[str, str]) -> Path | None:
    named = env.get("BACKLINE_CONFIG")
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


def _put(values: dict[str, Any], section: str, option: str, value: Any) -> None:
    (values.setdefault(section, {}) if section else values)[option] = value


def _refuse_unknown(table: Mapping[str, Any], file: Path | None) -> None:
    known = set(option_names())
    for key, value in table.items():
        names = [f"{key}.{name}" for name in value] if isinstance(value, dict) else [key]
        for name in names:
            if name not in known:
                raise BadInput(
                    f"{file}: unknown option {name}.", remedy="`backline settings show` lists all."
                )


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
