"""The workspace: people, channels and their messages."""

import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from bot.playground.slack.events import Hub
from bot.playground.vendors import data

Message = dict[str, Any]
"""A message in Slack's JSON, with at least `type`, `ts`, `text` and its author."""

PERSON_NAME = re.compile(r"@([a-z0-9][a-z0-9._-]*)")
CHANNEL_NAME = re.compile(r"#([a-z0-9][a-z0-9_-]*)")
LINK = re.compile(r"https?://[^\s<>]+")


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the workspace, or the bot."""

    id: str
    name: str
    real_name: str
    title: str = ""
    email: str = ""
    color: str = "9f69e7"
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_bot: bool = False
    deleted: bool = False
    playable: bool = False
    locale: str = "en-US"
    team_id: str = ""
    """The workspace of a person from another company, which shares a channel; else empty."""

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.real_name.split()[:2]).upper()


@dataclass(slots=True)
class Channel:
    """A channel, or the direct messages between one person (`user_id`) and the bot."""

    id: str
    name: str
    topic: str = ""
    is_private: bool = False
    is_im: bool = False
    is_ext_shared: bool = False
    """Whether people of another organisation are in it."""
    is_pending_ext_shared: bool = False
    """Whether another organisation is invited."""
    is_org_shared: bool = False
    """Whether it belongs to several workspaces of one organisation."""
    user_id: str = ""
    members: set[str] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)

    def find(self, ts: str) -> Message | None:
        """Return the message with that timestamp."""
        return next((message for message in self.messages if message["ts"] == ts), None)


def people_of(company: Iterable[data.Person]) -> dict[str, Person]:
    """Return the company's people as Slack describes them, by id."""
    return {
        one.slack_id: Person(
            id=one.slack_id,
            name=one.name,
            real_name=one.real_name,
            title=one.title,
            email=one.email,
            color=one.color,
            is_admin=one.admin,
            is_restricted=one.guest,
            playable=one.playable,
        )
        for one in company
    }


class World:
    """People and channels by id, and their messages. Changes of messages go to the hub."""

    def __init__(
        self,
        team: data.Team,
        people: Iterable[data.Person],
        channels: Iterable[data.Channel],
        bot: Person,
        hub: Hub,
        clock: Callable[[], float],
    ) -> None:
        self.team = team
        self.bot = bot
        self.people = {**people_of(people), bot.id: bot}
        self.channels = {
            one.id: Channel(
                one.id,
                one.name,
                one.topic,
                one.is_private,
                members={*one.members, *([bot.id] if one.bot_is_member else [])},
            )
            for one in channels
        }
        self.ephemerals: list[tuple[str, str, Message]] = []
        """The ephemeral messages, oldest first: (channel id, user id, message)."""
        self._hub = hub
        self._clock = clock
        self._last_ts = 0

    def next_ts(self, at: float | None = None) -> str:
        """Return a timestamp in Slack's format, later than all earlier ones.

        The time is now or `at` (epoch seconds).
        """
        self._last_ts = max(
            int((self._clock() if at is None else at) * 1_000_000), self._last_ts + 1
        )
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def bot_is_in(self, channel: Channel) -> bool:
        return self.bot.id in channel.members

    def direct(self, user_id: str) -> Channel | None:
        """Return the direct messages of that person and the bot, or None if never opened."""
        return next(
            (one for one in self.channels.values() if one.is_im and one.user_id == user_id), None
        )

    def open_direct(self, user_id: str) -> Channel:
        """Return the direct messages of that person and the bot, opened if necessary."""
        if channel := self.direct(user_id):
            return channel
        channel = Channel(
            id="D" + secrets.token_hex(5).upper(),
            name=self.bot.real_name,
            is_private=True,
            is_im=True,
            user_id=user_id,
            members={user_id, self.bot.id},
        )
        self.channels[channel.id] = channel
        self._hub.publish({"type": "channel", "channel": self.channel_for_page(channel)})
        return channel

    def say(self, channel: Channel, message: Message) -> Message:
        """Add a message, which must have its `ts`. The first message of its thread counts it."""
        parent = channel.find(str(message.get("thread_ts") or ""))
        if parent is not None:
            parent["thread_ts"] = parent["ts"]
            parent["reply_count"] = parent.get("reply_count", 0) + 1
            parent["latest_reply"] = message["ts"]
            self.changed(channel, parent)
        channel.messages.append(message)
        self._hub.publish({"type": "message", "channel": channel.id, "message": message})
        return message

    def say_to(self, channel: Channel, user_id: str, message: Message) -> Message:
        """Show a message to one person only."""
        self.ephemerals.append((channel.id, user_id, message))
        self._hub.publish(
            {"type": "ephemeral", "channel": channel.id, "user": user_id, "message": message}
        )
        return message

    def find_ephemeral(self, channel_id: str, user_id: str, ts: str) -> Message | None:
        """Return the ephemeral message for that person, by its `ts`."""
        return next(
            (
                message
                for channel, user, message in self.ephemerals
                if (channel, user, message["ts"]) == (channel_id, user_id, ts)
            ),
            None,
        )

    def changed(self, channel: Channel, message: Message) -> None:
        """Tell the page that a message has changed."""
        self._hub.publish({"type": "message_changed", "channel": channel.id, "message": message})

    def delete(self, channel: Channel, message: Message) -> None:
        """Delete a message. An ephemeral message is deleted for its one person."""
        if message in channel.messages:
            channel.messages.remove(message)
        self.ephemerals = [entry for entry in self.ephemerals if entry[2] is not message]
        self._hub.publish({"type": "message_deleted", "channel": channel.id, "ts": message["ts"]})

    def channel_for_page(self, channel: Channel) -> dict[str, Any]:
        """Return the channel in the format of the page's API."""
        entry: dict[str, Any] = {
            "id": channel.id,
            "name": channel.name,
            "is_private": channel.is_private,
            "is_im": channel.is_im,
            "bot_is_member": self.bot_is_in(channel),
            "topic": channel.topic,
        }
        return {**entry, "user_id": channel.user_id} if channel.is_im else entry

    def escape(self, text: str, *, mentions: bool, labels: bool = True) -> str:
        """Return typed text as Slack passes it on, with `& < >` escaped.

        With `mentions`, people, channels and links are marked.
        """
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        if not mentions:
            return text
        people = {person.name: person.id for person in self.people.values()}
        rooms = {
            channel.name: channel.id for channel in self.channels.values() if not channel.is_im
        }

        def named(sign: str, known: dict[str, str]) -> Callable[[re.Match[str]], str]:
            def replace(match: re.Match[str]) -> str:
                name = match[1].rstrip(".")
                if name not in known:
                    return match[0]
                label = f"|{name}" if labels else ""
                return f"<{sign}{known[name]}{label}>" + match[1][len(name) :]

            return replace

        pieces: list[str] = []
        at = 0
        for link in LINK.finditer(text):
            pieces += [text[at : link.start()], f"<{link[0]}>"]
            at = link.end()
        pieces.append(text[at:])
        pieces[::2] = [
            CHANNEL_NAME.sub(named("#", rooms), PERSON_NAME.sub(named("@", people), piece))
            for piece in pieces[::2]
        ]
        return "".join(pieces)
