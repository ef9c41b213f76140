"""Settings: the environment, read once, checked at once, each problem one sentence that names the variable."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, HttpUrl, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import SettingError

_SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,}")
_WORDS = {
    "int_parsing": "should be a whole number",
    "url_parsing": "should be a whole web address, such as https://relay.example.com",
    "url_scheme": "should begin with https:// or http://",
}
_HINTS = {
    "SLACK_SIGNING_SECRET": "copy it from your Slack app's page, Basic Information, Signing Secret",
    "SLACK_BOT_TOKEN": "copy it from your Slack app's page, OAuth & Permissions; it begins with xoxb-",
    "SLACK_APP_TOKEN": "make one on your Slack app's page, Basic Information, App-Level Tokens; it begins with xapp-",
}


class Settings(BaseSettings):
    """Everything an operator can set. Field `x` is read from the variable its alias names; see the README's table."""

    # Not by name as well: a stray HOST or PORT in the environment would become ours.
    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    slack_signing_secret: SecretStr | None = Field(None, validation_alias="SLACK_SIGNING_SECRET")
    slack_bot_token: SecretStr | None = Field(None, validation_alias="SLACK_BOT_TOKEN")
    slack_app_token: SecretStr | None = Field(None, validation_alias="SLACK_APP_TOKEN")
    slack_api_url: HttpUrl = Field(HttpUrl("https://slack.com/api/"), validation_alias="SLACK_API_URL")
    database: Path = Field(Path("relay.db"), validation_alias="RELAY_DATABASE")
    encryption_keys: SecretStr | None = Field(None, validation_alias="RELAY_ENCRYPTION_KEYS")
    host: str = Field("127.0.0.1", validation_alias="RELAY_HOST")
    port: int = Field(3000, ge=0, le=65535, validation_alias="RELAY_PORT")
    public_url: HttpUrl | None = Field(None, validation_alias="RELAY_PUBLIC_URL")
    admins: str = Field("", validation_alias="RELAY_ADMINS")
    keep_days: int = Field(30, ge=1, le=36_500, validation_alias="RELAY_KEEP_DAYS")
    rootly_api_url: HttpUrl = Field(HttpUrl("https://api.rootly.com"), validation_alias="ROOTLY_API_URL")
    incident_io_api_url: HttpUrl = Field(HttpUrl("https://api.incident.io"), validation_alias="INCIDENT_IO_API_URL")
    twilio_taskrouter_url: HttpUrl = Field(
        HttpUrl("https://taskrouter.twilio.com"), validation_alias="TWILIO_TASKROUTER_URL"
    )

    @field_validator("slack_bot_token", "slack_app_token")
    @classmethod
    def _is_the_right_kind_of_token(cls, value: SecretStr | None, info: Any) -> SecretStr | None:
        prefix = "xoxb-" if info.field_name == "slack_bot_token" else "xapp-"
        if value is not None and not value.get_secret_value().startswith(prefix):
            raise ValueError(f"should begin with {prefix}")
        return value

    @field_validator("admins")
    @classmethod
    def _are_slack_ids(cls, value: str) -> str:
        for part in filter(None, re.split(r"[,\s]+", value)):
            if not _SLACK_ID.fullmatch(part):
                raise ValueError("should be Slack user ids such as U012AB3CD, separated by commas")
        return value

    @property
    def admin_ids(self) -> frozenset[str]:
        return frozenset(_SLACK_ID.findall(self.admins))

    @property
    def vendor_urls(self) -> Mapping[str, str]:
        return {
            "rootly": str(self.rootly_api_url),
            "incident_io": str(self.incident_io_api_url),
            "twilio": str(self.twilio_taskrouter_url),
        }

    def demand(self, *names: str) -> list[str]:
        """What these variables hold. Raises `SettingError` for the first that is not set."""
        by_variable = {variable(field): name for name, field in type(self).model_fields.items()}
        found = [(name, getattr(self, by_variable[name])) for name in names]
        for name, value in found:
            if value is None:
                raise SettingError(name, f"is not set; {_HINTS.get(name, 'set it')}.")
        return [value.get_secret_value() if isinstance(value, SecretStr) else str(value) for _, value in found]


def variable(field: Any) -> str:
    """The environment variable that a settings field is read from."""
    return str(field.validation_alias)


def load() -> Settings:
    """Read the settings. Raises `SettingError`, which never repeats the value: it may be a secret."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        sentence = _WORDS.get(first["type"], first["msg"].removeprefix("Value error, "))
        if sentence[1:2].islower():  # not "URL ..."
            sentence = sentence[:1].lower() + sentence[1:]
        raise SettingError(str(first["loc"][0]), f"{sentence}.") from None
