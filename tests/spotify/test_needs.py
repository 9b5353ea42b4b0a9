"""What is given from outside: nouns that show no secrets, and stand-ins that are what they stand for."""

from __future__ import annotations

from backline.spotify.needs import AnswerStore, Budget, Clock, Grant, StoredAnswer, TokenStore
from tests.spotify.stand_ins import Room


def test_no_token_is_shown_in_a_log() -> None:
    grant = Grant("account", "client", "secret-access", 1, 1, "secret-refresh")
    assert "secret" not in repr(grant)
    assert "account" in repr(grant)
    assert "body" not in repr(StoredAnswer("tag", b"body", 1, 1))


def test_the_stand_ins_are_what_the_client_asks_for() -> None:
    room = Room()
    budget: Budget = room.budget
    store: TokenStore = room.store
    answers: AnswerStore = room.answers
    clock: Clock = room.clock
    assert clock.now() > 0
    assert store.read("nobody") is None
    assert answers.read("nothing") is None
    budget.take("me", interactive=False)
