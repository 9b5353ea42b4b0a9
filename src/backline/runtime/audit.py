"""Who did what, with secrets and personal data struck out, ready for its row."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from backline.runtime.task import Job, Private
from backline.storage.audits import AuditEntry

STRUCK = "[struck out]"
_SECRET_KEY = re.compile(
    r"(?i)(pass(word|wd)?|secret|token|api[_-]?key|authorization|cookie|credential|private[_-]?key)"
)
_PATTERNS = (
    re.compile(r"(?i)(?P<keep>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{6,}"),
    re.compile(
        r"(?i)(?P<keep>[\"']?\b[\w-]*(?:pass(?:word|wd)?|secret|token|api[_-]?key|authorization|cookie)[\"']?\s*[=:]\s*"
        r"[\"']?)(?!bearer\s|basic\s)[^\s\"',;&}]+"
    ),
    re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://[^/\s:@]*:)[^@\s/]+(?=@)"),
)


class Secrets:
    """Known secret values of this process; they are struck out wherever they turn up."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: set[str] = {value for value in values if len(value) >= 4}

    def strike(self, text: str) -> str:
        """The text without known values and without what looks like a secret."""
        for value in self._values:
            text = text.replace(value, STRUCK)
        for pattern in _PATTERNS:
            text = pattern.sub(lambda match: match.group("keep") + STRUCK, text)
        return text

    def strike_tree(self, value: Any) -> Any:
        """The same for a JSON tree; values under a telling key are struck out whole."""
        if isinstance(value, str):
            return self.strike(value)
        if isinstance(value, Mapping):
            return {
                str(key): STRUCK
                if _SECRET_KEY.search(str(key)) and item is not None
                else self.strike_tree(item)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.strike_tree(item) for item in value]
        return value


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal content gives equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def digest(text: str | None) -> str | None:
    """SHA-256 in hex; None stays None."""
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


def describe_job(job: Job, secrets: Secrets) -> dict[str, Any]:
    """The job for an audit row: fields marked `Private` are struck out by type, secrets by key and value."""
    tree = job.model_dump(mode="json")
    for name, info in type(job).model_fields.items():
        if any(isinstance(mark, Private) or mark is Private for mark in info.metadata):
            tree[name] = STRUCK
    struck: dict[str, Any] = secrets.strike_tree(tree)
    return struck


def make_entry(
    actor: str,
    action: str,
    object: str,
    secrets: Secrets,
    *,
    run_id: str | None = None,
    fence: int | None = None,
    before_sha: str | None = None,
    after_sha: str | None = None,
    **body: Any,
) -> AuditEntry:
    """One audit row; its body is canonical JSON with secrets struck out."""
    text = canonical_json(secrets.strike_tree(body))
    return AuditEntry(actor, action, object, text, run_id, fence, before_sha, after_sha)
