"""Events that end an installation: in a workspace, an organisation, or some of its teams.

Slack sends these events in any order, late and repeatedly. After them the bot has no token there.
"""

import sqlite3
import time
from collections.abc import Awaitable
from typing import Any

import structlog
from slack_bolt.response import BoltResponse

from bot.workspace import Workspace
from handlers.interaction import Interaction

log = structlog.get_logger(__name__)

Event = dict[str, Any]


async def uninstalled(interaction: Interaction) -> BoltResponse | None:
    """Handle the uninstallation of the app, in a workspace or in the whole organisation.

    The event of an organisation's installation may name a team although it is about all teams.
    """
    context = interaction.context
    enterprise, team = interaction.workspace
    whole = context.is_enterprise_install or team == enterprise
    workspace = Workspace(enterprise, "" if whole else team)
    if not any(workspace):
        return None
    uninstaller = interaction.services.slack.uninstaller
    return await _carry_out(uninstaller.leave(workspace, _said_at(interaction)))


async def revoked(event: Event, interaction: Interaction) -> BoltResponse | None:
    """Handle revoked tokens.

    Only the bot's own token matters, because the bot keeps no other tokens.
    """
    tokens = event.get("tokens")
    if isinstance(tokens, dict) and tokens.get("bot"):
        return await uninstalled(interaction)
    return None


async def teams_left(event: Event, interaction: Interaction) -> BoltResponse | None:
    """Handle teams that were removed from an organisation's installation."""
    ids = event.get("team_ids")
    teams = (
        [team for team in ids if isinstance(team, str) and team] if isinstance(ids, list) else []
    )
    enterprise = interaction.workspace.enterprise
    if not enterprise or not teams:
        return None
    uninstaller = interaction.services.slack.uninstaller
    return await _carry_out(uninstaller.leave_teams(enterprise, teams, _said_at(interaction)))


def _said_at(interaction: Interaction) -> float:
    """Return the time of the event in epoch seconds. Slack gives whole seconds."""
    at = interaction.body.get("event_time")
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
