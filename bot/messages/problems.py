"""The sentence for the reason that a row stores in `error_details`."""

from collections.abc import Mapping
from typing import cast

from bot.delivery.model import GIVE_UP_SECONDS
from bot.delivery.problems import Code, Details

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
