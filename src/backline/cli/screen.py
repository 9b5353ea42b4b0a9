"""What people and programs read: tables on a terminal, plain text in a pipe, one JSON object per line."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from backline.locales import read_labels

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BREAKS = re.compile("[\t\n]+")


def tidy(text: str) -> str:
    """Text without control characters: a name out of a file must not steer the terminal."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


class Screen:
    """Where a command writes. With `json_lines` only JSON goes to stdout; words to people are left out."""

    def __init__(self, language: str = "en", *, json_lines: bool = False) -> None:
        self.json_lines = json_lines
        self.language = language
        self.labels = read_labels(language)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")

    @property
    def is_terminal(self) -> bool:
        """Whether somebody looks at stdout."""
        return sys.stdout.isatty()

    @cached_property
    def console(self) -> Console:
        """Rich on stdout; no mark-up in data, no guessed colours."""
        return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)

    def label(self, key: str, **values: object) -> str:
        """The label in the language of the settings; `{name}` in it is filled in."""
        return self.labels[key].format(**values) if values else self.labels[key]

    def dump(self, value: object) -> None:
        """One JSON object on one line."""
        plain = (sys.stdout.encoding or "ascii").lower().replace("-", "") != "utf8"
        sys.stdout.write(json.dumps(value, ensure_ascii=plain, default=str) + "\n")

    def say(self, text: str = "") -> None:
        """One line for people."""
        if not self.json_lines:
            sys.stdout.write("\n".join(tidy(line) for line in text.split("\n")) + "\n")

    def note(self, text: str) -> None:
        """One line beside the result: stderr, so that a pipe gets only the result."""
        sys.stderr.write(tidy(text) + "\n")
        sys.stderr.flush()

    def show_rows(
        self,
        rows: Iterable[Mapping[str, Any]],
        columns: Sequence[str],
        *,
        empty: str = "",
        numbers: Sequence[str] = (),
    ) -> None:
        """A list: JSON lines with every key of a row, or a table of `columns`; `empty` is said of none."""
        if self.json_lines:
            for row in rows:
                self.dump(row)
            return
        cells = [[show_cell(row.get(column)) for column in columns] for row in rows]
        if not cells:
            self.say(empty)
            return
        heads = [self.labels.get(f"column_{column}", column) for column in columns]
        right = [column in numbers for column in columns]
        if self.is_terminal:
            self._draw(heads, cells, right)
        else:
            self._write(heads, cells, right)

    def show_facts(self, facts: Mapping[str, Any]) -> None:
        """One object: a JSON line, or one `label  value` line for each key."""
        if self.json_lines:
            self.dump(facts)
            return
        heads = {key: self.labels.get(f"column_{key}", key) for key in facts}
        width = max((len(head) for head in heads.values()), default=0)
        for key, value in facts.items():
            self.say(f"{heads[key]:<{width}}  {show_cell(value)}".rstrip())

    def _draw(self, heads: list[str], cells: list[list[str]], right: list[bool]) -> None:
        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for head, is_number in zip(heads, right, strict=True):
            table.add_column(Text(head), overflow="fold", justify="right" if is_number else "left")
        for line in cells:
            table.add_row(*(Text(cell) for cell in line))
        self.console.print(table)

    def _write(self, heads: list[str], cells: list[list[str]], right: list[bool]) -> None:
        """Columns of equal width and two spaces between; nothing is cut or wrapped."""
        lines = [heads, *cells]
        widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
        for line in lines:
            padded = [
                cell.rjust(width) if is_number else cell.ljust(width)
                for cell, width, is_number in zip(line, widths, right, strict=True)
            ]
            sys.stdout.write("  ".join(padded).rstrip() + "\n")


def show_cell(value: object) -> str:
    """A value as one line of text."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return show_moment(value)
    if isinstance(value, (dict, list)):
        return _BREAKS.sub(" ", tidy(json.dumps(value, ensure_ascii=False)))
    return _BREAKS.sub(" ", tidy(str(value)))


def show_moment(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
