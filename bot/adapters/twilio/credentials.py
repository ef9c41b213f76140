"""Twilio's credentials, and the addresses of its API."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from bot.adapters.credentials import Credentials, Visible
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
