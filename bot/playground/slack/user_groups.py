"""The Web API's methods about user groups."""

from collections.abc import Mapping
from typing import Any

from bot.playground.slack.grants import SlackError
from bot.playground.slack.state import State
from bot.playground.vendors import data


def usergroups_list(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the groups in no particular order. Disabled ones are included only if asked for."""
    shown = [
        group
        for group in state.user_groups.values()
        if not group.disabled or _is_set(args, "include_disabled")
    ]
    return {"usergroups": [_group_object(state, it, args) for it in shown]}


def usergroups_users_list(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    group = state.user_groups.get(args["usergroup"])
    if group is None or (group.disabled and not _is_set(args, "include_disabled")):
        raise SlackError("no_such_subteam")
    return {"users": list(group.members)}


def _group_object(state: State, group: data.UserGroup, args: Mapping[str, Any]) -> dict[str, Any]:
    """Return a group in Slack's format."""
    admin = next(it.id for it in state.world.people.values() if it.is_admin)
    shape: dict[str, Any] = {
        "id": group.id,
        "team_id": state.team.id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": group.description,
        "handle": group.handle,
        "is_external": False,
        "date_create": 1_700_000_000,
        "date_update": 1_700_000_000,
        "date_delete": 1_760_000_000 if group.disabled else 0,
        "auto_type": None,
        "created_by": admin,
        "updated_by": admin,
        "deleted_by": admin if group.disabled else None,
        "prefs": {"channels": [], "groups": []},
    }
    if _is_set(args, "include_users"):
        shape["users"] = list(group.members)
    if _is_set(args, "include_count"):
        shape["user_count"] = len(group.members)
    return shape


def _is_set(args: Mapping[str, Any], name: str) -> bool:
    return str(args.get(name, "")).lower() in ("1", "true")
