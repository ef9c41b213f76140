"""Fill in a view as a person would, and return `view["state"]["values"]` as Slack sends it.

    values = fill(view, random.Random(7))    valid answers, some optional inputs left blank
    values = untouched(view)                 submitted as it was opened
    values["rootly.incident.title"] = answer(element, "Checkout is down")

Source: Slack's reference for `view_submission` payloads. This module knows no forms, only the
blocks of a view.
"""

import random
import string
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

State = dict[str, dict[str, Any]]
Element = Mapping[str, Any]
Words = Callable[[str, random.Random], str | None]
"""(block id, random) -> the text for that input, None for any text.

Some inputs need JSON or addresses.
"""

_ONE = {
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
}
_MANY = {
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "file_input": ("files", ""),
}


def untouched(view: Mapping[str, Any]) -> State:
    """Return the state of an unchanged view: first values, and null or [] where there are none."""
    return {
        block["block_id"]: _state(block["element"], _first(block["element"]))
        for block in _inputs(view)
    }


def answer(element: Element, value: Any) -> dict[str, Any]:
    """Return a block's state, `{action id: element state}`, after the answer `value`.

    Values are Python's: a text, a number, a `date`, a `datetime`, an id (an option's value), True
    for a ticked box, a list of ids where several may be chosen, None for a blank.
    """
    kind = element["type"]
    chosen: Any
    if kind == "checkboxes":
        chosen = [
            option
            for option in element["options"]
            if value is True or option["value"] in (value or [])
        ]
    elif kind in ("multi_static_select", "multi_external_select"):
        chosen = [_chosen(element, each) for each in value or []]
    elif kind in _MANY:
        chosen = list(value or [])
    elif value is None:
        chosen = None
    elif kind in ("static_select", "external_select", "radio_buttons"):
        chosen = _chosen(element, value)
    elif isinstance(value, datetime):
        chosen = int(value.timestamp())
    elif isinstance(value, date):
        chosen = value.isoformat()
    elif kind == "number_input":
        chosen = format(Decimal(str(value)), "f")
    else:
        chosen = value
    return _state(element, chosen)


def fill(
    view: Mapping[str, Any],
    rng: random.Random,
    *,
    words: Words | None = None,
    entries: Callable[[str], list[str]] | None = None,
    blank: float = 0.2,
) -> State:
    """Return random answers that Slack would accept.

    `entries` gives the ids that an external select offers (by block id). `blank` is the share of
    optional inputs that stay empty.
    """
    filled: State = {}
    for block in _inputs(view):
        element = block["element"]
        if block.get("optional") and rng.random() < blank:
            filled[block["block_id"]] = _state(element, [] if element["type"] in _MANY else None)
            continue
        typed = (
            words(block["block_id"], rng)
            if words and element["type"] == "plain_text_input"
            else None
        )
        if element["type"].endswith("external_select") and entries:
            offered = entries(block["block_id"])
        else:
            offered = [f"entry-{number}" for number in range(1, 30)]
        value = typed if typed is not None else _any(element, rng, offered)
        filled[block["block_id"]] = answer(element, value)
    return filled


def _inputs(view: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (block for block in view["blocks"] if block["type"] == "input")


def _state(element: Element, chosen: Any) -> dict[str, Any]:
    member, _ = {**_ONE, **_MANY}[element["type"]]
    return {element["action_id"]: {"type": element["type"], member: chosen}}


def _first(element: Element) -> Any:
    kind = element["type"]
    return element.get(_MANY[kind][1], []) if kind in _MANY else element.get(_ONE[kind][1])


def _options(element: Element) -> list[dict[str, Any]]:
    groups = element.get("option_groups", [])
    return [
        *element.get("options", []),
        *(option for group in groups for option in group["options"]),
    ]


def _chosen(element: Element, value: str) -> dict[str, Any]:
    """Return the option as the view has it. The options of an external select come from the bot."""
    if element["type"].endswith("external_select"):
        return {
            "text": {"type": "plain_text", "text": f"Entry {value}"[:75], "emoji": True},
            "value": value,
        }
    return next(option for option in _options(element) if option["value"] == value)


def _any(element: Element, rng: random.Random, offered: list[str]) -> Any:
    kind = element["type"]
    one = offered
    if kind.endswith("static_select") or kind in ("radio_buttons", "checkboxes"):
        one = [option["value"] for option in _options(element)]
    elif kind.endswith("users_select"):
        one = [f"U{number:08}" for number in range(1, 9)]
    elif kind.endswith(("conversations_select", "channels_select")):
        one = [f"C{number:08}" for number in range(1, 9)]
    if kind == "file_input":
        return []  # only a running bot can fetch a file
    if kind in _MANY:
        most = min(len(one), element.get("max_selected_items", 5), 5)
        return rng.sample(one, rng.randint(1, most))
    if kind.endswith("select") or kind == "radio_buttons":
        return rng.choice(one)
    return _TYPED[kind](element, rng)


def _text(element: Element, rng: random.Random) -> str:
    least = max(element.get("min_length", 1), 1)
    most = max(min(element.get("max_length", 3000), least + 40), least)
    alphabet = (
        string.ascii_letters
        + string.digits
        + "äßЖ漢🔥&<>\"'"
        + ("\n " if element.get("multiline") else " ")
    )
    letters = [rng.choice(alphabet) for _ in range(rng.randint(least, most))]
    letters[0] = letters[-1] = "x"
    return "".join(letters)


def _number(element: Element, rng: random.Random) -> Decimal:
    low = Decimal(element.get("min_value") or Decimal(element.get("max_value", 1000)) - 1000)
    high = Decimal(element.get("max_value") or low + 1000)
    share = Decimal(rng.randint(1, 99)) / 100
    number = low + (high - low) * share
    return number if element["is_decimal_allowed"] else Decimal(rng.randint(int(low), int(high)))


_TYPED: dict[str, Callable[[Element, random.Random], Any]] = {
    "plain_text_input": _text,
    "number_input": _number,
    "email_text_input": lambda element, rng: f"person{rng.randint(1, 999)}@example.com",
    "url_text_input": lambda element, rng: f"https://example.com/{rng.randint(1, 999)}",
    "datepicker": lambda element, rng: date(
        rng.randint(2002, 2099), rng.randint(1, 12), rng.randint(1, 28)
    ),
    "timepicker": lambda element, rng: f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}",
    "datetimepicker": lambda element, rng: datetime.fromtimestamp(
        rng.randint(10**9, 4 * 10**9), tz=UTC
    ),
}
