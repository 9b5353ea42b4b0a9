"""`backline sandbox`: a local server that answers like the Web API of 2026, to build and test against."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from backline.cli.houses import make_screen
from backline.cli.parameters import Json, Under
from backline.cli.processes import follow_parent
from backline.errors import BadInput, NotAllowed
from backline.sandbox.growth import Counts
from backline.sandbox.launch import HOST, PORT, Options, launch
from backline.sandbox.listen import is_loopback
from backline.sandbox.profiles import PROFILES

app = typer.Typer()
MANY = 20_000


@app.command()
def sandbox(
    host: Annotated[str, typer.Option("--host", help="Loopback address.")] = HOST,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = PORT,
    profile: Annotated[str, typer.Option("--profile", help=f"One of {', '.join(PROFILES)}.")] = "dev-2026",
    seed: Annotated[str, typer.Option("--seed", help="The same seed grows the same world.")] = "1",
    clock: Annotated[
        str, typer.Option("--clock", help="real, frozen, or an ISO date from which it runs.")
    ] = "real",
    artists: Annotated[
        int, typer.Option("--artists", min=0, max=MANY, help="How many grow.")
    ] = Counts.artists,
    listeners: Annotated[int, typer.Option("--listeners", min=1, max=MANY)] = Counts.listeners,
    playlists: Annotated[int, typer.Option("--playlists", min=0, max=MANY)] = Counts.playlists,
    budgets: Annotated[
        bool, typer.Option(help="Hidden daily budgets and a rolling window, as on the platform.")
    ] = True,
    json_lines: Json = False,
    under: Under = 0,
) -> None:
    """Serve a local stand-in for the Web API, to build and test against. Everything in it is invented."""
    follow_parent(under)
    screen = make_screen(json_lines=json_lines)
    if not is_loopback(host):
        raise NotAllowed(
            f"The sandbox does not listen on {host}: it gives its tokens to whoever asks.",
            remedy="Use 127.0.0.1, ::1 or localhost; from elsewhere, an SSH tunnel.",
        )

    def tell(facts: dict[str, Any]) -> None:
        screen.show_facts(facts)
        sys.stdout.flush()  # whoever reads a pipe waits for it

    options = Options(host, port, profile, seed, clock, artists, listeners, playlists, budgets)
    try:
        launch(options, tell)
    except OSError as error:
        raise BadInput(
            f"Port {port} on {host} cannot be used: {error.strerror}.",
            remedy="Choose another with --port; 0 takes a free one.",
        ) from error
    except ValueError as error:
        raise BadInput(f"{error}", remedy="See backline sandbox --help.") from error
