"""Slack's blocks and elements as tables: members, types and limits.

Source: Slack's Block Kit reference (docs.slack.dev/reference/block-kit), read strictly: only the
members named there are allowed.
"""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

from bot.playground.slack.limits_shapes import (
    Check,
    anything,
    boolean,
    both,
    by_type,
    integer,
    items,
    marked,
    matching,
    members,
    one_of,
    plain,
    text,
)

_ID = text(1, 255)
_URL = both(text(1, 3000), matching(r"(?s)https?://.+", "a web address"))
_USER = matching(r"[UW][A-Z0-9]{2,}", "a user id")
_CONVERSATION = matching(r"[CDG][A-Z0-9]{2,}", "a conversation id")
_CHANNEL = matching(r"C[A-Z0-9]{2,}", "a public channel's id")
_DATE = matching(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", "a date, YYYY-MM-DD")
_TIME = matching(r"([01][0-9]|2[0-3]):[0-5][0-9]", "a time, HH:mm")
_NUMBER = matching(r"-?[0-9]+(\.[0-9]+)?", "a number written as text")
_EPOCH = integer(10**9, 10**10 - 1)

_CONFIRM = members(
    {"title": plain(100), "text": plain(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)
_DISPATCH = members(
    {"trigger_actions_on": items(one_of("on_enter_pressed", "on_character_entered"), 1, 2)}
)
_FILTER = members(
    {},
    {
        "include": items(one_of("im", "mpim", "private", "public"), 1, 4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)

OPTION = members({"text": plain(75), "value": text(1, 150)}, {"description": plain(75)})
_MARKED_OPTION = members({"text": marked(75), "value": text(1, 150)}, {"description": marked(75)})
_OVERFLOW_OPTION = members(
    {"text": plain(75), "value": text(1, 150)}, {"description": plain(75), "url": _URL}
)
GROUP = members({"label": plain(75), "options": items(OPTION, 1, 100)})


def options_of(holder: Mapping[str, Any]) -> list[Any]:
    """Return all options of an element or an answer, including those in groups."""
    groups = holder.get("option_groups")
    lists = [holder.get("options"), *(each.get("options") for each in _mappings(groups))]
    return [option for each in lists if isinstance(each, list) for option in each]


def no_duplicates(holder: Mapping[str, Any], path: str) -> Iterator[str]:
    """Check that the values of all options differ, across groups too."""
    seen: set[str] = set()
    for option in _mappings(options_of(holder)):
        value = option.get("value")
        if isinstance(value, str):
            if value in seen:
                yield f"{path}: the option value {value!r} stands there twice"
            seen.add(value)


def _mappings(values: Any) -> list[Mapping[str, Any]]:
    return (
        [each for each in values if isinstance(each, Mapping)] if isinstance(values, list) else []
    )


def _element(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    return members({"type": anything, **required}, {"action_id": _ID, **optional})


def _field(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    """Return the check of an element with a focus and a placeholder."""
    return _element(required, {"focus_on_load": boolean, "placeholder": plain(150), **optional})


def _static_options(value: Any, path: str) -> Iterator[str]:
    if ("options" in value) == ("option_groups" in value):
        yield f"{path}: needs options or option_groups, and not both"
    yield from no_duplicates(value, path)


def _initial_among(value: Any, path: str) -> Iterator[str]:
    """Check that an initial option equals one of the options in every member."""
    offered = options_of(value)
    several = value.get("initial_options")
    if "initial_option" in value and value["initial_option"] not in offered:
        yield f"{path}.initial_option: not among the options"
    for index, option in enumerate(several if isinstance(several, list) else []):
        if option not in offered:
            yield f"{path}.initial_options[{index}]: not among the options"


def _initial_once(value: Any, path: str) -> Iterator[str]:
    """Check that the initial choices differ and are not more than may be chosen."""
    for name in ("initial_options", "initial_users", "initial_conversations", "initial_channels"):
        chosen = value.get(name)
        if not isinstance(chosen, list):
            continue
        keys = [json.dumps(each, sort_keys=True, default=str) for each in chosen]
        if len(set(keys)) < len(keys):
            yield f"{path}.{name}: a choice stands there twice"
        most = value.get("max_selected_items")
        if isinstance(most, int) and len(chosen) > most:
            yield f"{path}.{name}: {len(chosen)} items, max_selected_items is {most}"


def _lengths(value: Any, path: str) -> Iterator[str]:
    least, most, first = (
        value.get("min_length"),
        value.get("max_length"),
        value.get("initial_value"),
    )
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield f"{path}.min_length: {least}, more than max_length {most}"
    if isinstance(first, str) and isinstance(most, int) and len(first) > most:
        yield f"{path}.initial_value: {len(first)} characters, max_length is {most}"


def _numbers(value: Any, path: str) -> Iterator[str]:
    names = ("min_value", "initial_value", "max_value")
    found = {name: Decimal(value[name]) for name in names if not list(_NUMBER(value.get(name), ""))}
    order = list(found.items())
    for (lower, low), (upper, high) in pairwise(order):
        if low > high:
            yield f"{path}.{lower}: more than {upper}"
    if value.get("is_decimal_allowed") is False:
        for name, number in found.items():
            if number != number.to_integral_value():
                yield f"{path}.{name}: a decimal, and none is allowed"


_STATIC = {
    "options": items(OPTION, 1, 100),
    "option_groups": items(GROUP, 1, 100),
    "confirm": _CONFIRM,
}
_MANY = {"max_selected_items": integer(1, 10**6), "confirm": _CONFIRM}
_QUERY = {"min_query_length": integer(0, 3000)}
_TYPED = {"dispatch_action_config": _DISPATCH}
_CONVERSATIONS = {"default_to_current_conversation": boolean, "filter": _FILTER}
_PICKED = {"confirm": _CONFIRM, "response_url_enabled": boolean}


def _boxes(initial: Mapping[str, Check]) -> Check:
    element = _element(
        {"options": items(_MARKED_OPTION, 1, 10)},
        {"focus_on_load": boolean, "confirm": _CONFIRM, **initial},
    )
    return both(element, no_duplicates, _initial_among, _initial_once)


def _several(extra: Mapping[str, Check]) -> Check:
    return both(_field({}, {**_MANY, **extra}), _initial_once)


ELEMENTS: Mapping[str, Check] = {
    "button": _element(
        {"text": plain(75)},
        {
            "url": _URL,
            "value": text(0, 2000),
            "style": one_of("primary", "danger"),
            "confirm": _CONFIRM,
            "accessibility_label": text(1, 75),
        },
    ),
    "image": members(
        {"type": anything, "alt_text": text(1, 2000)}, {"image_url": _URL, "slack_file": anything}
    ),
    "overflow": both(
        _element({"options": items(_OVERFLOW_OPTION, 1, 5)}, {"confirm": _CONFIRM}),
        no_duplicates,
    ),
    "checkboxes": _boxes({"initial_options": items(_MARKED_OPTION, 1, 10)}),
    "radio_buttons": _boxes({"initial_option": _MARKED_OPTION}),
    "static_select": both(
        _field({}, {**_STATIC, "initial_option": OPTION}), _static_options, _initial_among
    ),
    "multi_static_select": both(
        _several({**_STATIC, "initial_options": items(OPTION, 1, 100)}),
        _static_options,
        _initial_among,
    ),
    "external_select": _field({}, {**_QUERY, "confirm": _CONFIRM, "initial_option": OPTION}),
    "multi_external_select": _several({**_QUERY, "initial_options": items(OPTION, 1, 100)}),
    "users_select": _field({}, {"confirm": _CONFIRM, "initial_user": _USER}),
    "multi_users_select": _several({"initial_users": items(_USER, 1, 100)}),
    "conversations_select": _field(
        {}, {**_PICKED, **_CONVERSATIONS, "initial_conversation": _CONVERSATION}
    ),
    "multi_conversations_select": _several(
        {**_CONVERSATIONS, "initial_conversations": items(_CONVERSATION, 1, 100)}
    ),
    "channels_select": _field({}, {**_PICKED, "initial_channel": _CHANNEL}),
    "multi_channels_select": _several({"initial_channels": items(_CHANNEL, 1, 100)}),
    "datepicker": _field({}, {"initial_date": _DATE, "confirm": _CONFIRM}),
    "timepicker": _field({}, {"initial_time": _TIME, "confirm": _CONFIRM, "timezone": text(1)}),
    "datetimepicker": _element(
        {}, {"focus_on_load": boolean, "initial_date_time": _EPOCH, "confirm": _CONFIRM}
    ),
    "plain_text_input": both(
        _field(
            {},
            {
                **_TYPED,
                "initial_value": text(1, 3000),
                "multiline": boolean,
                "min_length": integer(0, 3000),
                "max_length": integer(1, 3000),
            },
        ),
        _lengths,
    ),
    "email_text_input": _field({}, {**_TYPED, "initial_value": text(1, 3000)}),
    "url_text_input": _field({}, {**_TYPED, "initial_value": text(1, 3000)}),
    "number_input": both(
        _field(
            {"is_decimal_allowed": boolean},
            {**_TYPED, "initial_value": _NUMBER, "min_value": _NUMBER, "max_value": _NUMBER},
        ),
        _numbers,
    ),
    "rich_text_input": _field({}, {**_TYPED, "initial_value": anything}),
    "file_input": _element({}, {"filetypes": items(text(1), 1, 100), "max_files": integer(1, 10)}),
}

_MENUS = (
    "static_select",
    "external_select",
    "users_select",
    "conversations_select",
    "channels_select",
)
_MULTI_MENUS = tuple(f"multi_{name}" for name in _MENUS)
_BUTTONS = ("button", "overflow", "checkboxes", "radio_buttons", "datepicker", "timepicker")
_WRITTEN = (
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "rich_text_input",
    "file_input",
)
_INPUTS = (
    *_MENUS,
    *_MULTI_MENUS,
    *_WRITTEN,
    "checkboxes",
    "radio_buttons",
    "datepicker",
    "timepicker",
    "datetimepicker",
)

ONLY_IN_MODALS = ("email_text_input", "url_text_input", "number_input", "file_input")


def _block(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    return members({"type": anything, **required}, {"block_id": _ID, **(optional or {})})


def _section(value: Any, path: str) -> Iterator[str]:
    if "text" not in value and "fields" not in value:
        yield f"{path}: needs text or fields"


def _image_source(value: Any, path: str) -> Iterator[str]:
    if ("image_url" in value) == ("slack_file" in value):
        yield f"{path}: needs image_url or slack_file, and not both"


def _no_dispatch_of_files(value: Any, path: str) -> Iterator[str]:
    element = value.get("element")
    if (
        value.get("dispatch_action") is True
        and isinstance(element, Mapping)
        and element.get("type") == "file_input"
    ):
        yield f"{path}.dispatch_action: a file input has none"


_CONTEXT: Mapping[str, Check] = {
    "image": both(ELEMENTS["image"], _image_source),
    "plain_text": plain(3000),
    "mrkdwn": marked(3000),
}

BLOCKS: Mapping[str, Check] = {
    "actions": _block(
        {"elements": items(by_type(ELEMENTS, (*_MENUS, *_BUTTONS, "datetimepicker")), 1, 25)}
    ),
    "context": _block({"elements": items(by_type(_CONTEXT), 1, 10)}),
    "divider": _block({}),
    "header": _block({"text": plain(150)}),
    "image": both(
        _block(
            {"alt_text": text(1, 2000)},
            {"title": plain(2000), "image_url": _URL, "slack_file": anything},
        ),
        _image_source,
    ),
    "input": both(
        _block(
            {"label": plain(2000), "element": by_type(ELEMENTS, _INPUTS)},
            {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
        ),
        _no_dispatch_of_files,
    ),
    "markdown": _block({"text": text(1, 12000)}),
    "rich_text": _block({"elements": items(anything, 1, 1000)}),
    "section": both(
        _block(
            {},
            {
                "text": marked(3000),
                "fields": items(marked(2000), 1, 10),
                "accessory": by_type(ELEMENTS, (*_MENUS, *_MULTI_MENUS, *_BUTTONS, "image")),
                "expand": boolean,
            },
        ),
        _section,
    ),
    "video": _block(
        {"alt_text": text(1, 2000), "title": plain(199), "thumbnail_url": _URL, "video_url": _URL},
        {
            "title_url": _URL,
            "author_name": text(1, 50),
            "description": plain(200),
            "provider_name": text(1),
            "provider_icon_url": _URL,
        },
    ),
}

_EVERYWHERE = (
    "actions",
    "context",
    "divider",
    "header",
    "image",
    "input",
    "rich_text",
    "section",
    "video",
)
ON_SURFACE: Mapping[str, Check] = {
    "modal": by_type(BLOCKS, _EVERYWHERE),
    "home": by_type(BLOCKS, _EVERYWHERE),
    "message": by_type(BLOCKS, (*_EVERYWHERE, "markdown")),
}
