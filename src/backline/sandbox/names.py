"""Invented names of artists, releases, tracks and people, the awkward ones first."""

from __future__ import annotations

import random

ODD_ARTISTS = (
    "Zoë Ångström", "ضوء القمر البعيد", "שיר לבן", "東京夜行列車", "🌊 Tidewater 🌙", 'The "Quoted" Ones', "Q",
    "O'Neary & Søn", "Cafe\u0301 Minuit", "Пыльный Свет", "한밤의 우체국", "100% (Remix) / Co., Ltd.", "naïve; DROP TABLE",
    "Ελαφριά Βροχή", "Ünder the Ïce", "<b>Bold</b> & Sons", "  Double  Space", "İstanbulin Treni", "Weiß wie Schnee",
)  # fmt: skip
ODD_TITLES = (
    "Ç", "Ночь без сна", "雨のち晴れ", "لحن الصباح", "🙃", 'She Said "No"', "Rock 'n' Rain", "1/2 (Half)", "Día Naranja",
    "Übermut – Live", "E\u0301toile", "A" * 120, "שלום לך", "#", "50% off, maybe; never", "Love\u200d❤️\u200d🔥",
)  # fmt: skip
FIRST = (
    "Amber", "Brass", "Cinder", "Dusk", "Ember", "Fable", "Gravel", "Hollow", "Indigo", "Juniper", "Kelp", "Lantern",
    "Marrow", "Nettle", "Ochre", "Pewter", "Quarry", "Russet", "Sable", "Thistle", "Umber", "Velvet", "Willow", "Yarrow",
)  # fmt: skip
SECOND = (
    "Atlas", "Bridges", "Chorus", "District", "Engine", "Furnace", "Gardens", "Harbour", "Islands", "Junction", "Kites",
    "Ladders", "Meridian", "Numbers", "Orchard", "Parade", "Quartet", "Rivers", "Signals", "Towers", "Union", "Valley",
)  # fmt: skip
MIDDLE = ("of", "under the", "and the", "without", "beyond", "for", "against the", "near the")
GIVEN = (
    "Ada",
    "Bela",
    "Chike",
    "Dana",
    "Emre",
    "Fenna",
    "Goro",
    "Hedda",
    "Ilse",
    "Jonas",
    "Kaia",
    "Leo",
    "Mira",
    "Noor",
)
GENRES = ("harbour folk", "glass techno", "slow brass", "attic pop", "moss ambient", "tin blues")
LABELS = ("Paper Kite Records", "Nine Doors", "Quiet Machine", "Salt & Lantern", "Ostrich Tapes")


def name_artist(rng: random.Random, number: int) -> str:
    """The awkward names first, then invented ones; two artists may share one."""
    if number < len(ODD_ARTISTS):
        return ODD_ARTISTS[number]
    words = [_pick(rng, FIRST), _pick(rng, SECOND)]
    return " ".join(words) if rng.random() < 0.7 else f"{words[0]} {_pick(rng, MIDDLE)} {words[1]}"


def name_title(rng: random.Random) -> str:
    """A title of a release or a track; one in twenty is awkward."""
    chance = rng.random()
    if chance < 0.05:
        return _pick(rng, ODD_TITLES)
    if chance < 0.4:
        return _pick(rng, SECOND)
    return f"{_pick(rng, FIRST)} {_pick(rng, MIDDLE)} {_pick(rng, SECOND)}"


def name_person(rng: random.Random, number: int) -> str:
    """The display name of a listener."""
    return f"{GIVEN[number % len(GIVEN)]} {_pick(rng, FIRST)}"


def _pick(rng: random.Random, words: tuple[str, ...]) -> str:
    return words[int(rng.random() * len(words))]
