"""The Rootly adapter against canned answers: what it sends, and what it makes of what comes back."""

from typing import Any

import httpx
import pytest

from bot.adapters.base import Account, Created, Entry
from bot.adapters.rootly import Rootly
from bot.adapters.rootly.forms import ActionItem, Incident, SendEmail
from bot.errors import Refused, TryLater, Unauthorized, Unclear
from tests.adapters.conftest import CannedVendor
from tests.adapters.rootly_filled import KEY, MARKER, submit, task

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
    return 200, {"data": data, "meta": {"next_page": more}, "links": {"next": "https://x" if more else None}}


async def test_creates_an_incident(rootly: Rootly, vendor: CannedVendor) -> None:
    """What is sent arrives with the token, and the answer becomes a reference and a link."""
    attributes = {"sequential_id": 42, "title": "Down", "url": "https://rootly.com/account/incidents/42-down"}
    vendor.will_answer((201, {"data": {"id": "9b1f", "attributes": attributes}}))
    submission = submit(Incident(title="Down"))
    assert await rootly.create("incident", submission, KEY) == Created(
        id="9b1f", reference="INC-42", title="Down", url="https://rootly.com/account/incidents/42-down"
    )
    sent = rootly.request("incident", submission, KEY)
    assert vendor.requests == [("POST", "/v1/incidents", {**ARRIVED, "idempotency-key": MARKER}, sent.json)]


async def test_looks_up_an_incident_by_its_number(rootly: Rootly, vendor: CannedVendor) -> None:
    """`#42` is replaced by the incident's id before the create, and the receipt links to that incident."""
    found = {"sequential_id": 42, "title": "Down", "url": "https://rootly.com/account/incidents/42-down"}
    vendor.will_answer(listed(("9b1f", found)), (201, {"data": {"id": "a1", "attributes": {}}}))
    created = await rootly.create("action_item", submit(ActionItem(incident_id="#42", summary="Roll back")), KEY)
    assert created == Created(id="a1", title="Roll back", url="https://rootly.com/account/incidents/42-down")
    assert vendor.paths == ["/v1/incidents?filter[sequential_id]=42&page[size]=1", "/v1/incidents/9b1f/action_items"]


LOOK_UPS = [
    pytest.param(listed(), Refused, "", {"incident_id": "Rootly has no incident INC-42."}, id="none"),
    pytest.param(
        listed(("x", {"sequential_id": 7})),
        Refused,
        "",
        {"incident_id": "Rootly has no incident INC-42."},
        id="another",
    ),
    pytest.param((503, ""), TryLater, "Rootly does not answer at the moment.", None, id="down"),
    pytest.param(
        error(401, "Invalid token"),
        Unauthorized,
        "Rootly no longer accepts this workspace's token; an admin can reconnect it with `/vendors`.",
        None,
        id="token",
    ),
]


@pytest.mark.parametrize(("answer", "kind", "sentence", "fields"), LOOK_UPS)
async def test_failed_look_up(
    rootly: Rootly, vendor: CannedVendor, answer: Any, kind: type[Exception], sentence: str, fields: Any
) -> None:
    """A look-up that fails creates nothing, and is never unclear."""
    vendor.will_answer(answer)
    with pytest.raises(kind) as caught:
        await rootly.create("action_item", submit(ActionItem(incident_id="#42", summary="Roll back")), KEY)
    assert (str(caught.value), getattr(caught.value, "fields", None)) == (sentence, fields)
    assert len(vendor.requests) == 1


REFUSALS = [
    pytest.param(error(422, "Severity must exist"), Refused, "", {"severity_id": "Severity must exist"}, id="1"),
    pytest.param(
        error(422, "Summary can't be blank", "Summary raw can't be blank", "Plan limit reached"),
        Refused,
        "Plan limit reached",
        {"summary": "Summary can't be blank"},
        id="1 with a raw twin",
    ),
    pytest.param(
        error(422, "Detected at can not be before Started time"),
        Refused,
        "",
        {"detected_at": "Detected at can not be before Started time"},
        id="1 about a time",
    ),
    pytest.param(
        error(422, "Incident types is invalid", "Title is too long"),
        Refused,
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
        Refused,
        "",
        {"severity_id": "can't be blank; is odd"},
        id="2",
    ),
    pytest.param(
        (422, {"title": ["is bad"], "rotation": ["is missing"]}),
        Refused,
        "rotation: is missing",
        {"title": "is bad"},
        id="3",
    ),
    pytest.param((400, {"error": "Offset too deep"}), Refused, "Offset too deep", {}, id="4"),
    pytest.param((422, "<html>"), Refused, "Rootly refused it and gave no reason (HTTP 422).", {}, id="no JSON"),
    pytest.param(
        error(404, "Not found or unauthorized"),
        Refused,
        "Rootly says “not found or unauthorized”: this workspace's token may lack the right to do this.",
        {},
        id="404",
    ),
    pytest.param(
        error(401, "Invalid token"),
        Unauthorized,
        "Rootly no longer accepts this workspace's token; an admin can reconnect it with `/vendors`.",
        None,
        id="401",
    ),
    pytest.param(
        error(403, "Forbidden"),
        Unauthorized,
        'Rootly does not let this workspace\'s token do that ("Forbidden"); '
        "an admin can give it the right to, or connect another one with `/vendors`.",
        None,
        id="403",
    ),
    pytest.param(
        (429, {"error": "Rate limited"}),
        TryLater,
        "Rootly is taking no more requests for the moment.",
        None,
        id="429",
    ),
    pytest.param(
        (500, "oops"),
        Unclear,
        "Rootly answered with an error of its own, so it is not known whether it was created.",
        None,
        id="500",
    ),
    pytest.param(
        (201, {"data": {}}), Unclear, "Rootly answered without saying what it created.", None, id="201 without an id"
    ),
]


@pytest.mark.parametrize(("answer", "kind", "sentence", "fields"), REFUSALS)
async def test_errors(
    rootly: Rootly, vendor: CannedVendor, answer: Any, kind: type[Exception], sentence: str, fields: Any
) -> None:
    """Each shape of error becomes the vendor's words beside the field they are about."""
    vendor.will_answer(answer)
    with pytest.raises(kind) as caught:
        await rootly.create("incident", submit(Incident(title="Down")), KEY)
    assert (str(caught.value), getattr(caught.value, "fields", None)) == (sentence, fields)


async def test_refusal_of_a_nested_form(rootly: Rootly, vendor: CannedVendor) -> None:
    """A complaint about a task's parameters lands beside the parameter."""
    form = task(workflow_id="w", task_type="send_email", task_params=SendEmail(to=["a@b.c"], subject="s", body="b"))
    vendor.will_answer((422, {"task_params.from": ["is odd"], "to": ["is bad"], "position": ["is taken"]}))
    with pytest.raises(Refused) as caught:
        await rootly.create("workflow_task", submit(form), KEY)
    assert caught.value.fields == {
        "task_params.from_": "is odd",
        "task_params.to": "is bad",
        "position": "is taken",
    }


async def test_missing_workflow(rootly: Rootly, vendor: CannedVendor) -> None:
    """A 404 is said beside the field whose id stands in the path."""
    form = task(workflow_id="w", task_type="send_email", task_params=SendEmail(to=["a@b.c"], subject="s", body="b"))
    vendor.will_answer(error(404, "Not found or unauthorized"))
    with pytest.raises(Refused) as caught:
        await rootly.create("workflow_task", submit(form), KEY)
    sentence = "Rootly does not find this workflow, or does not show it to this workspace's token. Choose another."
    assert caught.value.fields == {"workflow_id": sentence}


USER = {"full_name": "Ann Lee", "full_name_with_team": "[Brambleway] Ann Lee"}
ACCOUNTS = [
    pytest.param([(200, {"data": {"id": "2", "attributes": USER}})], ("Brambleway", "Brambleway"), id="a user's"),
    pytest.param(
        [(200, {"data": {"id": "2", "attributes": {"full_name": "Ann"}}})], ("user:2", "Ann"), id="without a team"
    ),
    pytest.param([error(404, "Not found"), listed(("2", USER))], ("Brambleway", "Brambleway"), id="nobody's"),
    pytest.param(
        [error(422, "No user"), error(404, "Not found"), listed()],
        ("key:926df06bc6a71ac2", "a Rootly key without a user"),
        id="nobody's, and it may not read users",
    ),
]


@pytest.mark.parametrize(("answers", "expected"), ACCOUNTS)
async def test_verify(rootly: Rootly, vendor: CannedVendor, answers: list[Any], expected: tuple[str, str]) -> None:
    """A key is the organisation's account, or its user's, or its own."""
    vendor.will_answer(*answers)
    assert await rootly.verify(KEY) == Account(id=expected[0], name=expected[1])


async def test_verify_refuses_a_wrong_key(rootly: Rootly, vendor: CannedVendor) -> None:
    """A key that Rootly does not know is turned away with a sentence for whoever connects it."""
    vendor.will_answer(error(401, "Invalid token"))
    with pytest.raises(Unauthorized, match=r"^Rootly does not accept these credentials: copy them again, whole\.$"):
        await rootly.verify(KEY)


async def test_walks_all_pages(rootly: Rootly, vendor: CannedVendor) -> None:
    """A list is read to its end and sorted by name."""
    vendor.will_answer(listed(("1", {"name": "web"}), more=2), listed(("2", {"name": "API"})))
    assert await rootly.entries("services", KEY) == [Entry(id="2", label="API"), Entry(id="1", label="web")]
    assert vendor.requests == [
        ("GET", "/v1/services?page[size]=100&page[number]=1", READ, None),
        ("GET", "/v1/services?page[size]=100&page[number]=2", READ, None),
    ]


CATALOGS = [
    pytest.param(
        "severities",
        [("1", {"name": "Minor", "severity": "low"}), ("2", {"name": "SEV1", "severity": "critical"})],
        [Entry(id="2", label="SEV1", detail="critical"), Entry(id="1", label="Minor", detail="low")],
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
    pytest.param(
        "incidents",
        [
            ("x", {"sequential_id": 42, "title": "Down", "status": "in_triage", "url": "https://r/42"}),
            ("y", {"title": "Up"}),
        ],
        [
            Entry(id="x", label="INC-42 Down", detail="in triage", url="https://r/42"),
            Entry(id="y", label="Up"),
        ],
        id="incidents",
    ),
]


@pytest.mark.parametrize(("catalog", "rows", "expected"), CATALOGS)
async def test_entries(rootly: Rootly, vendor: CannedVendor, catalog: str, rows: Any, expected: list[Entry]) -> None:
    """A list becomes what people choose from, in the order in which they look for it."""
    vendor.will_answer(listed(*rows))
    assert await rootly.entries(catalog, KEY) == expected


async def test_reads_only_the_newest_incidents(rootly: Rootly, vendor: CannedVendor) -> None:
    """Of the incidents the newest three hundred are read, however many there are."""
    page = listed(*((str(number), {}) for number in range(100)), more=9)
    vendor.will_answer(page, page, page)
    assert len(await rootly.entries("incidents", KEY)) == 300
    assert vendor.paths[2] == "/v1/incidents?sort=-created_at&page[size]=100&page[number]=3"


async def test_verify_without_an_answer(rootly: Rootly, vendor: CannedVendor) -> None:
    """Trying a key out creates nothing, so a vendor in trouble is no more than a reason to try later."""
    vendor.will_answer((500, ""))
    with pytest.raises(TryLater, match=r"^Rootly does not answer at the moment\.$"):
        await rootly.verify(KEY)
