"""The lazy group: quick help, true one-line words, errors as words and codes."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from backline.cli import exits
from backline.cli.root import ENTRIES, load_command
from tests.cli.conftest import Call

HEAVY = ("celery", "kombu", "pyarrow", "fastapi", "uvicorn", "alembic", "psycopg", "sqlalchemy")


def test_help_lists_every_command_and_code(call: Call) -> None:
    result = call("--help")
    assert result.code == 0
    assert all(name in result.out for name in ENTRIES)
    assert "Exit codes" in result.out


@pytest.mark.parametrize("name", ENTRIES)
def test_words_in_the_help_are_those_of_the_command(name: str) -> None:
    assert load_command(name).help.splitlines()[0].startswith(ENTRIES[name].words.rstrip("."))


def test_help_imports_nothing_heavy() -> None:
    assert list_loaded("--help", HEAVY) == "[]"


def test_version_and_a_list_load_what_they_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKLINE_STATE", str(tmp_path))
    assert list_loaded("--version", (*HEAVY, "pydantic", "rich")) == "[]"
    house = tuple(
        name for name in HEAVY if name not in ("sqlalchemy", "alembic")
    )  # a new database is upgraded
    assert list_loaded("runs list", (*house, "cryptography", "croniter", "imaplib", "rich")) == "[]"


def list_loaded(command: str, names: tuple[str, ...]) -> str:
    """Those of the modules that a process has loaded at the end of a command."""
    code = (
        "import sys; from backline.cli import main\n"
        f"sys.argv = ['backline', *{command.split()!r}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print([name for name in {names!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stderr.strip()


def test_version(call: Call) -> None:
    assert call("--version").out.startswith("backline 0.")


def test_unknown_command_is_bad_input_with_a_suggestion(call: Call) -> None:
    result = call("doctr")
    assert result.code == exits.BAD_INPUT
    assert "doctor" in result.err


def test_user_mistake_has_no_stack_trace(call: Call) -> None:
    result = call("runs", "show", "nothing")
    assert result.code == exits.BAD_INPUT
    assert result.err.startswith("error: Run 'nothing'")
    assert "Traceback" not in result.err
    assert result.out == ""


def test_trace_shows_it(program: Call) -> None:
    result = program("--trace", "runs", "show", "nothing")
    assert "Traceback" in result.err


def test_every_command_offers_help(program: Call) -> None:
    assert program("runs", "--help").code == 0


def test_closed_pipe_is_silent() -> None:
    command = f"{sys.executable} -m backline settings show --json | true"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, exits.PIPE_CLOSED)
    assert done.stderr == ""


def test_completion_knows_the_commands() -> None:
    words = {"_BACKLINE_COMPLETE": "complete_bash", "COMP_WORDS": "backline runs re", "COMP_CWORD": "2"}
    done = subprocess.run(
        ["env", *[f"{name}={value}" for name, value in words.items()], sys.executable, "-m", "backline"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "retry" in done.stdout


@pytest.mark.parametrize("arguments", [["settings", "show"], ["runs", "list", "--json"], ["--version"]])
def test_an_output_that_is_full_is_no_bug(arguments: list[str], state: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "backline", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    if arguments == ["runs", "list", "--json"]:  # says nothing, so nothing is in the way
        assert (done.returncode, done.stderr) == (exits.FINE, "")
        return
    assert done.returncode == exits.NEEDS_PERSON
    assert done.stderr.splitlines() == ["error: It cannot be written: No space left on device. Make room."]


def test_closed_streams_are_no_bug(state: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m backline runs list"
    done = subprocess.run(f"{command} >&-", shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (exits.FINE, "")
    done = subprocess.run(f"{command} 2>&- <&-", shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (exits.FINE, "No runs.\n")


def test_a_choice_that_there_is_not_is_told_in_plain_words(call: Call) -> None:
    result = call("metrics", "show", "--artist", "x", "--by", "foo")
    assert result.code == exits.BAD_INPUT
    assert "'foo' is not one of" in result.err and "Value error" not in result.err
