"""Bolt's app."""

import logging

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.tokens import SlackTokens


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
