"""Labels in English, French and German, and the one function that reads them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

LANGUAGES: Final = ("en", "fr", "de")


@cache
def read_labels(language: str) -> Mapping[str, str]:
    """Key to text of one language: flat, every value a string. Raises `KeyError` for another language."""
    if language not in LANGUAGES:
        raise KeyError(language)
    text = (Path(__file__).parent / f"{language}.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))
