"""Single calls to incident.io, whole lists, and refusals with incident.io's words."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import httpx

from bot.adapters.base import Request
from bot.adapters.credentials import ApiKey
from bot.adapters.http import Reply, dig, listed, text, unreadable
from bot.adapters.http_adapter import HttpAdapter
from bot.adapters.incident_io.forms import OnIncident
from bot.adapters.incident_io.lists import MOST, PAGE
from bot.adapters.incident_io.refusals import complaints
from bot.adapters.incident_io.versions import (
    PROBE_SECONDS,
    PROBES,
    NotThereError,
    Route,
    Version,
    Versions,
    is_not_there,
)
from bot.adapters.references import MISSING
from bot.errors import RejectedError, VendorError
from bot.forms.fields import Form
from bot.language import Sentence

T = TypeVar("T")
JSON = {"Content-Type": "application/json", "Accept": "application/json"}


class Calls(HttpAdapter):
    """The part of the adapter that calls incident.io.

    `versions` is shared with all copies of the adapter (`Adapter.with_rate_limiter`).
    """

    def __init__(
        self, client: httpx.AsyncClient, base_url: str, versions: Versions | None = None
    ) -> None:
        super().__init__(client, base_url)
        self.versions = versions or Versions(self.label)

    async def _at_version(
        self, route: Route, credentials: ApiKey, call: Callable[[Version], Awaitable[T]]
    ) -> T:
        """Make the call with the version of the route that exists.

        After the answer that something does not exist, the version is found out again. The same
        version means that the route exists, so the answer was about the incident. With another
        version the call is made once more, because the first call certainly created nothing.
        """
        place = (self.address(credentials), route)

        async def ask(version: Version) -> Reply:
            path = f"/v{version}/{route}"
            return await self._get(path, credentials, PROBES[version], total_seconds=PROBE_SECONDS)

        decision = await self.versions.of(place, credentials, ask)
        try:
            return await call(decision.version)
        except NotThereError:
            self.versions.forget(place, decision)
            renewed = await self.versions.of(place, credentials, ask)
            if renewed.version == decision.version:
                raise
        return await call(renewed.version)

    async def _rows(
        self, route: Route, params: Mapping[str, Any], credentials: ApiKey, *, whole: bool = False
    ) -> list[Any]:
        """List actions or follow-ups. Only version 3 gives them in pages."""

        async def rows(version: Version) -> list[Any]:
            query = {**params, "page_size": PAGE} if version == 3 else params
            return await self._list(
                f"/v{version}/{route}", route, query, credentials, MOST, whole=whole
            )

        return await self._at_version(route, credentials, rows)

    async def _list(
        self,
        path: str,
        member: str,
        params: Mapping[str, Any],
        credentials: ApiKey,
        most: int,
        *,
        whole: bool = False,
    ) -> list[Any]:
        """Read all pages, or as many as hold `most` rows.

        `whole`: return every row, or raise the error of `unreadable`. The list is unreadable if its
        end is not reached or not certain, or if a row has no id.
        """
        rows: list[Any] = []
        after, query = "", dict(params)
        while len(rows) < most:
            reply = await self._get(
                path, credentials, {**query, "after": after} if after else query
            )
            if reply.too_long and query.get("page_size", 1) > 1:
                # The cursor stays valid when the size of the pages changes.
                query["page_size"] = max(1, query["page_size"] // 4)
                continue
            if not reply.ok:
                raise self._refusal(reply)
            page = listed(self.label, reply, member)
            rows += page
            before, after = after, text(reply.body, "pagination_meta", "after")
            if after and after == before:
                raise unreadable(self.label)
            if whole and not _is_sure(reply, page, after, query):
                raise unreadable(self.label)
            if not page or not after:
                break
        if whole and (len(rows) >= most or not all(text(row, "id") for row in rows)):
            raise unreadable(self.label)
        return rows

    def _refusal(
        self,
        reply: Reply,
        form: Form | None = None,
        request: Request | None = None,
        *,
        connecting: bool = False,
    ) -> VendorError:
        fields, rest = complaints(reply.body, form, request.json if request is not None else None)
        if reply.status == 404 and isinstance(form, OnIncident):
            sentence = Sentence(MISSING, {"vendor": self.label})
            fields.setdefault("incident_id", str(sentence))
            return NotThereError(self.label, "", fields)
        request_id = text(reply.body, "request_id")
        support = f"Request ID for incident.io's support: {request_id}" if request_id else ""
        kind = NotThereError if is_not_there(reply) else RejectedError
        return self._refused(reply.status, fields, rest, support, connecting=connecting, kind=kind)


def _is_sure(reply: Reply, page: list[Any], after: str, query: Mapping[str, Any]) -> bool:
    """Return whether the page shows with certainty that the list ends there or goes on.

    An empty page before another one is not certain. A full page is not certain either, unless it
    has information about further pages.
    """
    if after:
        return bool(page)
    is_full = "page_size" in query and len(page) >= query["page_size"]
    return not is_full or isinstance(dig(reply.body, "pagination_meta"), dict)
