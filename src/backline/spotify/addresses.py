"""What people copy out of Spotify's windows: ids, URIs and addresses of artists."""

from __future__ import annotations

import re
from typing import Final

_ID: Final = r"(?P<id>[0-9A-Za-z]{22})"
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        _ID,
        rf"spotify:artist:{_ID}",
        rf"(?:https?://)?open\.spotify\.com/(?:intl-[a-z-]+/)?artist/{_ID}/?(?:[?#].*)?",
    )
)


def read_artist_id(text: str) -> str | None:
    """The id of an artist out of an id, a URI or an address; None for anything else, such as a name."""
    found = (form.fullmatch(text.strip()) for form in _FORMS)
    return next((match["id"] for match in found if match), None)
