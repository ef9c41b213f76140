"""The incident.io stand-in's two versions of actions and follow-ups, and its switch."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.playground.vendors import IncidentIo, Rootly

ROUTES = ("actions", "follow_ups")


@pytest.fixture
async def vendor() -> AsyncIterator[IncidentIo]:
    made = IncidentIo()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def client(vendor: IncidentIo) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {vendor.credentials['api_key']}"}
    async with httpx.AsyncClient(base_url=vendor.url, headers=headers) as made:
        yield made


def body(vendor: IncidentIo) -> dict[str, str]:
    """What both routes take: members that they do not know are ignored."""
    return {
        "incident_id": vendor.data.lists["incidents"][0]["id"],
        "description": "Look",
        "title": "Look",
    }


SERVED = [
    ("both", {"v2": 201, "v3": 201}),
    ("v2_removed", {"v2": 404, "v3": 201}),
    ("v3_missing", {"v2": 201, "v3": 404}),
]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(("choice", "statuses"), SERVED)
async def test_what_is_served(
    client: httpx.AsyncClient, vendor: IncidentIo, choice: str, statuses: dict[str, int], route: str
) -> None:
    """A path that is left out is a 404 for reads and creates, whatever the key may do, and creates
    nothing."""
    vendor.set_version(choice)
    viewer = {"Authorization": f"Bearer {vendor.key_of('incident_creator')['api_key']}"}
    for version, status in statuses.items():
        path = f"/{version}/{route}"
        assert (await client.post(path, json=body(vendor))).status_code == status
        assert (await client.get(path)).status_code == (200 if status == 201 else 404)
        assert (await client.get(path, headers=viewer)).status_code == (
            403 if status == 201 else 404
        )
        assert (await client.get(path, headers={"Authorization": "Bearer x"})).status_code == 401
    assert len(vendor.created) == list(statuses.values()).count(201)
    assert (await client.get("/v2/incidents")).status_code == 200


async def test_it_goes_together_with_a_fault(client: httpx.AsyncClient, vendor: IncidentIo) -> None:
    """Where answers get lost, what is there is made without one, and a path that is left out
    answers as ever."""
    vendor.set_version("v2_removed")
    await vendor.set_fault("lost")
    with pytest.raises(httpx.RemoteProtocolError):
        await client.post("/v3/actions", json=body(vendor))
    assert (await client.post("/v2/actions", json=body(vendor))).status_code == 404
    assert [it.path for it in vendor.created] == ["/v3/actions"]
    await vendor.set_fault("refusing")
    assert (await client.post("/v2/actions", json=body(vendor))).status_code == 404
    assert (await client.post("/v3/actions", json=body(vendor))).status_code == 422
    assert (vendor.version, vendor.fault) == ("v2_removed", "refusing")


async def test_the_page_is_told(vendor: IncidentIo) -> None:
    """The choices and the present one are shown; a change is told; another choice is none."""
    told: list[Any] = []
    vendor.on_change = lambda: told.append(vendor.describe()["version"])
    choices = {"both": "v2 and v3", "v2_removed": "v2 removed", "v3_missing": "v3 missing"}
    assert (vendor.describe()["versions"], vendor.describe()["version"]) == (choices, "both")
    vendor.set_version("v3_missing")
    with pytest.raises(ValueError, match=r"^There is no version 'v9'\.$"):
        vendor.set_version("v9")
    assert told == ["v3_missing"]
    assert (Rootly().describe()["versions"], Rootly().describe()["version"]) == ({}, "")


@pytest.mark.parametrize("route", ROUTES)
async def test_both_versions_hold_the_same(
    client: httpx.AsyncClient, vendor: IncidentIo, route: str
) -> None:
    """What one made the other lists; only version 3 has pages, and only it shows a follow-up's
    category."""
    category = vendor.data.lists["follow_up_categories"][0]
    for version in ("v2", "v3"):
        made = (
            await client.post(
                f"/{version}/{route}", json=body(vendor) | {"follow_up_category_id": category["id"]}
            )
        ).json()
        [row] = made.values()
        assert row.get("category") == (
            category if (version, route) == ("v3", "follow_ups") else None
        )
    second = (await client.get(f"/v2/{route}")).json()
    third = (await client.get(f"/v3/{route}", params={"page_size": "250"})).json()
    assert (list(second), list(third)) == ([route], [route, "pagination_meta"])
    assert {row["id"] for row in second[route]} == {row["id"] for row in third[route]}
    assert [row["id"] for row in third[route]][-2:] == [it.id for it in vendor.created]
    assert len((await client.get(f"/v3/{route}")).json()[route]) <= 25
