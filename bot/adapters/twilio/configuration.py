"""Check the routing rules of a TaskRouter workflow before Twilio gets them.

    {"task_routing": {
      "filters": [{"filter_friendly_name", "expression", "targets": [
        {"queue", "priority", "timeout", "expression", "order_by", "skip_if",
         "known_worker_sid"}]}],
      "default_filter": {"queue"}}}

The checks that Twilio makes are not documented. An unknown member is therefore allowed with a
warning, and Twilio decides whether a queue exists. Source: Twilio's pages on workflow configuration
and on expression syntax.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from bot.adapters.twilio.expressions import complaint
from bot.adapters.twilio.sids import is_sid
from bot.forms.sentences import strict_json
from bot.language import _

LARGEST = 1_038_576
"""Bytes of a configuration, at most. Source: Twilio's page on workflow configuration."""
LARGEST_INT = 2_147_483_647
TARGET_NAMES = ("task", "worker")
"""The first parts of names in a target's expression.

A filter's expression has the task's attributes without such a part.
"""
_QUEUE_NAMES = ("queue", "task_queue_sid")
"""The names of a target's queue. Twilio's older examples have the second one."""
_KNOWN_WORKER = ("known_worker_sid", "known_worker_friendly_name")
_ATTRIBUTE = re.compile(r"task\.\w+(?:\.\w+|\[\d+\])*")
_TARGET = {
    *_QUEUE_NAMES,
    *_KNOWN_WORKER,
    "expression",
    "order_by",
    "priority",
    "skip_if",
    "timeout",
}
_FILTER = {"filter_friendly_name", "expression", "targets"}
_MOST_NAMED = 5
MOST_FOUND = 10
"""A file can have a problem in every other byte, and a person corrects the first ones."""


def problems(document: str) -> list[str]:
    """Return a sentence for each of the first `MOST_FOUND` problems, with its place.

    Empty if the document can be sent.
    """
    if len(document.encode(errors="replace")) > LARGEST:
        return [_("This has more than {most} bytes. Shorten it.").format(most=f"{LARGEST:,}")]
    try:
        parsed = strict_json(document)
    except ValueError as error:
        return [str(error)]
    if not isinstance(parsed, dict) or not isinstance(parsed.get("task_routing"), dict):
        return [_("Put an object named “task_routing” inside a JSON object.")]
    return list(islice(_routing(parsed["task_routing"]), MOST_FOUND))


def in_short(found: list[str]) -> str:
    """Return the first two sentences, and whether there are more."""
    return " ".join([*found[:2], *([_("There are more problems.")] if found[2:] else [])])


def warning(document: str) -> str:
    """Return a sentence about members that Twilio does not document, empty if there are none.

    The document must have no `problems`.
    """
    names = list(_undocumented(json.loads(document)))
    if not names:
        return ""
    shown = ", ".join(names[:_MOST_NAMED]) + (" …" if names[_MOST_NAMED:] else "")
    return _("Twilio doesn't document {names}. Check these names.").format(names=shown)


def without_nulls(thing: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that are not null. A null counts as left out."""
    return {name: value for name, value in thing.items() if value is not None}


def _an_object(place: str) -> str:
    return _("Make {place} an object.").format(place=place)


def _a_list(place: str) -> str:
    return _("Make {place} a list.").format(place=place)


def _a_text(place: str) -> str:
    return _("Make {place} a text.").format(place=place)


def _routing(routing: dict[str, Any]) -> Iterator[str]:
    routing = without_nulls(routing)
    if "filters" not in routing and "default_filter" not in routing:
        yield _("Add “filters” or “default_filter” to task_routing.")
    filters = routing.get("filters", [])
    if isinstance(filters, list):
        for number, rule in enumerate(filters):
            yield from _filter(f"task_routing.filters[{number}]", rule)
    else:
        yield _a_list("task_routing.filters")
    if "default_filter" in routing:
        default = routing["default_filter"]
        if isinstance(default, dict):
            yield from _queue("task_routing.default_filter", without_nulls(default))
        else:
            yield _an_object("task_routing.default_filter")


def _filter(where: str, rule: Any) -> Iterator[str]:
    if not isinstance(rule, dict):
        yield _an_object(where)
        return
    rule = without_nulls(rule)
    if not isinstance(expression := rule.get("expression"), str) or not expression.strip():
        yield _("Add {place}, which says what tasks the filter takes.").format(
            place=f"{where}.expression"
        )
    else:
        yield from _expression(f"{where}.expression", expression)
    if not isinstance(rule.get("filter_friendly_name", ""), str):
        yield _a_text(f"{where}.filter_friendly_name")
    targets = rule.get("targets")
    if not isinstance(targets, list) or not targets:
        yield _("Make {place} a list with at least one target.").format(place=f"{where}.targets")
        return
    for number, target in enumerate(targets):
        yield from _target(
            f"{where}.targets[{number}]", target, first=number == 0, last=number == len(targets) - 1
        )


def _target(where: str, target: Any, *, first: bool, last: bool) -> Iterator[str]:
    if not isinstance(target, dict):
        yield _an_object(where)
        return
    target = without_nulls(target)
    if first or not target.keys().isdisjoint(
        _QUEUE_NAMES
    ):  # A later target without a queue has the queue of the target before it.
        yield from _queue(where, target)
    for name, least in (("priority", 0), ("timeout", 1)):
        if name in target and not is_whole(target[name], least):
            yield _("Make {place} a whole number from {least} to {most}.").format(
                place=f"{where}.{name}", least=least, most=LARGEST_INT
            )
    if not last and "timeout" not in target and "skip_if" not in target:
        yield _(
            "Add a timeout or skip_if to {place}. Without one, tasks never reach the next target."
        ).format(place=where)
    yield from _text_members(where, target)


def _text_members(where: str, target: dict[str, Any]) -> Iterator[str]:
    for name in ("expression", "order_by", "skip_if", *_KNOWN_WORKER):
        if name not in target:
            continue
        if not isinstance(value := target[name], str):
            yield _a_text(f"{where}.{name}")
        elif name == "expression":
            yield from _expression(f"{where}.{name}", value, TARGET_NAMES)
        elif name == "skip_if":
            yield from _expression(f"{where}.{name}", value)
        elif name in _KNOWN_WORKER and not _ATTRIBUTE.fullmatch(value):
            yield _("Make {place} the name of a task's attribute, such as task.agent.").format(
                place=f"{where}.{name}"
            )
    if all(name in target for name in _KNOWN_WORKER):
        yield _("Name the known worker of {place} by SID or by name. Remove one.").format(
            place=where
        )


def _expression(where: str, expression: str, roots: tuple[str, ...] = ()) -> Iterator[str]:
    if sentence := complaint(expression, roots):
        yield _("In {place}: {problem}").format(place=where, problem=sentence)


def _queue(where: str, holder: dict[str, Any]) -> Iterator[str]:
    name = next((name for name in _QUEUE_NAMES if name in holder), "queue")
    if not isinstance(queue := holder.get(name), str) or not is_sid(queue, "WQ"):
        yield _("Make {place} the SID of a task queue (WQ…).").format(place=f"{where}.{name}")


def is_whole(value: Any, least: int) -> bool:
    """Return whether Twilio accepts the value as a whole number.

    Twilio's own examples have digits as text beside numbers.
    """
    if isinstance(value, str):
        return (
            value.isascii()
            and value.isdigit()
            and len(value) < 12
            and least <= int(value) <= LARGEST_INT
        )
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST_INT


def _undocumented(document: dict[str, Any]) -> Iterator[str]:
    """Yield the places of the undocumented members."""
    yield from _undocumented_members("", document, {"task_routing"})
    routing = document["task_routing"]
    yield from _undocumented_members("task_routing.", routing, {"filters", "default_filter"})
    for number, rule in enumerate(routing.get("filters") or []):
        where = f"task_routing.filters[{number}]."
        yield from _undocumented_members(where, rule, _FILTER)
        for place, target in enumerate(rule["targets"]):
            yield from _undocumented_members(f"{where}targets[{place}].", target, _TARGET)
    yield from _undocumented_members(
        "task_routing.default_filter.", routing.get("default_filter") or {}, {*_QUEUE_NAMES}
    )


def _undocumented_members(where: str, thing: dict[str, Any], known: set[str]) -> Iterator[str]:
    yield from (f"{where}{name}" for name in thing if name not in known)
