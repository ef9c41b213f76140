"""A delivery's state in everyday words: what happened, what happens next, and about when."""

import re
import time
from collections.abc import Mapping
from typing import NamedTuple, assert_never, cast

from bot.adapters.base import Adapter, Created, Kind, Operation
from bot.delivery.model import GIVE_UP_SECONDS, Delivery
from bot.delivery.problems import Code, Details
from bot.delivery.states import FOR_AN_ADMIN, RULES, waits_for_an_admin
from bot.forms.text import cut, duration, escape

TITLES: Mapping[Kind, str] = {
    "incident": "Declare incident",
    "action_item": "Add action item",
    "workflow_task": "Add workflow task",
}
NOUNS: Mapping[Kind, str] = {
    "incident": "incident",
    "action_item": "action item",
    "workflow_task": "workflow task",
}

GIVE_UP_HOURS = round(GIVE_UP_SECONDS / 3600)
_SENTENCES: Mapping[Code, str] = {
    "said": "{words}",
    "stopped": "The bot stopped while it was being sent.",
    "no_answer": "{vendor} did not answer in time.",
    "silent": "{vendor} does not answer.",
    "unreadable_answer": "The answer of {vendor} could not be read.",
    "not_connected": (
        "{vendor} is no longer connected to the account it was meant for; an admin can connect "
        "that one again with `/vendors`."
    ),
    "does_not_fit": "It does not fit the form any more{again}.",
    "not_sent_in_time": "It could not be sent to {vendor} in time.",
    "not_confirmed_in_time": "{vendor} has not confirmed it for {hours} hours.",
    "not_answered_in_time": "{vendor} has not answered for {hours} hours.",
    "not_listed": "{vendor} has not answered {requests} requests, and does not list it.",
    "step_rejected": "{vendor} says “{words}”.",
    "step_not_taken": "{vendor} did not take it within {hours} hours.",
}
_IDLE = "there is nothing for you to do."
_WAITING: Mapping[str, str] = {
    "rate_limited": "{vendor} takes no more requests for the moment. It will be sent{about}",
    "turn": (
        "{vendor} takes only so many requests a minute, and that limit is reached. It will be "
        "sent{about}"
    ),
    "unreachable": "{vendor} cannot be reached. It will be tried again{about}",
    "internal": "I had trouble on my side before it was sent. It will be tried again{about}",
    "absent": "I looked in {vendor}, and it did not arrive there. It will be sent again{about}",
    "keyed": (
        "The answer of {vendor} was lost. It will be sent again{about}, under the same key, so "
        "that {vendor} does not create it twice"
    ),
    "sent_again": "It will be sent again{about}",
    "tried_again": "It will be sent again{about}",
    "reconnected": "{vendor} is connected again. It will be sent{about}",
}
"""The reason why a row waits, and when it is sent, by its reason. `_IDLE` follows."""
_PEOPLE_DID: Mapping[str, str] = {
    "cancelled": "cancelled",
    "by_hand": "taken over",
    "tried_again": "sent again",
    "sent_again": "sent again",
    "confirmed": "confirmed",
}
"""A person's decision in words, by the reason that it left on the row."""
_SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,}")


class Words(NamedTuple):
    """The words for a delivery: a symbol, a headline, and a body that says what happens next."""

    symbol: str
    headline: str
    body: str


def sentence(details: Details, vendor: str) -> str:
    """Return why it is not delivered, in plain text; empty where there is nothing to say.

    `vendor` is the vendor's label.
    """
    if not details:
        return ""
    again = "; please fill it in again" if details.get("again") else ""
    return _SENTENCES[cast("Code", details["code"])].format_map(
        {**details, "vendor": vendor, "hours": GIVE_UP_HOURS, "again": again}
    )


def title(operation: Operation) -> str:
    """Return the modal's title: "Declare incident", "Add workflow task".

    Slack cuts it at 24 characters.
    """
    return TITLES["incident"] if operation.kind == "incident" else f"Add {operation.label}"


def words(row: Delivery, adapter: Adapter, operation: Operation, now: float | None = None) -> Words:
    """Return the row's state in words. `now` is in epoch seconds, by default the clock's."""
    what, vendor = operation.label, adapter.label
    why = sentence(row.error_details, vendor)
    now = time.time() if now is None else now
    message = RULES[row.state].message
    match message:
        case "waiting":
            waiting = _WAITING.get(row.reason, "It will be sent{about}")
            body = f"{waiting.format(vendor=vendor, about=_about(row, now))}; {_IDLE}"
            return Words("hourglass_flowing_sand", f"Saved, not yet in {vendor}", body)
        case "sending":
            body = f"{vendor} has not answered yet. The card in Slack will say what came of it."
            return Words("hourglass_flowing_sand", f"Saved, not yet in {vendor}", body)
        case "created":
            return _created(row, operation, vendor)
        case "rejected":
            said = " ".join(filter(None, (why, *row.field_errors.values())))
            body = said or ("" if row.erased_at else "It gave no reason.")
            headline = f"{vendor} did not accept this {what}"
            return Words("no_entry", headline, f"{body} Nothing was created.".strip())
        case "in_doubt" if row.undecided:
            return Words("grey_question", _unknown(what, vendor), _choose(row, vendor, why))
        case "in_doubt":
            body = _checking(row, vendor, why, _about(row, now))
            return Words("mag", f"Sent, not confirmed by {vendor} yet", body)
        case "failed":
            return _failed(row, what, vendor, now)
        case "called_off":
            did, symbol = "Cancelled", "no_entry_sign"
            if row.reason == "by_hand":
                did, symbol = "Taken over by hand", "raised_hand"
            return Words(symbol, f"{did}, not sent to {vendor}", _called_off(row, vendor))
        case _:
            assert_never(message)


def _failed(row: Delivery, what: str, vendor: str, now: float) -> Words:
    why = sentence(row.error_details, vendor)
    if row.resend_count:
        body = f"{why} {_called_off(row, vendor)}".strip()
        return Words("grey_question", _unknown(what, vendor), body)
    if waits_for_an_admin(row, now):
        needs = {
            "unauthorized": f"a new key for {vendor}",
            "forbidden": f"the right to do it in {vendor}",
        }.get(row.reason, f"{vendor} to be connected again")
        body = (
            f"{why} It is saved, and will be sent by itself if that happens within "
            f"{GIVE_UP_HOURS} hours."
        )
        return Words("warning", f"Saved, waiting for {needs}", body.strip())
    if row.erased_at:
        why = "What was written has been erased since, so it cannot be sent any more."
    elif row.reason == "gave_up" or row.reason in FOR_AN_ADMIN:
        why = (
            f"It could not be sent to {vendor} within {GIVE_UP_HOURS} hours. It is still saved: "
            "press “Try again”, or “Copy as text” and create it there."
        )
    return Words("warning", f"Not created in {vendor}", why)


def _unknown(what: str, vendor: str) -> str:
    return f"It is not known whether {vendor} created this {what}"


def named(row: Delivery) -> str:
    """Return the name that people use for it: its reference, else its title."""
    created = row.vendor_object
    return created.get("reference") or created.get("title") or row.title or "it"


def doer(row: Delivery) -> str:
    """Return who acted on the row last, if a person did: "cancelled by <@U1>", in mrkdwn.

    Return an empty string otherwise.
    """
    did = _PEOPLE_DID.get(row.reason)
    if did is None or not row.changed_by:
        return ""
    by = f"<@{row.changed_by}>" if _SLACK_ID.fullmatch(row.changed_by) else "whoever runs this bot"
    return f"{did} by {by}"


def meanwhile(row: Delivery, adapter: Adapter, operation: Operation) -> str:
    """Return the answer to a button that was pressed too late, in mrkdwn."""
    if row.state == "delivered":
        return f"It was created in the meantime: {escape(cut(named(row), 300))}."
    if row.state == "sending":
        return (
            f"It is being sent to {adapter.label} at this moment. Its card "
            "will say what came of it."
        )
    said = words(row, adapter, operation)
    return (
        f"This is not possible any more. {escape(said.headline)}. {escape(cut(said.body, 500))}"
    ).strip()


def _created(row: Delivery, operation: Operation, vendor: str) -> Words:
    if row.duplicates:
        count = len(row.duplicates) + 1
        times = "twice" if count == 2 else f"{count} times"
        close = "one" if count == 2 else "all but one"
        *others, last = [
            row.vendor_object.get("reference", ""),
            *(duplicate.reference for duplicate in row.duplicates),
        ]
        body = (
            f"{', '.join(others)} and {last} are the same {operation.label}"
            if last and all(others)
            else f"It is there {times}, because an answer was lost on the way"
        )
        return Words("warning", f"Created {times} in {vendor}", f"{body}: please close {close}.")
    body = ""
    if row.reason == "found":
        body = "The answer was lost on the way; I looked there and found it."
    elif row.reason == "confirmed":
        body = "The answer was lost on the way; somebody looked there and found it."
        if operation.custom_later and (unset := _filled_custom(row)):
            body += (
                f" These fields were not sent, so please set them in {vendor}: {', '.join(unset)}."
            )
    body = " ".join(filter(None, (body, row.vendor_object.get("note", ""))))
    if any(row.follow_up_steps.values()):
        return Words("warning", f"Created in {vendor}, with something missing", body)
    return Words("white_check_mark", f"Created in {vendor}", body)


def _filled_custom(row: Delivery) -> list[str]:
    """Return the names of the filled-in custom fields."""
    values = row.payload.get("custom")
    filled = values if isinstance(values, Mapping) else {}
    return [field.name for field in row.custom if filled.get(field.id) not in (None, "", [], False)]


def everything(row: Delivery) -> list[Created]:
    """Return all objects that were created for the row, the first one first; empty if unknown."""
    first = [Created.model_validate(dict(row.vendor_object))] if row.vendor_object.get("id") else []
    return [*first, *row.duplicates]


def _choose(row: Delivery, vendor: str, why: str) -> str:
    going_on = (
        f" I keep asking {vendor} and will say here what comes of it." if row.reconcile_at else ""
    )
    return (
        f"{why}{going_on} Please look in {vendor}: press “It is there” if it is, or “Send again” "
        "if it is not."
    ).strip()


def _checking(row: Delivery, vendor: str, why: str, about: str) -> str:
    if row.reason in ("unauthorized", "forbidden"):  # its sentence says what an admin can do
        return (
            f"{why} It was sent before, and it is not known whether that arrived: I will ask "
            f"{vendor} again{about}, and go on once it lets me."
        )
    lost = why or f"The answer of {vendor} was lost."
    return f"{lost} I am checking whether it arrived, and will look{about}; {_IDLE}"


def _called_off(row: Delivery, vendor: str) -> str:
    if row.resend_count:
        return (
            "It had been sent before, without a clear answer: please look in "
            f"{vendor} whether it is there."
        )
    return "Nothing was created from here."


def _about(row: Delivery, now: float) -> str:
    """Return the time until the next attempt: " in about 4 minutes" or " in a moment"."""
    seconds = row.next_at - now
    return f" in about {duration(seconds)}" if seconds > 5 else " in a moment"
