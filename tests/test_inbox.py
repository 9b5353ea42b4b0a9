"""The watched folder with real runs: taken when still, moved when done, repaired after a crash."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from backline.errors import BadInput
from backline.inbox import Inbox, advise_by_hand, explain_files, move_without_overwriting, name_key
from backline.runtime.run import run_here
from backline.runtime.task import Answer, Job, task
from backline.settings import load_settings
from backline.storage.runs import list_runs
from backline.wiring import House

REMEDIES = {"bad": "Mend it.", "ask": "Say it: --artist NAME."}


class Paths(Job):
    """What the import is asked for."""

    paths: list[str]


class Files(Answer):
    """What it answers, as far as the inbox reads it."""

    files: list[dict[str, object]]


@task("report_import.import_reports", version=1)
def import_reports(job: Paths) -> Files:
    """Stands in for the import: what a file is called decides its outcome.

    [fr]
    Remplace l'import.

    [de]
    Steht für den Import.
    """
    name = Path(job.paths[0]).name
    if name.startswith("crash"):
        raise RuntimeError("bug")
    if name.startswith("broken"):
        raise BadInput("That cannot be read.")
    outcome = "rejected" if name.startswith(("bad", "asks")) else "accepted"
    rejected = [{"line": number, "kind": "bad_number", "reason": "no number"} for number in range(30)]
    line = {"file": name, "outcome": outcome, "remedy": REMEDIES.get(name[:3])}
    return Files(files=[{**line, "rejected": rejected if outcome == "rejected" else []}])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house whose only task is the stand-in."""
    made = House(
        load_settings({"BACKLINE_STATE": str(tmp_path / "state")}).settings,
        {import_reports.name: import_reports},
    )
    yield made
    made.close()


def carry_all(house: House) -> int:
    """Carry every waiting run; how many."""
    with house.database.read() as connection:
        rows = list_runs(connection, states=["queued"])
    for row in rows:
        run_here(house.runtime, row.id)
    return len(rows)


def drop(house: House, name: str, text: str = "x") -> Path:
    """A file in the inbox."""
    house.settings.inbox.mkdir(parents=True, exist_ok=True)
    path = house.settings.inbox / name
    path.write_text(text)
    return path


def list_names(folder: Path) -> list[str]:
    """Names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_accepted_file_moves_to_done(house: House) -> None:
    inbox, folder = Inbox(house, house.settings.inbox), house.settings.inbox
    drop(house, "good.csv")
    assert inbox.look() == 0 and carry_all(house) == 0  # seen for the first time
    assert inbox.look() == 0 and carry_all(house) == 1  # still the same: asked for
    assert inbox.look() == 1
    assert (list_names(folder), list_names(folder / "done")) == ([], ["good.csv"])


def test_the_oldest_file_is_asked_for_first(house: House) -> None:
    inbox = Inbox(house, house.settings.inbox)
    for name, moment in (("a.csv", 3), ("b.csv", 1), ("c.csv", 2)):
        os.utime(drop(house, name), (moment, moment))
    inbox.look(), inbox.look()
    with house.database.read() as connection:
        jobs = [json.loads(row.job)["paths"][0] for row in list_runs(connection, oldest_first=True)]
    assert [Path(path).name for path in jobs] == ["b.csv", "c.csv", "a.csv"]


def test_growing_file_is_left_alone(house: House) -> None:
    inbox = Inbox(house, house.settings.inbox)
    for text in ("a", "ab", "abc"):
        drop(house, "growing.csv", text)
        inbox.look()
    assert carry_all(house) == 0


@pytest.mark.parametrize("name", [".hidden", "x.csv.part", "x.crdownload", "~lock.csv"])
def test_unfinished_files_are_left_alone(house: House, name: str) -> None:
    inbox = Inbox(house, house.settings.inbox)
    drop(house, name)
    for _ in range(3):
        inbox.look()
    assert carry_all(house) == 0


def test_refused_file_has_its_reasons_beside_it(house: House) -> None:
    inbox, folder = Inbox(house, house.settings.inbox), house.settings.inbox
    drop(house, "bad.csv")
    drop(house, "broken.csv")
    inbox.look(), inbox.look()
    carry_all(house)
    assert inbox.look() == 2
    refused = folder / "refused"
    assert list_names(refused) == ["bad.csv", "bad.csv.txt", "broken.csv", "broken.csv.txt"]
    words = (refused / "bad.csv.txt").read_text()
    assert "Mend it." in words and "line 0: no number" in words and "and 10 more" in words
    assert "That cannot be read." in (refused / "broken.csv.txt").read_text()


def test_reasons_that_ask_for_options_come_with_the_whole_command() -> None:
    words = "a.csv: rejected\n  Say whose it is: --artist NAME.\n  Say it: --date YYYY-MM-DD, or name it. --artist NAME"
    told = advise_by_hand(Path("/in/refused/my song.csv"), words)
    assert told.strip() == (
        "By hand: backline import '/in/refused/my song.csv' --artist NAME --date YYYY-MM-DD"
    )
    told = advise_by_hand(Path("/x.csv"), 'Say which: --number-form FORM, where FORM is "1,200.5".')
    assert told.strip() == "By hand: backline import /x.csv --number-form FORM"
    assert advise_by_hand(Path("/x.csv"), "line 3: no number") == ""


def test_the_command_stands_beside_the_refused_file(house: House) -> None:
    (house.settings.inbox).mkdir(parents=True)
    inbox, folder = Inbox(house, house.settings.inbox), house.settings.inbox
    drop(house, "asks.csv")
    inbox.look(), inbox.look()
    carry_all(house)
    assert inbox.look() == 1
    words = (folder / "refused" / "asks.csv.txt").read_text()
    assert f"backline import {folder / 'refused' / 'asks.csv'} --artist NAME" in words


def test_crash_between_run_and_move_is_repaired(house: House) -> None:
    folder = house.settings.inbox
    first = Inbox(house, folder)
    drop(house, "good.csv")
    first.look(), first.look()
    carry_all(house)
    again = Inbox(house, folder)  # a new process remembers nothing
    again.look()
    assert again.look() == 1
    assert carry_all(house) == 0
    with house.database.read() as connection:
        assert len(list_runs(connection)) == 1


def test_file_taken_out_of_refused_is_tried_again(house: House) -> None:
    folder = house.settings.inbox
    inbox = Inbox(house, folder)
    drop(house, "bad.csv")
    inbox.look(), inbox.look()
    carry_all(house)
    inbox.look()
    (folder / "refused" / "bad.csv").rename(folder / "bad.csv")
    inbox.look(), inbox.look()
    assert carry_all(house) == 1


def test_file_whose_name_is_not_utf_8_is_refused_and_the_next_goes_on(house: House) -> None:
    inbox, folder = Inbox(house, house.settings.inbox), house.settings.inbox
    drop(house, os.fsdecode(b"\xff.csv"))
    drop(house, "good.csv")
    assert (inbox.look(), inbox.look(), carry_all(house)) == (0, 1, 1)
    assert inbox.look() == 1
    assert (list_names(folder), list_names(folder / "done")) == ([], ["good.csv"])
    refused, reasons = (folder / "refused" / os.fsdecode(name) for name in (b"\xff.csv", b"\xff.csv.txt"))
    assert refused.exists() and "report_import.import_reports" in reasons.read_text()


def test_file_that_cannot_be_moved_stays_and_the_next_goes_on(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    inbox, folder = Inbox(house, house.settings.inbox), house.settings.inbox
    name = f"bad{'x' * 248}.csv"  # as long as names may be: no room for a number, nor for .txt
    drop(house, name)
    inbox.look(), inbox.look()
    carry_all(house)
    assert inbox.look() == 1
    drop(house, name)
    drop(house, "good.csv")
    inbox.look(), inbox.look()
    carry_all(house)
    assert inbox.look() == 1
    assert (list_names(folder), list_names(folder / "done")) == ([name], ["good.csv"])
    assert list_names(folder / "refused") == sorted([name, f"{name[:251]}.txt"])
    assert f"{name} stays in the inbox" in caplog.text


def test_run_that_can_be_retried_keeps_its_file(house: House) -> None:
    inbox, folder = Inbox(house, house.settings.inbox), house.settings.inbox
    drop(house, "crash.csv")
    inbox.look(), inbox.look()
    carry_all(house)
    assert inbox.look() == 0
    assert list_names(folder) == ["crash.csv"]


def test_moving_never_overwrites(tmp_path: Path) -> None:
    folder = tmp_path / "done"
    for number in range(3):
        path = tmp_path / "a.csv"
        path.write_text(str(number))
        move_without_overwriting(path, folder)
    assert list_names(folder) == ["a (2).csv", "a (3).csv", "a.csv"]
    assert (folder / "a.csv").read_text() == "0"


def test_gone_file_leaves_no_trace(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        move_without_overwriting(tmp_path / "gone.csv", tmp_path / "done")
    assert list_names(tmp_path / "done") == []
    assert name_key(tmp_path / "gone.csv") is None


def test_reasons_of_several_files() -> None:
    files = [
        {"file": "a", "outcome": "accepted"},
        {"file": "b", "outcome": "needs_mapping", "remedy": "Map it."},
    ]
    assert explain_files(files) == "a: accepted\nb: needs_mapping\n  Map it.\n"
