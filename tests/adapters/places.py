"""The vendors' stand-ins with our adapters at them, and one valid filling of every form."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from bot.adapters.base import Adapter, Submission
from bot.adapters.incident_io.forms import Action, FollowUp
from bot.adapters.incident_io.forms import Incident as IncidentIoIncident
from bot.adapters.registry import ADAPTERS, make_adapters
from bot.adapters.rootly.forms import ActionItem, Incident
from bot.adapters.twilio import Task
from bot.forms.fields import Form
from bot.playground.vendors import IncidentIo, Rootly, Twilio, VendorStandIn
from tests.adapters.rootly_filled import SendEmail, task
from tests.adapters.twilio_filled import from_fields

STAND_INS: Mapping[str, type[VendorStandIn]] = {
    "rootly": Rootly,
    "incident_io": IncidentIo,
    "twilio": Twilio,
}
OPERATIONS = [
    f"{vendor}.{each.name}" for vendor, adapter in ADAPTERS.items() for each in adapter.operations
]
SEND = SendEmail(to=["ops@example.com"], subject="Down", body="It is.")


def _first(vendor: Any, catalog: str) -> str:
    """The id of something that is there, can be changed, and is no test."""
    rows = vendor.data.lists[catalog]
    return str(
        next(
            row["id"] for row in rows if not row.get("attributes", row).get("locked") and _real(row)
        )
    )


def _real(row: Any) -> bool:
    made = row.get("attributes", row)
    return "test" not in (made.get("kind"), made.get("mode"))


def _of_twilio(vendor: Any, rows: Any) -> str:
    """The SID of something in the connected workspace."""
    return str(rows[vendor.credentials["workspace_sid"]][0]["sid"])


FORMS: Mapping[str, Callable[[Any], Form]] = {
    "rootly.incident": lambda vendor: Incident(title="Checkout is down"),
    "rootly.action_item": lambda vendor: ActionItem(
        incident_id=_first(vendor, "incidents"), summary="Roll, then look"
    ),
    "rootly.workflow_task": lambda vendor: task(
        workflow_id=_first(vendor, "workflows"),
        task_type="send_email",
        name="Tell ops, then wait",
        task_params=SEND,
    ),
    "incident_io.incident": lambda vendor: IncidentIoIncident(
        name="Checkout is down", severity_id=_first(vendor, "severities")
    ),
    "incident_io.action": lambda vendor: Action(
        incident_id=_first(vendor, "incidents"), description="Roll *back*"
    ),
    "incident_io.follow_up": lambda vendor: FollowUp(
        incident_id=_first(vendor, "incidents"), title="Watch the *pool*"
    ),
    "twilio.workflow": lambda vendor: from_fields(
        "Night & day, 100 %", _of_twilio(vendor, vendor.queues)
    ),
    "twilio.task": lambda vendor: Task(
        title="Call Ann & Bo back",
        workflow_sid=_of_twilio(vendor, vendor.workflows),
        attributes='note = 100 % "sure"',
    ),
}


@dataclass
class Place:
    """One vendor's stand-in, our adapter for it, and one of its operations."""

    vendor: Any
    adapter: Adapter
    operation: str

    @property
    def credentials(self) -> Any:
        given = {name: SecretStr(value) for name, value in self.vendor.credentials.items()}
        return self.adapter.credentials.model_validate(given)

    def submission(
        self, form: Form | None = None, marker: str = "ir4f2a9c01b2c3", **more: Any
    ) -> Submission:
        form = form or FORMS[f"{self.adapter.vendor}.{self.operation}"](self.vendor)
        return Submission(form, marker, reporter="Ann_Lee (ops)", **more)

    async def create(self, submission: Submission) -> Any:
        return await self.adapter.create(self.operation, submission, self.credentials)

    async def find(self, submission: Submission, since: float) -> Any:
        return await self.adapter.find(self.operation, submission, self.credentials, since)


@asynccontextmanager
async def place(name: str, client: httpx.AsyncClient, version: str = "") -> AsyncIterator[Place]:
    """The stand-in on a port of its own; `name` is `<vendor>.<operation>`, `version` the one that
    its API has."""
    vendor_name, _, operation = name.partition(".")
    vendor = STAND_INS[vendor_name]()
    if version:
        vendor.set_version(version)
    await vendor.start()
    adapter = make_adapters(client, dict.fromkeys(ADAPTERS, vendor.url))[vendor_name]
    try:
        yield Place(vendor, adapter, operation)
    finally:
        await vendor.stop()
