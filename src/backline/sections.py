"""The tables of the settings file, one class each: names, built-in values, bounds and meaning of every option."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

PREFIX = "BACKLINE_"
_IN_MEMORY = re.compile(r"sqlite[^:]*:/{0,3}($|\?)|sqlite.*(:memory:|mode=memory)")
_REFERENCE = re.compile(r"(?:vault|env|file):\S.*")


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


class RetentionSettings(Section):
    """After how many days what kind of data may leave; 0 keeps it. `backline retention show` counts."""

    runs_days: int = Field(
        0, ge=0, le=36500, description="runs that succeeded, were cancelled or answered, since their end"
    )
    results_days: int = Field(
        30,
        ge=0,
        le=36500,
        description="results of Celery tasks that are no runs, and of groups, since they came",
    )
    rejected_lines_days: int = Field(0, ge=0, le=36500, description="rejected lines of imports")
    plays_days: int = Field(0, ge=0, le=36500, description="plays of a listening history")
    ended_keys_days: int = Field(0, ge=0, le=36500, description="API keys that were revoked or expired")
    audit_days: int = Field(
        0, ge=0, le=36500, description="whole epochs of the audit; each is exported before it leaves"
    )
    audit_epoch_days: int = Field(
        30, ge=1, le=36500, description="while audit_days is set, an epoch is closed after so long"
    )
    audit_exports: str = Field("", description="folder of exports; empty means audit/ in the state folder")


class BackupSettings(Section):
    """Where backups go."""

    folder: str = Field("", description="folder of backups; empty means backups/ in the state folder")


class SpotifySettings(Section):
    """How the Web API is asked. Client IDs are no settings: `backline connect spotify` makes them known."""

    address: str = Field("", description="address of a sandbox in place of Spotify")
    keep_days: int = Field(
        30, ge=1, le=366, description="after how many days unseen content of Spotify leaves"
    )
    market: str = Field(
        "", pattern=r"^(?:[A-Z]{2})?$", description="country of two letters in which releases are looked up"
    )
    release_groups: str = Field(
        "album,single",
        description="what counts as a release, with commas: album, single, compilation, appears_on",
    )
    reserve: float = Field(
        0.2, ge=0, lt=1, description="part of each daily budget kept for runs that somebody waits for"
    )
    daily_tracks: int = Field(400, ge=1, description="requests in 24 hours for single tracks")
    daily_search: int = Field(250, ge=1, description="the same for searches")
    daily_playlist_read: int = Field(600, ge=1, description="the same for reading playlists")
    daily_playlist_write: int = Field(200, ge=1, description="the same for changing playlists")
    daily_catalogue: int = Field(400, ge=1, description="the same for artists and releases")
    daily_me: int = Field(400, ge=1, description="the same for what an account keeps and plays")

    @field_validator("address")
    @classmethod
    def _refuse_open(cls, text: str) -> str:
        parts = urlsplit(text)
        host = parts.hostname or ""
        if text and not (
            host and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
        ):
            raise ValueError("write https://…, or http:// with an address of this machine")
        return text

    @field_validator("release_groups")
    @classmethod
    def _refuse_other(cls, names: str) -> str:
        known = {"album", "single", "compilation", "appears_on"}
        if unknown := set(names.replace(" ", "").split(",")) - known:
            raise ValueError(
                f"unknown group {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}"
            )
        return names

    def list_groups(self) -> tuple[str, ...]:
        """What counts as a release."""
        return tuple(dict.fromkeys(self.release_groups.replace(" ", "").split(",")))

    def find_daily(self, family: str) -> int:
        """Requests in 24 hours for a family of routes."""
        return int(getattr(self, f"daily_{family}"))


class PlaceSettings(Section):
    """Where statements are fetched from; what mailboxes and SFTP folders have in common."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="short name of the place")
    host: str = Field(min_length=1, max_length=255, description="the server's name or address")
    user: str = Field(min_length=1, max_length=255, description="who signs in")
    max_file_mb: int = Field(
        64, ge=1, le=2048, description="larger messages or files are left where they are"
    )
    timeout_seconds: float = Field(30.0, gt=0, le=600, description="how long the server may be silent")


class MailboxSettings(PlaceSettings):
    """One mailbox whose attachments are fetched by IMAP. Nothing there is deleted, nor marked unless it is said."""

    password: str = Field(description="where the password is: vault:NAME, env:VARIABLE or file:PATH")
    port: int = Field(993, ge=1, le=65535, description="port of the server")
    tls: Literal["tls", "starttls", "none"] = Field("tls", description="none only on this machine")
    ca_file: str = Field("", description="certificates to trust, in PEM; empty means those of the system")
    folder: str = Field("INBOX", min_length=1, description="folder that is looked through")
    sender: str = Field("", description="only messages with this in From")
    subject: str = Field("", description="only messages with this in Subject")
    since_days: int = Field(90, ge=1, le=3650, description="how far back messages are looked at")
    mark_seen: bool = Field(False, description="mark fetched messages as read")

    @field_validator("password")
    @classmethod
    def _refer(cls, text: str) -> str:
        return check_reference(text)

    @field_validator("tls")
    @classmethod
    def _protect(cls, tls: str, info: ValidationInfo) -> str:
        if tls == "none" and not is_loopback(info.data.get("host", "")):
            raise ValueError("without TLS the password could be read on its way; use tls or starttls")
        return tls


class SftpSettings(PlaceSettings):
    """One folder on an SFTP server whose files are fetched. Nothing there is deleted, moved or changed."""

    port: int = Field(22, ge=1, le=65535, description="port of the server")
    host_key: str = Field(description="the server's key, pinned: SHA256:…, or ssh-ed25519 AAAA…")
    password: str = Field("", description="where the password is: vault:NAME, env:VARIABLE or file:PATH")
    key_file: str = Field("", description="private key to sign in with")
    passphrase: str = Field("", description="where the key's passphrase is, as for password")
    folder: str = Field(".", min_length=1, description="folder that is looked through, without those in it")

    @field_validator("host_key")
    @classmethod
    def _pin(cls, text: str) -> str:
        if not re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}=?|(?:ssh|ecdsa)-[\w-]+ [A-Za-z0-9+/=]+(?: .*)?", text):
            raise ValueError("write SHA256:… (ssh-keyscan HOST | ssh-keygen -lf -) or the key itself")
        return text

    @field_validator("password", "passphrase")
    @classmethod
    def _refer(cls, text: str) -> str:
        return check_reference(text) if text else text


def check_reference(text: str) -> str:
    """Where a secret is. Raises `ValueError` for what looks like the secret itself, without repeating it."""
    if not _REFERENCE.fullmatch(text):
        raise ValueError("a secret does not stand here; write vault:NAME, env:VARIABLE or file:PATH")
    return text


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine only."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
