"""Finds what a folder, or an installed plug-in, offers. Looks once, at start."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from types import ModuleType
from typing import TypeVar

from backline.errors import BacklineError

T = TypeVar("T")


class BrokenMember(BacklineError):
    """A member of a folder or a plug-in cannot be imported."""


def find_modules(package: str, group: str | None = None) -> Iterator[ModuleType]:
    """Modules of `package` (not of its sub-packages), by name, then those of the entry-point group.

    A member that fails to import stops the start with its name.
    """
    home = importlib.import_module(package)
    for info in sorted(pkgutil.iter_modules(home.__path__), key=lambda info: info.name):
        if not info.ispkg:
            yield _import(f"{package}.{info.name}", f"{package}.{info.name}")
    if group is not None:
        for point in sorted(entry_points(group=group), key=lambda point: point.name):
            yield _import(point.value, f"plug-in {point.name} ({group})")


def find_members(package: str, group: str | None, kind: type[T]) -> list[T]:
    """Every public object of type `kind` that the found modules define at their top, each once."""
    found: list[T] = []
    for module in find_modules(package, group):
        for name in sorted(vars(module)):
            member = vars(module)[name]
            if isinstance(member, kind) and not name.startswith("_") and member not in found:
                found.append(member)
    return found


def _import(path: str, label: str) -> ModuleType:
    try:
        return importlib.import_module(path.partition(":")[0])
    except Exception as error:
        raise BrokenMember(f"{label} cannot be imported: {type(error).__name__}: {error}") from error
