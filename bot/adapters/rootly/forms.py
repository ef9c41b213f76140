"""Rootly's forms. The fields have the names of Rootly's own attributes.

`NOT_OFFERED` lists the attributes that the forms of incidents and action items leave out. For
workflow tasks, `tasks/forms.toml` does.
"""

from collections.abc import Mapping
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import EmailStr, Field, HttpUrl, field_validator, model_validator

from bot.adapters.rootly.task_forms import FORMS
from bot.adapters.values import in_utc
from bot.forms.fields import (
    Advanced,
    Check,
    Choice,
    Conversation,
    Form,
    Lookup,
    Text,
    matching,
    wrong,
)
from bot.forms.sentences import NOT_CHOSEN
from bot.language import N_, _

Priority = Literal["high", "medium", "low"]
ActionItemKind = Literal["task", "follow_up"]
ActionItemStatus = Literal["open", "in_progress", "cancelled", "done"]
IncidentStatus = Literal[
    "in_triage", "started", "detected", "acknowledged", "mitigated", "resolved", "closed",
    "cancelled", "scheduled", "in_progress", "completed",
]  # fmt: skip
IncidentKind = Literal["normal", "test", "example", "backfilled", "scheduled"]
"""The kinds without a parent incident. The kind of a sub-incident ends in `_sub`."""

NOT_OFFERED: Mapping[str, Mapping[str, str]] = {
    "incident": {
        "url": "Rootly makes the address of an incident's page.",
        "user_id": (
            "The creator is whoever fills the form in, if Rootly knows the person's e-mail address."
        ),
        "slack_channel_name": "It comes with the channel that is chosen in `slack_channel_id`.",
        "slack_channel_url": (
            "Rootly finds a channel by its id; its address is not known when a form is filled in."
        ),
        "slack_channel_archived": "Nobody declares an incident into a channel that is closed.",
    },
    "action_item": {
        "form_field_selections.id": "A new action item has no values yet.",
        "form_field_selections._destroy": "A new action item has no values to take away.",
    },
    "workflow_task": {},
}
"""Attributes that the operation's form leaves out, by their dotted path, with the reason.

`tasks/forms.toml` has the parameters of task types.
"""

OURS = ("slack_ref", "slack_reporter")
"""Labels that the bot adds to an incident: its marker, and the reporter.

The reporter is a label only if Rootly does not know the person.
"""

KINDS = Choice(
    {
        "normal": "A real incident",
        "test": "A test",
        "example": "An example",
        "backfilled": "An incident of the past",
        "scheduled": "A planned maintenance",
    }
)
PRIVATE = Check(
    N_("Only people who are invited can see it"),
    confirm=N_("Rootly can't make a private incident public again."),
    agree=N_("Make private"),
)

# Rootly documents one complaint about times: "Detected at can not be before Started time". The
# place of triage in the order is not documented, so Rootly checks `in_triage_at`.
IN_ORDER = (
    "started_at",
    "detected_at",
    "acknowledged_at",
    "mitigated_at",
    "resolved_at",
    "closed_at",
    "cancelled_at",
)
PLANNED = ("scheduled_for", "scheduled_until")
WHEN = ("in_triage_at", *IN_ORDER, *PLANNED)


JiraUrl = Annotated[HttpUrl | None, Advanced()]
JiraKey = Annotated[str | None, Text(placeholder="OPS-42"), Advanced()]
JiraId = Annotated[str | None, Advanced()]
JIRA_URL: Any = Field(None, title="Jira issue link", description=N_("We take the key from it."))
JIRA_KEY: Any = Field(None, title="Jira issue key")
JIRA_ID: Any = Field(None, title="Jira issue ID", description=N_("Jira's own number for it."))


class Incident(Form):
    """An incident.

    Rootly itself requires no attribute, though an organisation can. Our form requires a title,
    because Rootly would invent one.
    """

    headline: ClassVar = "title"
    details: ClassVar = "summary"

    title: Annotated[str, Text(placeholder="Checkout answers with errors")] = Field(
        title="Title", min_length=1
    )
    severity_id: Annotated[str | None, Lookup("severities")] = Field(None, title="Severity")
    summary: Annotated[str | None, Text(multiline=True)] = Field(
        None, title="Summary", description=N_("What is known so far.")
    )
    incident_type_ids: Annotated[list[str], Lookup("incident_types"), Advanced()] = Field(
        default_factory=list, title="Types"
    )
    service_ids: Annotated[list[str], Lookup("services")] = Field(
        default_factory=list, title="Services"
    )
    functionality_ids: Annotated[list[str], Lookup("functionalities"), Advanced()] = Field(
        default_factory=list, title="Functionalities"
    )
    environment_ids: Annotated[list[str], Lookup("environments"), Advanced()] = Field(
        default_factory=list, title="Environments"
    )
    group_ids: Annotated[list[str], Lookup("teams"), Advanced()] = Field(
        default_factory=list, title="Teams"
    )
    private: Annotated[bool, PRIVATE] = Field(False, title="Private incident")
    kind: Annotated[IncidentKind, KINDS, Advanced()] = Field("normal", title="Kind")
    cause_ids: Annotated[list[str], Lookup("causes"), Advanced()] = Field(
        default_factory=list, title="Causes"
    )
    parent_incident_id: Annotated[str | None, Lookup("incidents"), Advanced()] = Field(
        None, title="Parent incident", description=N_("Makes this one a sub-incident of it.")
    )
    duplicate_incident_id: Annotated[str | None, Lookup("incidents"), Advanced()] = Field(
        None, title="Duplicate of", description=N_("The incident that this one repeats.")
    )
    alert_ids: Annotated[list[str], Lookup("alerts"), Advanced()] = Field(
        default_factory=list, title="Alerts"
    )
    labels: Annotated[list[str], Text(placeholder="platform = ios"), Advanced()] = Field(
        default_factory=list,
        title="Labels",
        description=N_("One a line, such as platform = ios."),
    )
    notify_emails: Annotated[list[EmailStr], Advanced()] = Field(
        default_factory=list,
        title="Notify by e-mail",
        description=N_("Rootly's workflows write to these addresses."),
    )
    slack_channel_id: Annotated[str | None, Conversation(), Advanced()] = Field(
        None,
        title="Slack channel",
        description=N_("An existing channel, in place of a new one."),
    )
    public_title: Annotated[str | None, Advanced()] = Field(
        None,
        title="Public title",
        description=N_("What a status page shows in place of the title."),
    )
    status: Annotated[IncidentStatus | None, Advanced()] = Field(
        None, title="Status", description=N_("Rootly chooses if this is empty.")
    )
    in_triage_at: Annotated[datetime | None, Advanced()] = Field(None, title="In triage since")
    started_at: Annotated[datetime | None, Advanced()] = Field(None, title="Started at")
    detected_at: Annotated[datetime | None, Advanced()] = Field(None, title="Detected at")
    acknowledged_at: Annotated[datetime | None, Advanced()] = Field(None, title="Acknowledged at")
    mitigated_at: Annotated[datetime | None, Advanced()] = Field(None, title="Mitigated at")
    resolved_at: Annotated[datetime | None, Advanced()] = Field(None, title="Resolved at")
    closed_at: Annotated[datetime | None, Advanced()] = Field(None, title="Closed at")
    cancelled_at: Annotated[datetime | None, Advanced()] = Field(None, title="Cancelled at")
    scheduled_for: Annotated[datetime | None, Advanced()] = Field(None, title="Maintenance begins")
    scheduled_until: Annotated[datetime | None, Advanced()] = Field(None, title="Maintenance ends")
    muted_service_ids: Annotated[list[str], Lookup("services"), Advanced()] = Field(
        default_factory=list,
        title="Services to mute",
        description=N_("Their alerts page nobody during the maintenance."),
    )
    jira_issue_url: JiraUrl = JIRA_URL
    jira_issue_key: JiraKey = JIRA_KEY
    jira_issue_id: JiraId = JIRA_ID
    google_drive_url: Annotated[HttpUrl | None, Advanced()] = Field(None, title="Google Drive link")
    google_drive_parent_id: Annotated[str | None, Advanced()] = Field(
        None,
        title="Google Drive folder ID",
        description=N_("Where Rootly puts the incident's documents."),
    )

    @property
    def confidential(self) -> bool:
        return self.private

    @field_validator(*WHEN)
    @classmethod
    def _has_an_offset(cls, value: datetime | None) -> datetime | None:
        """Return the time with an offset.

        Slack's picker always gives one. A time without an offset is read as UTC.
        """
        return value and in_utc(value)

    @field_validator("labels")
    @classmethod
    def _are_labels(cls, value: list[str]) -> list[str]:
        names = [line.partition("=")[0].strip() for line in value]
        for line, name in zip(value, names, strict=True):
            if "=" not in line or not name:
                raise ValueError(
                    _("“{line}” isn't a label. Type one such as platform = ios.").format(line=line)
                )
            if name in OURS:
                raise ValueError(
                    _("We use the label “{name}”. Choose another name.").format(name=name)
                )
            if names.count(name) > 1:
                raise ValueError(
                    _("The label “{name}” is there twice. Remove one.").format(name=name)
                )
        return value

    @model_validator(mode="after")
    def _is_planned_or_happened(self) -> "Incident":
        planned = self.kind == "scheduled"
        if planned and self.scheduled_for is None:
            raise wrong("scheduled_for", _("Choose when the maintenance begins."))
        for name in (*PLANNED, "muted_service_ids"):
            if getattr(self, name) and not planned:
                raise wrong(
                    name,
                    _("Only for a planned maintenance. Choose that kind, or leave this empty."),
                )
        if (
            self.scheduled_for
            and self.scheduled_until
            and self.scheduled_until < self.scheduled_for
        ):
            raise wrong("scheduled_until", _before(type(self), "scheduled_for"))
        return self

    @model_validator(mode="after")
    def _happened_in_order(self) -> "Incident":
        given = [name for name in IN_ORDER if getattr(self, name) is not None]
        for earlier, later in pairwise(given):
            if getattr(self, later) < getattr(self, earlier):
                raise wrong(later, _before(type(self), earlier))
        return self


def _before(form: type[Form], name: str) -> str:
    """Return the sentence for a time that is before the time in another field."""
    title = form.model_fields[name].title
    return _("This is before “{field}”. Choose a later time.").format(field=title)


class ActionItem(Form):
    """An action item of an incident."""

    headline: ClassVar = "summary"
    details: ClassVar = "description"

    incident_id: Annotated[
        str, Lookup("incidents", placeholder="Search, or paste INC-123 or a link")
    ] = Field(title="Incident", min_length=1)
    summary: Annotated[str, Text(placeholder="Roll back the last release")] = Field(
        title="Summary", min_length=1
    )
    description: Annotated[str | None, Text(multiline=True)] = Field(None, title="Description")
    kind: ActionItemKind = Field("task", title="Kind")
    priority: Priority = Field("medium", title="Priority")
    status: ActionItemStatus = Field("open", title="Status")
    assigned_to_user_id: Annotated[str, Lookup("users"), matching(r"\d+", NOT_CHOSEN)] | None = (
        Field(None, title="Assigned to")
    )
    assigned_to_group_ids: Annotated[list[str], Lookup("teams")] = Field(
        default_factory=list, title="Assigned to teams"
    )
    due_date: date | None = Field(None, title="Due")
    jira_issue_url: JiraUrl = JIRA_URL
    jira_issue_key: JiraKey = JIRA_KEY
    jira_issue_id: JiraId = JIRA_ID


class WorkflowTask(Form):
    """The fields of every workflow task. The chosen type's parameters are a form in `task_params`.

    Rootly does not require a name. Our tasks have one, because it carries the marker. The default
    is the label of the type.
    """

    headline: ClassVar = "name"

    workflow_id: Annotated[str, Lookup("workflows")] = Field(title="Workflow", min_length=1)
    task_type: Annotated[str, Lookup("task_types", rerenders=True)] = Field(
        title="What the task does", min_length=1
    )
    name: Annotated[str | None, Text(placeholder="Left empty: the name of its type")] = Field(
        None, title="Name"
    )
    enabled: Annotated[bool, Check(N_("Switched on"))] = Field(True, title="Enabled")
    skip_on_failure: Annotated[bool, Check(N_("Go on with the workflow when this task fails"))] = (
        Field(False, title="On failure")
    )
    position: Annotated[int | None, Advanced()] = Field(
        None,
        ge=1,
        title="Position",
        description=N_("The place in the workflow. Rootly chooses if this is empty."),
    )

    @field_validator("task_type")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in FORMS:
            raise ValueError(_(NOT_CHOSEN))
        return value
