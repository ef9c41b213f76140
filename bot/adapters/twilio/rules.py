"""Convert routing rules between fields and Twilio's configuration.

The fields (of `forms.FromFields`, as a mapping) are `default_queue`, and `filter_1` to `filter_3`,
each with `name`, `expression`, `queue`, `priority` and `timeout`.
"""

import json
from collections.abc import Mapping
from typing import Any

from bot.adapters.twilio.configuration import is_whole, problems, without_nulls

FILTERS = ("filter_1", "filter_2", "filter_3")
_MEMBERS = {"name": "filter_friendly_name", "expression": "expression"}
_NUMBERS = {"priority": 0, "timeout": 1}
"""A target's whole numbers, with the smallest value of each."""
LONGEST = 3000
"""Characters that one of Slack's text inputs holds."""
_LONGEST_VALUE = 150
"""Characters of an option's value, at most."""


def filters_given(rules: Mapping[str, Any]) -> list[str]:
    """Return the names of the filled-in filters in the order in which they are sent."""
    return [
        name
        for name in FILTERS
        if any(value not in (None, "") for value in (rules.get(name) or {}).values())
    ]


def configuration(rules: Mapping[str, Any]) -> str:
    """Return the configuration for these fields as JSON.

    Unfinished fields give an unfinished document.
    """
    routing: dict[str, Any] = {}
    if filters := [_filter(rules[name]) for name in filters_given(rules)]:
        routing["filters"] = filters
    if queue := rules.get("default_queue"):
        routing["default_filter"] = {"queue": queue}
    return json.dumps({"task_routing": routing}, ensure_ascii=False, separators=(",", ":"))


def _filter(rule: Mapping[str, Any]) -> dict[str, Any]:
    target = without_nulls(
        {"queue": rule.get("queue"), **{name: rule.get(name) for name in _NUMBERS}}
    )
    named = without_nulls({member: rule.get(name) for name, member in _MEMBERS.items()})
    return {**named, "targets": [target]}


def fields(document: str) -> dict[str, Any] | None:
    """Return the fields for this document, or None if fields cannot hold it or it has problems."""
    found = None if problems(document) else unfinished(document)
    return found if found is not None and "default_queue" in found else None


def unfinished(document: str) -> dict[str, Any] | None:
    """Return the fields for a JSON document that may be unfinished.

    A missing value is left empty. None if fields cannot hold the whole document. Raises
    `ValueError` for text that is not JSON.
    """
    parsed = json.loads(document)
    if (
        not isinstance(parsed, dict)
        or parsed.keys() != {"task_routing"}
        or not isinstance(parsed["task_routing"], dict)
    ):
        return None
    routing = without_nulls(parsed["task_routing"])
    filters, default = routing.pop("filters", []), routing.pop("default_filter", {})
    if (
        routing
        or not isinstance(filters, list)
        or len(filters) > len(FILTERS)
        or not isinstance(default, dict)
    ):
        return None
    queue = without_nulls(default)
    rows = [_fields_of(rule) for rule in filters]
    if None in rows or queue.keys() - {"queue"} or not all(map(_is_pickable, queue.values())):
        return None
    return {
        **({"default_queue": queue["queue"]} if queue else {}),
        **dict(zip(FILTERS, rows, strict=False)),
    }


def _fields_of(rule: Any) -> dict[str, Any] | None:
    rule = without_nulls(rule) if isinstance(rule, dict) else {"": rule}
    targets = rule.pop("targets", [])
    if (
        not isinstance(targets, list)
        or len(targets) > 1
        or not all(isinstance(each, dict) for each in targets)
    ):
        return None
    target = without_nulls(targets[0]) if targets else {}
    if rule.keys() - set(_MEMBERS.values()) or target.keys() - {"queue", *_NUMBERS}:
        return None
    texts = {name: rule[member] for name, member in _MEMBERS.items() if member in rule}
    numbers = {name: target[name] for name in _NUMBERS if name in target}
    queue = {"queue": target["queue"]} if "queue" in target else {}
    if not all(isinstance(text, str) and len(text) <= LONGEST for text in texts.values()):
        return None
    if not all(is_whole(numbers[name], _NUMBERS[name]) for name in numbers) or not all(
        map(_is_pickable, queue.values())
    ):
        return None
    return {**texts, **queue, **{name: int(number) for name, number in numbers.items()}}


def _is_pickable(queue: Any) -> bool:
    """Return whether a picker can show the value. The value may be no queue's SID."""
    return isinstance(queue, str) and 0 < len(queue) <= _LONGEST_VALUE
