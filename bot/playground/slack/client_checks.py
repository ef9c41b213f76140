"""The checks of Slack's own client before a submission. These errors never reach the bot."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.playground.slack.blocks import VALUE_KEYS, Block, Element, Values, is_empty

EMAIL = re.compile(r"[^@\s]+@[^@\s][^@\s.]*\.[^@\s]+")
URL = re.compile(r"(https?://)[^\s/]\S*", re.IGNORECASE)

REQUIRED = "Please complete this required field."


def check(blocks: Sequence[Block], values: Values) -> dict[str, str]:
    """Return the errors of the inputs, by block id; empty if the client would send them."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        value = values[block["block_id"]][element["action_id"]]
        if is_empty(value):
            sentence = "" if block.get("optional") else REQUIRED
        else:
            sentence = _complaint(element, value[VALUE_KEYS[element["type"]]])
        if sentence:
            errors[block["block_id"]] = sentence
    return errors


def _complaint(element: Element, value: Any) -> str:
    match element["type"]:
        case "plain_text_input":
            return _length(element, value)
        case "number_input":
            return _number(element, value)
        case "email_text_input":
            return "" if EMAIL.fullmatch(value) else "Please enter a valid email address."
        case "url_text_input":
            return "" if URL.fullmatch(value) else "Please enter a valid URL."
        case "file_input":
            return _files(element, value)
        case _:
            return _count(element, value)


def _length(element: Mapping[str, Any], value: str) -> str:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if len(value) < least:
        return f"Please enter at least {least} characters."
    return f"Please enter no more than {most} characters." if len(value) > most else ""


def _number(element: Mapping[str, Any], value: str) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return "Please enter a valid number."
    if not number.is_finite():
        return "Please enter a valid number."
    if not element["is_decimal_allowed"] and number != number.to_integral_value():
        return "Please enter a whole number."
    if "min_value" in element and number < Decimal(element["min_value"]):
        return f"Please enter a number no less than {element['min_value']}."
    if "max_value" in element and number > Decimal(element["max_value"]):
        return f"Please enter a number no greater than {element['max_value']}."
    return ""


def _count(element: Mapping[str, Any], value: Any) -> str:
    most = element.get("max_selected_items")
    if isinstance(value, list) and most is not None and len(value) > most:
        return f"Please choose no more than {most} items."
    return ""


def _files(element: Mapping[str, Any], files: Sequence[Mapping[str, Any]]) -> str:
    if len(files) > (most := element.get("max_files", 10)):
        return f"Please choose no more than {most} files."
    types = element.get("filetypes")
    if types and any(file.get("filetype", types[0]) not in types for file in files):
        return f"Please choose a file of this type: {', '.join(types)}."
    return ""
