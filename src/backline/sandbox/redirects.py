"""Which addresses an app may be sent back to: https, loopback by number, or a scheme of its own; never by the name localhost."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def may_register(uri: str) -> bool:
    """Whether a dashboard would take this redirect URI (rules since April 2025)."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.fragment or not parts.scheme:
        return False
    if parts.scheme == "https":
        return bool(host) and host != "localhost"
    if parts.scheme == "http":
        return _is_loopback_number(host)
    return bool(parts.netloc or parts.path)


def is_allowed(uri: str, registered: list[str]) -> bool:
    """Whether a request may name `uri`: exactly as registered; a loopback address without port takes any port."""
    if not may_register(uri):
        return False
    return uri in registered or any(_fits_without_port(uri, one) for one in registered)


def _fits_without_port(uri: str, registered: str) -> bool:
    asked, known = urlsplit(uri), urlsplit(registered)
    if known.port is not None or known.scheme != "http" or not _is_loopback_number(known.hostname or ""):
        return False
    host = f"[{asked.hostname}]" if ":" in (asked.hostname or "") else asked.hostname or ""
    return asked._replace(netloc=host).geturl() == registered


def _is_loopback_number(host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in {ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")}
    except ValueError:
        return False
