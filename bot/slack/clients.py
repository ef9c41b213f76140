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
    """A client that keeps its connections; each call bears its workspace's token. The time-out is
    the session's: slack_sdk's own is not heeded beside one."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as session:
        yield AsyncWebClient(
            base_url=str(settings.slack_api_url), session=session, retry_handlers=[]
        )


def answered_at(headers: Mapping[str, Any]) -> float | None:
    """Slack's time, in whole epoch seconds, when it gave an answer with these headers; None where
    they do not say."""
    try:
        return parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def with_token(client: AsyncWebClient, token: str) -> AsyncWebClient:
    """The same client, in one workspace."""
    return AsyncWebClient(
        token, base_url=client.base_url, session=client.session, retry_handlers=[]
    )
