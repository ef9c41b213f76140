"""The Twilio adapter with canned answers: its requests, and its results."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import ValidationError

from bot.adapters.base import Created, Entry, Request, Submission
from bot.adapters.credentials import Account, Rights
from bot.adapters.rate_limit import Limits
from bot.adapters.twilio import Task, Twilio, TwilioKey, Workflow
from bot.errors import OutcomeUnknownError, RejectedError, RetryLaterError, UnauthorizedError
from tests.adapters.conftest import CannedVendor
from tests.adapters.twilio_filled import (
    FIFO,
    KEY,
    MARKER,
    OTHER_QUEUE,
    SK,
    WK,
    WQ,
    WS,
    WW,
    from_fields,
    from_json,
)

BASIC = f"Basic {b64encode(f'{SK}:s3cret'.encode()).decode()}"
NIGHT = from_fields()


@pytest.fixture
def twilio(client: httpx.AsyncClient, vendor: CannedVendor) -> Twilio:
    return Twilio(client, vendor.url)


ROUTED = {
    "task_routing": {
        "filters": [
            {
                "filter_friendly_name": "Gold",
                "expression": "tier == 'Gold'",
                "targets": [{"queue": OTHER_QUEUE, "priority": 10, "timeout": 300}],
            },
            {"expression": "1 == 1", "targets": [{"queue": WQ, "priority": 0}]},
        ],
        "default_filter": {"queue": WQ},
    }
}
GOLD = {
    "name": "Gold",
    "expression": "tier == 'Gold'",
    "queue": OTHER_QUEUE,
    "priority": 10,
    "timeout": 300,
}
LAST = {"expression": "1 == 1", "queue": WQ, "priority": 0}
REQUESTS = [
    pytest.param(
        NIGHT, {"FriendlyName": f"Night shift [{MARKER}]", "Configuration": FIFO}, id="one queue"
    ),
    pytest.param(
        from_fields("By tier", filter_1=GOLD, filter_3=LAST),
        {
            "FriendlyName": f"By tier [{MARKER}]",
            "Configuration": json.dumps(ROUTED, separators=(",", ":")),
        },
        id="two filters, one left empty between them",
    ),
    pytest.param(
        from_json(
            f" {FIFO}",
            "Gold",
            assignment_callback_url="https://example.com/assign?x=1",
            fallback_assignment_callback_url="https://example.com/else",
            task_reservation_timeout=90,
        ),
        {
            "FriendlyName": f"Gold [{MARKER}]",
            "Configuration": FIFO,
            "AssignmentCallbackUrl": "https://example.com/assign?x=1",
            "FallbackAssignmentCallbackUrl": "https://example.com/else",
            "TaskReservationTimeout": "90",
        },
        id="JSON, and everything else",
    ),
]


@pytest.mark.parametrize(("form", "data"), REQUESTS)
async def test_request(twilio: Twilio, form: Workflow, data: dict[str, str]) -> None:
    """A form becomes exactly this request."""
    expected = Request(
        "POST", f"/v1/Workspaces/{WS}/Workflows", data=data, headers={"Accept": "application/json"}
    )
    assert twilio.request("workflow", Submission(form, MARKER), KEY) == expected


async def test_task_request(twilio: Twilio) -> None:
    """A task's text is in its attributes, with the marker and the reporter; the rest are
    parameters."""
    form = Task(
        title="Call Ann back",
        description="She waits",
        attributes="type = ticket\nvip = true",
        workflow_sid=WW,
        task_channel="voice",
        priority=0,
        timeout=60,
        virtual_start_time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        task_queue_sid=WQ,
        routing_target=WK,
        ignore_capacity="false",
    )
    attributes = (
        '{"title":"Call Ann back","description":"She waits","type":"ticket","vip":true,'
        f'"slack_ref":"{MARKER}","slack_reporter":"Ann Lee"}}'
    )
    data = {
        "Attributes": attributes,
        "WorkflowSid": WW,
        "TaskChannel": "voice",
        "Priority": "0",
        "Timeout": "60",
        "VirtualStartTime": "2026-01-02T03:04:05Z",
        "TaskQueueSid": WQ,
        "RoutingTarget": WK,
        "IgnoreCapacity": "false",
    }
    expected = Request(
        "POST", f"/v1/Workspaces/{WS}/Tasks", data=data, headers={"Accept": "application/json"}
    )
    assert twilio.request("task", Submission(form, MARKER, reporter="Ann  Lee"), KEY) == expected


def test_links_to_the_console_only_at_twilio_itself() -> None:
    """A receipt links to the workspace's workflows or tasks, and to nothing for another server."""
    page = f"https://www.twilio.com/console/taskrouter/workspaces/{WS}"
    at_twilio = Twilio(httpx.AsyncClient(), "https://taskrouter.twilio.com/")
    assert at_twilio._console("workflow", KEY) == f"{page}/workflows"
    assert at_twilio._console("task", KEY) == f"{page}/tasks"
    assert Twilio(httpx.AsyncClient(), "http://127.0.0.1:8080")._console("task", KEY) == ""


async def test_creates_a_workflow(twilio: Twilio, vendor: CannedVendor) -> None:
    """A web form is sent with the key as user and password; the receipt's name has no marker."""
    vendor.will_answer(
        (201, {"sid": WW, "friendly_name": f"Night shift [{MARKER}]", "url": "https://api"})
    )
    created = await twilio.create("workflow", Submission(NIGHT, MARKER), KEY)
    assert created == Created(id=WW, title="Night shift")
    ((method, path, headers, body),) = vendor.requests
    assert (method, path, parse_qs(body)) == (
        "POST",
        f"/v1/Workspaces/{WS}/Workflows",
        {"FriendlyName": [f"Night shift [{MARKER}]"], "Configuration": [FIFO]},
    )
    assert headers == {
        "authorization": BASIC,
        "content-type": "application/x-www-form-urlencoded",
        "accept": "application/json",
    }


REFUSALS = [
    pytest.param(
        (400, {"code": 20001, "message": "FriendlyName is taken", "status": 400}),
        RejectedError,
        "",
        {"friendly_name": "FriendlyName is taken"},
        id="A about a parameter",
    ),
    pytest.param(
        (400, {"code": 20001, "message": "FallbackAssignmentCallbackUrl is no URL", "status": 400}),
        RejectedError,
        "",
        {"rules.fallback_assignment_callback_url": "FallbackAssignmentCallbackUrl is no URL"},
        id="A about the longer of two names",
    ),
    pytest.param(
        (400, {"code": 20001, "message": "Invalid Configuration: no such queue"}),
        RejectedError,
        "",
        {"rules.default_queue": "Invalid Configuration: no such queue"},
        id="A about what we built from the queue",
    ),
    pytest.param(
        (400, {"code": 20001, "message": "Something is wrong"}),
        RejectedError,
        "Something is wrong https://www.twilio.com/docs/errors/20001",
        {},
        id="A about nothing in particular",
    ),
    pytest.param(
        (404, {"code": 20404, "message": "The requested resource was not found"}),
        RejectedError,
        "Twilio no longer has the connected workspace. An admin can connect another in `/vendors`.",
        {},
        id="404",
    ),
    pytest.param(
        (
            400,
            {
                "title": "Bad",
                "code": 20001,
                "detail": "Several",
                "errors": [
                    {"pointer": "#/FriendlyName", "detail": "is long"},
                    {"pointer": "/body/task_reservation_timeout", "detail": "is odd"},
                    {"pointer": "/x", "detail": "What?"},
                ],
            },
        ),
        RejectedError,
        "What? https://www.twilio.com/docs/errors/20001",
        {"friendly_name": "is long", "rules.task_reservation_timeout": "is odd"},
        id="B",
    ),
    pytest.param(
        (400, {"title": "Bad", "detail": "Several", "errors": [{}, {"pointer": "#/FriendlyName"}]}),
        RejectedError,
        "Several",
        {},
        id="B without details",
    ),
    pytest.param(
        (400, "<html>"),
        RejectedError,
        "Twilio rejected it without a reason. The HTTP status is 400.",
        {},
        id="no JSON",
    ),
    pytest.param(
        (401, {"code": 20003, "message": "Authenticate"}),
        UnauthorizedError,
        "Twilio TaskRouter rejected our API key. An admin can replace it in `/vendors`.",
        None,
        id="401",
    ),
    pytest.param(
        (401, {"code": 70051, "message": "Not allowed"}),
        UnauthorizedError,
        "Twilio TaskRouter doesn't let our API key do this. Twilio TaskRouter says: “Not "
        "allowed”. An admin can give it more rights in Twilio TaskRouter, or replace it in "
        "`/vendors`.",
        None,
        id="70051",
    ),
    pytest.param(
        (201, {}),
        OutcomeUnknownError,
        "Twilio didn't say what it created.",
        None,
        id="no id",
    ),
]


@pytest.mark.parametrize(("answer", "kind", "sentence", "fields"), REFUSALS)
async def test_errors(
    twilio: Twilio,
    vendor: CannedVendor,
    answer: Any,
    kind: type[Exception],
    sentence: str,
    fields: Any,
) -> None:
    """Both shapes of error become Twilio's words beside the field they are about."""
    vendor.will_answer(answer)
    with pytest.raises(kind) as caught:
        await twilio.create("workflow", Submission(NIGHT, MARKER), KEY)
    assert (str(caught.value), getattr(caught.value, "fields", None)) == (sentence, fields)


async def test_verify(twilio: Twilio, vendor: CannedVendor) -> None:
    """The account is the workspace."""
    vendor.will_answer((200, {"sid": WS, "friendly_name": "Support"}), *[(200, {})] * 4)
    rights = Rights(acts_as=f"the API key that begins with {SK[:6]}")
    assert await twilio.verify(KEY) == Account(id=WS, name="Support", rights=rights)
    asked = {"authorization": BASIC, "accept": "application/json"}
    lists = [f"/{step}?PageSize=1" for step in ("TaskChannels", "TaskQueues", "Tasks", "Workflows")]
    expected = [("GET", f"/v1/Workspaces/{WS}{path}", asked, None) for path in ("", *lists)]
    assert sorted(vendor.requests, key=lambda request: request[1]) == expected


async def test_verify_with_a_missing_workspace(twilio: Twilio, vendor: CannedVendor) -> None:
    """A workspace that the key cannot reach is explained in a sentence without fields."""
    vendor.will_answer((404, {"code": 20404, "message": "Not found"}))
    with pytest.raises(
        RejectedError, match=r"^Twilio has no such workspace in this key's account and region\."
    ):
        await twilio.verify(KEY)


async def test_verify_refuses_wrong_credentials(twilio: Twilio, vendor: CannedVendor) -> None:
    """Credentials of another region are refused too, and Twilio's answer is the same."""
    vendor.will_answer((401, {"code": 20003, "message": "Authenticate"}))
    said = r"^Twilio rejected these credentials\. Copy them again, and check the region\.$"
    with pytest.raises(UnauthorizedError, match=said):
        await twilio.verify(KEY)


@pytest.mark.parametrize("body", ["<html>", {"sid": WW}])
async def test_verify_at_a_page_of_another_kind(
    twilio: Twilio, vendor: CannedVendor, body: Any
) -> None:
    """A success that does not name the workspace connects nothing."""
    vendor.will_answer((200, body))
    with pytest.raises(
        RetryLaterError, match=r"^Twilio TaskRouter sent an answer that we can't read\.$"
    ):
        await twilio.verify(KEY)


@pytest.mark.parametrize("body", ["<html>", "", {"task_queues": {}}])
@pytest.mark.parametrize("before", [0, 1])
async def test_an_unreadable_page(
    twilio: Twilio, vendor: CannedVendor, body: Any, before: int
) -> None:
    """A list with an unreadable page is an error, and not an empty or short list."""
    following = {
        "task_queues": [{"sid": "WQ1"}],
        "meta": {"next_page_url": f"{vendor.url}/v1/next"},
    }
    vendor.will_answer(*[(200, following)] * before, (200, body))
    with pytest.raises(
        RetryLaterError, match=r"^Twilio TaskRouter sent an answer that we can't read\.$"
    ):
        await twilio.entries("task_queues", KEY)


async def test_a_next_page_that_is_no_address(twilio: Twilio, vendor: CannedVendor) -> None:
    """A next page without a valid address makes the whole list unreadable."""
    vendor.will_answer(
        (200, {"task_queues": [{"sid": "WQ1"}], "meta": {"next_page_url": "http://[bad"}})
    )
    with pytest.raises(
        RetryLaterError, match=r"^Twilio TaskRouter sent an answer that we can't read\.$"
    ):
        await twilio.entries("task_queues", KEY)


async def test_walks_all_pages(twilio: Twilio, vendor: CannedVendor) -> None:
    """Queues are read by the addresses of the next pages and sorted by name."""
    path = f"/v1/Workspaces/{WS}/TaskQueues"
    following = f"{vendor.url}{path}?PageSize=1000&Page=1&PageToken=x"
    vendor.will_answer(
        (
            200,
            {
                "task_queues": [{"sid": "WQ2", "friendly_name": "b"}],
                "meta": {"next_page_url": following},
            },
        ),
        (
            200,
            {
                "task_queues": [{"sid": "WQ1", "friendly_name": "A"}],
                "meta": {"next_page_url": None},
            },
        ),
    )
    assert await twilio.entries("task_queues", KEY) == [
        Entry(id="WQ1", label="A"),
        Entry(id="WQ2", label="b"),
    ]
    assert vendor.paths == [f"{path}?PageSize=1000", f"{path}?PageSize=1000&Page=1&PageToken=x"]


async def test_does_not_follow_to_another_host(twilio: Twilio, vendor: CannedVendor) -> None:
    """The credentials are sent to no other host, whatever the list names."""
    meta = {"next_page_url": "https://taskrouter.example.com/v1/next"}
    vendor.will_answer((200, {"task_queues": [{"sid": "WQ1"}], "meta": meta}))
    with pytest.raises(RejectedError, match="at another host"):
        await twilio.entries("task_queues", KEY)


def test_the_longest_name_leaves_room_for_the_marker() -> None:
    """A name of the greatest length fits into Twilio's 64 characters with its marker."""
    longest = Workflow.model_fields["friendly_name"].metadata
    form = from_fields(
        "n" * next(each.max_length for each in longest if hasattr(each, "max_length"))
    )
    request = Twilio(httpx.AsyncClient(), "").request("workflow", Submission(form, MARKER), KEY)
    assert request.data is not None
    assert len(request.data["FriendlyName"]) == 64


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        (
            "key_sid",
            WS,
            "Paste the SID of an API key (SK…) or of the account (AC…).",
        ),
        (
            "workspace_sid",
            "WS1",
            "Paste the SID of a TaskRouter workspace (WS…).",
        ),
        (
            "key_secret",
            "  ",
            "Paste the key.",
        ),
    ],
)
def test_credentials(field: str, value: str, sentence: str) -> None:
    """Incorrect credentials are explained before Twilio is asked, and are not shown."""
    given = {"key_sid": SK, "key_secret": "s3cret", "workspace_sid": WS, field: value}
    with pytest.raises(ValidationError) as caught:
        TwilioKey.model_validate(given)
    ((only),) = caught.value.errors(include_input=False)
    assert (only["loc"], only["msg"]) == ((field,), f"Value error, {sentence}")
    assert (
        "s3cret"
        not in f"{caught.value}{TwilioKey.model_validate(given | {field: KEY_VALUES[field]})!r}"
    )


KEY_VALUES = {"key_sid": SK, "key_secret": "s3cret", "workspace_sid": WS}


def test_its_limits_are_those_it_documents() -> None:
    """It documents none."""
    assert Twilio.limits == Limits()
