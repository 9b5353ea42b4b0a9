"""The way back from a sign-in: a listener on this machine that hears one answer, or an address that a person pastes."""

from __future__ import annotations

import secrets
import time
from html import escape
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

from backline.errors import BadInput, NeedsHuman, NotAllowed

PLACE: Final = "/callback"
PAGE: Final = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Backline</title><p>{}</p></html>'


class Declined(NotAllowed):
    """The person was asked for their consent and said no."""


def make_state() -> str:
    """A word that comes back with the answer, so that nobody else's answer is taken."""
    return secrets.token_urlsafe(24)


def read_address(address: str, state: str) -> str:
    """The code in the address that a browser ended at. Raises `Declined`, and `BadInput` for another address."""
    said = parse_qs(address.strip().partition("?")[2].partition("#")[0])
    if not secrets.compare_digest("".join(said.get("state", [])).encode(), state.encode()):
        raise BadInput(
            "This address belongs to no sign-in that is going on here.",
            remedy="Paste the whole address that the browser shows after you agreed, or begin anew.",
        )
    if "access_denied" in said.get("error", []):
        raise Declined
    if "error" in said or not said.get("code"):
        words = "".join(said.get("error", [])) or "no code"
        raise BadInput(f"The sign-in came back with {words}.", remedy="Begin anew.")
    return said["code"][0]


class _Server(TCPServer):
    """Unlike http.server's it looks up no name, which takes seconds on some machines."""

    allow_reuse_address = True


class Listener:
    """Hears one answer on 127.0.0.1, never on another address. `port` 0: any that is free.

    A redirect URI that is registered without a port takes any port (RFC 8252 §7.3).
    """

    def __init__(self, state: str, port: int = 0) -> None:
        """Raises `BadInput` where the port is taken."""
        self._state = state
        self._answers: list[str | Exception] = []
        try:
            self._server = _Server(("127.0.0.1", port), self._make_handler())
        except OSError as error:
            raise BadInput(f"Port {port} of this machine is taken.", remedy="Name another one.") from error

    @property
    def redirect(self) -> str:
        """The address to which the browser is sent back."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{PLACE}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    def hear(self, seconds: float) -> str:
        """The code. Whoever comes with another state is sent away and changes nothing.

        Raises `Declined`, and `NeedsHuman` where nobody came back in time.
        """
        until = time.monotonic() + seconds
        while not self._answers:
            self._server.timeout = until - time.monotonic()
            if self._server.timeout <= 0:
                raise NeedsHuman(
                    f"Nobody came back from the sign-in within {seconds:.0f} s.",
                    remedy="Begin anew; on a machine without a browser paste the address instead.",
                )
            self._server.handle_request()
        answer = self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _take(self, path: str) -> tuple[int, str]:
        """The status and the words for a browser that came to `path`."""
        if urlsplit(path).path != PLACE:
            return 404, "Nothing is here."
        try:
            self._answers.append(read_address(path, self._state))
        except Declined as error:
            self._answers.append(error)
            return 200, "You said no, and nothing was connected. You can close this page."
        except BadInput as error:
            return 400, str(error)
        return 200, "Your answer has arrived. Where you began is told how it went; you can close this page."

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            timeout = 5  # a browser that opens a connection and says nothing holds up nobody for longer

            def do_GET(self) -> None:
                status, words = take(self.path)
                body = PAGE.format(escape(words)).encode()
                self.send_response(status)
                for name, value in (
                    ("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body))),
                    ("Connection", "close"), ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store"),
                ):  # fmt: skip
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """The code stands in the path: it is written nowhere."""

        return Handler
