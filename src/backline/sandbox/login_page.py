"""The page on which a person says who they are and whether an app may; plain, and nobody's marks on it."""

from __future__ import annotations

from html import escape

from backline.sandbox.world import App, Person

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sandbox: sign in</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem}}
button{{font:inherit;padding:.5rem 1rem;margin:.25rem}}</style></head>
<body><main><h1>Sandbox</h1>{main}</main></body></html>"""


def draw_consent(app: App | None, scope: str, people: list[Person], onward: str) -> str:
    """A choice of people, and yes or no. `onward`: the query of /authorize, carried along."""
    options = "".join(
        f'<option value="{escape(one.id)}">{escape(one.name)}{"" if app and one.id in app.listed else " (not listed)"}</option>'
        for one in people
    )
    wants = (
        "".join(f"<li>{escape(one)}</li>" for one in scope.split()) or "<li>nothing beyond the catalogue</li>"
    )
    name = f"The app {escape(app.client_id[:8])}" if app else "An unknown app"
    return PAGE.format(
        main=f'<p>{name} asks for:</p><ul>{wants}</ul><form method="post" action="/login">'
        f'<input type="hidden" name="continue" value="{escape(onward)}">'
        f'<label>You are <select name="user">{options}</select></label><br>'
        '<button name="action" value="agree">Agree</button>'
        '<button name="action" value="cancel">Cancel</button></form>'
    )


def draw_refusal(words: str) -> str:
    """What a person sees where there is no way back to the app."""
    return PAGE.format(main=f'<p role="alert">{escape(words)}</p>')
