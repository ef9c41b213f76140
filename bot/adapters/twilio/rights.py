"""Twilio's credentials, the addresses of its API, and the permissions of a restricted key.

Reads show these permissions. A standard key has all of them, and so has the account.
"""

from collections.abc import Collection, Mapping
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from bot.adapters.credentials import Credentials, Rights, Visible
from bot.adapters.http import Reply, text
from bot.adapters.probe_permissions import lacking
from bot.adapters.twilio.sids import is_sid

Region = Literal["us1", "ie1"]
ADDRESSES: dict[Region, str] = {
    "us1": "https://taskrouter.twilio.com",
    # The address includes the edge. Twilio's command line requires it beside the region, its
    # libraries do not.
    "ie1": "https://taskrouter.dublin.ie1.twilio.com",
}
"""Twilio's own, the usual one first. A workspace chooses one of these regions; it cannot write an
address."""

_SIDS = {
    "key_sid": (
        ("SK", "AC"),
        "should be a SID: SK (of an API key) or AC (of the account), and 32 hexadecimal digits",
    ),
    "workspace_sid": (
        ("WS",),
        "should be a TaskRouter workspace's SID: WS and 32 hexadecimal digits",
    ),
}
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


class TwilioKey(Credentials):
    """An API key and its secret, or the account's SID and its auth token, for one workspace."""

    key_sid: Annotated[SecretStr, Visible()] = Field(
        title="API key SID, or account SID",
        description=(
            "SK… of an API key (in Twilio's console: Account, API keys & tokens), or AC… of the "
            "account itself. A restricted key has to read TaskRouter's workspaces, task queues "
            "and task channels, and to read and create workflows and tasks."
        ),
    )
    key_secret: SecretStr = Field(
        title="Secret, or auth token",
        description=(
            "The API key's secret, which Twilio showed once when it was made; the auth token for "
            "an account SID."
        ),
    )
    workspace_sid: Annotated[SecretStr, Visible()] = Field(
        title="TaskRouter workspace SID",
        description="WS… of the workspace (in Twilio's console: TaskRouter, Workspaces).",
    )
    region: Region = Field(
        "us1",
        title="Region",
        description=(
            "us1 is the United States, Twilio's usual one; ie1 is Ireland. A key works only "
            "where it was made."
        ),
    )

    @field_validator("key_sid", "workspace_sid")
    @classmethod
    def _is_a_sid(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        kinds, sentence = _SIDS[str(info.field_name)]
        if not is_sid(value.get_secret_value(), *kinds):
            raise ValueError(sentence)
        return value

    @property
    def workspace(self) -> str:
        return self.workspace_sid.get_secret_value()


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
