"""The mapping file: TOML that says what the columns of any table mean.

report = "my_distributor"          # label of the numbers
date_form = "auto"                 # or YYYY-MM-DD, DD/MM/YYYY (also DD.MM.YYYY, DD-MM-YYYY), MM/DD/YYYY;
                                   # YYYY-MM, MM/YYYY: months, each of which is one value, under its last day
number_form = "auto"               # or how 1200.5 is written: "1,200.5", "1.200,5", "1200,5" …
cumulative = ["streams"]           # measures told as a running total; the others are daily
span = 7                           # days that one value covers, up to its date; 1 where it is not said

[columns]                          # what = "column of the file"
date = "Day"
country = "Territory"
streams = "Quantity"
revenue = "Earnings (USD)"
statement = "Reported"             # of months: what is reported at another time adds to it, and replaces nothing
rank = "Position"                  # makes the table a chart

[constants]                        # what every row has in common
currency = "USD"

[split]                            # one column that holds two things
column = "Artist and title"
at = " - "
into = ["artist", "track"]
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from backline.music import MEASURES
from backline.reports.countries import read_country
from backline.reports.dates import DATE_FORMS, MONTH_FORMS, SAME_FORMS, read_date_form, read_day
from backline.reports.format import Refused
from backline.reports.header import fold_column
from backline.reports.numbers import NumberForm

CONSTANTS: Final = ("date", "artist", "track", "isrc", "released", "country", "source", "currency")
# A mapping is kept for other files, and each is another statement of other releases.
ROLES: Final = (*CONSTANTS, "upc", "statement")
MEASURE_NAMES: Final = tuple("rank" if name == "chart_rank" else name for name in MEASURES)
_LONGEST: Final = 100_000
Role = Literal["artist", "track", "isrc", "country", "source"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SplitPart(_Part):
    """A column that holds two things."""

    column: str = Field(min_length=1)
    at: str = Field(min_length=1)
    into: list[Role] = Field(min_length=2, max_length=2)


class TableMapping(_Part):
    """A mapping file."""

    report: str = Field("mapped", pattern=r"^[a-z0-9][a-z0-9_\-]{0,63}$")
    date_form: Literal["auto", "YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY", "YYYY-MM", "MM/YYYY"] = "auto"
    number_form: NumberForm = "auto"
    cumulative: list[str] = []
    span: int | None = Field(None, ge=1, le=366)
    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    split: SplitPart | None = None

    @field_validator("date_form", mode="before")
    @classmethod
    def _know_date_form(cls, form: Any) -> Any:
        if form == "MM.DD.YYYY":
            raise ValueError("'MM.DD.YYYY' is not read: dots put the day first; write DD.MM.YYYY")
        found = read_date_form(form) if isinstance(form, str) else None
        if found is None:
            known = ", ".join(DATE_FORMS)
            raise ValueError(f"{form!r} is no form of dates; known: {known}; {SAME_FORMS}")
        return found

    @field_validator("columns")
    @classmethod
    def _know_columns(cls, columns: dict[str, str]) -> dict[str, str]:
        for what, column in columns.items():
            if what not in ROLES and what not in MEASURE_NAMES:
                known = ", ".join((*ROLES, *MEASURE_NAMES))
                raise ValueError(f"{what!r} is not something a column can be; known: {known}")
            if not column.strip():
                raise ValueError(f"{what} names no column: write the column's name, or remove the line")
        return columns

    @field_validator("constants")
    @classmethod
    def _know_constants(cls, constants: dict[str, str]) -> dict[str, str]:
        for what, value in constants.items():
            if what not in CONSTANTS:
                raise ValueError(f"{what!r} cannot be a constant; known: {', '.join(CONSTANTS)}")
            if not value.strip():
                raise ValueError(f"{what} is empty: write its value, or remove the line")
        if "date" in constants and read_day(constants["date"], "YYYY-MM-DD") is None:
            raise ValueError(f"date {constants['date']!r} is not a day: write it as YYYY-MM-DD")
        if "country" in constants and read_country(constants["country"]) is None:
            raise ValueError(f"country {constants['country']!r} is not an ISO code of two letters")
        return constants

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        measures = [what for what in self.columns if what in MEASURE_NAMES]
        if not measures:
            raise ValueError(f"columns: no measure is named; name at least one of {', '.join(MEASURE_NAMES)}")
        into = self.split.into if self.split else []
        for what in ROLES:
            if (what in self.columns) + (what in self.constants) + (what in into) > 1:
                raise ValueError(f"{what} is told twice, in columns, constants or split: keep one")
        for what in self.cumulative:
            if what not in measures or MEASURES.get(what) != "sum" or what == "revenue":
                raise ValueError(f"cumulative: {what!r} is not a count that is summed and has a column")
        if self.cumulative and self.span not in (None, 1):
            raise ValueError("span: the growth of a running total is that of a day; remove span")
        if "revenue" in measures and "currency" not in {*self.columns, *self.constants}:
            raise ValueError(
                'revenue needs a currency: name its column, or write [constants] currency = "EUR"'
            )
        return self

    @model_validator(mode="after")
    def _fit_months(self) -> Self:
        if not self.tells_months:
            if "statement" in self.columns:
                raise ValueError('statement: only months are told by statements, see date_form = "YYYY-MM"')
            return self
        if {"statement", "rank"} <= self.columns.keys():
            raise ValueError("statement: charts are not told by statements; remove statement or rank")
        if "date" not in self.columns:
            raise ValueError(f"date_form: {self.date_form} reads the months of a column; name it as date")
        if self.cumulative or self.span is not None:
            raise ValueError(f"date_form: {self.date_form} reads months; remove cumulative and span")
        return self

    @property
    def tells_months(self) -> bool:
        """Whether a value is that of a calendar month."""
        return self.date_form in MONTH_FORMS

    @property
    def needed(self) -> list[str]:
        """Folded names of every column that the mapping reads."""
        split = [self.split.column] if self.split else []
        return [fold_column(name) for name in (*self.columns.values(), *split)]


def read_mapping(text: str) -> TableMapping:
    """A mapping out of TOML. Raises `Refused` that names the field and what to mend."""
    remedy = "Mend the mapping file and import again."
    if len(text) > _LONGEST:
        raise Refused("bad_mapping", f"The mapping is longer than {_LONGEST:,} characters.", remedy)
    try:
        values: dict[str, Any] = tomllib.loads(text.lstrip("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise Refused("bad_mapping", f"The mapping is not valid TOML: {error}.", remedy) from error
    try:
        return TableMapping.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        words = str(first["msg"]).removeprefix("Value error, ")
        raise Refused(
            "bad_mapping", f"The mapping: {f'{field}: ' if field else ''}{words}.", remedy
        ) from error


class Mappings:
    """The mappings of one run: the one given with the files, and those kept for headers. Each is read once."""

    def __init__(self, text: str | None = None, kept: Mapping[str, str] | None = None) -> None:
        """`text` is TOML, `kept` TOML by the fingerprint of the header. Raises `Refused` where `text` is bad."""
        self.text = text
        self.given = read_mapping(text) if text is not None else None
        self._kept = kept or {}
        self._read: dict[str, TableMapping] = {}

    def find_text(self, fingerprint: str) -> str | None:
        """The TOML kept for a header."""
        return self._kept.get(fingerprint)

    def find(self, fingerprint: str) -> TableMapping | None:
        """The mapping kept for a header."""
        text = self.find_text(fingerprint)
        if text is not None and fingerprint not in self._read:
            self._read[fingerprint] = read_mapping(text)
        return self._read.get(fingerprint)
