"""The frame of the bot's web pages: plain HTML without a script, with strict headers.

A page consists of htpy's elements. A string in an element or attribute is text and is escaped:

    page("Connect Acme", h.p["Paste the key."], h.form(method="post")[h.input(name="key")])
"""

import base64
import hashlib
from collections.abc import Iterable

import htpy as h
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from bot.language import spoken

STYLE = Markup("""
:root { color-scheme: light dark; --ink: #1d1c1d; --quiet: #5b5a5c; --paper: #fff;
  --ground: #f4f4f5; --line: #8b8a8d; --act: #0b5c4a; --on-act: #fff; --bad: #b3261e;
  --bad-ground: #fdeceb; --good-ground: #e8f5ee; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececee; --quiet: #b4b3b8; --paper: #1e1f22;
  --ground: #131416; --line: #77767b; --act: #4cc4a4; --on-act: #06231c; --bad: #ff9d95;
  --bad-ground: #3a1f1d; --good-ground: #16322a; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; background: var(--ground); color: var(--ink);
  overflow-wrap: anywhere;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 36rem; margin: 4vh auto; padding: 1.5rem; background: var(--paper);
  border-radius: .75rem; box-shadow: 0 1px 4px rgb(0 0 0 / .2); }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; }
h2 { margin: 1.5rem 0 .5rem; font-size: 1.125rem; }
p, ul, ol, dl { margin: 0 0 1rem; }
ul, ol { padding-left: 1.25rem; }
main > :last-child { margin-bottom: 0; }
a { color: var(--act); }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input, select, textarea { width: 100%; padding: .625rem .75rem; border: 1px solid var(--line);
  border-radius: .5rem; background: var(--paper); color: inherit; font: inherit; }
input[type=checkbox], input[type=radio] { width: auto; margin-right: .5rem; }
fieldset { margin: 1rem 0; padding: .5rem 1rem 1rem; border: 1px solid var(--line);
  border-radius: .5rem; }
button, .button { display: inline-block; margin: 1.5rem .5rem 0 0; padding: .625rem 1.25rem;
  border: 1px solid var(--act); border-radius: .5rem; background: var(--act); color: var(--on-act);
  font: inherit; font-weight: 600; cursor: pointer; text-decoration: none; }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
button.quiet, button.danger { background: none; color: var(--act); }
button.danger { border-color: var(--bad); color: var(--bad); }
.actions { display: flex; flex-wrap: wrap; gap: .5rem; }
.actions button { margin: .5rem 0 0; }
.actions .danger { background: var(--bad); color: var(--paper); }
form > button:only-child, form > [type=hidden] + button { margin-top: .5rem; }
.hint { margin: .25rem 0 0; color: var(--quiet); font-size: .875rem; }
.field-error { margin: .25rem 0 0; color: var(--bad); font-weight: 600; }
[aria-invalid] { border-color: var(--bad); }
.error, .good { padding: .75rem 1rem; border-radius: .5rem; }
.error { background: var(--bad-ground); color: var(--bad); }
.good { background: var(--good-ground); }
""")

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}
HTTPS_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}
"""Headers for a page whose address begins with https://.

Over plain HTTP they must not be sent (RFC 6797, 7.2).
"""


def page(title: str, *body: h.Node, status: int = 200, https: bool = False) -> HTMLResponse:
    """Return a whole page with that heading. `https` is set if its address begins with https://."""
    whole = h.html(lang=spoken())[
        h.head[
            h.meta(charset="utf-8"),
            h.meta(name="viewport", content="width=device-width, initial-scale=1"),
            h.title[f"{title} · Incident Relay"],
            h.style[STYLE],
        ],
        h.body[h.main[h.h1[title], body]],
    ]
    return HTMLResponse(str(whole), status, HEADERS | (HTTPS_HEADERS if https else {}))


def rich(text: str, **values: h.Node) -> Markup:
    """Return a text whose placeholders are filled with elements, or with text that is escaped."""
    return Markup(escape(text)).format(**values)  # noqa: S704  the text is escaped


def browser_locale(request: Request) -> str:
    """Return the language that the browser prefers, for a page of which nobody asked in Slack."""
    return request.headers.get("accept-language", "").partition(",")[0].partition(";")[0]


def paragraphs(sentences: Iterable[str]) -> h.Node:
    """Return one paragraph for each sentence."""
    return [h.p[sentence] for sentence in sentences]
