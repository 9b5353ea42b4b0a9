"""Paths in, pieces out: files as they lie, folders to their last file, the members of zip archives.

Of a folder and of an archive the oldest is read first, by its date of change: of two issues of one thing the
later one counts, whatever their names.

A member is unpacked into a folder that the caller removes, and counted while it flows: what a zip says of
its sizes is not believed. A piece that is refused says so; the next one goes on.
"""

from __future__ import annotations

import contextlib
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

from backline.disk import read_age
from backline.reports.format import Refused

_CHUNK: Final = 1 << 20
_MOST_DIRECTORY: Final = 64 << 20
_END = b"PK\x05\x06"
_JUNK: Final = ("__MACOSX/", "__macosx/")
_JUNK_NAMES: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """How much one archive may unpack to."""

    max_bytes: int = 2 << 30  # of all members together
    max_members: int = 10_000


@dataclass(frozen=True, slots=True)
class Piece:
    """One file to read. `name` is for people ("a.zip/x.csv"); where `refused` is set there is no file."""

    path: Path
    name: str
    refused: Refused | None = None


def list_pieces(paths: Sequence[Path], temp: Path, limits: UnpackLimits | None = None) -> Iterator[Piece]:
    """Every file of the paths, in their order. A zip's member lies in `temp` until the next piece is asked for."""
    for path in paths:
        if path.is_dir():
            for inner in sorted(_walk(path), key=read_age):
                yield from _open(inner, inner.relative_to(path.parent), temp, limits or UnpackLimits())
        else:
            yield from _open(path, Path(path.name), temp, limits or UnpackLimits())


def _walk(folder: Path) -> Iterator[Path]:
    """Files below a folder; hidden ones and links that lead elsewhere are left out."""
    for path in folder.iterdir():
        if path.name.startswith((".", "~")) or path.name.lower() in _JUNK_NAMES or path.is_symlink():
            continue
        if path.is_dir():
            yield from _walk(path)
        elif path.is_file():
            yield path


def _open(path: Path, shown: Path, temp: Path, limits: UnpackLimits) -> Iterator[Piece]:
    name = str(shown).encode(errors="backslashreplace").decode()  # a name on the disk need not be UTF-8
    if not path.is_file():
        words = f"{name} is not a file."
        yield Piece(path, name, Refused("not_a_file", words, "Name files, folders or zip archives."))
        return
    try:
        archive = _open_archive(path, name)
    except Refused as refusal:
        yield Piece(path, name, refusal)
        return
    except OSError as error:
        words = f"{name} cannot be read: {error.strerror}."
        yield Piece(path, name, Refused("unreadable", words, "Look at its permissions."))
        return
    if archive is None:
        yield Piece(path, name)
        return
    with archive:
        yield from _unpack_members(archive, path, name, temp, limits)


def _open_archive(path: Path, name: str) -> zipfile.ZipFile | None:
    """The archive where the bytes are a zip's, and not those of an Office document, which is a zip as well."""
    with path.open("rb") as file:
        if file.read(4) not in (b"PK\x03\x04", _END):
            return None
    if path.suffix.lower() in (".xlsx", ".xlsm", ".ods", ".docx", ".numbers"):
        return None
    check_directory(path, name)
    try:
        archive = zipfile.ZipFile(path)
    except (
        zipfile.BadZipFile,
        NotImplementedError,  # zipfile's word for a format version that it lacks
        ValueError,  # a name in a wrong encoding
        OSError,  # an offset that lies
    ) as error:
        words = f"{name} is not a readable zip archive."
        raise Refused("broken", words, "Pack it anew, or unpack it and import the folder.") from error
    if not {"[Content_Types].xml", "mimetype"}.isdisjoint(archive.namelist()):
        archive.close()
        return None
    return archive


def check_directory(path: Path, name: str) -> None:
    """The list of members is read as a whole: it must not be a bomb itself. Raises `Refused`."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - (1 << 16) - 22))
        tail = file.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) < place + 22:
        raise Refused("broken", f"{name} is a zip archive that breaks off.", "Download it again.")
    length = int.from_bytes(tail[place + 12 : place + 16], "little")
    if length > _MOST_DIRECTORY:
        raise Refused(
            "too_many_members", f"{name} lists too many members.", "Unpack it and import the folder."
        )


def _unpack_members(
    archive: zipfile.ZipFile, path: Path, name: str, temp: Path, limits: UnpackLimits
) -> Iterator[Piece]:
    members = [item for item in archive.infolist() if not _is_junk(item)]
    members.sort(key=lambda item: item.date_time)  # of one age: as they lie in the archive
    if len(members) > limits.max_members:
        words = f"{name} holds {len(members):,} files; {limits.max_members:,} may be read at once."
        yield Piece(path, name, Refused("too_many_members", words, "Unpack it and import the folder."))
        return
    if not members:
        yield Piece(path, name, Refused("empty", f"{name} holds no files.", "Look at the download."))
        return
    taken: set[str] = set()
    left = limits.max_bytes
    for number, member in enumerate(members):
        shown = f"{name}/{member.filename[:300]}"
        target = temp / f"member-{number}"
        try:
            _check_member(member, shown, taken, left)
            left -= _write_member(archive, member, shown, target, left)
        except Refused as refusal:
            target.unlink(missing_ok=True)
            yield Piece(path, shown, refusal)
            continue
        _keep_time(target, member)
        yield Piece(target, shown)
        target.unlink(missing_ok=True)


def _keep_time(target: Path, member: zipfile.ZipInfo) -> None:
    """The date of the file in the archive: it may be all that tells up to which day a report goes."""
    with contextlib.suppress(ValueError, OSError, OverflowError):
        moment = datetime(*member.date_time, tzinfo=UTC).timestamp()
        os.utime(target, (moment, moment))


def _is_junk(member: zipfile.ZipInfo) -> bool:
    place = PurePosixPath(member.filename)
    return member.is_dir() or member.filename.startswith(_JUNK) or place.name.lower() in _JUNK_NAMES


def _check_member(member: zipfile.ZipInfo, shown: str, taken: set[str], left: int) -> None:
    written = member.orig_filename.replace("\\", "/")
    place = PurePosixPath(written)
    if (
        place.is_absolute()
        or ".." in place.parts
        or (len(written) > 1 and written[1] == ":")
        or "\0" in written
    ):
        raise Refused("unsafe_path", f"{shown} points outside the archive.", "Pack the archive anew.")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise Refused("unsafe_path", f"{shown} is a link or a device, not a file.", "Pack the file itself.")
    if member.flag_bits & 0x1:
        raise Refused("encrypted", f"{shown} is encrypted.", "Unpack the archive with its password first.")
    if written in taken:
        raise Refused("duplicate_name", f"{shown} is in the archive twice.", "Pack the archive anew.")
    taken.add(written)
    if member.file_size > left:
        raise _too_large(shown)


def _too_large(shown: str) -> Refused:
    return Refused(
        "too_large",
        f"{shown} is too large for what one archive may unpack to.",
        "Unpack it yourself and import the file, or raise reports.max_unpacked_mb in the settings.",
    )


def _write_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, shown: str, target: Path, left: int
) -> int:
    """Unpack one member; returns how many bytes it has."""
    size = 0
    try:
        with archive.open(member) as source, target.open("wb") as file:
            while chunk := source.read(_CHUNK):
                if not size and chunk.startswith(b"PK\x03\x04"):
                    raise Refused(
                        "nested_archive",
                        f"{shown} is itself an archive or an Office document.",
                        "Unpack it first; save a workbook as CSV.",
                    )
                size += len(chunk)
                if size > left:
                    raise _too_large(shown)
                file.write(chunk)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,  # zipfile's word for a compression method that it lacks
        RuntimeError,
        OSError,
        ValueError,
    ) as error:
        words = f"{shown} cannot be unpacked: {str(error)[:200]}"
        raise Refused("broken", words, "Download the archive again.") from error
    return size
