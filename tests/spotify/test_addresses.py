"""What is understood as an artist of Spotify, and what is not."""

import pytest

from backline.spotify.addresses import read_artist_id

ID = "4Z8W4fKeB5YxbusRsdQVPb"


@pytest.mark.parametrize(
    "text",
    [
        ID,
        f"  {ID}\n",
        f"spotify:artist:{ID}",
        f"https://open.spotify.com/artist/{ID}",
        f"http://open.spotify.com/artist/{ID}/",
        f"open.spotify.com/artist/{ID}",
        f"https://open.spotify.com/intl-de/artist/{ID}?si=abc",
        f"https://open.spotify.com/artist/{ID}#top",
    ],
)
def test_an_artist_is_understood(text: str) -> None:
    assert read_artist_id(text) == ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Velvet Tramlines",
        "art_0123456789abcdef",
        ID[:-1],
        f"{ID}x",
        f"spotify:album:{ID}",
        f"https://open.spotify.com/album/{ID}",
        f"https://example.com/artist/{ID}",
    ],
)
def test_anything_else_is_not(text: str) -> None:
    assert read_artist_id(text) is None
