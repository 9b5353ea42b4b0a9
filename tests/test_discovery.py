"""A folder is looked through once; what is broken in it stops the start with its name."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from backline.discovery import BrokenMember, find_members, find_modules

MakePackage = Callable[..., str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakePackage]:
    """`package(b="…", a="…")` is an importable package with these modules."""
    monkeypatch.syspath_prepend(str(tmp_path))
    name = f"found_{tmp_path.name.replace('-', '_')}"

    def make(**modules: str) -> str:
        folder = tmp_path / name
        (folder / "inner").mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder / "inner" / "__init__.py").write_text("raise RuntimeError('not asked for')")
        for module, text in modules.items():
            (folder / f"{module}.py").write_text(textwrap.dedent(text))
        return name

    yield make
    for module in [module for module in sys.modules if module.startswith(name)]:
        del sys.modules[module]


def test_modules_come_by_name_without_sub_packages(package: MakePackage) -> None:
    name = package(b="", a="", _c="")
    assert [module.__name__ for module in find_modules(name)] == [f"{name}._c", f"{name}.a", f"{name}.b"]


def test_members_are_public_of_their_kind_and_counted_once(package: MakePackage) -> None:
    name = package(
        a="from fractions import Fraction\nhalf = Fraction(1, 2)\n_hidden = Fraction(1, 3)\nother = 5",
        b="from fractions import Fraction\nfifth = Fraction(1, 5)",
    )
    (Path(sys.path[0]) / name / "b.py").write_text(
        f"from fractions import Fraction\nfrom {name}.a import half\nfifth = Fraction(1, 5)"
    )
    assert find_members(name, None, Fraction) == [Fraction(1, 2), Fraction(1, 5)]


@pytest.mark.parametrize("text", ["raise ValueError('no')", "import nothing_of_this_name", "def"])
def test_a_broken_member_stops_the_start_with_its_name(package: MakePackage, text: str) -> None:
    name = package(a="", broken=text)
    with pytest.raises(BrokenMember, match=rf"{name}\.broken cannot be imported"):
        list(find_modules(name))


def test_a_broken_plug_in_stops_the_start_with_its_name(package: MakePackage, tmp_path: Path) -> None:
    name = package(a="")
    info = tmp_path / "plug_in-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug-in\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[own.group]\nfine = {name}.a\nwrong = no_such_module:thing\n")
    with pytest.raises(BrokenMember, match=r"plug-in wrong \(own.group\)"):
        list(find_modules(name, "own.group"))
