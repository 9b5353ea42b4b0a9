"""Options that several commands share, spelled once."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object per line on stdout, nothing else.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many, newest first.")]
RunId = Annotated[
    str, typer.Argument(help="The run's id, or a beginning of it that fits only one.", metavar="RUN")
]
Under = Annotated[
    int, typer.Option("--under", hidden=True, help="End with the process of this id, our parent.")
]
