"""Each operation, from typing the slash command to the object at the vendor."""

import pytest
from playwright.sync_api import expect

from tests.browser.acting import Desk

pytestmark = pytest.mark.browser


def arrived(desk: Desk, vendor: str, label: str, title: str) -> None:
    """The receipt says so, the channel's card says so, and the vendor's pane has it once."""
    desk.submit().receipt(label, title).done()
    expect(desk.last()).to_contain_text(f"Created in {label}")
    expect(desk.last()).to_contain_text(title)
    expect(desk.objects(vendor, title)).to_have_count(1)


def test_an_incident_is_declared_in_rootly(desk: Desk) -> None:
    """What follows the command is the title; lists of Rootly's are searched; the reference opens a
    page."""
    desk.open("/inc", "Search answers slowly")
    expect(desk.input("title")).to_have_value("Search answers slowly")
    desk.fill(summary="p99 is at 9 s").pick(severity_id="SEV2", service_ids="search")
    arrived(desk, "rootly", "Rootly", "Search answers slowly")
    with desk.page.expect_popup() as opened:
        desk.last().get_by_role("link", name="Open in Rootly").click()
    expect(opened.value.locator("body")).to_contain_text("Search answers slowly")


def test_an_incident_is_declared_in_incident_io(desk: Desk) -> None:
    """The first field chooses the vendor."""
    desk.open("/inc", "Parcels without labels").choose(
        "choice", "incident.io", brings="incident_io.incident.name"
    ).pick(severity_id="SEV3")
    arrived(desk, "incident_io", "incident.io", "Parcels without labels")


def test_an_action_item_is_added_in_rootly(desk: Desk) -> None:
    """It hangs on an incident found by typing, and belongs to a person found by name."""
    desk.open("/act", "Roll back 4.2").choose(
        "choice", "Rootly: action item", brings="rootly.action_item.summary"
    )
    desk.pick(incident_id="Card payments", assigned_to_user_id="Jonas").fill(due_date="2026-12-24")
    arrived(desk, "rootly", "Rootly", "Roll back 4.2")


def test_an_action_is_added_in_incident_io(desk: Desk) -> None:
    """Its one text is what followed the command."""
    desk.open("/act", "Call the acquirer").choose(
        "choice", "incident.io: action", brings="incident_io.action.description"
    )
    expect(desk.input("description")).to_have_value("Call the acquirer")
    desk.pick(incident_id="INC-142", assignee_id="Priya")
    arrived(desk, "incident_io", "incident.io", "Call the acquirer")


def test_an_email_task_is_added_to_a_rootly_workflow(desk: Desk) -> None:
    """Choosing what the task does brings its fields, among them lists of addresses."""
    desk.open("/wor", "Tell the shops").choose(
        "choice", "Rootly", brings="rootly.workflow_task.name"
    ).pick(workflow_id="Tell support")
    desk.choose("task_type", "Send an e-mail", brings="send_email.to")
    desk.fill(
        send_email__to="shops@example.com",
        send_email__subject="{{ incident.title }}",
        send_email__body="Wait.",
    )
    arrived(desk, "rootly", "Rootly", "Tell the shops")


def test_an_action_item_task_is_added_to_a_rootly_workflow(desk: Desk) -> None:
    """The other type has people and Slack channels to choose."""
    desk.open("/wor", "Remind us").choose(
        "choice", "Rootly", brings="rootly.workflow_task.name"
    ).pick(workflow_id="Open a retro")
    desk.choose("task_type", "Add an action item", brings="add_action_item.summary").fill(
        add_action_item__summary="Write the timeline"
    )
    desk.pick(
        add_action_item__assigned_to_user="Nora",
        add_action_item__post_to_slack_channels="incidents",
    )
    arrived(desk, "rootly", "Rootly", "Remind us")


def test_a_workflow_is_created_in_twilio(desk: Desk) -> None:
    """A queue chosen from the list becomes the configuration that Twilio wants."""
    desk.open("/wor", "Night returns").choose(
        "choice", "Twilio TaskRouter", brings="friendly_name"
    ).pick(default_queue="Returns")
    desk.more().fill(task_reservation_timeout="90")
    arrived(desk, "twilio", "Twilio TaskRouter", "Night returns")
