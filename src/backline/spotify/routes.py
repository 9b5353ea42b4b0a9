"""The routes of the Web API: which quota each is counted on, who may ask, how long a page is, and who still has it.

Sources: the changelog of February 2026 and its migration guide, the blog post of 2024-11-27, and the official
OpenAPI description of 2026-05-30. The families of routes that share a quota are unpublished; these are those
that lock-outs were reported for.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final, Literal

from backline.errors import BadInput

Family = Literal["tracks", "search", "playlist_read", "playlist_write", "catalogue", "me"]
Removed = Literal["2024", "2026"]
NAME: Final = re.compile(r"[0-9A-Za-z]+")


class Profile(enum.StrEnum):
    """What a Client ID may do, by its age and mode."""

    DEV_2026 = "dev_2026"  # development mode since February 2026: routes cut, pages of ten
    DEV_LEGACY = "dev_legacy"  # older, in development mode: only what went in November 2024 is gone
    EXTENDED = "extended"  # extended quota: everything


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `again`: whether asking twice does no more than asking once.

    `scopes`: a person's token needs one of them. `person`: an app by itself may not ask. `most`: the longest page,
    or the most ids at once; `most_2026`: the same for new Client IDs where it differs. `furthest`: the last offset.
    `gone`: when it was taken from those who may not have it any more.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    template: str
    family: Family
    scopes: tuple[str, ...] = ()
    person: bool = False
    again: bool = True
    most: int = 50
    most_2026: int | None = None
    furthest: int = 100_000
    gone: Removed | None = None

    def exists_on(self, profile: Profile) -> bool:
        """Whether a Client ID of this profile has it."""
        if self.gone == "2026":
            return profile is not Profile.DEV_2026
        return self.gone is None or profile is Profile.EXTENDED

    def cap(self, profile: Profile) -> int:
        """The longest page for a Client ID of this profile."""
        small = profile is Profile.DEV_2026 and self.most_2026 is not None
        return self.most_2026 if small and self.most_2026 else self.most

    def fill(self, *names: str) -> str:
        """The path with names in their places. Raises `BadInput` for what is no id: it must not lead elsewhere."""
        path = self.template
        for name in names:
            if not NAME.fullmatch(name):
                raise BadInput(
                    f"{name!r} is no id of the Web API.",
                    remedy="An id has letters and digits only: the end of an address, without what follows a '?'.",
                )
            head, _, rest = path.partition("{")
            path = head + name + rest.partition("}")[2]
        return path

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


WRITE: Final = ("playlist-modify-public", "playlist-modify-private")
LIBRARY_READ: Final = ("user-library-read", "user-follow-read", "playlist-read-private")
LIBRARY_WRITE: Final = ("user-library-modify", "user-follow-modify", "playlist-modify-public")

ME: Final = Route("GET", "/me", "me", person=True)

ARTIST: Final = Route("GET", "/artists/{id}", "catalogue")
ARTIST_ALBUMS: Final = Route("GET", "/artists/{id}/albums", "catalogue", most_2026=10)
ALBUM: Final = Route("GET", "/albums/{id}", "catalogue")
ALBUM_TRACKS: Final = Route("GET", "/albums/{id}/tracks", "catalogue")
TRACK: Final = Route("GET", "/tracks/{id}", "tracks")
SEARCH: Final = Route("GET", "/search", "search", most_2026=10, furthest=1000)

SAVED_TRACKS: Final = Route("GET", "/me/tracks", "me", ("user-library-read",), person=True)
SAVED_ALBUMS: Final = Route("GET", "/me/albums", "me", ("user-library-read",), person=True)
FOLLOWING: Final = Route("GET", "/me/following", "me", ("user-follow-read",), person=True)
TOP: Final = Route("GET", "/me/top/{kind}", "me", ("user-top-read",), person=True)
LIBRARY_HAS: Final = Route("GET", "/me/library/contains", "me", LIBRARY_READ, person=True, most=40)
LIBRARY_KEEP: Final = Route("PUT", "/me/library", "me", LIBRARY_WRITE, person=True, most=40)
LIBRARY_DROP: Final = Route("DELETE", "/me/library", "me", LIBRARY_WRITE, person=True, most=40)
RECENTLY_PLAYED: Final = Route(
    "GET", "/me/player/recently-played", "me", ("user-read-recently-played",), person=True
)

MY_PLAYLISTS: Final = Route("GET", "/me/playlists", "playlist_read", person=True)
PLAYLIST: Final = Route("GET", "/playlists/{id}", "playlist_read")
ROWS: Final = Route("GET", "/playlists/{id}/items", "playlist_read", person=True)
MAKE_PLAYLIST: Final = Route("POST", "/me/playlists", "playlist_write", WRITE, person=True, again=False)
CHANGE_PLAYLIST: Final = Route("PUT", "/playlists/{id}", "playlist_write", WRITE, person=True)
ADD_ROWS: Final = Route(
    "POST", "/playlists/{id}/items", "playlist_write", WRITE, person=True, again=False, most=100
)
REPLACE_ROWS: Final = Route("PUT", "/playlists/{id}/items", "playlist_write", WRITE, person=True, most=100)
# The same address as before, and yet a range that was moved must not be moved again.
MOVE_ROWS: Final = Route("PUT", "/playlists/{id}/items", "playlist_write", WRITE, person=True, again=False)
DROP_ROWS: Final = Route("DELETE", "/playlists/{id}/items", "playlist_write", WRITE, person=True, most=100)
SET_COVER: Final = Route(
    "PUT", "/playlists/{id}/images", "playlist_write", ("ugc-image-upload",), person=True
)

# What older Client IDs and those with extended quota still have, and what saves them requests.
TRACKS: Final = Route("GET", "/tracks", "tracks", gone="2026")
ALBUMS: Final = Route("GET", "/albums", "catalogue", most=20, gone="2026")
ARTISTS: Final = Route("GET", "/artists", "catalogue", gone="2026")
TOP_TRACKS: Final = Route("GET", "/artists/{id}/top-tracks", "catalogue", gone="2026")
NEW_RELEASES: Final = Route("GET", "/browse/new-releases", "catalogue", gone="2026")
OLD_ROWS: Final = Route("GET", "/playlists/{id}/tracks", "playlist_read", person=True, most=100, gone="2026")
RELATED_ARTISTS: Final = Route("GET", "/artists/{id}/related-artists", "catalogue", gone="2024")
GENRE_SEEDS: Final = Route("GET", "/recommendations/available-genre-seeds", "tracks", gone="2024")

ROUTES: Final[tuple[Route, ...]] = tuple(value for value in list(vars().values()) if isinstance(value, Route))
