"""Covers and portraits as small grey pictures, those of playlists for less than a day; and pages that links lead to."""

from __future__ import annotations

import struct
import zlib
from html import escape

from backline.sandbox.answers import Answer, say_text
from backline.sandbox.call import Call
from backline.sandbox.world import Playlist

LIFE = 20 * 3600.0
STEP = 3600.0
COVER_LAG = 5.0


def sign_playlist_image(call: Call, playlist: Playlist) -> str:
    """An address that ends within a day; the same for an hour, so that an ETag can hold."""
    expires = int((call.now // STEP) * STEP + LIFE)
    return f"{call.base}/image/playlist/{playlist.id}/640?expires={expires}"


def see_cover(playlist: Playlist, now: float) -> bytes | None:
    """The cover that was uploaded, once it is visible."""
    seen = [picture for at, picture in playlist.cover if at + COVER_LAG <= now]
    return seen[-1] if seen else None


def answer_picture(call: Call) -> Answer:
    """A picture, 403 after its address has expired, or a page that says what a link leads to."""
    if call.path.startswith("/open/"):
        return say_text(f"<!doctype html><title>Sandbox</title><p>{escape(call.path[6:])}", 200, "text/html")
    if float(call.query.get("expires", "inf")) <= call.now:
        return say_text("URL signature expired", 403)
    parts = call.path.split("/")
    playlist = call.world.playlists.get(parts[3]) if len(parts) > 3 else None
    if playlist and (cover := see_cover(playlist, call.now)):
        return Answer(200, cover, "image/jpeg")
    return Answer(200, draw_square(sum(call.path.encode()) % 256), "image/png")


def draw_square(grey: int) -> bytes:
    """A PNG of one grey point."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes((0, grey)))),
        (b"IEND", b""),
    ]
    made = b"\x89PNG\r\n\x1a\n"
    for name, data in parts:
        made += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return made
