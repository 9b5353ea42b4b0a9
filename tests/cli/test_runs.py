"""`backline runs`: list, show, dead, retry, cancel, answer; each act leaves an audit row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from backline.cli.houses import open_house
from backline.cli.screen import Screen
from backline.runtime.audit import STRUCK
from backline.storage.intent_tables import intent as intent_table
from tests.cli.conftest import Call

pytestmark = pytest.mark.usefixtures("probe")


def submit(call: Call, *arguments: str) -> str:
    """A run's id."""
    return str(call("run", *arguments, "--here", "--json").one["run"])


def test_list_and_filters(call: Call) -> None:
    good = submit(call, "add", "--set", "one=1")
    bad = submit(call, "refuse")
    assert [row["id"] for row in call("runs", "list", "--json").lines] == [bad, good]
    assert [row["id"] for row in call("runs", "list", "--state", "succeeded", "--json").lines] == [good]
    assert [row["id"] for row in call("runs", "list", "--task", "probe.refuse", "--json").lines] == [bad]
    assert [row["id"] for row in call("runs", "list", "--unanswered", "--json").lines] == [bad]
    assert len(call("runs", "list", "--limit", "1", "--json").lines) == 1
    assert "probe.refuse" in call("runs", "list").out


def test_unknown_state_is_refused(call: Call) -> None:
    result = call("runs", "list", "--state", "done")
    assert result.code == 2
    assert "succeeded" in result.err


def test_show_by_prefix_with_attempts_and_audit(call: Call) -> None:
    bad = submit(call, "refuse", "--set", "word=that")
    shown = call("runs", "show", bad[:-2], "--json").one
    assert (shown["id"], shown["state"], shown["job"]["word"]) == (bad, "failed", "that")
    assert [attempt["outcome"] for attempt in shown["attempts"]] == ["bad_input"]
    assert [row["action"] for row in shown["audit"]] == ["run.failed"]
    assert "that cannot be used." in call("runs", "show", bad).out


def test_no_list_tells_a_secret(call: Call) -> None:
    bad = submit(call, "refuse", "--set", "word=token=SECRETVALUE123")
    for words in (("list",), ("dead",), ("show", bad)):
        shown = call("runs", *words, "--json").one
        assert shown["job"]["word"] == "token=[struck out]"
        assert "SECRETVALUE123" not in json.dumps(shown["job"])


def test_dead_is_oldest_first_and_says_what_to_do(call: Call) -> None:
    older, newer = submit(call, "refuse"), submit(call, "refuse")
    rows = call("runs", "dead", "--json").lines
    assert [row["id"] for row in rows] == [older, newer]
    assert all(row["id"] in row["to_do"] for row in rows)
    assert call("runs", "dead", "--limit", "1", "--json").one["id"] == older


def test_answer_takes_it_off_the_list(call: Call) -> None:
    bad = submit(call, "refuse")
    assert call("runs", "answer", bad, "--why", " ").code == 2
    struck = f"a typing error in password={STRUCK}"
    told = call("runs", "answer", bad, "--why", "a typing error in password=hunter22", "--json").one
    assert told["answered_why"] == struck
    assert call("runs", "dead", "--json").lines == []
    shown = call("runs", "show", bad, "--json").one
    assert (shown["answered_by"], shown["answered_why"]) == ("tester", struck)
    row = shown["audit"][-1]
    assert (row["actor"], row["action"], row["body"]["why"]) == ("tester", "run.answer", struck)


def test_retry_puts_it_back(program: Call, call: Call) -> None:
    bad = submit(call, "refuse")
    result = program("runs", "retry", bad, "--json")
    assert (result.code, result.one["state"], result.one["was"]) == (0, "queued", "failed")
    shown = call("runs", "show", bad, "--json").one
    assert (shown["state"], shown["audit"][-1]["action"]) == ("queued", "run.retry")


def test_retry_of_a_success_is_refused(program: Call, call: Call) -> None:
    good = submit(call, "add", "--set", "one=1")
    result = program("runs", "retry", good)
    assert result.code == 2
    assert "nothing to retry" in result.err
    assert [row["action"] for row in call("runs", "show", good, "--json").one["audit"]] == ["run.succeeded"]


def test_cancel_of_a_waiting_run(program: Call, call: Call, state: Path) -> None:
    waiting = program("run", "add", "--set", "one=1", "--json").one["run"]
    with open_house() as house, house.database.write() as connection:
        connection.execute(text("""UPDATE backline_run SET canvas = '{"queue": "canvas.team", "id": "x"}'"""))
    assert program("runs", "cancel", waiting, "--json").one["state"] == "cancelled"
    bells = [path.read_text() for path in (state / "doorbell" / "messages").iterdir()]
    assert any("canvas.team" in bell for bell in bells), bells
    assert call("runs", "show", waiting, "--json").one["audit"][-1]["action"] == "run.cancel"
    assert call("runs", "cancel", waiting).code == 2


def test_on_a_terminal_the_ids_are_short_and_taken(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = submit(call, "add", "--set", "one=1")
    monkeypatch.setattr(Screen, "is_terminal", True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    short = call("runs", "list").out.splitlines()[2].split()[0]
    assert whole.startswith(short) and len(short) < 20
    assert call("runs", "show", short, "--json").one["id"] == whole


def add_intent(run_id: str, made_at: int = 0) -> None:
    """A call of which nobody knows what became of it."""
    with open_house() as house, house.database.write() as connection:
        values = {
            "run_id": run_id,
            "name": "post",
            "input_sha": "s",
            "request": '{"text": "hi"}',
            "state": "open",
        }
        values |= {"at_most_once": True, "fence": 1, "tries": 1, "made_at": made_at}
        connection.execute(intent_table.insert().values(values))


def test_a_call_is_shown_and_its_outcome_told(program: Call, call: Call) -> None:
    bad = submit(call, "refuse")
    add_intent(bad)
    shown = call("runs", "show", bad, "--json").one["intents"]
    assert [(row["name"], row["state"], row["request"]) for row in shown] == [
        ("post", "open", {"text": "hi"})
    ]
    assert "Calls to the outside world" in call("runs", "show", bad).out
    for wrong in (["--why", "x"], ["--why", " ", "--not-done"], ["--why", "x", "--not-done", "--done", "1"]):
        assert call("runs", "outcome", bad, "post", *wrong).code == 2
    told = program("runs", "outcome", bad, "post", "--done", '{"id": 7}', "--why", "I saw it.", "--json")
    assert (told.code, told.one["state"], told.one["was"]) == (0, "queued", "failed")
    after = call("runs", "show", bad, "--json").one
    assert [(row["state"], row["outcome"]) for row in after["intents"]] == [("done", {"id": 7})]
    assert [row["action"] for row in after["audit"]][-2:] == ["intent.told", "run.retry"]
    assert program("runs", "outcome", bad, "post", "--not-done", "--why", "x").code == 2
