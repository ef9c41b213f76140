"""Each operation's form with everything filled in, and which members of a body that makes."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import httpx

from bot.adapters.base import REPORTER, Entry, Operation, Request, Submission
from bot.adapters.registry import ADAPTERS, make_adapters
from bot.forms.custom_fields import CustomField
from bot.forms.fields import Form
from bot.forms.shape import Field, shape
from tests.adapters.places import credentials_of
from tests.contract.openapi import FILES, resolved

SID = "0123456789abcdef" * 2
KEYS: Mapping[str, Any] = {vendor: credentials_of(vendor) for vendor in FILES}
VALUES: Mapping[str, Any] = {
    "text": "x", "lines": ["a = b"], "emails": ["ann@example.com"], "email": "ann@example.com",
    "url": "https://a.example",
    "int": 7, "float": 7.5, "date": date(2026, 11, 21),
    "datetime": datetime(2026, 11, 21, tzinfo=UTC), "lookup": "7",
    "person": "U1", "conversation": "C1", "user_group": "S1", "check": True, "tick": True,
}  # fmt: skip
"""Something for each kind of field."""
ADDRESSES = ["ann@example.com"]
QUEUE, WORKFLOW, WORKER = f"WQ{SID}", f"WW{SID}", f"WK{SID}"
FILTER = {
    "name": "Gold",
    "expression": "tier == 'Gold'",
    "queue": QUEUE,
    "priority": 7,
    "timeout": 7,
}
CONFIGURATION = f'{{"task_routing": {{"default_filter": {{"queue": "{QUEUE}"}}}}}}'
WHOLE: Mapping[str, tuple[str | None, Mapping[str, Any]]] = {
    "rootly.incident": (None, {"kind": "scheduled"}),
    "rootly.action_item": (None, {}),
    "rootly.workflow_task": (
        "send_email",
        {
            "task_type": "send_email",
            **dict.fromkeys(("task_params.to", "task_params.cc", "task_params.bcc"), ADDRESSES),
        }
        | {"task_params.from_": "ann@example.com"},
    ),
    "incident_io.incident": (None, {"mode": "retrospective"}),
    "incident_io.action": (None, {}),
    "incident_io.follow_up": (None, {}),
    "twilio.workflow": (
        "fields",
        {
            "routing": "fields",
            "rules.default_queue": QUEUE,
            **{
                f"rules.filter_{number}.{name}": value
                for number in (1, 2, 3)
                for name, value in FILTER.items()
            },
        },
    ),
    "twilio.task": (
        None,
        {
            "workflow_sid": WORKFLOW,
            "task_queue_sid": QUEUE,
            "routing_target": WORKER,
            "attributes": "type = ticket",
        },
    ),
}
"""By operation: the answer on which its form depends, and what has to be of a certain kind, by
dotted name."""
OWN: Mapping[str, Mapping[CustomField, Any]] = {
    "incident_io.incident": {
        CustomField(id="role_r", name="Lead", kind="person"): "U1",
        CustomField(id="text_f", name="Impact", kind="text"): "Late orders",
        CustomField(id="link_f", name="Dashboard", kind="link"): "https://dashboards.example.com",
        CustomField(id="number_f", name="Orders", kind="number"): 12.5,
        CustomField(id="option_f", name="Found by", kind="select", options=(("o", "Us"),)): "o",
        CustomField(
            id="entry_f", name="Places", kind="multi_lookup", catalog="catalog_entries:t"
        ): ["e", "f"],
        CustomField(id="time_t", name="Fixed at", kind="datetime"): "2026-11-21T09:30:00Z",
    },
    "rootly.action_item": {
        CustomField(id="f1", name="Impact", kind="text"): "Late orders",
        CustomField(id="f2", name="Region", kind="select", options=(("o", "Europe"),)): "o",
        **{
            CustomField(id=f"l-{it}", name=it, kind="lookup", catalog=it): "7"
            for it in (
                "teams",
                "services",
                "functionalities",
                "users",
                "environments",
                "causes",
                "incident_types",
            )
        },
        CustomField(id="l-entity", name="Shop", kind="lookup", catalog="entities:c"): "e",
    },
}
"""Fields that a workspace made for itself, of every kind that is sent in a member of its own."""
REPORTED_BY = CustomField(id="reporter_r", name="Reporter", kind="person")
"""Left empty: then it is whoever filled the form in."""
CHOSEN = {
    REPORTER: Entry(id="01USER", label="Ann"),
    "conversations/C1": Entry(id="C1", label="incidents"),
}


def documented_operations() -> set[str]:
    """The operations of every vendor that publishes an OpenAPI document."""
    return {
        f"{vendor}.{operation.name}"
        for vendor in FILES
        for operation in ADAPTERS[vendor].operations
    }


def operation(name: str) -> Operation:
    """The operation of that name ("rootly.incident")."""
    vendor, _, short = name.partition(".")
    return next(each for each in ADAPTERS[vendor].operations if each.name == short)


def whole(name: str) -> Form:
    """The operation's form with everything filled in, the workspace's own fields among it."""
    answer, given = WHOLE[name]
    form = operation(name).form_for(answer, OWN.get(name, ()))
    own = {f"custom.{field.id}": value for field, value in OWN.get(name, {}).items()}
    return form.model_validate(_filled(form, {**given, **own}, ""))


def _filled(form: type[Form], given: Mapping[str, Any], path: str) -> dict[str, Any]:
    """A file says the same as the text field beside it."""
    fields = [field for field in shape(form) if field.kind != "file"]
    return {field.name: _value(field, given, f"{path}{field.name}") for field in fields}


def _value(field: Field, given: Mapping[str, Any], path: str) -> Any:
    if path in given:
        return given[path]
    if field.form is not None:
        return _filled(field.form, given, f"{path}.")
    value = list(field.options.values())[-1] if field.kind == "select" else VALUES[field.kind]
    return [value] if field.many else value


def leaves_of(form: Form) -> Iterator[tuple[str, ...]]:
    """Where in the form something stands."""
    for name in type(form).model_fields:
        value = getattr(form, name)
        if isinstance(value, Form):
            yield from ((name, *rest) for rest in leaves_of(value))
        elif value not in (None, "", []):
            yield (name,)


def without(form: Form, path: tuple[str, ...]) -> Form:
    """The form with nothing there, or with another text where one is required; nothing complains
    about it."""
    first, *rest = path
    inner = getattr(form, first)
    if rest:
        return form.model_copy(update={first: without(inner, tuple(rest))})
    if isinstance(inner, str) and type(form).model_fields[first].is_required():
        return form.model_copy(update={first: f"{inner}0"})
    return form.model_copy(update={first: [] if isinstance(inner, list) else None})


def request(name: str, form: Form) -> Request:
    """What the adapter sends for that form."""
    vendor, _, short = name.partition(".")
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    adapter = make_adapters(client, dict.fromkeys(ADAPTERS, ""))[vendor]
    custom = [*OWN.get(name, ()), REPORTED_BY]
    return adapter.request(
        short,
        Submission(form, "ir0123456789ab", "Ann", selected=CHOSEN, custom=custom),
        KEYS[vendor],
    )


def documented(vendor: str, schema: Mapping[str, Any], path: str = "") -> set[str]:
    """Return the dotted paths of the members without further ones, also in lists of objects."""
    schema = resolved(vendor, dict(schema))
    inner = resolved(vendor, schema["items"]) if "items" in schema else schema
    if "properties" not in inner:
        return {path}
    members = inner["properties"].items()
    return {
        leaf
        for name, each in members
        for leaf in documented(vendor, each, f"{path}.{name}".lstrip("."))
    }


def enums(
    vendor: str, schema: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, list[Any]]]:
    """The members that have an enum, by the same paths, and its values."""
    schema = resolved(vendor, dict(schema))
    inner = resolved(vendor, schema["items"]) if "items" in schema else schema
    if "enum" in inner:
        yield path, inner["enum"]
    for name, each in inner.get("properties", {}).items():
        yield from enums(vendor, each, f"{path}.{name}".lstrip("."))


def sent(value: Any, known: set[str], path: str = "") -> set[str]:
    """The same of a body; what is below a `known` path is part of that."""
    if path in known:
        return {path}
    if isinstance(value, Mapping):
        return {
            leaf
            for name, each in value.items()
            for leaf in sent(each, known, f"{path}.{name}".lstrip("."))
        }
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return {leaf for each in value for leaf in sent(each, known, path)}
    return {path}
