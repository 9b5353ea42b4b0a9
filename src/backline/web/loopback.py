"""A socket that only this machine reaches. Light, since `up` and `demo` load it."""

from __future__ import annotations

import socket

from backline.errors import BadInput, NotAllowed
from backline.sections import is_loopback


def open_socket(host: str, port: int) -> socket.socket:
    """A bound loopback socket; port 0 takes a free one.

    Raises `NotAllowed` for an address that others can reach, `BadInput` where the port is taken.
    """
    if not is_loopback(host):
        raise NotAllowed(
            f"The web process does not listen on {host}: there is no sign-in yet.",
            remedy="Use 127.0.0.1, ::1 or localhost; from elsewhere, an SSH tunnel.",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise BadInput(
            f"Port {port} on {host} cannot be used: {error.strerror}.",
            remedy="Choose another with --port or web.port; 0 takes a free one.",
        ) from error
    return listener
