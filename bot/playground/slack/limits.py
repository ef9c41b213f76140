"""Slack's limits. Every view, message and answer of the bot must pass without an error.

Each function returns sentences that name the path and the limit ("view.blocks[0].label.text: 2001
characters, at most 2000"); an empty list means that there is no error. The tables are this module's
own, and rendering is tested against them. Source: Slack's reference for views, Block Kit and
interaction payloads.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.playground.slack.limits_blocks import (
    GROUP,
    ON_SURFACE,
    ONLY_IN_MODALS,
    OPTION,
    no_duplicates,
)
from bot.playground.slack.limits_shapes import (
    Check,
    anything,
    boolean,
    items,
    members,
    one_of,
    plain,
    text,
)

VIEW_BYTES = 250_000
MESSAGE_TEXT = 4000
MESSAGE_BLOCK_TEXT = 13_200

_ANY_VIEW: Mapping[str, Check] = {
    "private_metadata": text(0, 3000),
    "callback_id": text(0, 255),
    "external_id": text(0, 255),
}
_VIEWS: Mapping[str, Check] = {
    "modal": members(
        {"type": anything, "title": plain(24), "blocks": items(ON_SURFACE["modal"], 1, 100)},
        {
            **_ANY_VIEW,
            "submit": plain(24),
            "close": plain(24),
            "clear_on_close": boolean,
            "notify_on_close": boolean,
            "submit_disabled": boolean,
        },
    ),
    "home": members({"type": anything, "blocks": items(ON_SURFACE["home"], 1, 100)}, _ANY_VIEW),
}


def check_view(view: Any) -> list[str]:
    """Check a view for `views.open`, `.update`, `.push` or `.publish`, or in an acknowledgement."""
    return list(_view(view, "view"))


def check_message(message: Any) -> list[str]:
    """Check a message's `text` and `blocks`. Other members of the Web API call are not checked."""
    if not isinstance(message, Mapping):
        return ["message: must be an object"]
    found = list(text(1, MESSAGE_TEXT)(message.get("text"), "message.text"))
    if "blocks" in message:
        blocks = message["blocks"]
        found += items(ON_SURFACE["message"], 0, 50)(blocks, "message.blocks")
        found += _blocks_together(blocks, "message.blocks", modal=False)
        if (length := sum(len(each) for each in _texts(blocks))) > MESSAGE_BLOCK_TEXT:
            found.append(
                f"message.blocks: {length} characters in all, at most {MESSAGE_BLOCK_TEXT}"
            )
    return found


def check_options(response: Any) -> list[str]:
    """Check the answer to a block suggestion: `options` or `option_groups`.

    An answer without options is valid: "No results".
    """
    if not isinstance(response, Mapping):
        return ["response: must be an object"]
    found = list(
        members({}, {"options": items(OPTION, 0, 100), "option_groups": items(GROUP, 0, 100)})(
            response, "response"
        )
    )
    if len(response.keys() & {"options", "option_groups"}) != 1:
        found.append("response: needs options or option_groups, and not both")
    return found + list(no_duplicates(response, "response"))


def check_ack(body: Any, view: Any) -> list[str]:
    """Check the body that acknowledges a submission of `view`.

    The body is empty or has a `response_action` with its members.
    """
    if body in (None, "", {}):
        return []
    if not isinstance(body, Mapping):
        return ["ack: must be empty or an object"]
    action = body.get("response_action")
    if not isinstance(action, str) or action not in _ACTIONS:
        return [f"ack.response_action: must be one of {', '.join(_ACTIONS)}"]
    return list(_ACTIONS[action](body, view))


def _errors(body: Mapping[str, Any], view: Any) -> Iterator[str]:
    yield from members({"response_action": anything, "errors": anything})(body, "ack")
    errors = body.get("errors")
    if not isinstance(errors, Mapping) or not errors:
        yield "ack.errors: must be an object with at least one error"
        return
    inputs = [
        block.get("block_id")
        for block in _dicts(_member(view, "blocks"))
        if block.get("type") == "input"
    ]
    for block_id, sentence in errors.items():
        if block_id not in inputs:
            yield f"ack.errors.{block_id}: no input block of the view has this block_id"
        yield from text(1, 2000)(sentence, f"ack.errors.{block_id}")


def _next_view(body: Mapping[str, Any], view: Any) -> Iterator[str]:
    yield from members({"response_action": anything, "view": anything})(body, "ack")
    if "view" in body:
        yield from _view(body["view"], "ack.view")
        if _member(body["view"], "type") == "home":
            yield "ack.view.type: must be modal"


def _clear(body: Mapping[str, Any], view: Any) -> Iterator[str]:
    yield from members({"response_action": anything})(body, "ack")


_ACTIONS: Mapping[str, Callable[[Mapping[str, Any], Any], Iterator[str]]] = {
    "errors": _errors,
    "update": _next_view,
    "push": _next_view,
    "clear": _clear,
}


def _view(view: Any, path: str) -> Iterator[str]:
    kind = _member(view, "type")
    if kind not in ("modal", "home"):
        yield from one_of("modal", "home")(kind, f"{path}.type")
        return
    yield from _VIEWS[kind](view, path)
    yield from _blocks_together(view.get("blocks"), f"{path}.blocks", modal=kind == "modal")
    if (
        kind == "modal"
        and "submit" not in view
        and any(b.get("type") == "input" for b in _dicts(view.get("blocks")))
    ):
        yield f"{path}.submit: missing, and there is an input"
    yield from _size(view, path)


def _size(view: Any, path: str) -> Iterator[str]:
    try:
        size = len(json.dumps(view, allow_nan=False))
    except (TypeError, ValueError) as error:
        yield f"{path}: cannot be written as JSON: {error}"
        return
    if size > VIEW_BYTES:
        yield f"{path}: {size} bytes, at most {VIEW_BYTES}"


def _blocks_together(blocks: Any, path: str, *, modal: bool) -> Iterator[str]:
    """Check the rules about several blocks.

    Ids are unique, one element has the focus, and elements fit the surface.
    """
    yield from _once([block.get("block_id") for block in _dicts(blocks)], path, "block_id")
    focused = 0
    for index, block in enumerate(_dicts(blocks)):
        elements = _elements(block)
        yield from _once(
            [element.get("action_id") for element in elements], f"{path}[{index}]", "action_id"
        )
        focused += sum(element.get("focus_on_load") is True for element in elements)
        for kind in (element.get("type") for element in elements):
            if not modal and kind in ONLY_IN_MODALS:
                yield f"{path}[{index}]: {kind} may only stand in a modal"
    if focused > 1:
        yield f"{path}: {focused} elements with focus_on_load, at most 1"


def _once(names: list[Any], path: str, what: str) -> Iterator[str]:
    seen = set()
    for name in names:
        if isinstance(name, str) and name in seen:
            yield f"{path}: the {what} {name!r} stands there twice"
        elif isinstance(name, str):
            seen.add(name)


def _elements(block: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    several = block.get("elements")
    return _dicts(
        [
            block.get("element"),
            block.get("accessory"),
            *(several if isinstance(several, list) else []),
        ]
    )


def _texts(value: Any) -> Iterator[str]:
    """Yield every shown text, at any depth."""
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if name == "text" and isinstance(each, str):
                yield each
            else:
                yield from _texts(each)


def _dicts(values: Any) -> list[Mapping[str, Any]]:
    return (
        [each for each in values if isinstance(each, Mapping)] if isinstance(values, list) else []
    )


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None
