"""The incident.io stand-in answers as incident.io documents it."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from bot.playground.vendors import IncidentIo
from bot.playground.vendors.ids import ulid
from bot.playground.vendors.incident_io_shapes import ACTION, FOLLOW_UP, INCIDENT
from bot.playground.vendors.shapes import Shape
from tests.contract.whole import request, whole

NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


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


def incident(vendor: IncidentIo, **more: Any) -> dict[str, Any]:
    """A body that is taken, changed by `more`; None removes a member."""
    body = {
        "idempotency_key": "ir0123456789ab",
        "visibility": "public",
        "name": "Checkout 5xx",
        "severity_id": vendor.data.named("severities", "SEV1")["id"],
    }
    return {name: value for name, value in (body | more).items() if value is not None}


def refusal(response: httpx.Response) -> tuple[int, str, list[tuple[str, str]]]:
    body = response.json()
    assert body["status"] == response.status_code
    assert body["request_id"]
    return (
        response.status_code,
        body["type"],
        [(error["source"]["field"], error["code"]) for error in body["errors"]],
    )


async def test_identity_names_the_roles(client: httpx.AsyncClient) -> None:
    """The key's identity has a name, a dashboard and its roles."""
    identity = (await client.get("/v1/identity")).json()["identity"]
    assert sorted(identity) == ["dashboard_url", "name", "roles", "team_roles", "teams"]


async def test_a_wrong_key_is_refused(client: httpx.AsyncClient) -> None:
    """Another key gets an authentication error."""
    answered = await client.get("/v1/identity", headers={"Authorization": "Bearer nonsense"})
    assert (answered.status_code, answered.json()["type"]) == (401, "authentication_error")


async def test_a_created_incident_is_found_by_id_and_number(
    client: httpx.AsyncClient, vendor: IncidentIo
) -> None:
    """Creating answers 200; the incident has the next number, and its permalink is the stand-in's
    own."""
    reporter = {
        "incident_role_id": vendor.data.named("incident_roles", "Reporter")["id"],
        "assignee": {"slack_user_id": "U06QK41M5PC"},
    }
    answered = await client.post(
        "/v2/incidents", json=incident(vendor, incident_role_assignments=[reporter])
    )
    made = answered.json()["incident"]
    assert answered.status_code == 200
    assert (made["reference"], made["mode"], made["incident_status"]["name"]) == (
        "INC-143",
        "standard",
        "Investigating",
    )
    assert made["permalink"] == f"{vendor.url}/brambleway/incidents/143"
    assert made["incident_role_assignments"][0]["assignee"]["name"] == "Jonas Lindqvist"
    for wanted in (made["id"], "143"):
        assert (await client.get(f"/v2/incidents/{wanted}")).json()["incident"] == made
    newest = (await client.get("/v2/incidents", params={"page_size": 1})).json()["incidents"]
    assert [row["id"] for row in newest] == [made["id"]]


async def test_the_same_idempotency_key_gives_the_same_incident(
    client: httpx.AsyncClient, vendor: IncidentIo
) -> None:
    """A key that was used returns the first incident, whatever the body says; another key makes
    another."""
    first = await client.post("/v2/incidents", json=incident(vendor))
    again = await client.post("/v2/incidents", json=incident(vendor, name="Other words"))
    other = await client.post(
        "/v2/incidents", json=incident(vendor, idempotency_key="ir0123456789ab-r1")
    )
    assert again.json() == first.json()
    assert other.json()["incident"]["reference"] == "INC-144"
    assert len(vendor.created) == 2


async def test_a_refused_key_can_be_used_again(
    client: httpx.AsyncClient, vendor: IncidentIo
) -> None:
    """A refusal does not use up its idempotency key."""
    assert (
        await client.post("/v2/incidents", json=incident(vendor, severity_id=None))
    ).status_code == 422
    assert (await client.post("/v2/incidents", json=incident(vendor))).status_code == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"idempotency_key": None}, ("idempotency_key", "is_required")),
        ({"visibility": None}, ("visibility", "is_required")),
        ({"visibility": "secret"}, ("visibility", "invalid_enum_value")),
        ({"mode": "drill"}, ("mode", "invalid_enum_value")),
        ({"name": 7}, ("name", "invalid_type")),
        ({"severity_id": None}, ("severity_id", "is_required")),
        ({"severity_id": NOBODY}, ("severity_id", "not_found")),
        ({"incident_type_id": NOBODY}, ("incident_type_id", "not_found")),
        ({"incident_status_id": NOBODY}, ("incident_status_id", "not_found")),
        ({"incident_role_assignments": {}}, ("incident_role_assignments", "invalid_type")),
        (
            {"incident_role_assignments": [{"incident_role_id": NOBODY}]},
            ("incident_role_assignments.0.incident_role_id", "not_found"),
        ),
        (
            {"custom_field_entries": [{"custom_field_id": NOBODY, "values": []}]},
            ("custom_field_entries.0.custom_field_id", "not_found"),
        ),
    ],
)
async def test_incident_members_are_checked(
    client: httpx.AsyncClient, vendor: IncidentIo, change: dict[str, Any], error: tuple[str, str]
) -> None:
    """Missing, mistyped and unknown values are validation errors that name the field."""
    answered = await client.post("/v2/incidents", json=incident(vendor, **change))
    assert refusal(answered) == (422, "validation_error", [error])
    assert vendor.created == []


async def test_triage_needs_no_severity(client: httpx.AsyncClient, vendor: IncidentIo) -> None:
    """An incident that begins in triage may do without a severity."""
    triage = vendor.data.named("incident_statuses", "Triage")["id"]
    answered = await client.post(
        "/v2/incidents", json=incident(vendor, severity_id=None, incident_status_id=triage)
    )
    assert answered.status_code == 200


async def test_a_type_that_begins_in_triage(client: httpx.AsyncClient, vendor: IncidentIo) -> None:
    """It needs no severity, is in triage, and takes no other status, but for an incident of the
    past."""
    third_party = vendor.data.named("incident_types", "Third party")["id"]
    fixing = vendor.data.named("incident_statuses", "Fixing")["id"]
    body = incident(vendor, severity_id=None, incident_type_id=third_party)
    made = (await client.post("/v2/incidents", json=body)).json()["incident"]
    assert made["incident_status"]["category"] == "triage"
    body = incident(
        vendor, idempotency_key="2", incident_type_id=third_party, incident_status_id=fixing
    )
    refused = await client.post("/v2/incidents", json=body)
    assert refusal(refused) == (422, "validation_error", [("incident_status_id", "invalid_value")])
    assert (
        await client.post("/v2/incidents", json=body | {"mode": "retrospective"})
    ).status_code == 200


async def test_a_private_type_demands_private_visibility(
    client: httpx.AsyncClient, vendor: IncidentIo
) -> None:
    """A security incident is refused with public visibility, and taken with private."""
    security = vendor.data.named("incident_types", "Security")["id"]
    public = await client.post("/v2/incidents", json=incident(vendor, incident_type_id=security))
    assert refusal(public) == (422, "validation_error", [("visibility", "invalid_value")])
    body = incident(vendor, incident_type_id=security, visibility="private")
    assert (await client.post("/v2/incidents", json=body)).status_code == 200


async def test_only_json_is_taken(client: httpx.AsyncClient) -> None:
    """Forms are a 415, and what is no JSON a 400."""
    form = await client.post("/v2/actions", data={"description": "x"})
    broken = await client.post(
        "/v2/actions", content=b"[", headers={"Content-Type": "application/json"}
    )
    assert (form.status_code, broken.status_code) == (415, 400)


async def test_a_created_action_is_listed(client: httpx.AsyncClient, vendor: IncidentIo) -> None:
    """An action belongs to its incident and its assignee, and was made by the key."""
    owner = vendor.data.lists["incidents"][-1]
    body = {
        "incident_id": owner["id"],
        "description": "Call the bank",
        "assignee_id": vendor.data.lists["users"][1]["id"],
    }
    answered = await client.post("/v2/actions", json=body)
    made = answered.json()["action"]
    assert answered.status_code == 201
    assert (made["status"], made["assignee"]["name"], made["creator"]["api_key"]["name"]) == (
        "outstanding",
        "Jonas Lindqvist",
        "Incident Relay",
    )
    listed = (await client.get("/v2/actions", params={"incident_id": owner["id"]})).json()[
        "actions"
    ]
    assert listed[-1] == made
    assert vendor.describe()["objects"][0]["title"] == "Call the bank"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"description": ""}, ("description", "is_required")),
        ({"incident_id": NOBODY}, ("incident_id", "not_found")),
        ({"incident_id": 5}, ("incident_id", "invalid_type")),
        ({"assignee_id": NOBODY}, ("assignee_id", "not_found")),
    ],
)
async def test_action_members_are_checked(
    client: httpx.AsyncClient, vendor: IncidentIo, change: dict[str, Any], error: tuple[str, str]
) -> None:
    """An action's errors name the field."""
    body = {"incident_id": vendor.data.lists["incidents"][0]["id"], "description": "x"} | change
    assert refusal(await client.post("/v2/actions", json=body)) == (
        422,
        "validation_error",
        [error],
    )


async def test_a_refusal_on_demand_names_a_field(
    client: httpx.AsyncClient, vendor: IncidentIo
) -> None:
    """While the stand-in refuses, each create is refused by a field that its form has."""
    await vendor.set_fault("refusing")
    paths = {"/v2/incidents": "name", "/v2/actions": "description", "/v2/follow_ups": "title"}
    for path, field in paths.items():
        answered = await client.post(path, json={})
        assert refusal(answered) == (422, "validation_error", [(field, "invalid_value")])


async def test_what_is_not_there_is_404(client: httpx.AsyncClient) -> None:
    """Unknown ids in a path, and unknown paths, are 404 in the same envelope."""
    for path in (f"/v2/incidents/{NOBODY}", "/v2/incidents/9999", "/v2/nonsense"):
        answered = await client.get(path)
        assert (answered.status_code, answered.json()["type"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/v2/users", "/v3/teams", "/v3/actions", "/v3/follow_ups"])
async def test_paging_walks_everything(
    client: httpx.AsyncClient, vendor: IncidentIo, path: str
) -> None:
    """Following pagination_meta.after visits each entry once."""
    name = path.rpartition("/")[2]
    if name in ("users", "teams"):
        vendor.stock(name, 600)
    else:
        made = {
            "incident_id": vendor.data.lists["incidents"][0]["id"],
            "description": "x",
            "title": "x",
        }
        vendor.data.lists[name] += [
            getattr(vendor.data, name.removesuffix("s"))(made, at, {}, ulid(at))
            for at in range(1_700_000_000, 1_700_000_600)
        ]
    seen: list[str] = []
    parameters = {"page_size": "250"}
    while True:
        body = (await client.get(path, params=parameters)).json()
        seen.extend(row["id"] for row in body[name])
        if "after" not in body["pagination_meta"]:
            break
        parameters["after"] = body["pagination_meta"]["after"]
    assert len(seen) == len(set(seen)) > 600
    assert set(seen) <= {row["id"] for row in vendor.data.lists[name]}
    if name in ("actions", "follow_ups"):  # the oldest first; those of tests are left out
        assert seen == sorted(seen)
    else:
        assert len(seen) == len(vendor.data.lists[name])


@pytest.mark.parametrize(
    "query",
    [
        "page_size=251",
        "page_size=x",
        f"after={NOBODY}",
        "sort_by=name",
        "created_at[gt]=2026-11-21",
        "created_at[gte]=yesterday",
        "mode[one_of]=real",
        "mode=test",
    ],
)
async def test_wrong_questions_are_422(client: httpx.AsyncClient, query: str) -> None:
    """A page size, cursor, operator or mode that cannot be is a validation error."""
    assert (await client.get(f"/v2/incidents?{query}")).status_code == 422


@pytest.mark.parametrize("path", ["/v2/actions", "/v2/follow_ups", "/v3/actions", "/v3/follow_ups"])
async def test_an_unknown_mode_is_422(client: httpx.AsyncClient, path: str) -> None:
    """Actions and follow-ups are asked for by a mode that incidents can have."""
    assert refusal(await client.get(f"{path}?incident_mode=real")) == (
        422,
        "validation_error",
        [("incident_mode", "invalid_enum_value")],
    )


async def test_incidents_since_a_day(client: httpx.AsyncClient, vendor: IncidentIo) -> None:
    """created_at[gte] takes a day or a moment, and goes on over all pages."""
    rows = vendor.data.lists["incidents"]
    rows[0]["created_at"] = "2026-01-01T23:59:59.999Z"
    for row in rows[1:]:
        row.update(created_at="2026-01-02T00:00:00.000Z", mode="standard")
    for since in ("2026-01-02", "2026-01-02T00:00:00Z"):
        seen: list[str] = []
        asked = {"created_at[gte]": since, "page_size": "2"}
        while len(seen) <= len(rows):
            body = (await client.get("/v2/incidents", params=asked)).json()
            seen += [row["id"] for row in body["incidents"]]
            if "after" not in body["pagination_meta"]:
                break
            asked["after"] = body["pagination_meta"]["after"]
        assert sorted(seen) == sorted(row["id"] for row in rows[1:])


async def test_incidents_by_severity(client: httpx.AsyncClient, vendor: IncidentIo) -> None:
    """Bounds of the severity take both ends in."""
    named = {row["name"]: row["id"] for row in vendor.data.lists["severities"]}
    asked = {"severity[gte]": named["SEV2"], "severity[lte]": named["SEV1"], "page_size": "250"}
    found = (await client.get("/v2/incidents", params=asked)).json()["incidents"]
    assert {row["severity"]["name"] for row in found} == {"SEV1", "SEV2"}


async def test_lists_can_lag(client: httpx.AsyncClient, vendor: IncidentIo) -> None:
    """What was just created is not in its list for `list_lag` seconds, and can be read directly;
    the rest is there."""

    async def listed() -> list[list[str]]:
        paths = {
            "incidents": "/v2/incidents?page_size=250",
            "actions": "/v2/actions",
            "follow_ups": "/v2/follow_ups",
        }
        answers = {name: (await client.get(path)).json() for name, path in paths.items()}
        return [[row["id"] for row in body[name]] for name, body in answers.items()]

    before = await listed()
    vendor.list_lag = 60.0
    made = (await client.post("/v2/incidents", json=incident(vendor))).json()["incident"]["id"]
    await client.post("/v2/actions", json={"incident_id": made, "description": "Look"})
    await client.post("/v2/follow_ups", json={"incident_id": made, "title": "Look again"})
    assert await listed() == before
    assert (await client.get(f"/v2/incidents/{made}")).status_code == 200
    vendor.list_lag = 0.001
    assert [len(rows) for rows in await listed()] == [len(rows) + 1 for rows in before]


async def test_test_incidents_are_listed_only_when_asked_for(
    client: httpx.AsyncClient, vendor: IncidentIo
) -> None:
    """An incident in test mode, and its actions, are left out of the lists unless the mode is
    named."""
    made = (await client.post("/v2/incidents", json=incident(vendor, mode="test"))).json()[
        "incident"
    ]
    await client.post("/v2/actions", json={"incident_id": made["id"], "description": "Drill"})
    listed = (await client.get("/v2/incidents?page_size=250")).json()["incidents"]
    tests = (await client.get("/v2/incidents", params={"mode[one_of]": "test"})).json()["incidents"]
    assert made["id"] not in [row["id"] for row in listed]
    assert made["id"] in [row["id"] for row in tests]
    assert (await client.get("/v2/actions", params={"incident_id": made["id"]})).json()[
        "actions"
    ] == []
    parameters = {"incident_id": made["id"], "incident_mode": "test"}
    assert len((await client.get("/v2/actions", params=parameters)).json()["actions"]) == 1


async def test_users_are_found_by_slack_id_and_email(client: httpx.AsyncClient) -> None:
    """A Slack person is a user here, found by either."""
    for parameters in ({"slack_user_id": "U06QK41M5PC"}, {"email": "jonas.lindqvist@example.com"}):
        users = (await client.get("/v2/users", params=parameters)).json()["users"]
        assert [user["name"] for user in users] == ["Jonas Lindqvist"]


async def test_the_worse_severity_has_the_higher_rank(client: httpx.AsyncClient) -> None:
    """Severities come least severe first."""
    rows = (await client.get("/v1/severities")).json()["severities"]
    assert [(row["name"], row["rank"]) for row in rows] == [
        ("SEV3", 1),
        ("SEV2", 2),
        ("SEV1", 3),
        ("SEV0", 4),
    ]


def test_its_refusals_are_worded_as_documented() -> None:
    """The switch's 429 and its refusal over one field."""
    limited, refused = IncidentIo().rate_limited(40), IncidentIo().one_refusal("/v2/incidents")
    body = limited.body
    assert (body["type"], body["status"], body["errors"][0]["code"]) == (
        "too_many_requests",
        429,
        "too_many_requests",
    )
    assert body["rate_limit"]["retry_after"] in body["errors"][0]["message"]
    assert (refused.status, refused.body["errors"]) == (
        422,
        [{"code": "invalid_value", "message": "name is reserved", "source": {"field": "name"}}],
    )


@pytest.mark.parametrize(
    ("operation", "shapes"),
    [("incident", INCIDENT), ("action", ACTION), ("follow_up", FOLLOW_UP)],
)
def test_it_knows_every_field_of_a_form(operation: str, shapes: Mapping[str, Shape]) -> None:
    """Everything that a whole form sends."""
    name = f"incident_io.{operation}"
    assert request(name, whole(name)).json.keys() <= shapes.keys()
