"""The events with which Slack says that the app was removed, and what a bot still holds of a
workspace."""

import time
from collections.abc import Collection, Mapping
from typing import Any

from bot.playground.slack.transport import Answer
from bot.workspace import Workspace
from tests.storage.twins import columns, tables
from tests.world.bot import World
from tests.world.workspaces import Many

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
    return await world.sandbox.slack.transport.send("events_api", told)


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

    return await world.bot.database.read(work)


def _workspace(world: World | Many, named: Workspace | None) -> Workspace:
    """The named one; where there is only one, that one."""
    if named is None:
        assert isinstance(world, World)
        return world.sandbox.workspace
    return named


def remembered(world: World | Many, workspace: Workspace | None = None) -> set[str]:
    """The parts of the running bot, by class, that hold something of the workspace in memory."""
    there = _workspace(world, workspace)
    parts = world.bot.services.connections.uninstaller.memory.parts
    others = {id(part) for part in parts}
    return {type(part).__name__ for part in parts if _holds(vars(part), there, set(others))}


def _holds(thing: Any, there: Workspace, seen: set[int]) -> bool:
    """Whether the workspace stands anywhere in it: in containers, and in the attributes of our own
    objects."""
    if isinstance(thing, str | bytes) or id(thing) in seen:
        return False
    seen.add(id(thing))
    if isinstance(thing, tuple | list) and tuple(thing[:2]) == there:
        return True
    inside: list[Any] = []
    if isinstance(thing, Mapping):
        inside = [*thing.keys(), *thing.values()]
    elif isinstance(thing, Collection):
        inside = [*thing]
    elif type(thing).__module__.startswith("bot."):
        slots = getattr(type(thing), "__slots__", ())
        inside = [getattr(thing, name, None) for name in (*slots, *getattr(thing, "__dict__", ()))]
    return any(_holds(it, there, seen) for it in inside)
