"""`backline import`: files in, lines out, exit codes; list, show, undo; drafts of mappings."""

from __future__ import annotations

from pathlib import Path

import pytest

from backline.cli.exits import BAD_INPUT, FINE, NEEDS_PERSON
from backline.cli.screen import Screen
from backline.runtime.task import INTERACTIVE
from tests.cli.conftest import Call

TABLE = "date,artist,streams\n2026-01-01,Ann,5\n2026-01-02,Ann,7\n"
ODD = "Tag;Wer;Wie oft\n2026-01-01;Ann;5\n"
MAPPING = '[columns]\ndate = "Tag"\nartist = "Wer"\nstreams = "Wie oft"\n'


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A small table."""
    path = tmp_path / "x.csv"
    path.write_text(TABLE)
    return path


def test_one_line_per_file(call: Call, table: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.csv"
    page.write_text("<html></html>")
    result = call("import", table, page, "--json")
    assert result.code == NEEDS_PERSON
    assert [(line["file"], line["outcome"]) for line in result.lines] == [
        ("x.csv", "accepted"),
        ("page.csv", "rejected"),
    ]
    assert list(result.lines[0]) == [
        "file", "format", "outcome", "import_id", "rows", "rejected", "totals", "days", "remedy",
    ]  # fmt: skip


def test_again_is_unchanged_and_fine(call: Call, table: Path) -> None:
    first = call("import", table, "--json")
    again = call("import", table, "--json")
    assert (first.code, again.code, again.one["outcome"]) == (FINE, FINE, "unchanged")
    assert again.one["import_id"] == first.one["import_id"]


def test_imports_and_undos_of_a_person_go_before_batch(call: Call, table: Path) -> None:
    first = call("import", table, "--json").one
    call("import", "undo", first["import_id"])
    rows = call("runs", "list", "--json").lines
    assert [row["priority"] for row in rows] == [INTERACTIVE, INTERACTIVE]


def test_a_real_process_imports(program: Call, table: Path) -> None:
    result = program("import", str(table), "--artist", "Ann", "--json")
    assert (result.code, result.err, result.one["totals"]["units"]) == (FINE, "", 12)


def test_an_ambiguous_amount_is_read_as_a_person_says(call: Call, table: Path) -> None:
    table.write_text('date,artist,currency,revenue\n2026-01-01,Ann,EUR,"1,234"\n')
    refused = call("import", table)
    assert refused.code == NEEDS_PERSON and "--number-form" in refused.out
    for form, amount in (("1,200.5", "1234.00"), ("1.200,5", "1.234")):
        result = call("import", table, "--number-form", form, "--json")
        assert (result.one["outcome"], result.one["totals"]["money"]) == ("accepted", {"EUR": amount})
    wrong = call("import", table, "--number-form", "1;5")
    assert wrong.code == BAD_INPUT and "number_form" in wrong.err and "1.200,5" in wrong.err


def test_words_for_people(call: Call, table: Path) -> None:
    table.write_text(TABLE + "soon,Ann,1\n")
    out = call("import", table).out
    assert "accepted" in out and "2026-01-01 – 2026-01-02 (2)" in out and "  4: " in out


def test_missing_path_and_missing_mapping(call: Call, table: Path, tmp_path: Path) -> None:
    for arguments in (["nowhere.csv"], [table, "--map", tmp_path / "nowhere.toml"]):
        result = call("import", *arguments)
        assert result.code == BAD_INPUT and "nowhere" in result.err
    (tmp_path / "latin.toml").write_bytes(b"# \xe9")
    assert "not UTF-8" in call("import", table, "--map", tmp_path / "latin.toml").err


def test_a_mistyped_mapping_leaves_no_run_behind(call: Call, table: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("colums = 1")
    result = call("import", table, "--map", wrong)
    assert result.code == BAD_INPUT and "colums" in result.err
    assert call("runs", "list", "--json").out == ""


def test_draft_is_written_completed_and_used(call: Call, tmp_path: Path) -> None:
    odd, draft = tmp_path / "odd.csv", tmp_path / "draft.toml"
    odd.write_text(ODD)
    result = call("import", odd)
    assert result.code == NEEDS_PERSON and "--draft-map" in result.out
    result = call("import", odd, "--draft-map", draft, "--json")
    assert (result.code, result.one["outcome"]) == (NEEDS_PERSON, "needs_mapping")
    assert "[columns]" in draft.read_text() and "draft" not in result.one
    assert "exists already" in call("import", odd, "--draft-map", draft).err
    assert "one of the two" in call("import", odd, "--draft-map", tmp_path / "new", "--map", draft).err
    draft.write_text(MAPPING)
    result = call("import", odd, "--map", draft, "--json")
    assert (result.code, result.one["format"]) == (FINE, "mapped")
    odd.write_text(ODD.replace("2026-01-01", "2026-01-05"))
    assert call("import", odd, "--json").one["outcome"] == "accepted"  # the mapping is remembered


def test_list_show_and_undo(call: Call, table: Path) -> None:
    assert "Nothing imported yet." in call("import", "list").out
    import_id = call("import", table, "--json").one["import_id"]
    listed = call("import", "list", "--json").one
    assert (listed["id"], listed["report"], listed["undone_at"]) == (import_id, "table", None)
    shown = call("import", "show", import_id[:-2], "--json").one
    assert (shown["id"], shown["claims"], shown["rejected"]) == (import_id, {"brought": 2, "current": 2}, [])
    undone = call("import", "undo", import_id, "--json").one
    assert (undone["import_id"], undone["restored"], undone["removed"]) == (import_id, 0, 2)
    shown = call("import", "show", import_id, "--json").one
    assert (shown["claims"]["current"], shown["undone_by"]) == (0, "tester")
    assert import_id in call("import", "list").out
    again = call("import", "undo", import_id)
    assert again.code == BAD_INPUT and "taken back before" in again.err
    assert call("import", "show", "imp_nope").code == BAD_INPUT


def test_show_and_undo_count_alike_what_said_the_same_again(call: Call, table: Path) -> None:
    call("import", table)
    table.write_text(TABLE.replace("\n", "\r\n"))  # other bytes, the same numbers
    import_id = call("import", table, "--json").one["import_id"]
    assert call("import", "show", import_id, "--json").one["claims"] == {"brought": 2, "current": 2}
    undone = call("import", "undo", import_id, "--json").one
    assert (undone["restored"], undone["removed"], undone["kept"]) == (0, 0, 2)


def test_undo_in_words(call: Call, table: Path) -> None:
    import_id = call("import", table, "--json").one["import_id"]
    out = call("import", "undo", import_id).out
    assert import_id in out and "2 count no more" in out


def test_file_called_like_a_command(call: Call, tmp_path: Path) -> None:
    (tmp_path / "list").write_text(TABLE)
    assert call("import", "./list", "--json").one["outcome"] == "accepted"


def test_an_empty_path_is_not_the_current_folder(call: Call, tmp_path: Path) -> None:
    (tmp_path / "Band-audience-timeline.csv").write_text(
        "date,listeners,streams,followers\n2026-08-30,1,2,3\n"
    )
    result = call("import", "")
    assert (result.code, result.out) == (2, "")
    assert "empty" in result.err
    assert call("import", "list", "--json").lines == []


def test_on_a_terminal_the_ids_are_short_and_taken(
    call: Call, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = call("import", table, "--json").one["import_id"]
    monkeypatch.setattr(Screen, "is_terminal", True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    short = call("import", "list").out.splitlines()[2].split()[0]
    assert whole.startswith(short) and len(short) < len(whole)
    assert call("import", "show", short, "--json").one["id"] == whole


def test_the_usage_has_no_gap(call: Call) -> None:
    assert "backline import [OPTIONS]" in call("import", "--help").out
