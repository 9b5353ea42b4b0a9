"""Anchors with a time stamp by a third party (RFC 3161): its token is kept beside the anchor and verified."""

from __future__ import annotations

import base64
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from backline.anchors.anchor import Anchor
from backline.anchors.file import FileTarget
from backline.errors import BadInput

FILE = "timestamps.jsonl"
TIMEOUT = 15.0
LARGEST = 1 << 20  # bytes of an answer


class StampTarget:
    """Asks the authority at `url` and appends anchor and token to a file of `folder`.

    `certificates` (PEM) are the authority's own and its roots; with them every token is verified before
    it is kept.
    """

    name = "rfc3161"

    def __init__(self, url: str, folder: Path, certificates: Path | None = None) -> None:
        self._url = url
        self._certificates = certificates
        self._file = FileTarget(folder, FILE)

    def keep(self, anchor: Anchor) -> str:
        """Get a token, verify it, keep it. Raises `OSError`, `BadInput`."""
        stamped = replace(anchor, token=base64.b64encode(self._ask(anchor)).decode())
        if self._certificates is not None:
            verify_token(stamped, read_certificates(self._certificates))
        return self._file.keep(stamped)

    def read(self, bad: list[str]) -> Iterator[Anchor]:
        """Every anchor with its token."""
        return self._file.read(bad)

    def _ask(self, anchor: Anchor) -> bytes:
        asked = (
            TimestampRequestBuilder().data(anchor.stamped_text()).hash_algorithm(HashAlgorithm.SHA256).build()
        )
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        if not self._url.startswith(("http://", "https://")):
            raise BadInput(f"audit.tsa_url is no address of the web: {self._url}")
        request = urllib.request.Request(self._url, asked.as_bytes(), headers)  # noqa: S310 - checked above
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - checked above
            found: bytes = answer.read(LARGEST)
        try:
            response = decode_timestamp_response(found)
            granted = PKIStatus(response.status) == PKIStatus.GRANTED
            same = granted and response.tst_info.nonce == asked.nonce
        except ValueError as error:
            raise BadInput(f"{self._url} did not answer with a time stamp.") from error
        if not same:
            words = "; ".join(response.status_string) or "another nonce" if granted else "not granted"
            raise BadInput(f"{self._url} gave no time stamp: {words}.")
        return found


def verify_token(anchor: Anchor, certificates: list[Certificate]) -> datetime:
    """When the authority saw the anchor. Raises `BadInput` where the token is not its, or not of this anchor."""
    builder = VerifierBuilder()
    for certificate in certificates:
        builder = builder.add_root_certificate(certificate)
    try:
        response = decode_timestamp_response(base64.b64decode(anchor.token))
        builder.build().verify_message(response, anchor.stamped_text())
    except (VerificationError, ValueError) as error:
        place = f"epoch {anchor.epoch}, seal {anchor.seq}"
        raise BadInput(f"The time stamp of the anchor at {place} does not hold: {error}") from error
    return response.tst_info.gen_time


def read_certificates(path: Path) -> list[Certificate]:
    """The certificates of a PEM file. Raises `BadInput` where there are none."""
    try:
        return load_pem_x509_certificates(path.read_bytes())
    except ValueError as error:
        raise BadInput(f"{path} holds no certificates in PEM.") from error
