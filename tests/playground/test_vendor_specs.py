"""What the stand-ins answer, held against the vendors' OpenAPI documents (`VENDOR_SPECS` names
their folder)."""

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from bot.playground.vendors import IncidentIo, Rootly, Twilio, VendorStandIn

SPECS = os.environ.get("VENDOR_SPECS")
pytestmark = pytest.mark.skipif(not SPECS, reason="VENDOR_SPECS is not set")

ROOTLY = (
    "/v1/users/me",
    "/v1/severities",
    "/v1/incident_types",
    "/v1/services",
    "/v1/functionalities",
    "/v1/environments",
    "/v1/teams",
    "/v1/causes",
    "/v1/users",
    "/v1/workflows",
    "/v1/incidents",
    "/v1/incidents/{id}",
    "/v1/workflows/{workflow_id}/workflow_tasks",
)
INCIDENT_IO = (
    "/v1/identity",
    "/v1/severities",
    "/v1/incident_types",
    "/v1/incident_statuses",
    "/v1/custom_field_options",
    "/v2/custom_fields",
    "/v2/incident_roles",
    "/v2/incident_timestamps",
    "/v2/users",
    "/v2/incidents",
    "/v2/incidents/{id}",
    "/v2/actions",
    "/v2/follow_ups",
    "/v3/actions",
    "/v3/follow_ups",
    "/v3/teams",
)
TWILIO = (
    "/v1/Workspaces",
    "/v1/Workspaces/{WorkspaceSid}/TaskQueues",
    "/v1/Workspaces/{WorkspaceSid}/Workflows",
    "/v1/Workspaces/{WorkspaceSid}/TaskChannels",
    "/v1/Workspaces/{WorkspaceSid}/Tasks",
)
CASES = [
    *((Rootly, "rootly.json", path) for path in ROOTLY),
    *((IncidentIo, "incident_io.json", path) for path in INCIDENT_IO),
    *((Twilio, "twilio_taskrouter.json", path) for path in TWILIO),
]


@cache
def document(name: str) -> Any:
    """The OpenAPI document, with OpenAPI 3.0's `nullable` turned into JSON Schema."""
    return nullable(json.loads((Path(SPECS or "") / name).read_text()))


def nullable(part: Any) -> Any:
    if isinstance(part, list):
        return [nullable(member) for member in part]
    if not isinstance(part, dict):
        return part
    turned = {name: nullable(member) for name, member in part.items()}
    return (
        {"anyOf": [turned, {"type": "null"}]} if turned.pop("nullable", False) is True else turned
    )


def concrete(vendor: VendorStandIn, path: str) -> str:
    """The path with ids of the stand-in's own in it."""
    if isinstance(vendor, Twilio):
        return path.replace("{WorkspaceSid}", vendor.credentials["workspace_sid"])
    assert isinstance(vendor, Rootly | IncidentIo)
    lists = vendor.data.lists
    path = path.replace("{id}", lists["incidents"][0]["id"])
    if path.endswith("custom_field_options"):
        path += f"?custom_field_id={lists['custom_fields'][0]['id']}"
    return (
        path.replace("{workflow_id}", lists["workflows"][0]["id"]) if "workflows" in lists else path
    )


def faults(error: jsonschema.ValidationError) -> Iterator[str]:
    for inner in error.context or ():
        yield from faults(inner)
    if not error.context:
        yield f"{error.json_path}: {error.message}"


@pytest.mark.parametrize(
    ("made", "spec", "path"),
    CASES,
    ids=[f"{made.adapter.vendor} {path}" for made, _, path in CASES],
)
async def test_look_ups_answer_as_the_vendor_says(
    made: type[VendorStandIn], spec: str, path: str
) -> None:
    """A look-up's answer is valid against the schema that the vendor publishes for it."""
    vendor = made()
    await vendor.start()
    given = vendor.credentials
    auth = httpx.BasicAuth(given["key_sid"], given["key_secret"]) if "key_sid" in given else None
    headers = {"Authorization": f"Bearer {given['api_key']}"} if "api_key" in given else {}
    async with httpx.AsyncClient(base_url=vendor.url, auth=auth, headers=headers) as client:
        answered = await client.get(concrete(vendor, path))
    await vendor.stop()
    whole = document(spec)
    [content] = whole["paths"][path]["get"]["responses"]["200"]["content"].values()
    schema = content["schema"] | {"components": whole["components"]}
    errors = jsonschema.Draft202012Validator(schema).iter_errors(answered.json())
    assert answered.status_code == 200
    assert [fault for error in errors for fault in faults(error)] == []
