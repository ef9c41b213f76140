"""A delivery's state in words that people use themselves: what happened, what happens next, and
about when."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, assert_never

from bot.adapters.base import Adapter, Created, Kind, Operation
from bot.delivery.model import Delivery
from bot.delivery.states import FOR_AN_ADMIN, RULES, waits_for_an_admin
from bot.forms.text import cut, duration, escape
from bot.messages.problems import GIVE_UP_HOURS, sentence

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

_IDLE = "there is nothing for you to do."
_PEOPLE_DID: Mapping[str, str] = {
    "cancelled": "cancelled",
    "by_hand": "taken over",
    "tried_again": "sent again",
    "sent_again": "sent again",
    "confirmed": "confirmed",
}
"""What somebody did, by the reason that it left on the row."""
_SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,}")


class Words(NamedTuple):
    """What there is to say of a delivery: a symbol, a headline, what happens next, and the same
    without markup."""

    symbol: str
    headline: str
    body: str

    @property
    def plain(self) -> str:
        return f"{self.headline} {self.body}".strip()


def title(operation: Operation) -> str:
    """The modal's title, which Slack cuts at 24 characters: "Declare incident", "Add workflow
    task"."""
    return TITLES["incident"] if operation.kind == "incident" else f"Add {operation.label}"


def words(row: Delivery, adapter: Adapter, operation: Operation, now: float | None = None) -> Words:
    """The row's state in words. `now` is epoch seconds, the clock's if left out."""
    what, vendor = operation.label, adapter.label
    now = time.time() if now is None else now
    message = RULES[row.state].message
    match message:
        case "waiting" | "sending":
            body = _waiting(row, vendor, now) if message == "waiting" else _under_way(vendor)
            return Words("hourglass_flowing_sand", f"Saved, not yet in {vendor}", body)
        case "created":
            return _created(row, operation, vendor)
        case "rejected":
            return Words("no_entry", f"{vendor} did not accept this {what}", _refused(row, vendor))
        case "in_doubt":
            return _in_doubt(row, what, vendor, now)
        case "failed":
            return _failed(row, what, vendor, now)
        case "called_off":
            body = _called_off(row, vendor)
            if row.reason == "by_hand":
                return Words("raised_hand", f"Taken over by hand, not sent to {vendor}", body)
            return Words("no_entry_sign", f"Cancelled, not sent to {vendor}", body)
        case _:
            assert_never(message)


def _why(row: Delivery, vendor: str) -> str:
    return sentence(row.error_details, vendor)


def _in_doubt(row: Delivery, what: str, vendor: str, now: float) -> Words:
    if undecided(row):
        return Words("grey_question", _unknown(what, vendor), _choose(row, vendor))
    return Words("mag", f"Sent, not confirmed by {vendor} yet", _checking(row, vendor, now))


def _failed(row: Delivery, what: str, vendor: str, now: float) -> Words:
    if row.resend_count:
        body = f"{_why(row, vendor)} {_called_off(row, vendor)}".strip()
        return Words("grey_question", _unknown(what, vendor), body)
    if waits_for_an_admin(row, now):
        tail = "It is saved, and will be sent by itself if that happens within "
        tail += f"{GIVE_UP_HOURS} hours."
        return Words("warning", _needs(row, vendor), f"{_why(row, vendor)} {tail}".strip())
    return Words("warning", f"Not created in {vendor}", _given_up(row, vendor))


def _unknown(what: str, vendor: str) -> str:
    return f"It is not known whether {vendor} created this {what}"


def undecided(row: Delivery) -> bool:
    """Whether nobody but a person can say soon if it is there."""
    return row.undecided


def named(row: Delivery) -> str:
    """What people call it: its reference, else its title."""
    return (
        row.vendor_object.get("reference", "")
        or row.vendor_object.get("title", "")
        or row.title
        or "it"
    )


def doer(row: Delivery) -> str:
    """Who did the last thing to it, if a person did: "cancelled by <@U1>", ready to stand in
    mrkdwn; empty otherwise."""
    did = _PEOPLE_DID.get(row.reason)
    if did is None or not row.changed_by:
        return ""
    by = f"<@{row.changed_by}>" if _SLACK_ID.fullmatch(row.changed_by) else "whoever runs this bot"
    return f"{did} by {by}"


def meanwhile(row: Delivery, adapter: Adapter, operation: Operation) -> str:
    """What a person is told whose button came too late, in mrkdwn."""
    if row.state == "delivered":
        return f"It was created in the meantime: {escape(cut(named(row), 300))}."
    if row.state == "sending":
        return f"It is being sent to {adapter.label} at this moment. Its card will say what came of it."
    said = words(row, adapter, operation)
    return f"This is not possible any more. {escape(said.headline)}. {escape(cut(said.body, 500))}".strip()


def _created(row: Delivery, operation: Operation, vendor: str) -> Words:
    if row.duplicates:
        return Words("warning", f"Created {_times(row)} in {vendor}", _twins(row, operation.label))
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
    """The names of the workspace's own fields that were filled in."""
    values = row.payload.get("custom")
    filled = values if isinstance(values, Mapping) else {}
    return [field.name for field in row.custom if filled.get(field.id) not in (None, "", [], False)]


def _twins(row: Delivery, what: str) -> str:
    references = [row.vendor_object.get("reference", ""), *(it.reference for it in row.duplicates)]
    rest = "one" if len(references) == 2 else "all but one"
    if all(references):
        return f"{_listed(references)} are the same {what}: please close {rest}."
    return f"It is there {_times(row)}, because an answer was lost on the way: please close {rest}."


def _times(row: Delivery) -> str:
    return "twice" if len(row.duplicates) == 1 else f"{len(row.duplicates) + 1} times"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def everything(row: Delivery) -> list[Created]:
    """All that was made of it, the first one first; empty where that is not known."""
    first = [Created.model_validate(dict(row.vendor_object))] if row.vendor_object.get("id") else []
    return [*first, *row.duplicates]


def _refused(row: Delivery, vendor: str) -> str:
    said = [_why(row, vendor), *row.field_errors.values()]
    text = " ".join(filter(None, said)) or ("" if row.erased_at else "It gave no reason.")
    return f"{text} Nothing was created.".strip()


def _choose(row: Delivery, vendor: str) -> str:
    going_on = (
        f" I keep asking {vendor} and will say here what comes of it." if row.reconcile_at else ""
    )
    return (
        f"{_why(row, vendor)}{going_on} Please look in {vendor}: press “It is there” if it is, or “Send "
        "again” if it is not."
    ).strip()


def _checking(row: Delivery, vendor: str, now: float) -> str:
    if row.reason in ("unauthorized", "forbidden"):  # its sentence says what an admin can do
        return (
            f"{_why(row, vendor)} It was sent before, and it is not known whether that arrived: I will "
            f"ask {vendor} again"
            f"{_about(row, now)}, and go on once it lets me."
        )
    lost = _why(row, vendor) or f"The answer of {vendor} was lost."
    return f"{lost} I am checking whether it arrived, and will look{_about(row, now)}; {_IDLE}"


def _called_off(row: Delivery, vendor: str) -> str:
    if row.resend_count:
        return f"It had been sent before, without a clear answer: please look in {vendor} whether it is there."
    return "Nothing was created from here."


def _needs(row: Delivery, vendor: str) -> str:
    """A headline that says what it waits for."""
    needs = {
        "unauthorized": f"a new key for {vendor}",
        "forbidden": f"the right to do it in {vendor}",
    }
    return f"Saved, waiting for {needs.get(row.reason, f'{vendor} to be connected again')}"


def _given_up(row: Delivery, vendor: str) -> str:
    if row.erased_at:
        return "What was written has been erased since, so it cannot be sent any more."
    if row.reason == "gave_up" or row.reason in FOR_AN_ADMIN:
        return (
            f"It could not be sent to {vendor} within {GIVE_UP_HOURS} hours. It is still saved: press “Try "
            "again”, or “Copy as text” "
            "and create it there."
        )
    return _why(row, vendor)


def _under_way(vendor: str) -> str:
    return f"{vendor} has not answered yet. The card in Slack will say what came of it."


def _waiting(row: Delivery, vendor: str, now: float) -> str:
    about = _about(row, now)
    match row.reason:
        case "rate_limited":
            return (
                f"{vendor} takes no more requests for the moment. It will be sent{about}; {_IDLE}"
            )
        case "turn":
            limit = f"{vendor} takes only so many requests a minute, and that limit is reached."
            return f"{limit} It will be sent{about}; {_IDLE}"
        case "unreachable":
            return f"{vendor} cannot be reached. It will be tried again{about}; {_IDLE}"
        case "internal":
            return f"I had trouble on my side before it was sent. It will be tried again{about}; {_IDLE}"
        case "absent":
            return f"I looked in {vendor}, and it did not arrive there. It will be sent again{about}; {_IDLE}"
        case "keyed":
            return (
                f"The answer of {vendor} was lost. It will be sent again{about}, under the same "
                f"key, so that {vendor} "
                f"does not create it twice; {_IDLE}"
            )
        case "sent_again" | "tried_again":
            return f"It will be sent again{about}; {_IDLE}"
        case "reconnected":
            return f"{vendor} is connected again. It will be sent{about}; {_IDLE}"
        case _:
            return f"It will be sent{about}; {_IDLE}"


def _about(row: Delivery, now: float) -> str:
    """ " in about 4 minutes", or " in a moment"."""
    seconds = row.next_at - now
    return f" in about {duration(seconds)}" if seconds > 5 else " in a moment"
