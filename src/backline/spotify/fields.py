"""What `fields` may ask of a playlist's rows, and the check that an answer has not been emptied by it.

A selector that names what is not there brings no error but empty objects: the old `items(track(…))` did so from one
day to the next in 2026. So each answer is looked at before it is read.
"""

from __future__ import annotations

from typing import Any, Final

from backline.errors import BrokenContract
from backline.spotify.routes import Route

_ARTISTS: Final = "artists(id,name)"
_THING: Final = (
    f"id,uri,type,name,episode,is_local,is_playable,duration_ms,explicit,external_ids(isrc,upc,ean),{_ARTISTS},"
    f"album(id,name,album_type,release_date,release_date_precision,{_ARTISTS})"
)
# Both names of the thing: which one a Client ID gets is not for us to guess, and the other costs nothing.
ROW_FIELDS: Final = (
    f"items(added_at,added_by(id),is_local,item({_THING}),track({_THING})),next,offset,limit,total"
)
HEAD_FIELDS: Final = (
    "id,name,description,public,collaborative,snapshot_id,owner(id,display_name),items(total),tracks(total)"
)


class BrokenSelector(BrokenContract):
    """`fields` asked for names that the answer does not have, so that it came back empty."""


def check_rows(page: Any, route: Route) -> Any:
    """The page as it is. Raises `BrokenSelector` where rows are told of and none of them has a place for its thing.

    A row whose thing is null is a gap in the list, and fine.
    """
    whole = page if isinstance(page, dict) else {}
    rows, total, offset = whole.get("items"), whole.get("total"), whole.get("offset") or 0
    if not isinstance(total, int):
        raise BrokenSelector(
            f"{route} did not tell how many rows there are.", remedy="Mend the fields that are asked for."
        )
    if rows is None and offset < total:
        raise BrokenSelector(f"{route} told of {total} rows and showed no list of them.")
    if rows and not any(isinstance(row, dict) and {"item", "track"} & row.keys() for row in rows):
        raise BrokenSelector(
            f"{route} told of {total} rows, and the {len(rows)} that it showed are empty.",
            remedy="Mend the fields that are asked for; this is not an empty playlist.",
        )
    return page


def check_head(head: Any, route: Route) -> Any:
    """A playlist by itself as it is. Raises `BrokenSelector` where not even its id came back."""
    if not isinstance(head, dict) or not head.get("id"):
        raise BrokenSelector(
            f"{route} came back without its id.", remedy="Mend the fields that are asked for."
        )
    return head
