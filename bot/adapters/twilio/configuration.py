"""The routing rules of a TaskRouter workflow: what is wrong with a document, found before Twilio sees it.

Only its structure is judged. What Twilio checks when it takes one is not documented, so members we do not know pass,
and whether a queue exists or an expression makes sense is left to Twilio.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

LARGEST = 1_038_576
"""Bytes, by Twilio's page on workflow configuration."""
QUEUE_SID = re.compile(r"WQ[0-9a-fA-F]{32}")
_QUEUE_NAMES = ("queue", "task_queue_sid")
"""The second is that of Twilio's older examples."""
_TEXTS = ("expression", "order_by", "skip_if", "known_worker_sid", "known_worker_friendly_name")


def straight_to(queue: str) -> str:
    """The configuration that sends every task to one queue, first come, first served."""
    return json.dumps({"task_routing": {"default_filter": {"queue": queue}}}, separators=(",", ":"))


def problems(document: str) -> list[str]:
    """What is wrong and where, each a sentence; nothing when it can be sent."""
    if len(document.encode()) > LARGEST:
        return [f"It is longer than the {LARGEST:,} bytes that Twilio takes."]
    try:
        parsed = json.loads(document, parse_constant=_no_json)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        return [f"This is not JSON{where}."]
    if not isinstance(parsed, dict) or not isinstance(parsed.get("task_routing"), dict):
        return ['It has to be an object with an object "task_routing" inside.']
    return list(_routing(parsed["task_routing"]))


def _no_json(name: str) -> None:
    raise ValueError(name)


def _given(thing: dict[str, Any]) -> dict[str, Any]:
    """Without the members that are null: they are as good as left out."""
    return {name: value for name, value in thing.items() if value is not None}


def _routing(routing: dict[str, Any]) -> Iterator[str]:
    routing = _given(routing)
    if "filters" not in routing and "default_filter" not in routing:
        yield 'task_routing needs "filters", "default_filter" or both.'
    filters = routing.get("filters", [])
    if isinstance(filters, list):
        for number, rule in enumerate(filters):
            yield from _filter(f"task_routing.filters[{number}]", rule)
    else:
        yield "task_routing.filters has to be a list."
    if "default_filter" in routing:
        default = routing["default_filter"]
        if isinstance(default, dict):
            yield from _queue("task_routing.default_filter", _given(default))
        else:
            yield "task_routing.default_filter has to be an object."


def _filter(where: str, rule: Any) -> Iterator[str]:
    if not isinstance(rule, dict):
        yield f"{where} has to be an object."
        return
    rule = _given(rule)
    if not isinstance(expression := rule.get("expression"), str) or not expression.strip():
        yield f"{where}.expression is missing: it says which tasks the filter takes."
    if not isinstance(rule.get("filter_friendly_name", ""), str):
        yield f"{where}.filter_friendly_name has to be text."
    targets = rule.get("targets")
    if not isinstance(targets, list) or not targets:
        yield f"{where}.targets has to be a list with at least one target."
        return
    for number, target in enumerate(targets):
        yield from _target(f"{where}.targets[{number}]", target, first=number == 0)


def _target(where: str, target: Any, *, first: bool) -> Iterator[str]:
    if not isinstance(target, dict):
        yield f"{where} has to be an object."
        return
    target = _given(target)
    if first or not target.keys().isdisjoint(_QUEUE_NAMES):  # later targets take over the queue of the one before
        yield from _queue(where, target)
    for name, least in (("priority", 0), ("timeout", 1)):
        if name in target and not _is_whole(target[name], least):
            yield f"{where}.{name} has to be a whole number of at least {least}."
    for name in _TEXTS:
        if name in target and not isinstance(target[name], str):
            yield f"{where}.{name} has to be text."
    if "known_worker_sid" in target and "known_worker_friendly_name" in target:
        yield f"{where} can name a known worker by its SID or by its name, not by both."


def _queue(where: str, holder: dict[str, Any]) -> Iterator[str]:
    name = next((name for name in _QUEUE_NAMES if name in holder), "queue")
    if not isinstance(queue := holder.get(name), str) or not QUEUE_SID.fullmatch(queue):
        yield f"{where}.{name} has to be a task queue's SID: WQ and 32 hexadecimal digits."


def _is_whole(value: Any, least: int) -> bool:
    """Twilio's own examples hold digits as text beside numbers."""
    if isinstance(value, str):
        return value.isascii() and value.isdigit() and len(value) < 12 and int(value) >= least
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
