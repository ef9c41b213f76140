"""Whole lists of Rootly, and refusals with Rootly's words."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from bot.adapters.credentials import ApiKey
from bot.adapters.http import Reply, dig, items, listed, text, unreadable
from bot.adapters.http_adapter import HttpAdapter
from bot.adapters.references import MISSING
from bot.adapters.rootly.lists import MOST, page_sizes
from bot.adapters.rootly.refusals import complaints
from bot.errors import RejectedError, VendorError
from bot.forms.fields import Form
from bot.language import N_, Sentence

JSON_API = {"Content-Type": "application/vnd.api+json", "Accept": "application/vnd.api+json"}
PATH_FIELDS = {"action_item": "incident_id", "workflow_task": "workflow_id"}
"""The field of an operation whose value is a part of the path."""


class Calls(HttpAdapter):
    """The part of the adapter that calls Rootly."""

    accept = JSON_API["Accept"]

    async def _whole_list(
        self, path: str, params: Mapping[str, Any], credentials: ApiKey, operation: str = ""
    ) -> list[Any]:
        """Return every row once, or raise the error of `unreadable`.

        The list is unreadable if a row has no id or attributes, or if the list has no end.
        `operation`: the list belongs to the object that the operation's form names, so a 404 is
        about that object.
        """
        rows: list[Any] = []
        async for _, page in self._pages(path, params, credentials, operation):
            rows += page
            readable = all(
                text(row, "id") and isinstance(dig(row, "attributes"), dict) for row in page
            )
            if len(rows) >= MOST or not readable:
                raise unreadable(self.label)
        return list({text(row, "id"): row for row in rows}.values())

    async def _list(
        self,
        path: str,
        params: Mapping[str, Any],
        credentials: ApiKey,
        most: int,
        included: list[Any] | None = None,
    ) -> list[Any]:
        """Return the first `most` rows, or fewer if the list is shorter.

        Objects that Rootly sends along with the rows are added to `included`.
        """
        rows: list[Any] = []
        async for reply, page in self._pages(path, params, credentials):
            rows += page
            if included is not None:
                included += items(reply.body, "included")
            if len(rows) >= most:
                break
        return rows[:most]

    async def _pages(
        self, path: str, params: Mapping[str, Any], credentials: ApiKey, operation: str = ""
    ) -> AsyncIterator[tuple[Reply, list[Any]]]:
        """Yield each page of a list with its rows.

        If a page is too long to be read, the list goes on from there in smaller pages.
        """
        sizes, place, more = page_sizes(path), 0, True
        while more:
            query = {**params, "page[size]": sizes[0], "page[number]": place // sizes[0] + 1}
            reply = await self._get(path, credentials, query)
            if reply.too_long and len(sizes) > 1:
                sizes = sizes[1:]
                continue
            if not reply.ok:
                raise self._refusal(reply, operation)
            rows = listed(self.label, reply, "data")
            place += sizes[0]
            more = bool(
                rows and (dig(reply.body, "meta", "next_page") or dig(reply.body, "links", "next"))
            )
            yield reply, rows

    def _refusal(
        self,
        reply: Reply,
        operation: str = "",
        form: Form | None = None,
        *,
        connecting: bool = False,
    ) -> VendorError:
        if reply.status == 404:
            return self._not_found(operation)
        fields, rest = complaints(reply.body, form or Form())
        return self._refused(reply.status, fields, rest, connecting=connecting)

    def _not_found(self, operation: str) -> RejectedError:
        """Return the error for a 404.

        Rootly's text is "Not found or unauthorized", for both reasons.
        """
        if name := PATH_FIELDS.get(operation):
            words = MISSING
            if name == "workflow_id":
                words = N_("{vendor} doesn't show this workflow to our API key. Choose another.")
            return RejectedError(self.label, fields={name: Sentence(words, {"vendor": self.label})})
        return RejectedError(
            self.label,
            Sentence(
                "Rootly says: “not found or unauthorized”. Our API key may not have the right to "
                "do this. Ask an admin to check it in Rootly."
            ),
        )
