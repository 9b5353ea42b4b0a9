"""Start a sandbox from options, and say in one line of JSON where it listens and who may come."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backline.sandbox.growth import Counts
from backline.sandbox.listen import open_socket, serve, tell_address
from backline.sandbox.profiles import PROFILES
from backline.sandbox.server import Sandbox, make_app

HOST, PORT = "127.0.0.1", 8620


@dataclass(frozen=True)
class Options:
    """What a sandbox is started with. `budgets` False: no daily budget and no window, for those who only build."""

    host: str = HOST
    port: int = PORT
    profile: str = "dev-2026"
    seed: str = "1"
    clock: str = "real"
    artists: int = Counts.artists
    listeners: int = Counts.listeners
    playlists: int = Counts.playlists
    budgets: bool = True


def launch(options: Options, tell: Callable[[dict[str, Any]], None]) -> None:
    """Serve until a signal; `tell` gets what a client needs. Raises `ValueError` and `OSError` before it listens."""
    if options.profile not in PROFILES:
        raise ValueError(f"The profile {options.profile} is none of {', '.join(PROFILES)}.")
    with open_socket(options.host, options.port) as listener:
        app = build(options)
        tell(describe(app, tell_address(listener)))
        serve(app, listener)


def build(options: Options) -> Sandbox:
    """The application. Raises `ValueError` for a clock that is none."""
    counts = Counts(artists=options.artists, listeners=options.listeners, playlists=options.playlists)
    seed = int(options.seed) if options.seed.isdigit() else options.seed
    app = make_app(seed=seed, counts=counts, profile=options.profile, clock=options.clock)
    if not options.budgets:
        limits = app.stage.ledger.limits
        limits.budgets, limits.most = dict.fromkeys(limits.budgets), None
    return app


def describe(app: Sandbox, address: str) -> dict[str, Any]:
    """The line: addresses, and the first Client ID with its secret and redirect URIs."""
    first = next(iter(app.stage.world.apps.values()))
    return {
        "sandbox": address,
        "api": f"{address}/v1",
        "accounts": address,
        "control": f"{address}/_sandbox",
        "profile": app.stage.profile,
        "seed": app.stage.seed,
        "client_id": first.client_id,
        "client_secret": first.secret,
        "redirect_uris": first.redirects,
    }


def read_options(arguments: list[str]) -> Options:
    """Options of a command line; argparse ends the program where they are wrong."""
    parser = argparse.ArgumentParser(prog="python -m backline.sandbox", description=__doc__)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, default=PORT, help="0 takes a free one")
    parser.add_argument("--profile", default="dev-2026", choices=list(PROFILES))
    parser.add_argument("--seed", default="1")
    parser.add_argument("--clock", default="real", help="real, frozen or an ISO date")
    for name in ("artists", "listeners", "playlists"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Counts, name))
    parser.add_argument("--no-budgets", dest="budgets", action="store_false")
    return Options(**vars(parser.parse_args(arguments)))


def tell_line(data: dict[str, Any]) -> None:
    """One line of JSON on stdout, at once."""
    sys.stdout.write(json.dumps(data) + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """The program; the exit code."""
    try:
        launch(read_options(arguments), tell_line)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0
