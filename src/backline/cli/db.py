"""`backline db`: bring the database to this code's schema, or say where it stands."""

from __future__ import annotations

import typer

from backline.cli.houses import make_screen, read_settings
from backline.cli.parameters import Json
from backline.errors import NeedsHuman
from backline.settings import Settings
from backline.storage.database import Database
from backline.storage.upgrade import find_head, find_remedy, read_revision, upgrade_database

app = typer.Typer(help="Upgrade the database, or say where it stands.", no_args_is_help=True)


@app.command()
def upgrade(json_lines: Json = False) -> None:
    """Apply the migrations that are missing, in one transaction."""
    screen = make_screen(json_lines=json_lines)
    database = open_database(read_settings())
    before, after = upgrade_database(database)
    screen.show_facts(
        {"database": show_url(database), "before": before, "after": after, "changed": before != after}
    )


@app.command()
def status(json_lines: Json = False) -> None:
    """Say which schema the database has and which one this code wants."""
    screen = make_screen(json_lines=json_lines)
    database = open_database(read_settings())
    revision, head = read_revision(database), find_head()
    screen.show_facts(
        {"database": show_url(database), "schema": revision, "code": head, "current": revision == head}
    )
    if revision != head:
        raise NeedsHuman("The schema is not that of this code.", remedy=find_remedy(revision))


def open_database(settings: Settings) -> Database:
    """The database as it is, without upgrading it."""
    options = settings.database
    return Database(
        settings.database_url, busy_seconds=options.busy_seconds, writer_role=options.writer_role or None
    )


def show_url(database: Database) -> str:
    """The URL without its password."""
    return database.url.render_as_string(hide_password=True)
