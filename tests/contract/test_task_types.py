"""Our data about Rootly's task types beside Rootly's document: what a form sends is valid, and nothing has drifted."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from bot.adapters.base import Submission
from bot.adapters.rootly import Rootly
from bot.adapters.rootly.task_forms import task_form
from bot.adapters.rootly.tasks import NOT_OFFERED, Parameter, TaskType, types
from bot.forms.shape import shape
from tests.adapters.rootly_filled import KEY, MARKER
from tests.adapters.rootly_tasks import fill_task
from tests.contract.openapi import document, problems
from tests.contract.tasks import documented, whole_request

KINDS = {"int": "integer", "number": "number", "bool": "boolean", "bool?": "boolean", "object": "object"}

TYPED = {"named": "ID and name", "named_lines": "ID and name", "json": "JSON"}
"""What the kinds of field are whose value nobody can pick."""


def ours() -> dict[str, TaskType]:
    """The types that the document should have."""
    return {name: task for name, task in types().items() if task.origin == "document"}


@pytest.mark.parametrize("name", types())
def test_filled_forms_fit_the_document(name: str) -> None:
    """A form of every type makes a body that the document takes: whole, in part, and with only what is required."""
    document("rootly")
    adapter = Rootly(httpx.AsyncClient(), "https://vendor.example.com")
    rng = random.Random(name)
    for blank in (0, 0.4, 0.8, 1):
        _, form = fill_task(name, rng, blank=blank)
        request = adapter.request("workflow_task", Submission(form, MARKER), KEY)
        assert problems("rootly", whole_request(name), request.json) == []
        sent = request.json["data"]["attributes"]["task_params"]
        known = {each.name for each in types()[name].parameters}
        needed = {each.name for each in types()[name].parameters if each.required or each.demanded}
        assert sent["task_type"] == name
        assert {"task_type", *needed} <= set(sent) <= {"task_type", *known}
        assert not [member for member, value in sent.items() if value in (None, "", [])]
        assert blank or known <= set(sent)


def test_nothing_has_changed_since_our_data_was_made() -> None:
    """What the vendor has added, removed or changed is named, a line each; the document is the vendor's newest."""
    lines = [*_types_differ(), *(line for name in ours() for line in _differences(name))]
    assert not lines, "Rootly's document and bot/adapters/rootly/tasks differ:\n" + "\n".join(lines)


def test_what_is_not_offered_is_in_the_document() -> None:
    """The list of what no form offers names nothing that has gone."""
    members = {member for schema in documented().values() for member in schema["properties"]}
    assert set(NOT_OFFERED) <= members


def test_how_types_are_asked_for() -> None:
    """Of how many types all can be picked or written as it is, and where people type an ID with a name, JSON, or both."""
    assert Counter(_typed(name) for name in types()) == {
        frozenset(): 55,
        frozenset({"ID and name"}): 69,
        frozenset({"ID and name", "JSON"}): 24,
        frozenset({"JSON"}): 7,
    }


def _typed(name: str) -> frozenset[str]:
    return frozenset(TYPED[field.kind] for field in shape(task_form(name)) if field.kind in TYPED)


def _types_differ() -> Iterator[str]:
    theirs = documented()
    for name in sorted(theirs.keys() - ours().keys()):
        known = types().get(name)
        was = {"sdk": "until now in the SDK alone, take its ~ away", "former": "back again, take its ^ away"}
        yield f"{name}: new" if known is None else f"{name}: {was[known.origin]}"
    yield from (f"{name}: no longer there" for name in sorted(ours().keys() - theirs.keys()))


def _differences(name: str) -> Iterator[str]:
    if (schema := documented().get(name)) is None:
        return
    theirs = {
        member: each for member, each in schema["properties"].items() if member not in {*NOT_OFFERED, "task_type"}
    }
    known = {each.name: each for each in types()[name].parameters}
    for member in sorted(theirs.keys() - known.keys()):
        yield f"{name}.{member}: new, {_said(theirs[member])}"
    for member, parameter in known.items():
        if member not in theirs:
            if not parameter.undocumented:
                yield f"{name}.{member}: no longer there"
        elif parameter.undocumented:
            yield f"{name}.{member}: documented now, take its ~ away"
        else:
            required = member in schema.get("required", ())
            if required != parameter.required:
                yield f"{name}.{member}: {'required' if required else 'no longer required'}"
            yield from (f"{name}.{member}: {change}" for change in _changes(parameter, theirs[member]))
    if _demands(schema) != {rule.groups for rule in types()[name].rules if rule.documented}:
        yield f"{name}: one of these is required now: {sorted(_demands(schema)) or 'nothing'}"


def _demands(schema: Mapping[str, Any]) -> set[tuple[tuple[str, ...], ...]]:
    groups = tuple(tuple(each["required"]) for each in schema.get("anyOf", ()))
    return {groups} if groups else set()


def _changes(parameter: Parameter, theirs: Mapping[str, Any]) -> Iterator[str]:
    """Type, enum, default and bounds. We may be stricter: an enum for a text, bounds for a number, a default."""
    if _wire(parameter) != _kind(theirs):
        yield f"{_said(theirs)}; ours is {_wire(parameter)}"
    choices = _choices(theirs.get("items", theirs))
    if choices and set(choices) != set(parameter.shape.choices):
        yield f"one of {', '.join(choices)}; ours are {', '.join(parameter.shape.choices)}"
    if "default" in theirs and _default(theirs) != parameter.default:
        yield f"default {_default(theirs)}; ours is {parameter.default}"
    for bound, value in (("minimum", parameter.shape.low), ("maximum", parameter.shape.high)):
        if bound in theirs and theirs[bound] != value:
            yield f"{bound} {theirs[bound]}; ours is {value}"


def _wire(parameter: Parameter) -> str:
    shape = parameter.shape
    one = "email and name" if (shape.word, shape.thing) == ("email", True) else "thing" if shape.thing else ""
    one = one or KINDS.get(shape.word, "string")
    return f"list of {one}" if shape.many else one


def _kind(theirs: Mapping[str, Any]) -> str:
    kind = theirs.get("type")
    kind = next(each for each in kind if each != "null") if isinstance(kind, list) else kind
    if kind == "array":
        return f"list of {_kind(theirs['items'])}"
    if kind == "object":
        members = set(theirs.get("properties", ()))
        return {("id", "name"): "thing", ("email", "name"): "email and name"}.get(tuple(sorted(members)), "object")
    return str(kind)


def _choices(theirs: Mapping[str, Any]) -> list[str]:
    """An enum's values; null and an empty text are no choices, but leaving it out."""
    return [each for each in theirs.get("enum", ()) if each]


def _default(theirs: Mapping[str, Any]) -> str:
    value = theirs["default"]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _said(theirs: Mapping[str, Any]) -> str:
    choices = _choices(theirs)
    return f"{_kind(theirs)}{' of ' + '|'.join(choices) if choices else ''}"
