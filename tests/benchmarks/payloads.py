"""What Slack posts to the bot in a benchmark: a command, a submission, a choice in a modal, what
was typed in a type-ahead."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

TEAM = "T012AB3CD"

Payload = Mapping[str, Any]
View = Mapping[str, Any]

COMMON = {
    "team": {"id": TEAM, "domain": "acme"},
    "user": {"id": "U012AB3CD", "username": "maya", "name": "maya", "team_id": TEAM},
    "api_app_id": "A012AB3CD",
    "token": "0" * 24,
    "is_enterprise_install": False,
    "enterprise": None,
    "trigger_id": "1.2.3",
}


def command(name: str = "/incident") -> Payload:
    """Somebody typed that command, with a headline."""
    return {
        "token": "0" * 24,
        "team_id": TEAM,
        "team_domain": "acme",
        "channel_id": "C012AB3CD",
        "channel_name": "incidents",
        "user_id": "U012AB3CD",
        "user_name": "maya",
        "command": name,
        "text": "Checkout is down",
        "api_app_id": "A012AB3CD",
        "is_enterprise_install": "false",
        "response_url": "https://hooks.slack.com/commands/1/2/3",
        "trigger_id": "1.2.3",
    }


def submission(view: View) -> Payload:
    """The modal filled in, each time a new one."""
    remembered = json.loads(view["private_metadata"]) | {"key": f"ir{secrets.token_hex(6)}"}
    return {
        **COMMON,
        "type": "view_submission",
        "view": {**view, "private_metadata": json.dumps(remembered)},
    }


def suggestion(view: View, query: str) -> Payload:
    """Somebody typed that into the services' type-ahead of an incident's form."""
    return {
        **COMMON,
        "type": "block_suggestion",
        "container": {"type": "view", "view_id": "V1"},
        "block_id": "rootly.incident.service_ids",
        "action_id": "value",
        "value": query,
        "view": view,
    }


def choice(view: View, block_id: str, value: str) -> Payload:
    """Somebody chose that in a type-ahead that draws the form anew; the modal as `filled_in` makes
    it."""
    option = {"text": {"type": "plain_text", "text": value}, "value": value}
    state = {"type": "external_select", "selected_option": option}
    values = {**view["state"]["values"], block_id: {"value": state}}
    return {
        **COMMON,
        "type": "block_actions",
        "container": {"type": "view", "view_id": "V1"},
        "view": {**view, "state": {"values": values}},
        "actions": [{**state, "block_id": block_id, "action_id": "value", "action_ts": "1.2"}],
    }


def press_more(view: View) -> Payload:
    """Somebody pressed "More fields"."""
    button = next(
        it for block in view["blocks"] if block["block_id"] == "more" for it in block["elements"]
    )
    return {
        **COMMON,
        "type": "block_actions",
        "container": {"type": "view", "view_id": "V1"},
        "view": view,
        "actions": [{**button, "block_id": "more", "action_ts": "1.2"}],
    }


def filled_in(view: View) -> dict[str, Any]:
    """The modal as Slack sends it back."""
    values: dict[str, Any] = {}
    for block in view["blocks"]:
        element = block.get("element")
        if element:
            values[block["block_id"]] = {"value": {"type": element["type"], **_typed(element)}}
    more = {"id": "V1", "hash": "1.2", "team_id": TEAM, "app_installed_team_id": TEAM}
    return {**view, **more, "state": {"values": values}}


def _typed(element: Mapping[str, Any]) -> dict[str, Any]:
    if element["type"] == "plain_text_input":
        return {
            "value": element.get(
                "initial_value", "Nobody can pay." if element.get("multiline") else None
            )
        }
    return (
        {"selected_option": element.get("initial_option")}
        if "multi" not in element["type"]
        else {"selected_options": []}
    )
