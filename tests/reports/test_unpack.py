"""Files, folders, archives; and archives that mean harm."""

from __future__ import annotations

import io
import os
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backline.reports.unpack import UnpackLimits, list_pieces
from tests.reports.test_content import workbook

GOOD = b"date,artist,streams\n2026-08-01,A,5\n"
Fill = Callable[[zipfile.ZipFile], object]


def make_zip(path: Path, *fills: Fill) -> Path:
    """An archive that begins with what is given and ends with a good file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for fill in fills:
                fill(archive)
            archive.writestr("good.csv", GOOD)
    return path


def list_all(
    tmp_path: Path, *paths: Path, limits: UnpackLimits | None = None
) -> list[tuple[str, str | bytes]]:
    """(name, kind of refusal or content)."""
    temp = tmp_path / "temp"
    temp.mkdir(exist_ok=True)
    found = [
        (piece.name, piece.refused.kind if piece.refused else piece.path.read_bytes())
        for piece in list_pieces(paths, temp, limits)
    ]
    assert list(temp.iterdir()) == []
    return found


def test_folders_are_walked_to_the_last_file(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in ("b.csv", "a/x.csv", ".hidden", "a/.DS_Store", "a/deep/y.csv"):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(GOOD)
    (home / "link.csv").symlink_to(home / "b.csv")
    (home / "loop").symlink_to(home)
    make_zip(home / "c.zip", lambda archive: archive.writestr("in/z.csv", GOOD))
    for path in (*home.rglob("*.csv"), home / "c.zip"):
        os.utime(path, (1, 1))
    assert [name for name, _ in list_all(tmp_path, home)] == [
        "home/a/deep/y.csv",
        "home/a/x.csv",
        "home/b.csv",
        "home/c.zip/in/z.csv",
        "home/c.zip/good.csv",
    ]


def test_the_oldest_is_read_first_whatever_its_name(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "a").mkdir(parents=True)
    for name, moment in (("b.csv", 3), ("a/x.csv", 2), ("c.csv", 1), ("d.csv", 2)):
        (home / name).write_bytes(GOOD)
        os.utime(home / name, (moment, moment))
    in_folder = ["home/c.csv", "home/a/x.csv", "home/d.csv", "home/b.csv"]
    assert [name for name, _ in list_all(tmp_path, home)] == in_folder
    named = [home / "b.csv", home / "c.csv"]
    assert [name for name, _ in list_all(tmp_path, *named)] == ["b.csv", "c.csv"]
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name, year in (("b", 2003), ("a", 2002), ("d", 2001), ("c", 2001)):
            archive.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), GOOD)
    in_zip = ["x.zip/d", "x.zip/c", "x.zip/a", "x.zip/b"]
    assert [name for name, _ in list_all(tmp_path, tmp_path / "x.zip")] == in_zip


def write_link(archive: zipfile.ZipFile) -> None:
    member = zipfile.ZipInfo("link.csv")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(member, "/etc/passwd")


def inner_zip() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("x.csv", GOOD)
    return data.getvalue()


@pytest.mark.parametrize(
    ("fill", "kind"),
    [
        (lambda archive: archive.writestr("../x.csv", GOOD), "unsafe_path"),
        (lambda archive: archive.writestr("a/../../x.csv", GOOD), "unsafe_path"),
        (lambda archive: archive.writestr("..\\x.csv", GOOD), "unsafe_path"),
        (lambda archive: archive.writestr("/x.csv", GOOD), "unsafe_path"),
        (lambda archive: archive.writestr("C:\\x.csv", GOOD), "unsafe_path"),
        (write_link, "unsafe_path"),
        (lambda archive: archive.writestr("inner.zip", inner_zip()), "nested_archive"),
        (lambda archive: archive.writestr("book.csv", workbook()), "nested_archive"),
        (lambda archive: archive.writestr("bomb.csv", bytes(3 << 20)), "too_large"),
    ],
)
def test_a_bad_member_is_refused_and_the_next_goes_on(tmp_path: Path, fill: Fill, kind: str) -> None:
    path = make_zip(tmp_path / "a.zip", fill)
    found = list_all(tmp_path, path, limits=UnpackLimits(max_bytes=1 << 20))
    assert [content for _, content in found] == [kind, GOOD]
    assert found[1][0] == "a.zip/good.csv"


def test_a_size_that_lies_is_counted(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", lambda archive: archive.writestr("bomb.csv", bytes(3 << 20)))
    data = path.read_bytes().replace(struct.pack("<I", 3 << 20), struct.pack("<I", 10))
    path.write_bytes(data)
    found = list_all(tmp_path, path, limits=UnpackLimits(max_bytes=1 << 20))
    assert found[0][1] in ("too_large", "broken")
    assert found[1][1] == GOOD


def test_a_name_used_twice_is_refused_once(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", lambda archive: archive.writestr("good.csv", b"first"))
    assert [content for _, content in list_all(tmp_path, path)] == [b"first", "duplicate_name"]


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip")
    data = bytearray(path.read_bytes())
    directory = data.find(b"PK\x01\x02")
    data[6] |= 1
    data[directory + 8] |= 1
    path.write_bytes(data)
    assert list_all(tmp_path, path) == [("a.zip/good.csv", "encrypted")]


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", lambda archive: archive.writestr("bad.csv", bytes(range(256)) * 40))
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(data)
    assert [content for _, content in list_all(tmp_path, path)] == ["broken", GOOD]


def test_archives_that_are_none_or_too_full(tmp_path: Path) -> None:
    (tmp_path / "cut.zip").write_bytes(make_zip(tmp_path / "a.zip").read_bytes()[:40])
    with zipfile.ZipFile(tmp_path / "none.zip", "w"):
        pass
    many = make_zip(
        tmp_path / "many.zip", *[lambda archive, n=n: archive.writestr(f"{n}", b"") for n in range(5)]
    )
    found = list_all(
        tmp_path, tmp_path / "cut.zip", tmp_path / "none.zip", many, limits=UnpackLimits(max_members=5)
    )
    assert [kind for _, kind in found] == ["broken", "empty", "too_many_members"]


def test_a_member_name_in_a_wrong_encoding_refuses_that_archive_alone(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", lambda archive: archive.writestr("é.csv", GOOD))
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xff"))  # the flag says UTF-8
    beside = tmp_path / "b.csv"
    beside.write_bytes(GOOD)
    assert list_all(tmp_path, path, beside) == [("a.zip", "broken"), ("b.csv", GOOD)]


def test_a_file_name_in_a_wrong_encoding_is_shown_in_escapes(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / os.fsdecode(b"\xff.csv")).write_bytes(GOOD)
    assert list_all(tmp_path, folder) == [("home/\\udcff.csv", GOOD)]


def test_a_workbook_is_a_piece_and_no_archive(tmp_path: Path) -> None:
    for name in ("a.csv", "b.xlsx"):
        (tmp_path / name).write_bytes(workbook())
    found = list_all(tmp_path, tmp_path / "a.csv", tmp_path / "b.xlsx")
    assert [name for name, _ in found] == ["a.csv", "b.xlsx"]


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    assert list_all(tmp_path, tmp_path / "none.csv") == [("none.csv", "not_a_file")]


def test_a_member_keeps_its_date(tmp_path: Path) -> None:
    member = zipfile.ZipInfo("x.csv", (2026, 8, 1, 12, 0, 0))
    path = make_zip(tmp_path / "a.zip", lambda archive: archive.writestr(member, GOOD))
    temp = tmp_path / "temp"
    temp.mkdir()
    first = next(list_pieces([path], temp))
    assert datetime.fromtimestamp(first.path.stat().st_mtime, UTC).date().isoformat() == "2026-08-01"
