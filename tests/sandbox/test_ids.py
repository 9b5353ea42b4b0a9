"""Ids are unique and repeatable; ISRCs and UPCs are well-formed."""

from __future__ import annotations

import re

from backline.sandbox.ids import Minter, sum_check_digit


def test_the_same_seed_gives_the_same_ids() -> None:
    first, second, other = Minter(7), Minter(7), Minter(8)
    ids = [first.take_id() for _ in range(50)]
    assert ids == [second.take_id() for _ in range(50)]
    assert ids[0] != other.take_id()


def test_ids_are_22_characters_and_never_the_same() -> None:
    minter = Minter(1)
    ids = [minter.take_id() for _ in range(20_000)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[0-9A-Za-z]{22}", one) for one in ids)


def test_an_isrc_has_its_form_beyond_one_registrant() -> None:
    minter = Minter(1)
    isrcs = [minter.take_isrc(2000 + number % 30) for number in range(120_000)]
    assert len({isrc[:5] + isrc[7:] for isrc in isrcs}) == len(isrcs)
    assert all(re.fullmatch(r"ZZ[A-Z]{3}\d{7}", isrc) for isrc in (isrcs[0], isrcs[-1]))
    assert isrcs[-1][2:5] == "AAB"


def test_the_check_digit_is_that_of_gs1() -> None:
    # Two printed on everything that shows how it is done: UPC-A 036000291452 and EAN-13 4006381333931.
    assert sum_check_digit("03600029145") == 2
    assert sum_check_digit("400638133393") == 1


def test_a_upc_has_its_length_and_its_digit() -> None:
    minter = Minter(1)
    for length in (12, 13):
        upc = minter.take_upc(length)
        assert len(upc) == length
        assert upc[0] == "2"
        assert int(upc[-1]) == sum_check_digit(upc[:-1])
