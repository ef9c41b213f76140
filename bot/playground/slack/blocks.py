"""Block Kit: the interactive elements, their values, and the members that Slack adds to blocks."""

import copy
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Block = dict[str, Any]
Element = dict[str, Any]
Values = dict[str, dict[str, dict[str, Any]]]
"""`view.state.values`: block id -> action id -> {"type": ..., and the element's own key}."""

VALUE_KEYS: Mapping[str, str] = {
    "plain_text_input": "value",
    "number_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "rich_text_input": "rich_text_value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "file_input": "files",
}
"""The elements with a value, and the key of the value in the state."""

LISTS = frozenset(
    {"selected_options", "selected_users", "selected_conversations", "selected_channels", "files"},
)
BUTTONS = frozenset({"button", "overflow", "workflow_button"})


def elements(blocks: Sequence[Block]) -> Iterator[tuple[Block, Element]]:
    """Yield every interactive element with its block."""
    for block in blocks:
        candidates = [block.get("element"), block.get("accessory"), *block.get("elements", [])]
        for element in candidates:
            if isinstance(element, dict) and (
                element.get("type") in VALUE_KEYS or element.get("type") in BUTTONS
            ):
                yield block, element


def find(blocks: Sequence[Block], block_id: str, action_id: str) -> tuple[Block, Element] | None:
    """Return the element with those ids, and its block."""
    for block, element in elements(blocks):
        if block["block_id"] == block_id and element["action_id"] == action_id:
            return block, element
    return None


def has_files(view: Mapping[str, Any]) -> bool:
    """Return whether the view has a file input, for which an app needs the scope `files:read`."""
    return any(element["type"] == "file_input" for _, element in elements(view["blocks"]))


def is_empty(value: Mapping[str, Any]) -> bool:
    """Return whether a value of the state is empty."""
    return value.get(VALUE_KEYS[value["type"]]) in (None, "", [])


def emptied(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value as the state has it: an emptied input has null."""
    return {name: None if part == "" else part for name, part in value.items()}


def initial_value(element: Element) -> dict[str, Any]:
    """Return the state's value of an untouched element."""
    key = VALUE_KEYS[element["type"]]
    named = (
        "initial_value"
        if key in ("value", "rich_text_value")
        else key.replace("selected", "initial")
    )
    return {"type": element["type"], key: element.get(named, [] if key in LISTS else None)}


def state_of(blocks: Sequence[Block], kept: Mapping[str, Mapping[str, dict[str, Any]]]) -> Values:
    """Return the values of these blocks.

    Kept values are used where ids and type are unchanged, and initial values elsewhere.
    """
    values: Values = {}
    for block, element in elements(blocks):
        if element["type"] not in VALUE_KEYS:
            continue
        value = kept.get(block["block_id"], {}).get(element["action_id"])
        if value is None or value["type"] != element["type"]:
            value = initial_value(element)
        values.setdefault(block["block_id"], {})[element["action_id"]] = value
    return values


def merged(*layers: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Values:
    """Return the values of several sources together; later sources win."""
    values: Values = {}
    for layer in layers:
        for block_id, actions in layer.items():
            for action_id, value in actions.items():
                values.setdefault(block_id, {})[action_id] = dict(value)
    return values


def accepted(blocks: Sequence[Block]) -> list[Block]:
    """Return blocks as Slack gives them back, with missing ids and texts' defaults filled in."""
    blocks = copy.deepcopy(list(blocks))
    for block in blocks:
        block.setdefault("block_id", secrets.token_urlsafe(4))
    for _, element in elements(blocks):
        element.setdefault("action_id", secrets.token_urlsafe(4))
    return [spelled_out(block) for block in blocks]


def spelled_out(part: Any) -> Any:
    """Return a part of a view or message with the defaults of its text objects filled in."""
    if isinstance(part, list):
        return [spelled_out(one) for one in part]
    if not isinstance(part, dict):
        return part
    part = {key: spelled_out(value) for key, value in part.items()}
    if part.get("type") == "plain_text" and "text" in part:
        part.setdefault("emoji", True)
    elif part.get("type") == "mrkdwn":
        part.setdefault("verbatim", False)
    return part
