"""A delivery, vendors and operations to say something about."""

from typing import Any

import httpx

from bot.adapters import registry
from bot.adapters.base import Kind
from bot.adapters.registry import make_adapters
from bot.delivery.model import Delivery
from tests.world.notes import HERE, Notes

NOW = 1_800_000_000.0
ROW = Delivery(
    id=1,
    workspace=HERE,
    key="ir000000000001",
    kind="incident",
    vendor="notes",
    operation="note",
    branch="",
    account="acme",
    actor="U0ANN00001",
    actor_name="Ann",
    channel="C0GENERAL1",
    private=False,
    title="Checkout is down",
    payload={},
    selected={},
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
    parts = [
        it
        for block in content["blocks"]
        for it in (block.get("text"), *(block.get("elements") or []))
    ]
    texts = [it["text"] for it in parts if isinstance(it, dict) and it.get("type") == "mrkdwn"]
    return [content["text"], *texts] if "text" in content else texts


def tools(kind: Kind) -> str:
    """The vendors that take that kind, as a sentence offers them: "Rootly or incident.io"."""
    able = [it.label for it in VENDORS if kind in {each.kind for each in it.operations}]
    *others, last = able
    return f"{', '.join(others)} or {last}" if others else last
