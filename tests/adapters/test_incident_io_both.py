"""Actions and follow-ups at the stand-in: with both versions, with version 3 or with version 2
alone."""

import time
from typing import Any

import httpx
import pytest

from bot.adapters.base import Entry
from bot.errors import OutcomeUnknownError, RetryLaterError, UnauthorizedError
from bot.playground.vendors.incident_io_versions import CHOICES
from tests.adapters.places import Place, place
from tests.adapters.test_rights import ADVICE, NO_ENTRIES, NO_TEAMS

NAMES = ("incident_io.action", "incident_io.follow_up")


@pytest.fixture(params=CHOICES)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def asked(here: Place) -> list[str]:
    """Return method, path and status of the requests, without those about the incident."""
    found = [
        f"{request.method} {request.path} {request.status}"
        for request in here.vendor.requests
        if "/incidents" not in request.path
    ]
    here.vendor.requests.clear()
    return found


async def lost(here: Place) -> None:
    """Create it at a vendor that drops the connection after creating it."""
    await here.vendor.set_fault("lost")
    with pytest.raises(OutcomeUnknownError):
        await here.create(here.submission())
    await here.vendor.set_fault("fine")


@pytest.mark.parametrize("name", NAMES)
async def test_the_version_that_exists_is_used(
    name: str, version: str, client: httpx.AsyncClient
) -> None:
    """A create goes to version 3, or to version 2 if that is the only one, and asks once."""
    async with place(name, client, version) as here:
        await here.create(here.submission())
        await here.create(here.submission(marker="ir000000000000"))
        route = f"{here.operation}s"
        in_3 = [f"GET /v3/{route} 200", f"POST /v3/{route} 201", f"POST /v3/{route} 201"]
        in_2 = [
            f"GET /v3/{route} 404",
            f"GET /v2/{route} 200",
            f"POST /v2/{route} 201",
            f"POST /v2/{route} 201",
        ]
        assert await asked(here) == (in_2 if version == "v3_missing" else in_3)
        assert len(here.vendor.created) == 2


@pytest.mark.parametrize("name", NAMES)
async def test_what_was_made_without_an_answer_is_found(
    name: str, version: str, client: httpx.AsyncClient
) -> None:
    """After a lost answer, the object is found once by its marker."""
    async with place(name, client, version) as here:
        began = time.time()
        await lost(here)
        [found] = await here.find(here.submission(), began)
        assert [found.id] == [created.id for created in here.vendor.created]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("before", "after"), [("v3_missing", "v2_removed"), ("v2_removed", "v3_missing")]
)
async def test_made_by_one_version_and_found_by_the_other(
    name: str, before: str, after: str, client: httpx.AsyncClient
) -> None:
    """An object is found by the other version if its own was removed after creating it."""
    async with place(name, client, before) as here:
        began = time.time()
        await lost(here)
        await asked(here)
        here.vendor.set_version(after)
        [found] = await here.find(here.submission(), began)
        assert [found.id] == [made.id for made in here.vendor.created]
        gone, there = ("v2", "v3") if after == "v2_removed" else ("v3", "v2")
        route = f"{here.operation}s"
        asking = ["GET /v3/{} 200"] if there == "v3" else ["GET /v3/{} 404", "GET /v2/{} 200"]
        lists = [
            f"GET /{gone}/{route} 404",
            *(path.format(route) for path in asking),
            f"GET /{there}/{route} 200",
        ]
        assert await asked(here) == lists


@pytest.mark.parametrize("name", NAMES)
async def test_version_2_is_removed_while_it_is_remembered(
    name: str, client: httpx.AsyncClient
) -> None:
    """A create at a removed path has created nothing, and is made once by version 3."""
    async with place(name, client, "v3_missing") as here:
        await here.create(here.submission(marker="ir000000000000"))
        await asked(here)
        here.vendor.set_version("v2_removed")
        created = await here.create(here.submission())
        route = f"{here.operation}s"
        assert await asked(here) == [
            f"POST /v2/{route} 404",
            f"GET /v3/{route} 200",
            f"POST /v3/{route} 201",
        ]
        assert [made.id for made in here.vendor.created][1:] == [created.id]


async def test_the_list_of_follow_ups_in_each_version(
    version: str, client: httpx.AsyncClient
) -> None:
    """Both versions give the priorities; only version 3 gives the categories."""
    async with place("incident_io.follow_up", client, version) as here:
        priorities = await here.adapter.entries("follow_up_priorities", here.credentials)
        categories = await here.adapter.entries("follow_up_categories", here.credentials)
        assert [entry.label for entry in priorities] == ["Urgent", "High", "Low"]
        assert [entry.label for entry in categories] == (
            [] if version == "v3_missing" else ["Technical", "Process"]
        )
        here.vendor.set_version({"v3_missing": "v2_removed"}.get(version, "v3_missing"))
        again = await here.adapter.entries("follow_up_priorities", here.credentials)
        assert again == priorities


async def test_the_chosen_category_arrives(client: httpx.AsyncClient) -> None:
    """A category of the list is accepted, and the follow-up has it."""
    async with place("incident_io.follow_up", client) as here:
        [_, category] = await here.adapter.entries("follow_up_categories", here.credentials)
        form = here.submission().form.model_copy(update={"follow_up_category_id": category.id})
        await here.create(here.submission(form))
        row = here.vendor.data.lists["follow_ups"][-1]
        assert Entry(id=row["category"]["id"], label=row["category"]["name"]) == category


FULL = ("viewer", "incident_creator", "incident_editor", "catalog_viewer")
RIGHTS: list[tuple[tuple[str, ...], dict[str, str], dict[str, str]]] = [
    (FULL, {}, {}),
    (FULL[:3], {}, {"incident": NO_ENTRIES, "follow_up": NO_TEAMS}),
    (
        ("viewer",),
        {
            "incident": f"This key has no role that can declare incidents.\n{ADVICE}",
            "action": f"This key has no role that can add actions.\n{ADVICE}",
            "follow_up": f"This key has no role that can add follow-ups.\n{ADVICE}",
        },
        {},
    ),
]


@pytest.mark.parametrize(("roles", "cannot", "limited"), RIGHTS)
async def test_connecting_tells_the_same_rights(
    roles: tuple[str, ...], cannot: Any, limited: Any, version: str, client: httpx.AsyncClient
) -> None:
    """The rights of a key do not depend on the version, and nothing is created to find them."""
    async with place("incident_io.action", client, version) as here:
        key = here.adapter.credentials.model_validate(here.vendor.key_of(*roles))
        rights = (await here.adapter.verify(key)).rights
        assert (rights.roles, rights.cannot, rights.limited) == (roles, cannot, limited)
        assert here.vendor.created == []


@pytest.mark.parametrize("name", NAMES)
async def test_a_key_that_may_not_create(
    name: str, version: str, client: httpx.AsyncClient
) -> None:
    """The refusal of a key is the same in both versions."""
    async with place(name, client, version) as here:
        key = here.adapter.credentials.model_validate(here.vendor.key_of("viewer"))
        with pytest.raises(
            UnauthorizedError,
            match=r"^incident\.io doesn't let our API key do this\. incident\.io says: “missing",
        ) as no:
            await here.adapter.create(here.operation, here.submission(), key)
        assert (no.value.status, here.vendor.created) == (403, [])


async def test_a_question_that_times_out(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vendor that does not answer in time gets no create; the next create asks again."""
    async with place("incident_io.action", client) as here:
        await here.vendor.set_fault("slow")  # reads are answered after a second
        monkeypatch.setattr("bot.adapters.incident_io.calls.PROBE_SECONDS", 0.2)
        with pytest.raises(RetryLaterError, match=r"^incident\.io isn't answering\.$"):
            await here.create(here.submission())
        assert here.vendor.created == []
        await here.vendor.set_fault("fine")
        assert (await here.create(here.submission())).id == here.vendor.created[0].id
