"""Vendors' answers to the search for an object that may have been created."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.adapters.base import Adapter, Created, Submission
from bot.adapters.incident_io import IncidentIo
from bot.adapters.incident_io.forms import Incident as IncidentIoIncident
from bot.adapters.registry import ADAPTERS, make_adapters
from bot.adapters.rootly.forms import ActionItem, Incident
from bot.errors import OutcomeUnknownError, RejectedError, RetryLaterError, VendorError
from tests.adapters.conftest import CannedVendor
from tests.adapters.test_lenient import FORMS, KEYS, answers, outcome
from tests.adapters.twilio_filled import KEY as TWILIO_KEY
from tests.adapters.twilio_filled import MARKER, WS, from_fields
from tests.contract.forms import FORMS as STRATEGIES
from tests.contract.forms import submissions

SINCE = 1_800_000_000.0
BY_NUMBER = ("incident_id", "parent_incident_id", "duplicate_incident_id")
"""Fields that may hold an incident's number, which would be looked up."""


class Echo:
    """A vendor that lists the objects that were created there, in the shortest possible answers."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            row = self._row(request)
            self.rows.append((request.url.path, row))
            members = {
                "/v2/incidents": "incident",
                "/v3/actions": "action",
                "/v3/follow_ups": "follow_up",
            }
            member = members.get(request.url.path, "data")
            return httpx.Response(201, json={member: row, **row})
        rows = [row for path, row in self.rows if path == request.url.path]
        if name := request.url.params.get("FriendlyName"):
            rows = [row for row in rows if row["friendly_name"] == name]
        incident = {"id": request.url.path.rpartition("/")[2], "mode": "standard"}
        return httpx.Response(200, json={**lists_of(rows), "incident": incident})

    def _row(self, request: httpx.Request) -> Any:
        common = {"id": "1", "sid": "1", "created_at": "2027-01-15T08:00:00Z"}
        if request.headers["content-type"].startswith("application/x-www-form-urlencoded"):
            form = dict(parse_qsl(request.content.decode()))
            return common | {
                "friendly_name": form.get("FriendlyName"),
                "attributes": form.get("Attributes"),
            }
        body = json.loads(request.content)
        return common | ({"attributes": body["data"]["attributes"]} if "data" in body else body)


@pytest.mark.parametrize("name", STRATEGIES)
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_the_marker_can_be_read_back(name: str, data: st.DataObject) -> None:
    """Any filled-in form is found again by its marker, with the same result as its creation."""
    submission = data.draw(submissions(name))
    named = (getattr(submission.form, field, None) for field in BY_NUMBER)
    assume(not any((value or "").startswith("#") for value in named))
    assume(name != "incident_io.incident" or getattr(submission.form, "severity_id", None))
    vendor, _, operation = name.partition(".")
    transport = httpx.MockTransport(Echo())

    async def created_and_found() -> tuple[Created, list[Created]]:
        async with httpx.AsyncClient(transport=transport) as client:
            adapter = make_adapters(client, dict.fromkeys(ADAPTERS, "https://vendor"))[vendor]
            created = await adapter.create(operation, submission, KEYS[vendor])
            return created, await adapter.find(operation, submission, KEYS[vendor], SINCE)

    created, found = asyncio.run(created_and_found())
    assert found == [created]


@pytest.mark.parametrize(("vendor", "operation"), FORMS)
@settings(max_examples=50)
@given(answer=answers)
def test_any_answer(vendor: str, operation: str, answer: tuple[int, str]) -> None:
    """Looking for it ends in what was found, each with an id, or in a vendor error."""
    submission = Submission(FORMS[vendor, operation], MARKER)
    result = outcome(
        vendor, answer, lambda adapter: adapter.find(operation, submission, KEYS[vendor], SINCE)
    )
    assert isinstance(result, VendorError) or all(
        isinstance(each, Created) and each.id for each in result
    )


def lists_of(rows: Any) -> dict[str, Any]:
    """Return an answer with these rows under every name that a vendor's list has."""
    return dict.fromkeys(("data", "incidents", "actions", "follow_ups", "workflows", "tasks"), rows)


GARBAGE = [
    pytest.param("<html>", id="no JSON"),
    pytest.param({}, id="no list"),
    pytest.param(lists_of({}), id="an object for a list"),
    pytest.param(lists_of([{"name": "x"}]), id="rows without ids"),
    pytest.param(lists_of(["x"]), id="rows that are no objects"),
]


@pytest.mark.parametrize(("vendor_name", "operation"), FORMS)
@pytest.mark.parametrize("body", GARBAGE)
async def test_garbage(
    vendor: CannedVendor, client: httpx.AsyncClient, vendor_name: str, operation: str, body: Any
) -> None:
    """An answer that is no proper list does not mean that the object is missing."""
    first: list[tuple[int, Any]] = []
    if (vendor_name, operation) in (("incident_io", "action"), ("incident_io", "follow_up")):
        # What kind of incident it is, and whether this version of the API is there.
        first = [(200, {"incident": {"id": "i", "mode": "standard"}}), (200, lists_of([]))]
    vendor.will_answer(*first, (200, body))
    adapter = make_adapters(client, dict.fromkeys(ADAPTERS, vendor.url))[vendor_name]
    submission = Submission(FORMS[vendor_name, operation], MARKER)
    with pytest.raises(RetryLaterError, match=r"sent an answer that we can't read\.$"):
        await adapter.find(operation, submission, KEYS[vendor_name], SINCE)
    assert vendor.answers == []


def rootly(*names: str, more: bool) -> Any:
    rows = [{"id": name, "attributes": {"name": name, "labels": {}}} for name in names]
    return {"data": rows, "meta": {"next_page": 2 if more else None}}


async def test_rootly_incidents_are_asked_for_in_both_ways(
    vendor: CannedVendor, client: httpx.AsyncClient
) -> None:
    """The search reads the newest incidents since ten minutes before, then the sent kind."""
    vendor.will_answer(
        (200, rootly("a", more=True)), (200, rootly("b", more=False)), (200, rootly(more=False))
    )
    form = Incident(title="x", kind="test", parent_incident_id="p")
    adapter = make_adapters(client, dict.fromkeys(ADAPTERS, vendor.url))["rootly"]
    assert await adapter.find("incident", Submission(form, MARKER), KEYS["rootly"], SINCE) == []
    since = "filter[created_at][gte]=2027-01-15T07:50:00Z&sort=-created_at"
    assert vendor.paths == [
        f"/v1/incidents?{since}&page[size]=50&page[number]=1",
        f"/v1/incidents?{since}&page[size]=50&page[number]=2",
        f"/v1/incidents?{since}&filter[kind]=test_sub&page[size]=50&page[number]=1",
    ]


async def test_rootly_lists_the_oldest_first(
    vendor: CannedVendor, client: httpx.AsyncClient
) -> None:
    """Rootly's objects are sorted by time, whatever their offset."""
    rows = [
        {"id": each, "attributes": {"description": f"({MARKER})", "created_at": at}}
        for each, at in (
            ("b", "2026-11-21T10:00:00.000-08:00"),
            ("c", "2026-11-21T19:00:00Z"),
            ("a", "2026-11-21T11:30Z"),
        )
    ]
    vendor.will_answer((200, {"data": rows}))
    adapter = make_adapters(client, dict.fromkeys(ADAPTERS, vendor.url))["rootly"]
    submission = Submission(ActionItem(incident_id="i", summary="Look"), MARKER)
    found = await adapter.find("action_item", submission, KEYS["rootly"], SINCE)
    assert [each.id for each in found] == ["a", "b", "c"]


async def test_twilio_follows_all_pages(vendor: CannedVendor, client: httpx.AsyncClient) -> None:
    """A list whose filter is ignored is read to its end, and both of Twilio's date formats are
    read."""

    def page(sid: str, name: str, at: str, following: str | None) -> tuple[int, Any]:
        row = {"sid": sid, "friendly_name": name, "date_created": at}
        return 200, {"workflows": [row], "meta": {"next_page_url": following}}

    base = f"/v1/Workspaces/{WS}/Workflows"
    name = f"Night & day [{MARKER}]"
    vendor.will_answer(
        page("WW3", "Another", "2026-11-21T10:00:00Z", f"{vendor.url}{base}?Page=1"),
        page("WW2", name, "Sat, 21 Nov 2026 12:00:00 +0000", f"{vendor.url}{base}?Page=2"),
        page("WW1", name, "2026-11-21T11:00:00Z", None),
    )
    adapter = make_adapters(client, dict.fromkeys(ADAPTERS, vendor.url))["twilio"]
    submission = Submission(from_fields("Night & day"), MARKER)
    found = await adapter.find("workflow", submission, TWILIO_KEY, SINCE)
    assert found == [Created(id="WW1", title="Night & day"), Created(id="WW2", title="Night & day")]
    assert vendor.paths == [
        f"{base}?FriendlyName={name}&PageSize=1000",
        f"{base}?Page=1",
        f"{base}?Page=2",
    ]


async def test_twilio_does_not_follow_to_another_host(
    vendor: CannedVendor, client: httpx.AsyncClient
) -> None:
    """The credentials are not sent to another host that a next page names."""
    row = {"sid": "WW1", "friendly_name": "x"}
    vendor.will_answer(
        (
            200,
            {
                "workflows": [row],
                "meta": {"next_page_url": "https://elsewhere.example.com/?Page=1"},
            },
        )
    )
    adapter = make_adapters(client, dict.fromkeys(ADAPTERS, vendor.url))["twilio"]
    submission = Submission(from_fields("x"), MARKER)
    with pytest.raises(RejectedError, match="another host"):
        await adapter.find("workflow", submission, TWILIO_KEY, SINCE)


LISTS_WITHOUT_END: dict[str, Callable[[int], Any]] = {
    "rootly": lambda number: {
        "data": [{"id": f"{number}-{each}", "attributes": {}} for each in range(1000)],
        "meta": {"next_page": number + 1},
    },
    "incident_io": lambda number: {
        "incidents": [{"id": f"{number}-{each}"} for each in range(1000)],
        "pagination_meta": {"after": str(number)},
    },
    "twilio": lambda number: {
        "workflows": [{"sid": f"{number}-{each}"} for each in range(1000)],
        "meta": {"next_page_url": f"https://vendor/v1/{number}"},
    },
}


@pytest.mark.parametrize("vendor_name", LISTS_WITHOUT_END)
async def test_a_list_without_end(vendor_name: str) -> None:
    """A list that is not read to its end does not mean that the object is missing."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json=LISTS_WITHOUT_END[vendor_name](len(asked)))

    operation = "workflow" if vendor_name == "twilio" else "incident"
    submission = Submission(FORMS[vendor_name, operation], MARKER)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        adapter: Adapter = make_adapters(client, dict.fromkeys(ADAPTERS, "https://vendor"))[
            vendor_name
        ]
        with pytest.raises(RetryLaterError):
            await adapter.find(operation, submission, KEYS[vendor_name], SINCE)
    assert len(asked) == 20


DOWN = IncidentIoIncident(name="Checkout is down", severity_id="s1")
SAYS = {"errors": [{"message": "Key is taken", "source": {"field": "idempotency_key"}}]}


def namesake(number: int, **changes: Any) -> dict[str, Any]:
    made = {
        "id": f"01{number}",
        "reference": f"INC-{number}",
        "name": "Checkout is down",
        "creator": {"api_key": {"id": "k"}},
        "created_at": "2999-01-01T00:00:00Z",
    }
    return made | changes


OTHERS = [
    namesake(7, name="Search is down"),
    namesake(8, creator={"user": {"id": "u"}}),
    namesake(9, created_at="2001-01-01"),
]
MADE_BEFORE = [
    pytest.param(409, False, [namesake(1), *OTHERS], "INC-1", id="409 and one"),
    pytest.param(422, True, [*OTHERS, namesake(1)], "INC-1", id="422 and one"),
    pytest.param(409, True, OTHERS, OutcomeUnknownError, id="409 and none"),
    pytest.param(422, True, OTHERS, RejectedError, id="422 and none"),
    pytest.param(409, True, [namesake(1), namesake(2)], OutcomeUnknownError, id="409 and several"),
    pytest.param(422, True, [namesake(1), namesake(2)], OutcomeUnknownError, id="422 and several"),
]


@pytest.mark.parametrize(("status", "again", "rows", "expected"), MADE_BEFORE)
async def test_a_key_that_is_taken(
    vendor: CannedVendor,
    client: httpx.AsyncClient,
    status: int,
    again: bool,
    rows: Any,
    expected: Any,
) -> None:
    """A repeated incident that is refused is the one of its name that a key made, if there is just
    one."""
    vendor.will_answer((status, SAYS), (200, {"incidents": rows}))
    adapter, submission = IncidentIo(client, vendor.url), Submission(DOWN, MARKER, again=again)
    if isinstance(expected, str):
        created = await adapter.create("incident", submission, KEYS["incident_io"])
        assert created == Created(id="011", reference=expected, title="Checkout is down")
    else:
        with pytest.raises(expected, match=r"already has this incident\.$|^Key is taken$"):
            await adapter.create("incident", submission, KEYS["incident_io"])
    assert vendor.answers == []


async def test_a_first_refusal_is_not_looked_into(
    vendor: CannedVendor, client: httpx.AsyncClient
) -> None:
    """The refusal of a first attempt is a refusal, and no search is made."""
    vendor.will_answer((422, SAYS))
    with pytest.raises(RejectedError, match=r"^Key is taken$"):
        await IncidentIo(client, vendor.url).create(
            "incident", Submission(DOWN, MARKER), KEYS["incident_io"]
        )


@pytest.mark.parametrize(
    ("vendor_name", "base_url", "page"),
    [
        ("rootly", "https://api.rootly.com/", "https://rootly.com/account/incidents"),
        ("rootly", "https://rootly.example.com/api/", "https://rootly.example.com/api/"),
        ("incident_io", "https://api.incident.io", "https://app.incident.io/"),
        ("incident_io", "http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
        (
            "twilio",
            "https://taskrouter.twilio.com",
            f"https://www.twilio.com/console/taskrouter/workspaces/{WS}/workflows",
        ),
        ("twilio", "https://taskrouter.sydney.au1.twilio.com/", "https://console.twilio.com/"),
        ("twilio", "http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
    ],
)
def test_by_hand(vendor_name: str, base_url: str, page: str) -> None:
    """The page is the vendor's own if that is known; for another host, its front page."""
    adapter = make_adapters(httpx.AsyncClient(), dict.fromkeys(ADAPTERS, base_url))[vendor_name]
    key = TWILIO_KEY if vendor_name == "twilio" else KEYS[vendor_name]
    assert adapter.by_hand("incident", key) == page
