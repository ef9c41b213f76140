"""Where each vendor's object says that it was sent late."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bot.adapters.base import Submission
from bot.adapters.incident_io import IncidentIo
from bot.adapters.incident_io import bodies as incident_io
from bot.adapters.incident_io import forms as incident_io_forms
from bot.adapters.incident_io.custom_fields import timestamp_fields
from bot.adapters.rootly import bodies as rootly
from bot.adapters.rootly import forms as rootly_forms
from bot.adapters.twilio import bodies as twilio
from bot.adapters.twilio.attributes import LARGEST
from bot.adapters.twilio.forms import Task
from bot.forms.fields import Form
from tests.adapters.places import place

SUBMITTED = 1_800_000_000.0
ISO = "2027-01-15T08:00:00Z"
AT = "2027-01-15 08:00 UTC"
DECLARED = f"Declared in Slack at {AT}, sent later."
ADDED = f"Submitted in Slack at {AT}, sent later. Added from Slack by Ann (ir1)"
REPORTED = "time_01TIME"
FIELDS = timestamp_fields([{"id": "01TIME", "name": "Reported at", "rank": 1}])


def late(form: Form, **changes: Any) -> Submission:
    return Submission(form, "ir1", "Ann", late_since=SUBMITTED, **changes)


def moment(hour: int) -> datetime:
    return datetime(2027, 1, 15, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "times"),
    [
        ({}, {"started_at": ISO, "detected_at": ISO}),
        ({"started_at": moment(7)}, {"started_at": "2027-01-15T07:00:00+00:00"}),
        ({"detected_at": moment(7)}, {"detected_at": "2027-01-15T07:00:00+00:00"}),
        (
            {"acknowledged_at": moment(7)},
            {
                "started_at": "2027-01-15T07:00:00Z",
                "detected_at": "2027-01-15T07:00:00Z",
                "acknowledged_at": "2027-01-15T07:00:00+00:00",
            },
        ),
        ({"kind": "scheduled", "scheduled_for": moment(20), "scheduled_until": moment(21)}, {}),
    ],
)
def test_a_rootly_incident_began_when_it_was_submitted(
    given: dict[str, Any], times: dict[str, str]
) -> None:
    """Unless the form says when. Rootly refuses times that are out of order."""
    form = rootly_forms.Incident.model_validate({"title": "Down", **given})
    attributes = rootly.incident(form, late(form))
    named = ("started_at", "detected_at", "acknowledged_at")
    assert {name: attributes[name] for name in named if name in attributes} == times
    in_time = rootly.incident(form, Submission(form, "ir1", "Ann"))
    assert {"started_at", "detected_at"} & in_time.keys() == {
        "started_at",
        "detected_at",
    } & given.keys()


def test_a_rootly_action_item_says_it_in_its_description() -> None:
    """Where the reporter and the mark stand as well."""
    form = rootly_forms.ActionItem(incident_id="1", summary="Roll back", description="Now.")
    assert rootly.action_item(form, late(form))["description"] == f"Now.\n\n{ADDED}"


def incident(**given: Any) -> incident_io_forms.Incident:
    """A form with the organisation's own timestamp."""
    operation = next(each for each in IncidentIo.operations if each.name == "incident")
    form = operation.form_for(None, FIELDS).model_validate({"name": "Down", "custom": {}, **given})
    assert isinstance(form, incident_io_forms.Incident)
    return form


def test_an_incident_io_incident_has_the_time_that_an_admin_picked() -> None:
    """And nothing in its summary."""
    form = incident(summary="Errors.")
    body = incident_io.incident(form, late(form, custom=FIELDS, late_field=REPORTED))
    times = [{"incident_timestamp_id": "01TIME", "value": ISO}]
    assert (body["incident_timestamp_values"], body["summary"]) == (times, "Errors.")


@pytest.mark.parametrize("late_field", ["", "time_01GONE"])
@pytest.mark.parametrize(
    ("summary", "said"), [("Errors.", f"Errors.\n\n{DECLARED}"), (None, DECLARED)]
)
def test_without_such_a_time_its_summary_says_it(
    late_field: str, summary: str | None, said: str
) -> None:
    """Where none was picked, or incident.io does not have it any more and would refuse it."""
    form = incident(summary=summary)
    body = incident_io.incident(form, late(form, custom=FIELDS, late_field=late_field))
    assert (body["summary"], "incident_timestamp_values" in body) == (said, False)


def test_a_time_in_the_form_stays() -> None:
    """Whoever filled in the picked timestamp knows better."""
    form = incident(summary="Errors.", custom={REPORTED: moment(7)})
    body = incident_io.incident(form, late(form, custom=FIELDS, late_field=REPORTED))
    times = [{"incident_timestamp_id": "01TIME", "value": "2027-01-15T07:00:00Z"}]
    assert (body["incident_timestamp_values"], body["summary"]) == (times, "Errors.")


def test_actions_and_follow_ups_say_it_in_their_description() -> None:
    """In the line with the reporter and the mark."""
    action = incident_io_forms.Action(incident_id="1", description="Roll back")
    assert incident_io.action(action, late(action))["description"] == f"Roll back\n\n_{ADDED}_"
    follow_up = incident_io_forms.FollowUp(incident_id="1", title="Alert")
    assert incident_io.follow_up(follow_up, late(follow_up))["description"] == f"_{ADDED}_"


@pytest.mark.parametrize(
    ("given", "described"),
    [
        ({}, f"Submitted in Slack at {AT}, sent later."),
        ({"description": "Now."}, f"Now.\n\nSubmitted in Slack at {AT}, sent later."),
        ({"attributes": "description = 7"}, 7),
    ],
)
def test_a_task_says_it_in_its_description(given: dict[str, Any], described: object) -> None:
    """Unless that is no text."""
    form = Task.model_validate({"title": "Call", **given})
    assert json.loads(twilio.task(form, late(form))["Attributes"])["description"] == described


def test_a_task_without_room_for_it_is_sent_all_the_same() -> None:
    """Twilio refuses longer attributes, and the task matters more."""
    form = Task(title="Call", description="x" * 3900)
    submission = Submission(form, "ir0123456789ab", "n" * 80, late_since=SUBMITTED)
    attributes = twilio.task(form, submission)["Attributes"]
    assert len(attributes) <= LARGEST
    assert json.loads(attributes)["description"] == "x" * 3900


async def test_the_stand_ins_take_it() -> None:
    """As the vendors are documented to: the created incidents began when they were submitted."""
    async with httpx.AsyncClient(trust_env=False) as client:
        async with place("rootly.incident", client) as here:
            await here.create(here.submission(late_since=SUBMITTED))
            made = here.vendor.data.lists["incidents"][-1]["attributes"]
            assert (made["started_at"], made["detected_at"]) == (ISO, ISO)
        async with place("incident_io.incident", client) as here:
            offered = await here.adapter.entries("incident_fields", here.credentials)
            times = [
                entry.field for entry in offered if entry.field and entry.field.kind == "datetime"
            ]
            late_field = times[0].id
            await here.create(
                here.submission(custom=times, late_since=SUBMITTED, late_field=late_field)
            )
            made = here.vendor.data.lists["incidents"][-1]
            [value] = made["incident_timestamp_values"]
            assert value["incident_timestamp"]["name"] == times[0].name
            assert value["value"] == {"value": ISO}
