"""`backline import`: report files in, one line per file out; and list, show and undo of imports."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from backline.cli.exits import NEEDS_PERSON
from backline.cli.houses import make_screen, open_house, read_settings
from backline.cli.import_words import describe_plays, describe_row, show_files, show_import, show_imports
from backline.cli.parameters import Json, Limit
from backline.cli.progress import carry_visibly
from backline.cli.screen import Screen
from backline.errors import BadInput
from backline.runtime.submit import Ask
from backline.runtime.task import INTERACTIVE
from backline.storage.fact_tables import report_import
from backline.storage.imports import check_undoable, count_claims, list_imports, read_import
from backline.storage.play_totals import total_plays
from backline.storage.short_ids import shorten_ids
from backline.wiring import House

BRIEF = 12  # letters of an id: imp_ and eight digits
COUNTS = ("restored", "removed", "kept")
TASK, UNDO = "report_import.import_reports", "report_import.undo_import"


class PathsFirst(TyperGroup):
    """`import PATH…` beside `import undo ID`: what is not the name of a command is a path.

    A file that is called like a command is given as ./undo.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command for paths in front, unless another one is named."""
        if not args or args[0] not in self.commands:
            args = ["paths", *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command for paths shows itself without its name."""
        name, command, rest = super().resolve_command(ctx, args)
        return "" if name == "paths" else name, command, rest


class _Unnamed(typer.Context):
    @property
    def command_path(self) -> str:
        """Without the blank before a name that is not shown."""
        return super().command_path.rstrip()


class PathsCommand(TyperCommand):
    """The command for paths, which shows itself without its name."""

    context_class = _Unnamed


app = typer.Typer(
    cls=PathsFirst,
    help="Import report files, and list, show or undo imports.",
    add_completion=False,
)
ImportId = Annotated[
    str, typer.Argument(help="The import's id, or a beginning of it that fits only one.", metavar="IMPORT")
]


@app.command(
    "paths",
    cls=PathsCommand,
    hidden=True,
    epilog="Also: `backline import list`, `backline import show ID`, `backline import undo ID`. "
    "A file of such a name is given as ./undo. Exit code 0: every file is accepted or unchanged; "
    "4: at least one was refused or needs a mapping.",
)
def import_paths(
    paths: Annotated[list[str], typer.Argument(help="Files, folders, zip archives.", metavar="PATH…")],
    artist: Annotated[
        str | None, typer.Option("--artist", help="Artist of files that do not name one.")
    ] = None,
    track: Annotated[str | None, typer.Option("--track", help="Track of files that do not name one.")] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="Chart region: a country code or global.")
    ] = None,
    date: Annotated[
        str | None, typer.Option("--date", help="Day of files that do not name one, YYYY-MM-DD.")
    ] = None,
    report: Annotated[
        str | None, typer.Option("--report", help="Label of the report, e.g. distrokid.")
    ] = None,
    number_form: Annotated[
        str | None,
        typer.Option("--number-form", help="How the files write 1200.5: 1,200.5 or 1.200,5, 1200,5 …"),
    ] = None,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="Mapping file (TOML) for another table.")
    ] = None,
    draft_map: Annotated[
        Path | None,
        typer.Option(
            "--draft-map", help="Write a draft of the mapping of an unknown header here; import nothing."
        ),
    ] = None,
    json_lines: Json = False,
) -> None:
    """Import report files in this process; needs no worker."""
    screen = make_screen(json_lines=json_lines)
    told = {"artist": artist, "track": track, "region": region, "date": date, "report": report}
    told["number_form"] = number_form
    values = {name: value for name, value in told.items() if value is not None}
    if draft_map is not None:
        if map_file is not None:
            raise BadInput("--draft-map imports nothing, --map does.", remedy="Give one of the two.")
        write_draft(screen, list_paths(paths), values, draft_map)
        return
    with open_house(tasks=True) as house:
        files = import_files(house, screen, list_paths(paths), values, map_file)
    show_files(screen, files)
    if any(file["outcome"] not in ("accepted", "unchanged") for file in files):
        raise typer.Exit(NEEDS_PERSON)


def list_paths(words: list[str]) -> list[str]:
    """Absolute paths. Raises `BadInput` where one is empty or not there."""
    for word in words:
        if not word:  # what a shell makes of a variable that is not set; as a path it would be this folder
            raise BadInput("A path is empty.", remedy="Name a file or a folder; . is the current one.")
        if not Path(word).exists():
            raise BadInput(f"{word}: there is no such file or folder.", remedy="Look at the spelling.")
    return [str(Path(word).absolute()) for word in words]


def write_draft(screen: Screen, paths: list[str], hints: dict[str, Any], target: Path) -> None:
    """Look at the files and write the draft of the first that is not known; exit code 4 where one is not."""
    if target.exists():
        raise BadInput(f"{target} exists already.", remedy="Name a new file for the draft.")
    # What recognises files brings Arrow along, which takes long to import; only --draft-map needs it here.
    drafting = importlib.import_module("backline.cli.import_draft")
    if not drafting.draft_map(screen, paths, hints, target, read_settings().reports.max_unpacked_mb << 20):
        raise typer.Exit(NEEDS_PERSON)


def import_files(
    house: House, screen: Screen, paths: list[str], hints: dict[str, Any], map_file: Path | None
) -> list[dict[str, Any]]:
    """Ask for one run over all paths and carry it here; one line per file."""
    spec = house.find_task(TASK)
    values = {"paths": paths, **hints}
    if map_file is not None:
        values["mapping"] = read_map(map_file)
    job = spec.read_json(json.dumps(values))
    run_id = house.submit(spec, job, Ask(house.settings.actor, priority=INTERACTIVE))
    answer = carry_visibly(house, screen, run_id)
    found: list[dict[str, Any]] = answer["files"]
    return found


def read_map(path: Path) -> str:
    """The text of a mapping file. Raises `BadInput` where it cannot be used, before a run is asked for."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadInput(f"The mapping {path} cannot be read: {words}.", remedy="Look at --map.") from error
    # The reader of mappings brings Arrow along, which takes long to import; only --map needs it.
    importlib.import_module("backline.reports.mapping").read_mapping(text)
    return text


@app.command("list")
def list_some(limit: Limit = 50, json_lines: Json = False) -> None:
    """List imports, newest first."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.read() as connection:
        rows: Sequence[dict[str, Any]] = [describe_row(row) for row in list_imports(connection, limit=limit)]
        if screen.is_for_eyes:
            rows = shorten_ids(connection, report_import.c.id, rows, BRIEF)
    show_imports(screen, rows)


@app.command()
def show(import_id: ImportId, json_lines: Json = False) -> None:
    """Show one import: its file, counts, totals, rejected lines, and how much of it still counts."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.read() as connection:
        row = read_import(connection, import_id)
        brought, current = count_claims(connection, row.no)
        plays = total_plays(connection, row.no)
    facts = {**describe_row(row), "claims": {"brought": brought, "current": current}}
    show_import(screen, facts | describe_plays(plays))


@app.command()
def undo(import_id: ImportId, json_lines: Json = False) -> None:
    """Take an import back: what later imports have not replaced is as it was before."""
    screen = make_screen(json_lines=json_lines)
    with open_house(tasks=True) as house:
        with house.database.read() as connection:
            check_undoable(read_import(connection, import_id))
        spec = house.find_task(UNDO)
        run_id = house.submit(
            spec,
            spec.read_json(json.dumps({"import_id": import_id})),
            Ask(house.settings.actor, priority=INTERACTIVE),
        )
        answer = carry_visibly(house, screen, run_id)
    if json_lines:
        screen.dump(answer)
    else:
        screen.say(screen.label("import_undone", id=answer["import_id"]))
        screen.say(screen.label("import_undone_counts", **{name: answer[name] for name in COUNTS}))
