"""Logbook, a vendor that does not exist: entries in books. Plain JSON, one bearer token.

The tests run the whole bot with it, and `docs/adding-a-vendor.md` explains it.
"""

from typing import Annotated, Any, ClassVar

from pydantic import Field, SecretStr

from bot.adapters.base import Adapter, Catalog, Created, Entry, Operation, Request, Submission
from bot.adapters.credentials import Account, ApiKey, Rights
from bot.adapters.http import (
    Bearer,
    Reply,
    dig,
    link,
    listed,
    reading,
    reason,
    rejected_token,
    send,
    text,
    unreadable,
)
from bot.adapters.probe_permissions import deadline, in_time
from bot.adapters.rate_limit import Limits, Rate
from bot.errors import OutcomeUnknownError, RejectedError, VendorError
from bot.forms.fields import Form, Lookup, Text


class LogbookKey(ApiKey):
    api_key: SecretStr = Field(
        title="API key",
        description="In Logbook: Settings, Keys. It has to read books and entries, and add entries.",
    )


class NewEntry(Form):
    headline: ClassVar = "title"
    details: ClassVar = "text"

    title: str = Field(title="Title", min_length=1, max_length=200)
    book_id: Annotated[str, Lookup("books")] = Field(title="Book")
    text: Annotated[str | None, Text(multiline=True)] = Field(None, title="What happened")


class Logbook(Adapter):
    vendor = "logbook"
    label = "Logbook"
    default_url = "https://api.logbook.example"
    url_variable = "LOGBOOK_API_URL"
    key_needs = "a key that may read books and entries, and add entries"
    color = "#0b7a75"
    credentials = LogbookKey
    operations = (Operation("entry", "incident", "entry", NewEntry),)
    catalogs = (Catalog("books", "books"),)
    limits = Limits(read=Rate(600), write=Rate(120))

    def request(self, operation: str, submission: Submission, credentials: ApiKey) -> Request:
        match operation, submission.form:
            case "entry", NewEntry() as form:
                words = "\n\n".join(filter(None, (form.text, submission.footer)))
                body = {"title": form.title, "book_id": form.book_id, "text": words}
                return Request("POST", "/v1/entries", json=body)
        raise KeyError(operation)

    async def create(self, operation: str, submission: Submission, credentials: ApiKey) -> Created:
        reply = await self._send(self.request(operation, submission, credentials), credentials)
        if not reply.ok:
            raise self._refusal(reply)
        if not text(reply.body, "id"):
            raise OutcomeUnknownError(self.label, "Logbook did not say what it created.")
        return _created(reply.body)

    async def find(
        self, operation: str, submission: Submission, credentials: ApiKey, since: float
    ) -> list[Created]:
        rows = await self._rows("/v1/entries", "entries", credentials)
        return [_created(row) for row in rows if submission.marker in text(row, "text")]

    async def verify(self, credentials: ApiKey) -> Account:
        call = self._get("/v1/me", credentials)
        reply = await in_time(self.label, call, deadline())
        if not reply.ok:
            raise self._refusal(reply, connecting=True)
        if not text(reply.body, "account_id"):
            raise unreadable(self.label)
        cannot = {} if dig(reply.body, "may_add") else {"entry": "This key may not add entries."}
        return Account(
            id=text(reply.body, "account_id"),
            name=text(reply.body, "account"),
            rights=Rights(acts_as=text(reply.body, "user"), cannot=cannot),
        )

    async def entries(self, catalog: str, credentials: ApiKey) -> list[Entry]:
        rows = await self._rows(f"/v1/{self.catalog(catalog).name}", catalog, credentials)
        return [Entry(id=text(row, "id"), label=text(row, "name")) for row in rows]

    async def _rows(self, path: str, member: str, credentials: ApiKey) -> list[Any]:
        reply = await self._get(path, credentials)
        if not reply.ok:
            raise self._refusal(reply)
        return listed(self.label, reply, member)

    async def _get(self, path: str, credentials: ApiKey) -> Reply:
        with reading(self.label):
            return await self._send(Request("GET", path), credentials)

    async def _send(self, request: Request, credentials: ApiKey) -> Reply:
        auth, url = Bearer(credentials.api_key), self.address(credentials)
        return await send(
            self.client, self.label, url, request, auth=auth, rate_limiter=self.rate_limiter
        )

    def _refusal(self, reply: Reply, *, connecting: bool = False) -> VendorError:
        words, field = reason(reply.body), text(reply.body, "field")
        if reply.status in (401, 403):
            return rejected_token(self.label, reply.status, words, connecting=connecting)
        if field in NewEntry.model_fields:
            return RejectedError(self.label, fields={field: words})
        return RejectedError(self.label, words or f"Logbook refused it (HTTP {reply.status}).")


def _created(row: Any) -> Created:
    return Created(
        id=text(row, "id"),
        reference=text(row, "reference"),
        title=text(row, "title"),
        url=link(row, "url"),
    )
