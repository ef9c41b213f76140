"""Clients of the Web API, and Bolt's app."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import Settings
from bot.slack.tokens import SlackTokens


@asynccontextmanager
async def slack_client(settings: Settings, seconds: float) -> AsyncIterator[AsyncWebClient]:
    """Give a client that keeps its connections open. Each call carries its workspace's token.

    Nobody waits for the calls of others: the number of connections is not limited here, where 100
    calls of one workspace could take them all. Whoever calls limits the calls of a workspace.

    The session has the timeout, because slack_sdk ignores its own timeout when it is given a
    session.
    """
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=seconds)
    ) as session:
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


def make_bolt(client: AsyncWebClient, tokens: SlackTokens) -> AsyncApp:
    """Make Bolt's app, with every option given explicitly.

    Where SLACK_CLIENT_ID and SLACK_CLIENT_SECRET are set, Bolt still makes an OAuth flow with
    stores in files. Nothing uses that flow: `authorize` below is ours, and `bot.web.oauth` has the
    routes.
    """

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        # A plain function, because Bolt takes a method's `self` for one of its own arguments.
        return await tokens.authorize(enterprise_id, team_id)

    logger = logging.getLogger("slack_bolt")
    # Bolt's warnings quote requests. `handlers.errors` logs the facts that matter.
    logger.setLevel(logging.CRITICAL)
    return AsyncApp(
        logger=logger,
        client=client,
        authorize=authorize,
        process_before_response=True,
        # bot.web verifies the request, before the body is parsed or logged.
        request_verification_enabled=False,
        ignoring_self_events_enabled=False,
        ssl_check_enabled=True,
        url_verification_enabled=True,
        attaching_function_token_enabled=False,
    )
