"""The examples of answers in the vendors' documents are understood."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.adapters.base import Adapter, Created, Entry, Submission
from bot.adapters.credentials import ApiKey
from bot.adapters.incident_io.forms import Action, FollowUp, Incident
from bot.adapters.registry import ADAPTERS, make_adapters
from bot.adapters.twilio import Task, TwilioKey
from bot.forms.fields import Form
from tests.adapters.twilio_filled import from_fields
from tests.contract.openapi import operation, resolved

SID = "a" * 32
INCIDENT_IO = ApiKey(api_key=SecretStr("k"))
TWILIO = TwilioKey(
    key_sid=SecretStr(f"SK{SID}"), key_secret=SecretStr("s"), workspace_sid=SecretStr(f"WS{SID}")
)
MARKER = "ir4f2a9c01b2c3"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def example(vendor: str, method: str, path: str) -> Any:
    """The first example of a successful answer."""
    responses = operation(vendor, method, path)["responses"]
    content = next(responses[status] for status in sorted(responses) if status.startswith("2"))[
        "content"
    ]
    media = next(iter(content.values()))
    return media["example"] if "example" in media else next(_values(media["examples"]))


def _values(examples: dict[str, Any]) -> Iterator[Any]:
    yield from (each["value"] for each in examples.values() if each["value"] not in (None, {}))


def answering(vendor: str, status: int, body: Any, *, at: str = "") -> Adapter:
    """Return the vendor's adapter at a vendor that gives this answer to each request.

    Of two versions of the path `at`, the vendor has that one.
    """
    route = at.rpartition("/")[2]

    def answer(request: httpx.Request) -> httpx.Response:
        if route and request.url.path.endswith(f"/{route}") and request.url.path != at:
            return httpx.Response(404, json={})
        return httpx.Response(status, text=json.dumps(body))

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return make_adapters(client, dict.fromkeys(ADAPTERS, "https://vendor"))[vendor]


async def test_incident_io_incident() -> None:
    """The example of a created incident gives its reference and its link."""
    adapter = answering("incident_io", 200, body := example("incident_io", "POST", "/v2/incidents"))
    submission = Submission(Incident(name="x", severity_id="s"), MARKER)
    made = body["incident"]
    assert await adapter.create("incident", submission, INCIDENT_IO) == Created(
        id=made["id"],
        reference=made["reference"],
        title=made["name"],
        url=made["permalink"],
        status=made["incident_status"]["name"],
        channel=made["slack_channel_id"],
    )


BOTH_VERSIONS = pytest.mark.parametrize("version", ["v2", "v3"])
ON_AN_INCIDENT: list[tuple[str, Form]] = [
    ("action", Action(incident_id="i", description="x")),
    ("follow_up", FollowUp(incident_id="i", title="x")),
]


def listed(path: str) -> Any:
    """Return the example of a list of actions or follow-ups, and an incident that they may belong
    to."""
    route = path.rpartition("/")[2]
    schema = operation("incident_io", "GET", path)["responses"]["200"]["content"][
        "application/json"
    ]["schema"]
    rows = json.loads(json.dumps(resolved("incident_io", schema)["properties"][route]["example"]))
    meta = {"pagination_meta": {"page_size": 250}} if "v3" in path else {}
    return {route: rows, **meta, "incident": {"id": "i", "mode": "standard"}}


@BOTH_VERSIONS
@pytest.mark.parametrize(("name", "form"), ON_AN_INCIDENT)
async def test_incident_io_on_an_incident(version: str, name: str, form: Form) -> None:
    """The example of a created action or follow-up is understood."""
    path = f"/{version}/{name}s"
    body = example("incident_io", "POST", path)
    adapter = answering("incident_io", 201, {**body, f"{name}s": []}, at=path)
    assert await adapter.create(name, Submission(form, MARKER), INCIDENT_IO) == Created(
        id=body[name]["id"], title="x"
    )


@BOTH_VERSIONS
@pytest.mark.parametrize(("name", "form"), ON_AN_INCIDENT)
async def test_incident_io_is_found(version: str, name: str, form: Form) -> None:
    """The object with the marker is found in the example of a list."""
    body = listed(f"/{version}/{name}s")
    body[f"{name}s"][0]["description"] += f" ({MARKER})"
    adapter = answering("incident_io", 200, body, at=f"/{version}/{name}s")
    found = await adapter.find(name, Submission(form, MARKER), INCIDENT_IO, 0.0)
    assert found == [Created(id=body[f"{name}s"][0]["id"], title="x")]


@BOTH_VERSIONS
async def test_incident_io_priorities(version: str) -> None:
    """The example of a list of follow-ups gives the priority that its follow-ups have."""
    body = listed(path := f"/{version}/follow_ups")
    found = await answering("incident_io", 200, body, at=path).entries(
        "follow_up_priorities", INCIDENT_IO
    )
    priority = body["follow_ups"][0]["priority"]
    assert found == [Entry(id=priority["id"], label=priority["name"])]


async def test_incident_io_fields() -> None:
    """The examples of roles, custom fields and timestamps become fields of a form."""
    paths = ("/v2/incident_roles", "/v1/custom_fields", "/v2/incident_timestamps")
    body = {
        name: rows for path in paths for name, rows in example("incident_io", "GET", path).items()
    }
    found = await answering("incident_io", 200, body).entries("incident_fields", INCIDENT_IO)
    rows = [
        row
        for name in ("incident_roles", "custom_fields", "incident_timestamps")
        for row in body[name]
    ]
    assert [(entry.id.partition("_")[2], entry.label) for entry in found] == [
        (row["id"], row["name"]) for row in rows
    ]


async def test_incident_io_identity() -> None:
    """The example of an identity gives the organisation."""
    adapter = answering("incident_io", 200, example("incident_io", "GET", "/v1/identity"))
    assert (await adapter.verify(INCIDENT_IO)).id == "my-org"


@pytest.mark.parametrize(
    ("catalog", "path"),
    [
        ("severities", "/v1/severities"),
        ("incident_types", "/v1/incident_types"),
        ("incident_statuses", "/v1/incident_statuses"),
        ("teams", "/v3/teams"),
        ("catalog_entries:t", "/v3/catalog_entries"),
    ],
)
async def test_incident_io_lists(catalog: str, path: str) -> None:
    """Every row of an example list becomes an entry under its name, unless it is archived."""
    body = json.loads(json.dumps({**example("incident_io", "GET", path), "pagination_meta": {}}))
    rows = body[catalog.partition(":")[0]]
    for archived in (True, False):
        for row in rows:
            row["archived_at"] = "2026-11-21T10:00:00Z" if archived else None
        found = await answering("incident_io", 200, body).entries(catalog, INCIDENT_IO)
        assert [(entry.id, entry.label) for entry in found] == [
            (row["id"], row["name"]) for row in rows if not archived
        ]


async def test_twilio_workflow() -> None:
    """The example of a created workflow is understood."""
    adapter = answering(
        "twilio", 201, body := example("twilio", "POST", f"/v1/Workspaces/WS{SID}/Workflows")
    )
    created = await adapter.create("workflow", Submission(from_fields("x"), MARKER), TWILIO)
    assert (created.id, created.title) == (body["sid"], body["friendly_name"])


async def test_twilio_task_queues() -> None:
    """The example of a list of queues becomes entries."""
    body = example("twilio", "GET", f"/v1/Workspaces/WS{SID}/TaskQueues")
    found = await answering("twilio", 200, body).entries("task_queues", TWILIO)
    assert found == [
        Entry(id=row["sid"], label=row["friendly_name"]) for row in body["task_queues"]
    ]


async def test_twilio_task() -> None:
    """The example of a created task is understood."""
    adapter = answering(
        "twilio", 201, body := example("twilio", "POST", f"/v1/Workspaces/WS{SID}/Tasks")
    )
    created = await adapter.create("task", Submission(Task(title="x"), MARKER), TWILIO)
    assert created == Created(id=body["sid"], title="x")


async def test_twilio_tasks() -> None:
    """The task with the marker is found in the example of a list."""
    body = json.loads(json.dumps(example("twilio", "GET", f"/v1/Workspaces/WS{SID}/Tasks")))
    body["meta"]["next_page_url"] = None
    body["tasks"][0]["attributes"] = json.dumps({"slack_ref": MARKER})
    found = await answering("twilio", 200, body).find(
        "task", Submission(Task(title="x"), MARKER), TWILIO, 0.0
    )
    assert found == [Created(id=body["tasks"][0]["sid"], title="x")]


async def test_twilio_task_channels() -> None:
    """The example of a list of channels becomes entries by their unique names."""
    body = example("twilio", "GET", f"/v1/Workspaces/WS{SID}/TaskChannels")
    found = await answering("twilio", 200, body).entries("task_channels", TWILIO)
    assert [(entry.id, entry.label) for entry in found] == [
        (row["unique_name"], row["friendly_name"]) for row in body["channels"]
    ]


async def test_incident_io_incidents() -> None:
    """The incident of the name is found in the example of a list."""
    body = json.loads(json.dumps(example("incident_io", "GET", "/v2/incidents")))
    del body["pagination_meta"]
    first = body["incidents"][0]
    submission = Submission(Incident(name=first["name"], severity_id="s"), MARKER)
    found = await answering("incident_io", 200, body).find(
        "incident", submission, INCIDENT_IO, 120.0
    )
    made = Created(
        id=first["id"],
        reference=first["reference"],
        title=first["name"],
        url=first["permalink"],
        status=first["incident_status"]["name"],
        channel=first["slack_channel_id"],
    )
    assert found == [made]


async def test_twilio_workflows() -> None:
    """The workflow with the marker is found in the example of a list."""
    body = json.loads(json.dumps(example("twilio", "GET", f"/v1/Workspaces/WS{SID}/Workflows")))
    body["meta"]["next_page_url"] = None
    body["workflows"][0]["friendly_name"] = f"x [{MARKER}]"
    submission = Submission(from_fields("x"), MARKER)
    found = await answering("twilio", 200, body).find("workflow", submission, TWILIO, 0.0)
    assert [(each.id, each.title) for each in found] == [(body["workflows"][0]["sid"], "x")]
