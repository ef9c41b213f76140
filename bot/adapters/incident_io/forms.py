"""incident.io's forms. The fields have the names of incident.io's own members."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, HttpUrl, model_validator

from bot.forms.fields import (
    Advanced,
    Choice,
    Conversation,
    Form,
    Lookup,
    RequiredWithout,
    Text,
    wrong,
)
from bot.language import N_, _

VISIBILITIES = Choice(
    {"public": "Everyone in the organisation", "private": "Only the people invited"}
)
MODES = Choice(
    {
        "standard": "A real incident",
        "retrospective": "One of the past (not announced)",
        "test": "A test",
        "tutorial": "A tutorial",
    }
)
Mode = Literal["standard", "retrospective", "test", "tutorial"]
FOR_THE_PAST = N_("Only for the kind “One of the past”.")
ONLY_OF_THE_PAST = N_("Only for incidents of the past. Choose that kind, or leave this empty.")

NOT_OFFERED: Mapping[str, Mapping[str, str]] = {
    "incident": {
        "slack_team_id": "only an Enterprise Grid has several to choose from, and one that "
        "incident.io is not installed in would be refused with nothing on the "
        "form to mend it; incident.io takes its own",
        "retrospective_incident_options.external_id": (
            "incident.io takes it only from whom it has switched it on for"
        ),
        "incident_role_assignments.assignee.email": "the Slack id says who it is",
        "custom_field_entries.values.id": (
            "names a value that is there already; a new incident has none"
        ),
        "custom_field_entries.values.value_timestamp": "deprecated; times have fields of their own",
    },
    "action": {},
    "follow_up": {
        "external_issue_reference_id": (
            "nothing lists the references to issues, and people do not know their ids"
        ),
    },
}
"""Members of incident.io's document that are never sent, by operation and path, with the reason."""


class RetrospectiveOptions(Form):
    """The options of an incident of the past."""

    slack_channel_id: Annotated[str | None, Conversation(), Advanced()] = Field(
        None,
        title="Slack channel it had",
        description=N_(
            "Only for the kind “One of the past”. Without one, incident.io makes no channel."
        ),
    )
    postmortem_document_url: Annotated[HttpUrl | None, Advanced()] = Field(
        None, title="Link to its post-mortem", description=FOR_THE_PAST
    )


class Incident(Form):
    """An incident.

    The severity may be empty only in triage. The entries of the statuses show which of them are
    triage. The form does not have these entries, so the adapter checks that before it sends.
    """

    headline: ClassVar = "name"
    details: ClassVar = "summary"

    name: Annotated[str, Text(placeholder="Checkout answers with errors")] = Field(
        title="Name", min_length=1
    )
    severity_id: Annotated[
        str | None, Lookup("severities"), RequiredWithout("incident_status_id")
    ] = Field(None, title="Severity")
    summary: Annotated[str | None, Text(multiline=True)] = Field(
        None, title="Summary", description=N_("What is known so far.")
    )
    incident_status_id: Annotated[str | None, Lookup("incident_statuses"), Advanced()] = Field(
        None, title="Status", description=N_("incident.io chooses if this is empty.")
    )
    incident_type_id: Annotated[str | None, Lookup("incident_types")] = Field(
        None, title="Incident type", description=N_("incident.io chooses if this is empty.")
    )
    visibility: Annotated[Literal["public", "private"], VISIBILITIES] = Field(
        "public", title="Who can see it"
    )
    mode: Annotated[Mode, MODES, Advanced()] = Field("standard", title="Kind")
    slack_channel_name_override: Annotated[
        str | None, Text(placeholder="inc-checkout-down"), Advanced()
    ] = Field(
        None,
        title="Name of its Slack channel",
        description=N_("incident.io chooses if this is empty."),
    )
    retrospective_incident_options: RetrospectiveOptions | None = None

    @property
    def confidential(self) -> bool:
        return self.visibility == "private"

    @model_validator(mode="after")
    def _only_of_the_past(self) -> "Incident":
        options = self.retrospective_incident_options
        for name in RetrospectiveOptions.model_fields if self.mode != "retrospective" else ():
            if getattr(options, name, None) is not None:
                raise wrong(f"retrospective_incident_options.{name}", _(ONLY_OF_THE_PAST))
        return self


class OnIncident(Form):
    """The base of a form for an object that belongs to an incident."""

    incident_id: Annotated[
        str, Lookup("incidents", placeholder="Search, or paste INC-123 or a link")
    ] = Field(title="Incident", min_length=1)


class Action(OnIncident):
    """A task during the incident."""

    headline: ClassVar = "description"

    description: Annotated[str, Text(multiline=True, placeholder="Roll back the last release")] = (
        Field(title="What is to be done", min_length=1, description=N_("Markdown works."))
    )
    assignee_id: Annotated[str | None, Lookup("users")] = Field(None, title="Assigned to")


class FollowUp(OnIncident):
    """A task after the incident."""

    headline: ClassVar = "title"
    details: ClassVar = "description"

    title: Annotated[str, Text(placeholder="Alert on the pool's size")] = Field(
        title="What is to be done", min_length=1
    )
    description: Annotated[str | None, Text(multiline=True)] = Field(
        None, title="Description", description=N_("Markdown works.")
    )
    assignee_id: Annotated[str | None, Lookup("users")] = Field(None, title="Assigned to")
    assignee_team_id: Annotated[str | None, Lookup("teams")] = Field(None, title="Assigned to team")
    follow_up_priority_option_id: Annotated[str | None, Lookup("follow_up_priorities")] = Field(
        None,
        title="Priority",
        description=N_("Only those that a follow-up already has are listed."),
    )
    follow_up_category_id: Annotated[str | None, Lookup("follow_up_categories")] = Field(
        None,
        title="Category",
        description=N_("Only those that a follow-up already has are listed."),
    )
    labels: Annotated[list[str], Text(multiline=True, placeholder="monitoring"), Advanced()] = (
        Field(default_factory=list, title="Labels", description=N_("One a line."))
    )
