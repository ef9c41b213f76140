"""The app was removed: from a workspace, from an organisation, or from some of its teams. Slack
sends these events in any order, late and repeatedly, and after them the bot has no token there any
more."""

import sqlite3
import time
from collections.abc import Awaitable
from typing import Any

import structlog
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.response import BoltResponse

from bot.services import Services
from bot.workspace import Workspace

log = structlog.get_logger(__name__)

Event = dict[str, Any]


async def uninstalled(
    body: Event, context: AsyncBoltContext, services: Services
) -> BoltResponse | None:
    """The app was uninstalled."""
    return await _leave(body, context, services)


async def revoked(
    event: Event, body: Event, context: AsyncBoltContext, services: Services
) -> BoltResponse | None:
    """Tokens were revoked. Only the bot's matter: it keeps no others."""
    tokens = event.get("tokens")
    if isinstance(tokens, dict) and tokens.get("bot"):
        return await _leave(body, context, services)
    return None


async def teams_left(
    event: Event, body: Event, context: AsyncBoltContext, services: Services
) -> BoltResponse | None:
    """Teams were taken out of an organisation's installation."""
    ids = event.get("team_ids")
    teams = [it for it in ids if isinstance(it, str) and it] if isinstance(ids, list) else []
    if not context.enterprise_id or not teams:
        return None
    return await _carry_out(
        services.slack.uninstaller.leave_teams(context.enterprise_id, teams, _said_at(body))
    )


async def _leave(body: Event, context: AsyncBoltContext, services: Services) -> BoltResponse | None:
    """For an organisation's installation the event may name a team all the same: it is about all of
    them."""
    enterprise, team = context.enterprise_id or "", context.team_id or ""
    whole = context.is_enterprise_install or team == enterprise
    workspace = Workspace(enterprise, "" if whole else team)
    if not any(workspace):
        return None
    return await _carry_out(services.slack.uninstaller.leave(workspace, _said_at(body)))


def _said_at(body: Event) -> float:
    """When it happened, in epoch seconds: Slack gives whole ones."""
    at = body.get("event_time")
    return float(at) if isinstance(at, int) and at > 0 else time.time()


async def _carry_out(removing: Awaitable[None]) -> BoltResponse | None:
    """Bolt acknowledges what gives None. Anything else than "OK" makes Slack send the event again
    later."""
    try:
        await removing
    except sqlite3.Error as error:
        log.error("uninstall.failed", error=type(error).__name__)
        return BoltResponse(status=503)
    return None
