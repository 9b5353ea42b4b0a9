"""The vault as the settings place its key, given to a task by type, struck out wherever its values turn up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from backline.errors import BadInput
from backline.runtime.audit import STRUCK
from backline.runtime.run import run_here
from backline.runtime.submit import Ask
from backline.runtime.task import Answer, Job, task
from backline.settings import load_settings
from backline.storage.runs import read_run
from backline.storage.vault import Place, Vault
from backline.storage.vault_keys import KeyCommand, KeyFile, KeyText
from backline.wiring import House, make_key_source


class Nothing(Job):
    """No fields."""


class Length(Answer):
    """How long the secret is."""

    length: int


@task("probe.open", version=1)
def open_secret(job: Nothing, vault: Vault) -> Length:
    """Opens a secret, and fails with it in its mouth.

    [fr]
    Ouvre un secret, et échoue en le disant.

    [de]
    Öffnet ein Geheimnis und scheitert damit im Mund.
    """
    raise BadInput(f"The provider refused {vault.read('spotify')}.")


def load(state: Path, **options: str) -> House:
    env = {"BACKLINE_STATE": str(state)} | {
        f"BACKLINE_VAULT_{name.upper()}": text for name, text in options.items()
    }
    return House(load_settings(env).settings, {open_secret.name: open_secret})


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """One task that needs the vault."""
    made = load(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("options", "kind", "place"),
    [
        ({}, KeyFile, "vault.key"),
        ({"key_file": "/srv/key"}, KeyFile, "/srv/key"),
        ({"key_variable": "VAULT_KEY"}, KeyText, "VAULT_KEY"),
        ({"key_command": "secret-tool lookup backline hush"}, KeyCommand, "secret-tool"),
    ],
)
def test_where_the_key_is(tmp_path: Path, options: Mapping[str, str], kind: type, place: str) -> None:
    source = make_key_source(load(tmp_path, **options).settings)
    assert type(source) is kind and source.place.endswith(place)


def test_only_the_house_s_own_file_is_made(tmp_path: Path) -> None:
    own, named = (make_key_source(load(tmp_path, **options).settings) for options in ({}, {"key_file": "k"}))
    assert isinstance(own, KeyFile) and own.may_make
    assert isinstance(named, KeyFile) and not named.may_make


def test_two_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="two places"):
        make_key_source(load(tmp_path, key_file="a", key_command="b").settings)
    with pytest.raises(BadInput, match=r"vault\.key_variable"):
        load(tmp_path, key_variable="BACKLINE_KEY")


def test_what_a_task_opened_is_struck_out_of_its_error(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with house.database.write() as connection:
        Vault(house.database, house.vault.source, lambda _: None).put(
            connection, Place("spotify"), "correct-horse-battery", "ann"
        )
    run_id = house.submit(open_secret, Nothing(), Ask("ann"))
    run_here(house.runtime, run_id)
    with house.database.read() as connection:
        row = read_run(connection, run_id)
        trail = [tuple(entry) for entry in connection.exec_driver_sql("SELECT body FROM backline_audit")]
    assert row.state == "failed" and row.error_text == f"The provider refused {STRUCK}."
    assert "horse" not in f"{trail}{caplog.text}"
