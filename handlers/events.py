"""Events that end an installation: in a workspace, an organisation, or some of its teams.

Slack sends these events in any order, late and repeatedly. After them the bot has no token there.
"""

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
    """Handle the uninstallation of the app."""
    return await _leave(body, context, services)


async def revoked(
    event: Event, body: Event, context: AsyncBoltContext, services: Services
) -> BoltResponse | None:
    """Handle revoked tokens.

    Only the bot's own token matters, because the bot keeps no other tokens.
    """
    tokens = event.get("tokens")
    if isinstance(tokens, dict) and tokens.get("bot"):
        return await _leave(body, context, services)
    return None


async def teams_left(
    event: Event, body: Event, context: AsyncBoltContext, services: Services
) -> BoltResponse | None:
    """Handle teams that were removed from an organisation's installation."""
    ids = event.get("team_ids")
    teams = (
        [team for team in ids if isinstance(team, str) and team] if isinstance(ids, list) else []
    )
    if not context.enterprise_id or not teams:
        return None
    return await _carry_out(
        services.slack.uninstaller.leave_teams(context.enterprise_id, teams, _said_at(body))
    )


async def _leave(body: Event, context: AsyncBoltContext, services: Services) -> BoltResponse | None:
    """Uninstall the workspace or organisation.

    The event of an organisation's installation may name a team although it is about all teams.
    """
    enterprise, team = context.enterprise_id or "", context.team_id or ""
    whole = context.is_enterprise_install or team == enterprise
    workspace = Workspace(enterprise, "" if whole else team)
    if not any(workspace):
        return None
    return await _carry_out(services.slack.uninstaller.leave(workspace, _said_at(body)))


def _said_at(body: Event) -> float:
    """Return the time of the event in epoch seconds. Slack gives whole seconds."""
    at = body.get("event_time")
    return float(at) if isinstance(at, int) and at > 0 else time.time()


async def _carry_out(removing: Awaitable[None]) -> BoltResponse | None:
    """Return None on success, which Bolt acknowledges, or a 503 if the database failed.

    Any answer other than "OK" makes Slack send the event again later.
    """
    try:
        await removing
    except sqlite3.Error as error:
        log.error("uninstall.failed", error=type(error).__name__)
        return BoltResponse(status=503)
    return None
