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
from bot.language import N_, _

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
        N_("Paste the SID of an API key (SK…) or of the account (AC…)."),
    ),
    "workspace_sid": (
        ("WS",),
        N_("Paste the SID of a TaskRouter workspace (WS…)."),
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
        "workflows": N_(
            "This key can't read workflows, so you can't copy one. After a lost answer, we can't "
            "check Twilio."
        ),
    },
    "task": {
        "workflows": N_("This key can't read workflows, so their list stays empty."),
        "task_channels": N_("This key can't read task channels, so their list stays empty."),
        "task_queues": N_("This key can't read task queues, so their list stays empty."),
        "tasks": N_("This key can't read tasks. After a lost answer, we can't check Twilio."),
    },
}
"""A sentence about what is missing, by operation and by the list that the key may not read."""
_IMPOSSIBLE_WITHOUT: Mapping[str, Mapping[str, str]] = {
    "workflow": {
        "task_queues": N_(
            "This key can't read task queues, so you can't choose one for a workflow. Give it more "
            "rights in Twilio, or connect another key."
        )
    }
}
_ADVICE = N_("Give it more rights in Twilio, or connect another key.")


class TwilioKey(Credentials):
    """An API key and its secret, or the account's SID and its auth token, for one workspace."""

    key_sid: Annotated[SecretStr, Visible()] = Field(
        title="API key SID, or account SID",
        description=N_(
            "SK… is in Twilio's console, Account, API keys & tokens. AC… is the account itself. A "
            "restricted key has to read TaskRouter's workspaces, task queues and task channels. It "
            "also has to read and create workflows and tasks."
        ),
    )
    key_secret: SecretStr = Field(
        title="Secret, or auth token",
        description=N_(
            "The API key's secret, which Twilio showed only once. For an account SID, the "
            "auth token."
        ),
    )
    workspace_sid: Annotated[SecretStr, Visible()] = Field(
        title="TaskRouter workspace SID",
        description=N_("WS… is in Twilio's console, TaskRouter, Workspaces."),
    )
    region: Region = Field(
        "us1",
        title="Region",
        description=N_(
            "us1 is the United States, ie1 is Ireland. A key works only in its own region."
        ),
    )

    @field_validator("key_sid", "workspace_sid")
    @classmethod
    def _is_a_sid(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        kinds, sentence = _SIDS[str(info.field_name)]
        if not is_sid(value.get_secret_value(), *kinds):
            raise ValueError(_(sentence))
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
