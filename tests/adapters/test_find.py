"""Created objects are found again by their marker, at the vendors' stand-ins over real HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any

import httpx
import pytest

from bot.adapters.base import Adapter
from bot.adapters.incident_io.forms import Action, FollowUp
from bot.adapters.incident_io.forms import Incident as IncidentIoIncident
from bot.adapters.rate_limit import Limits, Rate, RateLimiter
from bot.adapters.rootly.forms import ActionItem, Incident
from bot.errors import RejectedError, RetryLaterError, UnauthorizedError
from bot.forms.fields import Form
from bot.playground.vendors import STAND_INS
from bot.playground.vendors.faults import Weather
from bot.playground.vendors.ids import ulid
from tests.adapters.places import OPERATIONS, Place, place

PAGED = [name for name in OPERATIONS if name.startswith(("rootly.", "incident_io."))]
"""The operations whose lists `crowd` can fill: what is made is looked for on many pages."""
PLACES = [
    (name, version)
    for name in OPERATIONS
    for version in STAND_INS[name.partition(".")[0]].versions or ("",)
]
"""Operations, each with every version that the vendor's API can have."""


@pytest.fixture(params=PLACES, ids=" ".join)
async def here(request: pytest.FixtureRequest, client: httpx.AsyncClient) -> AsyncIterator[Place]:
    name, version = request.param
    async with place(name, client, version) as made:
        yield made


async def test_found(here: Place) -> None:
    """A created object is found, with the same result as its creation."""
    began = time.time()
    created = await here.create(here.submission())
    assert await here.find(here.submission(), began) == [created]


async def test_absent(here: Place) -> None:
    """Nothing is found among other objects, one of another name among them."""
    began = time.time()
    other = here.submission(marker="ir000000000000")
    if (
        here.operation == "incident"
    ):  # incident.io shows no marker: an incident is known by its name
        form = other.form.model_copy(update={str(type(other.form).headline): "Something else"})
        other = here.submission(form, "ir000000000000")
    await here.create(other)
    assert await here.find(here.submission(), began) == []


async def test_created_twice(here: Place) -> None:
    """Two objects of one marker are both found, the older one first."""
    began = time.time()
    first = await here.create(here.submission())
    await asyncio.sleep(0.002)
    second = await here.create(here.submission(revision=1))
    assert first.id != second.id
    assert await here.find(here.submission(), began) == [first, second]


async def test_appears_late(here: Place) -> None:
    """An object that the vendor's list does not show yet is found later."""
    here.vendor.list_lag = 0.5
    began = time.time()
    created = await here.create(here.submission())
    assert await here.find(here.submission(), began) == []
    await asyncio.sleep(0.6)
    assert await here.find(here.submission(), began) == [created]


@pytest.mark.parametrize("name", PAGED)
async def test_found_on_a_later_page(name: str, client: httpx.AsyncClient) -> None:
    """The whole list is read, whatever the place of the object in it."""
    async with place(name, client) as here:
        began = time.time()
        crowd(here, 140)
        created = await here.create(here.submission())
        crowd(here, 140)
        here.vendor.requests.clear()
        assert await here.find(here.submission(), began) == [created]
        pages = [it for it in here.vendor.requests if "page" in it.query]
        assert len(pages) >= (3 if here.adapter.vendor == "rootly" else 2)


def crowd(here: Place, count: int) -> None:
    """Add other objects to the same list, without the time that single requests would take."""
    held, at = here.vendor.data, time.time()
    form: Any = here.submission().form
    for number in range(count):
        match here.adapter.vendor, here.operation:
            case "rootly", "incident":
                row = held.incident(
                    held.next_number, {"title": f"Other {number}"}, at, held.lists["users"][0]
                )
                held.lists["incidents"].append(row)
            case "rootly", "action_item":
                on = held.find("incidents", form.incident_id)
                row = held.action_item(
                    on, {"summary": f"Other {number}"}, at, held.lists["users"][0]
                )
                held.items[form.incident_id].append(row)
            case "rootly", "workflow_task":
                attributes = {"name": f"Other {number}", "task_params": {"task_type": "send_email"}}
                held.tasks[form.workflow_id].append(
                    held.workflow_task(form.workflow_id, attributes, at)
                )
            case "incident_io", "incident":
                body = {"name": f"Other {number}", "visibility": "public"}
                new_id = f"01OTHER{len(held.lists['incidents']):06}"
                held.lists["incidents"].append(
                    held.incident(held.next_number, body, at, {}, new_id)
                )
            case "incident_io", operation:
                body = form.model_dump() | {type(form).headline: f"Other {number}"}
                rows = held.lists[f"{operation}s"]
                rows.append(getattr(held, operation)(body, at, {}, ulid(at)))


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("rootly.incident", Incident(title="Drill", kind="test")),
        ("rootly.incident", Incident(title="Drill", kind="test", parent_incident_id="#142")),
        ("rootly.incident", Incident(title="Long over", kind="backfilled")),
        ("incident_io.incident", IncidentIoIncident(name="Drill", mode="test", severity_id="any")),
        (
            "incident_io.incident",
            IncidentIoIncident(name="How to", mode="tutorial", severity_id="any"),
        ),
    ],
)
async def test_test_incidents(name: str, form: Form, client: httpx.AsyncClient) -> None:
    """Incidents that the vendor leaves out of its usual list are found."""
    async with place(name, client) as here:
        if isinstance(form, IncidentIoIncident):
            form = form.model_copy(
                update={"severity_id": here.vendor.data.lists["severities"][0]["id"]}
            )
        began = time.time()
        created = await here.create(here.submission(form))
        assert await here.find(here.submission(form), began) == [created]


ON_AN_INCIDENT: dict[str, Callable[[str], Form]] = {
    "rootly.action_item": lambda chosen: ActionItem(incident_id=chosen, summary="Look"),
    "incident_io.action": lambda chosen: Action(incident_id=chosen, description="Look"),
    "incident_io.follow_up": lambda chosen: FollowUp(
        incident_id=chosen, title="Look", description="Twice"
    ),
}


@pytest.mark.parametrize("name", ON_AN_INCIDENT)
@pytest.mark.parametrize("kind", ["a real one by number", "a test by id", "a test by number"])
async def test_on_an_incident(name: str, kind: str, client: httpx.AsyncClient) -> None:
    """The search is at the right incident: a test, or one that was named by its number."""
    async with place(name, client) as here:
        rows = [
            (row["id"], row.get("attributes", row)) for row in here.vendor.data.lists["incidents"]
        ]
        drill = "test" in kind
        on, made = next(
            it for it in rows if ("test" in (it[1].get("kind"), it[1].get("mode"))) is drill
        )
        number = made.get("sequential_id") or made["reference"].removeprefix("INC-")
        chosen = f"#{number}" if "number" in kind else on
        form = ON_AN_INCIDENT[name](chosen)
        began = time.time()
        created = await here.create(here.submission(form))
        assert await here.find(here.submission(form), began) == [created]


@pytest.mark.parametrize("name", [*ON_AN_INCIDENT, "rootly.workflow_task"])
async def test_its_place_is_gone(name: str, client: httpx.AsyncClient) -> None:
    """If the incident or the workflow is missing, the error is beside the field that names it."""
    async with place(name, client) as here:
        form = here.submission().form
        field = "workflow_id" if here.operation == "workflow_task" else "incident_id"
        with pytest.raises(RejectedError) as caught:
            await here.find(
                here.submission(form.model_copy(update={field: "nowhere"})), time.time()
            )
        assert list(caught.value.fields) == [field]


async def test_vendor_in_trouble(here: Place) -> None:
    """An error, a rate limit or a denied token is no proof that an object is missing."""
    submission, now = here.submission(), time.time()
    await here.create(submission)
    here.vendor.weather = Weather(Random(1), unavailable=1.0)
    with pytest.raises(RetryLaterError) as unavailable:
        await here.find(submission, now)
    here.vendor.weather = Weather(Random(1), limited=1.0)
    with pytest.raises(RetryLaterError) as limited:
        await here.find(submission, now)
    assert (unavailable.value.reason, limited.value.reason) == ("unreachable", "rate_limited")
    here.vendor.weather = None
    await here.vendor.set_fault("revoked")
    with pytest.raises(UnauthorizedError):
        await here.find(submission, now)


async def test_keeps_to_the_pace(here: Place) -> None:
    """Searches count as reads of their connection, and are not sent when it has none left."""
    rate_limiter = RateLimiter(Limits(read=Rate(6, 60.0)))
    with_rate_limiter = here.adapter.with_rate_limiter(rate_limiter)
    submission, now = here.submission(), time.time()

    async def six_times() -> None:
        for _ in range(6):
            await with_rate_limiter.find(here.operation, submission, here.credentials, now)

    with pytest.raises(RetryLaterError) as caught:
        await six_times()
    assert caught.value.reason == "rate_limited"
    assert 55 < (caught.value.retry_after or 0) <= 60
    assert len([it for it in here.vendor.requests if it.method == "GET"]) == 5


async def test_by_hand(here: Place, client: httpx.AsyncClient) -> None:
    """The address for doing it by hand leads to a page; at the stand-in, to its own, with what is
    there."""
    await here.create(here.submission())
    newest = here.vendor.describe()["objects"][0]["title"]
    address = here.adapter.by_hand(here.operation, here.credentials)
    if not address:  # no page of this vendor's is known
        assert type(here.adapter).by_hand is Adapter.by_hand
        return
    answered = await client.get(address)
    assert (answered.status_code, answered.headers["content-type"]) == (
        200,
        "text/html; charset=utf-8",
    )
    assert "Here a person would declare it by hand" in answered.text
    assert newest.replace("&", "&amp;") in answered.text
