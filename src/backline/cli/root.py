"""The command group that loads a command when it is called, and tells errors in words.

Commands are modules that are imported by name when they are invoked, not when the program starts:
`backline --help` and shell completion must be quick, and database drivers, Celery, Arrow and the
web server together take seconds to import.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from backline.cli import exits
from backline.cli.screen import tidy

START, PROCESSES, ROSTER, RUNS, SYSTEM = "Start", "Processes", "Roster and numbers", "Runs", "System"


@dataclass(frozen=True)
class Entry:
    """Where a command lives (a module with a Typer `app`), its panel in the help and its line there."""

    module: str
    panel: str
    words: str


ENTRIES: dict[str, Entry] = {
    "demo": Entry("demo", START, "Run the whole stack on the sample reports."),
    "up": Entry("up", START, "Run everything in one process tree."),
    "doctor": Entry("doctor", START, "Look at database, broker, clock and disk, and say the remedy."),
    "worker": Entry("worker", PROCESSES, "Carry runs."),
    "scheduler": Entry("scheduler", PROCESSES, "Turn due slots into runs, and watch the inbox."),
    "web": Entry("web", PROCESSES, "Serve the JSON API on this machine."),
    "sandbox": Entry(
        "sandbox", PROCESSES, "Serve a local stand-in for the Web API, to build and test against."
    ),
    "artist": Entry("artist", ROSTER, "Add, list and show artists."),
    "catalogue": Entry(
        "catalogue", ROSTER, "Show, enter and import releases and recordings, and join them with reports."
    ),
    "import": Entry("imports", ROSTER, "Import report files, and list, show or undo imports."),
    "fetch": Entry("fetch", ROSTER, "Fetch new statements from mailboxes and SFTP folders, and import them."),
    "connect": Entry("connect", ROSTER, "Connect an account of a platform."),
    "accounts": Entry("accounts", ROSTER, "List the connected accounts, and until when each lasts."),
    "disconnect": Entry(
        "disconnect", ROSTER, "End a connection, and let everything leave that came through it."
    ),
    "playlists": Entry(
        "playlists", ROSTER, "Show the playlists of a connected account, their rows and how they changed."
    ),
    "plays": Entry("plays", ROSTER, "Show what the person of a connected account played lately."),
    "rates": Entry("rates", ROSTER, "Import and list rates of exchange."),
    "metrics": Entry("metrics", ROSTER, "Show, export and rebuild the numbers."),
    "run": Entry("run", RUNS, "Ask for a run of a task."),
    "runs": Entry("runs", RUNS, "List, show, retry, cancel and answer runs."),
    "schedule": Entry("schedule", RUNS, "Runs that come back on time."),
    "limits": Entry("limits", RUNS, "How fast each provider may be asked, and who must wait."),
    "audit": Entry("audit", RUNS, "Who did what, sealed in a chain."),
    "user": Entry("user", SYSTEM, "Add, list, disable and enable named users."),
    "key": Entry("key", SYSTEM, "Create, list and revoke API keys."),
    "vault": Entry("vault", SYSTEM, "Keep tokens and keys, and change the key they are kept under."),
    "backup": Entry("backup", SYSTEM, "Keep everything in one file, while work goes on; verify such a file."),
    "restore": Entry("restore", SYSTEM, "Check a backup, and put it back."),
    "retention": Entry("retention", SYSTEM, "Which data may leave after how long, and let it leave."),
    "db": Entry("db", SYSTEM, "Upgrade the database, or say where it stands."),
    "settings": Entry("options", SYSTEM, "Show every option and where it came from."),
    "tasks": Entry("tasks", SYSTEM, "List and describe the tasks."),
}


class Root(TyperGroup):
    """All commands by name; the module behind one is imported when it is called."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        for name, entry in ENTRIES.items():
            self.commands[name] = TyperCommand(name, help=entry.words, rich_help_panel=entry.panel)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The loaded command in place of its line in the help."""
        name, stub, rest = super().resolve_command(ctx, args)
        return name, stub if name is None or name not in ENTRIES else load_command(name), rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; whatever goes wrong becomes words and an exit code."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(exits.INTERRUPTED) from None
        except BrokenPipeError:
            raise typer.Exit(exits.PIPE_CLOSED) from None
        except Exception as error:
            # What has an exit code is Typer's own: usage errors and typer.Exit.
            if isinstance(message := getattr(error, "message", None), str):
                error.message = message.removeprefix("Value error, ")  # type: ignore[attr-defined] # pydantic's
            if hasattr(error, "exit_code") or isinstance(error, typer.Abort) or ctx.params.get("trace"):
                raise
            raise typer.Exit(tell_error(error)) from None


def load_command(name: str) -> Any:
    """Import the module of a command and build it. Raises `KeyError` for an unknown name."""
    module = importlib.import_module(f"backline.cli.{ENTRIES[name].module}")
    command = typer.main.get_command(module.app)
    command.name = name
    return command


def tell_error(error: BaseException) -> int:
    """Say on stderr what is wrong and what to do; the exit code."""
    failure = importlib.import_module("backline.cli.failures").explain_error(error)
    remedy = f" {failure.remedy}" if failure.remedy else ""
    sys.stderr.write(tidy(f"error: {failure.message}{remedy}") + "\n")
    code: int = failure.code
    return code
