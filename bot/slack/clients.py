"""Clients of the Web API."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import Settings


@asynccontextmanager
async def slack_client(settings: Settings, seconds: float) -> AsyncIterator[AsyncWebClient]:
    """Give a client that keeps its connections open. Each call carries its workspace's token.

    The session has the timeout, because slack_sdk ignores its own timeout when it is given a
    session.
    """
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as session:
        yield AsyncWebClient(
            base_url=str(settings.slack_api_url), session=session, retry_handlers=[]
        )


def answered_at(headers: Mapping[str, Any]) -> float | None:
    """Return Slack's time of an answer with these headers, in whole epoch seconds, or None."""
    try:
        return parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def with_token(client: AsyncWebClient, token: str) -> AsyncWebClient:
    """Return a client with this token on the same session."""
    return AsyncWebClient(
        token, base_url=client.base_url, session=client.session, retry_handlers=[]
    )
