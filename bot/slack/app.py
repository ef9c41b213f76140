"""Bolt's app."""

import logging

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.tokens import SlackTokens


def make_bolt(client: AsyncWebClient, tokens: SlackTokens) -> AsyncApp:
    """Bolt with everything said explicitly.

    Where SLACK_CLIENT_ID and SLACK_CLIENT_SECRET are set, it makes itself an OAuth flow with stores
    in files all the same. Nothing leads there: its `authorize` is ours, and `bot.web.oauth` has the
    routes.
    """

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return await tokens.authorize(
            enterprise_id, team_id
        )  # Bolt takes a method's `self` for an argument of its own

    logger = logging.getLogger("slack_bolt")
    logger.setLevel(
        logging.CRITICAL
    )  # its warnings quote requests; what matters of them, handlers.errors logs
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
