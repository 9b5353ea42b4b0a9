"""A damaged backup is refused, and the part that is damaged named."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from backline.errors import BadInput
from backline.storage.backup_archive import KIND, MANIFEST, Archive, ArchiveWriter, Manifest

LINES = [b"".join(b"%d\tsong %d\n" % (number, number * 7919) for number in range(2000))]


def make(path: Path) -> Manifest:
    with path.open("wb") as file:
        writer = ArchiveWriter(file, 1_790_000_000_000_000)
        writer.add_rows("backline_run", (("id", "int"), ("job", "text")), LINES)
        writer.add_rows(
            "backline_step",
            (("id", "int"), ("job", "text")),
            [b"%d\t%d\n" % (number, number**3) for number in range(5000)],
        )
        writer.add_file("anchors/1.json", [sha256(b"an anchor").hexdigest().encode()])
        manifest = Manifest("0001", "1.0", 1_790_000_000_000_000, "sqlite", None, parts=tuple(writer.parts))
        writer.finish(manifest)
    return manifest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    make(tmp_path / "b.zip")
    return tmp_path / "b.zip"


def read(path: Path) -> None:
    archive = Archive(path)
    try:
        archive.verify()
    finally:
        archive.close()


def list_places(path: Path) -> Iterator[tuple[str, int, int]]:
    """Name of each part, and where its packed bytes begin and end."""
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        ends = [info.header_offset for info in infos[1:]] + [archive.start_dir]
    for info, end in zip(infos, ends, strict=True):
        yield info.filename, info.header_offset, end


def test_what_was_written_is_read_again(path: Path) -> None:
    archive = Archive(path)
    first = archive.manifest.parts[0]
    assert (first.table, first.rows, first.bytes) == ("backline_run", 2000, len(LINES[0]))
    assert b"".join(archive.read(first)) == LINES[0]
    assert archive.manifest.rows == 7000
    read(path)


def test_a_bit_that_flipped_is_found_in_its_part(path: Path) -> None:
    whole = path.read_bytes()
    for name, begin, end in list(list_places(path)):
        for place in range(begin + 64 + len(name), end - 2, max(1, (end - begin) // 7)):
            damaged = bytearray(whole)
            damaged[place] ^= 0x10
            path.write_bytes(damaged)
            with pytest.raises(BadInput) as caught:
                read(path)
            assert name in str(caught.value), place


def test_a_bit_that_flipped_anywhere_changes_nothing_that_is_read(path: Path) -> None:
    """In a header it may be harmless; what is given out is right, or refused."""
    whole = path.read_bytes()
    headers = [place for _, begin, _ in list_places(path) for place in range(begin, begin + 60)]
    with zipfile.ZipFile(path) as archive:
        directory = range(archive.start_dir, len(whole))
    refused = 0
    for place in (*headers, *directory):
        damaged = bytearray(whole)
        damaged[place] ^= 0x04
        try:
            archive = Archive(_keep(path, damaged))
            archive.verify()
            assert b"".join(archive.read(archive.manifest.parts[0])) == LINES[0]
            archive.close()
        except BadInput:
            refused += 1
    assert refused > 100


def _keep(path: Path, data: bytearray) -> Path:
    path.write_bytes(data)
    return path


def test_a_cut_file_names_the_part_in_which_it_ends(path: Path) -> None:
    whole = path.read_bytes()
    for name, _, end in list(list_places(path)):
        path.write_bytes(whole[: end - 5])
        with pytest.raises(BadInput, match="cut in the part") as caught:
            read(path)
        assert name in str(caught.value)
    path.write_bytes(whole[:-10])
    with pytest.raises(BadInput, match=f"behind the part {MANIFEST}"):
        read(path)


def test_rows_and_digests_are_those_of_the_manifest(path: Path, tmp_path: Path) -> None:
    """Somebody packed it anew: the zip is right in itself."""
    for old, new, words in ((b"song 7919", b"song 7910", "SHA-256"), (b"", b"", "is not there")):
        out = BytesIO()
        with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w") as target:
            for name in source.namelist():
                if old or "step" not in name:
                    target.writestr(name, source.read(name).replace(old, new) if old else source.read(name))
        (tmp_path / "again.zip").write_bytes(out.getvalue())
        with pytest.raises(BadInput, match=words):
            read(tmp_path / "again.zip")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"kind": "else"}, "no backup of Backline"),
        ({"kind": KIND, "version": 99}, "form 99"),
        ({"kind": KIND, "version": 1}, MANIFEST),
        ([], MANIFEST),
    ],
)
def test_other_manifests_are_refused(tmp_path: Path, told: object, words: str) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr(MANIFEST, json.dumps(told))
    with pytest.raises(BadInput, match=words):
        Archive(tmp_path / "b.zip")


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(b"SQLite format 3\0" * 99)
    with pytest.raises(BadInput, match="no backup of Backline"):
        Archive(tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(BadInput, match=MANIFEST):
        Archive(tmp_path / "c.zip")
