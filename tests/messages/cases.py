"""Every state of a delivery that people can see: one row for each state, reason and refusal."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bot.adapters.base import Created
from bot.delivery.problems import problem, said
from bot.forms.custom_fields import CustomField
from bot.language import Sentence
from bot.messages import RenderedDelivery
from bot.messages.words import RETRYING, WAITING
from tests.messages.parts import NOTES, NOW, ROW
from tests.world.notes import MADE

CREATED: Mapping[str, Any] = {"state": "delivered", "vendor_object": MADE.model_dump()}
TWINS = [Created(id="n2", reference="N-2"), Created(id="n3", reference="N-3")]
SENT: Mapping[str, Any] = {
    "first_sent_at": NOW - 600,
    "last_attempt_at": NOW - 300,
    "next_attempt_at": NOW + 240,
    "resend_count": 1,
}
OWN = Sentence("{vendor} didn't answer.", {"vendor": "Notes"})
REGION = CustomField(id="f1", name="Region", kind="text")

DELIVERED: Mapping[str, Mapping[str, Any]] = {
    "created": {"status": "Started", "channel": "C0INC00001"},
    "created, without a reference": {"vendor_object": {"id": "n1"}},
    "created, with a note of the vendor's adapter": {"note": "Check the queue"},
    "created, private": {"private": True},
    "created, erased": {"erased_at": NOW, "title": "", "vendor_object": {"id": "n1"}},
    "created, found": {"reason": "found"},
    "created, confirmed": {"reason": "confirmed", "changed_by": "U0BOB00001"},
    "created twice": {"reason": "created_twice", "duplicates": TWINS[:1]},
    "created three times": {"reason": "created_twice", "duplicates": TWINS},
    "created twice, without references": {
        "reason": "created_twice",
        "duplicates": [Created(id="n2")],
    },
    "created, a field refused": {
        "follow_up_steps": {"text": problem("step_rejected", words="Not that")}
    },
    "created, a field not taken": {"follow_up_steps": {"text": problem("step_not_taken")}},
    "created, fields waiting": {"follow_up_steps": {"text": {}}, "next_step_at": NOW + 3},
}
REJECTED: Mapping[str, Mapping[str, Any]] = {
    "refused": {"error_details": said("Not today")},
    "refused, by field": {"field_errors": {"text": "is too short"}},
    "refused, without a reason": {},
    "refused, in our words": {"error_details": said(OWN), "field_errors": {"text": OWN}},
    "refused, erased": {"erased_at": NOW, "title": ""},
    "refused, after a second send": {"resend_count": 1, "error_details": said("Not today")},
    "not asked": {"reason": "not_asked", "field_errors": {"text": "Choose a visibility."}},
}
UNCONFIRMED: Mapping[str, Mapping[str, Any]] = {
    "being checked": {"error_details": problem("no_answer")},
    "being checked, without a reason": {"reason": "internal"},
    "being checked, in our words": {"error_details": said(OWN)},
    "being checked, unreadable": {"error_details": problem("unreadable_answer")},
    "being checked, lease": {"reason": "lease", "error_details": problem("stopped")},
    "being checked, unauthorized": {
        "reason": "unauthorized",
        "error_details": said("Notes rejected our API key."),
    },
    "being checked, forbidden": {
        "reason": "forbidden",
        "error_details": said("Notes doesn't let our API key do this."),
    },
    "unanswered": {"reason": "unanswered", "error_details": problem("silent")},
}
UNDECIDED = (
    *("silent", "not_confirmed_in_time", "not_answered_in_time", "not_listed"),
    *("not_connected", "does_not_fit"),
)
WAITS_FOR_ADMIN: Mapping[str, Mapping[str, Any]] = {
    "unauthorized": {"error_details": said("Notes rejected our API key.")},
    "forbidden": {"error_details": said("Notes doesn't let our API key do this.")},
    "disconnected": {"error_details": problem("not_connected")},
}


def states() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the name of each state and what is special about its row."""
    yield "sending", {"state": "sending"}
    for reason in WAITING:
        yield f"waiting, {reason or 'queued'}", {**SENT, "reason": reason, "resend_count": 0}
    for reason in RETRYING:
        yield f"waiting, sent before, {reason or 'keyed'}", {**SENT, "reason": reason}
    for name, changes in DELIVERED.items():
        made = {name: changes[name] for name in ("status", "channel", "note") if name in changes}
        rest = {name: value for name, value in changes.items() if name not in made}
        whole = {**CREATED, "vendor_object": {**MADE.model_dump(), **made}}
        yield name, {**whole, **rest}
    for name, changes in REJECTED.items():
        yield name, {"state": "rejected", "reason": "refused", **changes}
    doubt = {**SENT, "state": "unconfirmed", "resend_count": 0, "reconcile_at": NOW + 60}
    for name, changes in UNCONFIRMED.items():
        yield name, {**doubt, "reason": "unclear", **changes}
    for code in UNDECIDED:
        details = problem(code)  # type: ignore[arg-type]
        undecided = {"reason": "undecided", "reconcile_at": 0.0, "error_details": details}
        yield f"undecided, {code}", {**doubt, **undecided}
    failed = {"state": "failed"}
    for reason, changes in WAITS_FOR_ADMIN.items():
        yield reason, {**failed, "reason": reason, **changes}
        yield f"{reason}, sent before", {**failed, **SENT, "reason": reason, **changes}
    yield "gave up", {**failed, "reason": "gave_up", "error_details": problem("not_sent_in_time")}
    yield "gave up, erased", {**failed, "reason": "gave_up", "erased_at": NOW, "title": ""}
    again = problem("does_not_fit", again="yes")
    yield "not sendable", {**failed, "reason": "not_sendable", "error_details": again}
    for reason in ("cancelled", "by_hand"):
        off = {"state": "cancelled", "reason": reason, "changed_by": "U0BOB00001"}
        yield reason, off
        yield f"{reason}, sent before", {**off, **SENT}
    made = {"id": "n1", "reference": "N-1", "title": "A note"}
    by_hand = {"state": "cancelled", "reason": "by_hand", "changed_by": "U0BOB00001"}
    yield "by_hand, with a reference", {**by_hand, **SENT, "vendor_object": made}


def cases() -> Iterator[tuple[str, RenderedDelivery]]:
    """Yield every state by name, and those that a key changes once more with a keyed operation."""
    adapter, operation = NOTES
    keyed = replace(operation, keyed=True)
    for name, changes in states():
        row = replace(ROW, **{"state": "queued", **changes})
        yield name, RenderedDelivery(row, adapter, operation)
        if row.state in ("queued", "unconfirmed", "rejected") and row.first_sent_at:
            yield f"{name}, keyed", RenderedDelivery(row, adapter, keyed)
