"""A key without access to private incidents: the stand-ins answer as if there were none."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.playground.vendors import IncidentIo, Rootly
from tests.playground.test_vendor_rootly import JSON_API

TITLE = "Unusual sign-in attempts"
ITEM = {"data": {"type": "incident_action_items", "attributes": {"summary": "Look"}}}


@pytest.fixture
async def rootly() -> AsyncIterator[Rootly]:
    made = Rootly()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def incident_io() -> AsyncIterator[IncidentIo]:
    made = IncidentIo()
    await made.start()
    yield made
    await made.stop()


def bearer(credentials: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {credentials['api_key']}"}


def said(answer: httpx.Response) -> tuple[int, Any]:
    """Status and body, without the id of the request."""
    body = answer.json()
    return answer.status_code, {name: body[name] for name in body if name != "request_id"}


@pytest.mark.parametrize("hidden", [False, True])
async def test_rootly(rootly: Rootly, *, hidden: bool) -> None:
    """Lists, the incident, its action items, and ids in the body of another incident."""
    row = next(row for row in rootly.data.lists["incidents"] if row["attributes"]["title"] == TITLE)
    missing = row["id"][:-1] + "0"
    withheld = ["private_incidents:read"] if hidden else []
    headers = bearer(rootly.key_without(*withheld)) | JSON_API
    number = {"filter[sequential_id]": row["attributes"]["sequential_id"]}
    async with httpx.AsyncClient(base_url=rootly.url, headers=headers) as client:
        listed = await client.get("/v1/incidents", params=number)
        assert len(listed.json()["data"]) == (not hidden)
        for wanted in ("/v1/incidents/{}", "/v1/incidents/{}/action_items"):
            answers = [said(await client.get(wanted.format(id_))) for id_ in (row["id"], missing)]
            assert (answers[0] == answers[1]) is hidden
        added = [
            said(await client.post(f"/v1/incidents/{id_}/action_items", json=ITEM))
            for id_ in (row["id"], missing)
        ]
        assert (added[0] == added[1]) is hidden
        attributes = {"title": "x", "parent_incident_id": row["id"]}
        child = {"data": {"type": "incidents", "attributes": attributes}}
        created = await client.post("/v1/incidents", json=child)
        assert created.status_code == (422 if hidden else 201)


@pytest.mark.parametrize("hidden", [False, True])
async def test_incident_io(incident_io: IncidentIo, *, hidden: bool) -> None:
    """Lists, the incident by id and number, its actions, and both kinds of action items."""
    row = incident_io.data.named("incidents", TITLE)
    missing = row["id"][:-1] + ("0" if row["id"][-1] != "0" else "1")
    key = incident_io.key_of("viewer", "incident_editor", sees_private=not hidden)
    async with httpx.AsyncClient(base_url=incident_io.url, headers=bearer(key)) as client:
        listed = await client.get("/v2/incidents", params={"page_size": 250})
        assert (TITLE in listed.text) is not hidden
        for known, unknown in ((row["id"], missing), (row["reference"][4:], "987")):
            answers = [said(await client.get(f"/v2/incidents/{id_}")) for id_ in (known, unknown)]
            assert (answers[0] == answers[1]) is hidden
        for path, words in (("/v2/actions", "description"), ("/v3/follow_ups", "title")):
            answers = [
                said(await client.post(path, json={"incident_id": id_, words: "Look"}))
                for id_ in (row["id"], missing)
            ]
            assert (answers[0] == answers[1]) is hidden
            of_it = await client.get("/v2/actions", params={"incident_id": row["id"]})
            assert bool(of_it.json()["actions"]) is not hidden
