"""incident.io's document beside its forms and its stand-in."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.incident_io import IncidentIo
from bot.adapters.incident_io.forms import Action, FollowUp, Incident
from bot.forms.fields import Form
from bot.playground.vendors import IncidentIo as IncidentIoStandIn
from tests.contract.bodies import objections
from tests.contract.forms import submissions
from tests.contract.openapi import operation as documented
from tests.contract.openapi import problems, request_schema
from tests.contract.whole import KEYS

PATHS = {
    "incident": ["/v2/incidents"],
    "action": ["/v2/actions", "/v3/actions"],
    "follow_up": ["/v2/follow_ups", "/v3/follow_ups"],
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def schema(path: str) -> dict[str, Any]:
    return request_schema("incident_io", path, "application/json")


@pytest.mark.parametrize(
    ("form", "operation"), [(Incident, "incident"), (Action, "action"), (FollowUp, "follow_up")]
)
def test_what_is_demanded(form: type[Form], operation: str) -> None:
    """Every member that the document requires is required by the form, or filled in by us."""
    ours = {
        name
        for name, info in form.model_fields.items()
        if info.is_required() or info.default is not None
    }
    for path in PATHS[operation]:
        assert set(schema(path)["required"]) - {"idempotency_key"} <= ours


@pytest.mark.parametrize("operation", ["action", "follow_up"])
@settings(max_examples=60)
@given(data=st.data())
def test_each_version_takes_the_same(operation: str, data: st.DataObject) -> None:
    """Any filled-in form is valid at both paths, with the same body."""
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    submission = data.draw(submissions(f"incident_io.{operation}"))
    adapter = IncidentIo(client, "")
    second, third = (
        adapter.request(operation, submission, KEYS["incident_io"], number) for number in (2, 3)
    )
    assert [second.path, third.path] == PATHS[operation]
    assert replace(second, path=third.path) == third
    assert objections("incident_io", second) == objections("incident_io", third) == []


STAND_IN = [
    "/v2/actions",
    "/v2/follow_ups",
    "/v3/actions",
    "/v3/follow_ups",
    "/v3/follow_ups?page_size=1",
    "/v1/custom_fields",
    "/v3/catalog_entries?page_size=250&catalog_type_id=",
]


@pytest.mark.parametrize("asked", STAND_IN)
async def test_the_stand_in_answers_as_documented(asked: str) -> None:
    """The stand-in's lists are valid by the document."""
    vendor = IncidentIoStandIn()
    await vendor.start()
    path = asked.partition("?")[0]
    url = asked + (vendor.data.lists["catalog_types"][0]["id"] if asked.endswith("=") else "")
    headers = {"Authorization": f"Bearer {vendor.credentials['api_key']}"}
    async with httpx.AsyncClient(base_url=vendor.url, headers=headers) as client:
        answered = await client.get(url)
    await vendor.stop()
    (content,) = documented("incident_io", "GET", path)["responses"]["200"]["content"].values()
    assert problems("incident_io", content["schema"], answered.json()) == []
    assert all(answered.json().values())
