"""The small HTML pages to which receipts link. All typed text is escaped."""

from collections.abc import Mapping, Sequence
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.playground.vendors.base import Handler, VendorStandIn

_STYLE = """
:root{color-scheme:light dark;--soft:light-dark(#5c626b,#a8aeb8)}
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:light-dark(#f6f7f9,#131416);
  color:light-dark(#1d1c1d,#e9e7ea)}
header{background:#1f2937;color:#fff;padding:.7rem 2rem;font-weight:600}
main{max-width:44rem;margin:2rem auto;background:light-dark(#fff,#1e1f22);
  border:1px solid light-dark(#dde1e6,#3b3d43);border-radius:.5rem;padding:1.5rem 2rem}
h1{font-size:1.4rem;margin:0 0 1rem}small{color:var(--soft);font-weight:400}
dt{color:var(--soft);font-size:.85rem;margin-top:.7rem}dd{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
li{margin:.2rem 0}
"""


def page(
    label: str,
    reference: str,
    title: str,
    detail: Mapping[str, str],
    lists: Mapping[str, Sequence[str]] | None = None,
    status: int = 200,
) -> HTMLResponse:
    """Return the page of one object: reference, title and details.

    `lists` are objects that belong to it, by heading.
    """
    facts = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
        for name, value in detail.items()
        if value
    )
    below = "".join(
        f"<h2>{escape(name)}</h2><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
        for name, lines in (lists or {}).items()
        if lines
    )
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta '
        f'charset="utf-8"><title>{escape(f"{reference} {title}".strip())}</title>'
        f"<style>{_STYLE}</style><header>{escape(label)} (playground)</header>"
        f"<main><h1><small>{escape(reference)}</small> "
        f"{escape(title)}</h1><dl>{facts}</dl>{below}</main></html>",
        status_code=status,
        headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"},
    )


def front_page(vendor: VendorStandIn) -> Handler:
    """Return the endpoint of the page where a person would do the bot's work by hand."""

    async def endpoint(_request: Request) -> Response:
        newest = [
            f"{shown['reference']} {shown['title']}" for shown in vendor.describe()["objects"]
        ]
        title = "Here a person would declare it by hand"
        return page(vendor.label, "", title, {}, {"What is there, the newest first": newest})

    return endpoint


def nothing_here(label: str) -> HTMLResponse:
    """Return the page for an object that does not exist."""
    return page(label, "404", "There is nothing here", {}, status=404)
