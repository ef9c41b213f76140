"""Workflow tasks of a simple, a medium and the largest type, added in the page."""

import pytest
from playwright.sync_api import expect

from tests.browser.acting import Desk

pytestmark = pytest.mark.browser


def started(desk: Desk, name: str, task_type: str, brings: str) -> Desk:
    desk.open("/wor", name).choose("choice", "Rootly", brings="rootly.workflow_task.name")
    return desk.pick(workflow_id="Tell support").choose("task_type", task_type, brings=brings)


def arrived(desk: Desk, name: str) -> None:
    desk.submit().receipt("Rootly", name).done()
    expect(desk.objects("rootly", name)).to_be_visible()


def test_a_simple_type(desk: Desk) -> None:
    """One choice and one text."""
    started(desk, "Close what is quiet", "Set the incident's status", "update_status.status")
    desk.pick(status="Closed").fill(inactivity_timeout="2 days")
    arrived(desk, "Close what is quiet")


def test_a_type_with_things_of_another_tool(desk: Desk) -> None:
    """What Rootly cannot list is typed as ID and name, and a slip is told beside it."""
    started(desk, "Track it", "Create a Jira issue", "create_jira_issue.title")
    desk.fill(
        create_jira_issue__title="{{ incident.title }}", issue_type=", Bug", project_key="OPS"
    ).submit()
    expect(desk.error("issue_type")).to_have_text("Type the ID first, then a comma and the name.")
    desk.fill(issue_type="10001, Bug", priority="2, High")
    arrived(desk, "Track it")


def test_the_largest_type(desk: Desk) -> None:
    """Pickers of Rootly's own lists, and what is rare behind a button, where JSON is checked."""
    started(desk, "Raise it", "Update an incident", "update_incident.incident_id")
    desk.fill(incident_id="{{ incident.id }}", status="mitigated").pick(
        severity_id="SEV1", service_ids="checkout-api"
    )
    desk.more().fill(custom_fields_mapping='{"Region": "{{ incident.title }}" "EU"}').submit()
    expect(desk.error("custom_fields_mapping")).to_contain_text(
        "Line 1, column 35: put a comma or the closing bracket here."
    )
    desk.fill(custom_fields_mapping='{"Region": "EU"}')
    arrived(desk, "Raise it")


def test_one_of_several_is_needed(desk: Desk) -> None:
    """A message needs somewhere to go: what is possible is named, and the incident's own channel is
    a box away."""
    started(desk, "Say it", "Send a Slack message", "send_slack_message.text")
    desk.fill(send_slack_message__text="It is down").submit()
    expect(desk.error("send_slack_message.channels")).to_have_text(
        "Fill in “Channels”, “And the incident's own channel”, “Slack people” or “Slack user "
        "groups”."
    )
    desk.field("channels_own").get_by_role("checkbox").check()
    arrived(desk, "Say it")
