"""Every command. One file per command group; this one is the door."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from backline import __version__
from backline.cli.exits import BAD_INPUT, PIPE_CLOSED, describe_codes
from backline.cli.root import Root, tell_error

__all__ = ["app", "main"]

app = typer.Typer(
    name="backline",
    cls=Root,
    help="Backline: the crew behind the artist. Durable tasks on your own reports and numbers.",
    epilog=describe_codes(),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"backline {__version__}")
        raise typer.Exit


@app.callback()
def _read_options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end."),
    ] = False,
    trace: Annotated[bool, typer.Option("--trace", help="Show the stack trace of an error.")] = False,
) -> None:
    """Options that stand before the command; `Root` reads `trace`."""


def main() -> None:
    """The `backline` program."""
    if sys.platform == "win32":
        sys.stderr.write("error: Backline runs on Linux and macOS. On Windows, use WSL (wsl --install).\n")
        sys.exit(BAD_INPUT)
    _open_streams()
    code = _call(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = PIPE_CLOSED
    except OSError as error:  # a full disk; where a command was stopped by it, that was told already
        code = code or tell_error(error)
        _give_up_stdout()
    if code == PIPE_CLOSED:
        _give_up_stdout()
    sys.exit(code)


def _open_streams() -> None:
    """In place of a stream that the caller closed, /dev/null: no file that we open may get its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, which is this one
            stream = os.fdopen(number, "r" if name == "stdin" else "w", encoding="utf-8", closefd=False)
            setattr(sys, name, stream)


def _give_up_stdout() -> None:
    """Python flushes stdout once more at its end; nobody is there to read it or to read a complaint."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _call(arguments: list[str]) -> int:
    try:
        typer.main.get_command(app).main(args=arguments, prog_name="backline")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BrokenPipeError:  # of the help, which comes before any command
        return PIPE_CLOSED
    except OSError as error:
        if "--trace" in arguments:
            raise
        return tell_error(error)
    return 0
