"""The settings: read from the environment once and checked at once.

Each problem is one sentence that names the variable.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urljoin

from pydantic import (
    AfterValidator,
    Field,
    HttpUrl,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import SettingError
from bot.language import LONGEST_PREFIX, PREFIX
from bot.workspace import AllowedWorkspaces

_SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,}")
_WORKSPACE_ID = re.compile(r"[TE][A-Z0-9]{2,}")
_PAIR = re.compile(r"[TE][A-Z0-9]{2,}/[UW][A-Z0-9]{2,}")
_WORDS = {
    "greater_than_equal": "should be {ge} or more",
    "less_than_equal": "should be {le} or less",
    "url_scheme": "should begin with https:// or http://",
}
_WORDS_OF_KIND = {
    "int_": "should be a whole number",
    "url_": "should be a whole web address, such as https://relay.example.com",
    "path_": "should be the path of a file",
}
"""Our sentences by pydantic's types of errors, and by how a type begins."""
_SHORTEST_SIGNING_SECRET = 16
"""Smallest number of characters.

Slack's secrets have 32; a much shorter one could be guessed from one signature.
"""
_HINTS = {
    "SLACK_CLIENT_ID": "Copy it from your Slack app's page, Basic Information, App Credentials",
    "SLACK_CLIENT_SECRET": "Copy it from your Slack app's page, Basic Information, App Credentials",
    "SLACK_SIGNING_SECRET": "Copy it from your Slack app's page, Basic Information, Signing Secret",
    "SLACK_BOT_TOKEN": (
        "Copy it from your Slack app's page, OAuth & Permissions. It begins with xoxb-. For many "
        "workspaces, set SLACK_CLIENT_ID and SLACK_CLIENT_SECRET in place of it"
    ),
    "SLACK_APP_TOKEN": (
        "Make one on your Slack app's page, Basic Information, App-Level Tokens. It begins with "
        "xapp-"
    ),
    "RELAY_PUBLIC_URL": (
        "Set the address at which browsers and Slack reach the bot, such as "
        "https://relay.example.com"
    ),
}


def _is_near(host: str) -> bool:
    """Return whether the host is this machine or in a private network.

    Data for such a host crosses no other network.
    """
    try:
        return ip_address(host.strip("[]")).is_private
    except ValueError:
        return host == "localhost"


def _can_be_given_credentials(value: HttpUrl) -> HttpUrl:
    if any(
        part is not None for part in (value.username, value.password, value.query, value.fragment)
    ):
        raise ValueError("should be an address alone, without a user name, a password, ? or #")
    if value.scheme == "http" and not _is_near(value.host or ""):
        raise ValueError(
            "should begin with https://, unless it is localhost or a private IP address"
        )
    return value


Address = Annotated[HttpUrl, AfterValidator(_can_be_given_credentials)]
_ADDRESS: TypeAdapter[HttpUrl] = TypeAdapter(Address)


@dataclass(frozen=True, slots=True)
class SlackApp:
    """The credentials for installing the app in many workspaces, and which ones may install it.

    `url` is the bot's own address, without a trailing slash.
    """

    client_id: str
    url: str
    client_secret: str = field(repr=False)
    workspaces: AllowedWorkspaces = field(default_factory=AllowedWorkspaces)


class Settings(BaseSettings):
    """Everything an operator can set.

    Each field is read from the variable that its alias names; see the README's table.
    """

    # Fields are not read by their own names, because a HOST or PORT in the environment is not meant
    # for the bot.
    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    slack_signing_secret: SecretStr | None = Field(None, validation_alias="SLACK_SIGNING_SECRET")
    slack_bot_token: SecretStr | None = Field(None, validation_alias="SLACK_BOT_TOKEN")
    slack_app_token: SecretStr | None = Field(None, validation_alias="SLACK_APP_TOKEN")
    slack_client_id: str | None = Field(None, validation_alias="SLACK_CLIENT_ID")
    slack_client_secret: SecretStr | None = Field(None, validation_alias="SLACK_CLIENT_SECRET")
    slack_api_url: Address = Field(
        HttpUrl("https://slack.com/api/"), validation_alias="SLACK_API_URL"
    )
    database: Path = Field(Path("relay.db"), validation_alias="RELAY_DATABASE")
    encryption_keys: SecretStr | None = Field(None, validation_alias="RELAY_ENCRYPTION_KEYS")
    host: str = Field("127.0.0.1", validation_alias="RELAY_HOST")
    port: int = Field(3000, ge=0, le=65535, validation_alias="RELAY_PORT")
    public_url: Address | None = Field(None, validation_alias="RELAY_PUBLIC_URL")
    admins: str = Field("", validation_alias="RELAY_ADMINS")
    workspaces: str = Field("", validation_alias="RELAY_WORKSPACES")
    command_prefix: str = Field("", validation_alias="RELAY_COMMAND_PREFIX")
    keep_days: int = Field(30, ge=1, le=36_500, validation_alias="RELAY_KEEP_DAYS")
    other_urls: Annotated[Mapping[str, str], NoDecode] = Field(
        default_factory=dict, validation_alias="*_URL", repr=False, exclude=True
    )
    """The other variables whose name ends in `_URL`, by name.

    They are unchecked, and some may be another program's secret. `addresses` reads those that
    somebody asks for.
    """

    @model_validator(mode="before")
    @classmethod
    def _keep_other_urls(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        ours = {variable(field) for field in cls.model_fields.values()}
        found = {name.upper(): value for name, value in (os.environ | dict(given)).items()}
        others = {
            name: value
            for name, value in found.items()
            if name.endswith("_URL") and name not in ours and isinstance(value, str) and value
        }
        return {**given, "*_URL": others}

    @field_validator("slack_bot_token", "slack_app_token")
    @classmethod
    def _is_the_right_kind_of_token(cls, value: SecretStr | None, info: Any) -> SecretStr | None:
        prefix = "xoxb-" if info.field_name == "slack_bot_token" else "xapp-"
        if value is not None and not value.get_secret_value().startswith(prefix):
            raise ValueError(f"should begin with {prefix}")
        return value

    @field_validator("slack_signing_secret")
    @classmethod
    def _can_sign(cls, value: SecretStr | None) -> SecretStr | None:
        """Refuse a value that cannot be a signing secret.

        Slack promises no particular shape for it.
        """
        secret = value.get_secret_value() if value else None
        if secret is not None and not re.fullmatch(
            rf"[!-~]{{{_SHORTEST_SIGNING_SECRET},}}", secret
        ):
            raise ValueError(
                "is too short, or has a space or a strange character in it. Copy it again"
            )
        return value

    @field_validator("admins")
    @classmethod
    def _are_slack_ids(cls, value: str, info: Any) -> str:
        """Accept an id without its workspace only if there is just one workspace.

        In another workspace, a stranger may have the same id.
        """
        one_workspace = info.data.get("slack_bot_token") is not None
        for part in _parts(value):
            if not _PAIR.fullmatch(part) and not (one_workspace and _SLACK_ID.fullmatch(part)):
                raise ValueError(
                    "should be Slack user IDs such as U012AB3CD, separated by commas"
                    if one_workspace
                    else "should be Slack user IDs with their workspaces, separated by commas. "
                    "Write T012AB3CD/U012AB3CD, or E012AB3CD/U012AB3CD for a whole organisation"
                )
        return value

    @field_validator("workspaces")
    @classmethod
    def _are_workspace_ids(cls, value: str) -> str:
        if not all(_WORKSPACE_ID.fullmatch(part) for part in _parts(value)):
            raise ValueError(
                "should be IDs of workspaces (T012AB3CD) or organisations (E012AB3CD), separated "
                "by commas"
            )
        return value

    @field_validator("command_prefix")
    @classmethod
    def _fits_commands(cls, value: str) -> str:
        if value and not PREFIX.fullmatch(value):
            raise ValueError(
                f"should have at most {LONGEST_PREFIX} small letters, digits, hyphens and "
                "underscores"
            )
        return value

    @property
    def allowed_workspaces(self) -> AllowedWorkspaces:
        """The workspaces that may install and use the bot."""
        return AllowedWorkspaces(frozenset(_parts(self.workspaces)))

    @property
    def signing_secret_looks_odd(self) -> bool:
        """True if the signing secret is set but does not have the form of Slack's.

        Slack's have 32 digits and letters from a to f.
        """
        secret = self.slack_signing_secret
        return secret is not None and not re.fullmatch(r"[0-9a-f]{32}", secret.get_secret_value())

    @property
    def fixed_token(self) -> str:
        """The token of the only workspace; empty if each workspace has its own."""
        return self.slack_bot_token.get_secret_value() if self.slack_bot_token else ""

    @property
    def admin_ids(self) -> frozenset[str]:
        """The admins' user ids, alone or with workspace or organisation: "U1", "T1/U1", "E1/U1"."""
        return frozenset(_parts(self.admins))

    def addresses(self, defaults: Mapping[str, str]) -> dict[str, str]:
        """Return what these variables hold, each a whole address; `defaults` has the address of
        those that are not set. Raises `SettingError` that has a line for each wrong one."""
        found, wrong = {}, []
        for name, default in defaults.items():
            try:
                found[name] = str(_ADDRESS.validate_python(self.other_urls.get(name, default)))
            except ValidationError as error:
                wrong.append((name, _sentence(_errors(error)[0])))
        if wrong:
            raise _wrong(wrong)
        return found

    @property
    def slack_authorize_url(self) -> str:
        """Slack's page on which a person allows an installation, on the host of the Web API."""
        return urljoin(str(self.slack_api_url), "../oauth/v2/authorize")

    @property
    def slack_app(self) -> SlackApp | None:
        """The app's credentials for many workspaces.

        None if there is only the workspace of `SLACK_BOT_TOKEN`, or if nothing is set. Raises
        `SettingError`.
        """
        if not self._for_many:
            return None
        if self.slack_bot_token is not None:
            raise SettingError(
                "SLACK_BOT_TOKEN",
                "is set, and so is SLACK_CLIENT_ID or SLACK_CLIENT_SECRET. Keep the token for one "
                "workspace. For many, keep the other two.",
            )
        client_id, client_secret, url = self.demand(*self.needed_for_tokens)
        return SlackApp(client_id, url.rstrip("/"), client_secret, self.allowed_workspaces)

    @property
    def needed_for_tokens(self) -> tuple[str, ...]:
        """The variables that the bot needs to get a workspace's token."""
        return (
            ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "RELAY_PUBLIC_URL")
            if self._for_many
            else ("SLACK_BOT_TOKEN",)
        )

    @property
    def _for_many(self) -> bool:
        return self.slack_client_id is not None or self.slack_client_secret is not None

    def demand(self, *names: str) -> list[str]:
        """Return the values of these variables.

        Raises `SettingError` with a line for each variable that is not set.
        """
        by_variable = {variable(field): name for name, field in type(self).model_fields.items()}
        found = [(name, getattr(self, by_variable[name])) for name in names]
        if missing := [name for name, value in found if value is None]:
            raise _wrong([(name, f"isn't set. {_HINTS.get(name, 'Set it')}.") for name in missing])
        return [
            value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for _, value in found
        ]


def _parts(value: str) -> list[str]:
    return [part for part in re.split(r"[,\s]+", value) if part]


def variable(field: Any) -> str:
    """Return the environment variable of a settings field."""
    return str(field.validation_alias)


def load() -> Settings:
    """Read the settings.

    Raises `SettingError` with a line for each wrong setting. No value is repeated, because it may
    be a secret.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise _wrong(
            [(str(wrong["loc"][0]), _sentence(wrong)) for wrong in _errors(error)]
        ) from None


def _errors(error: ValidationError) -> Sequence[Mapping[str, Any]]:
    return error.errors(include_input=False, include_url=False)


def _sentence(wrong: Mapping[str, Any]) -> str:
    """Return our sentence for an error of pydantic's. It repeats no value."""
    error, context = str(wrong["type"]), wrong.get("ctx", {})
    if error == "value_error":  # one of the checks above raised this, with our sentence
        return f"{context['error']}."
    kinds = (words for start, words in _WORDS_OF_KIND.items() if error.startswith(start))
    sentence = _WORDS.get(error) or next(kinds, "has a value that doesn't fit")
    return f"{sentence.format(**context)}."


def _wrong(those: Sequence[tuple[str, str]]) -> SettingError:
    """Return one error for all problems, each a variable and a sentence on a line of its own.

    The error's name is the first variable.
    """
    (name, sentence), *others = those
    return SettingError(
        name, "\n".join([sentence, *(f"{other}: {about}" for other, about in others)])
    )
