"""Spotify, extended streaming history (`Streaming_History_Audio_*.json`, older: `endsong_N.json`): one person's plays.

They are what one listener heard, in whatever music; they are never counted as an artist's streams. The
short history of the account data tells neither ids nor seconds and is refused.
"""

from __future__ import annotations

from collections.abc import Collection

from backline.reports.format import Format, Hints, Layout, Refused

_ALWAYS = {"ts", "ms_played"}
_KNOWN = _ALWAYS | {
    "platform", "conn_country", "ip_addr", "master_metadata_track_name", "master_metadata_album_artist_name",
    "master_metadata_album_album_name", "spotify_track_uri", "episode_name", "episode_show_name",
    "spotify_episode_uri", "audiobook_title", "audiobook_uri", "audiobook_chapter_uri",
    "audiobook_chapter_title", "reason_start", "reason_end", "shuffle", "skipped", "offline",
    "offline_timestamp", "incognito_mode", "username", "user_agent_decrypted", "ip_addr_decrypted", "city", "region",
}  # fmt: skip
_SHORT = {"endtime", "artistname", "trackname", "msplayed"}


def recognise(names: Collection[str]) -> int:
    """A moment, a length and what was played; or the short history, to say what is wrong with it."""
    found = set(names)
    if found >= _ALWAYS and found & {
        "spotify_track_uri",
        "spotify_episode_uri",
        "master_metadata_track_name",
    }:
        return len(found & _KNOWN)
    return len(found & _SHORT) if found >= _SHORT else 0


def lay_out(names: Collection[str], file_name: str, _: Hints) -> Layout:
    """A history of plays."""
    if "ts" not in names:
        raise Refused(
            "short_history",
            f"{file_name} is the short history of the account data: it tells no ids and no seconds.",
            "Ask Spotify for the extended streaming history (Account, Privacy) and import that.",
        )
    return Layout(report="spotify_history", kind="listener", span=1, measures={})


spotify_history = Format("spotify_history", recognise, lay_out, lists=True)
