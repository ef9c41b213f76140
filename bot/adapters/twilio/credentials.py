"""What Twilio's API wants to see."""

import re

from pydantic import SecretStr, field_validator

from bot.adapters.base import Credentials


class TwilioKey(Credentials):
    """An API key (or the account's SID and token) and the workspace it is used for."""

    key_sid: SecretStr
    key_secret: SecretStr
    workspace_sid: SecretStr

    @field_validator("key_sid")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"(SK|AC)[0-9a-fA-F]{32}", value.get_secret_value()):
            raise ValueError("should be an API key's SID: SK and 32 hexadecimal digits")
        return value

    @field_validator("workspace_sid")
    @classmethod
    def _is_a_workspace(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"WS[0-9a-fA-F]{32}", value.get_secret_value()):
            raise ValueError("should be a TaskRouter workspace's SID: WS and 32 hexadecimal digits")
        return value

    @property
    def workspace(self) -> str:
        return self.workspace_sid.get_secret_value()
