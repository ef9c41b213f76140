"""The fields of a form that incident.io's complaints are about."""

from typing import Any

import pytest
from pydantic import create_model

from bot.adapters.incident_io.forms import FollowUp, Incident, RetrospectiveOptions
from bot.adapters.incident_io.refusals import complaints
from bot.forms.fields import Form

SENT = {
    "incident_role_assignments": [{"incident_role_id": "lead"}, {"incident_role_id": "scribe"}],
    "custom_field_entries": [{"custom_field_id": "team", "values": [{"value_option_id": "a"}]}],
}
Own = create_model(
    "Own", __base__=Form, role_lead=(str, "U1"), role_scribe=(str, "U2"), option_team=(str, "a")
)
WithOwn = create_model("WithOwn", __base__=Incident, custom=(Own, Own()))
DECLARED = WithOwn(
    name="x",
    mode="retrospective",
    retrospective_incident_options=RetrospectiveOptions(slack_channel_id="C1"),
)
FOLLOW_UP = FollowUp(incident_id="i", title="x", labels=["a"])

PATHS = [
    ("severity_id", "severity_id"),
    ("name.text", "name"),
    (
        "retrospective_incident_options.slack_channel_id",
        "retrospective_incident_options.slack_channel_id",
    ),
    ("retrospective_incident_options.external_id", "retrospective_incident_options"),
    ("incident_role_assignments[0]", "custom.role_lead"),
    ("incident_role_assignments[1].assignee.slack_user_id", "custom.role_scribe"),
    ("incident_role_assignments.1.assignee", "custom.role_scribe"),
    ("incident_role_assignments[9].assignee", None),
    ("incident_role_assignments.scribe", "custom.role_scribe"),
    ("incident_role_assignments", None),
    ("custom_field_entries[0].values[1].value_option_id", "custom.option_team"),
    ("custom_field_entries", "custom.option_team"),
    ("custom_field_entries.elsewhere.values", None),
    ("incident_timestamp_values[0].value", None),
    ("idempotency_key", None),
    ("[0]", None),
    ("", None),
]


@pytest.mark.parametrize(("path", "expected"), PATHS)
def test_paths(path: str, expected: str | None) -> None:
    """A path leads to the field whose value is at that place of the body, else to no field."""
    said = {"errors": [{"message": "No", "source": {"field": path}}]}
    assert complaints(said, DECLARED, SENT) == (
        ({expected: "No"}, []) if expected else ({}, ["No"])
    )


BODIES: list[tuple[Any, Any]] = [
    ({"errors": [{"code": "is_required", "source": {"field": "labels[0]"}}]},
     ({"labels": "is_required"}, [])),
    ({"errors": [{"message": "A", "source": {"field": "title"}},
                 {"message": "B", "source": {"field": "title"}}]},
     ({"title": "A; B"}, [])),
    ({"errors": [{"message": "A"}, {"message": "B", "source": {"field": "priority"}}]},
     ({}, ["A", "B"])),
    ({"message": "Odd"}, ({}, ["Odd"])),
    ({"errors": [{}, 7]}, ({}, [])),
    ("<html>", ({}, [])),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), BODIES)
def test_bodies(body: Any, expected: Any) -> None:
    """Every complaint is kept, with the vendor's words, or with its code if it has none."""
    assert complaints(body, FOLLOW_UP, {"labels": ["a"]}) == expected


def test_without_a_form() -> None:
    """A complaint about a read is about no field."""
    assert complaints({"errors": [{"message": "No", "source": {"field": "page_size"}}]}, None) == (
        {},
        ["No"],
    )
