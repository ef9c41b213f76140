"""The parameters of workflow tasks, from the same facts from which the forms are made.

`tests/contract/test_task_types.py` compares those facts with Rootly's document.
"""

import json
from collections.abc import Mapping
from typing import Any

from bot.adapters.rootly.tasks import Parameter, types
from bot.playground.vendors.shapes import STRING, Shape, Type

_TYPES: Mapping[str, Type] = {
    "integer": "integer",
    "number": "number",
    "checkbox": "boolean",
    "yes_no": "boolean",
    "object": "object",
    "member": "object",
}
_LISTS: Mapping[Type, Type] = {"string": "strings", "reference": "references", "object": "objects"}


def task_shapes(task_type: str) -> Mapping[str, Shape] | None:
    """Return the members of that type's `task_params`; None for a type that does not exist."""
    task = types().get(task_type)
    if task is None:
        return None
    return {"task_type": STRING.must(), **{each.name: _shape(each) for each in task.parameters}}


def missing_alternative(task_type: str, given: Mapping[str, object]) -> str | None:
    """Return the first of several alternative members, if none of them is given; else None."""
    for rule in types()[task_type].rules:
        if rule.kind == "any of" and not any(
            all(given.get(name) for name in group) for group in rule.groups
        ):
            return rule.groups[0][0]
    return None


def in_words(params: Mapping[str, Any]) -> dict[str, str]:
    """Return a task's parameters in words, by name: "Slack channels" -> "incidents, general"."""
    named = {
        name.replace("_", " ").capitalize(): _in_words(value)
        for name, value in params.items()
        if name != "task_type"
    }
    return {
        "Type": str(params["task_type"]),
        **{label: text for label, text in named.items() if text},
    }


def _in_words(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(_in_words, value))
        case {"name": str(name)}:
            return name
    return json.dumps(value, ensure_ascii=False)


def _shape(parameter: Parameter) -> Shape:
    kind: Type = _TYPES.get(parameter.kind, "string")
    if parameter.reference:
        kind = "reference"
    if parameter.many:
        kind = _LISTS[kind]
    enum = () if parameter.many else parameter.choices
    return Shape(kind, required=parameter.needed, enum=enum)
