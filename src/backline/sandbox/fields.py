"""The `fields` parameter: commas, dots, parentheses and exclamation marks, and what is left of an answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*|[().,!*])")


@dataclass
class Picked:
    """What to keep of an object: names with what to keep of each; None keeps all. `dropped`: everything but these."""

    kept: dict[str, Picked | None] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)


def read_fields(text: str) -> Picked:
    """The parsed parameter. Raises `ValueError` where it is malformed."""
    tokens = _split(text)
    picked = _read_list(tokens)
    if tokens:
        raise ValueError(f"unexpected {tokens[0]}")
    return picked


def pick(data: Any, picked: Picked | None) -> Any:
    """What is left. Names that are not there are left out silently: a wrong selector gives empty objects."""
    if picked is None or data is None:
        return data
    if isinstance(data, list):
        return [pick(one, picked) for one in data]
    if not isinstance(data, dict):
        return data
    if picked.dropped:
        return {name: value for name, value in data.items() if name not in picked.dropped}
    return {name: pick(data[name], inner) for name, inner in picked.kept.items() if name in data}


def _split(text: str) -> list[str]:
    tokens, at = [], 0
    while at < len(text.rstrip()):
        match = TOKEN.match(text, at)
        if not match:
            raise ValueError(f"unexpected {text[at : at + 1]}")
        tokens.append(match[1])
        at = match.end()
    return tokens


def _read_list(tokens: list[str]) -> Picked:
    """Names up to the end or a parenthesis. A list that begins with an exclamation mark drops all its names."""
    picked, dropping = Picked(), bool(tokens) and tokens[0] == "!"
    while True:
        if dropping:
            if tokens and tokens[0] == "!":
                tokens.pop(0)
            picked.dropped.add(_read_name(tokens))
        else:
            _read_path(tokens, picked)
        if not tokens or tokens[0] != ",":
            return picked
        tokens.pop(0)


def _read_path(tokens: list[str], into: Picked) -> None:
    """`name`, `name.name`, `name(list)`."""
    name = _read_name(tokens)
    inner: Picked | None = None
    if tokens and tokens[0] == ".":
        tokens.pop(0)
        inner = Picked()
        _read_path(tokens, inner)
    elif tokens and tokens[0] == "(":
        tokens.pop(0)
        inner = _read_list(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise ValueError("a parenthesis is not closed")
    into.kept[name] = _merge(into.kept[name], inner) if name in into.kept else inner


def _read_name(tokens: list[str]) -> str:
    if not tokens or not (tokens[0][0].isalpha() or tokens[0][0] == "_"):
        raise ValueError(f"a name is missing{f' before {tokens[0]}' if tokens else ''}")
    return tokens.pop(0)


def _merge(first: Picked | None, second: Picked | None) -> Picked | None:
    """`a.b,a.c` keeps both; `a,a.b` keeps all of a."""
    if first is None or second is None:
        return None
    merged = dict(first.kept)
    for name, inner in second.kept.items():
        merged[name] = _merge(merged[name], inner) if name in merged else inner
    return Picked(merged, first.dropped | second.dropped)
