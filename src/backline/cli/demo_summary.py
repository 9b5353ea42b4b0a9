"""What the demo says at its end: what ran, what it found, and where to look."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backline import samples
from backline.cli.report_words import MAIN, describe_report, show_change, show_value
from backline.cli.screen import Screen
from backline.storage.runs import RunRow
from backline.web.descriptions import count_seconds
from backline.wiring import House

TOP = 3


@dataclass(frozen=True)
class Found:
    """The finished runs of the demo (import, sync, aggregate), and when it began (seconds since 1970 UTC)."""

    runs: tuple[RunRow, RunRow, RunRow]
    began: float

    @property
    def is_repeated(self) -> bool:
        """Whether everything was there from an earlier demo."""
        return all(run.finished_at is not None and run.finished_at < self.began * 1e6 for run in self.runs)

    @property
    def files(self) -> list[dict[str, Any]]:
        """The import's line of each file."""
        files: list[dict[str, Any]] = json.loads(self.runs[0].answer)["files"]
        return files

    @property
    def numbers(self) -> dict[str, Any]:
        """The aggregate's answer."""
        answer: dict[str, Any] = json.loads(self.runs[2].answer)
        return answer

    @property
    def requests(self) -> dict[str, int]:
        """What the sync asked, by family."""
        requests: dict[str, int] = json.loads(self.runs[1].answer)["requests"]
        return requests


def show_summary(screen: Screen, house: House, found: Found, address: str | None) -> None:
    """The end of the demo, for people; `address` is None where the web ends with the summary."""
    from backline.cli.demo_catalogue import describe_catalogue  # loads Arrow, which starting does without

    answer = found.numbers
    screen.say(f"\n{screen.label('demo_title')}")
    if found.is_repeated:
        screen.say(screen.label("demo_repeated_nothing"))
    screen.say(f"\n{screen.label('demo_what_ran')}")
    _show_runs(screen, found.runs)
    screen.say(f"\n{screen.label('demo_what_found')}")
    for line in describe_files(screen, found.files):
        screen.say(f"  {line}")
    for report in answer["reports"]:
        for line in describe_report(screen, report):
            screen.say(f"  {line}")
    _show_top(screen, answer["reports"], "by_track", screen.label("demo_top_tracks"))
    _show_top(screen, answer["reports"], "by_country", screen.label("demo_top_countries"))
    screen.say(f"\n{screen.label('demo_catalogue')}")
    for line in describe_catalogue(screen, house, found.requests, name_command(house)):
        screen.say(f"  {line}")
    screen.say(f"\n{screen.label('demo_where')}")
    for line in list_places(screen, house, answer, address):
        screen.say(f"  {line}")


def describe_files(screen: Screen, files: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """How many files and rows came in, and each rejected line with its reason."""
    outcomes = [file["outcome"] for file in files]
    accepted, unchanged = outcomes.count("accepted"), outcomes.count("unchanged")
    refused = len(outcomes) - accepted - unchanged
    yield screen.label("demo_files", accepted=accepted, unchanged=unchanged, refused=refused)
    rows = sum(file["rows"]["accepted"] for file in files)
    yield screen.label(
        "demo_rows", rows=screen.number(str(rows)), rejected=sum(file["rows"]["rejected"] for file in files)
    )
    for file in files:
        for item in file["rejected"][:TOP]:
            name, reason = Path(file["file"]).name, str(item["reason"]).rstrip(".")
            yield screen.label("demo_lesson", file=name, line=item["line"], reason=reason)


def list_places(
    screen: Screen, house: House, answer: Mapping[str, Any], address: str | None
) -> Iterator[str]:
    """The web while it is up, the exported files, and the commands that show more."""
    if address is not None:
        yield screen.label("demo_web", address=address)
    for path in answer["exports"].values():
        if path:
            yield screen.label("demo_export", path=path)
    program, artist = name_command(house), shlex.quote(samples.ARTIST)
    for command in (
        f"metrics show --artist {artist} --by country",
        f"catalogue list {artist}",
        "catalogue joins",
        "accounts",
        "runs list",
        "--help",
    ):
        yield screen.label("demo_next", command=f"{program} {command}")


def name_command(house: House) -> str:
    """How to call us on the demo's state folder."""
    return f"BACKLINE_STATE={shlex.quote(str(house.settings.state))} {name_program()}"


def name_program() -> str:
    """How to call us: by name where the shell finds us, else by the path beside this Python."""
    if shutil.which("backline"):
        return "backline"
    path = Path(sys.executable).with_name("backline")
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def _show_runs(screen: Screen, runs: Sequence[RunRow]) -> None:
    for run in runs:
        seconds = count_seconds(run.started_at, run.finished_at)
        screen.say(f"  {run.task:<36}  {run.state:<9}  {screen.number(str(seconds))} s  {run.id}")


def _show_top(screen: Screen, reports: Sequence[Mapping[str, Any]], by: str, title: str) -> None:
    """The strongest keys of the first report that tells them day by day."""
    for report in reports:
        lines = [line for line in report[by] if line["measure"] == MAIN]
        if len(lines) > 1 and report["totals"]:
            screen.say(f"\n{title} ({report['report']})")
            for line in lines[:TOP]:
                known = line["change"] and line["change"]["percent"] is not None
                change = show_change(screen, line["change"]) if known else ""
                screen.say(f"  {line['key']:<24}  {show_value(screen, line['value']):>9}  {change}".rstrip())
            return
