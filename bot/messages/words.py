"""A delivery's state in everyday words: what happened, what happens next, and until when.

Times are clock times, because a card stays as it is for hours. A text never says that nothing was
created while the object may exist.
"""

import time
from collections.abc import Mapping
from typing import NamedTuple, assert_never, cast

from bot.adapters.base import Adapter, Created, Kind, Operation
from bot.delivery.model import GIVE_UP_SECONDS, Delivery
from bot.delivery.problems import Code, Details, from_json
from bot.delivery.states import FOR_AN_ADMIN, RULES, may_exist, waits_for_an_admin
from bot.forms.text import cut, escape
from bot.language import N_, _, command
from bot.messages.text import clock, escaped, full_stop

TITLES: Mapping[Kind, str] = {
    "incident": N_("Declare incident"),
    "action_item": N_("Add action item"),
    "workflow_task": N_("Add workflow task"),
}
NOUNS: Mapping[Kind, str] = {
    "incident": N_("incident"),
    "action_item": N_("action item"),
    "workflow_task": N_("workflow task"),
}

GIVE_UP_HOURS = round(GIVE_UP_SECONDS / 3600)
_LONGEST_WORDS = 300
"""A sentence of a vendor or a library is cut there."""
_LONGEST_NAME = 300
_SENTENCES: Mapping[Code, str] = {
    "stopped": N_("We restarted while we were sending this."),
    "no_answer": N_("{vendor} didn't answer in time."),
    "silent": N_("{vendor} isn't answering."),
    "unreadable_answer": N_("We couldn't read {vendor}'s answer."),
    "not_connected": N_(
        "{vendor} isn't connected to this account anymore. An admin can connect it again in "
        "`{vendors}`."
    ),
    "does_not_fit": N_("The form has changed, so this can't be sent."),
    "not_sent_in_time": N_("We couldn't send it to {vendor} in time."),
    "not_confirmed_in_time": N_("{vendor} didn't confirm it within {hours} hours."),
    "not_answered_in_time": N_("{vendor} didn't answer within {hours} hours."),
    "not_listed": N_("{vendor} didn't answer when we sent it, and doesn't list it."),
    "step_not_taken": N_("{vendor} didn't accept it within {hours} hours."),
}
_FILL_IN_AGAIN = N_("The form has changed, so this can't be sent. Fill it in again.")
WAITING: Mapping[str, str] = {
    "rate_limited": N_("{vendor}'s rate limit is reached. Sending at {next}."),
    "turn": N_("{vendor}'s rate limit is reached. Sending at {next}."),
    "unreachable": N_("Can't reach {vendor}. Last try: {last}. We'll retry until {until}."),
    "internal": N_(
        "Something went wrong on our side before we sent this. We'll retry until {until}."
    ),
    "reconnected": N_("{vendor} is connected again. Sending at {next}."),
    "": N_("This waits for its turn. Sending at {next}."),
}
"""The reason why a row waits that the vendor certainly does not have."""
RETRYING: Mapping[str, str] = {
    "rate_limited": N_("{vendor}'s rate limit is reached. We'll retry at {next}."),
    "turn": N_("{vendor}'s rate limit is reached. We'll retry at {next}."),
    "unreachable": N_(
        "{vendor} didn't confirm, and now we can't reach it. Last try: {last}. We'll retry until "
        "{until}."
    ),
    "internal": N_(
        "Something went wrong on our side. Last try: {last}. We'll retry until {until}."
    ),
    "absent": N_(
        "{vendor} didn't confirm, and we didn't find it there. Last try: {last}. We're sending it "
        "again."
    ),
    "sent_again": N_("We're sending it again. Last try: {last}. We'll retry until {until}."),
    "reconnected": N_("{vendor} is connected again. We'll retry at {next}."),
    "": N_("{vendor} didn't confirm. Last try: {last}. We'll retry until {until}."),
}
"""The reason why a row waits that was sent before, without a clear answer."""
_PEOPLE_DID: Mapping[str, str] = {
    "cancelled": N_("Cancelled by {person}"),
    "by_hand": N_("Taken over by {person}"),
    "tried_again": N_("Sent again by {person}"),
    "sent_again": N_("Sent again by {person}"),
    "confirmed": N_("Confirmed by {person}"),
}
"""A person's decision in words, by the reason that it left on the row."""
_NEEDS: Mapping[str, str] = {
    "unauthorized": N_("Saved, waiting for a new key for {vendor}"),
    "forbidden": N_("Saved, waiting for more rights in {vendor}"),
    "disconnected": N_("Saved, waiting for {vendor} to be connected again"),
}
_LOOK_FIRST = N_("It may already be there. Look first.")
_NO_DUPLICATE = N_("This can't create a duplicate.")
_TOO_LATE = N_("That's no longer possible.")
_NOTHING_CREATED = N_("Nothing was created.")


class Words(NamedTuple):
    """The words for a delivery: a symbol, a headline in plain text, and a body in mrkdwn that says
    what happens next."""

    symbol: str
    headline: str
    body: str


def sentence(details: Details, vendor: str) -> str:
    """Return why it is not delivered, in plain text; empty where there is nothing to say.

    `vendor` is the vendor's label.
    """
    if not details:
        return ""
    code = cast("Code", details["code"])
    if code == "said":
        return full_stop(cut(details["words"], _LONGEST_WORDS))
    if code == "sentence":
        return full_stop(cut(str(from_json(details)), _LONGEST_WORDS))
    if code == "step_rejected":
        return says(vendor, details["words"])
    text = _FILL_IN_AGAIN if details.get("again") else _SENTENCES[code]
    return _(text).format(vendor=vendor, hours=GIVE_UP_HOURS, vendors=command("vendors"))


def says(vendor: str, words: str) -> str:
    """Return a vendor's own words in plain text, set apart from ours: with the vendor's name, and a
    full stop where they lack one. Endless words are cut."""
    if not words.strip():
        return _("{vendor} gave no reason.").format(vendor=vendor)
    quoted = full_stop(cut(words.strip(), _LONGEST_WORDS))
    # "Acme has no ...": nobody is named twice.
    if words.startswith(vendor.partition(" ")[0]):
        return quoted
    return _("{vendor} says: {words}").format(vendor=vendor, words=quoted)


def title(operation: Operation) -> str:
    """Return the modal's title: "Declare incident", "Add workflow task".

    Slack cuts it at 24 characters.
    """
    if operation.kind == "incident":
        return _("Declare incident")
    return _("Add {what}").format(what=operation.label)


def words(row: Delivery, adapter: Adapter, operation: Operation, now: float | None = None) -> Words:
    """Return the row's state in words. `now` is in epoch seconds, by default the clock's."""
    vendor = adapter.label
    now = time.time() if now is None else now
    message = RULES[row.state].message
    match message:
        case "waiting":
            return _waiting(row, operation, vendor, now)
        case "sending":
            headline = _("Saved, sending to {vendor}").format(vendor=vendor)
            body = _("{vendor} hasn't answered yet. We'll show the result on the card.")
            return Words("hourglass_flowing_sand", headline, escape(body.format(vendor=vendor)))
        case "created":
            return _created(row, operation, vendor)
        case "rejected":
            return _rejected(row, operation, vendor)
        case "in_doubt" if row.undecided:
            return _undecided(row, operation, vendor, now)
        case "in_doubt":
            return _checking(row, operation, vendor, now)
        case "failed":
            return _failed(row, operation, vendor, now)
        case "called_off":
            return _called_off(row, vendor)
        case _:
            assert_never(message)


def _waiting(row: Delivery, operation: Operation, vendor: str, now: float) -> Words:
    times = {
        "vendor": escape(vendor),
        "next": clock(max(row.next_at, now), now),
        "last": clock(row.last_attempt_at or row.updated_at, now),
        "until": clock(row.expires_at, now),
    }
    if not may_exist(row):
        headline = _("Saved, not yet in {vendor}").format(vendor=vendor)
        body = _(WAITING.get(row.reason, WAITING[""])).format(**times)
        return Words("hourglass_flowing_sand", headline, body)
    body = _(RETRYING.get(row.reason, RETRYING[""])).format(**times)
    if operation.keyed:
        body = f"{body} {_(_NO_DUPLICATE)}"
    body = f"{body}\n{_(_LOOK_FIRST)}"
    return Words("mag", _waits_for_it(vendor), body)


def _waits_for_it(vendor: str) -> str:
    return _("Waiting for {vendor} to confirm").format(vendor=vendor)


def _rejected(row: Delivery, operation: Operation, vendor: str) -> Words:
    if row.reason == "not_asked":
        headline = _("This {what} needs a change").format(what=operation.label)
    else:
        headline = _("{vendor} didn't accept this {what}").format(
            vendor=vendor, what=operation.label
        )
    # After a look, the vendor's "no" to a second send is certain. With a key nobody looked.
    in_doubt = row.resend_count > 0 and (operation.keyed or row.reason != "refused")
    return Words("no_entry", headline, _(_LOOK_FIRST if in_doubt else _NOTHING_CREATED))


def _question(operation: Operation, vendor: str) -> str:
    return _("Did {vendor} create this {what}?").format(vendor=vendor, what=operation.label)


def _undecided(row: Delivery, operation: Operation, vendor: str, now: float) -> Words:
    values = {
        "vendor": escape(vendor),
        "title": escaped(row.title, _LONGEST_NAME),
        "mark": row.key,
        "sent": clock(row.first_sent_at or row.last_attempt_at or row.updated_at, now),
        "until": clock(row.expires_at, now),
    }
    if not row.title:
        how = _("Check {vendor} for what we sent at {sent}, then choose.")
    elif operation.keyed:  # the vendor shows the mark nowhere
        how = _("Check {vendor} for *{title}*, then choose. We sent it at {sent}.")
    else:
        how = _(
            "Check {vendor} for *{title}* with the mark `{mark}`, then choose. We sent it at "
            "{sent}."
        )
    lines = [escape(sentence(row.error_details, vendor)), how.format(**values)]
    if row.reconcile_at:
        lines.append(_("We keep asking {vendor} until {until}.").format(**values))
    return Words("grey_question", _question(operation, vendor), "\n".join(filter(None, lines)))


def _checking(row: Delivery, operation: Operation, vendor: str, now: float) -> Words:
    why = escape(sentence(row.error_details, vendor))
    values = {
        "vendor": escape(vendor),
        "next": clock(max(row.next_at, now), now),
        "last": clock(row.last_attempt_at or row.updated_at, now),
        "until": clock(row.expires_at, now),
    }
    if row.reason in ("unauthorized", "forbidden"):  # its sentence says what an admin can do
        text = _("It may already be in {vendor}. We'll ask again at {next}, and until {until}.")
    elif operation.keyed:
        text = _("We're retrying. This can't create a duplicate. Last try: {last}.")
    else:
        text = _("We're checking {vendor} for it. Last try: {last}. We'll check until {until}.")
    why = why or escape(_("{vendor} didn't confirm.").format(vendor=vendor))
    return Words("mag", _waits_for_it(vendor), f"{why} {text.format(**values)}")


def _failed(row: Delivery, operation: Operation, vendor: str, now: float) -> Words:
    why = escape(sentence(row.error_details, vendor))
    until = clock(row.expires_at, now)
    waits = waits_for_an_admin(row, now)
    if waits:
        then = _("We'll send this when they do, until {until}.").format(until=until)
        why = f"{why} {then}".strip()
    if may_exist(row):
        body = f"{why}\n{_(_LOOK_FIRST)}".strip()
        return Words("grey_question", _question(operation, vendor), body)
    if waits:
        return Words("warning", _(_NEEDS[row.reason]).format(vendor=vendor), why)
    if row.erased_at:
        why = _("We deleted the text after some days. It can't be sent again.")
    elif row.reason == "gave_up" or row.reason in FOR_AN_ADMIN:
        why = _(
            "We tried to send this until {until}. It's still saved. Press “Try again”, or “Copy as "
            "text” and create it in {vendor}."
        ).format(vendor=escape(vendor), until=until)
    return Words("warning", _("Not created in {vendor}").format(vendor=vendor), why)


def named(row: Delivery) -> str:
    """Return the name that people use for it: its reference, else its title."""
    created = row.vendor_object
    return created.get("reference") or created.get("title") or row.title or _("it")


def doer(row: Delivery, mention: str) -> str:
    """Return who acted on the row last, if a person did: "Cancelled by <@U1>", in mrkdwn.

    `mention` is the person in mrkdwn. Return an empty string if it was nobody's decision.
    """
    did = _PEOPLE_DID.get(row.reason)
    return _(did).format(person=mention) if did is not None and row.changed_by else ""


def meanwhile(row: Delivery, adapter: Adapter, operation: Operation) -> str:
    """Return the answer to a button that was pressed too late, in mrkdwn: what is happening."""
    if row.state == "delivered":
        name = escaped(named(row), _LONGEST_NAME)
        return _("Too late: {name} is in {vendor} now.").format(
            name=name, vendor=escape(adapter.label)
        )
    if row.state == "sending":
        return _("Too late. This is being sent: watch the card for the result.")
    said = words(row, adapter, operation)
    return f"{_(_TOO_LATE)}\n*{escape(said.headline)}*\n{said.body}".strip()


def _created(row: Delivery, operation: Operation, vendor: str) -> Words:
    if row.duplicates:
        return _created_more_than_once(row, operation, vendor)
    lines = []
    if row.reason == "found":
        lines.append(_("{vendor} didn't confirm at first. We looked there and found it."))
    elif row.reason == "confirmed":
        lines.append(_("{vendor} didn't confirm. Somebody looked there and found it."))
        if operation.custom_later and (unset := _filled_custom(row)):
            missing = _("We didn't send these fields. Set them in {vendor}: {fields}.")
            lines.append(missing.replace("{fields}", cut(", ".join(unset), _LONGEST_NAME)))
    body = " ".join(line.replace("{vendor}", vendor) for line in lines)
    note = full_stop(cut(row.vendor_object.get("note", ""), _LONGEST_WORDS))
    body = escape(" ".join(filter(None, (body, note))))
    if any(row.follow_up_steps.values()):
        headline = _("Created in {vendor}, with something missing").format(vendor=vendor)
        return Words("warning", headline, body)
    return Words("white_check_mark", _("Created in {vendor}").format(vendor=vendor), body)


def _created_more_than_once(row: Delivery, operation: Operation, vendor: str) -> Words:
    count = len(row.duplicates) + 1
    if count == 2:
        headline, close = _("Created twice in {vendor}"), _("Close one.")
    else:
        headline, close = _("Created {count} times in {vendor}"), _("Close all but one.")
    *others, last = [
        row.vendor_object.get("reference", ""),
        *(duplicate.reference for duplicate in row.duplicates),
    ]
    body = _("{vendor} didn't confirm at first, so we sent it again.").format(vendor=vendor)
    if last and all(others):
        body = _("{others} and {last} are the same {what}.").format(
            others=", ".join(others), last=last, what=operation.label
        )
    whole = escape(cut(f"{body} {close}", 2 * _LONGEST_NAME))
    return Words("warning", headline.format(vendor=vendor, count=count), whole)


def _filled_custom(row: Delivery) -> list[str]:
    """Return the names of the filled-in custom fields."""
    values = row.payload.get("custom")
    filled = values if isinstance(values, Mapping) else {}
    return [field.name for field in row.custom if filled.get(field.id) not in (None, "", [], False)]


def everything(row: Delivery) -> list[Created]:
    """Return all objects that were created for the row, the first one first; empty if unknown."""
    first = [Created.model_validate(dict(row.vendor_object))] if row.vendor_object.get("id") else []
    return [*first, *row.duplicates]


def _called_off(row: Delivery, vendor: str) -> Words:
    by_hand = row.reason == "by_hand"
    symbol = "raised_hand" if by_hand else "no_entry_sign"
    if row.vendor_object.get("id"):
        return Words(symbol, _("Done by hand in {vendor}").format(vendor=vendor), "")
    if may_exist(row):
        text = (
            _("Taken over by hand. It may already be in {vendor}")
            if by_hand
            else _("Cancelled. It may already be in {vendor}")
        )
        body = _("We stopped sending it. Look in {vendor} first.").format(vendor=escape(vendor))
        return Words(symbol, text.format(vendor=vendor), body)
    if by_hand:
        return Words(symbol, _("Taken over by hand"), _("Nothing was created from here."))
    return Words(symbol, _("Cancelled, not created in {vendor}").format(vendor=vendor), "")
