"""A delivery, vendors and operations to say something about."""

from dataclasses import fields
from typing import Any

import httpx

from bot.adapters import registry
from bot.adapters.base import Kind
from bot.adapters.registry import make_adapters
from bot.delivery.model import Delivery
from tests.world.modal import mrkdwn
from tests.world.notes import Notes, draft

NOW = 1_800_000_000.0
DRAFT = draft(payload={})
ROW = Delivery(
    **{each.name: getattr(DRAFT, each.name) for each in fields(DRAFT)},
    id=1,
    revision=0,
    state="sending",
    attempt=1,
    reason="",
    error_details={},
    field_errors={},
    vendor_object={},
    duplicates=[],
    created_at=NOW,
    next_attempt_at=NOW,
    expected_at=0.0,
    expires_at=NOW + 86400,
    first_sent_at=0.0,
    last_attempt_at=0.0,
    reconcile_at=0.0,
    lookup_count=0,
    resend_count=0,
    updated_at=NOW,
    changed_by="",
    erased_at=0.0,
    version=1,
    card_version=0,
    card_channel="",
    card_ts="",
)
URLS = dict.fromkeys(registry.ADAPTERS, "http://127.0.0.1:9")
ADAPTERS = [Notes(), *make_adapters(httpx.AsyncClient(), URLS).values()]
VENDORS = ADAPTERS[1:]
OPERATIONS = [(adapter, operation) for adapter in ADAPTERS for operation in adapter.operations]
NOTES = (ADAPTERS[0], ADAPTERS[0].operations[0])


def said(content: dict[str, Any]) -> list[str]:
    """Every text of a card or a receipt that Slack reads as mrkdwn."""
    return [*([content["text"]] if "text" in content else []), *mrkdwn(content)]


def tools(kind: Kind) -> str:
    """The vendors that take that kind, as a sentence offers them: "Rootly or incident.io"."""
    able = [it.label for it in VENDORS if kind in {each.kind for each in it.operations}]
    *others, last = able
    return f"{', '.join(others)} or {last}" if others else last
