"""Make the Block Kit element of a field, with the field's value as its first value.

The result never breaks a limit of Slack's. A text that is too long is cut, and a first value that
does not fit is left out. The numbers are from Slack's Block Kit reference;
`bot.playground.slack.limits` checks them with a table of its own.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.forms.fields import USER_GROUPS, Check, Choice, Json, Lookup, Named, Text, Upload
from bot.forms.shape import Bounds, Field, key
from bot.forms.text import cut, humanise, plain_text
from bot.language import _

Labels = Callable[[str, str], str | None]
"""(catalog name, entry id) -> the entry's label, or None if it is not known."""

TEXT_INPUT = 3000
OPTION_TEXT = 75
OPTION_VALUE = 150
OPTIONS = 100
PLACEHOLDER = 150
DIALOG_TITLE, DIALOG_TEXT = 100, 300

_PERSON = re.compile(r"[UW][A-Z0-9]{2,}")
_CONVERSATION = re.compile(r"[CDG][A-Z0-9]{2,}")
DIGITS = 400
"""Digits of a first value. The limit is ours.

"1e999999" written out would make the view too large.
"""
_EARLIEST, _LATEST = 10**9, 10**10 - 1
"""Slack's date and time picker takes epoch seconds of exactly ten digits."""


def element(field: Field, value: Any, labels: Labels) -> dict[str, Any]:
    """Return the element for the field with its first value, without an action id."""
    match field.kind:
        case "text" | "lines" | "emails" | "json" | "named" | "named_lines":
            return _text_input(field, value)
        case "url" | "email":
            first = _initial("value", cut(_text(value), TEXT_INPUT))
            return {"type": f"{field.kind}_text_input", **first, **_placeholder(field)}
        case "int" | "float":
            return _number_input(field, value)
        case "select":
            return _select(field, value)
        case "lookup" | "user_group":
            return _lookup(field, value, labels)
        case "person":
            return _picker(field, "user", _PERSON, value)
        case "conversation":
            offered = {"filter": {"include": ["public", "private"], "exclude_bot_users": True}}
            return {**_picker(field, "conversation", _CONVERSATION, value), **offered}
        case "date":
            return {"type": "datepicker", **_initial("date", _iso_date(value))}
        case "datetime":
            return {"type": "datetimepicker", **_initial("date_time", _epoch_seconds(value))}
        case "check" | "tick":
            marker = field.marker(Check) or Check()
            options = [option("yes", _(marker.words))]
            confirm = _member("confirm", _confirm(field, marker))
            first = _initial("options", options if value is True else None)
            return {"type": "checkboxes", "options": options, **first, **confirm}
        case "file":
            upload = field.marker(Upload)
            return {
                "type": "file_input",
                **_member("filetypes", list(upload.types) if upload else []),
                "max_files": 1,
            }
        case "form":
            raise AssertionError("a nested form is rendered as its fields")


def _confirm(field: Field, marker: Check) -> dict[str, Any] | None:
    if not marker.confirm:
        return None
    title, text = cut(field.title, DIALOG_TITLE), cut(_(marker.confirm), DIALOG_TEXT)
    return {
        "title": plain_text(title),
        "text": plain_text(text),
        "confirm": plain_text(_(marker.agree)),
        "deny": plain_text(_("Back")),
    }


def _text_input(field: Field, value: Any) -> dict[str, Any]:
    marker = field.marker(Text)
    multiline = field.kind not in ("text", "named") or (marker is not None and marker.multiline)
    element: dict[str, Any] = {"type": "plain_text_input", "multiline": multiline}
    longest = TEXT_INPUT
    if field.kind in ("text", "json"):
        bounds = field.bounds
        if bounds.max_length is not None:
            longest = element["max_length"] = min(max(bounds.max_length, 1), TEXT_INPUT)
        if bounds.min_length:
            element["min_length"] = min(bounds.min_length, longest)
    text = _json_text(value) if field.kind == "json" else _text(value)
    if not multiline:
        text = " ".join(text.splitlines())
    return {**element, **_initial("value", cut(text, longest)), **_placeholder(field)}


def _number_input(field: Field, value: Any) -> dict[str, Any]:
    """Return a number input.

    Slack's bounds are inclusive and written as text. An exclusive bound of a decimal number is
    checked only when the form is parsed.
    """
    whole = field.kind == "int"
    low, high = _lowest(field.bounds, whole), _highest(field.bounds, whole)
    first = _decimal(value)
    if first is not None and (not _within(first, low, high) or (whole and first != int(first))):
        first = None
    return {
        "type": "number_input",
        "is_decimal_allowed": not whole,
        **_member("min_value", _decimal_text(low)),
        **_member("max_value", _decimal_text(high)),
        **_initial("value", _decimal_text(first)),
        **_placeholder(field),
    }


def _within(number: Decimal, low: Decimal | None, high: Decimal | None) -> bool:
    return (low is None or low <= number) and (high is None or number <= high)


def _lowest(bounds: Bounds, whole: bool) -> Decimal | None:
    low, above = _decimal(bounds.ge), _decimal(bounds.gt)
    if whole:
        low = None if low is None else Decimal(math.ceil(low))
        above = None if above is None else Decimal(math.floor(above) + 1)
    return max((each for each in (low, above) if each is not None), default=None)


def _highest(bounds: Bounds, whole: bool) -> Decimal | None:
    high, below = _decimal(bounds.le), _decimal(bounds.lt)
    if whole:
        high = None if high is None else Decimal(math.floor(high))
        below = None if below is None else Decimal(math.ceil(below) - 1)
    return min((each for each in (high, below) if each is not None), default=None)


def _select(field: Field, value: Any) -> dict[str, Any]:
    marker = field.marker(Choice)
    words = marker.labels if marker else {}
    options = {name: option(name, words.get(name) or humanise(name)) for name in field.options}
    made = list(options.values())
    element: dict[str, Any] = {"type": "multi_static_select" if field.many else "static_select"}
    if len(made) <= OPTIONS:
        element["options"] = made
    else:
        chunks = [made[start : start + OPTIONS] for start in range(0, len(made), OPTIONS)]
        element["option_groups"] = [
            {"label": plain_text(_span(chunk)), "options": chunk} for chunk in chunks
        ]
    chosen = [options[name] for name in _keys(value) if name in options]
    return {**element, **_chosen(field, chosen)}


def _span(options: list[dict[str, Any]]) -> str:
    """Return the label of a group of options: its first and last option.

    The group exists only because a list in a select ends at 100 options.
    """
    first, last = (cut(option["text"]["text"], 35) for option in (options[0], options[-1]))
    return f"{first} ... {last}"


def _lookup(field: Field, value: Any, labels: Labels) -> dict[str, Any]:
    catalog = marker.catalog if (marker := field.marker(Lookup)) else USER_GROUPS
    ids = [name for name in _keys(value) if 0 < len(name) <= OPTION_VALUE]
    chosen = [option(name, labels(catalog, name) or name) for name in ids]
    element = {
        "type": "multi_external_select" if field.many else "external_select",
        "min_query_length": 0,
    }
    return {**element, **_chosen(field, chosen), **_placeholder(field)}


def _picker(field: Field, what: str, pattern: re.Pattern[str], value: Any) -> dict[str, Any]:
    ids = [name for name in _keys(value) if pattern.fullmatch(name)]
    return {
        "type": f"multi_{what}s_select" if field.many else f"{what}s_select",
        **_chosen(field, ids, what),
    }


def _chosen(field: Field, chosen: Sequence[Any], what: str = "option") -> dict[str, Any]:
    """Return the members for the first choice, and for how many may be chosen."""
    if not field.many:
        return _initial(what, chosen[0] if chosen else None)
    most = None if field.bounds.max_length is None else max(field.bounds.max_length, 1)
    return {**_initial(f"{what}s", list(chosen[:most])), **_member("max_selected_items", most)}


def _keys(value: Any) -> list[str]:
    """Return one value or several as a list of texts, without repetitions."""
    values = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
    return list(dict.fromkeys(key(each) for each in values if each is not None))


def option(value: str, label: str) -> dict[str, Any]:
    """Return one option of a select."""
    return {"text": plain_text(cut(label, OPTION_TEXT)), "value": value}


def _placeholder(field: Field) -> dict[str, Any]:
    marker = field.marker(Lookup) or field.marker(Json) or field.marker(Text)
    return (
        {"placeholder": plain_text(cut(marker.placeholder, PLACEHOLDER))}
        if marker and marker.placeholder
        else {}
    )


def _initial(what: str, value: Any) -> dict[str, Any]:
    return _member(f"initial_{what}", value)


def _member(name: str, value: Any) -> dict[str, Any]:
    return {} if value in (None, "", []) else {name: value}


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "\n".join(_text(each) for each in value)
    if isinstance(value, Mapping):  # a `Named` that was stored as JSON
        value = Named.model_construct(
            id=str(value.get("id") or ""), name=str(value.get("name") or "")
        )
    return "" if value is None else str(value)


def _json_text(value: Any) -> str:
    return (
        value
        if isinstance(value, str)
        else ""
        if value is None
        else json.dumps(value, ensure_ascii=False, indent=2)
    )


def _decimal(value: Any) -> Decimal | None:
    """Return the number, or None if the value is no finite number.

    The number is exact, because a rounded bound would refuse a number that the form allows.
    """
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < DIGITS else None


def _decimal_text(number: Decimal | None) -> str | None:
    """Return the number without an exponent, because Slack does not read one."""
    return None if number is None else format(number, "f")


def _iso_date(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.date().isoformat()
    try:
        return (value if isinstance(value, date) else date.fromisoformat(value)).isoformat()
    except (TypeError, ValueError):
        return None


def _epoch_seconds(value: Any) -> int | None:
    """Return the time in epoch seconds. A time without a zone is UTC."""
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            value = (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        seconds = math.floor(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if _EARLIEST <= seconds <= _LATEST else None
