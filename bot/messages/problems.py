"""The sentence for the reason that a row stores in `error_details`."""

from typing import assert_never, cast

from bot.delivery.model import GIVE_UP_SECONDS
from bot.delivery.problems import Code, Details

GIVE_UP_HOURS = round(GIVE_UP_SECONDS / 3600)


def sentence(details: Details, vendor: str) -> str:
    """Return why it is not delivered, in plain text; empty where there is nothing to say. `vendor`
    is the vendor's label."""
    if not details:
        return ""
    code = cast("Code", details["code"])
    match code:
        case "said":
            return details["words"]
        case "stopped":
            return "The bot stopped while it was being sent."
        case "no_answer":
            return f"{vendor} did not answer in time."
        case "silent":
            return f"{vendor} does not answer."
        case "unreadable_answer":
            return f"The answer of {vendor} could not be read."
        case "not_connected":
            return (
                f"{vendor} is no longer connected to the account it was meant for; an admin can "
                "connect that one again with `/vendors`."
            )
        case "does_not_fit":
            again = "; please fill it in again" if details.get("again") else ""
            return f"It does not fit the form any more{again}."
        case "not_sent_in_time":
            return f"It could not be sent to {vendor} in time."
        case "not_confirmed_in_time":
            return f"{vendor} has not confirmed it for {GIVE_UP_HOURS} hours."
        case "not_answered_in_time":
            return f"{vendor} has not answered for {GIVE_UP_HOURS} hours."
        case "not_listed":
            return (
                f"{vendor} has not answered {details['requests']} requests, and does not list it."
            )
        case "step_rejected":
            return f"{vendor} says “{details['words']}”."
        case "step_not_taken":
            return f"{vendor} did not take it within {GIVE_UP_HOURS} hours."
        case _:
            assert_never(code)
