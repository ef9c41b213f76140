"""The Twilio TaskRouter stand-in answers as Twilio documents it."""

import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.playground.vendors import Twilio
from bot.playground.vendors.twilio import STAGING, STAGING_QUEUE


@pytest.fixture
async def vendor() -> AsyncIterator[Twilio]:
    made = Twilio()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def client(vendor: Twilio) -> AsyncIterator[httpx.AsyncClient]:
    given = vendor.credentials
    base = f"{vendor.url}/v1/Workspaces/{given['workspace_sid']}"
    async with httpx.AsyncClient(
        base_url=base, auth=(given["key_sid"], given["key_secret"])
    ) as made:
        yield made


def queue(vendor: Twilio, place: int = 0) -> str:
    return str(vendor.queues[vendor.credentials["workspace_sid"]][place]["sid"])


def configured(routing: Any) -> str:
    return json.dumps({"task_routing": routing})


def form(vendor: Twilio, **more: str) -> dict[str, str]:
    """A form that is taken, changed by `more`."""
    default = configured({"default_filter": {"queue": queue(vendor)}})
    return {"FriendlyName": "Night shift", "Configuration": default} | more


def message(response: httpx.Response, code: int = 20001) -> str:
    body = response.json()
    assert (body["status"], body["code"]) == (response.status_code, code)
    assert body["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    return str(body["message"])


async def test_a_created_workflow_is_found_by_its_name(
    client: httpx.AsyncClient, vendor: Twilio
) -> None:
    """A workflow gets a SID, keeps its configuration as sent, and is listed by its exact name."""
    sent = form(
        vendor,
        FriendlyName="Night shift [ir0123456789ab]",
        AssignmentCallbackUrl="https://example.com/assign",
        TaskReservationTimeout="300",
    )
    answered = await client.post("/Workflows", data=sent)
    made = answered.json()
    assert answered.status_code == 201
    assert re.fullmatch(r"WW[0-9a-f]{32}", made["sid"])
    assert (made["configuration"], made["task_reservation_timeout"]) == (sent["Configuration"], 300)
    assert made["url"] == f"{client.base_url}Workflows/{made['sid']}"
    found = await client.get("/Workflows", params={"FriendlyName": "Night shift [ir0123456789ab]"})
    assert found.json()["workflows"] == [made]
    assert (await client.get(made["url"])).json() == made
    assert vendor.created[0].body == sent


async def test_wrong_credentials_are_refused(client: httpx.AsyncClient) -> None:
    """Another secret gets 20003."""
    answered = await client.get("/Workflows", auth=("SK0", "nonsense"))
    assert (answered.status_code, message(answered, 20003)) == (401, "Authenticate")


async def test_another_workspace_is_not_found(client: httpx.AsyncClient, vendor: Twilio) -> None:
    """A workspace that does not exist is 20404."""
    answered = await client.get(f"{vendor.url}/v1/Workspaces/WS{'0' * 32}/Workflows")
    assert answered.status_code == 404
    assert (
        message(answered, 20404)
        == f"The requested resource /Workspaces/WS{'0' * 32}/Workflows was not found"
    )


async def test_json_is_not_taken(client: httpx.AsyncClient, vendor: Twilio) -> None:
    """A JSON body carries no parameters."""
    answered = await client.post("/Workflows", json=form(vendor))
    assert answered.status_code == 400
    assert message(answered) == "Missing required parameter FriendlyName in the post body"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"FriendlyName": ""}, "Missing required parameter FriendlyName in the post body"),
        ({"Configuration": ""}, "Missing required parameter Configuration in the post body"),
        (
            {"AssignmentCallbackUrl": "example.com"},
            "AssignmentCallbackUrl is not a URL that Twilio can reach",
        ),
        (
            {"AssignmentCallbackUrl": "http://localhost/x"},
            "AssignmentCallbackUrl is not a URL that Twilio can reach",
        ),
        (
            {"FallbackAssignmentCallbackUrl": "http://127.0.0.1/x"},
            "FallbackAssignmentCallbackUrl is not a URL that Twilio can reach",
        ),
        ({"TaskReservationTimeout": "0"}, "TaskReservationTimeout must be between 1 and 86400"),
        ({"TaskReservationTimeout": "86401"}, "TaskReservationTimeout must be between 1 and 86400"),
        ({"TaskReservationTimeout": "soon"}, "TaskReservationTimeout must be between 1 and 86400"),
    ],
)
async def test_parameters_are_checked(
    client: httpx.AsyncClient, vendor: Twilio, change: dict[str, str], words: str
) -> None:
    """Each parameter that will not do stands in the message, and nothing is made."""
    answered = await client.post("/Workflows", data=form(vendor, **change))
    assert (answered.status_code, message(answered)) == (400, words)
    assert vendor.created == []


QUEUE = "WQ" + "0" * 32
RULE = {"expression": "a == 1", "targets": [{"queue": "the first"}]}


@pytest.mark.parametrize(
    ("configuration", "fault"),
    [
        ("{", "it is not valid JSON"),
        ("[]", "task_routing must be an object"),
        (configured({}), "task_routing needs filters or a default_filter"),
        (configured({"filters": {}}), "task_routing.filters must be a list"),
        (
            configured({"default_filter": {"queue": "Everyone"}}),
            "default_filter.queue must be the SID of a TaskQueue",
        ),
        (
            configured({"default_filter": {"queue": STAGING_QUEUE}}),
            f"TaskQueue {STAGING_QUEUE} in default_filter does not exist in this workspace",
        ),
        (configured({"filters": [{"targets": []}]}), "filters[0].expression is required"),
        (
            configured({"filters": [{"expression": "a == 1"}]}),
            "filters[0].targets must not be empty",
        ),
        (
            configured({"filters": [{"expression": "a == 1", "targets": [{"queue": QUEUE}]}]}),
            f"TaskQueue {QUEUE} in filters[0].targets[0] does not exist in this workspace",
        ),
    ],
)
async def test_the_configuration_is_checked(
    client: httpx.AsyncClient, vendor: Twilio, configuration: str, fault: str
) -> None:
    """A configuration that will not do is refused with what is wrong in it."""
    answered = await client.post("/Workflows", data=form(vendor, Configuration=configuration))
    assert (answered.status_code, message(answered)) == (
        400,
        f"Configuration is not valid: {fault}",
    )


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ({"priority": "high"}, "filters[0].targets[0].priority must be a whole number"),
        ({"timeout": 0}, "filters[0].targets[0].timeout must be a positive number of seconds"),
        (
            {"expression": "level > 3"},
            "filters[0].targets[0].expression must name its attributes as task.name or worker.name",
        ),
        (
            {"known_worker_sid": "task.a", "known_worker_friendly_name": "task.b"},
            "filters[0].targets[0] can have only one of known_worker_sid and "
            "known_worker_friendly_name",
        ),
    ],
)
async def test_targets_are_checked(
    client: httpx.AsyncClient, vendor: Twilio, target: Any, fault: str
) -> None:
    """A filter's targets are refused with what is wrong in them."""
    rule = {"expression": "a == 1", "targets": [{"queue": queue(vendor)} | target]}
    answered = await client.post(
        "/Workflows", data=form(vendor, Configuration=configured({"filters": [rule]}))
    )
    assert message(answered) == f"Configuration is not valid: {fault}"


async def test_a_whole_configuration_is_taken(client: httpx.AsyncClient, vendor: Twilio) -> None:
    """Filters with inheriting targets and a default queue are taken."""
    first = {
        "queue": queue(vendor, 1),
        "priority": 10,
        "timeout": 300,
        "expression": "task.lang IN worker.langs",
    }
    rule = {
        "filter_friendly_name": "Gold",
        "expression": "tier == 'Gold'",
        "targets": [first, {"priority": "5"}],
    }
    routing = {"filters": [rule], "default_filter": {"queue": queue(vendor)}}
    answered = await client.post("/Workflows", data=form(vendor, Configuration=configured(routing)))
    assert answered.status_code == 201
    shown = vendor.describe()["objects"][0]
    assert shown["detail"] == {
        "Default queue": "Everyone",
        "Filters": "Gold",
        "Reservation timeout": "120 s",
    }


async def test_an_older_configuration_is_taken(client: httpx.AsyncClient, vendor: Twilio) -> None:
    """The queue by its older name, and null for what is left out."""
    target = {
        "task_queue_sid": queue(vendor, 1),
        "priority": None,
        "timeout": None,
        "expression": None,
    }
    rule = {
        "filter_friendly_name": None,
        "expression": "tier == 'Gold'",
        "targets": [target, {"queue": None}],
    }
    for routing in (
        {"filters": [rule], "default_filter": None},
        {"filters": None, "default_filter": {"task_queue_sid": queue(vendor)}},
    ):
        answered = await client.post(
            "/Workflows", data=form(vendor, Configuration=configured(routing))
        )
        assert answered.status_code == 201
    described = [shown["detail"] for shown in vendor.describe()["objects"][:2]]
    assert [(detail.get("Default queue"), detail.get("Filters")) for detail in described] == [
        ("Everyone", None),
        (None, "tier == 'Gold'"),
    ]


async def test_the_other_workspace_has_its_own_queue(
    client: httpx.AsyncClient, vendor: Twilio
) -> None:
    """The queue that is refused here is a good one in its own workspace."""
    body = form(vendor, Configuration=configured({"default_filter": {"queue": STAGING_QUEUE}}))
    answered = await client.post(f"{vendor.url}/v1/Workspaces/{STAGING}/Workflows", data=body)
    assert answered.status_code == 201


async def test_paging_walks_everything(client: httpx.AsyncClient, vendor: Twilio) -> None:
    """Following meta.next_page_url visits each queue once."""
    vendor.stock("task_queues", 2_500)
    seen: list[str] = []
    url: str | None = "/TaskQueues?PageSize=1000"
    while url is not None:
        body = (await client.get(url)).json()
        seen.extend(row["sid"] for row in body["task_queues"])
        url = body["meta"]["next_page_url"]
    assert len(seen) == len(set(seen)) == 2_506


@pytest.mark.parametrize("query", ["PageSize=0", "PageSize=1001", "Page=1&PageSize=2", "Page=x"])
async def test_wrong_pages_are_400(client: httpx.AsyncClient, query: str) -> None:
    """A page size out of range, or a page number made up by the client, is refused."""
    assert (await client.get(f"/TaskQueues?{query}")).status_code == 400


async def test_lists_can_lag(client: httpx.AsyncClient, vendor: Twilio) -> None:
    """What was just created is not in its list for `list_lag` seconds, and can be read directly;
    the rest is there."""
    before = (await client.get("/Workflows")).json()["workflows"]
    vendor.list_lag = 60.0
    made = (await client.post("/Workflows", data=form(vendor))).json()
    assert (await client.get("/Workflows")).json()["workflows"] == before
    assert (await client.get(f"/Workflows/{made['sid']}")).json() == made
    vendor.list_lag = 0.001
    assert (await client.get("/Workflows")).json()["workflows"] == [*before, made]


async def test_workspaces_are_listed(client: httpx.AsyncClient, vendor: Twilio) -> None:
    """The account's workspaces are listed, and the connected one can be read."""
    body = (await client.get(f"{vendor.url}/v1/Workspaces?PageSize=1")).json()
    assert [row["friendly_name"] for row in body["workspaces"]] == ["Brambleway Care"]
    assert body["meta"]["key"] == "workspaces"
    one = await client.get(f"{vendor.url}/v1/Workspaces/{vendor.credentials['workspace_sid']}")
    assert one.json()["sid"] == vendor.credentials["workspace_sid"]
    assert one.headers["X-Rate-Limit-Remaining"] == "5998"


# Tasks

ANN = '{"title": "Call Ann", "slack_ref": "ir0123456789ab"}'


def workflow(vendor: Twilio, place: int = 0) -> str:
    return str(vendor.workflows[vendor.credentials["workspace_sid"]][place]["sid"])


def task(vendor: Twilio, **more: str) -> dict[str, str]:
    """A form that is taken, changed by `more`."""
    return {"Attributes": ANN, "WorkflowSid": workflow(vendor)} | more


async def found(client: httpx.AsyncClient, marker: str = "ir0123456789ab") -> list[Any]:
    answered = await client.get(
        "/Tasks", params={"EvaluateTaskAttributes": f'slack_ref == "{marker}"'}
    )
    return list(answered.json()["tasks"])


async def test_a_created_task_is_found_by_its_attributes(
    client: httpx.AsyncClient, vendor: Twilio
) -> None:
    """A task gets a SID, its workflow's default queue, and the defaults of what was left out."""
    answered = await client.post("/Tasks", data=task(vendor, TaskChannel="voice"))
    made = answered.json()
    assert answered.status_code == 201
    assert re.fullmatch(r"WT[0-9a-f]{32}", made["sid"])
    assert (made["attributes"], made["assignment_status"], made["priority"], made["timeout"]) == (
        ANN,
        "pending",
        0,
        86400,
    )
    assert (made["task_channel_unique_name"], made["task_queue_friendly_name"]) == (
        "voice",
        "Everyone",
    )
    assert (made["workflow_friendly_name"], made["workflow_sid"]) == (
        "Customer care",
        workflow(vendor),
    )
    assert made["url"] == f"{client.base_url}Tasks/{made['sid']}"
    assert await found(client) == [made]
    assert await found(client, "ir000000000000") == []
    assert (await client.get(made["url"])).json() == made
    shown = vendor.describe()["objects"][0]
    assert (shown["kind"], shown["title"], shown["reference"]) == (
        "task",
        "Call Ann",
        f"{made['sid'][:8]}…",
    )
    assert shown["detail"] == {
        "Workflow": "Customer care",
        "Queue": "Everyone",
        "Channel": "voice",
        "Priority": "0",
        "Timeout": "86400 s",
        "slack_ref": "ir0123456789ab",
    }
    page = await client.get(shown["url"])
    assert (page.status_code, "Call Ann" in page.text, "pending" in page.text) == (200, True, True)


async def test_a_finished_task_is_forgotten(client: httpx.AsyncClient, vendor: Twilio) -> None:
    """About five minutes after its end a task is neither listed nor there."""
    made = (await client.post("/Tasks", data=task(vendor))).json()
    vendor.tasks.finish(made["sid"])
    assert [it["assignment_status"] for it in await found(client)] == ["completed"]
    vendor.tasks.finish(made["sid"], time.time() - 301)
    assert await found(client) == []
    assert (await client.get(made["url"])).status_code == 404


async def test_lists_of_tasks_can_come_without_attributes(
    client: httpx.AsyncClient, vendor: Twilio
) -> None:
    """As Twilio's document has it; the single task has them."""
    made = (await client.post("/Tasks", data=task(vendor))).json()
    vendor.bare_lists = True
    assert await found(client) == [{**made, "attributes": None}]
    assert (await client.get(made["url"])).json() == made


async def test_everything_a_task_can_have(client: httpx.AsyncClient, vendor: Twilio) -> None:
    """All parameters together, each kept."""
    sent = {
        "TaskChannel": vendor.channels[vendor.credentials["workspace_sid"]][0]["sid"],
        "Priority": "7",
        "Timeout": "60",
        "VirtualStartTime": "2020-01-01T00:00:00Z",
        "TaskQueueSid": queue(vendor, 2),
        "RoutingTarget": f"WK{'0' * 32}",
        "IgnoreCapacity": "no",
    }
    made = (await client.post("/Tasks", data=task(vendor, **sent))).json()
    assert (made["task_channel_unique_name"], made["priority"], made["timeout"]) == (
        "default",
        7,
        60,
    )
    assert (made["virtual_start_time"], made["task_queue_sid"]) == (
        "2020-01-01T00:00:00.000Z",
        queue(vendor, 2),
    )
    assert (made["routing_target"], made["ignore_capacity"]) == (f"WK{'0' * 32}", False)


STAGED = f"WW{'0' * 32}"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"WorkflowSid": ""}, "Missing required parameter WorkflowSid in the post body"),
        ({"WorkflowSid": STAGED}, f"WorkflowSid {STAGED} is no Workflow of this workspace"),
        ({"Attributes": "{"}, "Attributes is not a valid JSON object"),
        ({"Attributes": "[]"}, "Attributes is not a valid JSON object"),
        ({"Attributes": f'{{"a": "{"x" * 4096}"}}'}, "Attributes is longer than 4096 characters"),
        ({"TaskChannel": "fax"}, "TaskChannel fax is no TaskChannel of this workspace"),
        ({"Priority": "2147483648"}, "Priority must be between 0 and 2147483647"),
        ({"Priority": "-1"}, "Priority must be between 0 and 2147483647"),
        ({"Timeout": "0"}, "Timeout must be between 1 and 1209600"),
        ({"Timeout": "soon"}, "Timeout must be between 1 and 1209600"),
        (
            {"VirtualStartTime": "2999-01-01T00:00:00Z"},
            "VirtualStartTime must be a date that is not in the future and not before 1900",
        ),
        (
            {"TaskQueueSid": STAGING_QUEUE},
            f"TaskQueueSid {STAGING_QUEUE} is no TaskQueue of this workspace",
        ),
        (
            {"RoutingTarget": "Ann"},
            "RoutingTarget must be the SID of a Worker, a TaskQueue or a Workflow",
        ),
        (
            {"RoutingTarget": STAGING_QUEUE},
            f"RoutingTarget {STAGING_QUEUE} is no target of this workspace",
        ),
        (
            {"IgnoreCapacity": "true"},
            "IgnoreCapacity can only be used when RoutingTarget is a Worker",
        ),
    ],
)
async def test_tasks_are_checked(
    client: httpx.AsyncClient, vendor: Twilio, change: dict[str, str], words: str
) -> None:
    """Each parameter that will not do stands in the message, and nothing is made."""
    answered = await client.post("/Tasks", data=task(vendor, **change))
    assert (answered.status_code, message(answered)) == (400, words)
    assert vendor.created == []


async def test_a_workspace_with_one_workflow_needs_none_named(
    client: httpx.AsyncClient, vendor: Twilio
) -> None:
    """Its tasks go there."""
    del vendor.workflows[vendor.credentials["workspace_sid"]][1:]
    made = (await client.post("/Tasks", data=task(vendor, WorkflowSid=""))).json()
    assert made["workflow_sid"] == workflow(vendor)


async def test_three_expressions_a_second(client: httpx.AsyncClient, vendor: Twilio) -> None:
    """The fourth one is too many; one that is not understood is refused."""
    answered = [await client.get("/Tasks?EvaluateTaskAttributes=a%20=%201") for _ in range(4)]
    assert [it.status_code for it in answered] == [400, 400, 400, 429]
    assert (
        message(answered[0])
        == "EvaluateTaskAttributes is not an expression that this stand-in knows"
    )
    assert message(answered[3], 20429) == "Too Many Requests"


async def test_channels_are_listed(client: httpx.AsyncClient) -> None:
    """The workspace's task channels come under `channels`."""
    body = (await client.get("/TaskChannels")).json()
    assert [row["unique_name"] for row in body["channels"]] == ["default", "voice", "chat", "email"]
    assert body["meta"]["key"] == "channels"


async def test_a_task_can_be_refused(client: httpx.AsyncClient, vendor: Twilio) -> None:
    """The page's switch refuses a task over a parameter that tasks have."""
    await vendor.set_fault("refusing")
    assert message(await client.post("/Tasks", data=task(vendor))) == "Attributes is reserved"


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("first-name == 'x'", "has a hyphen, which expressions do not support"),
        ("a == 'x", "has a text without an end"),
        ("(a == 1", "has parentheses that do not match"),
        ("a", "compares nothing"),
    ],
)
async def test_expressions_are_checked(
    client: httpx.AsyncClient, vendor: Twilio, expression: str, fault: str
) -> None:
    """The grossest mistakes of an expression are refused, in a filter as in a target."""
    target = {"queue": queue(vendor), "expression": f"task.{expression}"}
    for rule, place in (
        ({"expression": expression, "targets": [{"queue": queue(vendor)}]}, "filters[0]"),
        ({"expression": "a == 'it-is'", "targets": [target]}, "filters[0].targets[0]"),
    ):
        answered = await client.post(
            "/Workflows", data=form(vendor, Configuration=configured({"filters": [rule]}))
        )
        assert message(answered) == f"Configuration is not valid: {place}.expression {fault}"


def test_its_refusals_are_worded_as_documented() -> None:
    """The switch's 429 and its refusal over one field."""
    limited, refused = (
        Twilio().rate_limited(40),
        Twilio().one_refusal("/v1/Workspaces/WS1/Workflows"),
    )
    documented = "https://www.twilio.com/docs/errors"
    assert (limited.status, limited.body) == (
        429,
        {
            "code": 20429,
            "message": "Too Many Requests",
            "more_info": f"{documented}/20429",
            "status": 429,
        },
    )
    assert (refused.status, refused.body) == (
        400,
        {
            "code": 20001,
            "message": "FriendlyName is reserved",
            "more_info": f"{documented}/20001",
            "status": 400,
        },
    )
