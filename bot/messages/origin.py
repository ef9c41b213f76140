"""Where a delivery began: the words for its thread, and for the link to its message."""

from bot.delivery.model import Delivery
from bot.language import _


def answered_directly(row: Delivery) -> str:
    """Return the line in a thread whose channel the bot is not in, in mrkdwn.

    It cannot be changed later, so it says nothing that changes, and nothing of what was written.
    """
    return _(
        "<@{person}> filled in a form for this message. We sent the result to them directly. "
        "Invite the bot to this channel to see results here."
    ).format(person=row.actor)


def about_message(link: str) -> str:
    """Return the link to the message in which a delivery began, in mrkdwn."""
    return _("About <{link}|this message>.").format(link=link)
