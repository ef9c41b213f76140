"""Learn from reads which permissions a restricted key of Twilio has.

A standard key has all permissions, and so has the account.
"""

from collections.abc import Collection, Mapping

from bot.adapters.credentials import Rights
from bot.adapters.http import Reply, text
from bot.adapters.probe_permissions import lacking
from bot.adapters.twilio.credentials import TwilioKey

PROBES: Mapping[str, str] = {
    "task_queues": "TaskQueues",
    "workflows": "Workflows",
    "task_channels": "TaskChannels",
    "tasks": "Tasks",
}
"""The lists to try, by their place below the workspace's path.

The forms offer them, and the bot searches them for an object after a lost answer.
"""
NOT_PERMITTED = "70051"
"""Twilio's code for a restricted key without the permission. The HTTP status may be any."""
_LIMITED_WITHOUT: Mapping[str, Mapping[str, str]] = {
    "workflow": {
        "workflows": "This key may not read workflows: none can be copied, and when Twilio's "
        "answer gets lost, the bot cannot look whether the workflow is there.",
    },
    "task": {
        "workflows": "This key may not read workflows: the list of them stays empty.",
        "task_channels": "This key may not read task channels: the list of them stays empty.",
        "task_queues": "This key may not read task queues: the list of them stays empty.",
        "tasks": (
            "This key may not read tasks: when Twilio's answer gets lost, the bot cannot look "
            "whether the task is there."
        ),
    },
}
"""A sentence about what is missing, by operation and by the list that the key may not read."""
_IMPOSSIBLE_WITHOUT: Mapping[str, Mapping[str, str]] = {
    "workflow": {
        "task_queues": (
            "This key may not read task queues, so none can be chosen for a workflow: give it "
            "the right to in Twilio, or connect another key."
        )
    }
}
_ADVICE = "Give it the right to in Twilio, or connect another key."


def is_denied(reply: Reply) -> bool:
    """Return whether the key lacks the permission for this read."""
    return reply.status == 403 or text(reply.body, "code") == NOT_PERMITTED


def rights_of(credentials: TwilioKey, unread: Collection[str]) -> Rights:
    """Return the rights of credentials that may not read the lists `unread`."""
    sid = credentials.key_sid.get_secret_value()
    kind = "the account" if sid.startswith("AC") else "the API key"
    return Rights(
        acts_as=f"{kind} that begins with {sid[:6]}",
        cannot=lacking(_IMPOSSIBLE_WITHOUT, unread),
        limited=lacking(_LIMITED_WITHOUT, unread, _ADVICE),
    )
