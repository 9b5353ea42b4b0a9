"""Built in, then the file, then the environment; each value knows where it came from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backline.errors import BadInput
from backline.settings import load_settings, option_names


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and an empty folder to stand in."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_everything_has_a_value_without_any_file(home: Path) -> None:
    loaded = load_settings({})
    settings = loaded.settings
    assert loaded.file is None
    assert loaded.origin == dict.fromkeys(option_names(), "built in")
    assert settings.state == home / ".backline"
    assert settings.database_url == f"sqlite:///{home}/.backline/backline.db"
    assert settings.broker_url == "filesystem://"
    assert settings.inbox == home / ".backline" / "inbox"
    assert settings.actor


def test_the_environment_goes_before_the_file(home: Path) -> None:
    file = home / "own.toml"
    file.write_text(
        'language = "de"\n[database]\nurl = "postgresql://h/d"\npool_size = 9\n[runtime]\nactor = "ann"\n'
    )
    env = {"BACKLINE_CONFIG": str(file), "BACKLINE_DATABASE_POOL_SIZE": "3", "BACKLINE_STATE": "~/other"}
    loaded = load_settings(env)
    settings = loaded.settings
    assert (settings.language, settings.database.url, settings.actor) == ("de", "postgresql://h/d", "ann")
    assert settings.database.pool_size == 3
    assert settings.state == home / "other"
    assert loaded.file == file
    assert {name: origin for name, origin in loaded.origin.items() if origin != "built in"} == {
        "state": "BACKLINE_STATE",
        "language": str(file),
        "database.url": str(file),
        "database.pool_size": "BACKLINE_DATABASE_POOL_SIZE",
        "runtime.actor": str(file),
    }


def test_a_file_is_found_here_or_in_the_state_folder(home: Path) -> None:
    (home / ".backline").mkdir()
    in_state, here = home / ".backline" / "backline.toml", home / "here" / "backline.toml"
    in_state.write_text('language = "fr"')
    assert load_settings({}).settings.language == "fr"
    here.write_text('language = "de"')
    assert load_settings({}).file == here
    other = home / "elsewhere"
    other.mkdir()
    (other / "backline.toml").write_text('language = "en"')
    here.unlink()
    assert load_settings({"BACKLINE_STATE": str(other)}).file == other / "backline.toml"


@pytest.mark.parametrize("value", ["false", "0", "no", "off", "False"])
def test_the_environment_speaks_text(home: Path, value: str) -> None:
    env = {"BACKLINE_DATABASE_UPGRADE_AT_START": value, "BACKLINE_RUNTIME_LEASE_SECONDS": "12.5"}
    settings = load_settings(env).settings
    assert settings.database.upgrade_at_start is False
    assert settings.runtime.lease_seconds == 12.5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("languag = 'de'", "unknown option languag"),
        ("[database]\nurll = ''", "unknown option database.urll"),
        ("[databse]\nurl = ''", "unknown option databse.url"),
        ("database = 'sqlite:///x'", "unknown option database"),
        ("[state]\nfolder = 'x'", "unknown option state.folder"),
        ("[language]\nx = 1", "unknown option language.x"),
        ("language = 'it'", "language from .*own.toml"),
        ("[runtime]\nconcurrency = 0", "runtime.concurrency from .*own.toml"),
        ("[runtime]\nconcurrency = 'many'", "runtime.concurrency from .*own.toml"),
        ("[web]\nport = 70000", "web.port from .*own.toml"),
        ("= 5", "not valid TOML"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(home: Path, text: str, words: str) -> None:
    file = home / "own.toml"
    file.write_text(text)
    with pytest.raises(BadInput, match=words):
        load_settings({"BACKLINE_CONFIG": str(file)})


def test_what_is_wrong_in_the_environment_is_named(home: Path) -> None:
    with pytest.raises(
        BadInput, match=r"runtime\.lease_seconds from BACKLINE_RUNTIME_LEASE_SECONDS"
    ) as caught:
        load_settings({"BACKLINE_RUNTIME_LEASE_SECONDS": "soon"})
    assert "settings show" in (caught.value.remedy or "")
    with pytest.raises(BadInput, match="is not a file"):
        load_settings({"BACKLINE_CONFIG": str(home / "none.toml")})
    (home / "latin.toml").write_bytes(b'language = "\xe9"')
    with pytest.raises(BadInput, match="not valid TOML"):
        load_settings({"BACKLINE_CONFIG": str(home / "latin.toml")})


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("BACKLINE_DATABSE_URL", "BACKLINE_DATABASE_URL"),
        ("BACKLINE_CONFG", "BACKLINE_CONFIG"),
        ("BACKLINE_X", ""),
    ],
)
def test_a_misspelt_variable_is_refused(home: Path, name: str, near: str) -> None:
    with pytest.raises(BadInput, match=name) as caught:
        load_settings({name: "", "HOME": "/"})
    assert (f"Did you mean {near}?" in (caught.value.remedy or "")) == bool(near)


def test_a_misspelt_option_of_the_file_is_guessed(home: Path) -> None:
    (home / "own.toml").write_text("[databse]\nurl = ''")
    with pytest.raises(BadInput) as caught:
        load_settings({"BACKLINE_CONFIG": str(home / "own.toml")})
    assert "Did you mean database.url?" in (caught.value.remedy or "")


def test_what_containers_set_beside_a_service_of_our_name_is_no_option(home: Path) -> None:
    linked = ("SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT_8765_TCP", "PORT_8765_TCP_ADDR")
    env = {f"BACKLINE_{name}": "10.0.0.1" for name in linked} | {"BACKLINE_PORT": "tcp://10.0.0.1:8765"}
    assert load_settings(env).settings.web.port == 8765
    with pytest.raises(BadInput, match="BACKLINE_PORT"):
        load_settings({"BACKLINE_PORT": "8765"})


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite+pysqlite://",
        "sqlite:///file:x?mode=memory&uri=true",
    ],
)
def test_a_database_in_memory_is_refused(home: Path, url: str) -> None:
    with pytest.raises(BadInput, match=r"database\.url from BACKLINE_DATABASE_URL.*in memory") as caught:
        load_settings({"BACKLINE_DATABASE_URL": url})
    assert "Value error" not in str(caught.value)


@pytest.mark.parametrize("url", ["sqlite:///x.db", "sqlite:////var/x.db", "postgresql://h/memory"])
def test_a_database_that_stays_is_taken(home: Path, url: str) -> None:
    assert load_settings({"BACKLINE_DATABASE_URL": url}).settings.database_url == url


def test_the_settings_of_this_process_are_read_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BACKLINE_")]:
        monkeypatch.delenv(name)
    file = home / "here" / "backline.toml"
    file.write_text('language = "de"')
    first = load_settings()
    file.write_text('language = "fr"')
    assert load_settings() is first and first.settings.language == "de"
    monkeypatch.setenv("BACKLINE_LANGUAGE", "en")
    assert load_settings().settings.language == "en"


def test_limits_bear_the_names_of_providers(home: Path) -> None:
    file = home / "own.toml"
    file.write_text("[limits.spotify]\nrate = 5\nburst = 20\n")
    loaded = load_settings({"BACKLINE_CONFIG": str(file), "BACKLINE_LIMITS_SPOTIFY_LONGEST_BLOCK": "60"})
    limits = loaded.settings.limits["spotify"]
    assert (limits.rate, limits.burst, limits.longest_block, limits.reserve) == (5, 20, 60, None)
    assert loaded.origin["limits.spotify.rate"] == str(file)
    assert loaded.origin["limits.spotify.longest_block"] == "BACKLINE_LIMITS_SPOTIFY_LONGEST_BLOCK"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[limits.spotify]\nrat = 5", r"unknown option limits\.spotify\.rat\."),
        ("[limits]\nspotify = 5", r"unknown option limits\.spotify\."),
        ("[limits.spotify]\nrate = 0", r"limits\.spotify\.rate from .*own\.toml"),
        ("limits = 3", r"unknown option limits\."),
    ],
)
def test_what_is_wrong_in_limits_is_named(home: Path, text: str, words: str) -> None:
    (home / "own.toml").write_text(text)
    with pytest.raises(BadInput, match=words):
        load_settings({"BACKLINE_CONFIG": str(home / "own.toml")})
    with pytest.raises(BadInput, match="BACKLINE_LIMITS_SPOTIFY_RAT"):
        load_settings({"BACKLINE_LIMITS_SPOTIFY_RAT": "5"})


PLACES = """
[[mailbox]]
name = "label"
host = "mail.example"
user = "ann"
password = "vault:label-mail"

[[sftp]]
name = "depot"
host = "files.example"
user = "ann"
host_key = "SHA256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
"""


def test_places_are_lists_of_tables(home: Path) -> None:
    (home / "own.toml").write_text(PLACES)
    settings = load_settings({"BACKLINE_CONFIG": str(home / "own.toml")}).settings
    assert [box.name for box in settings.mailbox] == ["label"]
    assert [folder.port for folder in settings.sftp] == [22]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('host = "mail.example"\n', "", r"mailbox 1\.host from .*own\.toml cannot be used"),
        ("vault:label-mail", "hush-hush", r"mailbox 1\.password"),
        ("SHA256:", "MD5:", r"sftp 1\.host_key"),
        ('name = "depot"', 'name = "label"', "two places are named alike"),
        ('user = "ann"', 'usr = "ann"', r"mailbox 1\.us"),
    ],
)
def test_what_is_wrong_in_a_place_is_named_and_no_secret_told(
    home: Path, old: str, new: str, words: str
) -> None:
    (home / "own.toml").write_text(PLACES.replace(old, new, 1))
    with pytest.raises(BadInput, match=words) as caught:
        load_settings({"BACKLINE_CONFIG": str(home / "own.toml")})
    assert "hush-hush" not in str(caught.value)
