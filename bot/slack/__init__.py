"""Bolt's app, and the clients for what goes to Slack."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import Settings
from bot.slack.tokens import SlackTokens


def make_bolt(client: AsyncWebClient, tokens: SlackTokens) -> AsyncApp:
    """Bolt with everything said explicitly.

    Where SLACK_CLIENT_ID and SLACK_CLIENT_SECRET are set, it makes itself an OAuth flow with stores in files all the same.
    Nothing leads there: its `authorize` is ours, and `bot.web.oauth` has the routes.
    """

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return await tokens.authorize(enterprise_id, team_id)  # Bolt takes a method's `self` for an argument of its own

    logger = logging.getLogger("slack_bolt")
    logger.setLevel(logging.CRITICAL)  # its warnings quote requests; what matters of them, handlers.errors logs
    return AsyncApp(
        logger=logger,
        client=client,
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,  # bot.web does it, before the body is parsed or logged
        ignoring_self_events_enabled=False,
        ssl_check_enabled=True,
        url_verification_enabled=True,
        attaching_function_token_enabled=False,
    )


@asynccontextmanager
async def slack_client(settings: Settings, seconds: float) -> AsyncIterator[AsyncWebClient]:
    """A client that keeps its connections; each call bears its workspace's token. The time-out is the session's: slack_sdk's
    own is not heeded beside one."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as session:
        yield AsyncWebClient(base_url=str(settings.slack_api_url), session=session, retry_handlers=[])


def answered_at(headers: Mapping[str, Any]) -> float | None:
    """Slack's time, in whole epoch seconds, when it gave an answer with these headers; None where they do not say."""
    try:
        return parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def with_token(client: AsyncWebClient, token: str) -> AsyncWebClient:
    """The same client, in one workspace."""
    return AsyncWebClient(token, base_url=client.base_url, session=client.session, retry_handlers=[])
