"""The hash of a row is what the documentation says, to the byte."""

from __future__ import annotations

from hashlib import sha256

from backline.storage.seals_chain import GENESIS, ROW_FIELDS, chain_rows, hash_epoch, hash_row

ROW = {
    "id": 7, "at": 1_700_000_000_000_001, "actor": "Zoë\n", "action": "a", "object": "o\x1f\"\\", "run_id": None,
    "fence": None, "before_sha": None, "after_sha": "x", "body": "{}",
}  # fmt: skip
WRITTEN = (
    '{"action":"a","actor":"Zoë\\n","after_sha":"x","at":1700000000000001,"body":"{}","id":7,'
    '"object":"o\\u001f\\"\\\\"}'
)


def test_the_hash_can_be_made_by_hand() -> None:
    assert set(ROW) == set(ROW_FIELDS)
    assert hash_row(GENESIS, ROW) == sha256(b"\x01" + bytes(32) + WRITTEN.encode()).digest()


def test_every_field_and_the_hash_before_count() -> None:
    own = hash_row(GENESIS, ROW)
    changed = [
        {**ROW, name: (ROW[name] or 0) + 1 if name in ("id", "at", "fence") else "other"} for name in ROW
    ]
    assert len({own, hash_row(own, ROW), *(hash_row(GENESIS, row) for row in changed)}) == len(ROW) + 2


def test_nothing_is_not_the_empty_text() -> None:
    assert hash_row(GENESIS, ROW) != hash_row(GENESIS, {**ROW, "run_id": ""})


def test_rows_stand_on_each_other() -> None:
    links = list(chain_rows(GENESIS, [ROW, {**ROW, "id": 8}]))
    assert links[0] == (7, GENESIS, hash_row(GENESIS, ROW))
    assert links[1][1] == links[0][2]


def test_an_epoch_is_hashed_on_its_foot() -> None:
    values = {
        "epoch": 1, "rows_before": 0, "began_at": 5, "why": "first", "anchor": None, "xid_floor": 0, "audit_id": None,
    }  # fmt: skip
    assert hash_epoch(GENESIS, values) != hash_epoch(GENESIS, {**values, "why": "other"})
    assert hash_epoch(GENESIS, values) != hash_epoch(b"1" * 32, values)
