"""The Rootly adapter with canned answers: its requests, and its results."""

from typing import Any

import httpx
import pytest

from bot.adapters.base import Created, Entry
from bot.adapters.rate_limit import Limits, Rate
from bot.adapters.rootly import Rootly
from bot.adapters.rootly.forms import ActionItem, Incident
from bot.errors import OutcomeUnknownError, RejectedError, RetryLaterError, UnauthorizedError
from tests.adapters.conftest import CannedVendor
from tests.adapters.rootly_filled import KEY, MARKER, SendEmail, submit, task

ARRIVED = {
    "authorization": "Bearer rootly_key",
    "content-type": "application/vnd.api+json",
    "accept": "application/vnd.api+json",
}
READ = {"authorization": "Bearer rootly_key", "accept": "application/vnd.api+json"}


@pytest.fixture
def rootly(client: httpx.AsyncClient, vendor: CannedVendor) -> Rootly:
    return Rootly(client, vendor.url)


def error(status: int, *titles: str) -> tuple[int, Any]:
    return status, {"errors": [{"title": title, "status": str(status)} for title in titles]}


def listed(*rows: tuple[str, dict[str, Any]], more: int | None = None) -> tuple[int, Any]:
    data = [{"id": row, "type": "x", "attributes": attributes} for row, attributes in rows]
    return 200, {
        "data": data,
        "meta": {"next_page": more},
        "links": {"next": "https://x" if more else None},
    }


async def test_creates_an_incident(rootly: Rootly, vendor: CannedVendor) -> None:
    """The request arrives with the token, and the answer becomes a reference and a link."""
    attributes = {
        "sequential_id": 42,
        "title": "Down",
        "url": "https://rootly.com/account/incidents/42-down",
    }
    vendor.will_answer((201, {"data": {"id": "9b1f", "attributes": attributes}}))
    submission = submit(Incident(title="Down"))
    assert await rootly.create("incident", submission, KEY) == Created(
        id="9b1f",
        reference="INC-42",
        title="Down",
        url="https://rootly.com/account/incidents/42-down",
    )
    sent = rootly.request("incident", submission, KEY)
    assert vendor.requests == [
        ("POST", "/v1/incidents", {**ARRIVED, "idempotency-key": MARKER}, sent.json)
    ]


async def test_looks_up_an_incident_by_its_number(rootly: Rootly, vendor: CannedVendor) -> None:
    """`#42` is replaced by the incident's id before the create, and the receipt links to that
    incident."""
    found = {
        "sequential_id": 42,
        "title": "Down",
        "url": "https://rootly.com/account/incidents/42-down",
    }
    vendor.will_answer(listed(("9b1f", found)), (201, {"data": {"id": "a1", "attributes": {}}}))
    created = await rootly.create(
        "action_item", submit(ActionItem(incident_id="#42", summary="Roll back")), KEY
    )
    assert created == Created(
        id="a1", title="Roll back", url="https://rootly.com/account/incidents/42-down"
    )
    assert vendor.paths == [
        "/v1/incidents?filter[sequential_id]=42&page[size]=1",
        "/v1/incidents/9b1f/action_items",
    ]


async def test_looks_up_a_test_incident(rootly: Rootly, vendor: CannedVendor) -> None:
    """A number that Rootly's usual list does not have is searched among the test incidents."""
    vendor.will_answer(
        listed(), listed(("9b1f", {"sequential_id": 42})), (201, {"data": {"id": "a1"}})
    )
    await rootly.create(
        "action_item", submit(ActionItem(incident_id="#42", summary="Roll back")), KEY
    )
    asked = "/v1/incidents?filter[sequential_id]=42&page[size]=1"
    assert vendor.paths == [
        asked,
        f"{asked}&filter[kind][in]=test,test_sub",
        "/v1/incidents/9b1f/action_items",
    ]


@pytest.mark.parametrize(
    "row", [("x", {"sequential_id": 7}), ("x", {}), ("", {"sequential_id": 42}), None]
)
async def test_unknown_number(
    rootly: Rootly, vendor: CannedVendor, row: tuple[str, dict[str, Any]] | None
) -> None:
    """Only an incident with this number in its attributes is accepted."""
    vendor.will_answer(*[listed(*filter(None, [row]))] * 2)
    with pytest.raises(RejectedError) as caught:
        await rootly.create(
            "action_item", submit(ActionItem(incident_id="#42", summary="Roll back")), KEY
        )
    assert {name: str(words) for name, words in caught.value.fields.items()} == {
        "incident_id": "Rootly has no incident INC-42. Choose another."
    }


LOOK_UPS = [
    pytest.param(
        (200, "<html>"),
        RetryLaterError,
        "Rootly sent an answer that we can't read.",
        None,
        id="a page of another kind",
    ),
    pytest.param((503, ""), RetryLaterError, "Rootly isn't answering.", None, id="down"),
    pytest.param(
        error(401, "Invalid token"),
        UnauthorizedError,
        "Rootly rejected our API key. An admin can replace it in `/vendors`.",
        None,
        id="token",
    ),
]


@pytest.mark.parametrize(("answer", "kind", "sentence", "fields"), LOOK_UPS)
async def test_failed_look_up(
    rootly: Rootly,
    vendor: CannedVendor,
    answer: Any,
    kind: type[Exception],
    sentence: str,
    fields: Any,
) -> None:
    """A look-up that fails creates nothing, and its outcome is certain."""
    vendor.will_answer(answer)
    with pytest.raises(kind) as caught:
        await rootly.create(
            "action_item", submit(ActionItem(incident_id="#42", summary="Roll back")), KEY
        )
    assert (str(caught.value), getattr(caught.value, "fields", None)) == (sentence, fields)
    assert len(vendor.requests) == 1


REFUSALS = [
    pytest.param(
        error(422, "Severity must exist"),
        RejectedError,
        "",
        {"severity_id": "Severity must exist"},
        id="1",
    ),
    pytest.param(
        error(422, "Summary can't be blank", "Summary raw can't be blank", "Plan limit reached"),
        RejectedError,
        "Plan limit reached",
        {"summary": "Summary can't be blank"},
        id="1 with a raw twin",
    ),
    pytest.param(
        error(422, "Detected at can not be before Started time"),
        RejectedError,
        "",
        {"detected_at": "Detected at can not be before Started time"},
        id="1 about a time",
    ),
    pytest.param(
        error(422, "Incident types is invalid", "Title is too long"),
        RejectedError,
        "",
        {"incident_type_ids": "Incident types is invalid", "title": "Title is too long"},
        id="1 plural",
    ),
    pytest.param(
        (
            422,
            {
                "error": "unprocessable_entity",
                "message": "No",
                "details": {"severity_id": ["can't be blank", "is odd"]},
            },
        ),
        RejectedError,
        "",
        {"severity_id": "can't be blank; is odd"},
        id="2",
    ),
    pytest.param(
        (422, {"title": ["is bad"], "rotation": ["is missing"]}),
        RejectedError,
        "rotation: is missing",
        {"title": "is bad"},
        id="3",
    ),
    pytest.param(
        (422, {"errors": {"title": ["is bad"], "rotation": ["is missing"]}}),
        RejectedError,
        "rotation: is missing",
        {"title": "is bad"},
        id="3 below errors",
    ),
    pytest.param(
        (
            422,
            {
                "error": "e",
                "message": "Not like this",
                "details": {"severity_id": {"code": "blank"}},
            },
        ),
        RejectedError,
        "Not like this",
        {},
        id="2 with details that say nothing",
    ),
    pytest.param(
        error(422, "Teams must exist", "Private incidents are not enabled for this team"),
        RejectedError,
        "Private incidents are not enabled for this team",
        {"group_ids": "Teams must exist"},
        id="1 about a team, and about nothing in particular",
    ),
    pytest.param(
        error(409, "Conflict"),
        OutcomeUnknownError,
        "Rootly says that it already has this incident.",
        None,
        id="409",
    ),
    pytest.param((400, {"error": "Offset too deep"}), RejectedError, "Offset too deep", {}, id="4"),
    pytest.param(
        (422, "<html>"),
        RejectedError,
        "Rootly rejected it without a reason. The HTTP status is 422.",
        {},
        id="no JSON",
    ),
    pytest.param(
        error(404, "Not found or unauthorized"),
        RejectedError,
        "Rootly says: “not found or unauthorized”. Our API key may not have the right to do "
        "this. Ask an admin to check it in Rootly.",
        {},
        id="404",
    ),
    pytest.param(
        error(401, "Invalid token"),
        UnauthorizedError,
        "Rootly rejected our API key. An admin can replace it in `/vendors`.",
        None,
        id="401",
    ),
    pytest.param(
        error(403, "Forbidden"),
        UnauthorizedError,
        "Rootly doesn't let our API key do this. Rootly says: “Forbidden”. An admin can give it "
        "more rights in Rootly, or replace it in `/vendors`.",
        None,
        id="403",
    ),
    pytest.param(
        (429, {"error": "Rate limited"}),
        RetryLaterError,
        "Rootly's rate limit is reached.",
        None,
        id="429",
    ),
    pytest.param(
        (500, "oops"),
        OutcomeUnknownError,
        "Rootly had an error.",
        None,
        id="500",
    ),
    pytest.param(
        (201, {"data": {}}),
        OutcomeUnknownError,
        "Rootly didn't say what it created.",
        None,
        id="201 without an id",
    ),
]


@pytest.mark.parametrize(("answer", "kind", "sentence", "fields"), REFUSALS)
async def test_errors(
    rootly: Rootly,
    vendor: CannedVendor,
    answer: Any,
    kind: type[Exception],
    sentence: str,
    fields: Any,
) -> None:
    """Each shape of error becomes the vendor's words beside the field they are about."""
    vendor.will_answer(answer)
    with pytest.raises(kind) as caught:
        await rootly.create("incident", submit(Incident(title="Down")), KEY)
    assert (str(caught.value), getattr(caught.value, "fields", None)) == (sentence, fields)


NESTED = [
    pytest.param(
        {"task_params.from": ["is odd"], "to": ["is bad"], "position": ["is taken"]},
        {"task_params.from_": "is odd", "task_params.to": "is bad", "position": "is taken"},
        "",
        id="by attribute",
    ),
    pytest.param(
        {"task_params": {"to": ["is bad"]}},
        {"task_params.to": "is bad"},
        "",
        id="nested as we sent it",
    ),
    pytest.param(
        error(422, "To is invalid", "Task params subject can't be blank", "Name is taken")[1],
        {
            "task_params.to": "To is invalid",
            "task_params.subject": "Task params subject can't be blank",
            "name": "Name is taken",
        },
        "",
        id="titles",
    ),
    pytest.param(
        error(422, "To add this task you need SMTP")[1],
        {},
        "To add this task you need SMTP",
        id="no attribute",
    ),
]


@pytest.mark.parametrize(("body", "fields", "rest"), NESTED)
async def test_refusal_of_a_nested_form(
    rootly: Rootly, vendor: CannedVendor, body: Any, fields: dict[str, str], rest: str
) -> None:
    """A complaint about a task's parameters lands beside the parameter."""
    form = task(
        workflow_id="w",
        task_type="send_email",
        task_params=SendEmail(to=["a@b.c"], subject="s", body="b"),
    )
    vendor.will_answer((422, body))
    with pytest.raises(RejectedError) as caught:
        await rootly.create("workflow_task", submit(form), KEY)
    assert (str(caught.value), caught.value.fields) == (rest, fields)


async def test_a_title_names_the_whole_attribute(rootly: Rootly, vendor: CannedVendor) -> None:
    """Words that only begin like an attribute's name are about something else."""
    vendor.will_answer(error(422, "Incident type must exist", "Assigned to teams must exist"))
    with pytest.raises(RejectedError) as caught:
        await rootly.create("action_item", submit(ActionItem(incident_id="i", summary="x")), KEY)
    assert (str(caught.value), caught.value.fields) == (
        "Incident type must exist",
        {"assigned_to_group_ids": "Assigned to teams must exist"},
    )


@pytest.mark.parametrize("way", [".", ".."])
async def test_an_id_is_one_step_of_the_path(
    rootly: Rootly, vendor: CannedVendor, way: str
) -> None:
    """An id that leads elsewhere is refused before anything is sent."""
    forms = {
        "action_item": ActionItem(incident_id=way, summary="x"),
        "workflow_task": task(
            workflow_id=way,
            task_type="send_email",
            task_params=SendEmail(to=["a@b.c"], subject="s", body="b"),
        ),
    }
    for operation, form in forms.items():
        with pytest.raises(RejectedError, match="has nothing with the ID"):
            await rootly.create(operation, submit(form), KEY)
    assert vendor.requests == []


async def test_missing_workflow(rootly: Rootly, vendor: CannedVendor) -> None:
    """A 404 is shown beside the field whose id is in the path."""
    form = task(
        workflow_id="w",
        task_type="send_email",
        task_params=SendEmail(to=["a@b.c"], subject="s", body="b"),
    )
    vendor.will_answer(error(404, "Not found or unauthorized"))
    with pytest.raises(RejectedError) as caught:
        await rootly.create("workflow_task", submit(form), KEY)
    sentence = "Rootly doesn't show this workflow to our API key. Choose another."
    assert {name: str(words) for name, words in caught.value.fields.items()} == {
        "workflow_id": sentence
    }


@pytest.mark.parametrize("body", ["<html>", "", {"error": "x"}, {"data": {}}])
@pytest.mark.parametrize("before", [0, 1])
async def test_an_unreadable_page(
    rootly: Rootly, vendor: CannedVendor, body: Any, before: int
) -> None:
    """A list with an unreadable page is an error, and not an empty or short list."""
    vendor.will_answer(*[listed(("1", {"name": "web"}), more=2)] * before, (200, body))
    with pytest.raises(RetryLaterError, match=r"^Rootly sent an answer that we can't read\.$"):
        await rootly.entries("services", KEY)


async def test_walks_all_pages(rootly: Rootly, vendor: CannedVendor) -> None:
    """A list is read to its end and sorted by name."""
    vendor.will_answer(listed(("1", {"name": "web"}), more=2), listed(("2", {"name": "API"})))
    assert await rootly.entries("services", KEY) == [
        Entry(id="2", label="API"),
        Entry(id="1", label="web"),
    ]
    assert vendor.requests == [
        ("GET", "/v1/services?page[size]=100&page[number]=1", READ, None),
        ("GET", "/v1/services?page[size]=100&page[number]=2", READ, None),
    ]


CATALOGS = [
    pytest.param(
        "severities",
        [
            ("1", {"name": "Minor", "severity": "low"}),
            ("2", {"name": "SEV1", "severity": "critical"}),
        ],
        [
            Entry(id="2", label="SEV1", detail="critical"),
            Entry(id="1", label="Minor", detail="low"),
        ],
        id="severities",
    ),
    pytest.param(
        "workflows",
        [("1", {"name": "B", "enabled": False}), ("2", {"name": "A", "locked": True})],
        [Entry(id="1", label="B", detail="switched off")],
        id="workflows",
    ),
    pytest.param(
        "users",
        [("7", {"full_name": "Ann Lee", "email": "ann@example.com"})],
        [Entry(id="7", label="Ann Lee", detail="ann@example.com")],
        id="users",
    ),
    pytest.param(
        "roles",
        [("1", {"name": "Scribe", "enabled": False}), ("2", {"name": "Lead"})],
        [Entry(id="2", label="Lead")],
        id="roles",
    ),
]


@pytest.mark.parametrize(("catalog", "rows", "expected"), CATALOGS)
async def test_entries(
    rootly: Rootly, vendor: CannedVendor, catalog: str, rows: Any, expected: list[Entry]
) -> None:
    """A list becomes entries in the order in which people search them."""
    vendor.will_answer(listed(*rows))
    assert await rootly.entries(catalog, KEY) == expected


async def test_lists_test_incidents_among_the_others(rootly: Rootly, vendor: CannedVendor) -> None:
    """Test incidents are read separately, stand in the list by their age, and are there once."""
    url = "https://rootly.com/account/incidents/42-down"
    down = {
        "sequential_id": 42,
        "title": "Down",
        "status": "in_triage",
        "url": url,
        "created_at": "2026-11-03",
    }
    drill = {"sequential_id": 41, "title": "Drill", "kind": "test_sub", "created_at": "2026-11-02"}
    up = ("z", {"title": "Up", "created_at": "2026-11-01"})
    vendor.will_answer(listed(("x", down), up), listed(("y", drill), up))
    assert await rootly.entries("incidents", KEY) == [
        Entry(id="x", label="INC-42 Down", detail="in triage", url=url),
        Entry(id="y", label="INC-41 Drill", detail="test"),
        Entry(id="z", label="Up"),
    ]


async def test_reads_only_the_newest_incidents(rootly: Rootly, vendor: CannedVendor) -> None:
    """The newest three hundred and the newest hundred tests are read, however many there are."""
    pages = [
        listed(*((f"{page}-{number}", {}) for number in range(50)), more=9) for page in range(8)
    ]
    vendor.will_answer(*pages)
    assert len(await rootly.entries("incidents", KEY)) == 400
    assert vendor.paths[5:7] == [
        "/v1/incidents?sort=-created_at&page[size]=50&page[number]=6",
        (
            "/v1/incidents?sort=-created_at&filter[kind][in]=test,test_sub&page[size]=50&page[number]=1"
        ),
    ]


def test_its_limits_are_those_it_documents() -> None:
    """3000 reads and 3000 writes a minute."""
    assert Rootly.limits == Limits(read=Rate(3000), write=Rate(3000))
