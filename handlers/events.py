"""Events that end an installation: in a workspace, an organisation, or some of its teams.

Slack sends these events in any order, late and repeatedly. After them the bot has no token there.
If the database fails, `handlers.errors` makes Slack send the event again.
"""

import time
from typing import Any

from bot.workspace import Workspace
from handlers.interaction import Interaction

Event = dict[str, Any]


async def uninstalled(interaction: Interaction) -> None:
    """Handle the uninstallation of the app, in a workspace or in the whole organisation.

    The event of an organisation's installation may name a team although it is about all teams.
    """
    enterprise, team = interaction.workspace
    whole = interaction.context.is_enterprise_install or team == enterprise
    workspace = Workspace(enterprise, "" if whole else team)
    if any(workspace):
        await interaction.services.connections.uninstaller.leave(workspace, _said_at(interaction))


async def revoked(event: Event, interaction: Interaction) -> None:
    """Handle revoked tokens.

    Only the bot's own token matters, because the bot keeps no other tokens.
    """
    tokens = event.get("tokens")
    if isinstance(tokens, dict) and tokens.get("bot"):
        await uninstalled(interaction)


async def teams_left(event: Event, interaction: Interaction) -> None:
    """Handle teams that were removed from an organisation's installation."""
    ids = event.get("team_ids")
    teams = (
        [team for team in ids if isinstance(team, str) and team] if isinstance(ids, list) else []
    )
    enterprise = interaction.workspace.enterprise
    if enterprise and teams:
        await interaction.services.connections.uninstaller.leave_teams(
            enterprise, teams, _said_at(interaction)
        )


def _said_at(interaction: Interaction) -> float:
    """Return the time of the event in epoch seconds. Slack gives whole seconds."""
    at = interaction.body.get("event_time")
    return float(at) if isinstance(at, int) and at > 0 else time.time()
