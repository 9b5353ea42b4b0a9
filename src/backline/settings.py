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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from backline.errors import BadInput
from backline.sections import (
    PREFIX,
    AuditSettings,
    BackupSettings,
    BrokerSettings,
    DatabaseSettings,
    DurableSettings,
    LimitSettings,
    MailboxSettings,
    ReportSettings,
    RetentionSettings,
    RuntimeSettings,
    Section,
    SftpSettings,
    SpotifySettings,
    VaultSettings,
    WebSettings,
)

CONFIG = "BACKLINE_CONFIG"
# What Kubernetes and linked containers set by themselves beside a service of our name.
_LINKS = re.compile(r"SERVICE_(HOST|PORT\w*)$|PORT_\d+_(TCP|UDP)")
_LIMIT = re.compile(r"limits\.[a-z]\w*\.(rate|burst|reserve|longest_block)")
_LIMIT_VARIABLE = re.compile(r"BACKLINE_LIMITS_([A-Z]\w*?)_(RATE|BURST|RESERVE|LONGEST_BLOCK)")


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
    backup: BackupSettings = Field(default_factory=BackupSettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    durable: DurableSettings = Field(default_factory=DurableSettings)
    spotify: SpotifySettings = Field(default_factory=SpotifySettings)
    limits: dict[str, LimitSettings] = Field(default_factory=dict)
    mailbox: list[MailboxSettings] = Field(default_factory=list)
    sftp: list[SftpSettings] = Field(default_factory=list)

    @model_validator(mode="after")
    def _tell_places_apart(self) -> Self:
        names = [place.name for place in (*self.mailbox, *self.sftp)]
        if len(set(names)) < len(names):
            raise ValueError("two places are named alike")
        return self

    @property
    def database_url(self) -> str:
        """The URL in force."""
        return self.database.url or f"sqlite:///{self.state / 'backline.db'}"

    @property
    def broker_url(self) -> str:
        """The URL in force; `filesystem://` means the embedded doorbell."""
        return self.broker.url or "filesystem://"

    @property
    def backups(self) -> Path:
        """The folder of backups."""
        return Path(self.backup.folder).expanduser() if self.backup.folder else self.state / "backups"

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
LISTS: Mapping[str, type[Section]] = {
    "mailbox": MailboxSettings,
    "sftp": SftpSettings,
}  # [[mailbox]], [[sftp]]
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
    "backup": BackupSettings,
    "retention": RetentionSettings,
    "spotify": SpotifySettings,
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
    for key in LISTS:
        if key in table:
            values[key], origin[key] = table[key], str(file)
    while True:
        full = {**values, "state": Path(str(values.get("state") or "~/.backline")).expanduser().absolute()}
        try:
            return LoadedSettings(Settings.model_validate(full), file, origin), problems
        except ValidationError as error:
            for wrong in error.errors():
                words = str(wrong["msg"]).removeprefix("Value error, ")
                if not wrong["loc"] or wrong["loc"][0] in LISTS:
                    problems.append(Problem(_explain_place(wrong["loc"], words, file)))
                    for key in LISTS:
                        values.pop(key, None)
                    continue
                depth = 3 if wrong["loc"][0] == "limits" else 2
                option = ".".join(str(part) for part in wrong["loc"][:depth])
                message = f"Setting {option} from {origin[option]} cannot be used: {words}."
                problems.append(Problem(BadInput(message, remedy=_SHOW), option))
                section, _, name = option.rpartition(".")
                _find_place(values, section).pop(name)
                origin[option] = BUILT_IN


def _explain_place(path: Sequence[int | str], words: str, file: Path | None) -> BadInput:
    """What is wrong in a [[mailbox]] or [[sftp]], counted from 1. Never the value: it may be a password."""
    where = "".join(f" {part + 1}" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    return BadInput(f"Setting {where or 'mailbox, sftp'} from {file} cannot be used: {words}.", remedy=_SHOW)


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
    if key in LISTS:
        return []
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
