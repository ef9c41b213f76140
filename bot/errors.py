"""Everything that can go wrong, as one tree.

RelayError                    the sentence is fit for the person who reads it: no secret, no body, no traceback
├── SettingError              a setting is missing or wrong: names it, and says what to write there
├── SecretError               what is stored cannot be decrypted with the keys at hand
├── NotInstalled              the app is not, or not any more, installed in the workspace
├── Gone                      the connection or the row went meanwhile; nothing is written or sent
├── FormError                 what was typed does not fit: one sentence a block id
└── VendorError               the vendor did not create it (or we cannot tell)
    ├── Refused               it said no, and why; nothing was created; the person can edit and resend
    ├── Unauthorized          it does not accept the connection's token (401, 403); nothing was created
    ├── TryLater              certainly nothing was created, and the same request may go through later
    └── Unclear               the request left, and no answer says whether it was carried out
"""

from collections.abc import Mapping
from typing import Literal


class RelayError(Exception):
    """Base of all errors that the bot raises on purpose. `str(error)` is a sentence for a person."""


class SettingError(RelayError):
    """A setting is missing or wrong; `name` is the environment variable."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(f"{name}: {sentence}")
        self.name = name


class SecretError(RelayError):
    """A stored secret does not decrypt, or belongs to another row."""


class NotInstalled(RelayError):
    """The app is not installed in the workspace, as far as the bot knows: it has no token to speak there."""


class Gone(RelayError):
    """What this was about was removed meanwhile: the vendor was disconnected, or the whole app uninstalled."""

    def __init__(self) -> None:
        super().__init__("It was removed meanwhile, with everything that was stored of it.")


class FormError(RelayError):
    """What was typed does not fit the form; `errors` maps a block id to the sentence shown beside that field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


class VendorError(RelayError):
    """A vendor's call that did not end in a created object. `vendor` is its label, as people know it."""

    def __init__(self, vendor: str, sentence: str) -> None:
        super().__init__(sentence)
        self.vendor = vendor


class Refused(VendorError):
    """The vendor said no.

    `fields` maps a form field's name (`severity_id`, or `task_params.to` inside a nested form) to the vendor's words
    about it; the sentence holds what it said about nothing in particular, and is empty when every complaint has a field.
    `ours`: the adapter knew it beforehand, and the vendor was not asked.
    """

    def __init__(
        self, vendor: str, sentence: str = "", fields: Mapping[str, str] | None = None, *, ours: bool = False
    ) -> None:
        super().__init__(vendor, sentence)
        self.fields = dict(fields or {})
        self.ours = ours


class Unauthorized(VendorError):
    """The vendor does not accept the token, or the token may not do this. An admin has to act."""

    def __init__(self, vendor: str, sentence: str, status: Literal[401, 403] = 401) -> None:
        super().__init__(vendor, sentence)
        self.status = status


class TryLater(VendorError):
    """Certainly not done: rate limited, or never reached. `retry_after` is in seconds, None when the vendor named no time."""

    def __init__(
        self,
        vendor: str,
        sentence: str,
        reason: Literal["rate_limited", "unreachable"],
        retry_after: float | None = None,
    ) -> None:
        super().__init__(vendor, sentence)
        self.reason = reason
        self.retry_after = retry_after


class Unclear(VendorError):
    """Sent, and nobody can say from here whether it was carried out (time-out, 5xx, a success without an id)."""
