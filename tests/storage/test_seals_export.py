"""What is exported can be verified without the database, whole or in part; what was changed in the file is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backline.errors import BadInput
from backline.storage.database import Database
from backline.storage.seals_epochs import begin_epoch
from backline.storage.seals_export import open_export, write_lines
from backline.storage.seals_verify import ChainCheck, Finding
from tests.storage.chains import read_points, seal, tamper, tell

Change = Callable[[list[dict[str, Any]]], None]


@pytest.fixture
def told(database: Database) -> Database:
    tell(database, *"abcd")
    seal(database)
    with database.write() as connection:
        begin_epoch(connection, "month")
    tell(database, "e")
    seal(database)
    tell(database, "late")
    tamper(database, "UPDATE backline_audit SET at = 5 WHERE object = 'late'")
    return database


def write(database: Database, path: Path, **span: int | None) -> Path:
    with database.read() as connection:
        path.write_text("".join(line + "\n" for line in write_lines(connection, **span)), encoding="utf-8")
    return path


def verify(path: Path, points: dict[tuple[int, int], bytes] | None = None) -> list[Finding]:
    export = open_export(path)
    return list(ChainCheck(export.epochs, export.drops, points or {}, whole=export.whole).run(export.seals()))


def change(path: Path, how: Change) -> None:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    how(lines)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_a_whole_export_is_clean_and_says_what_is_not_sealed(told: Database, tmp_path: Path) -> None:
    path = write(told, tmp_path / "e.jsonl")
    kinds = [json.loads(line)["kind"] for line in path.read_text().splitlines()]
    assert kinds == ["chain", "epoch", "epoch", *["row"] * 6, "unsealed", "end"]
    assert verify(path, read_points(told)) == []


def test_a_part_is_clean_too(told: Database, tmp_path: Path) -> None:
    with told.read() as connection:
        moments = [
            json.loads(line)["row"]["at"] for line in write_lines(connection) if '"kind":"row"' in line
        ]
    path = write(told, tmp_path / "part.jsonl", since=moments[1], until=moments[-1] + 1)
    export = open_export(path)
    assert not export.whole
    assert verify(path, read_points(told)) == []
    nothing = write(told, tmp_path / "nothing.jsonl", since=1, until=2)
    assert verify(nothing, read_points(told)) == []


def test_changes_in_the_file_are_named(told: Database, tmp_path: Path) -> None:
    def find(how: Change) -> list[tuple[str, int | None]]:
        path = write(told, tmp_path / "e.jsonl")
        change(path, how)
        return [(finding.kind, finding.audit_id) for finding in verify(path)]

    def remove(lines: list[dict[str, Any]]) -> None:
        del lines[4]
        lines[-1]["rows"] -= 1

    assert find(lambda lines: lines[4]["row"].update(actor="bob")) == [("changed_row", 2)]
    assert find(lambda lines: lines[4].update(row=None)) == [("removed_row", 2)]
    assert find(remove)[0][0] == "removed_seals"
    assert find(lambda lines: lines[1].update(why="other")) == [("changed_epoch", None)]


def test_a_file_that_was_cut_is_refused(told: Database, tmp_path: Path) -> None:
    path = write(told, tmp_path / "e.jsonl")
    change(path, lambda lines: lines.pop())
    with pytest.raises(BadInput, match="was cut"):
        verify(path)


@pytest.mark.parametrize("text", ["", "{}\n", "nonsense\n", '{"kind":"row"}\n', "\xff"])
def test_what_is_no_export_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInput):
        verify(path)


def test_a_bad_line_is_named(told: Database, tmp_path: Path) -> None:
    path = write(told, tmp_path / "e.jsonl")
    change(path, lambda lines: lines[4].update(hash="zz"))
    with pytest.raises(BadInput, match="line 5"):
        verify(path)
