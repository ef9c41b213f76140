"""The brief card, for channels that people of another organisation may read."""

from typing import Any

from bot.adapters.base import Adapter, Operation
from bot.delivery.model import Delivery
from bot.forms.text import cut, escape
from bot.language import _, command
from bot.messages.blocks import context, row_of, section
from bot.messages.buttons import links
from bot.messages.words import words

_LONGEST_REFERENCE = 300
_BLOCK = "brief"


def brief_card(row: Delivery, adapter: Adapter, operation: Operation) -> dict[str, Any]:
    """Return the message in the channel with reference, state and link only: {"text", "blocks"}."""
    said = words(row, adapter, operation)
    reference = cut(row.vendor_object.get("reference", ""), _LONGEST_REFERENCE)
    state = f":{said.symbol}: *{escape(said.headline)}*"
    lines = [state, escape(reference)]
    return {
        "text": escape(f"{said.headline}: {reference}" if reference else said.headline),
        "blocks": [
            section("\n".join(filter(None, lines))),
            *row_of(links(row, adapter), _BLOCK),
            context(_("We sent the details to <@{person}> directly.").format(person=row.actor)),
        ],
    }


def why_brief(channel: str, *, shared: bool, lacking: str = "") -> str:
    """Return why the card in the channel is brief, in mrkdwn, for the person who has all of it.

    `lacking` says what the app lacks, if Slack did not let it ask.
    """
    if shared:
        why = _("The channel <#{channel}> is shared with another organisation.")
    else:
        why = _("We couldn't check if <#{channel}> is shared with another organisation.")
    brief = _("Its card shows only reference, state and link.")
    change = _("An admin can change this in `{vendors}`, *Settings*.").format(
        vendors=command("vendors")
    )
    return " ".join(filter(None, (why.format(channel=channel), brief, lacking, change)))
