"""Rootly's forms. The fields bear the names of Rootly's own attributes.

Left out on purpose: `url` (Rootly makes it), `slack_channel_*`, `google_drive_*` and `jira_*` of an incident (Rootly's
own integrations set them), `user_id` (defaults to the token's user), what only maintenance has (`scheduled_*`,
`muted_service_ids`), and `assigned_to_user_id` of the task "add an action item", which Rootly has deprecated in favour
of `assigned_to_user`.
"""

import re
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import EmailStr, Field, HttpUrl, field_validator, model_validator

from bot.forms.fields import Advanced, Check, Choice, Conversation, Form, Json, Lookup, Text, wrong

Priority = Literal["high", "medium", "low"]
ActionItemKind = Literal["task", "follow_up"]
ActionItemStatus = Literal["open", "in_progress", "cancelled", "done"]
IncidentStatus = Literal[
    "in_triage", "started", "detected", "acknowledged", "mitigated", "resolved", "closed", "cancelled"
]

KINDS = Choice({"normal": "A real incident", "test": "A test", "backfilled": "An incident of the past"})
LIQUID = "Rootly fills in Liquid such as {{ incident.title }} when the task runs."
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+|[^<>]*<[^@\s<>]+@[^@\s<>]+>")

# Rootly's one documented complaint about times is "Detected at can not be before Started time". Where triage stands
# in the order is not documented, so `in_triage_at` is left to Rootly.
IN_ORDER = ("started_at", "detected_at", "acknowledged_at", "mitigated_at", "resolved_at", "closed_at")
WHEN = ("in_triage_at", *IN_ORDER)


class Incident(Form):
    """Rootly itself requires no attribute (an organisation can); we ask for a title, since Rootly would invent one."""

    headline: ClassVar = "title"
    details: ClassVar = "summary"

    title: Annotated[str, Text(placeholder="Checkout answers with errors")] = Field(title="Title", min_length=1)
    summary: Annotated[str | None, Text(multiline=True)] = Field(
        None, title="Summary", description="What is known so far."
    )
    severity_id: Annotated[str | None, Lookup("severities")] = Field(None, title="Severity")
    incident_type_ids: Annotated[list[str], Lookup("incident_types")] = Field(default_factory=list, title="Types")
    service_ids: Annotated[list[str], Lookup("services")] = Field(default_factory=list, title="Services")
    functionality_ids: Annotated[list[str], Lookup("functionalities")] = Field(
        default_factory=list, title="Functionalities"
    )
    environment_ids: Annotated[list[str], Lookup("environments")] = Field(default_factory=list, title="Environments")
    group_ids: Annotated[list[str], Lookup("teams")] = Field(default_factory=list, title="Teams")
    private: Annotated[bool, Check("Make it private. This cannot be undone.")] = Field(False, title="Private incident")
    kind: Annotated[Literal["normal", "test", "backfilled"], KINDS] = Field("normal", title="Kind")
    parent_incident_id: Annotated[str | None, Lookup("incidents"), Advanced()] = Field(
        None, title="Parent incident", description="Makes this one a sub-incident of it."
    )
    notify_emails: Annotated[list[EmailStr], Advanced()] = Field(
        default_factory=list, title="Notify by e-mail", description="Rootly's workflows write to these addresses."
    )
    public_title: Annotated[str | None, Advanced()] = Field(
        None, title="Public title", description="What a status page shows instead of the title."
    )
    status: Annotated[IncidentStatus | None, Advanced()] = Field(
        None, title="Status", description="Rootly chooses, if left empty."
    )
    in_triage_at: Annotated[datetime | None, Advanced()] = Field(None, title="In triage since")
    started_at: Annotated[datetime | None, Advanced()] = Field(None, title="Started at")
    detected_at: Annotated[datetime | None, Advanced()] = Field(None, title="Detected at")
    acknowledged_at: Annotated[datetime | None, Advanced()] = Field(None, title="Acknowledged at")
    mitigated_at: Annotated[datetime | None, Advanced()] = Field(None, title="Mitigated at")
    resolved_at: Annotated[datetime | None, Advanced()] = Field(None, title="Resolved at")
    closed_at: Annotated[datetime | None, Advanced()] = Field(None, title="Closed at")

    @property
    def confidential(self) -> bool:
        return self.private

    @field_validator(*WHEN)
    @classmethod
    def _has_an_offset(cls, value: datetime | None) -> datetime | None:
        """Slack's picker gives a point in time; one without an offset is read as UTC."""
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)

    @model_validator(mode="after")
    def _happened_in_order(self) -> "Incident":
        given = [name for name in IN_ORDER if getattr(self, name) is not None]
        for earlier, later in pairwise(given):
            if getattr(self, later) < getattr(self, earlier):
                raise wrong(later, f"This is before “{type(self).model_fields[earlier].title}”.")
        return self


class ActionItem(Form):
    headline: ClassVar = "summary"
    details: ClassVar = "description"

    incident_id: Annotated[str, Lookup("incidents", placeholder="Search, or paste INC-123 or a link")] = Field(
        title="Incident", min_length=1
    )
    summary: Annotated[str, Text(placeholder="Roll back the last release")] = Field(title="Summary", min_length=1)
    description: Annotated[str | None, Text(multiline=True)] = Field(None, title="Description")
    kind: ActionItemKind = Field("task", title="Kind")
    priority: Priority = Field("medium", title="Priority")
    status: ActionItemStatus = Field("open", title="Status")
    assigned_to_user_id: Annotated[str | None, Lookup("users")] = Field(None, title="Assigned to", pattern=r"^\d+$")
    assigned_to_group_ids: Annotated[list[str], Lookup("teams")] = Field(
        default_factory=list, title="Assigned to teams"
    )
    due_date: date | None = Field(None, title="Due")
    jira_issue_url: Annotated[HttpUrl | None, Advanced()] = Field(
        None, title="Jira issue link", description="The key is read from it."
    )
    jira_issue_key: Annotated[str | None, Text(placeholder="OPS-42"), Advanced()] = Field(None, title="Jira issue key")
    jira_issue_id: Annotated[str | None, Advanced()] = Field(
        None, title="Jira issue ID", description="Jira's own number for it."
    )


class AddActionItem(Form):
    """Parameters of the task type `add_action_item`."""

    block: ClassVar = "add_action_item"
    words: ClassVar = "Add an action item"

    summary: str = Field(title="Action item", min_length=1, description=LIQUID)
    description: Annotated[str | None, Text(multiline=True)] = Field(None, title="Description", description=LIQUID)
    kind: ActionItemKind | None = Field(None, title="Kind")
    priority: Priority = Field("medium", title="Priority")
    status: ActionItemStatus = Field("open", title="Status")
    assigned_to_user: Annotated[str | None, Lookup("users")] = Field(None, title="Assigned to")
    incident_role_id: Annotated[str | None, Lookup("roles")] = Field(
        None, title="Or to whoever has the role", description="Looked up in the incident when the task runs."
    )
    post_to_incident_timeline: Annotated[bool, Check("Post it to the incident's timeline")] = Field(
        False, title="Timeline"
    )
    post_to_slack_channels: Annotated[list[str], Conversation()] = Field(
        default_factory=list, title="Post to Slack channels"
    )
    custom_fields_mapping: Annotated[str | None, Json(kind=dict), Advanced()] = Field(
        None,
        title="Custom fields",
        description="JSON that gives the custom fields their values; Liquid may stand in it.",
    )
    attribute_to_query_by: Annotated[
        Literal["jira_issue_id"] | None, Choice({"jira_issue_id": "Jira issue ID"}), Advanced()
    ] = Field(None, title="Update the one that matches", description="Which attribute tells them apart.")
    query_value: Annotated[str | None, Advanced()] = Field(None, title="Value to match", description=LIQUID)

    @model_validator(mode="after")
    def _matches_something(self) -> "AddActionItem":
        if self.attribute_to_query_by and not self.query_value:
            raise wrong("query_value", "Say which value to look for.")
        if self.query_value and not self.attribute_to_query_by:
            raise wrong("attribute_to_query_by", "Choose what the value is compared with.")
        return self


class SendEmail(Form):
    """Parameters of the task type `send_email`. `from` is a Python word: its field ends in `_`, which is not sent."""

    block: ClassVar = "send_email"
    words: ClassVar = "Send an e-mail"

    to: list[str] = Field(title="To", min_length=1, description="One address a line, or Liquid that gives one.")
    subject: str = Field(title="Subject", min_length=1, description=LIQUID)
    body: Annotated[str, Text(multiline=True)] = Field(title="Body", min_length=1, description=LIQUID)
    cc: list[str] = Field(default_factory=list, title="Cc")
    bcc: Annotated[list[str], Advanced()] = Field(default_factory=list, title="Bcc")
    from_: Annotated[str | None, Text(placeholder="Rootly <workflows@rootly.com>"), Advanced()] = Field(
        None, title="From", description="Another sender than Rootly needs the SMTP integration."
    )
    preheader: Annotated[str | None, Advanced()] = Field(
        None, title="Preview line", description="Shown by mailboxes under the subject."
    )
    include_header: Annotated[bool, Check("With Rootly's header")] = Field(True, title="Header")
    include_footer: Annotated[bool, Check("With Rootly's footer")] = Field(True, title="Footer")
    custom_logo_url: Annotated[str | None, Advanced()] = Field(
        None, title="Logo", description="Address of an image for the header."
    )

    @field_validator("to", "cc", "bcc")
    @classmethod
    def _are_addresses(cls, values: list[str]) -> list[str]:
        return [_address(value) for value in values]

    @field_validator("from_")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        return None if value is None else _address(value)


def _address(value: str) -> str:
    """An address, one with a name before it, or Liquid that becomes one when the task runs."""
    if "{{" in value or "{%" in value or _ADDRESS.fullmatch(value):
        return value
    raise ValueError(f"“{value}” is not an e-mail address.")


TASKS: tuple[type[AddActionItem] | type[SendEmail], ...] = (AddActionItem, SendEmail)


class WorkflowTask(Form):
    """What every task has. The chosen type's parameters are a form of their own, in `task_params`.

    Rootly does not demand a name; ours carries the marker, so one without a name is called what its type is called.
    """

    headline: ClassVar = "name"

    workflow_id: Annotated[str, Lookup("workflows")] = Field(title="Workflow", min_length=1)
    task_type: Annotated[str, Lookup("task_types", rerenders=True)] = Field(title="What the task does", min_length=1)
    name: Annotated[str | None, Text(placeholder="Left empty: the name of its type")] = Field(None, title="Name")
    enabled: Annotated[bool, Check("Switched on")] = Field(True, title="Enabled")
    skip_on_failure: Annotated[bool, Check("Go on with the workflow when this task fails")] = Field(
        False, title="On failure"
    )
    position: Annotated[int | None, Advanced()] = Field(
        None, ge=1, title="Position", description="Where in the workflow; Rootly chooses, if left empty."
    )

    @field_validator("task_type")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in {task.block for task in TASKS}:
            raise ValueError("Choose one of the list.")
        return value
