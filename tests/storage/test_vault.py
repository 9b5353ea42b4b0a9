"""The vault: what is kept comes back, from its own place only, under the right key only, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from backline.errors import BadInput, NeedsHuman, UnknownName
from backline.storage.database import Database
from backline.storage.vault import BATCH, Place, Vault, list_secrets
from backline.storage.vault_keys import KeyFile, KeyText, make_key, spell_key

Make = Callable[..., Vault]


@pytest.fixture
def learnt() -> list[str]:
    """Every value that the vault told of."""
    return []


@pytest.fixture
def make_vault(database: Database, tmp_path: Path, learnt: list[str]) -> Make:
    """A vault as another process would open it, with a key file of this test."""

    def make(path: Path | None = None) -> Vault:
        return Vault(database, KeyFile(path or tmp_path / "vault.key", may_make=True), learnt.append)

    return make


def put(database: Database, vault: Vault, value: str, name: str = "spotify", **place: str) -> int:
    with database.write() as connection:
        return vault.put(connection, Place(name, **place), value, "ann")


def turn(database: Database, vault: Vault) -> list[int]:
    """A whole rotation; rows of each batch."""
    with database.write() as connection:
        rotation = vault.begin_rotation(connection)
    counts = []
    while True:
        with database.write() as connection:
            counts.append(vault.rotate_some(connection))
        if not counts[-1]:
            break
    with database.write() as connection:
        assert vault.end_rotation(connection, rotation)
    return counts


def test_what_is_kept_comes_back_and_is_known_from_then_on(
    database: Database, make_vault: Make, learnt: list[str]
) -> None:
    vault = make_vault()
    assert put(database, vault, "hush-hush ✓") == 1
    assert put(database, vault, "another", owner="acct42", purpose="key") == 1
    assert make_vault().read("spotify") == "hush-hush ✓"
    assert make_vault().read("spotify", owner="acct42", purpose="key") == "another"
    assert learnt == ["hush-hush ✓", "another", "hush-hush ✓", "another"]


def test_the_first_key_is_no_warning(
    database: Database, make_vault: Make, caplog: pytest.LogCaptureFixture
) -> None:
    put(database, make_vault(), "hush-hush")  # `vault put` tells the person, who would hear it twice
    assert caplog.records == []


def test_no_value_lies_in_the_database(database: Database, make_vault: Make) -> None:
    vault = make_vault()
    put(database, vault, "hush-hush")
    with database.read() as connection:
        row = connection.execute(text("SELECT * FROM backline_secret")).one()
        (listed,) = list_secrets(connection)
    assert all(b"hush" not in bytes(cell) for cell in row if isinstance(cell, (bytes, memoryview)))
    assert not any("hush" in str(cell) for cell in row)
    assert (listed.version, listed.key_id, listed.changed_by) == (1, vault.key_id, "ann")
    assert not hasattr(listed, "ciphertext")


def test_a_new_value_counts_the_version_up(database: Database, make_vault: Make) -> None:
    vault = make_vault()
    assert [put(database, vault, value) for value in ("first", "second", "first")] == [1, 2, 3]
    assert vault.read("spotify") == "first"


MOVES = [
    "name = 'other'",
    "owner = 'other'",
    "purpose = 'other'",
    "version = 2",
    "nonce = ciphertext",
    "ciphertext = nonce",
]


@pytest.mark.parametrize("move", MOVES)
def test_a_row_that_was_moved_or_changed_is_not_opened(
    database: Database, make_vault: Make, move: str
) -> None:
    put(database, make_vault(), "hush-hush")
    with database.write() as connection:
        connection.execute(text(f"UPDATE backline_secret SET {move}"))
    place = {"name": "spotify"} | ({move.split(" = ", maxsplit=1)[0]: "other"} if "other" in move else {})
    with pytest.raises(NeedsHuman, match="changed, or moved"):
        make_vault().read(**place)


def test_a_row_that_is_written_over_another_is_not_opened(database: Database, make_vault: Make) -> None:
    vault = make_vault()
    put(database, vault, "mine", owner="ann")
    put(database, vault, "theirs", owner="bob")
    with database.write() as connection:
        for column in ("nonce", "ciphertext"):
            connection.execute(
                text(
                    f"UPDATE backline_secret SET {column} = "
                    f"(SELECT {column} FROM backline_secret WHERE owner = 'bob') WHERE owner = 'ann'"
                )
            )
    with pytest.raises(NeedsHuman, match="token spotify of ann"):
        vault.read("spotify", owner="ann")
    assert vault.read("spotify", owner="bob") == "theirs"


def test_a_missing_key_is_not_made_anew_and_nothing_is_lost(
    database: Database, make_vault: Make, tmp_path: Path
) -> None:
    put(database, make_vault(), "hush-hush")
    (tmp_path / "vault.key").rename(tmp_path / "kept")
    vault = make_vault()
    for attempt in (
        lambda: vault.read("spotify"),
        lambda: put(database, vault, "newer"),
        lambda: turn(database, vault),
    ):
        with pytest.raises(NeedsHuman, match="key is missing") as caught:
            attempt()
        assert "Put the key back" in (caught.value.remedy or "")
    assert not (tmp_path / "vault.key").exists()
    (tmp_path / "kept").rename(tmp_path / "vault.key")
    assert vault.read("spotify") == "hush-hush"


def test_a_wrong_key_is_named_and_the_right_one_behind_it_opens(
    database: Database, make_vault: Make, tmp_path: Path
) -> None:
    vault = make_vault()
    put(database, vault, "hush-hush")
    right = (tmp_path / "vault.key").read_text()
    (tmp_path / "vault.key").write_text(spell_key(make_key()))
    other = make_vault()
    with pytest.raises(NeedsHuman, match=f"needs the key {vault.key_id}"):
        other.read("spotify")
    with database.read() as connection:
        assert other.find_strange(connection) == [vault.key_id]
    (tmp_path / "vault.key").write_text(spell_key(make_key()) + "\n" + right)
    assert other.read("spotify") == "hush-hush"


def test_nothing_is_kept_under_a_key_that_opens_none_of_what_is_there(
    database: Database, make_vault: Make, tmp_path: Path
) -> None:
    vault = make_vault()
    put(database, vault, "hush-hush")
    right = (tmp_path / "vault.key").read_text()
    (tmp_path / "vault.key").write_text(spell_key(make_key()))
    for name in ("spotify", "another"):
        with pytest.raises(NeedsHuman, match=f"under the key {vault.key_id}, which is not in") as caught:
            put(database, make_vault(), "newer", name)
        assert "backline vault delete" in (caught.value.remedy or "")
    (tmp_path / "vault.key").write_text(right)
    assert (vault.read("spotify"), put(database, vault, "newer")) == ("hush-hush", 2)
    (tmp_path / "vault.key").write_text(spell_key(make_key()))
    with database.write() as connection:
        vault.delete(connection, Place("spotify"))
    assert put(database, make_vault(), "newest") == 1


@pytest.mark.parametrize("column", ["nonce", "ciphertext"])
def test_a_row_that_holds_no_bytes_is_named(
    make_database_url: Callable[[str], str], tmp_path: Path, column: str
) -> None:
    database = Database(make_database_url("sqlite"))  # which keeps any type in any column
    vault = Vault(database, KeyFile(tmp_path / "vault.key", may_make=True), [].append)
    put(database, vault, "hush-hush")
    for odd in ("'text'", "7", "1.5"):
        with database.write() as connection:
            connection.execute(text(f"UPDATE backline_secret SET {column} = {odd}"))
        for attempt in (lambda: vault.read("spotify"), lambda: turn(database, vault)):
            with pytest.raises(NeedsHuman, match="token spotify of house cannot be opened"):
                attempt()
    database.close()


def test_rotation_encrypts_every_row_anew(database: Database, make_vault: Make, tmp_path: Path) -> None:
    vault, reader = make_vault(), make_vault()
    count = BATCH + 3
    with database.write() as connection:
        for number in range(count):
            vault.put(connection, Place(f"n{number:03}"), f"value {number}", "ann")
    before, first = (tmp_path / "vault.key").read_text(), vault.key_id
    assert reader.read("n000") == "value 0"
    assert turn(database, vault) == [BATCH, 3, 0]
    assert vault.key_id != first and before.strip() not in (tmp_path / "vault.key").read_text()
    assert [reader.read(f"n{number:03}") for number in range(count)] == [f"value {n}" for n in range(count)]
    with database.read() as connection:
        assert {(row.key_id, row.version) for row in list_secrets(connection)} == {(vault.key_id, 1)}


def test_a_rotation_that_was_stopped_goes_on_with_its_key(
    database: Database, make_vault: Make, tmp_path: Path
) -> None:
    vault = make_vault()
    with database.write() as connection:
        for number in range(BATCH + 1):
            vault.put(connection, Place(f"n{number:03}"), "value", "ann")
    with database.write() as connection:
        rotation = vault.begin_rotation(connection)
    with database.write() as connection:
        vault.rotate_some(connection)
    with database.write() as connection:
        assert not vault.end_rotation(connection, rotation)  # one row still needs the former key
    again = make_vault()  # another process, after the first was killed
    assert again.read("n000") == again.read(f"n{BATCH:03}") == "value"
    with database.write() as connection:
        resumed = again.begin_rotation(connection)
    assert (resumed.key_id, resumed.rows, resumed.resumed) == (rotation.key_id, 1, True)
    assert turn(database, again) == [1, 0]
    assert len((tmp_path / "vault.key").read_text().split()) == 1


def test_a_rotation_stops_at_a_row_it_cannot_open_and_loses_nothing(
    database: Database, make_vault: Make
) -> None:
    vault = make_vault()
    put(database, vault, "good", "a")
    put(database, vault, "worse", "b")
    with database.write() as connection:
        connection.execute(text("UPDATE backline_secret SET version = 9 WHERE name = 'b'"))
    with pytest.raises(NeedsHuman, match="token b of house"):
        turn(database, vault)
    assert make_vault().read("a") == "good"
    with database.write() as connection:
        connection.execute(text("UPDATE backline_secret SET version = 1 WHERE name = 'b'"))
    assert turn(database, vault) == [2, 0]
    assert make_vault().read("b") == "worse"


def test_keys_that_a_person_keeps_are_rotated_by_hand(database: Database, learnt: list[str]) -> None:
    first, second = spell_key(make_key()), spell_key(make_key())
    put(database, Vault(database, KeyText("VAULT_KEY", first), learnt.append), "hush-hush")
    with pytest.raises(NeedsHuman, match="cannot write a key"):
        turn(database, Vault(database, KeyText("VAULT_KEY", first), learnt.append))
    assert turn(database, Vault(database, KeyText("VAULT_KEY", f"{second} {first}"), learnt.append)) == [1, 0]
    assert Vault(database, KeyText("VAULT_KEY", second), learnt.append).read("spotify") == "hush-hush"


def test_what_is_not_there(database: Database, make_vault: Make) -> None:
    vault = make_vault()
    with pytest.raises(UnknownName, match="no token spotify of house"):
        vault.read("spotify")
    with pytest.raises(UnknownName), database.write() as connection:
        vault.delete(connection, Place("spotify"))
    put(database, vault, "hush-hush")
    with database.write() as connection:
        vault.delete(connection, Place("spotify"))
    with pytest.raises(UnknownName):
        vault.read("spotify")


@pytest.mark.parametrize(
    ("value", "place"),
    [("abc", {}), ("x" * 65_537, {}), ("hush-hush", {"name": ""}), ("hush-hush", {"name": "a\0b"}),
     ("hush-hush", {"owner": " x"}), ("hush-hush", {"purpose": "x" * 201})],
)  # fmt: skip
def test_what_cannot_be_kept(database: Database, make_vault: Make, value: str, place: dict[str, str]) -> None:
    with pytest.raises(BadInput) as caught:
        put(database, make_vault(), value, **{"name": "spotify"} | place)
    assert value not in str(caught.value)


def test_a_failed_transaction_keeps_nothing(database: Database, make_vault: Make) -> None:
    vault = make_vault()
    with pytest.raises(RuntimeError), database.write() as connection:
        vault.put(connection, Place("spotify"), "hush-hush", "ann")
        raise RuntimeError
    with pytest.raises(UnknownName):
        vault.read("spotify")
