"""What a file is, told by its bytes and never by its name: text and its encoding, Parquet, or refused."""

from __future__ import annotations

import codecs
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

from backline.reports.format import Refused
from backline.reports.unpack import check_directory

CHUNK: Final = 1 << 20
_HEAD: Final = 4096
_EXPORT = "Export the table as CSV (UTF-8) and import that."
_MAGIC: Final = (
    (b"PK\x03\x04", "an XLSX workbook or a zip archive", f"Excel: {_EXPORT} Zip: name it .zip."),
    (b"PK\x05\x06", "an empty zip archive", "Look at the download."),
    (b"\x1f\x8b", "compressed with gzip", "Unpack it first (gunzip) and import what comes out."),
    (b"BZh", "compressed with bzip2", "Unpack it first and import what comes out."),
    (b"\xfd7zXZ\x00", "compressed with xz", "Unpack it first and import what comes out."),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Unpack it first and import what comes out."),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it first and import what comes out."),
    (b"Rar!", "a RAR archive", "Unpack it first and import what comes out."),
    (b"\xd0\xcf\x11\xe0", "an old Office file (XLS)", _EXPORT),
    (b"%PDF", "a PDF document", "Ask the portal for its CSV export and import that."),
    (b"\x89PNG", "a picture (PNG)", "Import the table itself, not a picture of it."),
    (b"\xff\xd8\xff", "a picture (JPEG)", "Import the table itself, not a picture of it."),
    (b"GIF8", "a picture (GIF)", "Import the table itself, not a picture of it."),
    (b"RIFF", "a picture or a sound (RIFF)", "Import the table itself."),
    (b"II*\x00", "a picture (TIFF)", "Import the table itself, not a picture of it."),
    (b"MM\x00*", "a picture (TIFF)", "Import the table itself, not a picture of it."),
    (b"SQLite format 3", "an SQLite database", _EXPORT),
    (b"ARROW1", "an Arrow file", "Write it as Parquet or CSV."),
    (b"\x7fELF", "a program", "Look at the download."),
)
_MARKUP = re.compile(r"<(?:!doctype\s+html|html|head|body|table|script|meta|\?xml|svg|!--)", re.IGNORECASE)
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class TextContent:
    """A text: how it is encoded, and whether a quote stands anywhere in it."""

    encoding: str
    has_quotes: bool


def is_workbook(path: Path, name: str) -> bool:
    """Whether the bytes are those of an XLSX workbook, as far as its list of members tells. Reads no member."""
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            return False
    check_directory(path, name)
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (
        zipfile.BadZipFile,
        NotImplementedError,  # zipfile's word for a format version that it lacks
        ValueError,  # a name in a wrong encoding
        OSError,  # an offset that lies
    ):
        return False


def is_json_list(path: Path) -> bool:
    """Whether a text begins as a list of JSON objects."""
    with path.open("rb") as file:
        head = file.read(_HEAD).removeprefix(codecs.BOM_UTF8).lstrip()
    return head.startswith(b"[") and head[1:].lstrip().startswith(b"{")


def refuse_content(path: Path, name: str) -> NoReturn:
    """Refuse a file by what it is. For what may be read where its columns are known, and they are not."""
    with path.open("rb") as file:
        _refuse_magic(file.read(_HEAD), name)
    raise Refused("json", f"{name} is JSON, not a table.", _EXPORT)


def tell_content(path: Path, name: str) -> TextContent | None:
    """What kind of text a file is, None: Parquet. Reads a text to its end, in pieces. Raises `Refused`."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if not head.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
            raise Refused("empty", f"{name} is empty.", "Download the report again.")
        if head.startswith(b"PAR1"):
            return None
        _refuse_magic(head, name)
        wide = _tell_wide(head)
        file.seek(0)
        content = TextContent(wide, has_quotes=True) if wide else _tell_narrow(file, name)
    text = head.decode(content.encoding, errors="ignore").lstrip("\ufeff \t\r\n")
    if _MARKUP.match(text):
        raise Refused(
            "html",
            f"{name} is a web page or XML, not a table.",
            "The portal probably answered with its sign-in page: sign in and download the report again.",
        )
    if text.startswith(("{", "[{", "[ {", "[\n")):
        refuse_content(path, name)
    return content


def _refuse_magic(head: bytes, name: str) -> None:
    for magic, words, remedy in _MAGIC:
        if head.startswith(magic):
            raise Refused("not_a_table", f"{name} is {words}, not a table.", remedy)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise Refused("encoding", f"{name} is written in UTF-32.", "Save it as UTF-8.")


def _tell_wide(head: bytes) -> str | None:
    """UTF-16 by its mark, or by the zeros that every second byte of a Latin text is."""
    for bom, encoding in _BOMS[1:]:
        if head.startswith(bom):
            return encoding
    half = max(1, len(head) // 2)
    even, odd = head[0::2].count(0) / half, head[1::2].count(0) / half
    if odd > 0.4 and even < 0.1:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.1 else None


def _tell_narrow(file: BinaryIO, name: str) -> TextContent:
    """UTF-8 where the whole file is; else Windows-1252, or Latin-1 where its gaps are used."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    narrow, windows, has_quotes = True, True, False
    start = file.read(3)
    file.seek(0)
    while chunk := file.read(CHUNK):
        _refuse_binary(chunk, name)
        has_quotes = has_quotes or b'"' in chunk
        if narrow:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                narrow = False
        if windows and chunk.translate(None, b"\x81\x8d\x8f\x90\x9d") != chunk:
            windows = False
    if narrow and not _has_rest(decoder):
        return TextContent("utf-8-sig" if start == codecs.BOM_UTF8 else "utf-8", has_quotes)
    return TextContent("cp1252" if windows else "latin-1", has_quotes)


def _has_rest(decoder: codecs.IncrementalDecoder) -> bool:
    """Whether the text breaks off inside a character."""
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return True
    return False


_CONTROLS = bytes(set(range(1, 32)) - set(b"\t\n\r\x0b\x0c\x1a\x1b"))


def _refuse_binary(chunk: bytes, name: str) -> None:
    controls = len(chunk) - len(chunk.translate(None, _CONTROLS))
    if b"\x00" in chunk or controls > len(chunk) // 100:
        raise Refused("binary", f"{name} holds bytes that no text has.", _EXPORT)
