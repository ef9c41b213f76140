"""What a person wrote, given back."""

from dataclasses import replace
from typing import Any

import pytest

from bot import messages
from bot.adapters.base import Entry
from bot.delivery.model import Delivery
from bot.delivery.problems import said
from bot.playground.slack.limits import check_view
from tests.messages.parts import ROW, VENDORS

ROOTLY = VENDORS[0]
TASK = replace(
    ROW,
    vendor="rootly",
    operation="workflow_task",
    branch="send_email",
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
    selected={
        "workflows/w1": Entry(id="w1", label="Page the lead"),
        "users/w1": Entry(id="w1", label="Somebody"),
        "task_types/send_email": Entry(id="send_email", label="Send an e-mail"),
    },
)


def test_what_was_written_can_be_copied() -> None:
    """By the fields' titles, with what the pickers showed; many lines stay many lines; what was
    left empty is left out."""
    assert messages.contents(TASK, ROOTLY, ROOTLY.operation("workflow_task")) == (
        "Workflow: Page the lead\nWhat the task does: Send an "
        "e-mail\nTo:\na@example.com\nb@example.com\n\nSubject: Help\n"
        "Body:\nLine 1\nLine 2"
    )


def texts(row: Delivery) -> tuple[str, list[str]]:
    """What the modal for copying says above the text, and the text in parts."""
    view = messages.copied(row, ROOTLY, ROOTLY.operation("workflow_task"))
    assert check_view(view) == []
    said = [it["text"]["text"] for it in view["blocks"] if it["type"] == "section"]
    return "".join(said), [
        it["element"]["initial_value"] for it in view["blocks"] if it["type"] == "input"
    ]


def test_a_long_text_is_copied_in_parts() -> None:
    """All of it, as long as there is room."""
    body = "x" * 17_900
    said, parts = texts(replace(TASK, payload={"task_params": {"body": body}}))
    assert (said, "".join(parts), len(parts)) == ("", f"Body: {body}", 6)


def test_a_text_that_is_too_long_to_be_copied_says_so() -> None:
    """How much is missing, and how to get at it; what stands there is the text as it was written."""
    body = "x" * 18_000
    said, parts = texts(replace(TASK, payload={"task_params": {"body": body}}))
    assert said == (
        ":scissors: These are the first 18,000 of 18,006 characters. Your bot admin can print the "
        "rest with `python -m bot deliveries ir000000000001`."
    )
    assert "".join(parts) == f"Body: {body}"[:18_000]


def test_a_refusal_names_the_fields_by_their_titles() -> None:
    """Also those of a nested form, and what is about nothing in particular."""
    row = replace(
        TASK,
        error_details=said("Not today."),
        field_errors={"task_params.to": "is <no> address", "tasks.0": "Odd"},
    )
    assert messages.refused(row, ROOTLY, ROOTLY.operation("workflow_task"))["text"]["text"] == (
        ":no_entry: *Rootly didn't accept this:*\nRootly says: Not today.\n"
        "• *To*: Rootly says: is &lt;no&gt; address.\n• *0*: Rootly says: Odd."
    )


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({"payload": {"title": "x", "public_title": None, "notify_emails": []}}, False),
        ({"payload": {"title": "x", "public_title": "y"}}, False),
        ({"payload": {"title": "x"}, "field_errors": {"public_title": "is too long"}}, True),
    ],
)
def test_rarely_used_fields_are_shown_where_they_matter(
    changes: dict[str, Any], needed: bool
) -> None:
    """When one is what the vendor did not like. What was filled in is on the first screen."""
    assert (
        messages.needs_more(replace(ROW, **changes), ROOTLY, ROOTLY.operation("incident")) is needed
    )
