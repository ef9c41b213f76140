"""The events with which Slack says that the app was removed, and what a bot still holds of a
workspace."""

import time
from collections.abc import Collection, Mapping
from typing import Any

from bot.playground.slack.transport import Answer
from bot.web.connect import Receipts
from bot.workspace import Workspace
from tests.conftest import World
from tests.many import Many
from tests.storage.twins import columns, tables

APP_UNINSTALLED: Mapping[str, Any] = {"type": "app_uninstalled"}
TOKENS_REVOKED: Mapping[str, Any] = {
    "type": "tokens_revoked",
    "tokens": {"oauth": [], "bot": ["U06RELAY001"]},
}


def payload(event: Mapping[str, Any], workspace: Workspace) -> dict[str, Any]:
    """The event as Slack sends it once the app is gone: for a workspace, or for an organisation
    without a team."""
    enterprise, team = workspace.enterprise or None, workspace.team or None
    return {
        "token": "x",
        "team_id": team or enterprise,
        "enterprise_id": enterprise,
        "api_app_id": "A06RELAY001",
        "event": {**event, "event_ts": "1"},
        "type": "event_callback",
        "event_id": "Ev1",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": enterprise,
                "team_id": team,
                "is_enterprise_install": team is None,
                "user_id": "U06RELAY001",
                "is_bot": True,
            }
        ],
        "is_ext_shared_channel": False,
    }


async def tell(
    world: World, event: Mapping[str, Any], workspace: Workspace | None = None, **changes: Any
) -> Answer:
    """Send it, with members changed; for the world's own workspace unless one is named."""
    told = payload(event, workspace or world.sandbox.workspace) | changes
    return await world.sandbox.slack._transport.send("events_api", told)


async def stored(world: World | Many, workspace: Workspace | None = None) -> dict[str, int]:
    """How many rows there are of the workspace, by table; only tables with some. The audit trail is
    left out: it says that the workspace went."""
    there = _workspace(world, workspace)

    def work(db: Any) -> dict[str, int]:
        counted = {
            table: db.execute(
                f"SELECT count(*) FROM {table} WHERE (enterprise, team) = (?, ?)",
                there,
            ).fetchone()[0]
            for table in tables(db)
            if "enterprise" in columns(db, table) and table != "audit_events"
        }
        return {table: count for table, count in counted.items() if count}

    return await world.bot.services.delivery.deliveries._database.read(work)


def _workspace(world: World | Many, named: Workspace | None) -> Workspace:
    """The named one; where there is only one, that one."""
    if named is None:
        assert isinstance(world, World)
        return world.sandbox.workspace
    return named


def remembered(world: World | Many, workspace: Workspace | None = None) -> list[str]:
    """The parts of the running bot that hold something of the workspace."""
    there, services = _workspace(world, workspace), world.bot.services
    dispatcher, cards = services.delivery.dispatcher, services.delivery.cards
    parts = services.slack.uninstaller.memory.parts
    [receipts] = [it for it in parts if isinstance(it, Receipts)]
    held: dict[str, Collection[object]] = {
        "lists": [key[0] for key in services.catalogs._known],
        "refreshes": [key[0] for key in services.catalogs._busy],
        "people": [key[0] for key in services.slack.people._known],
        "paces": [key[0] for key in dispatcher._access.rate_limiters._rate_limiters],
        "deliveries": [row.workspace for row in dispatcher._under_way.values()],
        "watchers": list(dispatcher._subscriptions.workspaces),
        "cards": [row.workspace for row in (*cards._cards.values(), *cards._modals.values())],
        "answers": [row.workspace for row in cards._answered.values()],
        "installations": list(world.bot.stores.installations._known),
        "receipts": [it.workspace for it in receipts._kept.values()],
        "files": [key.workspace for key in services.slack.files._files],
        "scopes": list(services.slack.scopes._known),
        "user groups": [
            *services.slack.user_groups._lists._limiter,
            *(key[0] for key in services.slack.user_groups._members._limiter),
        ],
    }
    return [name for name, workspaces in held.items() if there in workspaces]
