"""Every error that the bot raises on purpose, as one tree.

RelayError                        `str(error)` is a sentence for a person, without a secret,
│                                 in the language of the context in which it is read
├── SettingError                  a setting is missing or wrong, and what to write there
├── SecretError                   a stored secret does not decrypt with the keys at hand
├── NotInstalledError             the app is not installed in the workspace
│   └── WorkspaceNotAllowedError  the operator does not let the workspace use the bot
├── SlackUnreachableError         Slack did not say to which workspace a token belongs
├── NotOwnerError                 only the person who submitted it first may do this
├── NoLongerThereError            the connection or the row was removed meanwhile
├── QuotaError                    the workspace uses as much of the bot as it may
├── FormError                     some answers do not fit the form; one sentence a block id
└── VendorError                   the vendor did not create the object, or nobody knows
    ├── RejectedError             the vendor said no and why; a person can edit and resend
    ├── UnauthorizedError         the vendor does not accept the token (401, 403)
    ├── RetryLaterError           nothing was created; the same request may go through later
    └── OutcomeUnknownError       the request left, and no answer says whether it was carried out
"""

from collections.abc import Mapping
from typing import Literal

from bot.language import Sentence


class RelayError(Exception):
    """Base class of these errors."""


class SettingError(RelayError):
    """A setting is missing or wrong. `name` is the environment variable or argument."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(f"{name}: {sentence}")
        self.name = name


class SecretError(RelayError):
    """A stored secret does not decrypt, or belongs to another row."""


class NotInstalledError(RelayError):
    """The app is not installed in the workspace, so the bot has no token there."""


class WorkspaceNotAllowedError(NotInstalledError):
    """The workspace is not one of `RELAY_WORKSPACES`."""


class SlackUnreachableError(RelayError, TimeoutError):
    """Slack did not say to which workspace a token belongs. It may in a moment: whoever tries
    calls to Slack again tries this again too."""

    def __init__(self) -> None:
        super().__init__(Sentence("Slack didn't answer in time. Try again."))


class NotOwnerError(RelayError):
    """The delivery belongs to another person, and is private or would become private."""


class NoLongerThereError(RelayError):
    """The vendor was disconnected or the app uninstalled meanwhile. Nothing is written or sent."""

    def __init__(self) -> None:
        super().__init__(Sentence("It was removed, with all that we stored about it."))


class QuotaError(RelayError):
    """The workspace uses as much of the bot as it may. Nothing is written or sent."""


class FormError(RelayError):
    """Some answers do not fit the form. `errors` maps a block id to the sentence beside it."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


class VendorError(RelayError):
    """A call to a vendor did not end in a created object. `vendor` is the vendor's label.

    The sentence is for a person: ours as a `Sentence`, which is translated when it is read, or a
    text in the vendor's words.
    """

    def __init__(self, vendor: str, sentence: str | Sentence) -> None:
        super().__init__(sentence)
        self.vendor = vendor

    @property
    def sentence(self) -> str | Sentence:
        """The sentence, not yet translated."""
        sentence: str | Sentence = self.args[0]
        return sentence


class RejectedError(VendorError):
    """The vendor said no. Nothing was created.

    `fields` maps the name of a form's field (`severity_id`, or `task_params.to` inside a nested
    form) to the vendor's words about that field. The sentence holds the words about no field; it
    is empty where every complaint has a field. `ours`: the adapter knew beforehand that the vendor
    would refuse, and did not ask.
    """

    def __init__(
        self,
        vendor: str,
        sentence: str | Sentence = "",
        fields: Mapping[str, str | Sentence] | None = None,
        *,
        ours: bool = False,
    ) -> None:
        super().__init__(vendor, sentence)
        self.fields: dict[str, str | Sentence] = dict(fields or {})
        self.ours = ours


class UnauthorizedError(VendorError):
    """The vendor does not accept the token, or the token may not do this. An admin has to act."""

    def __init__(
        self, vendor: str, sentence: str | Sentence, status: Literal[401, 403] = 401
    ) -> None:
        super().__init__(vendor, sentence)
        self.status = status


class RetryLaterError(VendorError):
    """Nothing was created: the vendor limited the rate, or was not reached.

    `retry_after` is in seconds; None where the vendor named no time.
    """

    def __init__(
        self,
        vendor: str,
        sentence: str | Sentence,
        reason: Literal["rate_limited", "unreachable"],
        retry_after: float | None = None,
    ) -> None:
        super().__init__(vendor, sentence)
        self.reason = reason
        self.retry_after = retry_after


class OutcomeUnknownError(VendorError):
    """The request was sent, and no answer says what came of it.

    A time-out, a 5xx, or a success without an id.
    """
