"""The check of a TaskRouter workflow's configuration."""

import json
import re
from collections.abc import Callable
from typing import Any

LARGEST = 1_038_576
"""Largest size of a configuration, in bytes."""
LARGEST_INT = 2_147_483_647
_QUEUE = re.compile(r"WQ[0-9a-fA-F]{32}")
_PREFIXED = re.compile(r"\b(task|worker)\.")
_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")
_HYPHEN = re.compile(r"(?<!\w)\d*[^\W\d]\w*-")
_COMPARED = re.compile(r"==|!=|[<>]|\b(CONTAINS|HAS|IN)\b", re.IGNORECASE)


def fault_in(text: str, queue_exists: Callable[[str], bool]) -> str:
    """Return the first error, or an empty string. `queue_exists` asks the present workspace."""
    if len(text.encode()) > LARGEST:
        return f"it is longer than {LARGEST} bytes"
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return "it is not valid JSON"
    routing = parsed.get("task_routing") if isinstance(parsed, dict) else None
    if not isinstance(routing, dict):
        return "task_routing must be an object"
    filters, default = _given(routing).get("filters", []), routing.get("default_filter")
    if not isinstance(filters, list):
        return "task_routing.filters must be a list"
    if not filters and default is None:
        return "task_routing needs filters or a default_filter"
    for place, rule in enumerate(filters):
        if fault := _fault_in_filter(rule, f"filters[{place}]", queue_exists):
            return fault
    if default is None:
        return ""
    if not isinstance(default, dict):
        return "default_filter must be an object"
    return _fault_in_queue(queue_of(default), "default_filter", queue_exists)


def _given(thing: dict[str, Any]) -> dict[str, Any]:
    """Return the object without its null members, which count as left out."""
    return {name: value for name, value in thing.items() if value is not None}


def queue_of(thing: dict[str, Any]) -> Any:
    """Return the queue's SID. Twilio's older examples use `task_queue_sid`."""
    return thing.get("queue") or thing.get("task_queue_sid")


def _fault_in_filter(rule: Any, path: str, queue_exists: Callable[[str], bool]) -> str:
    if not isinstance(rule, dict):
        return f"{path} must be an object"
    if not isinstance(rule.get("expression"), str) or not rule["expression"].strip():
        return f"{path}.expression is required"
    if fault := _fault_in_expression(rule["expression"]):
        return f"{path}.expression {fault}"
    targets = rule.get("targets")
    if not isinstance(targets, list) or not targets:
        return f"{path}.targets must not be empty"
    for place, target in enumerate(targets):
        if fault := _fault_in_target(target, f"{path}.targets[{place}]", place == 0, queue_exists):
            return fault
    return ""


def _fault_in_target(
    target: Any, path: str, first: bool, queue_exists: Callable[[str], bool]
) -> str:
    if not isinstance(target, dict):
        return f"{path} must be an object"
    target = _given(target)
    queue = queue_of(target)
    if (first or queue is not None) and (fault := _fault_in_queue(queue, path, queue_exists)):
        return fault
    priority, timeout = target.get("priority", 0), target.get("timeout", 1)
    if not _is_whole(priority, 0):
        return f"{path}.priority must be a whole number"
    if not _is_whole(timeout, 1):
        return f"{path}.timeout must be a positive number of seconds"
    expression = target.get("expression")
    if expression is not None and not (
        isinstance(expression, str) and _PREFIXED.search(expression)
    ):
        return f"{path}.expression must name its attributes as task.name or worker.name"
    if expression is not None and (fault := _fault_in_expression(expression)):
        return f"{path}.expression {fault}"
    if "known_worker_sid" in target and "known_worker_friendly_name" in target:
        return f"{path} can have only one of known_worker_sid and known_worker_friendly_name"
    return ""


def _is_whole(value: Any, least: int) -> bool:
    """Return whether the value is a whole number.

    Digits as text are accepted too, as in Twilio's examples.
    """
    text = "" if isinstance(value, bool) else str(value)
    return re.fullmatch(r"\d{1,10}", text) is not None and least <= int(text) <= LARGEST_INT


def _fault_in_expression(expression: str) -> str:
    """Return the worst error in an expression. Twilio's further checks are not documented."""
    bare = _QUOTED.sub("''", expression)
    if bare.replace("''", "").count("'") or '"' in bare:
        return "has a text without an end"
    if bare.count("(") != bare.count(")"):
        return "has parentheses that do not match"
    if _HYPHEN.search(bare):
        return "has a hyphen, which expressions do not support"
    return "" if _COMPARED.search(bare) else "compares nothing"


def _fault_in_queue(queue: Any, path: str, queue_exists: Callable[[str], bool]) -> str:
    if not isinstance(queue, str) or not _QUEUE.fullmatch(queue):
        return f"{path}.queue must be the SID of a TaskQueue"
    if not queue_exists(queue):
        return f"TaskQueue {queue} in {path} does not exist in this workspace"
    return ""
