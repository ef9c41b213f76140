"""The incident.io adapter against canned answers: what it sends, and what it makes of what comes back."""

from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.adapters.base import Account, ApiKey, Created, Entry, Request, Submission
from bot.adapters.incident_io import Action, Incident, IncidentIo
from bot.errors import Refused, TryLater, Unauthorized, Unclear
from tests.adapters.conftest import CannedVendor

MARKER = "ir4f2a9c01b2c3"
KEY = ApiKey(api_key=SecretStr("inc_key"))
JSON = {"Content-Type": "application/json", "Accept": "application/json"}
READ = {"authorization": "Bearer inc_key", "accept": "application/json"}
DOWN = Incident(name="Checkout is down", severity_id="s1")
INCIDENT = {
    "id": "01F",
    "reference": "INC-42",
    "name": "Down",
    "permalink": "https://app.incident.io/acme/incidents/42",
}


@pytest.fixture
def incident_io(client: httpx.AsyncClient, vendor: CannedVendor) -> IncidentIo:
    return IncidentIo(client, vendor.url)


def errors(status: int, *said: tuple[str, str], request_id: str = "") -> tuple[int, Any]:
    entries = [{"message": words, **({"source": {"field": field}} if field else {})} for field, words in said]
    return status, {"type": "x", "status": status, "request_id": request_id, "errors": entries}


REQUESTS = [
    pytest.param(
        "incident",
        Submission(DOWN, MARKER, revision=1),
        Request(
            "POST",
            "/v2/incidents",
            json={
                "name": "Checkout is down",
                "severity_id": "s1",
                "visibility": "public",
                "mode": "standard",
                "idempotency_key": f"{MARKER}-r1",
            },
            headers=JSON,
        ),
        id="incident",
    ),
    pytest.param(
        "action",
        Submission(Action(incident_id="01F", description="Roll *back*", assignee_id="u1"), MARKER, reporter="Ann_Lee"),
        Request(
            "POST",
            "/v2/actions",
            json={
                "incident_id": "01F",
                "description": f"Roll *back*\n\n_Added from Slack by Ann\\_Lee ({MARKER})_",
                "assignee_id": "u1",
            },
            headers=JSON,
        ),
        id="action",
    ),
]


@pytest.mark.parametrize(("operation", "submission", "expected"), REQUESTS)
async def test_request(incident_io: IncidentIo, operation: str, submission: Submission, expected: Request) -> None:
    """A form becomes exactly this request."""
    assert incident_io.request(operation, submission, KEY) == expected


async def test_creates_an_incident(incident_io: IncidentIo, vendor: CannedVendor) -> None:
    """What is sent arrives with the token, and the answer (a 200) becomes a reference and a link."""
    vendor.will_answer((200, {"incident": INCIDENT}))
    assert await incident_io.create("incident", Submission(DOWN, MARKER), KEY) == Created(
        id="01F", reference="INC-42", title="Down", url="https://app.incident.io/acme/incidents/42"
    )
    sent = incident_io.request("incident", Submission(DOWN, MARKER), KEY)
    assert vendor.requests == [("POST", "/v2/incidents", {**READ, "content-type": "application/json"}, sent.json)]


async def test_action_links_to_its_incident(incident_io: IncidentIo, vendor: CannedVendor) -> None:
    """An action has no page of its own; the receipt links to the incident that was chosen."""
    vendor.will_answer((201, {"action": {"id": "a1"}}))
    chosen = {"incidents/01F": Entry(id="01F", label="INC-42 Down", url="https://app.incident.io/acme/incidents/42")}
    form = Action(incident_id="01F", description="Roll back\nnow")
    assert await incident_io.create("action", Submission(form, MARKER, chosen=chosen), KEY) == Created(
        id="a1", title="Roll back", url="https://app.incident.io/acme/incidents/42"
    )


async def test_looks_up_an_incident_by_its_number(incident_io: IncidentIo, vendor: CannedVendor) -> None:
    """`#42` is replaced by the incident's id before the create."""
    vendor.will_answer((200, {"incident": INCIDENT}), (201, {"action": {"id": "a1"}}))
    form = Action(incident_id="#42", description="Roll back")
    created = await incident_io.create("action", Submission(form, MARKER), KEY)
    assert created == Created(id="a1", title="Roll back", url="https://app.incident.io/acme/incidents/42")
    assert [(path, body and body["incident_id"]) for _, path, _, body in vendor.requests] == [
        ("/v2/incidents/42", None),
        ("/v2/actions", "01F"),
    ]


LOOK_UPS = [
    pytest.param(errors(404), Refused, "", {"incident_id": "incident.io has no incident INC-42."}, id="none"),
    pytest.param(
        (200, {"incident": {**INCIDENT, "reference": "INC-7"}}),
        Refused,
        "",
        {"incident_id": "incident.io has no incident INC-42."},
        id="another",
    ),
    pytest.param((200, "<html>"), TryLater, "incident.io sent an answer that could not be read.", None, id="no JSON"),
    pytest.param((502, ""), TryLater, "incident.io does not answer at the moment.", None, id="down"),
    pytest.param(
        errors(401),
        Unauthorized,
        "incident.io no longer accepts this workspace's token; an admin can reconnect it with `/vendors`.",
        None,
        id="token",
    ),
]


@pytest.mark.parametrize(("answer", "kind", "sentence", "fields"), LOOK_UPS)
async def test_failed_look_up(
    incident_io: IncidentIo, vendor: CannedVendor, answer: Any, kind: type[Exception], sentence: str, fields: Any
) -> None:
    """A look-up that fails creates nothing, and is never unclear."""
    vendor.will_answer(answer)
    with pytest.raises(kind) as caught:
        await incident_io.create("action", Submission(Action(incident_id="#42", description="x"), MARKER), KEY)
    assert (str(caught.value), getattr(caught.value, "fields", None)) == (sentence, fields)
    assert len(vendor.requests) == 1


REFUSALS = [
    pytest.param(
        errors(422, ("severity_id", "A severity is required"), ("severity_id", "It is archived")),
        Refused,
        "",
        {"severity_id": "A severity is required; It is archived"},
        id="a field, twice",
    ),
    pytest.param(
        errors(422, ("custom_field_entries[0].values", "Team is required"), request_id="r-1"),
        Refused,
        "Team is required (incident.io's support asks for this: r-1)",
        {},
        id="a field that the form has not",
    ),
    pytest.param(errors(400, ("", "Odd"), ("name.text", "Too long")), Refused, "Odd", {"name": "Too long"}, id="both"),
    pytest.param((422, {"message": "Too odd"}), Refused, "Too odd", {}, id="nothing but a message"),
    pytest.param((422, []), Refused, "incident.io refused it and gave no reason (HTTP 422).", {}, id="nothing said"),
    pytest.param(
        errors(403, ("", "Missing scope")),
        Unauthorized,
        'incident.io does not let this workspace\'s token do that ("Missing scope"); '
        "an admin can give it the right to, or connect another one with `/vendors`.",
        None,
        id="403",
    ),
    pytest.param(
        errors(409, ("", "Exists")), Unclear, "incident.io says that it already has this incident.", None, id="409"
    ),
    pytest.param(
        (200, {"incident": {}}), Unclear, "incident.io answered without saying what it created.", None, id="no id"
    ),
]


@pytest.mark.parametrize(("answer", "kind", "sentence", "fields"), REFUSALS)
async def test_errors(
    incident_io: IncidentIo, vendor: CannedVendor, answer: Any, kind: type[Exception], sentence: str, fields: Any
) -> None:
    """Each error becomes the vendor's words beside the field they are about."""
    vendor.will_answer(answer)
    with pytest.raises(kind) as caught:
        await incident_io.create("incident", Submission(DOWN, MARKER), KEY)
    assert (str(caught.value), getattr(caught.value, "fields", None)) == (sentence, fields)


async def test_action_on_a_missing_incident(incident_io: IncidentIo, vendor: CannedVendor) -> None:
    """A 404 for an action is about its incident."""
    vendor.will_answer(errors(404, ("", "Not found")))
    with pytest.raises(Refused) as caught:
        await incident_io.create("action", Submission(Action(incident_id="01F", description="x"), MARKER), KEY)
    sentence = "incident.io does not find this incident, or does not show it to this token."
    assert (str(caught.value), caught.value.fields) == ("", {"incident_id": sentence})


async def test_verify(incident_io: IncidentIo, vendor: CannedVendor) -> None:
    """Two keys of one organisation are one account: the dashboard's path."""
    identity = {"name": "Slack key", "dashboard_url": "https://app.incident.io/acme/"}
    vendor.will_answer((200, {"identity": identity}))
    assert await incident_io.verify(KEY) == Account(id="acme", name="acme")
    assert vendor.requests == [("GET", "/v1/identity", READ, None)]


@pytest.mark.parametrize("way", [".", ".."])
async def test_a_number_is_one_step_of_the_path(incident_io: IncidentIo, vendor: CannedVendor, way: str) -> None:
    """What leads elsewhere is refused before anything is sent."""
    with pytest.raises(Refused, match="has nothing with the id"):
        await incident_io.create("action", Submission(Action(incident_id=f"#{way}", description="x"), MARKER), KEY)
    assert vendor.requests == []


async def test_verify_at_a_page_of_another_kind(incident_io: IncidentIo, vendor: CannedVendor) -> None:
    """A success of something that is not incident.io connects nothing."""
    vendor.will_answer((200, "<html>"))
    with pytest.raises(Unclear, match=r"^incident\.io did not say which organisation the key belongs to\.$"):
        await incident_io.verify(KEY)


@pytest.mark.parametrize("body", ["<html>", "", {"error": "x"}, {"users": {}}])
@pytest.mark.parametrize("before", [0, 1])
async def test_an_unreadable_page(incident_io: IncidentIo, vendor: CannedVendor, body: Any, before: int) -> None:
    """A list with a page that is none is not read at all, rather than read as empty or short."""
    vendor.will_answer(*[(200, {"users": [{"id": "1"}], "pagination_meta": {"after": "1"}})] * before, (200, body))
    with pytest.raises(TryLater, match=r"^incident\.io sent an answer that could not be read\.$"):
        await incident_io.entries("users", KEY)


async def test_walks_all_pages(incident_io: IncidentIo, vendor: CannedVendor) -> None:
    """People are read cursor by cursor and sorted by name."""
    bo, ann = {"id": "2", "name": "Bo", "email": "bo@example.com"}, {"id": "1", "name": "Ann"}
    vendor.will_answer((200, {"users": [bo], "pagination_meta": {"after": "2"}}), (200, {"users": [ann]}))
    assert await incident_io.entries("users", KEY) == [
        Entry(id="1", label="Ann"),
        Entry(id="2", label="Bo", detail="bo@example.com"),
    ]
    assert vendor.paths == ["/v2/users?page_size=250", "/v2/users?page_size=250&after=2"]


async def test_reads_only_the_newest_incidents(incident_io: IncidentIo, vendor: CannedVendor) -> None:
    """The newest three hundred incidents are read, test ones among them."""
    page = [{**INCIDENT, "mode": "test", "incident_status": {"name": "Active"}}] * 150
    for cursor in ("b", "c"):
        vendor.will_answer((200, {"incidents": page, "pagination_meta": {"after": cursor}}))
    found = await incident_io.entries("incidents", KEY)
    assert (len(found), found[0]) == (
        300,
        Entry(id="01F", label="INC-42 Down", detail="Active, test", url="https://app.incident.io/acme/incidents/42"),
    )
    modes = "mode[one_of]=standard&mode[one_of]=retrospective&mode[one_of]=test"
    query = f"page_size=150&sort_by=created_at_newest_first&{modes}"
    assert vendor.paths == [f"/v2/incidents?{query}", f"/v2/incidents?{query}&after=b"]


CATALOGS = [
    pytest.param(
        "severities",
        [{"id": "1", "name": "Minor", "rank": 1}, {"id": "2", "name": "Critical", "rank": 3}],
        [Entry(id="2", label="Critical"), Entry(id="1", label="Minor")],
        id="severities",
    ),
    pytest.param(
        "incident_types",
        [
            {"id": "1", "name": "Data", "private_incidents_only": True},
            {"id": "2", "name": "Outage", "is_default": True},
        ],
        [Entry(id="2", label="Outage"), Entry(id="1", label="Data", detail="private incidents only")],
        id="incident_types",
    ),
    pytest.param(
        "incident_statuses",
        [
            {"id": "1", "name": "Fixing", "category": "live", "rank": 2},
            {"id": "2", "name": "Merged", "category": "merged", "rank": 1},
            {"id": "3", "name": "Triage", "category": "triage", "rank": 1},
        ],
        [Entry(id="3", label="Triage", detail="triage"), Entry(id="1", label="Fixing", detail="live")],
        id="incident_statuses",
    ),
]


@pytest.mark.parametrize(("catalog", "rows", "expected"), CATALOGS)
async def test_entries(incident_io: IncidentIo, vendor: CannedVendor, catalog: str, rows: Any, expected: Any) -> None:
    """A list becomes what people choose from, in the order in which they look for it."""
    vendor.will_answer((200, {catalog: rows}))
    assert await incident_io.entries(catalog, KEY) == expected
