"""`backline web`: serve the JSON API on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from backline.cli.houses import make_screen, open_ringing_house
from backline.cli.parameters import Under
from backline.cli.processes import follow_parent, set_up_log
from backline.web.loopback import open_socket
from backline.web.server import serve

app = typer.Typer()


@app.command()
def web(
    host: Annotated[str | None, typer.Option("--host", help="Loopback address; default: web.host.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Default: web.port; 0 takes a free one.")
    ] = None,
    under: Under = 0,
) -> None:
    """Serve the JSON API on this machine."""
    follow_parent(under)
    set_up_log()
    screen = make_screen()
    with open_ringing_house() as house:
        options = house.settings.web
        listener = open_socket(options.host if host is None else host, options.port if port is None else port)
        serve(house, listener, lambda address: screen.note(screen.label("listening", address=address)))
