"""The file of a backup: a zip with one part for each table and file, and a manifest that tells what each must be.

    tables/backline_run.copy …   rows as text; see backup_rows.py
    files/anchors/… …            what else was asked for
    manifest.json                schema, code, moment, head of the audit; of each part rows, bytes and SHA-256

It is written and read as a stream; no part is ever held in memory.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from backline.errors import BadInput
from backline.storage.backup_rows import Columns
from backline.storage.clock import from_micros

KIND, VERSION = "backline-backup", 1
MANIFEST = "manifest.json"
CHUNK = 1 << 20
LEVEL = 1  # of deflate: text of rows shrinks to a fifth, and more effort gains little
REMEDY = "Take another backup; `backline backup verify` tells which one is whole."
_LOCAL = struct.Struct("<4s5H3I2H")  # a part's header where the part begins
_WIDE = 0xFFFFFFFF  # its length stands behind the name
# What zipfile raises for bytes that are not as they were written.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    RuntimeError,
    KeyError,
    TypeError,
    AttributeError,
    struct.error,
    lzma.LZMAError,
)


@dataclass(frozen=True)
class Part:
    """One part: its name, length in bytes unpacked and digest; of a table also columns and rows."""

    name: str
    bytes: int
    sha256: str
    table: str | None = None
    columns: Columns = ()
    rows: int = 0


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. `made_at` is the moment of its snapshot in microseconds since 1970 UTC."""

    schema: str
    code_version: str
    made_at: int
    database: str
    head: Mapping[str, Any] | None  # of the audit: epoch, seq, hash, rows
    anchors: tuple[Mapping[str, Any], ...] = ()
    keys: bool = False
    left_out: tuple[str, ...] = ()  # tables beside ours
    parts: tuple[Part, ...] = field(default=())

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(part.rows for part in self.parts)

    @property
    def moment(self) -> datetime:
        """When it was made."""
        return from_micros(self.made_at)

    def find_files(self) -> list[Part]:
        """Parts that are no tables."""
        return [part for part in self.parts if part.table is None]


class ArchiveWriter:
    """Writes the parts one behind the other, and the manifest at the end."""

    def __init__(self, file: IO[bytes], made_at: int) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
        self._stamp = from_micros(made_at).timetuple()[:6]
        self.parts: list[Part] = []

    def add_rows(self, table: str, columns: Columns, blocks: Iterable[bytes]) -> None:
        """A table; each line of the blocks is a row."""
        name = f"tables/{table}.copy"
        size, digest, rows = self._write(name, blocks)
        self.parts.append(Part(name, size, digest, table, columns, rows))

    def add_file(self, name: str, blocks: Iterable[bytes]) -> None:
        """Anything else."""
        size, digest, _ = self._write(f"files/{name}", blocks)
        self.parts.append(Part(f"files/{name}", size, digest))

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest and the directory."""
        told = {"kind": KIND, "version": VERSION, "moment": manifest.moment.isoformat(), **asdict(manifest)}
        self._write(MANIFEST, [json.dumps(told, indent=1, ensure_ascii=False).encode()])
        self.close()

    def close(self) -> None:
        """Let go of the file, which is no backup yet where `finish` was not reached."""
        self._zip.close()

    def _write(self, name: str, blocks: Iterable[bytes]) -> tuple[int, str, int]:
        info = zipfile.ZipInfo(name, self._stamp)
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
        size, lines, digest = 0, 0, hashlib.sha256()
        with self._zip.open(info, "w", force_zip64=True) as part:
            for block in blocks:
                part.write(block)
                digest.update(block)
                size += len(block)
                lines += block.count(b"\n")
        return size, digest.hexdigest(), lines


class Archive:
    """A backup that is read. Raises `BadInput` naming the part that is damaged, or where the file was cut."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
            names = set(self._zip.namelist())
        except _DAMAGE as error:
            raise BadInput(f"{path} {_say_cut(path)}", remedy=REMEDY) from error
        if MANIFEST not in names:
            raise BadInput(f"{path} is no backup of Backline: it has no {MANIFEST}.", remedy=REMEDY)
        told = b"".join(self._read(MANIFEST))
        try:
            self.manifest = _read_manifest(path, json.loads(told))
        except _DAMAGE as error:
            raise self._tell(MANIFEST, "it cannot be read") from error
        for part in self.manifest.parts:
            if part.name not in names:
                raise self._tell(part.name, "it is not there")

    def read(self, part: Part) -> Iterator[bytes]:
        """The part in blocks; after the last one its digest and length are right, or `BadInput` is raised."""
        size, digest = 0, hashlib.sha256()
        for block in self._read(part.name):
            size += len(block)
            digest.update(block)
            yield block
        if (size, digest.hexdigest()) != (part.bytes, part.sha256):
            raise self._tell(part.name, "its SHA-256 is not that of the manifest")

    def verify(self) -> None:
        """Read every part once. Raises `BadInput` naming the first that is damaged."""
        for part in self.manifest.parts:
            lines = sum(block.count(b"\n") for block in self.read(part))
            if part.table is not None and lines != part.rows:
                raise self._tell(part.name, f"{lines} rows where the manifest tells {part.rows}")

    def close(self) -> None:
        """Give the file back."""
        self._zip.close()

    def _read(self, name: str) -> Iterator[bytes]:
        try:
            with self._zip.open(name) as part:
                while block := part.read(CHUNK):
                    yield block
        except (*_DAMAGE, OSError) as error:
            raise self._tell(name, str(error) or type(error).__name__) from error

    def _tell(self, name: str, why: str) -> BadInput:
        return BadInput(f"{self.path}: the part {name} is damaged: {why}.", remedy=REMEDY)


def _read_manifest(path: Path, told: Mapping[str, Any]) -> Manifest:
    if told.get("kind") != KIND:
        raise BadInput(f"{path} is no backup of Backline.", remedy=REMEDY)
    if told["version"] > VERSION:
        raise BadInput(
            f"{path} is a backup of form {told['version']}, which this code does not know.",
            remedy="Restore it with the newer Backline.",
        )
    parts = tuple(
        Part(**{**part, "columns": tuple((name, kind) for name, kind in part["columns"])})
        for part in told["parts"]
    )
    kept = {name: told[name] for name in Manifest.__dataclass_fields__ if name in told}
    lists = {"parts": parts, "anchors": tuple(told["anchors"]), "left_out": tuple(told["left_out"])}
    return Manifest(**{**kept, **lists})


def _say_cut(path: Path) -> str:
    """Which part is not there whole: the parts' own headers are gone through up to the end of the file."""
    end, place, name = path.stat().st_size, 0, None
    with path.open("rb") as file:
        while place + _LOCAL.size <= end:
            file.seek(place)
            mark, *numbers = _LOCAL.unpack(file.read(_LOCAL.size))
            if mark != b"PK\x03\x04":
                break
            packed, named, more = numbers[6], numbers[8], numbers[9]
            name = file.read(named).decode(errors="replace")
            extra = file.read(more)
            if packed == _WIDE and len(extra) >= 20:
                packed = struct.unpack_from("<Q", extra, 12)[0]
            place += _LOCAL.size + named + more + packed
            if place > end or (packed == 0 and len(extra) >= 4):
                return f"was cut in the part {name}."
    if name is None:
        return "is no backup of Backline."
    return f"was cut behind the part {name}, or its directory is damaged."
