"""Rootly's forms: their requests and their refusals."""

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from bot.adapters.base import Entry, Request, Submission
from bot.adapters.credentials import ApiKey
from bot.adapters.rootly import Rootly
from bot.adapters.rootly.forms import ActionItem, Incident
from bot.forms.fields import Form
from tests.adapters.rootly_filled import KEY, MARKER, AddActionItem, SendEmail, submit, task

JSON_API = {"Content-Type": "application/vnd.api+json", "Accept": "application/vnd.api+json"}
ANN = {
    "users/234": Entry(id="234", label="Ann Lee"),
    "conversations/C1": Entry(id="C1", label="ops"),
}

REQUESTS = [
    pytest.param(
        "incident",
        submit(Incident(title="Checkout is down")),
        Request(
            "POST",
            "/v1/incidents",
            json={
                "data": {
                    "type": "incidents",
                    "attributes": {
                        "title": "Checkout is down",
                        "private": False,
                        "kind": "normal",
                        "labels": {"slack_ref": MARKER},
                    },
                }
            },
            headers={**JSON_API, "Idempotency-Key": MARKER},
        ),
        id="an incident with a title only",
    ),
    pytest.param(
        "incident",
        submit(
            Incident(
                title="Checkout is down",
                summary="5xx",
                severity_id="s1",
                service_ids=["a", "b"],
                private=True,
                kind="test",
                parent_incident_id="p1",
                notify_emails=["ann@example.com"],
                started_at=datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
            ),
            revision=2,
        ),
        Request(
            "POST",
            "/v1/incidents",
            json={
                "data": {
                    "type": "incidents",
                    "attributes": {
                        "title": "Checkout is down",
                        "summary": "5xx",
                        "severity_id": "s1",
                        "service_ids": ["a", "b"],
                        "private": True,
                        "kind": "test_sub",
                        "parent_incident_id": "p1",
                        "notify_emails": ["ann@example.com"],
                        "started_at": "2026-11-21T09:30:00+00:00",
                        "labels": {"slack_ref": MARKER},
                    },
                }
            },
            headers={**JSON_API, "Idempotency-Key": f"{MARKER}-r2"},
        ),
        id="a corrected test sub-incident",
    ),
    pytest.param(
        "action_item",
        submit(
            ActionItem(
                incident_id="a/b",
                summary="Roll back",
                description="To 4.1",
                assigned_to_user_id="234",
                due_date=date(2026, 12, 1),
                jira_issue_url="https://acme.atlassian.net/browse/OPS-42?focused=1",
            ),
            reporter="Ann\nLee",
        ),
        Request(
            "POST",
            "/v1/incidents/a%2Fb/action_items",
            json={
                "data": {
                    "type": "incident_action_items",
                    "attributes": {
                        "summary": "Roll back",
                        "description": f"To 4.1\n\nAdded from Slack by Ann Lee ({MARKER})",
                        "kind": "task",
                        "priority": "medium",
                        "status": "open",
                        "assigned_to_user_id": 234,
                        "due_date": "2026-12-01",
                        "jira_issue_url": "https://acme.atlassian.net/browse/OPS-42?focused=1",
                        "jira_issue_key": "OPS-42",
                    },
                }
            },
            headers=JSON_API,
        ),
        id="an action item",
    ),
    pytest.param(
        "workflow_task",
        submit(
            task(
                workflow_id="w1",
                task_type="add_action_item",
                task_params=AddActionItem(
                    summary="Write it up",
                    assigned_to_user="234",
                    post_to_slack_channels=["C1", "C2"],
                ),
            ),
            selected=ANN,
        ),
        Request(
            "POST",
            "/v1/workflows/w1/workflow_tasks",
            json={
                "data": {
                    "type": "workflow_tasks",
                    "attributes": {
                        "enabled": True,
                        "skip_on_failure": False,
                        "name": f"Add an action item [{MARKER}]",
                        "task_params": {
                            "task_type": "add_action_item",
                            "summary": "Write it up",
                            "priority": "medium",
                            "status": "open",
                            "assigned_to_user": {"id": "234", "name": "Ann Lee"},
                            "post_to_slack_channels": [
                                {"id": "C1", "name": "ops"},
                                {"id": "C2", "name": "C2"},
                            ],
                        },
                    },
                }
            },
            headers=JSON_API,
        ),
        id="a task that adds an action item",
    ),
    pytest.param(
        "workflow_task",
        submit(
            task(
                workflow_id="w1",
                task_type="send_email",
                name="Tell support",
                position=3,
                task_params=SendEmail(
                    to=["{{ incident.creator_email }}", "Bo <bo@example.com>"],
                    subject="Down",
                    body="Sorry",
                    from_="Rootly <workflows@rootly.com>",
                ),
            )
        ),
        Request(
            "POST",
            "/v1/workflows/w1/workflow_tasks",
            json={
                "data": {
                    "type": "workflow_tasks",
                    "attributes": {
                        "enabled": True,
                        "skip_on_failure": False,
                        "position": 3,
                        "name": f"Tell support [{MARKER}]",
                        "task_params": {
                            "task_type": "send_email",
                            "to": ["{{ incident.creator_email }}", "Bo <bo@example.com>"],
                            "subject": "Down",
                            "body": "Sorry",
                            "from": "Rootly <workflows@rootly.com>",
                        },
                    },
                }
            },
            headers=JSON_API,
        ),
        id="a task that sends an e-mail",
    ),
]


@pytest.mark.parametrize(("operation", "submission", "expected"), REQUESTS)
def test_request(operation: str, submission: Submission, expected: Request) -> None:
    """A form becomes exactly this request."""
    rootly = Rootly(httpx.AsyncClient(), "https://rootly.example.com")
    assert rootly.request(operation, submission, KEY) == expected


def complaint(form: type[Form], **values: Any) -> tuple[Any, str]:
    with pytest.raises(ValidationError) as caught:
        form(**values)
    (only,) = caught.value.errors()
    return only.get("ctx", {}).get("field") or only["loc"], only["msg"]


def test_times_out_of_order() -> None:
    """A time before an earlier one is an error beside the later field, with or without offsets."""
    times = {"started_at": datetime(2026, 1, 2, tzinfo=UTC), "resolved_at": datetime(2026, 1, 1)}  # noqa: DTZ001
    assert complaint(Incident, title="x", **times) == (
        "resolved_at",
        "This is before “Started at”. Choose a later time.",
    )


def test_half_a_match() -> None:
    """Matching an action item takes both an attribute and a value."""
    assert complaint(AddActionItem, summary="x", query_value="1") == (
        "attribute_to_query_by",
        "Fill this in too. It belongs to “Value to match”.",
    )
    assert complaint(AddActionItem, summary="x", attribute_to_query_by="jira_issue_id") == (
        "query_value",
        "Fill this in too. It belongs to “Update the one that matches”.",
    )


def test_not_an_address() -> None:
    """An e-mail field takes an address, an address after a name, or Liquid."""
    assert complaint(SendEmail, to=["ann"], subject="s", body="b") == (
        ("to", 0),
        "Value error, “ann” isn't an e-mail address. Type one such as ann@example.com.",
    )


def test_a_key_with_a_line_break_does_not_show() -> None:
    """A key with a line break is refused and not quoted."""
    with pytest.raises(ValidationError) as caught:
        ApiKey(api_key=SecretStr("secret\nkey"))
    assert "secret" not in str(caught.value)
