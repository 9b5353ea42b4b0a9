"""Files that mean harm, each in a process of its own: refused or read, and never above 500 MB."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

LIMIT = 500 << 20
HEAD = b"date,artist,streams\n"
PROGRAM = """
import json, resource, sys, tempfile
from pathlib import Path
from backline.reports.format import Hints, NeedsMapping, Refused
from backline.reports.mapping import Mappings
from backline.reports.read import open_report
from backline.reports.unpack import UnpackLimits, list_pieces

outcomes = []
with tempfile.TemporaryDirectory() as temp:
    for piece in list_pieces([Path(sys.argv[1])], Path(temp), UnpackLimits(max_bytes=600 << 20)):
        try:
            if piece.refused:
                raise piece.refused
            reading = open_report(piece.path, piece.name, Hints(artist="A"), Mappings())
            rows = sum(block.num_rows for block in reading.blocks())
            outcomes.append("read")
        except NeedsMapping:
            outcomes.append("needs_mapping")
        except Refused as refusal:
            assert refusal.remedy
            outcomes.append(refusal.kind)
status = Path("/proc/self/status")
if status.exists():  # what getrusage says on Linux begins with the parent's size
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    peak = int(line.split()[1]) * 1024
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"outcomes": outcomes, "peak": peak}))
"""


def repeat(path: Path, head: bytes, piece: bytes, megabytes: int) -> None:
    """A file of one piece, again and again."""
    chunk = piece * max(1, (1 << 20) // len(piece))
    with path.open("wb") as file:
        file.write(head)
        for _ in range(megabytes):
            file.write(chunk)


def write_zip(path: Path) -> None:
    """A few megabytes that are more than may be unpacked, and than memory may grow to."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("bomb.csv", "w", force_zip64=True) as file:
            for _ in range(601):
                file.write(b"x" * (1 << 20))
        archive.writestr("good.csv", HEAD + b"2026-08-01,A,5\n")


def write_parquet(
    path: Path, artist: Callable[[int], pa.Array], count: int = 1_000_000, **options: object
) -> None:
    """A table whose artists weigh."""
    table = pa.table(
        {"date": pa.repeat("2026-08-01", count), "artist": artist(count), "streams": pa.repeat(5, count)}
    )
    pq.write_table(table, path, compression="zstd", row_group_size=count, **options)


def weigh_words(count: int, weight: int = 1 << 20) -> pa.Array:
    """Twenty words of some weight, one of them in every row."""
    words = pa.array([letter * weight for letter in "abcdefghijklmnopqrst"])
    return pa.DictionaryArray.from_arrays(pa.array([row % 20 for row in range(count)], pa.int32()), words)


def write_distinct(path: Path) -> None:
    """A row group of many different words."""
    count = 600_000
    table = pa.table(
        {
            "date": pa.repeat("2026-08-01", count),
            "artist": pa.array([f"artist number {number:060d}" for number in range(count)]),
            "streams": pa.repeat(5, count),
        }
    )
    pq.write_table(table, path, compression="zstd", row_group_size=count)


CASES: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "endless_line.csv": (lambda path: repeat(path, HEAD, b"x", 150), ["endless_line"]),
    "endless_first_line.csv": (
        lambda path: repeat(path, b"", b"a,", 150),
        ["not_a_table", "endless_line", "needs_mapping"],
    ),
    "endless_line_utf16.csv": (
        lambda path: repeat(path, HEAD.decode().encode("utf-16"), "\u0a41".encode("utf-16-le"), 150),
        ["endless_line"],
    ),
    "nuls.csv": (lambda path: repeat(path, HEAD, b"\0", 150), ["binary"]),
    "open_quote.csv": (lambda path: repeat(path, HEAD + b'"', b"2026-08-01,A,5\n", 40), ["giant_cell"]),
    "no_end.csv": (lambda path: repeat(path, HEAD, b'"\n",', 40), ["giant_row"]),
    "commas.csv": (lambda path: repeat(path, HEAD, b"," * 120_000 + b"x\n", 20), ["nothing_usable"]),
    "newlines.csv": (lambda path: repeat(path, HEAD, b"\n", 8), ["empty"]),
    "short_rows.csv": (lambda path: repeat(path, HEAD, b"1\n", 2), ["nothing_usable"]),
    "quoted_short_rows.csv": (lambda path: repeat(path, HEAD, b'"1"\n', 3), ["nothing_usable"]),
    "bad_rows.csv": (lambda path: repeat(path, HEAD, b"a,b,c\n", 3), ["nothing_usable"]),
    "long_names.csv": (
        lambda path: repeat(path, HEAD, b"2026-08-01," + b"x" * 100_000 + b",5\n", 40),
        ["nothing_usable"],
    ),
    "bomb.zip": (write_zip, ["too_large", "read"]),
    "giant_page.parquet": (
        lambda path: write_parquet(
            path, lambda count: pa.repeat("A" * (64 << 20), count), 2, use_dictionary=False
        ),
        ["giant_page"],
    ),
    "giant_words.parquet": (lambda path: write_parquet(path, weigh_words), ["giant_cell"]),
    "long_words.parquet": (
        lambda path: write_parquet(path, lambda count: weigh_words(count, 100_000), 20_000),
        ["nothing_usable"],
    ),
    "distinct_words.parquet": (write_distinct, ["read"]),
}


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Where the file lies; a large file is not left behind."""
    path = tmp_path / request.param
    CASES[path.name][0](path)
    yield path
    path.unlink()


@pytest.mark.parametrize("place", sorted(CASES), indirect=True)
def test_memory_stays_bounded(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(place)], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    print(place.name, told["outcomes"], told["peak"] >> 20)
    expected = CASES[place.name][1]
    if len(told["outcomes"]) == 1:
        assert told["outcomes"][0] in expected
    else:
        assert told["outcomes"] == expected
    assert told["peak"] < LIMIT
