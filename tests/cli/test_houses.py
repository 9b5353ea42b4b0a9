"""The house of one command."""

from __future__ import annotations

import pytest

from backline.cli.houses import make_screen, open_house, write_audit
from backline.storage.audits import list_audit


def test_house_without_tasks_knows_none_and_closes() -> None:
    with open_house() as house:
        assert house.tasks == {}
        with house.database.read() as connection:
            assert house.database.now(connection) > 0


@pytest.mark.usefixtures("probe")
def test_house_with_tasks_finds_plug_ins() -> None:
    with open_house(tasks=True) as house:
        assert "probe.add" in house.tasks


def test_audit_row_names_run_and_actor_and_strikes_out_secrets() -> None:
    with open_house() as house:
        with house.database.write() as connection:
            write_audit(house, connection, "run.answer", "run:r1", why="x", password="hush-hush")
        with house.database.read() as connection:
            (row,) = list_audit(connection, run_id="r1")
    assert (row.actor, row.action, row.object) == ("tester", "run.answer", "run:r1")
    assert "hush-hush" not in row.body


def test_screen_speaks_the_language_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKLINE_LANGUAGE", "fr")
    assert make_screen().label("no_runs") == "Aucune exécution."
