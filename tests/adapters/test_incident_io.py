"""The incident.io adapter with canned answers: its requests, and its results."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from pydantic import HttpUrl, SecretStr, ValidationError

from bot.adapters.base import Created, Entry, Request, Submission
from bot.adapters.credentials import Account, ApiKey, Rights
from bot.adapters.incident_io import IncidentIo
from bot.adapters.incident_io.forms import Action, FollowUp, Incident, RetrospectiveOptions
from bot.adapters.rate_limit import Limits, Rate
from bot.errors import OutcomeUnknownError, RejectedError, RetryLaterError, UnauthorizedError
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
    entries = [
        {"message": words, **({"source": {"field": field}} if field else {})}
        for field, words in said
    ]
    return status, {"type": "x", "status": status, "request_id": request_id, "errors": entries}


IN_VERSION_3 = (200, {"actions": [], "follow_ups": [], "pagination_meta": {"page_size": 1}})
"""The answer of a vendor that has version 3."""
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
        Submission(
            Action(incident_id="01F", description="Roll *back*", assignee_id="u1"),
            MARKER,
            reporter="Ann_Lee",
        ),
        Request(
            "POST",
            "/v3/actions",
            json={
                "incident_id": "01F",
                "description": f"Roll *back*\n\n_Added from Slack by Ann\\_Lee ({MARKER})_",
                "assignee_id": "u1",
            },
            headers=JSON,
        ),
        id="action",
    ),
    pytest.param(
        "incident",
        Submission(
            Incident(
                name="Long over",
                visibility="private",
                mode="retrospective",
                incident_type_id="t1",
                incident_status_id="st1",
                retrospective_incident_options=RetrospectiveOptions(
                    slack_channel_id="C1", postmortem_document_url=HttpUrl("https://example.com/pm")
                ),
            ),
            MARKER,
        ),
        Request(
            "POST",
            "/v2/incidents",
            json={
                "name": "Long over",
                "visibility": "private",
                "mode": "retrospective",
                "incident_type_id": "t1",
                "incident_status_id": "st1",
                "retrospective_incident_options": {
                    "slack_channel_id": "C1",
                    "postmortem_document_url": "https://example.com/pm",
                },
                "idempotency_key": MARKER,
            },
            headers=JSON,
        ),
        id="incident of the past",
    ),
    pytest.param(
        "follow_up",
        Submission(
            FollowUp(
                incident_id="01F",
                title="Watch the *pool*",
                description="It was **full**.",
                assignee_id="u1",
                assignee_team_id="te1",
                follow_up_priority_option_id="p1",
                follow_up_category_id="c1",
                labels=["pool", "database"],
            ),
            MARKER,
            reporter="Ann",
        ),
        Request(
            "POST",
            "/v3/follow_ups",
            json={
                "incident_id": "01F",
                "title": "Watch the *pool*",
                "description": f"It was **full**.\n\n_Added from Slack by Ann ({MARKER})_",
                "assignee_id": "u1",
                "assignee_team_id": "te1",
                "follow_up_priority_option_id": "p1",
                "follow_up_category_id": "c1",
                "labels": ["pool", "database"],
            },
            headers=JSON,
        ),
        id="follow-up",
    ),
    pytest.param(
        "follow_up",
        Submission(FollowUp(incident_id="01F", title="Look"), MARKER),
        Request(
            "POST",
            "/v3/follow_ups",
            json={
                "incident_id": "01F",
                "title": "Look",
                "description": f"_Added from Slack ({MARKER})_",
            },
            headers=JSON,
        ),
        id="follow-up with no more than a title",
    ),
]


@pytest.mark.parametrize(("operation", "submission", "expected"), REQUESTS)
async def test_request(
    incident_io: IncidentIo, operation: str, submission: Submission, expected: Request
) -> None:
    """A form becomes exactly this request."""
    assert incident_io.request(operation, submission, KEY) == expected


@pytest.mark.parametrize(("operation", "submission", "expected"), REQUESTS)
async def test_request_in_version_2(
    incident_io: IncidentIo, operation: str, submission: Submission, expected: Request
) -> None:
    """Version 2 takes the same bodies.

    Source for an action: incident.io's page on `POST /v2/actions`.
    """
    made = incident_io.request(operation, submission, KEY, 2)
    assert made == replace(expected, path=expected.path.replace("/v3/", "/v2/"))


async def test_creates_an_incident(incident_io: IncidentIo, vendor: CannedVendor) -> None:
    """The request arrives with the token, and the answer (a 200) becomes a reference and a link."""
    vendor.will_answer((200, {"incident": INCIDENT}))
    assert await incident_io.create("incident", Submission(DOWN, MARKER), KEY) == Created(
        id="01F", reference="INC-42", title="Down", url="https://app.incident.io/acme/incidents/42"
    )
    sent = incident_io.request("incident", Submission(DOWN, MARKER), KEY)
    assert vendor.requests == [
        ("POST", "/v2/incidents", {**READ, "content-type": "application/json"}, sent.json)
    ]


async def test_action_links_to_its_incident(incident_io: IncidentIo, vendor: CannedVendor) -> None:
    """An action has no page of its own; the receipt links to the incident that was chosen."""
    vendor.will_answer(IN_VERSION_3, (201, {"action": {"id": "a1"}}))
    chosen = {
        "incidents/01F": Entry(
            id="01F", label="INC-42 Down", url="https://app.incident.io/acme/incidents/42"
        )
    }
    form = Action(incident_id="01F", description="Roll back\nnow")
    assert await incident_io.create(
        "action", Submission(form, MARKER, selected=chosen), KEY
    ) == Created(id="a1", title="Roll back", url="https://app.incident.io/acme/incidents/42")


async def test_follow_up_links_to_its_incident(
    incident_io: IncidentIo, vendor: CannedVendor
) -> None:
    """A follow-up has no page of its own; an incident named by its number is looked up for the
    link."""
    vendor.will_answer(
        (200, {"incident": INCIDENT}), IN_VERSION_3, (201, {"follow_up": {"id": "f1"}})
    )
    form = FollowUp(incident_id="#42", title="Look")
    assert await incident_io.create("follow_up", Submission(form, MARKER), KEY) == Created(
        id="f1", title="Look", url="https://app.incident.io/acme/incidents/42"
    )
    assert [(path, body and body["incident_id"]) for _, path, _, body in vendor.requests] == [
        ("/v2/incidents/42", None),
        ("/v3/follow_ups?page_size=1", None),
        ("/v3/follow_ups", "01F"),
    ]


def chosen(status: str | None = None, kind: str | None = None) -> dict[str, Entry]:
    """Return entries of a status and a type as pickers showed them, None for an unknown one."""
    found = {}
    if status is not None:
        found["incident_statuses/st1"] = Entry(id="st1", label="A status", detail=status)
    if kind is not None:
        found["incident_types/t1"] = Entry(id="t1", label="A type", detail=kind)
    return found


SEVERITY = {"severity_id": "Choose a severity: only incidents in triage can do without one."}
PRIVATE = {
    "visibility": (
        "Incidents of the type “A type” are private: choose that only the people invited can see "
        "it."
    )
}
KNOWN_BEFORE = [
    pytest.param({}, chosen(), SEVERITY, id="no severity"),
    pytest.param(
        {"incident_status_id": "st1"}, chosen("live"), SEVERITY, id="no severity, and not in triage"
    ),
    pytest.param({"incident_status_id": "st1"}, chosen("triage"), {}, id="in triage"),
    pytest.param(
        {"incident_status_id": "st1"}, chosen(""), {}, id="a status of which nothing is known"
    ),
    pytest.param({"incident_status_id": "st1"}, {}, {}, id="a status that is not known"),
    pytest.param(
        {"incident_type_id": "t1"},
        chosen(kind="begins in triage"),
        {},
        id="a type that begins in triage",
    ),
    pytest.param({"incident_type_id": "t1"}, chosen(kind=""), SEVERITY, id="a type that does not"),
    pytest.param(
        {"incident_type_id": "t1", "incident_status_id": "st1"},
        chosen("live", "begins in triage"),
        SEVERITY,
        id="a type that begins in triage, and a status that is none",
    ),
    pytest.param(
        {"incident_type_id": "t1", "severity_id": "s"},
        chosen(kind="private incidents only"),
        PRIVATE,
        id="public",
    ),
    pytest.param(
        {"incident_type_id": "t1"},
        chosen(kind="private incidents only, begins in triage"),
        PRIVATE,
        id="public, and in triage",
    ),
    pytest.param(
        {"incident_type_id": "t1"},
        chosen(kind="private incidents only"),
        SEVERITY | PRIVATE,
        id="both",
    ),
    pytest.param(
        {"incident_type_id": "t1", "severity_id": "s", "visibility": "private"},
        chosen(kind="private incidents only"),
        {},
        id="private",
    ),
]


@pytest.mark.parametrize(("given", "picked", "expected"), KNOWN_BEFORE)
async def test_what_is_known_before_is_said_before(
    incident_io: IncidentIo,
    vendor: CannedVendor,
    given: dict[str, Any],
    picked: Any,
    expected: dict[str, str],
) -> None:
    """A refusal that the chosen entries make certain is not sent; other decisions are
    incident.io's."""
    vendor.will_answer((200, {"incident": INCIDENT}))
    submission = Submission(Incident(name="x", **given), MARKER, selected=picked)
    said: dict[str, str] = {}
    try:
        await incident_io.create("incident", submission, KEY)
    except RejectedError as error:
        said = {name: str(words) for name, words in error.fields.items()}
    assert (said, len(vendor.requests)) == (expected, 0 if expected else 1)


@pytest.mark.parametrize("mode", ["standard", "test", "tutorial"])
@pytest.mark.parametrize(
    "given", [{"slack_channel_id": "C1"}, {"postmortem_document_url": "https://example.com"}]
)
def test_only_the_past_has_a_past(mode: str, given: dict[str, str]) -> None:
    """Options of an incident of the past are refused beside their field for any other incident."""
    with pytest.raises(ValidationError) as caught:
        Incident.model_validate(
            {"name": "x", "mode": mode, "retrospective_incident_options": given}
        )
    (error,) = caught.value.errors()
    assert error["ctx"]["field"] == f"retrospective_incident_options.{next(iter(given))}"


async def test_looks_up_an_incident_by_its_number(
    incident_io: IncidentIo, vendor: CannedVendor
) -> None:
    """`#42` is replaced by the incident's id before the create."""
    vendor.will_answer((200, {"incident": INCIDENT}), IN_VERSION_3, (201, {"action": {"id": "a1"}}))
    form = Action(incident_id="#42", description="Roll back")
    created = await incident_io.create("action", Submission(form, MARKER), KEY)
    assert created == Created(
        id="a1", title="Roll back", url="https://app.incident.io/acme/incidents/42"
    )
    assert [(path, body and body["incident_id"]) for _, path, _, body in vendor.requests] == [
        ("/v2/incidents/42", None),
        ("/v3/actions?page_size=1", None),
        ("/v3/actions", "01F"),
    ]


LOOK_UPS = [
    pytest.param(
        errors(404),
        RejectedError,
        "",
        {"incident_id": "incident.io has no incident INC-42."},
        id="none",
    ),
    pytest.param(
        (200, {"incident": {**INCIDENT, "reference": "INC-7"}}),
        RejectedError,
        "",
        {"incident_id": "incident.io has no incident INC-42."},
        id="another",
    ),
    pytest.param(
        (200, "<html>"),
        RetryLaterError,
        "incident.io sent an answer that could not be read.",
        None,
        id="no JSON",
    ),
    pytest.param(
        (502, ""), RetryLaterError, "incident.io does not answer at the moment.", None, id="down"
    ),
    pytest.param(
        errors(401),
        UnauthorizedError,
        "incident.io no longer accepts this workspace's token; an admin can reconnect it with "
        "`/vendors`.",
        None,
        id="token",
    ),
]


@pytest.mark.parametrize(("answer", "kind", "sentence", "fields"), LOOK_UPS)
async def test_failed_look_up(
    incident_io: IncidentIo,
    vendor: CannedVendor,
    answer: Any,
    kind: type[Exception],
    sentence: str,
    fields: Any,
) -> None:
    """A look-up that fails creates nothing, and its outcome is certain."""
    vendor.will_answer(answer)
    with pytest.raises(kind) as caught:
        await incident_io.create(
            "action", Submission(Action(incident_id="#42", description="x"), MARKER), KEY
        )
    assert (str(caught.value), getattr(caught.value, "fields", None)) == (sentence, fields)
    assert len(vendor.requests) == 1


REFUSALS = [
    pytest.param(
        errors(422, ("severity_id", "A severity is required"), ("severity_id", "It is archived")),
        RejectedError,
        "",
        {"severity_id": "A severity is required; It is archived"},
        id="a field, twice",
    ),
    pytest.param(
        errors(422, ("custom_field_entries[0].values", "Team is required"), request_id="r-1"),
        RejectedError,
        "Team is required (incident.io's support asks for this: r-1)",
        {},
        id="a field that the form has not",
    ),
    pytest.param(
        errors(400, ("", "Odd"), ("name.text", "Too long")),
        RejectedError,
        "Odd",
        {"name": "Too long"},
        id="both",
    ),
    pytest.param(
        (422, {"message": "Too odd"}), RejectedError, "Too odd", {}, id="nothing but a message"
    ),
    pytest.param(
        (422, []),
        RejectedError,
        "incident.io refused it and gave no reason (HTTP 422).",
        {},
        id="nothing said",
    ),
    pytest.param(
        errors(403, ("", "Missing scope")),
        UnauthorizedError,
        'incident.io does not let this workspace\'s token do that ("Missing scope"); '
        "an admin can give it the right to, or connect another one with `/vendors`.",
        None,
        id="403",
    ),
    pytest.param(
        (200, {"incident": {}}),
        OutcomeUnknownError,
        "incident.io answered without saying what it created.",
        None,
        id="no id",
    ),
]


@pytest.mark.parametrize(("answer", "kind", "sentence", "fields"), REFUSALS)
async def test_errors(
    incident_io: IncidentIo,
    vendor: CannedVendor,
    answer: Any,
    kind: type[Exception],
    sentence: str,
    fields: Any,
) -> None:
    """Each error becomes the vendor's words beside the field they are about."""
    vendor.will_answer(answer)
    with pytest.raises(kind) as caught:
        await incident_io.create("incident", Submission(DOWN, MARKER), KEY)
    assert (str(caught.value), getattr(caught.value, "fields", None)) == (sentence, fields)


@pytest.mark.parametrize(
    ("operation", "form"),
    [
        ("action", Action(incident_id="01F", description="x")),
        ("follow_up", FollowUp(incident_id="01F", title="x")),
    ],
)
async def test_on_a_missing_incident(
    incident_io: IncidentIo, vendor: CannedVendor, operation: str, form: Action | FollowUp
) -> None:
    """The 404 of an action or a follow-up is about its incident, if the path exists."""
    vendor.will_answer(IN_VERSION_3, errors(404, ("", "Not found")), IN_VERSION_3)
    with pytest.raises(RejectedError) as caught:
        await incident_io.create(operation, Submission(form, MARKER), KEY)
    sentence = "incident.io does not find this incident, or does not show it to this token."
    assert (str(caught.value), caught.value.fields) == ("", {"incident_id": sentence})
    asked, path = f"/v3/{operation}s?page_size=1", f"/v3/{operation}s"
    assert vendor.paths == [asked, path, asked]


async def test_verify(incident_io: IncidentIo, vendor: CannedVendor) -> None:
    """Two keys of one organisation are one account, which the dashboard's path names."""
    roles = ("viewer", "incident_creator")
    identity = {
        "name": "Slack key",
        "dashboard_url": "https://app.incident.io/acme/",
        "roles": roles,
    }
    vendor.will_answer((200, {"identity": identity}), (200, {}), (200, {}), (200, {}))
    rights = Rights(acts_as="the API key “Slack key”", roles=roles)
    assert await incident_io.verify(KEY) == Account(id="acme", name="acme", rights=rights)
    assert vendor.requests[0] == ("GET", "/v1/identity", READ, None)
    assert sorted(vendor.paths[1:]) == [
        "/v1/severities",
        "/v2/incidents?page_size=1",
        "/v3/teams?page_size=1",
    ]


@pytest.mark.parametrize("way", [".", ".."])
async def test_a_number_is_one_step_of_the_path(
    incident_io: IncidentIo, vendor: CannedVendor, way: str
) -> None:
    """An incident's number that leads to another path is refused before anything is sent."""
    with pytest.raises(RejectedError, match="has nothing with the id"):
        await incident_io.create(
            "action", Submission(Action(incident_id=f"#{way}", description="x"), MARKER), KEY
        )
    assert vendor.requests == []


async def test_verify_at_a_page_of_another_kind(
    incident_io: IncidentIo, vendor: CannedVendor
) -> None:
    """A successful answer of another program connects nothing."""
    vendor.will_answer((200, "<html>"))
    with pytest.raises(
        OutcomeUnknownError,
        match=r"^incident\.io did not say which organisation the key belongs to\.$",
    ):
        await incident_io.verify(KEY)


def test_its_limits_are_those_it_documents() -> None:
    """Half of the 1200 calls a minute that reads and writes share."""
    assert IncidentIo.limits == Limits(read=Rate(600), write=Rate(600))
