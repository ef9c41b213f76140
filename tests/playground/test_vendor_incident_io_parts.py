"""The incident.io stand-in's follow-ups, and the parts of an incident: roles, custom fields, what
is only of the past."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.playground.vendors import IncidentIo, data
from tests.playground.test_vendor_incident_io import NOBODY, incident, refusal


@pytest.fixture
async def vendor() -> AsyncIterator[IncidentIo]:
    made = IncidentIo()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def client(vendor: IncidentIo) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {vendor.credentials['api_key']}"}
    async with httpx.AsyncClient(base_url=vendor.url, headers=headers) as made:
        yield made


def entry(vendor: IncidentIo, name: str, *values: Any) -> dict[str, Any]:
    field = vendor.data.named("custom_fields", name)
    return {"custom_field_entries": [{"custom_field_id": field["id"], "values": list(values)}]}


def option(vendor: IncidentIo, value: str) -> dict[str, str]:
    found = vendor.data.find("custom_field_options", value, "value")
    assert found is not None
    return {"value_option_id": found["id"]}


VALUES = "custom_field_entries.0.values"
WRONG_PARTS: list[tuple[Any, tuple[str, str]]] = [
    (
        lambda it: entry(it, "Customer impact", {"value_link": "https://x.example.com"}),
        (f"{VALUES}.0", "invalid_value"),
    ),
    (lambda it: entry(it, "Customer impact", {}), (f"{VALUES}.0", "invalid_value")),
    (lambda it: entry(it, "Customer impact", "late"), (VALUES, "is_required")),
    (
        lambda it: entry(it, "Affected orders", {"value_numeric": 3}),
        (f"{VALUES}.0.value_numeric", "invalid_type"),
    ),
    (
        lambda it: entry(it, "Affected orders", {"value_numeric": "many"}),
        (f"{VALUES}.0.value_numeric", "invalid_value"),
    ),
    (
        lambda it: entry(it, "Dashboard", {"value_link": "orders"}),
        (f"{VALUES}.0.value_link", "invalid_value"),
    ),
    (
        lambda it: entry(it, "Detected by", option(it, "search")),
        (f"{VALUES}.0.value_option_id", "invalid_value"),
    ),
    (
        lambda it: entry(it, "Detected by", option(it, "Monitoring"), option(it, "A customer")),
        (VALUES, "invalid_value"),
    ),
    (
        lambda it: entry(
            it,
            "Affected warehouse",
            {"value_catalog_entry_id": "lyon"},
            {"value_catalog_entry_id": "x"},
        ),
        (f"{VALUES}.1.value_catalog_entry_id", "invalid_value"),
    ),
    (
        lambda it: {
            "incident_role_assignments": [
                {
                    "incident_role_id": it.data.named("incident_roles", "Reporter")["id"],
                    "assignee": {"slack_user_id": "U0NOBODY"},
                }
            ]
        },
        ("incident_role_assignments.0.assignee", "not_found"),
    ),
    (
        lambda it: {"retrospective_incident_options": {"slack_channel_id": data.CHANNELS[0].id}},
        ("retrospective_incident_options.slack_channel_id", "invalid_value"),
    ),
    (
        lambda it: {
            "mode": "retrospective",
            "retrospective_incident_options": {"slack_channel_id": "C0NOWHERE"},
        },
        ("retrospective_incident_options.slack_channel_id", "not_found"),
    ),
    (
        lambda it: {
            "mode": "retrospective",
            "retrospective_incident_options": {"postmortem_document_url": "x"},
        },
        ("retrospective_incident_options.postmortem_document_url", "invalid_format"),
    ),
    (
        lambda it: {"mode": "retrospective", "retrospective_incident_options": {"external_id": 7}},
        ("retrospective_incident_options.external_id", "invalid_value"),
    ),
]


@pytest.mark.parametrize(("change", "error"), WRONG_PARTS)
async def test_parts_of_an_incident_are_checked(
    client: httpx.AsyncClient, vendor: IncidentIo, change: Any, error: tuple[str, str]
) -> None:
    """A value that does not fit its field, and somebody or something that is not there, are named
    by their place."""
    answered = await client.post("/v2/incidents", json=incident(vendor, **change(vendor)))
    assert refusal(answered) == (422, "validation_error", [error])


async def test_a_required_custom_field(client: httpx.AsyncClient, vendor: IncidentIo) -> None:
    """Where an organisation demands a field, an incident without a value for it is refused."""
    vendor.data.named("custom_fields", "Customer impact")["required_v2"] = "always"
    for change in ({}, entry(vendor, "Customer impact")):
        answered = await client.post("/v2/incidents", json=incident(vendor, **change))
        assert refusal(answered) == (
            422,
            "validation_error",
            [("custom_field_entries", "is_required")],
        )
    body = incident(vendor, **entry(vendor, "Customer impact", {"value_text": "Late orders"}))
    assert (await client.post("/v2/incidents", json=body)).status_code == 200


async def test_an_incidents_page_tells_all(client: httpx.AsyncClient, vendor: IncidentIo) -> None:
    """Roles, custom fields, times, and what an incident of the past brought along can be read on
    its page."""
    fixed = vendor.data.named("incident_timestamps", "Fixed at")["id"]
    body = incident(
        vendor,
        mode="retrospective",
        incident_timestamp_values=[
            {"incident_timestamp_id": fixed, "value": "2026-11-20T10:00:00Z"}
        ],
        retrospective_incident_options={
            "slack_channel_id": data.CHANNELS[1].id,
            "postmortem_document_url": "https://docs.example.com/pm",
        },
        **entry(vendor, "Affected service", option(vendor, "search"), option(vendor, "identity")),
    )
    made = (await client.post("/v2/incidents", json=body)).json()["incident"]
    await client.post("/v2/follow_ups", json={"incident_id": made["id"], "title": "Watch the pool"})
    told = (await client.get(made["permalink"])).text
    words = (
        "search, identity",
        "2026-11-20T10:00:00Z",
        "#incidents",
        "https://docs.example.com/pm",
        "Watch the pool",
    )
    assert [each for each in words if each not in told] == []


async def test_custom_fields_in_two_versions(client: httpx.AsyncClient) -> None:
    """The first version of the list says what is required and brings the options; the second has
    lost both."""
    first, second = [
        (await client.get(f"/v{number}/custom_fields")).json()["custom_fields"] for number in (1, 2)
    ]
    gone = {
        "options",
        "required_v2",
        "show_before_closure",
        "show_before_creation",
        "show_before_update",
    }
    assert [row["id"] for row in first] == [row["id"] for row in second]
    assert {name for row in first for name in row} - {
        name for row in second for name in row
    } == gone


async def test_catalog_entries_are_of_one_type(
    client: httpx.AsyncClient, vendor: IncidentIo
) -> None:
    """Entries are asked for by their type and page by page; one by its id or its external one."""
    asked = {"catalog_type_id": vendor.data.lists["catalog_types"][0]["id"], "page_size": "250"}
    path = "/v3/catalog_entries"

    async def names(**more: str) -> list[str]:
        return [
            row["name"]
            for row in (await client.get(path, params=asked | more)).json()["catalog_entries"]
        ]

    assert await names() == ["Gothenburg", "Leipzig", "Lyon"]
    assert await names(identifier="lyon") == ["Lyon"]
    for missing in asked:
        answered = await client.get(
            path, params={name: it for name, it in asked.items() if name != missing}
        )
        assert refusal(answered) == (422, "validation_error", [(missing, "is_required")])
    assert (await client.get(path, params=asked | {"catalog_type_id": NOBODY})).status_code == 404


async def test_a_created_follow_up_is_listed(client: httpx.AsyncClient, vendor: IncidentIo) -> None:
    """A follow-up belongs to its incident, to a person and a team, has a priority and labels, and
    was made by the key."""
    owner = vendor.data.lists["incidents"][-1]
    team = vendor.data.named("teams", "Platform")["id"]
    body = {
        "incident_id": owner["id"],
        "title": "Watch the pool",
        "description": "It was **full**.",
        "assignee_id": vendor.data.lists["users"][1]["id"],
        "assignee_team_id": team,
        "follow_up_priority_option_id": vendor.data.named("follow_up_priorities", "High")["id"],
        "labels": ["pool"],
    }
    answered = await client.post("/v2/follow_ups", json=body)
    made = answered.json()["follow_up"]
    assert answered.status_code == 201
    assert {
        name: made[name] for name in ("incident_id", "title", "description", "labels", "status")
    } == {
        "incident_id": owner["id"],
        "title": "Watch the pool",
        "description": "It was **full**.",
        "labels": ["pool"],
        "status": "outstanding",
    }
    told = (
        made["assignee"]["name"],
        made["assignee_team"]["name"],
        made["priority"]["name"],
        made["creator"]["api_key"],
    )
    assert told == (
        "Jonas Lindqvist",
        "Platform",
        "High",
        {"id": vendor.key_id, "name": "Incident Relay"},
    )
    for asked in ({"incident_id": owner["id"]}, {"assignee_team_id": team}):
        assert (await client.get("/v2/follow_ups", params=asked)).json()["follow_ups"][-1] == made
    shown = vendor.describe()["objects"][0]
    assert (shown["kind"], shown["title"], shown["detail"]["Priority"]) == (
        "follow-up",
        "Watch the pool",
        "High",
    )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"title": " "}, ("title", "is_required")),
        ({"incident_id": NOBODY}, ("incident_id", "not_found")),
        ({"assignee_id": NOBODY}, ("assignee_id", "not_found")),
        ({"assignee_team_id": NOBODY}, ("assignee_team_id", "not_found")),
        ({"follow_up_priority_option_id": NOBODY}, ("follow_up_priority_option_id", "not_found")),
        ({"follow_up_category_id": NOBODY}, ("follow_up_category_id", "not_found")),
        ({"external_issue_reference_id": NOBODY}, ("external_issue_reference_id", "not_found")),
        ({"labels": "pool"}, ("labels", "invalid_type")),
        ({"labels": ["pool", " "]}, ("labels.1", "invalid_value")),
    ],
)
async def test_follow_up_members_are_checked(
    client: httpx.AsyncClient, vendor: IncidentIo, change: dict[str, Any], error: tuple[str, str]
) -> None:
    """A follow-up's errors name the field, and the place in a list."""
    body = {"incident_id": vendor.data.lists["incidents"][0]["id"], "title": "x"} | change
    assert refusal(await client.post("/v2/follow_ups", json=body)) == (
        422,
        "validation_error",
        [error],
    )
