"""The calls, refusals and look-ups that the adapters of HTTP APIs have in common."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

import httpx

from bot.adapters.base import Adapter, Entry, Request, SlackPerson
from bot.adapters.http import TOTAL_SECONDS, Bearer, Reply, reading, rejected_token, send
from bot.errors import RejectedError, VendorError
from bot.language import Sentence


class HttpAdapter(Adapter):
    """An adapter whose vendor is called by HTTP, with a bearer token unless `auth` says otherwise.

    `accept` is the media type of the answers to reads. `home` is the address of the vendor's own
    pages.
    """

    accept: ClassVar[str] = "application/json"
    home: ClassVar[str]

    def auth(self, credentials: Any) -> httpx.Auth:
        """Return the credentials in the way in which the vendor takes them."""
        return Bearer(credentials.api_key)

    def by_hand(self, operation: str, credentials: Any) -> str:
        """Return `home`, or the operator's address if the operator has replaced the vendor's."""
        address = self.address(credentials)
        is_own = urlsplit(address).hostname == urlsplit(self.default_url).hostname
        return self.home if is_own else f"{address.rstrip('/')}/"

    async def _get(
        self,
        path: str,
        credentials: Any,
        params: Mapping[str, Any] | None = None,
        *,
        total_seconds: float = TOTAL_SECONDS,
    ) -> Reply:
        request = Request("GET", path, params=params, headers={"Accept": self.accept})
        with reading(self.label):
            return await self._send(request, credentials, total_seconds=total_seconds)

    async def _send(
        self, request: Request, credentials: Any, *, total_seconds: float = TOTAL_SECONDS
    ) -> Reply:
        return await send(
            self.client,
            self.label,
            self.address(credentials),
            request,
            auth=self.auth(credentials),
            rate_limiter=self.rate_limiter,
            total_seconds=total_seconds,
        )

    def _refused(
        self,
        status: int,
        fields: Mapping[str, str],
        rest: Iterable[str],
        more: str = "",
        *,
        connecting: bool = False,
        kind: type[RejectedError] = RejectedError,
    ) -> VendorError:
        """Return the error for a refusal.

        `fields` and `rest` are the vendor's words, as `by_field` returns them. `more` is added to
        them, for the vendor's support. `connecting`: the credentials are being tried out. `kind`
        is the class of an error that is about the request.
        """
        words = list(rest)
        if status in (401, 403):
            said = "; ".join([*fields.values(), *words])
            return rejected_token(self.label, status, said, connecting=connecting)
        if not fields and not words:
            sentence = Sentence(
                "{vendor} rejected it without a reason. The HTTP status is {status}.",
                {"vendor": self.label, "status": status},
            )
            return kind(self.label, sentence)
        if words and more:
            words.append(more)
        return kind(self.label, " ".join(words), fields)


def by_field(
    complaints: Iterable[tuple[str | None, str]],
) -> tuple[dict[str, str], list[str]]:
    """Return the vendor's words by the name of the field, and the words about no field.

    Words that are repeated, and empty ones, are left out.
    """
    found: dict[str | None, list[str]] = {}
    for field, words in complaints:
        several = found.setdefault(field, [])
        if words and words not in several:
            several.append(words)
    rest = found.pop(None, [])
    return {str(field): "; ".join(words) for field, words in found.items() if words}, rest


def by_slack_id(person: SlackPerson, entries: Iterable[Entry]) -> Entry | None:
    """Return the vendor's user with the person's Slack id, or None."""
    return next((entry for entry in entries if entry.slack_id == person.slack_id != ""), None)


def by_email(person: SlackPerson, entries: Iterable[Entry]) -> Entry | None:
    """Return the vendor's user with the person's e-mail address (the entry's detail), or None."""
    email = (person.email or "").strip().casefold()
    return next((entry for entry in entries if email and entry.detail.casefold() == email), None)
