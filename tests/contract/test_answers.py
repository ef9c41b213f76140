"""What the vendors' documents give as examples of their answers is understood."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.adapters import ADAPTERS, make_adapters
from bot.adapters.base import Adapter, ApiKey, Created, Entry, Submission
from bot.adapters.incident_io import Action, Incident
from bot.adapters.twilio import TwilioKey, Workflow
from tests.contract.openapi import operation

SID = "a" * 32
INCIDENT_IO = ApiKey(api_key=SecretStr("k"))
TWILIO = TwilioKey(key_sid=SecretStr(f"SK{SID}"), key_secret=SecretStr("s"), workspace_sid=SecretStr(f"WS{SID}"))
MARKER = "ir4f2a9c01b2c3"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def example(vendor: str, method: str, path: str) -> Any:
    """The first example of a successful answer."""
    responses = operation(vendor, method, path)["responses"]
    content = next(responses[status] for status in sorted(responses) if status.startswith("2"))["content"]
    media = next(iter(content.values()))
    return media["example"] if "example" in media else next(_values(media["examples"]))


def _values(examples: dict[str, Any]) -> Iterator[Any]:
    yield from (each["value"] for each in examples.values() if each["value"] not in (None, {}))


def answering(vendor: str, status: int, body: Any) -> Adapter:
    """The vendor's adapter, at a vendor that answers anything with this."""
    transport = httpx.MockTransport(lambda request: httpx.Response(status, text=json.dumps(body)))
    return make_adapters(httpx.AsyncClient(transport=transport), dict.fromkeys(ADAPTERS, "https://vendor"))[vendor]


async def test_incident_io_incident() -> None:
    """The example of a created incident gives its reference and its link."""
    adapter = answering("incident_io", 200, body := example("incident_io", "POST", "/v2/incidents"))
    submission = Submission(Incident(name="x", severity_id="s"), MARKER)
    made = body["incident"]
    assert await adapter.create("incident", submission, INCIDENT_IO) == Created(
        id=made["id"], reference=made["reference"], title=made["name"], url=made["permalink"]
    )


async def test_incident_io_action() -> None:
    """The example of a created action is understood."""
    adapter = answering("incident_io", 201, body := example("incident_io", "POST", "/v2/actions"))
    created = await adapter.create("action", Submission(Action(incident_id="i", description="x"), MARKER), INCIDENT_IO)
    assert created == Created(id=body["action"]["id"], title="x")


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
    ],
)
async def test_incident_io_lists(catalog: str, path: str) -> None:
    """Every row of an example list becomes an entry under its name."""
    adapter = answering("incident_io", 200, body := example("incident_io", "GET", path))
    found = await adapter.entries(catalog, INCIDENT_IO)
    assert [(entry.id, entry.label) for entry in found] == [(row["id"], row["name"]) for row in body[catalog]]


async def test_twilio_workflow() -> None:
    """The example of a created workflow is understood."""
    adapter = answering("twilio", 201, body := example("twilio", "POST", f"/v1/Workspaces/WS{SID}/Workflows"))
    form = Workflow(friendly_name="x", default_queue=f"WQ{SID}")
    created = await adapter.create("workflow", Submission(form, MARKER), TWILIO)
    assert (created.id, created.title) == (body["sid"], body["friendly_name"])


async def test_twilio_task_queues() -> None:
    """The example of a list of queues becomes entries."""
    body = example("twilio", "GET", f"/v1/Workspaces/WS{SID}/TaskQueues")
    found = await answering("twilio", 200, body).entries("task_queues", TWILIO)
    assert found == [Entry(id=row["sid"], label=row["friendly_name"]) for row in body["task_queues"]]
