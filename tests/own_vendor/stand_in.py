"""A Logbook on this machine, for the playground and the tests."""

import secrets
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.forms.fields import Form
from bot.playground.vendors.base import RefusalError, VendorStandIn, json_body
from bot.playground.vendors.listing import settled
from bot.playground.vendors.pages import front_page
from bot.playground.vendors.records import DisplayedObject
from tests.own_vendor.logbook import Logbook, NewEntry

BOOKS = {"b1": "Night shift", "b2": "Payments"}


class LogbookStandIn(VendorStandIn):
    adapter = Logbook

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[dict[str, Any]] = []
        self._key = self.new_key()

    @property
    def credentials(self) -> dict[str, str]:
        return self._key

    def new_key(self) -> dict[str, str]:
        key = secrets.token_hex(16)
        self.keys.add(f"Bearer {key}", True)
        return {"api_key": key}

    def sample_form(self, operation: str) -> Form:
        return {"entry": NewEntry(title="Checkout is down", book_id="b1")}[operation]

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/me", self.api(self._me)),
            Route("/v1/books", self.api(self._books)),
            Route("/v1/entries", self.api(self._list)),
            Route("/v1/entries", self.api(self._create, creates=True), methods=["POST"]),
            Route("/", front_page(self)),
        ]

    async def _me(self, request: Request) -> Response:
        whose = {"account_id": "a1", "account": "Brambleway", "user": "Maya Chen"}
        return self.json({**whose, "may_add": True})

    async def _books(self, request: Request) -> Response:
        return self.json({"books": [{"id": id_, "name": name} for id_, name in BOOKS.items()]})

    async def _list(self, request: Request) -> Response:
        rows = settled(self, self.entries, "id", lambda row: float(row["created_at"]))
        return self.json({"entries": rows})

    async def _create(self, request: Request) -> Response:
        body = await json_body(request)
        if body.keys() != {"title", "book_id", "text"} or body["book_id"] not in BOOKS:
            raise RefusalError(422, {"message": "There is no such book", "field": "book_id"})
        now, reference = time.time(), f"LOG-{len(self.entries) + 1}"
        row = {"id": reference, "reference": reference, "url": f"{self.url}/", "created_at": now}
        self.entries.append({**row, **body})
        shown = DisplayedObject("entry", reference, body["title"], "/", now, from_slack=True)
        self.keep(request, body, reference, shown)
        return self.json({**row, **body}, 201)

    def one_refusal(self, path: str) -> RefusalError:
        return RefusalError(422, {"message": "The title is reserved", "field": "title"}, "title")
