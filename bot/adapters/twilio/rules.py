"""Routing rules as fields, and the fields' rules as a configuration: there and back.

The fields (of `forms.FromFields`, as a mapping): `default_queue`, and `filter_1` to `filter_3`, each with `name`,
`expression`, `queue`, `priority` and `timeout`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.adapters.twilio.configuration import QUEUE_SID, given, is_whole, problems

FILTERS = ("filter_1", "filter_2", "filter_3")
_MEMBERS = {"name": "filter_friendly_name", "expression": "expression"}
_NUMBERS = {"priority": 0, "timeout": 1}
"""A target's whole numbers, and the least that each may be."""
LONGEST = 3000
"""Characters that a text input of Slack's holds."""


def filters_given(rules: Mapping[str, Any]) -> list[str]:
    """The names of the filters that were filled in, in the order in which they are sent."""
    return [name for name in FILTERS if any(value not in (None, "") for value in (rules.get(name) or {}).values())]


def configuration(rules: Mapping[str, Any], *, indent: int | None = None) -> str:
    """The document that Twilio gets for these fields."""
    routing: dict[str, Any] = {}
    if filters := [_filter(rules[name]) for name in filters_given(rules)]:
        routing["filters"] = filters
    routing["default_filter"] = {"queue": rules.get("default_queue")}
    separators = (",", ":") if indent is None else None
    return json.dumps({"task_routing": routing}, ensure_ascii=False, indent=indent, separators=separators)


def _filter(rule: Mapping[str, Any]) -> dict[str, Any]:
    target = given({"queue": rule.get("queue"), **{name: rule.get(name) for name in _NUMBERS}})
    made = given({member: rule.get(name) for name, member in _MEMBERS.items()})
    return {**made, "targets": [target]}


def fields(document: str) -> dict[str, Any] | None:
    """The fields that say the same as this document; None when they cannot, or something is wrong with it."""
    if problems(document):
        return None
    parsed = json.loads(document)
    routing = given(parsed["task_routing"])
    filters, default = routing.pop("filters", []), given(routing.pop("default_filter", {}))
    queue = default.pop("queue", "")
    if len(parsed) > 1 or routing or default or not QUEUE_SID.fullmatch(queue) or len(filters) > len(FILTERS):
        return None
    made = [_fields_of(given(rule)) for rule in filters]
    return None if None in made else {"default_queue": queue, **dict(zip(FILTERS, made, strict=False))}


def _fields_of(rule: dict[str, Any]) -> dict[str, Any] | None:
    targets: Sequence[Any] = rule.pop("targets")
    target = given(targets[0])
    if len(targets) > 1 or rule.keys() - set(_MEMBERS.values()) or target.keys() - {"queue", *_NUMBERS}:
        return None
    numbers = {name: int(target[name]) for name, least in _NUMBERS.items() if is_whole(target.get(name), least)}
    texts = {name: rule[member] for name, member in _MEMBERS.items() if member in rule}
    if any(len(text) > LONGEST for text in texts.values()):
        return None
    return {**texts, "queue": target["queue"], **numbers}
