"""The page is HTML in which nothing of a request is left unescaped."""

from __future__ import annotations

from backline.sandbox.login_page import draw_consent, draw_refusal
from backline.sandbox.world import App, Person


def test_names_and_the_way_on_are_escaped() -> None:
    app = App('"><i>', "", "a", "o", [], ["ada"])
    people = [Person("ada", "x", "<Ada>", "DE"), Person("bob", "y", "Bob", "DE")]
    page = draw_consent(app, "a b", people, 'x="y"')
    assert "<i>" not in page
    assert "&lt;Ada&gt;</option>" in page
    assert "Bob (not listed)" in page
    assert 'value="x=&quot;y&quot;"' in page
    assert page.count("<li>") == 2


def test_an_app_that_nobody_knows_and_no_scope_have_words_too() -> None:
    assert "An unknown app" in draw_consent(None, "", [], "")
    assert 'role="alert">no &amp; no<' in draw_refusal("no & no")
