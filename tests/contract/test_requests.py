"""Every request an adapter can make is one that the vendor's OpenAPI document describes."""

import json
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.base import Operation, Request, Submission
from bot.adapters.incident_io.forms import Action, FollowUp
from bot.adapters.incident_io.forms import Incident as IncidentIoIncident
from bot.adapters.incident_io.lists import DEFINITIONS as INCIDENT_IO_DEFINITIONS
from bot.adapters.incident_io.lists import LISTS as INCIDENT_IO_LISTS
from bot.adapters.registry import ADAPTERS, make_adapters
from bot.adapters.rootly.forms import ActionItem, Incident
from bot.adapters.twilio import Task
from bot.adapters.twilio.bodies import PARAMETERS
from bot.errors import RejectedError
from bot.forms.fields import Form
from bot.forms.shape import places
from tests.adapters.rootly_filled import SEND, task
from tests.adapters.twilio_filled import from_fields
from tests.contract.bodies import FORM, objections
from tests.contract.forms import FORMS, submissions
from tests.contract.openapi import document, operation, properties, request_schema, template
from tests.contract.whole import KEYS, documented_operations

PATHS = {
    "rootly.incident": "/v1/incidents",
    "rootly.action_item": "/v1/incidents/{incident_id}/action_items",
    "rootly.workflow_task": "/v1/workflows/{workflow_id}/workflow_tasks",
    "incident_io.incident": "/v2/incidents",
    "incident_io.action": "/v3/actions",
    "incident_io.follow_up": "/v3/follow_ups",
    "twilio.workflow": "/v1/Workspaces/{WorkspaceSid}/Workflows",
    "twilio.task": "/v1/Workspaces/{WorkspaceSid}/Tasks",
}
# Fields that are not in the body's attributes, or become another field of the vendor's.
ELSEWHERE = {
    "rootly.incident": set[str](),
    "rootly.action_item": {"incident_id"},
    "rootly.workflow_task": {"workflow_id", "task_type"},
    "incident_io.incident": set[str](),
    "incident_io.action": set[str](),
    "incident_io.follow_up": set[str](),
    "twilio.workflow": {"routing", "rules"},
    "twilio.task": {"title", "description"},
}


def test_every_operation_is_covered() -> None:
    """An operation cannot be added without its contract, where the vendor publishes one."""
    assert documented_operations() == set(FORMS) == set(PATHS) == set(ELSEWHERE)


@pytest.mark.parametrize("name", PATHS)
@settings(max_examples=60)
@given(data=st.data())
def test_requests_fit_the_document(name: str, data: st.DataObject) -> None:
    """Any filled-in form makes a request with a documented path and a valid body."""
    vendor, _, short = name.partition(".")
    document(vendor)
    adapter = make_adapters(
        httpx.AsyncClient(transport=httpx.MockTransport(_never)), dict.fromkeys(ADAPTERS, "")
    )[vendor]
    submission = data.draw(submissions(name))
    request = adapter.request(short, submission, KEYS[vendor])
    assert (request.method, template(vendor, request.path)) == ("POST", PATHS[name])
    assert objections(vendor, request) == []
    assert submission.marker in _everything(request)
    assert all(value.isascii() and value.isprintable() for value in request.headers.values())


def _never(request: httpx.Request) -> httpx.Response:
    raise AssertionError("nothing is sent here")


def _everything(request: Request) -> str:
    return (
        unquote(request.path)
        + json.dumps(request.json)
        + json.dumps(request.data)
        + str(request.headers)
    )


@pytest.mark.parametrize("name", PATHS)
def test_fields_bear_the_vendors_names(name: str) -> None:
    """Every field of a form is one that the vendor's document has, by the same name."""
    vendor, _, short = name.partition(".")
    form = _operation(vendor, short).form
    ours = {_wire(vendor, field) for field in form.model_fields if field not in ELSEWHERE[name]}
    media_type = {
        "rootly": "application/vnd.api+json",
        "incident_io": "application/json",
        "twilio": FORM,
    }[vendor]
    steps = ("data", "attributes") if vendor == "rootly" else ()
    assert (
        ours - set(properties(vendor, request_schema(vendor, PATHS[name], media_type), *steps))
        == set()
    )


def _operation(vendor: str, name: str) -> Operation:
    return next(each for each in ADAPTERS[vendor].operations if each.name == name)


def _wire(vendor: str, field: str) -> str:
    return (
        next(known[field] for known in PARAMETERS.values() if field in known)
        if vendor == "twilio"
        else field.rstrip("_")
    )


@pytest.mark.parametrize("name", ["workflow", "task"])
def test_every_field_of_twilio_is_there(name: str) -> None:
    """The names beside the parameters are fields of the form, for rules as fields and as JSON."""
    operation = _operation("twilio", name)
    answers = operation.branches.forms if operation.branches else [None]
    fields = {
        ".".join(it.path)
        for answer in answers
        for it in places(operation.form_for(answer), "twilio")
    }
    assert set(PARAMETERS[name]) <= fields


def _vendor_with_pages(asked: list[httpx.Request], missing: Sequence[str]) -> httpx.MockTransport:
    """A vendor whose paged lists have a second page.

    It has no user, no incident of any number, and no `missing` path. The requests are added to
    `asked`.
    """

    def answer(request: httpx.Request) -> httpx.Response:
        first = _list(request) not in map(_list, asked)
        asked.append(request)
        if request.url.path.endswith(("/users/me", "/incidents/42")) or request.url.path in missing:
            return httpx.Response(404, json={})
        body: dict[str, Any] = {
            "sid": KEYS["twilio"].workspace,
            "identity": {"dashboard_url": "https://app.incident.io/acme"},
        }
        body["incident"] = {"mode": "test"}
        members = [
            member for _, member, _ in (*INCIDENT_IO_LISTS.values(), *INCIDENT_IO_DEFINITIONS)
        ]
        members.append("catalog_entries")
        for member in (
            "data",
            "task_queues",
            "workflows",
            "channels",
            "tasks",
            "actions",
            "follow_ups",
            *members,
        ):
            body[member] = [{"id": "1", "sid": "WQ1", "attributes": {}}]
        if first and any("size" in name.lower() for name in request.url.params):
            following = request.url.copy_merge_params({"Page": "1", "PageToken": "x"})
            body["meta"] = {"next_page": 2, "next_page_url": str(following)}
            body["pagination_meta"] = {"after": "1"}
        return httpx.Response(200, json=body)

    return httpx.MockTransport(answer)


def _list(request: httpx.Request) -> tuple[str, str | None]:
    """Return the list for any page of it.

    A list of one row, as a probe reads it, is another one.
    """
    return request.url.path, request.url.params.get("page_size")


BY_NUMBER: dict[str, list[tuple[str, Form]]] = {
    "rootly": [
        ("incident", Incident(title="x", parent_incident_id="#42")),
        ("action_item", ActionItem(incident_id="#42", summary="x")),
    ],
    "incident_io": [
        ("action", Action(incident_id="#42", description="x")),
        ("follow_up", FollowUp(incident_id="#42", title="x")),
    ],
    "twilio": [],
}
LOOKED_FOR: dict[str, list[tuple[str, Form]]] = {
    "rootly": [
        ("incident", Incident(title="x", kind="test")),
        ("action_item", ActionItem(incident_id="i", summary="x")),
        ("workflow_task", task(workflow_id="w", task_type="send_email", task_params=SEND)),
    ],
    "incident_io": [
        ("incident", IncidentIoIncident(name="x", severity_id="s")),
        ("action", Action(incident_id="i", description="x")),
        ("follow_up", FollowUp(incident_id="i", title="x")),
    ],
    "twilio": [("workflow", from_fields("Night & day")), ("task", Task(title="x"))],
}
IN_TWO_VERSIONS = ("actions", "follow_ups")
PATHS_READ = [
    pytest.param("rootly", (), 24, id="rootly"),
    pytest.param("incident_io", (), 15, id="incident_io"),
    pytest.param(
        "incident_io", [f"/v2/{name}" for name in IN_TWO_VERSIONS], 15, id="incident_io, v2 removed"
    ),
    pytest.param(
        "incident_io", [f"/v3/{name}" for name in IN_TWO_VERSIONS], 17, id="incident_io, v3 missing"
    ),
    pytest.param("twilio", (), 6, id="twilio"),
]


@pytest.mark.parametrize(("vendor", "missing", "paths"), PATHS_READ)
async def test_reads_fit_the_document(vendor: str, missing: Sequence[str], paths: int) -> None:
    """Every read has a documented path and documented parameters."""
    asked: list[httpx.Request] = []
    async with httpx.AsyncClient(transport=_vendor_with_pages(asked, missing)) as client:
        adapter = make_adapters(client, dict.fromkeys(ADAPTERS, "https://vendor.example.com"))[
            vendor
        ]
        await adapter.verify(KEYS[vendor])
        for catalog in adapter.catalogs:
            await adapter.entries(catalog.name, KEYS[vendor])
        for name, form in BY_NUMBER[vendor]:
            with pytest.raises(RejectedError, match=r"^$"):
                await adapter.create(name, Submission(form, "ir0123456789ab"), KEYS[vendor])
        for name, form in LOOKED_FOR[vendor]:
            assert (
                await adapter.find(
                    name, Submission(form, "ir0123456789ab"), KEYS[vendor], time.time()
                )
                == []
            )
    assert [name for name, _ in LOOKED_FOR[vendor]] == [each.name for each in adapter.operations]
    assert {request.method for request in asked} == {"GET"}
    assert [unknown for request in asked for unknown in _unknown_parameters(vendor, request)] == []
    assert len({request.url.path for request in asked}) == paths


def _unknown_parameters(vendor: str, request: httpx.Request) -> set[str]:
    known = {
        each["name"] for each in operation(vendor, "GET", request.url.path).get("parameters", [])
    }
    # incident.io's document has the parameter `mode`, and shows how operators are written:
    # `mode[one_of]`.
    return {
        name if vendor != "incident_io" else name.partition("[")[0] for name in request.url.params
    } - known
