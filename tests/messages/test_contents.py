"""What a person wrote, given back."""

from dataclasses import replace
from typing import Any

import pytest

from bot import messages
from bot.adapters.base import Entry
from tests.messages.parts import ROW, VENDORS

ROOTLY = VENDORS[0]
TASK = replace(
    ROW,
    vendor="rootly",
    operation="workflow_task",
    answer="send_email",
    payload={
        "workflow_id": "w1",
        "task_type": "send_email",
        "task_params": {
            "to": ["a@example.com", "b@example.com"],
            "subject": "Help",
            "body": "Line 1\nLine 2",
            "cc": [],
        },
    },
    chosen={
        "workflows/w1": Entry(id="w1", label="Page the lead"),
        "users/w1": Entry(id="w1", label="Somebody"),
        "task_types/send_email": Entry(id="send_email", label="Send an e-mail"),
    },
)


def test_what_was_written_can_be_copied() -> None:
    """By the fields' titles, with what the pickers showed; many lines stay many lines; what was left empty is left out."""
    assert messages.contents(TASK, ROOTLY, ROOTLY.operation("workflow_task")) == (
        "Workflow: Page the lead\nWhat the task does: Send an e-mail\nTo:\na@example.com\nb@example.com\n\nSubject: Help\n"
        "Body:\nLine 1\nLine 2"
    )


def test_a_refusal_names_the_fields_by_their_titles() -> None:
    """Also those of a nested form, and what is about nothing in particular."""
    row = replace(TASK, sentence="Not today.", fields={"task_params.to": "is <no> address", "tasks.0": "Odd"})
    assert messages.refused(row, ROOTLY, ROOTLY.operation("workflow_task"))["text"]["text"] == (
        ":no_entry: *Rootly did not accept this:*\nNot today.\n• *To*: is &lt;no&gt; address\n• *0*: Odd"
    )


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({"payload": {"title": "x", "public_title": None, "notify_emails": []}}, False),
        ({"payload": {"title": "x", "public_title": "y"}}, True),
        ({"payload": {"title": "x"}, "fields": {"public_title": "is too long"}}, True),
    ],
)
def test_rarely_used_fields_are_shown_where_they_matter(changes: dict[str, Any], needed: bool) -> None:
    """When one was filled in, or is what the vendor did not like."""
    assert messages.needs_more(replace(ROW, **changes), ROOTLY, ROOTLY.operation("incident")) is needed
