"""The credentials of a vendor, the rights that they give, and the account that they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic.fields import FieldInfo

from bot.language import _


@dataclass(frozen=True, slots=True)
class Visible:
    """Marks a secret that its owner may see while typing, and again after a mistake.

    An example is an identifier. Logs and reprs do not show it either.
    """


def typed_unseen(field: FieldInfo) -> bool:
    """Return whether a value of the credentials is hidden even from the person who types it."""
    return field.annotation is SecretStr and Visible() not in field.metadata


class Credentials(BaseModel):
    """The base of a vendor's credentials.

    Every field is a secret, so that no repr shows it, or a choice (a `Literal`). A secret that is
    `Visible` may be seen by the person who types it.

    A field's title and description tell people what the value is, where to find it and which rights
    it needs. No field is an address: addresses belong to the operator, or to the list of
    `Adapter.address`.

    White space around a value is removed. A value that cannot stand in an HTTP header is rejected
    here, because the HTTP client would find out only while sending. pydantic's error does not quote
    the value in its text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @field_validator("*")
    @classmethod
    def _can_be_sent(cls, value: Any) -> Any:
        if not isinstance(value, SecretStr):
            return value
        secret = SecretStr(value.get_secret_value().strip())
        text = secret.get_secret_value()
        if not text or not all("!" <= character <= "~" for character in text):
            raise ValueError(
                _("The key has a space or a strange character in it. Copy it again.")
                if text
                else _("Paste the key.")
            )
        return secret


class ApiKey(Credentials):
    """One bearer token."""

    api_key: SecretStr = Field(title="API key")


class Rights(BaseModel):
    """The rights of a key, as the vendor states or shows them.

    `acts_as` is the user or key that the key acts as, in a few words ("Maya Chen
    (maya@example.com)"). `roles` are the vendor's names of the key's roles or permissions, if it
    names them.

    `cannot` has a text by the name of an operation ("incident"): why the vendor will refuse the key
    there, and what to change. An operation that is not in it is allowed, or nothing is known.
    `limited` is the same for operations that work, but lack something. A text may have several
    lines, each of which is translated when it is read.
    """

    model_config = ConfigDict(frozen=True)

    acts_as: str = ""
    roles: tuple[str, ...] = ()
    cannot: Mapping[str, str] = Field(default_factory=dict)
    limited: Mapping[str, str] = Field(default_factory=dict)

    def about(self, operation: str) -> str:
        """Return what users of that operation should know, empty if nothing limits them."""
        found = filter(None, (self.cannot.get(operation), self.limited.get(operation)))
        return " ".join(_(line) for text in found for line in text.splitlines())


class Account(BaseModel):
    """The account that the credentials belong to, by the vendor's answer.

    `id` is equal for two keys of the same account.
    """

    id: str
    name: str
    rights: Rights = Rights()
