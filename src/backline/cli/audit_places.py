"""Keys and anchor targets as the settings name them."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backline.anchors.anchor import Anchor, Target, is_signed, sign_anchor
from backline.anchors.file import FileTarget
from backline.anchors.keys import SigningKey, VerifyingKey, list_public, read_signing_key, read_verifying_key
from backline.errors import BacklineError, BadInput
from backline.runtime.seal import Anchorer
from backline.settings import Settings
from backline.storage.anchors import Served
from backline.storage.seals_chain import Head
from backline.storage.seals_verify import Finding
from backline.wiring import House, find_key_path

log = logging.getLogger("backline.seal")


def find_signing_key(settings: Settings) -> SigningKey | None:
    """The private key; None where this machine has none. Raises where a key that is named is not there."""
    path = find_key_path(settings)
    if not settings.audit.signing_key and not path.exists():
        return None
    return read_signing_key(path)


def find_verifying_keys(settings: Settings, named: Iterable[Path]) -> list[VerifyingKey]:
    """The public keys that are named, else those beside the private key, where it is or was."""
    paths = list(named) or list_public(find_key_path(settings))
    return [read_verifying_key(path) for path in paths]


def list_names(settings: Settings) -> list[str]:
    """The names of the targets in the settings."""
    return [name for name in settings.audit.anchor_targets.replace(" ", "").split(",") if name]


def list_targets(settings: Settings) -> list[Target]:
    """The targets that the settings name. Raises `BadInput` where one lacks its address."""
    return [make_target(settings, name) for name in list_names(settings)]


def make_target(settings: Settings, name: str) -> Target:
    """The target of that name. Raises `BadInput` where it lacks its address."""
    options, folder = settings.audit, find_folder(settings)
    if name == "file":
        return FileTarget(folder)
    module: Any = importlib.import_module(f"backline.anchors.{name}")
    if name == "s3":
        _want(options.s3_place, "audit.s3_place", "bucket/prefix")
        s3: Target = module.S3Target(options.s3_place, options.s3_endpoint, options.s3_region)
        return s3
    _want(options.tsa_url, "audit.tsa_url", "https://tsa.example/")
    stamps: Target = module.StampTarget(options.tsa_url, folder, find_certificates(settings))
    return stamps


def find_folder(settings: Settings) -> Path:
    """The folder of anchors."""
    named = settings.audit.anchor_folder
    return Path(named).expanduser() if named else settings.state / "anchors"


def find_certificates(settings: Settings) -> Path | None:
    """The time stamping authority's certificates."""
    named = settings.audit.tsa_certificates
    return Path(named).expanduser() if named else None


def make_anchorer(house: House) -> Anchorer:
    """What signs and anchors in this process; it does nothing where there is no key."""
    key = find_signing_key(house.settings)

    def sign(head: Head) -> Anchor:
        assert key is not None
        return sign_anchor(key, head.epoch, head.seq, head.hash, head.count, head.at)

    targets = list_targets(house.settings)
    seconds = house.settings.audit.anchor_minutes * 60
    return Anchorer(house.database, house.sealer, sign if key else None, targets, seconds, house.secrets)


def open_anchorer(house: House) -> Anchorer:
    """The same for a process that works on whatever is wrong with a key or a target; doctor tells of it."""
    try:
        return make_anchorer(house)
    except (BacklineError, OSError) as error:
        log.warning("nothing is anchored here: %s", error)
        return Anchorer(house.database, house.sealer, None, [], 0.0, house.secrets)


@dataclass
class KnownAnchors:
    """What anchors say: the hash at each (epoch, seq), and what is wrong with some of them."""

    points: dict[tuple[int, int], bytes] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    newest: Anchor | None = None
    seen: set[tuple[int, int]] = field(default_factory=set)  # also where anchors do not hold
    keys: list[VerifyingKey] = field(default_factory=list)  # with which signatures are looked at
    moments: dict[tuple[int, int], int] = field(default_factory=dict)  # when each point was first known


def judge_anchors(
    anchors: Iterable[Anchor], keys: list[VerifyingKey], certificates: list[Any], known: KnownAnchors
) -> None:
    """Take in the anchors that hold, and say which do not. Without keys signatures are not looked at."""
    for anchor in anchors:
        where, point = f"The anchor at epoch {anchor.epoch}, seal {anchor.seq}", (anchor.epoch, anchor.seq)
        known.seen.add(point)
        if keys and not is_signed(anchor, keys):
            words = f"{where} is not signed by a key that was given (it names key {anchor.key})."
            known.findings.append(Finding("bad_signature", words, epoch=anchor.epoch, seq=anchor.seq))
            continue
        if anchor.token and certificates:
            try:
                importlib.import_module("backline.anchors.rfc3161").verify_token(anchor, certificates)
            except BadInput as error:
                known.findings.append(
                    Finding("bad_timestamp", error.message, epoch=anchor.epoch, seq=anchor.seq)
                )
                continue
        own = bytes.fromhex(anchor.hash)
        known.moments[point] = min(anchor.at, known.moments.get(point, anchor.at))
        if known.points.setdefault(point, own) != own:
            known.findings.append(
                Finding("rewritten", f"{where} is told in two ways.", epoch=anchor.epoch, seq=anchor.seq)
            )
        if known.newest is None or anchor.at > known.newest.at:
            known.newest = anchor


def find_missing(settings: Settings, served: Iterable[Served], known: KnownAnchors) -> Iterator[Finding]:
    """Anchors that the database says were kept in a target of the settings, and that are nowhere to be found."""
    names = list_names(settings)
    for one in served:
        if one.target not in names or one.epoch is None or one.seq is None:
            continue
        if (one.epoch, one.seq) not in known.seen:
            words = (
                f"Target {one.target} was given an anchor at epoch {one.epoch}, seal {one.seq}: it is gone."
            )
            yield Finding("missing_anchor", words, epoch=one.epoch, seq=one.seq)


def read_targets(settings: Settings, bad: list[str]) -> Iterable[Anchor]:
    """The anchors of every target in the settings; one that cannot be read is told in `bad`."""
    for name in list_names(settings):
        try:
            yield from make_target(settings, name).read(bad)
        except (BacklineError, OSError) as error:
            bad.append(f"The anchors of target {name} cannot be read: {error}")


def _want(value: str, option: str, example: str) -> None:
    if not value:
        raise BadInput(f"{option} is empty.", remedy=f"Set it, for example to {example}.")
