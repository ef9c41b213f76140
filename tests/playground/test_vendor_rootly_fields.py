"""Rootly's stand-in: form fields, and what an incident's selections of them may be."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.playground.vendors import Rootly

JSON_API = {"Content-Type": "application/vnd.api+json"}


@pytest.fixture
async def rootly() -> AsyncIterator[Rootly]:
    vendor = Rootly()
    await vendor.start()
    yield vendor
    await vendor.stop()


@pytest.fixture
async def api(rootly: Rootly) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {rootly.credentials['api_key']}"}
    async with httpx.AsyncClient(base_url=rootly.url, headers=headers, trust_env=False) as client:
        yield client


def field(rootly: Rootly, name: str) -> str:
    return str(rootly.data.named("form_fields", name)["id"])


def option(rootly: Rootly, words: str) -> str:
    rows = rootly.data.lists["form_field_options"]
    return next(str(row["id"]) for row in rows if row["attributes"]["value"] == words)


def incident(rootly: Rootly) -> str:
    return str(rootly.data.lists["incidents"][0]["id"])


async def choose(
    api: httpx.AsyncClient, rootly: Rootly, name: str, **chosen: Any
) -> httpx.Response:
    attributes = {"incident_id": incident(rootly), "form_field_id": field(rootly, name), **chosen}
    body = {"data": {"type": "incident_form_field_selections", "attributes": attributes}}
    path = f"/v1/incidents/{incident(rootly)}/form_field_selections"
    return await api.post(path, json=body, headers=JSON_API)


async def test_fields_come_with_options_and_positions(
    rootly: Rootly, api: httpx.AsyncClient
) -> None:
    """Only when they are asked for."""
    plain = (await api.get("/v1/form_fields")).json()
    assert "included" not in plain
    whole = (await api.get("/v1/form_fields", params={"include": "options,positions"})).json()
    assert whole["data"] == plain["data"]
    assert {row["type"] for row in whole["included"]} == {
        "form_field_options",
        "form_field_positions",
    }
    options = (await api.get(f"/v1/form_fields/{field(rootly, 'Region')}/options")).json()["data"]
    assert [row["attributes"]["value"] for row in options] == [
        "Europe",
        "North America",
        "Asia Pacific",
    ]


async def test_a_selection_is_made_listed_and_changed(
    rootly: Rootly, api: httpx.AsyncClient
) -> None:
    """The incident's page shows it; nothing counts as created."""
    made = await choose(api, rootly, "Region", selected_option_ids=[option(rootly, "Europe")])
    assert made.status_code == 201
    body = {
        "type": "incident_form_field_selections",
        "attributes": {"selected_option_ids": [option(rootly, "Asia Pacific")]},
    }
    path = f"/v1/incident_form_field_selections/{made.json()['data']['id']}"
    assert (await api.put(path, json={"data": body}, headers=JSON_API)).status_code == 200
    (row,) = (await api.get(f"/v1/incidents/{incident(rootly)}/form_field_selections")).json()[
        "data"
    ]
    assert row["attributes"]["selected_option_ids"] == [option(rootly, "Asia Pacific")]
    url = rootly.data.lists["incidents"][0]["attributes"]["url"]
    assert "Asia Pacific" in (await api.get(url)).text
    assert rootly.created == []


async def test_what_is_not_set_up_is_refused_once(rootly: Rootly, api: httpx.AsyncClient) -> None:
    """For each incident; the second time somebody has set it up."""
    lund = {"selected_option_ids": [option(rootly, "Lund")]}
    refused = await choose(api, rootly, "Data centre", **lund)
    assert (refused.status_code, refused.json()["errors"][0]["title"]) == (
        422,
        "Selected options is not set up yet",
    )
    assert (await choose(api, rootly, "Data centre", **lund)).status_code == 201


WRONG = [
    pytest.param("Region", {}, "Value can't be blank", id="nothing"),
    pytest.param(
        "Region", {"value": "Europe"}, "Selected options can't be blank", id="a text for a choice"
    ),
    pytest.param(
        "Region", {"selected_option_ids": ["x"]}, "Selected options must exist", id="no such option"
    ),
    pytest.param("Orders affected", {"value": "many"}, "Value is invalid", id="no number"),
    pytest.param("First noticed", {"value": "today"}, "Value is invalid", id="no time"),
    pytest.param(
        "Told the press", {"value": "yes"}, "Value is invalid", id="neither true nor false"
    ),
    pytest.param(
        "Ticket at the carrier",
        {"value": "x" * 256},
        "Value is too long (maximum is 255 characters)",
        id="too long",
    ),
    pytest.param(
        "Incident commander",
        {"selected_user_ids": ["2001"]},
        "Selected users is invalid",
        id="no number",
    ),
    pytest.param(
        "Region",
        {"selected_colours": []},
        "selected_colours is not an attribute that can be set",
        id="unknown",
    ),
]


@pytest.mark.parametrize(("name", "chosen", "title"), WRONG)
async def test_what_does_not_fit_is_refused(
    rootly: Rootly, api: httpx.AsyncClient, name: str, chosen: dict[str, Any], title: str
) -> None:
    """In Rootly's shape."""
    answer = await choose(api, rootly, name, **chosen)
    assert (answer.status_code, answer.json()) == (
        422,
        {"errors": [{"title": title, "status": "422"}]},
    )


async def test_one_selection_a_field(rootly: Rootly, api: httpx.AsyncClient) -> None:
    """The second one is refused."""
    assert (await choose(api, rootly, "Customer impact", value="None")).status_code == 201
    again = await choose(api, rootly, "Customer impact", value="None")
    assert again.json()["errors"][0]["title"] == "Form field has already been taken"
