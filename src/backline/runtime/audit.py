"""Who did what, with secrets and personal data struck out, ready for its row."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from backline.runtime.task import is_private
from backline.storage.audits import AuditEntry

STRUCK = "[struck out]"
_MANY = (list, tuple, set, frozenset)
_SECRET_KEY = re.compile(
    r"(?i)(pass(word|wd)?|secret|token|api[_-]?key|authorization|cookie|credential|private[_-]?key)"
)
_TELLING = r"[\w-]*(?:pass(?:word|wd)?|secret|token|api[_-]?key|authorization|cookie)"
_PATTERNS = (
    re.compile(r"(?i)(?P<keep>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{6,}"),
    re.compile(
        rf"(?i)(?P<keep>[\"']?\b{_TELLING}[\"']?\s*[=:]\s*(?P<quote>[\"']))(?:(?!(?P=quote))[^\\]|\\.)+"
    ),
    re.compile(rf"(?i)(?P<keep>[\"']?\b{_TELLING}[\"']?\s*[=:]\s*)(?![\"']|bearer\s|basic\s)[^\s\"',;&}}]+"),
    re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://[^/\s:@]*:)[^@\s/]+(?=@)"),
)
_SUSPICIOUS = re.compile(r"(?i)[=:]|(?:bearer|basic)\s")  # without one of these no pattern can match


class Secrets:
    """Known secret values of this process; they are struck out wherever they turn up."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: set[str] = {value for value in values if len(value) >= 4}

    def learn(self, value: str) -> None:
        """Strike this value out from now on, also as JSON and URLs spell it."""
        forms = {value, value.strip(), quote(value, safe=""), json.dumps(value)[1:-1]}
        # A new set: another thread may be going through the old one.
        self._values = self._values | {form for form in forms if len(form) >= 4}

    def strike(self, text: str, also: Iterable[str] = ()) -> str:
        """The text without known values (and those given `also`) and without what looks like a secret."""
        given = {value for value in also if len(value) >= 4}
        for value in sorted(self._values | given, key=len, reverse=True):
            text = text.replace(value, STRUCK)
        if _SUSPICIOUS.search(text):
            for pattern in _PATTERNS:
                text = pattern.sub(lambda match: match.group("keep") + STRUCK, text)
        return text

    def strike_tree(self, value: Any) -> Any:
        """The same for a JSON tree; values under a telling key are struck out whole."""
        if isinstance(value, str):
            return self.strike(value)
        if isinstance(value, Mapping):
            return {
                str(key): STRUCK if item is not None and _is_telling(str(key)) else self.strike_tree(item)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.strike_tree(item) for item in value]
        return value


@lru_cache(maxsize=4096)
def _is_telling(key: str) -> bool:
    return _SECRET_KEY.search(key) is not None


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal content gives equal text."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return text.encode("utf-8", "backslashreplace").decode()  # a file's name need not be valid Unicode


def digest(text: str | None) -> str | None:
    """SHA-256 in hex; None stays None."""
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


def describe_job(job: BaseModel) -> dict[str, Any]:
    """The job for an audit row: fields marked `Private` are struck out by type; `make_entry` strikes secrets."""
    struck: dict[str, Any] = _strike_private(job, job.model_dump(mode="json"))
    return struck


def list_private(value: Any) -> list[str]:
    """Every text in fields marked `Private`, however deep, to be struck out of error texts."""
    return [text for found in _find_private(value) for text in _list_texts(found)]


def _strike_private(value: Any, tree: Any) -> Any:
    """The dumped tree of `value`, with `Private` fields struck out at every depth.

    Where a serializer of the job's own makes the two unlike, nobody can tell what is private: all is struck out.
    """
    if isinstance(value, BaseModel):
        if not isinstance(tree, dict):
            return STRUCK
        return {name: _strike_field(value, name, part) for name, part in tree.items()}
    if isinstance(value, Mapping):
        if not isinstance(tree, dict) or len(tree) != len(value):
            return STRUCK
        return {
            name: _strike_private(item, part)
            for item, (name, part) in zip(value.values(), tree.items(), strict=True)
        }
    if isinstance(value, _MANY):
        if not isinstance(tree, list) or len(tree) != len(value):
            return STRUCK
        return [_strike_private(item, part) for item, part in zip(value, tree, strict=True)]
    return tree


def _strike_field(value: BaseModel, name: str, part: Any) -> Any:
    kind = type(value)
    if name not in kind.model_fields or is_private(kind, name):
        return STRUCK
    return _strike_private(getattr(value, name), part)


def _find_private(value: Any) -> Iterator[Any]:
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            item = getattr(value, name, None)
            if is_private(type(value), name):
                yield item
            else:
                yield from _find_private(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _find_private(item)
    elif isinstance(value, _MANY):
        for item in value:
            yield from _find_private(item)


def _list_texts(value: Any) -> Iterator[str]:
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, _MANY):
        for item in value:
            yield from _list_texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


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
