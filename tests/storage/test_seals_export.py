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
    fill(database)
    return database


def fill(database: Database) -> None:
    tell(database, *"abcd")
    seal(database)
    with database.write() as connection:
        begin_epoch(connection, "month")
    tell(database, "e")
    seal(database)
    tell(database, "late")
    tamper(database, "UPDATE backline_audit SET at = 5 WHERE object = 'late'")


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


def add(line: dict[str, Any], place: int = -1) -> Change:
    return lambda lines: lines.insert(place if place >= 0 else len(lines) + 1 + place, line)


ROW = {"id": 99, "at": 5, "actor": "eve", "action": "a", "object": "o", "body": "{}"}
ODD: dict[str, Change] = {
    "an unknown field of a row": lambda lines: lines[4]["row"].update(note="x"),
    "an unknown field of a seal": lambda lines: lines[4].update(note="x"),
    "an unknown field of an epoch": lambda lines: lines[1].update(note="x"),
    "an unknown field of the top": lambda lines: lines[0].update(note="x"),
    "an unknown field of the end": lambda lines: lines[-1].update(note="x"),
    "an unknown field of a row that is not sealed": lambda lines: lines[-2]["row"].update(note="x"),
    "a list for a value": lambda lines: lines[4]["row"].update(body=["x"]),
    "a row that is a list": lambda lines: lines[4].update(row=["x"]),
    "a number that is a text": lambda lines: lines[4].update(seq="2"),
    "an audit id that is a text": lambda lines: lines[4].update(audit_id="2"),
    "a field of an epoch that is a list": lambda lines: lines[1].update(audit_id=[]),
    "half a letter": lambda lines: lines[4]["row"].update(actor="\ud800"),
    "another version": lambda lines: lines[0].update(version=2),
    "whole, said by a number": lambda lines: lines[0].update(whole=1),
    "another kind": add({"kind": "remark"}, 4),
    "a late epoch": lambda lines: lines.insert(5, lines[1]),
    "a second top": lambda lines: lines.insert(1, lines[0]),
    "a line behind the end": add({"kind": "unsealed", "row": ROW}),
    "more rows that are not sealed": add({"kind": "unsealed", "row": ROW}, 9),
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> str:
    """The lines of an export."""
    path = tmp_path_factory.mktemp("export") / "backline.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    fill(database)
    text = write(database, path.with_suffix(".jsonl")).read_text()
    database.close()
    return text


@pytest.mark.parametrize("how", ODD.values(), ids=ODD)
def test_what_no_hash_answers_for_is_refused(exported: str, tmp_path: Path, how: Change) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(exported)
    assert verify(path) == []
    change(path, how)
    with pytest.raises(BadInput, match=r"not a line of an export|was cut"):
        verify(path)


@pytest.mark.parametrize("line", ['{"kind":"row","kind":"row"}', "[" * 99_999, '"row"', "[]", "7"])
def test_lines_that_are_no_object_or_tell_a_name_twice(exported: str, tmp_path: Path, line: str) -> None:
    path = tmp_path / "e.jsonl"
    lines = exported.splitlines()
    path.write_text("\n".join([*lines[:4], line, *lines[4:]]) + "\n")
    with pytest.raises(BadInput, match="line 5"):
        verify(path)


def test_odd_rows_come_back_as_they_were_sealed(
    make_database_url: Callable[[str], str], tmp_path: Path
) -> None:
    database = Database(make_database_url("sqlite"))
    tell(database, "a")
    odd = "INSERT INTO backline_audit (at, actor, action, object, body) VALUES (5, 'a', 'a', 'o', "
    tamper(database, f"{odd}x'ff00')", f"{odd}CAST(x'c328' AS TEXT))", f"{odd}1.5)")
    seal(database)
    tamper(database, f"{odd}x'ee')", f"{odd}CAST(x'ff' AS TEXT))")
    path = write(database, tmp_path / "e.jsonl")
    database.close()
    assert verify(path) == []
    assert '{"blob":"ff00"}' in path.read_text(encoding="utf-8")
    assert '{"blob":"ee"}' in path.read_text(encoding="utf-8")
    change(path, lambda lines: lines[3]["row"].update(body={"blob": "ff01"}))
    assert [(finding.kind, finding.audit_id) for finding in verify(path)] == [("changed_row", 2)]


def test_a_bad_line_is_named(told: Database, tmp_path: Path) -> None:
    path = write(told, tmp_path / "e.jsonl")
    change(path, lambda lines: lines[4].update(hash="zz"))
    with pytest.raises(BadInput, match="line 5"):
        verify(path)


def test_a_seal_that_names_another_row_is_told(told: Database, tmp_path: Path) -> None:
    path = write(told, tmp_path / "e.jsonl")
    change(path, lambda lines: lines[4].update(audit_id=77))
    assert [(finding.kind, finding.audit_id) for finding in verify(path)] == [("changed_seal", 77)]
