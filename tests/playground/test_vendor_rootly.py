"""The Rootly stand-in answers as Rootly documents it."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.adapters.base import Submission
from bot.adapters.credentials import ApiKey
from bot.adapters.http import make_client
from bot.adapters.rootly import Rootly as Adapter
from bot.adapters.rootly.forms import ActionItem, Incident
from bot.playground.vendors import Rootly
from bot.playground.vendors.rootly_shapes import ACTION_ITEM, INCIDENT, WORKFLOW_TASK
from bot.playground.vendors.shapes import Shape
from tests.contract.whole import request, whole

JSON_API = {"Content-Type": "application/vnd.api+json"}
NOBODY = "00000000-0000-4000-8000-000000000000"
ADD = {"task_type": "add_action_item", "summary": "Look", "status": "open", "priority": "low"}
SEND = {"task_type": "send_email", "to": ["a@example.com"], "subject": "Hi", "body": "Hello"}


@pytest.fixture
async def rootly() -> AsyncIterator[Rootly]:
    made = Rootly()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def client(rootly: Rootly) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {rootly.credentials['api_key']}"}
    async with httpx.AsyncClient(base_url=rootly.url, headers=headers) as made:
        yield made


async def post(client: httpx.AsyncClient, path: str, kind: str, attributes: Any) -> httpx.Response:
    return await client.post(
        path, json={"data": {"type": kind, "attributes": attributes}}, headers=JSON_API
    )


def titles(response: httpx.Response) -> tuple[int, list[str]]:
    return response.status_code, [error["title"] for error in response.json()["errors"]]


def workflow(rootly: Rootly, *, locked: bool = False) -> str:
    rows = rootly.data.lists["workflows"]
    return next(str(row["id"]) for row in rows if row["attributes"]["locked"] == locked)


async def test_who_am_i(client: httpx.AsyncClient) -> None:
    """The key's user is told with the team's name."""
    answered = await client.get("/v1/users/me")
    assert (
        answered.json()["data"]["attributes"]["full_name_with_team"] == "[Brambleway] Maya Okafor"
    )
    assert answered.headers["content-type"] == "application/vnd.api+json"
    assert answered.headers["X-RateLimit-Limit"] == "3000, 3000;window=60"
    assert answered.headers["X-RateLimit-Remaining"] == "2999"


async def test_a_wrong_token_is_refused(client: httpx.AsyncClient) -> None:
    """Another token gets the documented 401."""
    answered = await client.get("/v1/users/me", headers={"Authorization": "Bearer nonsense"})
    assert titles(answered) == (401, ["Invalid token"])


async def test_a_created_incident_is_found(client: httpx.AsyncClient, rootly: Rootly) -> None:
    """A created incident has the next number, is found by it, and its url is the stand-in's own."""
    lists = rootly.data.lists
    attributes = {
        "title": "Checkout 5xx",
        "summary": "Since 10:00",
        "kind": "normal",
        "private": False,
        "severity_id": lists["severities"][0]["id"],
        "service_ids": [lists["services"][0]["id"]],
        "group_ids": [lists["teams"][0]["id"]],
        "user_id": lists["users"][1]["id"],
        "labels": {"slack_ref": "ir4f2a9c01b2c3"},
    }
    answered = await post(client, "/v1/incidents", "incidents", attributes)
    made = answered.json()["data"]["attributes"]
    assert answered.status_code == 201
    assert (made["sequential_id"], made["status"], made["kind"], made["source"]) == (
        143,
        "started",
        "normal",
        "api",
    )
    assert made["url"] == f"{rootly.url}/account/incidents/143-checkout-5xx"
    assert made["labels"] == {"slack_ref": "ir4f2a9c01b2c3"}
    assert made["severity"]["data"]["attributes"]["name"] == "SEV0"
    assert made["user"]["data"]["attributes"]["full_name"] == "Jonas Lindqvist"
    found = await client.get("/v1/incidents", params={"filter[sequential_id]": "143"})
    assert [row["id"] for row in found.json()["data"]] == [answered.json()["data"]["id"]]
    assert [made.path for made in rootly.created] == ["/v1/incidents"]
    assert rootly.created[0].body == {"data": {"type": "incidents", "attributes": attributes}}


async def test_the_page_shows_when_and_whom_to_notify(
    client: httpx.AsyncClient, rootly: Rootly
) -> None:
    """Times that were given are shown in UTC, and the addresses; a start that was not given is not
    repeated."""
    attributes = {
        "title": "Long over",
        "started_at": "2026-03-01T10:00:00+01:00",
        "mitigated_at": "2026-03-01T11:30:20Z",
        "notify_emails": ["ops@example.com", "shops@example.com"],
    }
    await post(client, "/v1/incidents", "incidents", attributes)
    await post(client, "/v1/incidents", "incidents", {"title": "Just now"})
    now, over = (shown["detail"] for shown in rootly.describe()["objects"][:2])
    assert now == {"Status": "started", "Reported by": "Maya Okafor"}
    assert over == now | {
        "Notify by e-mail": "ops@example.com, shops@example.com",
        "Started": "2026-03-01 09:00 UTC",
        "Mitigated": "2026-03-01 11:30 UTC",
    }


async def test_an_idempotency_key_does_nothing(client: httpx.AsyncClient) -> None:
    """The same Idempotency-Key twice makes two incidents: nobody has proved that it does otherwise."""
    headers = JSON_API | {"Idempotency-Key": "ir0123456789ab"}
    body = {"data": {"type": "incidents", "attributes": {"title": "Twice"}}}
    ids = {
        (await client.post("/v1/incidents", json=body, headers=headers)).json()["data"]["id"]
        for _ in range(2)
    }
    assert len(ids) == 2


async def test_only_json_api_is_taken(client: httpx.AsyncClient) -> None:
    """Plain JSON is a 415, and what is no JSON a 400."""
    plain = await client.post(
        "/v1/incidents", json={"data": {"type": "incidents", "attributes": {}}}
    )
    broken = [
        await client.post("/v1/incidents", content=body, headers=JSON_API)
        for body in (b"{", b'"\\ud800"', b"[" * 9999)
    ]
    assert plain.status_code == 415
    assert [answered.status_code for answered in broken] == [400, 400, 400]


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ({"title": "x"}, "Data can't be blank"),
        ({"data": {"type": "incident", "attributes": {}}}, "Type must be incidents"),
        ({"data": {"type": "incidents"}}, "Attributes can't be blank"),
    ],
)
async def test_the_envelope_is_checked(client: httpx.AsyncClient, body: Any, title: str) -> None:
    """A body without JSON:API's envelope is refused."""
    assert titles(await client.post("/v1/incidents", json=body, headers=JSON_API)) == (422, [title])


@pytest.mark.parametrize(
    ("attributes", "title"),
    [
        ({"titel": "x"}, "titel is not an attribute that can be set"),
        ({"title": 1}, "Title is invalid"),
        ({"status": None}, "Status is invalid"),
        ({"kind": "real"}, "Kind is not included in the list"),
        ({"private": "no"}, "Private is invalid"),
        ({"service_ids": NOBODY}, "Services is invalid"),
        ({"labels": {"a": 1}}, "Labels is invalid"),
        ({"severity_id": NOBODY}, "Severity must exist"),
        ({"service_ids": [NOBODY]}, "Services must exist"),
        ({"functionality_ids": [NOBODY]}, "Functionalities must exist"),
        ({"parent_incident_id": NOBODY}, "Parent incident must exist"),
        ({"user_id": "1"}, "User must exist"),
        ({"started_at": "yesterday"}, "Started at is invalid"),
        (
            {"started_at": "2026-11-20T10:00:00Z", "detected_at": "2026-11-20T09:59:00Z"},
            "Detected at can not be before Started time",
        ),
    ],
)
async def test_incident_attributes_are_checked(
    client: httpx.AsyncClient, rootly: Rootly, attributes: Any, title: str
) -> None:
    """Unknown attributes, wrong types, words, ids and times are refused by name, and nothing is
    made."""
    assert titles(await post(client, "/v1/incidents", "incidents", attributes)) == (422, [title])
    assert rootly.created == []


async def test_the_worst_severity_demands_a_summary(
    client: httpx.AsyncClient, rootly: Rootly
) -> None:
    """SEV0 without a summary is refused; with one it is created."""
    attributes = {"title": "All down", "severity_id": rootly.data.lists["severities"][0]["id"]}
    assert titles(await post(client, "/v1/incidents", "incidents", attributes)) == (
        422,
        ["Summary can't be blank"],
    )
    assert rootly.describe()["requests"][0]["note"] == "422 summary"
    mended = attributes | {"summary": "Nobody can pay."}
    assert (await post(client, "/v1/incidents", "incidents", mended)).status_code == 201


async def test_test_incidents_are_listed_only_when_asked_for(client: httpx.AsyncClient) -> None:
    """An incident of the kind test needs filter[kind]."""
    made = await post(client, "/v1/incidents", "incidents", {"title": "Drill", "kind": "test"})
    new_id = made.json()["data"]["id"]
    everything = await client.get("/v1/incidents", params={"page[size]": 100})
    tests = await client.get("/v1/incidents", params={"filter[kind]": "test"})
    assert new_id not in [row["id"] for row in everything.json()["data"]]
    assert new_id in [row["id"] for row in tests.json()["data"]]


async def test_a_created_action_item_is_listed(client: httpx.AsyncClient, rootly: Rootly) -> None:
    """An action item gets its incident's url and its assignee, and is listed with the incident's
    others."""
    lists = rootly.data.lists
    path = f"/v1/incidents/{lists['incidents'][0]['id']}/action_items"
    attributes = {
        "summary": "Roll back 4.2",
        "kind": "task",
        "priority": "high",
        "status": "open",
        "assigned_to_user_id": int(lists["users"][1]["id"]),
        "assigned_to_group_ids": [lists["teams"][0]["id"]],
        "due_date": "2026-12-01",
    }
    answered = await post(client, path, "incident_action_items", attributes)
    made = answered.json()["data"]
    assert answered.status_code == 201
    assert made["attributes"]["assigned_to"]["email"] == "jonas.lindqvist@example.com"
    assert made["attributes"]["url"].startswith(f"{rootly.url}/account/incidents/142-")
    listed = (await client.get(path)).json()["data"]
    assert [row["attributes"]["summary"] for row in listed][-1] == "Roll back 4.2"
    shown = rootly.describe()["objects"][0]
    assert (shown["kind"], shown["reference"], shown["title"]) == (
        "action item",
        "INC-142",
        "Roll back 4.2",
    )


@pytest.mark.parametrize(
    ("attributes", "title"),
    [
        ({}, "Summary can't be blank"),
        ({"summary": " "}, "Summary can't be blank"),
        ({"summary": "x", "priority": "urgent"}, "Priority is not included in the list"),
        ({"summary": "x", "assigned_to_user_id": "2001"}, "Assigned to user is invalid"),
        ({"summary": "x", "assigned_to_user_id": 7}, "Assigned to user must exist"),
        ({"summary": "x", "assigned_to_group_ids": [NOBODY]}, "Assigned to groups must exist"),
        ({"summary": "x", "due_date": "soon"}, "Due date is invalid"),
    ],
)
async def test_action_item_attributes_are_checked(
    client: httpx.AsyncClient, rootly: Rootly, attributes: Any, title: str
) -> None:
    """An action item's attributes are refused by name."""
    path = f"/v1/incidents/{rootly.data.lists['incidents'][0]['id']}/action_items"
    assert titles(await post(client, path, "incident_action_items", attributes)) == (422, [title])


async def test_what_is_not_there_is_404(client: httpx.AsyncClient, rootly: Rootly) -> None:
    """Unknown ids in a path, and locked workflows, are "Not found or unauthorized"."""
    refusals = [
        await post(
            client,
            f"/v1/incidents/{NOBODY}/action_items",
            "incident_action_items",
            {"summary": "x"},
        ),
        await post(
            client, f"/v1/workflows/{NOBODY}/workflow_tasks", "workflow_tasks", {"task_params": ADD}
        ),
        await post(
            client,
            f"/v1/workflows/{workflow(rootly, locked=True)}/workflow_tasks",
            "workflow_tasks",
            {"task_params": ADD},
        ),
        await client.get(f"/v1/incidents/{NOBODY}"),
        await client.get("/v1/nonsense"),
        await client.delete("/v1/incidents"),
    ]
    assert [titles(refusal) for refusal in refusals] == [(404, ["Not found or unauthorized"])] * 6


async def test_a_created_workflow_task_is_listed(client: httpx.AsyncClient, rootly: Rootly) -> None:
    """A workflow task goes to the end of its workflow and is found by its name."""
    path = f"/v1/workflows/{workflow(rootly)}/workflow_tasks"
    attributes = {
        "name": "Mail ir0123456789ab",
        "enabled": True,
        "skip_on_failure": False,
        "task_params": SEND,
    }
    answered = await post(client, path, "workflow_tasks", attributes)
    made = answered.json()["data"]["attributes"]
    assert (answered.status_code, made["position"], made["task_params"]) == (201, 2, SEND)
    found = await client.get(path, params={"filter[name]": "Mail ir0123456789ab"})
    assert [row["id"] for row in found.json()["data"]] == [answered.json()["data"]["id"]]


@pytest.mark.parametrize(
    ("params", "title"),
    [
        ({"summary": "x"}, "Task type can't be blank"),
        (ADD | {"task_type": "make_coffee"}, "Task type is not included in the list"),
        (
            {"task_type": "add_action_item", "summary": "x", "status": "open"},
            "Priority can't be blank",
        ),
        (ADD | {"priority": "urgent"}, "Priority is not included in the list"),
        (ADD | {"assigned_to_user": {"id": 1, "name": "x"}}, "Assigned to user is invalid"),
        (ADD | {"post_to_slack_channels": ["C1"]}, "Post to slack channels is invalid"),
        (ADD | {"custom_fields_mapping": "{"}, "Custom fields mapping is invalid"),
        (ADD | {"attribute_to_query_by": "jira_issue_id"}, "Query value can't be blank"),
        (ADD | {"to": ["a@example.com"]}, "to is not an attribute that can be set"),
        (SEND | {"to": []}, "To can't be blank"),
        (SEND | {"to": "a@example.com"}, "To is invalid"),
        (SEND | {"cc": ["nobody"]}, "Cc is invalid"),
    ],
)
async def test_task_params_are_checked(
    client: httpx.AsyncClient, rootly: Rootly, params: Any, title: str
) -> None:
    """Each task type's parameters are refused by name."""
    path = f"/v1/workflows/{workflow(rootly)}/workflow_tasks"
    assert titles(await post(client, path, "workflow_tasks", {"task_params": params})) == (
        422,
        [title],
    )


async def test_a_position_is_taken_once(client: httpx.AsyncClient, rootly: Rootly) -> None:
    """Two tasks of a workflow cannot share a position."""
    path = f"/v1/workflows/{workflow(rootly)}/workflow_tasks"
    refused = await post(client, path, "workflow_tasks", {"task_params": ADD, "position": 1})
    assert titles(refused) == (422, ["Position has already been taken"])


async def test_paging_walks_everything(client: httpx.AsyncClient, rootly: Rootly) -> None:
    """Following meta.next_page visits each of ten thousand services once."""
    rootly.stock("services", 9_988)
    seen: list[str] = []
    number: int | None = 1
    while number is not None:
        answered = await client.get(
            "/v1/services", params={"page[number]": number, "page[size]": 100}
        )
        seen.extend(row["id"] for row in answered.json()["data"])
        number = answered.json()["meta"]["next_page"]
    assert len(seen) == len(set(seen)) == 10_000


async def test_incidents_can_be_walked_with_cursors(client: httpx.AsyncClient) -> None:
    """Following meta.next_cursor visits each incident once, newest first."""
    seen: list[int] = []
    parameters = {"page[size]": "7", "sort": "-created_at"}
    while True:
        document = (await client.get("/v1/incidents", params=parameters)).json()
        seen.extend(row["attributes"]["sequential_id"] for row in document["data"])
        if document["meta"]["next_cursor"] is None:
            break
        parameters["page[after]"] = document["meta"]["next_cursor"]
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == document["meta"]["total_count"] == 19


@pytest.mark.parametrize(
    "query",
    [
        "page[size]=101",
        "page[size]=0",
        "page[number]=-1",
        "sort=colour",
        "filter[colour]=red",
        "filter[search]=x&pages=2",
    ],
)
async def test_questions_that_a_list_does_not_know_are_400(
    client: httpx.AsyncClient, query: str
) -> None:
    """Too large pages and unknown filters, sorts and parameters are 400."""
    assert (await client.get(f"/v1/services?{query}")).status_code == 400


async def test_deep_pages_of_incidents_are_400(client: httpx.AsyncClient) -> None:
    """Incidents cannot be reached by a high page number."""
    assert (await client.get("/v1/incidents?page[number]=200&page[size]=100")).status_code == 400


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/v1/services?filter[search]=CHECKOUT", ["checkout-api"]),
        ("/v1/services?filter[slug]=search", ["search"]),
        ("/v1/users?filter[email]=priya.raman@example.com", ["Priya Raman"]),
        ("/v1/users?filter[search]=lindq", ["Jonas Lindqvist"]),
        ("/v1/severities?filter[severity][in]=critical,low", ["SEV0", "SEV3"]),
        ("/v1/severities?sort=-created_at&page[size]=1", ["SEV0"]),
        ("/v1/workflows?filter[search]=legal", ["Legal hold and regulator notice"]),
        ("/v1/users?filter[email]=daniel.kim@example.com", []),
    ],
)
async def test_filters_filter(client: httpx.AsyncClient, path: str, names: list[str]) -> None:
    """Lists can be searched and filtered as documented."""
    answered = await client.get(path)
    assert [row["attributes"]["name"] for row in answered.json()["data"]] == names


async def test_incidents_since_a_moment(client: httpx.AsyncClient, rootly: Rootly) -> None:
    """filter[created_at][gte] finds what was created since, with its labels."""
    since = rootly.data.lists["incidents"][0]["attributes"]["created_at"]
    await post(
        client,
        "/v1/incidents",
        "incidents",
        {"title": "New", "labels": {"slack_ref": "ir0123456789ab"}},
    )
    answered = await client.get(
        "/v1/incidents", params={"filter[created_at][gte]": since, "sort": "-created_at"}
    )
    assert [row["attributes"]["sequential_id"] for row in answered.json()["data"]] == [143, 142]
    assert answered.json()["data"][0]["attributes"]["labels"] == {"slack_ref": "ir0123456789ab"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/incidents", 200),
        ("/v1/incidents/{incident}/action_items", 400),
        ("/v1/workflows/{workflow}/workflow_tasks", 400),
    ],
)
async def test_not_every_list_knows_times(
    client: httpx.AsyncClient, rootly: Rootly, path: str, status: int
) -> None:
    """Incidents can be asked for by their time; action items of an incident and tasks of a workflow
    cannot."""
    path = path.format(incident=rootly.data.lists["incidents"][0]["id"], workflow=workflow(rootly))
    assert (
        await client.get(path, params={"filter[created_at][gte]": "2026-11-21T10:00:00Z"})
    ).status_code == status


async def test_lists_can_lag(client: httpx.AsyncClient, rootly: Rootly) -> None:
    """What was just created is not in its list for `list_lag` seconds, and can be read directly;
    the rest is there."""
    items, tasks = (
        f"/v1/incidents/{rootly.data.lists['incidents'][0]['id']}/action_items",
        f"/v1/workflows/{workflow(rootly)}/workflow_tasks",
    )
    before = [(await client.get(path)).json()["data"] for path in ("/v1/incidents", items, tasks)]
    rootly.list_lag = 60.0
    made = (await post(client, "/v1/incidents", "incidents", {"title": "New"})).json()["data"]["id"]
    await post(client, items, "incident_action_items", {"summary": "Look"})
    await post(client, tasks, "workflow_tasks", {"task_params": ADD})
    assert [
        (await client.get(path)).json()["data"] for path in ("/v1/incidents", items, tasks)
    ] == before
    assert (await client.get(f"/v1/incidents/{made}")).status_code == 200
    rootly.list_lag = 0.001
    grown = [(await client.get(path)).json()["data"] for path in ("/v1/incidents", items, tasks)]
    assert [len(rows) for rows in grown] == [len(rows) + 1 for rows in before]


async def test_the_bot_can_name_a_test_incident(rootly: Rootly) -> None:
    """An incident that was declared as a test is offered, and takes an action item by its number."""
    key = ApiKey(api_key=SecretStr(rootly.credentials["api_key"]))
    async with make_client() as client:
        adapter = Adapter(client, rootly.url)
        drill = await adapter.create(
            "incident", Submission(Incident(title="Drill", kind="test"), "ir1"), key
        )
        item = ActionItem(incident_id=drill.reference.replace("INC-", "#"), summary="Look")
        made = await adapter.create("action_item", Submission(item, "ir2"), key)
        offered = (await adapter.entries("incidents", key))[0]
    assert (offered.id, offered.label, offered.detail) == (
        drill.id,
        "INC-143 Drill",
        "started, test",
    )
    assert [(each.path, each.id) for each in rootly.created[1:]] == [
        (f"/v1/incidents/{drill.id}/action_items", made.id)
    ]


def test_its_refusals_are_worded_as_documented() -> None:
    """The switch's 429 and its refusal over one field."""
    limited, refused = Rootly().rate_limited(40), Rootly().one_refusal("/v1/incidents")
    assert (limited.status, limited.body) == (429, {"error": "Too many requests"})
    assert (refused.status, refused.body) == (
        422,
        {"errors": [{"title": "Title is reserved", "status": "422"}]},
    )


@pytest.mark.parametrize(
    ("operation", "shapes"),
    [("incident", INCIDENT), ("action_item", ACTION_ITEM), ("workflow_task", WORKFLOW_TASK)],
)
def test_it_knows_every_field_of_a_form(operation: str, shapes: Mapping[str, Shape]) -> None:
    """Everything that a whole form sends."""
    name = f"rootly.{operation}"
    assert request(name, whole(name)).json["data"]["attributes"].keys() <= shapes.keys()
