"""`backline schedule`: runs that come back on time."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from backline.cli.houses import make_screen, open_house, write_audit
from backline.cli.jobs import ArtistOption, SetOption, read_job
from backline.cli.parameters import Json, TaskName
from backline.runtime.schedule import add_schedule
from backline.runtime.slots import next_slot
from backline.storage.clock import from_micros, to_micros
from backline.storage.schedules import delete_schedule, list_schedules, read_schedule, set_enabled
from backline.web.descriptions import describe_schedule

app = typer.Typer(help="Runs that come back on time.", no_args_is_help=True)
ScheduleId = Annotated[str, typer.Argument(help="The schedule's id.", metavar="SCHEDULE")]
CatchUpOption = Annotated[
    Literal["none", "last", "all"], typer.Option("--catch-up", help="Slots missed while no scheduler ran.")
]


@app.command()
def add(
    task: TaskName,
    cron: Annotated[str, typer.Option("--cron", help='Five fields, e.g. "30 6 * * 1" for Mondays 6:30.')],
    zone: Annotated[str, typer.Option("--zone", help="Time zone, e.g. Europe/Berlin.")] = "UTC",
    catch_up: CatchUpOption = "last",
    artist: ArtistOption = None,
    settings: SetOption = None,
    json_lines: Json = False,
) -> None:
    """Add a schedule; its first slot is the next one from now."""
    screen = make_screen(json_lines=json_lines)
    with open_house(tasks=True) as house:
        spec = house.find_task(task)
        job = read_job(house, spec, artist, settings or ())
        with house.database.write() as connection:
            schedule_id = add_schedule(
                connection, house.database, spec, job,
                cron=cron, zone=zone, catch_up=catch_up, who=house.settings.actor,
            )  # fmt: skip
            facts = describe_schedule(read_schedule(connection, schedule_id))
            brief = _describe_briefly(facts)
            write_audit(house, connection, "schedule.add", f"schedule:{schedule_id}", after=facts, **brief)
    screen.show_facts(facts)


def _describe_briefly(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: facts[name] for name in ("task", "job", "cron", "zone", "catch_up")}


@app.command("list")
def list_all(json_lines: Json = False) -> None:
    """List the schedules, the next one first."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.read() as connection:
        rows = [describe_schedule(row) for row in list_schedules(connection)]
    columns = ["id", "task", "cron", "zone", "enabled", "next_slot"]
    screen.show_rows(rows, columns, empty=screen.label("no_schedules"))


@app.command()
def show(schedule: ScheduleId, json_lines: Json = False) -> None:
    """Show one schedule."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.read() as connection:
        screen.show_facts(describe_schedule(read_schedule(connection, schedule)))


@app.command()
def pause(schedule: ScheduleId, json_lines: Json = False) -> None:
    """Let no slot fire until the schedule is resumed."""
    _switch(schedule, enabled=False, json_lines=json_lines)


@app.command()
def resume(schedule: ScheduleId, json_lines: Json = False) -> None:
    """Let slots fire again, from now on: what was missed in the pause is not caught up."""
    _switch(schedule, enabled=True, json_lines=json_lines)


def _switch(schedule: str, *, enabled: bool, json_lines: bool) -> None:
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.write() as connection:
        row = read_schedule(connection, schedule)
        upcoming = None
        if enabled and not row.enabled:
            upcoming = to_micros(next_slot(row.cron, row.zone, from_micros(house.database.now(connection))))
        set_enabled(connection, schedule, enabled=enabled, next_slot=upcoming)
        facts = describe_schedule(read_schedule(connection, schedule))
        act, what = f"schedule.{'resume' if enabled else 'pause'}", f"schedule:{schedule}"
        write_audit(house, connection, act, what, before=describe_schedule(row), after=facts)
    screen.show_facts(facts)


@app.command()
def remove(schedule: ScheduleId, json_lines: Json = False) -> None:
    """Remove a schedule; the runs it made stay."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.write() as connection:
        facts = describe_schedule(read_schedule(connection, schedule))
        delete_schedule(connection, schedule)
        brief = _describe_briefly(facts)
        write_audit(house, connection, "schedule.remove", f"schedule:{schedule}", before=facts, **brief)
    screen.show_facts({"id": schedule, "removed": True})
