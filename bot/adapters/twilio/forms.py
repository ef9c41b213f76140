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
from bot.language import N_, _, ngettext

LONGEST_NAME = 64
"""Characters of a name.

Twilio documents this limit for workspaces, workers and channels, and none for workflows.
"""
ROOM_FOR_MARKER = len(" [ir0123456789ab]")
LONGEST_LIFE = 1_209_600
"""Seconds that a task may live: two weeks."""
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
CAPACITY = {"true": "Give it to them all the same", "false": "Wait until they have room"}
WorkflowSid = Annotated[str, Lookup("workflows"), sid(N_("Choose a workflow from the list."), "WW")]
Target = Annotated[
    str,
    Text(placeholder="WK…"),
    sid(
        N_("Paste the SID of a worker (WK…), a queue (WQ…) or a workflow (WW…)."),
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
        description=N_("Fields, JSON, or a copy of another workflow's rules."),
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
        None, title="Workflow", description=N_("Required, unless the workspace has only one.")
    )
    attributes: Annotated[str | None, Text(multiline=True, placeholder="type = ticket")] = Field(
        None,
        title="Attributes",
        description=N_("What workflows ask for. Type name = value on each line, or JSON."),
    )
    task_channel: Annotated[str | None, Lookup("task_channels", placeholder="default")] = Field(
        None, title="Task channel"
    )
    priority: int | None = Field(
        None,
        ge=0,
        le=LARGEST_INT,
        title="Priority",
        description=N_("Higher goes first. The workflow chooses if this is empty."),
    )
    timeout: int | None = Field(
        None,
        ge=1,
        le=LONGEST_LIFE,
        title="Timeout",
        description=N_(
            "Seconds until Twilio cancels a task that nobody took. A day if this is empty."
        ),
    )
    virtual_start_time: Annotated[datetime | None, Advanced()] = Field(
        None,
        title="Virtual start time",
        description=N_("When the task counts as received. This can't be in the future."),
    )
    task_queue_sid: Annotated[Queue | None, Advanced()] = Field(
        None, title="Task queue", description=N_("Rarely needed. The workflow chooses the queue.")
    )
    routing_target: Annotated[Target | None, Advanced()] = Field(
        None,
        title="Routing target",
        description=N_("The SID of a worker (WK…), a queue (WQ…) or a workflow (WW…)."),
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
            raise ValueError(_("Choose a time in the past, after 1899."))
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        written = parse(self.attributes or "")
        for name in ("title", "description"):
            if name in written and getattr(self, name):
                raise wrong(
                    "attributes",
                    _("“{name}” has its own field. Remove it here.").format(name=name),
                )
        if (too_many := excess(self.given)) > 0:
            field = (
                "attributes" if self.attributes else "description" if self.description else "title"
            )
            sentence = ngettext(
                "Title, description and attributes are {count} character too long. Shorten one.",
                "Title, description and attributes are {count} characters too long. Shorten one.",
                too_many,
            )
            raise wrong(field, sentence.format(count=f"{too_many:,}"))
        if self.ignore_capacity and not (self.routing_target or "").startswith("WK"):
            raise wrong(
                "ignore_capacity",
                _("Choose a worker (WK…) as the routing target, or leave this empty."),
            )
        return self
