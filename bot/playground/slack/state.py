"""Everything that the stand-in's parts share."""

import copy
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.playground.slack import blocks
from bot.playground.slack.blocks import Values
from bot.playground.slack.events import Hub
from bot.playground.slack.files import Files, file_json, in_submission
from bot.playground.slack.grants import ResponseUrls, Triggers
from bot.playground.slack.views import View, Views
from bot.playground.slack.world import Channel, Message, Person, World
from bot.playground.vendors import data


class MissingError(LookupError):
    """A person was said to act on something that is not there; `str(error)` names it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One Web API call of the bot's: what it gave (never the token) and what it was answered."""

    method: str
    args: dict[str, Any]
    ok: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class Organisation:
    """The Enterprise Grid organisation of a workspace. `whole`: the app is installed for all of it,
    not for the workspace."""

    id: str
    name: str
    whole: bool = True


@dataclass(frozen=True, slots=True)
class App:
    """The installed app, as its manifest says."""

    name: str
    bot_name: str
    scopes: list[str]
    """The bot's scopes. A list, so that one can be granted later."""
    commands: dict[str, Mapping[str, Any]]
    shortcuts: tuple[Mapping[str, Any], ...]
    events: tuple[str, ...]
    has_home: bool
    id: str = "A06RELAY001"
    bot_id: str = "B06RELAY001"
    bot_user_id: str = "U06RELAY001"
    token: str = field(default_factory=lambda: secrets.token_hex(12), repr=False)
    """The old verification token, which still travels in every payload."""

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> "App":
        """Read the parts of a manifest that decide what Slack does."""
        features = manifest.get("features", {})
        name = manifest["display_information"]["name"]
        subscriptions = manifest.get("settings", {}).get("event_subscriptions", {})
        return cls(
            name=name,
            bot_name=features.get("bot_user", {}).get("display_name", name),
            scopes=list(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", ())),
            commands={entry["command"]: entry for entry in features.get("slash_commands", ())},
            shortcuts=tuple(features.get("shortcuts", ())),
            events=tuple(subscriptions.get("bot_events", ())),
            has_home=bool(features.get("app_home", {}).get("home_tab_enabled")),
        )


class State:
    """The workspace, the app installed in it, and what is open between the two."""

    def __init__(
        self,
        manifest: Mapping[str, Any],
        team: data.Team,
        people: Sequence[data.Person],
        channels: Sequence[data.Channel],
        clock: Callable[[], float],
        bot_token: str,
        organisation: Organisation | None = None,
    ) -> None:
        self.bot_token = bot_token
        """The only one that is taken; empty while the app is not installed."""
        self.organisation = organisation
        self.url = ""
        """Where the stand-in's routes are mounted, such as http://127.0.0.1:8700/slack; set once
        its port is known."""
        self.app = App.of(manifest)
        self.team = team
        self.hub = Hub()
        bot = Person(
            self.app.bot_user_id,
            self.app.bot_name.lower().replace(" ", "_"),
            self.app.bot_name,
            color="334155",
            is_bot=True,
        )
        self.world = World(team, people, channels, bot, self.hub, clock)
        self.views = Views(clock, self._view_changed)
        self.triggers = Triggers(clock)
        self.responses = ResponseUrls(clock)
        self.files = Files(clock)
        self.user_groups = {group.id: group for group in data.USER_GROUPS}
        self.message_values: dict[tuple[str, str], Any] = {}
        """What was chosen in a message's elements: (channel id, ts) -> values."""
        self.calls: list[Call] = []
        self.violations: list[str] = []

    @property
    def whole(self) -> bool:
        """Whether the app is installed for the whole organisation."""
        return self.organisation is not None and self.organisation.whole

    def person(self, user_id: str) -> Person:
        """The person of that id; raises `MissingError`."""
        if person := self.world.people.get(user_id):
            return person
        raise MissingError(f"There is no person {user_id}.")

    def channel(self, channel_id: str) -> Channel:
        """The channel of that id; raises `MissingError`."""
        if channel := self.world.channels.get(channel_id):
            return channel
        raise MissingError(f"There is no channel {channel_id}.")

    def message(self, channel_id: str, ts: str, user_id: str) -> tuple[Channel, Message]:
        """A message that this person sees; raises `MissingError`."""
        channel = self.channel(channel_id)
        message = channel.find(ts) or self.world.find_ephemeral(channel_id, user_id, ts)
        if message is None:
            raise MissingError(f"There is no message {ts} in {channel_id}.")
        return channel, message

    def view(self, view_id: str, user_id: str) -> View:
        """A view that this person has open; raises `MissingError`."""
        view = self.views.find(view_id)
        if view is None or view.user_id != user_id:
            raise MissingError(f"{user_id} has no view {view_id} open.")
        return view

    def file_json(self, file_id: str, user_id: str = "") -> dict[str, Any]:
        """A file in Slack's own shape, one of this person's if that is given; raises `MissingError`."""
        file = self.files.find(file_id)
        if file is None or user_id not in ("", file.user_id):
            raise MissingError(f"There is no file {file_id}.")
        return file_json(file, self.url, self.team.id)

    def with_files(self, user_id: str, values: Mapping[str, Any]) -> Values:
        """Typed values with the file objects that belong to the ids in them; raises `MissingError` for
        another's file."""
        found = blocks.merged(values)
        for value in (
            value for actions in found.values() for value in actions.values() if value.get("files")
        ):
            described = [self.file_json(str(it.get("id")), user_id) for it in value["files"]]
            value["files"] = [in_submission(it, only_id=self.files.only_ids) for it in described]
        return found

    def response_url(self, user_id: str, channel_id: str, message_ts: str = "") -> str:
        """A new response URL."""
        if not self.url:
            raise RuntimeError(
                "Give the stand-in its own address first: slack.url = "
                "'http://127.0.0.1:PORT/slack'."
            )
        return f"{self.url}/response/{self.responses.issue(user_id, channel_id, message_ts)}"

    def view_json(self, view: View) -> dict[str, Any]:
        """A view in Slack's own shape, whole and independent of later changes."""
        body = view.body
        shape = {
            "id": view.id,
            "team_id": self.team.id,
            "type": body["type"],
            "blocks": view.blocks,
            "private_metadata": body.get("private_metadata", ""),
            "callback_id": body.get("callback_id", ""),
            "state": {"values": view.values},
            "hash": view.hash,
            "title": body.get("title", {"type": "plain_text", "text": "View Title", "emoji": True}),
            "clear_on_close": view.flag("clear_on_close"),
            "notify_on_close": view.flag("notify_on_close"),
            "close": body.get("close"),
            "submit": body.get("submit"),
            "previous_view_id": view.previous_id,
            "root_view_id": view.root_id,
            "app_id": self.app.id,
            "external_id": body.get("external_id", ""),
            "app_installed_team_id": self.organisation.id
            if self.organisation and self.whole
            else self.team.id,
            "bot_id": self.app.bot_id,
        }
        return copy.deepcopy(shape)

    def stack_json(self, user_id: str) -> list[dict[str, Any]]:
        """A person's open modals, the top last."""
        return [self.view_json(view) for view in self.views.stacks.get(user_id, [])]

    def _view_changed(self, user_id: str, kind: str) -> None:
        if kind == "home":
            self.hub.publish(
                {"type": "home", "user": user_id, "view": self.view_json(self.views.homes[user_id])}
            )
        else:
            self.hub.publish({"type": "views", "user": user_id, "views": self.stack_json(user_id)})

    def bot_message(self, content: Mapping[str, Any], **more: Any) -> Message:
        """A new message of the bot's in Slack's own shape. `content` may have text, blocks,
        metadata, thread_ts."""
        message: Message = {
            "type": "message",
            "user": self.app.bot_user_id,
            "bot_id": self.app.bot_id,
            "app_id": self.app.id,
            "team": self.team.id,
            "text": content.get("text") or "",
            "ts": self.world.next_ts(),
        }
        for name in ("blocks", "attachments", "metadata", "thread_ts"):
            if content.get(name):
                message[name] = content[name]
        return {**message, **more}
