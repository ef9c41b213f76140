"""Each operation, from the slash command to the receipt, over real HTTP."""

import json
import re
from typing import Any

import pytest

from tests.world.bot import World, eventually

MARKER = re.compile(r"ir[0-9a-f]{12}")


def sent(world: World, vendor: str) -> dict[str, Any]:
    """The one body that created something at the vendor."""
    (created,) = world.sandbox.vendors[vendor].created
    body: dict[str, Any] = created.body
    return body


async def test_an_incident_reaches_rootly(world: World) -> None:
    """What is typed after /incident is the title; pickers fill ids; the receipt has Rootly's
    reference and link."""
    await world.lists_loaded()
    modal = await world.open("/incident Checkout & payments are down")
    assert modal.value("title") == "Checkout & payments are down"
    await modal.fill(
        summary="5xx on every order", severity_id="SEV1", service_ids=["checkout", "payments"]
    )
    await modal.send()
    attributes = sent(world, "rootly")["data"]["attributes"]
    assert attributes["title"] == "Checkout & payments are down"
    assert attributes["summary"] == "5xx on every order"
    assert len(attributes["service_ids"]) == 2
    assert MARKER.fullmatch(attributes["labels"]["slack_ref"])
    assert "Created in Rootly" in world.top().text
    assert re.search(r"INC-\d+  Checkout &amp; payments are down", world.top().text)
    await eventually(lambda: world.cards("incidents"))
    assert "Created in Rootly: INC-" in world.cards("incidents")[0]["text"]


async def test_an_incident_reaches_incident_io_after_switching(world: World) -> None:
    """Choosing the other vendor keeps headline and details, and the person's next form starts
    there, in whichever channel."""
    await world.lists_loaded()
    modal = await world.open("/incident Search is slow")
    await modal.fill(summary="p99 is 9 s")
    await modal.choose("choice", "incident.io")
    assert (modal.value("name"), modal.value("incident.summary")) == (
        "Search is slow",
        "p99 is 9 s",
    )
    await modal.fill(severity_id="SEV2")
    await modal.send()
    body = sent(world, "incident_io")
    assert (body["name"], body["summary"]) == ("Search is slow", "p99 is 9 s")
    assert MARKER.fullmatch(body["idempotency_key"])
    assert "Created in incident.io" in world.top().text
    elsewhere = await world.open("/incident", channel="general")
    assert elsewhere.value("choice") == "incident_io.incident"
    another = await world.open("/incident", world.member)
    assert another.value("choice") == "rootly.incident"


async def test_an_action_item_reaches_rootly(world: World) -> None:
    """The incident is found by typing, the person by name; the marker is in the description's last
    line."""
    await world.lists_loaded()
    modal = await world.open("/action-item Roll back 4.2")
    incident = (await modal.offered("incident_id"))[0]
    await modal.fill(
        incident_id=incident.split()[0], assigned_to_user_id="Jonas", due_date="2026-12-01"
    )
    await modal.send()
    attributes = sent(world, "rootly")["data"]["attributes"]
    assert attributes["summary"] == "Roll back 4.2"
    assert isinstance(attributes["assigned_to_user_id"], int)
    assert attributes["due_date"] == "2026-12-01"
    assert MARKER.search(attributes["description"].splitlines()[-1])
    assert "Created in Rootly" in world.top().text


async def test_an_action_reaches_incident_io(world: World) -> None:
    """A form with one text for both takes headline and details together when it is switched to."""
    await world.lists_loaded()
    modal = await world.open("/action-item Call the bank")
    await modal.fill(description="They know the reference")
    await modal.choose("choice", "incident.io: action")
    assert modal.value("action.description") == "Call the bank\n\nThey know the reference"
    await modal.fill(incident_id="INC", assignee_id="Maya")
    await modal.send()
    body = sent(world, "incident_io")
    assert body["description"].startswith("Call the bank\n\nThey know the reference\n\n")
    assert MARKER.search(body["description"])
    assert "Created in incident.io" in world.top().text


async def test_a_workflow_task_reaches_rootly(world: World) -> None:
    """Choosing the task's type turns the modal into that type's form, and keeps what was typed."""
    await world.lists_loaded()
    modal = await world.open("/workflow-task Tell the bank")
    assert not [it for it in modal.fields if "send_email" in it]
    await modal.fill(workflow_id="")
    await modal.choose("task_type", "e-mail")
    assert modal.value("workflow_task.name") == "Tell the bank"
    await modal.fill(
        send_email__to="ops@example.com", send_email__subject="Down", send_email__body="Look at it"
    )
    await modal.send()
    attributes = sent(world, "rootly")["data"]["attributes"]
    assert attributes["task_params"]["task_type"] == "send_email"
    assert attributes["task_params"]["to"] == ["ops@example.com"]
    assert MARKER.search(attributes["name"])
    assert "Created in Rootly" in world.top().text


async def test_not_all_types_of_a_task_are_shown_at_once(world: World) -> None:
    """The picker says so, above them."""
    modal = await world.open("/workflow-task Tell the bank")
    heading, *types = await modal.offered("task_type")
    assert (heading, len(types)) == ("The first 100. Keep typing to see others.", 100)


@pytest.mark.parametrize(("may_ask", "named"), [(True, "security-response"), (False, "")])
async def test_the_other_task_type_is_whole(world: World, may_ask: bool, named: str) -> None:
    """A task that adds an action item names its assignee and channels as Rootly wants them: id and
    name. A private channel has its id for a name if the app may not ask about it."""
    if not may_ask:
        world.sandbox.slack.app.scopes.remove("groups:read")
    await world.lists_loaded()
    modal = await world.open("/workflow-task Follow up")
    await modal.fill(workflow_id="")
    await modal.choose("task_type", "action item")
    await modal.fill(
        add_action_item__summary="Write it up", add_action_item__assigned_to_user="Maya"
    )
    secret = next(it.id for it in world.sandbox.slack.channels.values() if it.is_private)
    await modal.fill(add_action_item__post_to_slack_channels=[world.channel("incidents"), secret])
    await modal.send()
    parameters = sent(world, "rootly")["data"]["attributes"]["task_params"]
    assert parameters["task_type"] == "add_action_item"
    assert parameters["assigned_to_user"]["name"] == "Maya Okafor"
    assert (parameters["priority"], parameters["status"]) == ("medium", "open")
    incidents = {"id": world.channel("incidents"), "name": "incidents"}
    private = {"id": secret, "name": named or secret}
    assert parameters["post_to_slack_channels"] == [incidents, private]


async def test_a_workflow_reaches_twilio(world: World) -> None:
    """A default queue becomes the configuration that TaskRouter wants."""
    await world.lists_loaded()
    modal = await world.open("/workflow-task Night shift")
    await modal.choose("choice", "Twilio TaskRouter")
    assert modal.value("friendly_name") == "Night shift"
    queue = (await modal.offered("default_queue"))[0]
    await modal.fill(default_queue=queue)
    await modal.press("more", "more")
    await modal.fill(task_reservation_timeout=120)
    await modal.send()
    body = sent(world, "twilio")
    assert re.fullmatch(r"Night shift \[ir[0-9a-f]{12}\]", body["FriendlyName"])
    assert re.fullmatch(
        r"WQ[0-9a-f]{32}",
        json.loads(body["Configuration"])["task_routing"]["default_filter"]["queue"],
    )
    assert body["TaskReservationTimeout"] == "120"
    assert "Created in Twilio TaskRouter" in world.top().text


async def test_what_was_created_can_be_picked_at_once(world: World) -> None:
    """A new incident is offered to the next action item without waiting for a refresh."""
    await world.lists_loaded()
    await (await world.open("/incident Gremlins in the cache")).send()
    modal = await world.open("/action-item Find them")
    await eventually(lambda: world.top())
    assert [
        it for it in await modal.offered("incident_id", "gremlins") if "Gremlins in the cache" in it
    ]


async def test_more_fields_keeps_what_was_typed(world: World) -> None:
    """The rarely used fields appear below, and nothing that was filled in is lost."""
    await world.lists_loaded()
    modal = await world.open("/incident Disk full")
    await modal.fill(summary="on db-3", severity_id="SEV2")
    assert "rootly.incident.started_at" not in modal.fields
    await modal.press("more", "more")
    assert "rootly.incident.started_at" in modal.fields
    assert (modal.value("title"), modal.value("summary")) == ("Disk full", "on db-3")
    await modal.fill(started_at=1_795_000_000)
    await modal.send()
    assert sent(world, "rootly")["data"]["attributes"]["started_at"].startswith("2026-11-18T")
