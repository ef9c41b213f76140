"""incident.io's lists as catalogs, with canned answers, and its user for a Slack user."""

from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.adapters.base import Entry
from bot.adapters.credentials import ApiKey
from bot.adapters.incident_io import IncidentIo
from bot.errors import RetryLaterError
from bot.slack.people import Person
from tests.adapters.conftest import CannedVendor

KEY = ApiKey(api_key=SecretStr("inc_key"))
PERMALINK = "https://app.incident.io/acme/incidents/42"
INCIDENT = {"id": "01F", "reference": "INC-42", "name": "Down", "permalink": PERMALINK}


@pytest.fixture
def incident_io(client: httpx.AsyncClient, vendor: CannedVendor) -> IncidentIo:
    return IncidentIo(client, vendor.url)


@pytest.mark.parametrize("body", ["<html>", "", {"error": "x"}, {"users": {}}])
@pytest.mark.parametrize("before", [0, 1])
async def test_an_unreadable_page(
    incident_io: IncidentIo, vendor: CannedVendor, body: Any, before: int
) -> None:
    """A list with an unreadable page is an error, and not an empty or short list."""
    vendor.will_answer(
        *[(200, {"users": [{"id": "1"}], "pagination_meta": {"after": "1"}})] * before, (200, body)
    )
    with pytest.raises(
        RetryLaterError, match=r"^incident\.io sent an answer that we can't read\.$"
    ):
        await incident_io.entries("users", KEY)


async def test_walks_all_pages(incident_io: IncidentIo, vendor: CannedVendor) -> None:
    """People are read cursor by cursor and sorted by name."""
    bo, ann = {"id": "2", "name": "Bo", "email": "bo@example.com"}, {"id": "1", "name": "Ann"}
    vendor.will_answer(
        (200, {"users": [bo], "pagination_meta": {"after": "2"}}), (200, {"users": [ann]})
    )
    assert await incident_io.entries("users", KEY) == [
        Entry(id="1", label="Ann"),
        Entry(id="2", label="Bo", detail="bo@example.com"),
    ]
    assert vendor.paths == ["/v2/users?page_size=250", "/v2/users?page_size=250&after=2"]


async def test_reads_only_the_newest_incidents(
    incident_io: IncidentIo, vendor: CannedVendor
) -> None:
    """The newest three hundred incidents are read, test ones among them."""
    page = [{**INCIDENT, "mode": "test", "incident_status": {"name": "Active"}}] * 150
    for cursor in ("b", "c"):
        vendor.will_answer((200, {"incidents": page, "pagination_meta": {"after": cursor}}))
    found = await incident_io.entries("incidents", KEY)
    assert (len(found), found[0]) == (
        300,
        Entry(id="01F", label="INC-42 Down", detail="Active, test", url=PERMALINK),
    )
    modes = (
        "mode[one_of]=standard&mode[one_of]=retrospective&mode[one_of]=test&mode[one_of]=tutorial"
    )
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
            {"id": "2", "name": "Outage", "is_default": True, "create_in_triage": "optional"},
            {"id": "3", "name": "Ours?", "create_in_triage": "always"},
            {
                "id": "4",
                "name": "Leak",
                "create_in_triage": "always",
                "private_incidents_only": True,
            },
        ],
        [
            Entry(id="2", label="Outage"),
            Entry(id="1", label="Data", detail="private incidents only"),
            Entry(id="4", label="Leak", detail="private incidents only, begins in triage"),
            Entry(id="3", label="Ours?", detail="begins in triage"),
        ],
        id="incident_types",
    ),
    pytest.param(
        "incident_statuses",
        [
            {"id": "1", "name": "Fixing", "category": "live", "rank": 2},
            {"id": "2", "name": "Merged", "category": "merged", "rank": 1},
            {"id": "3", "name": "Triage", "category": "triage", "rank": 1},
        ],
        [
            Entry(id="3", label="Triage", detail="triage"),
            Entry(id="1", label="Fixing", detail="live"),
        ],
        id="incident_statuses",
    ),
    pytest.param(
        "users",
        [
            {
                "id": "1",
                "name": "Bo",
                "email": "bo@example.com",
                "slack_user_id": "U1",
                "is_active": True,
            },
            {"id": "2", "name": "Ann"},
        ],
        [
            Entry(id="2", label="Ann"),
            Entry(id="1", label="Bo", detail="bo@example.com", slack_id="U1"),
        ],
        id="users",
    ),
    pytest.param(
        "teams",
        [{"id": "1", "name": "Storefront"}, {"id": "2", "name": "payments"}, {"name": "x"}],
        [Entry(id="2", label="payments"), Entry(id="1", label="Storefront")],
        id="teams",
    ),
    pytest.param(
        "catalog_entries:t",
        [
            {"id": "2", "name": "Lyon"},
            {"id": "1", "name": "Leipzig"},
            {"id": "3", "name": "Old", "archived_at": "2026"},
        ],
        [Entry(id="1", label="Leipzig"), Entry(id="2", label="Lyon")],
        id="the entries of a catalog type",
    ),
]


@pytest.mark.parametrize(("catalog", "rows", "expected"), CATALOGS)
async def test_entries(
    incident_io: IncidentIo, vendor: CannedVendor, catalog: str, rows: Any, expected: Any
) -> None:
    """A list becomes entries in the order in which people search them."""
    vendor.will_answer((200, {catalog.partition(":")[0]: rows}))
    assert await incident_io.entries(catalog, KEY) == expected


@pytest.mark.parametrize(
    ("catalog", "member"),
    [("follow_up_priorities", "priority"), ("follow_up_categories", "category")],
)
async def test_some_are_those_of_the_follow_ups(
    incident_io: IncidentIo, vendor: CannedVendor, catalog: str, member: str
) -> None:
    """Priorities and categories are those of follow-ups, each once, in incident.io's order."""
    low, high = {"id": "1", "name": "Low", "rank": 2}, {"id": "2", "name": "High", "rank": 1}
    rows = [
        {"id": "a", member: low},
        {"id": "b"},
        {"id": "c", member: high},
        {"id": "d", member: low},
    ]
    more = {"page_size": 250, "after": "b"}
    vendor.will_answer(
        (200, {"follow_ups": []}),
        (200, {"follow_ups": rows[:2], "pagination_meta": more}),
        (200, {"follow_ups": rows[2:], "pagination_meta": {"page_size": 250}}),
    )
    assert await incident_io.entries(catalog, KEY) == [
        Entry(id="2", label="High"),
        Entry(id="1", label="Low"),
    ]
    path = "/v3/follow_ups?page_size="
    assert vendor.paths == [f"{path}1", f"{path}250", f"{path}250&after=b"]


async def test_asks_for_one_catalog_type(incident_io: IncidentIo, vendor: CannedVendor) -> None:
    """The entries of a catalog type are a catalog of their own; an unknown name is an error."""
    vendor.will_answer((200, {"catalog_entries": []}))
    assert incident_io.catalog("catalog_entries:t").label == "entries"
    assert await incident_io.entries("catalog_entries:t", KEY) == []
    assert vendor.paths == ["/v3/catalog_entries?catalog_type_id=t&page_size=250"]
    with pytest.raises(KeyError):
        incident_io.catalog("entries")


USERS = [
    Entry(id="1", label="Ann", detail="ann@example.com", slack_id="U1"),
    Entry(id="2", label="Bo", detail="Bo@example.com"),
    Entry(id="3", label="Cy"),
]


@pytest.mark.parametrize(
    ("slack_id", "email", "user"),
    [
        ("U1", None, "Ann"),
        ("U1", "bo@example.com", "Ann"),
        ("U9", "bo@EXAMPLE.com ", "Bo"),
        ("U9", "ann@example.com", "Ann"),
        ("U9", "", None),
        ("", None, None),
        ("U9", "someone@example.com", None),
    ],
)
async def test_user_for(
    incident_io: IncidentIo, slack_id: str, email: str | None, user: str | None
) -> None:
    """A Slack user is the user with that Slack id, else with that e-mail address, else nobody."""
    found = incident_io.user_for(Person(slack_id, "Somebody", email, "member"), USERS)
    assert (found and found.label) == user
