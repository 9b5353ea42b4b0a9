"""What people and programs read: tables on a terminal, plain text in a pipe, one JSON object per line."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from backline.locales import read_labels

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_WHOLE = re.compile(r"-?[1-9]\d*$")
_BREAKS = re.compile("[\t\n]+")
# Columns of a table that may be broken over lines. Every other cell stays whole, so that it can be copied.
_FOLDED = frozenset(
    (
        "days",
        "error",
        "file",
        "meaning",
        "object",
        "origin",
        "remedy",
        "says",
        "task",
        "to_do",
        "value",
        "words",
    )
)
_LEAST, _GAP, _FIXED = 14, 2, 2  # letters of a folded cell; between columns; first columns that always stay


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

    @property
    def is_for_eyes(self) -> bool:
        """Whether what is shown is a table on a terminal."""
        return self.is_terminal and not self.json_lines

    @cached_property
    def console(self) -> Any:
        """Rich's console on stdout; no mark-up in data, no guessed colours."""
        from rich.console import Console  # only what draws on a terminal needs Rich; it is slow to load

        return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)

    def label(self, key: str, **values: object) -> str:
        """The label in the language of the settings; `{name}` in it is filled in."""
        return self.labels[key].format(**values) if values else self.labels[key]

    def number(self, digits: str) -> str:
        """A decimal number, as it is written in the language: digits in groups of three, point or comma."""
        form = self.labels["number_form"]
        whole, point, rest = digits.partition(".")
        grouped = f"{int(whole):,}".replace(",", form[1]) if _WHOLE.match(whole) else whole
        return grouped + (form[-2] + rest if point else "")

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
        found = list(rows)
        if not found:
            self.say(empty)
            return
        table = {column: [show_cell(row.get(column)) for row in found] for column in columns}
        if self.is_terminal:
            self._draw(table, numbers)
        else:
            self._write(table, numbers)

    def show_facts(self, facts: Mapping[str, Any]) -> None:
        """One object: a JSON line, or one `label  value` line for each key."""
        if self.json_lines:
            self.dump(facts)
            return
        heads = {key: self.labels.get(f"column_{key}", key) for key in facts}
        width = max((len(head) for head in heads.values()), default=0)
        for key, value in facts.items():
            self.say(f"{heads[key]:<{width}}  {show_cell(value)}".rstrip())

    def _head(self, column: str) -> str:
        return self.labels.get(f"column_{column}", column)

    def _draw(self, table: Mapping[str, list[str]], numbers: Sequence[str]) -> None:
        """What fits: without empty columns, and without the last ones where the terminal is too narrow."""
        from rich.box import SIMPLE_HEAD  # see console
        from rich.cells import cell_len
        from rich.table import Table
        from rich.text import Text

        filled = [column for column, cells in table.items() if set(cells) - {"-", ""}] or [*table][:1]
        names, widths = list(filled), {}
        for column in filled:
            width = max(cell_len(text) for text in (self._head(column), *table[column]))
            widths[column] = min(width, _LEAST) if _is_folded(column, numbers) else width
        while len(names) > _FIXED and _measure(widths[name] for name in names) > self.console.width:
            names.pop()
        drawn = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, _GAP - 1, 0, 0))
        for name in names:
            drawn.add_column(
                Text(self._head(name)),
                overflow="fold",
                no_wrap=not _is_folded(name, numbers),
                min_width=widths[name],
                justify="right" if name in numbers else "left",
            )
        for line in zip(*(table[name] for name in names), strict=True):
            drawn.add_row(*(Text(cell) for cell in line))
        self.console.print(drawn)
        if names != filled:
            heads = [self._head(column) for column in filled if column not in names]
            self.say(self.label("columns_left_out", columns=", ".join(heads)))

    def _write(self, table: Mapping[str, list[str]], numbers: Sequence[str]) -> None:
        """Columns of equal width and two spaces between; nothing is cut or wrapped."""
        columns = {column: [self._head(column), *cells] for column, cells in table.items()}
        widths = {column: max(map(len, cells)) for column, cells in columns.items()}
        for line in zip(*columns.values(), strict=True):
            padded = [
                cell.rjust(widths[column]) if column in numbers else cell.ljust(widths[column])
                for column, cell in zip(columns, line, strict=True)
            ]
            sys.stdout.write("  ".join(padded).rstrip() + "\n")


def _is_folded(column: str, numbers: Sequence[str]) -> bool:
    return column in _FOLDED and column not in numbers


def _measure(widths: Iterable[int]) -> int:
    """The width of a table of columns so wide."""
    every = list(widths)
    return sum(every) + _GAP * (len(every) - 1)


def show_cell(value: object) -> str:
    """A value as one line of text."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (dict, list)):
        return _BREAKS.sub(" ", tidy(json.dumps(value, ensure_ascii=False)))
    return _BREAKS.sub(" ", tidy(str(value)))
