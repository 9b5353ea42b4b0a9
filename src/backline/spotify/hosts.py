"""The two hosts of the platform, or a sandbox in their place, and the one way in which connections are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import httpx

CONNECT_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = (
    30.0  # stalls of 30 to 45 s were seen; whoever waits that long is better off asking again
)


@dataclass(frozen=True, slots=True)
class Hosts:
    """`api`: what comes before `/me` in an address; `accounts`: what comes before `/authorize`."""

    api: str = "https://api.spotify.com/v1"
    accounts: str = "https://accounts.spotify.com"

    @classmethod
    def find_sandbox(cls, address: str) -> Hosts:
        """Both places of a sandbox at one address."""
        home = address.rstrip("/")
        return cls(f"{home}/v1", home)


def open_web(transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client that follows no redirects and retries nothing: whoever asked is told, and asks again when it is due."""
    return httpx.Client(
        transport=transport,
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        headers={"User-Agent": "backline", "Accept": "application/json"},
        follow_redirects=False,
    )
