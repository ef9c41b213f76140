"""Grants that Slack gives for a short time: trigger ids and response URLs."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS = 30 * 60.0
RESPONSE_USES = 5


class SlackError(Exception):
    """An error with which Slack answers a call.

    `error` is its code, `details` are other members of the answer.
    """

    def __init__(self, error: str, **details: object) -> None:
        super().__init__(error)
        self.error = error
        self.details = details


@dataclass(slots=True)
class Trigger:
    """The right to open one view for a person.

    `view_id` is the modal in which the person acted, or empty.
    """

    user_id: str
    view_id: str
    born: float
    used: bool = False


class Triggers:
    """Trigger ids. Each is valid for three seconds and one use."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._triggers: dict[str, Trigger] = {}

    def issue(self, user_id: str, view_id: str = "") -> str:
        """Return a new trigger id."""
        trigger_id = (
            f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        )
        self._triggers[trigger_id] = Trigger(user_id, view_id, self.clock())
        return trigger_id

    def check(self, trigger_id: str) -> Trigger:
        """Return a trigger that can still be used.

        Raises `SlackError` with Slack's code for the reason.
        """
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self.clock() - trigger.born > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        return trigger


@dataclass(slots=True)
class ResponseUrl:
    """The right to answer in a channel for a while.

    `message_ts` is the message with the used element, or empty.
    """

    user_id: str
    channel_id: str
    message_ts: str
    born: float
    uses: int = 0


class ResponseUrls:
    """The tokens at the end of response URLs. Each is valid for thirty minutes and five uses."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._urls: dict[str, ResponseUrl] = {}

    def issue(self, user_id: str, channel_id: str, message_ts: str = "") -> str:
        """Return a new token."""
        token = secrets.token_urlsafe(24)
        self._urls[token] = ResponseUrl(user_id, channel_id, message_ts, self.clock())
        return token

    def use(self, token: str) -> ResponseUrl:
        """Use a token once.

        Raises `SlackError`: `used_url` after five uses, `expired_url` after thirty minutes.
        """
        url = self._urls.get(token)
        if url is None or self.clock() - url.born > RESPONSE_SECONDS:
            raise SlackError("expired_url")
        if url.uses >= RESPONSE_USES:
            raise SlackError("used_url")
        url.uses += 1
        return url
