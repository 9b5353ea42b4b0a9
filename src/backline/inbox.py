"""The watched folder: a file that lies still becomes a run of the import, then moves to done/ or refused/.

The run's key is the file's name, size and times, so that a crash between the run and the move asks
for the same run again, finds it ended and only moves the file. A file that is taken out of refused/
and dropped anew has another change time, and is tried again.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backline.disk import read_age
from backline.errors import BacklineError, BadInput
from backline.runtime.submit import Ask
from backline.storage.run_tables import ENDED_STATES
from backline.storage.runs import RunRow, read_state
from backline.wiring import House

log = logging.getLogger("backline.inbox")
TASK = "report_import.import_reports"
UNFINISHED_NAMES = (".part", ".crdownload", ".tmp", ".download", ".partial")
MOST_REJECTIONS = 20
_OPTION = re.compile(r"--(?:artist|track|region|date|report|number-form|map) [A-Z][A-Z-]*")
_LONGEST_NAME = 255  # bytes, of a file on the common file systems


class Inbox:
    """One look at a time; `look()` is called again and again by the scheduler process."""

    def __init__(self, house: House, folder: Path) -> None:
        self._house = house
        self._folder = folder
        self._seen: dict[str, str] = {}
        self._runs: dict[str, str] = {}
        self._told: set[str] = set()

    def look(self) -> int:
        """Ask for runs of files that lie still, move those whose run ended. How many moved."""
        for name in ("", "done", "refused"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        moved = 0
        seen: dict[str, str] = {}
        for path in self._list_files():
            try:
                key = name_key(path)
                if key is None:
                    continue
                seen[path.name] = key
                if self._seen.get(path.name) == key:
                    moved += self._handle(path, key)
            except (BacklineError, OSError) as error:  # one file must not keep the next from being seen
                self._tell(path, str(error))
        self._seen = seen
        self._runs = {key: run for key, run in self._runs.items() if key in seen.values()}
        return moved

    def _list_files(self) -> list[Path]:
        """The oldest first: of two issues of one report the later one counts, whatever their names."""
        found = (
            path
            for path in self._folder.iterdir()
            if path.is_file()
            and not path.is_symlink()
            and not path.name.startswith((".", "~"))
            and not path.name.lower().endswith(UNFINISHED_NAMES)
        )
        return sorted(found, key=read_age)

    def _handle(self, path: Path, key: str) -> bool:
        if key not in self._runs:
            task = self._house.find_task(TASK)
            try:
                job = task.read_json(json.dumps({"paths": [str(path)]}))
            except BadInput as error:  # no run can be asked for, e.g. of a name that is not UTF-8
                self._refuse(path, str(error))
                return True
            # A Conflict means that another scheduler sees this folder under another path: the file stays.
            self._runs[key] = self._house.submit(task, job, Ask("inbox", key=key))
            log.info("%s: run %s", path.name, self._runs[key])
        with self._house.database.read() as connection:
            row = read_state(connection, self._runs[key])
        return row is not None and self._settle(path, row, self._runs[key])

    def _settle(self, path: Path, row: RunRow, run_id: str) -> bool:
        """Move the file where its run has ended. A run that can be retried keeps its file in place."""
        if row.state == "succeeded":
            files = json.loads(row.answer).get("files", [])
            bad = [file for file in files if file["outcome"] not in ("accepted", "unchanged")]
            if not bad and files:
                move_without_overwriting(path, self._folder / "done")
                return True
            words = explain_files(files) if files else "Nothing in it could be read as a report.\n"
        elif row.state in ("failed", "cancelled"):
            words = f"{row.error_text or 'The run was cancelled.'}\n"
        else:
            if row.state in ENDED_STATES:
                self._tell(path, f"its run {run_id} is {row.state}: `backline runs show {run_id}`")
            return False
        self._refuse(path, f"{words}\nRun {run_id}")
        return True

    def _refuse(self, path: Path, words: str) -> None:
        """Move a file to refused/, with the reasons beside it."""
        place = move_without_overwriting(path, self._folder / "refused")
        shortened = os.fsdecode(os.fsencode(place.name)[: _LONGEST_NAME - len(".txt")])
        reasons = place.with_name(f"{shortened}.txt")
        reasons.write_text(
            f"{words}\n{advise_by_hand(place, words)}", encoding="utf-8", errors="backslashreplace"
        )

    def _tell(self, path: Path, words: str) -> None:
        """A warning, once per file and reason."""
        line = f"{path.name} stays in the inbox: {words}".encode(errors="backslashreplace").decode()
        if line not in self._told:
            self._told.add(line)
            log.warning("%s", line)


def name_key(path: Path) -> str | None:
    """The key of a file as it lies there now; None where it is gone."""
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return f"inbox:{path.name}:{facts.st_size}:{facts.st_mtime_ns}:{facts.st_ctime_ns}"


def explain_files(files: Sequence[Mapping[str, Any]]) -> str:
    """Why files were not taken: outcome, remedy and the first rejected lines of each, as plain text."""
    lines: list[str] = []
    for file in files:
        lines.append(f"{file['file']}: {file['outcome']}")
        if file.get("remedy"):
            lines.append(f"  {file['remedy']}")
        rejected = file.get("rejected") or []
        lines += [f"  line {item['line']}: {item['reason']}" for item in rejected[:MOST_REJECTIONS]]
        if len(rejected) > MOST_REJECTIONS:
            lines.append(f"  and {len(rejected) - MOST_REJECTIONS} more")
    return "\n".join(lines) + "\n"


def advise_by_hand(place: Path, words: str) -> str:
    """The whole command where the reasons ask for options: an inbox cannot be given any."""
    options = dict.fromkeys(_OPTION.findall(words))
    return f"\nBy hand: backline import {shlex.quote(str(place))} {' '.join(options)}\n" if options else ""


def move_without_overwriting(path: Path, folder: Path) -> Path:
    """Move a file into a folder; a taken name gets a number. Returns where it is now."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        name = path.name if number == 1 else f"{path.stem} ({number}){path.suffix}"
        target = folder / name
        try:
            # The name is taken in one step first, so that two movers never choose the same.
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            number += 1
            continue
        try:
            path.replace(target)
        except OSError:
            target.unlink()
            raise
        return target
