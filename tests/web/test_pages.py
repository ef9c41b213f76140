"""The pages that people see: what is text stays text, and the headers let a page do nothing."""

import base64
import hashlib
import re

import htpy as h

from bot.web.pages import HEADERS, HTTPS_HEADERS, STYLE, page, paragraphs

HOSTILE = "<script>alert(\"1\")</script> & 'so'"
ESCAPED = "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt; &amp; &#39;so&#39;"


def test_a_whole_page() -> None:
    """Heading, paragraphs, and elements as they are; whatever came from outside is text, in
    attributes too."""
    form = h.form(method="post")[h.input(name="key", value=HOSTILE, required=True, disabled=False)]
    label = h.label(for_="key", aria_label="x")["Key ", h.b[HOSTILE]]
    shown = page(HOSTILE, paragraphs([HOSTILE]), form, label, HOSTILE, status=400)
    assert bytes(shown.body).decode() == (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{ESCAPED} · Incident Relay</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{ESCAPED}</h1><p>{ESCAPED}</p>"
        f'<form method="post"><input name="key" value="{ESCAPED}" required></form>'
        '<label for="key" aria-label="x">Key '
        f"<b>{ESCAPED}</b></label>{ESCAPED}</main></body></html>"
    )
    assert shown.status_code == 400


def test_only_its_own_style_may_be_used() -> None:
    """The policy names the hash of what stands between the style's tags, and allows nothing else
    but our own forms."""
    shown = page("Title")
    style = re.findall(r"<style>(.*?)</style>", bytes(shown.body).decode(), re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert shown.headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; frame-ancestors "
        "'none'; base-uri 'none'"
    )


def test_browsers_are_bound_to_https_only_over_it() -> None:
    """Over plain HTTP that header must not be sent; the others always are."""
    plain, secure = page("Title").headers, page("Title", https=True).headers
    assert {name: plain[name] for name in HEADERS} == HEADERS
    assert {name: secure[name] for name in HEADERS | HTTPS_HEADERS} == HEADERS | HTTPS_HEADERS
    assert [name for name in HTTPS_HEADERS if name in plain] == []
