"""What the page shows of what a vendor stand-in was sent, told apart by what was created."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from bot.playground.vendors import IncidentIo, Rootly, Twilio, VendorStandIn
from tests.playground.calling import calling as client_of

JSON_API = {"Content-Type": "application/vnd.api+json"}
MESSAGE = {
    "task_type": "send_slack_message",
    "channels": [
        {"id": "C06QJ9INC01", "name": "incidents"},
        {"id": "C06QJ9GEN01", "name": "general"},
    ],
    "text": "Nobody can pay.\nWe are on it.",
}


@asynccontextmanager
async def calling(vendor: VendorStandIn) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the credentials of the stand-in, which runs meanwhile."""
    await vendor.start()
    async with await client_of(vendor) as client:
        yield client
    await vendor.stop()


def document(kind: str, **attributes: Any) -> dict[str, Any]:
    """httpx arguments of a JSON:API create."""
    return {"json": {"data": {"type": kind, "attributes": attributes}}, "headers": JSON_API}


def newest(vendor: VendorStandIn) -> tuple[str, dict[str, Any]]:
    """What the list of requests says of the newest one, and the newest object."""
    shown = vendor.describe()
    return shown["requests"][0]["note"], shown["objects"][0]


async def test_what_is_added_to_an_incident_is_not_that_incident() -> None:
    """The list of requests says that an action item was created, and in which incident."""
    rootly = Rootly()
    async with calling(rootly) as client:
        await client.post("/v1/incidents", **document("incidents", title="Checkout is down"))
        told = [newest(rootly)[0]]
        path = f"/v1/incidents/{rootly.created[0].id}/action_items"
        await client.post(path, **document("incident_action_items", summary="Roll back"))
        told.append(newest(rootly)[0])
    number = newest(rootly)[1]["reference"]
    assert told == [f"201 created incident {number}", f"201 created action item in {number}"]


async def test_actions_and_follow_ups_are_told_apart() -> None:
    """So it is at incident.io."""
    vendor = IncidentIo()
    incident = vendor.data.lists["incidents"][0]
    async with calling(vendor) as client:
        await client.post(
            "/v2/actions", json={"incident_id": incident["id"], "description": "Call Ann"}
        )
        told = [newest(vendor)[0]]
        await client.post(
            "/v2/follow_ups", json={"incident_id": incident["id"], "title": "Write it down"}
        )
        told.append(newest(vendor)[0])
    reference = incident["reference"]
    assert told == [f"201 created action in {reference}", f"201 created follow-up in {reference}"]


async def test_a_workflow_task_shows_what_it_does() -> None:
    """The list of requests names the workflow as where it was added; the pane and the workflow's
    page have every value."""
    rootly = Rootly()
    workflow = next(
        row for row in rootly.data.lists["workflows"] if not row["attributes"]["locked"]
    )
    async with calling(rootly) as client:
        path = f"/v1/workflows/{workflow['id']}/workflow_tasks"
        await client.post(
            path, **document("workflow_tasks", name="Tell support", task_params=MESSAGE)
        )
        note, shown = newest(rootly)
        page = (await client.get(shown["url"])).text
    name = workflow["attributes"]["name"]
    assert (note, shown["title"]) == (f"201 created workflow task in “{name}”", "Tell support")
    assert shown["detail"] == {
        "Workflow": name,
        "Position": "2",
        "Type": "send_slack_message",
        "Channels": "incidents, general",
        "Text": "Nobody can pay.\nWe are on it.",
    }
    assert "Channels: incidents, general\nText: Nobody can pay.\nWe are on it." in page


async def test_a_twilio_workflow_needs_the_sids_of_queues() -> None:
    """They are listed by name, those of the workspace that the credentials are for, and no more
    than fit."""
    twilio = Twilio()
    workspace = twilio.credentials["workspace_sid"]
    queues = {queue["friendly_name"]: queue["sid"] for queue in twilio.queues[workspace]}
    assert twilio.describe()["lists"] == {"Queues": queues}
    twilio.stock("task_queues", 1000)
    assert len(twilio.describe()["lists"]["Queues"]) == 50
    assert Rootly().describe()["lists"] == {}
