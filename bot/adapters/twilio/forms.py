"""Twilio TaskRouter's forms: a workflow without its rules (`rules_forms`), and a task."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from bot.adapters.twilio.attributes import excess, parse
from bot.adapters.twilio.configuration import LARGEST_INT
from bot.adapters.twilio.rules_forms import Queue
from bot.adapters.twilio.sids import sid
from bot.adapters.values import in_utc
from bot.forms.fields import Advanced, Choice, Form, Lookup, Text, wrong

LONGEST_NAME = 64
"""Characters of a name.

Twilio documents this limit for workspaces, workers and channels, and none for workflows.
"""
ROOM_FOR_MARKER = len(" [ir0123456789ab]")
LONGEST_LIFE = 1_209_600
"""Seconds that a task may live: two weeks."""
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
CAPACITY = {"true": "Give it to them all the same", "false": "Wait until they have room"}
WorkflowSid = Annotated[str, Lookup("workflows"), sid("Choose a workflow of the list.", "WW")]
Target = Annotated[
    str,
    Text(placeholder="WK…"),
    sid(
        "This has to be the SID of a worker (WK…), a queue (WQ…) or a workflow (WW…).",
        "WK",
        "WQ",
        "WW",
    ),
]


class Workflow(Form):
    """The fields of every workflow. `routing` chooses the form of its rules (`rules`)."""

    headline: ClassVar = "friendly_name"

    friendly_name: Annotated[str, Text(placeholder="Night shift")] = Field(
        title="Name", min_length=1, max_length=LONGEST_NAME - ROOM_FOR_MARKER
    )
    routing: Annotated[
        str | None, Lookup("beginnings", placeholder="The fields below", rerenders=True)
    ] = Field(
        None,
        title="Begin with",
        description=(
            "Fields for a default queue and filters, JSON, or the rules of a workflow that exists."
        ),
    )


class Task(Form):
    """A task.

    Twilio has only attributes for its content: the title and the description are two of them.
    """

    headline: ClassVar = "title"
    details: ClassVar = "description"

    title: Annotated[str, Text(placeholder="Call the customer back")] = Field(
        title="Title", min_length=1
    )
    description: Annotated[str | None, Text(multiline=True)] = Field(None, title="Description")
    workflow_sid: WorkflowSid | None = Field(
        None, title="Workflow", description="Needed, unless the workspace has only one."
    )
    attributes: Annotated[str | None, Text(multiline=True, placeholder="type = ticket")] = Field(
        None,
        title="Attributes",
        description=(
            "What workflows ask for: a line each, name = value, or all of them as JSON: {...}."
        ),
    )
    task_channel: Annotated[str | None, Lookup("task_channels", placeholder="default")] = Field(
        None, title="Task channel"
    )
    priority: int | None = Field(
        None,
        ge=0,
        le=LARGEST_INT,
        title="Priority",
        description="Higher goes first. Empty: the workflow's.",
    )
    timeout: int | None = Field(
        None,
        ge=1,
        le=LONGEST_LIFE,
        title="Timeout",
        description=(
            "Seconds until it is cancelled if nobody has taken it; 86400 (a day), if left empty."
        ),
    )
    virtual_start_time: Annotated[datetime | None, Advanced()] = Field(
        None,
        title="Virtual start time",
        description="It waits as if it had come in then. Not in the future.",
    )
    task_queue_sid: Annotated[Queue | None, Advanced()] = Field(
        None, title="Task queue", description="Rarely needed: the workflow chooses the queue."
    )
    routing_target: Annotated[Target | None, Advanced()] = Field(
        None,
        title="Routing target",
        description=(
            "The SID of a worker (WK…), a queue (WQ…) or a workflow (WW…) to send it straight to."
        ),
    )
    ignore_capacity: Annotated[Literal["true", "false"] | None, Choice(CAPACITY), Advanced()] = (
        Field(None, title="If that worker is full or away")
    )

    @property
    def given(self) -> dict[str, Any]:
        """The attributes in all fields together."""
        named = {
            "title": self.title,
            **({"description": self.description} if self.description else {}),
        }
        return {**named, **parse(self.attributes or "")}

    @field_validator("attributes")
    @classmethod
    def _can_be_read(cls, value: str | None) -> str | None:
        parse(value or "")
        return value

    @field_validator("virtual_start_time")
    @classmethod
    def _has_been(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        value = in_utc(value)
        if not EARLIEST <= value <= datetime.now(UTC):
            raise ValueError("This has to be a time that is past, and not before the year 1900.")
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        written = parse(self.attributes or "")
        for name in ("title", "description"):
            if name in written and getattr(self, name):
                raise wrong(
                    "attributes", f"“{name}” has a field of its own above; write it in one place."
                )
        if (too_many := excess(self.given)) > 0:
            field = (
                "attributes" if self.attributes else "description" if self.description else "title"
            )
            length = "1 character" if too_many == 1 else f"{too_many:,} characters"
            raise wrong(
                field, f"Title, description and attributes are {length} too long for one task."
            )
        if self.ignore_capacity and not (self.routing_target or "").startswith("WK"):
            raise wrong(
                "ignore_capacity", "This goes only with a worker (WK…) as the routing target."
            )
        return self
