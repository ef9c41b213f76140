"""The state that all parts of the stand-in share."""

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
    """A person acted on something that does not exist; `str(error)` names it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One Web API call of the bot: its arguments (never the token) and its outcome."""

    method: str
    args: dict[str, Any]
    ok: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class Organisation:
    """The Enterprise Grid organisation of a workspace.

    With `whole`, the app is installed for the whole organisation and not only for the workspace.
    """

    id: str
    name: str
    whole: bool = True


@dataclass(frozen=True, slots=True)
class App:
    """The installed app, as described in its manifest."""

    name: str
    bot_name: str
    scopes: list[str]
    """The bot's scopes. They are a list so that one can be granted later."""
    optional: frozenset[str]
    """The scopes that a person may decline."""
    commands: dict[str, Mapping[str, Any]]
    shortcuts: tuple[Mapping[str, Any], ...]
    events: tuple[str, ...]
    has_home: bool
    id: str = "A06RELAY001"
    bot_id: str = "B06RELAY001"
    bot_user_id: str = "U06RELAY001"
    token: str = field(default_factory=lambda: secrets.token_hex(12), repr=False)
    """The old verification token, which every payload still carries."""

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> "App":
        """Read the parts of a manifest that change Slack's behaviour."""
        features = manifest.get("features", {})
        name = manifest["display_information"]["name"]
        scopes = manifest.get("oauth_config", {}).get("scopes", {})
        optional = scopes.get("bot_optional", ())
        subscriptions = manifest.get("settings", {}).get("event_subscriptions", {})
        return cls(
            name=name,
            bot_name=features.get("bot_user", {}).get("display_name", name),
            scopes=[*scopes.get("bot", ()), *optional],
            optional=frozenset(optional),
            commands={entry["command"]: entry for entry in features.get("slash_commands", ())},
            shortcuts=tuple(features.get("shortcuts", ())),
            events=tuple(subscriptions.get("bot_events", ())),
            has_home=bool(features.get("app_home", {}).get("home_tab_enabled")),
        )


class State:
    """The workspace, the app installed in it, and everything that is open between the two."""

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
        """The only token that is accepted; empty while the app is not installed."""
        self.organisation = organisation
        self.url = ""
        """The address of the stand-in's routes, such as http://127.0.0.1:8700/slack.

        It is set once the port is known.
        """
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
        """The choices in a message's elements: (channel id, ts) -> values."""
        self.calls: list[Call] = []
        self.violations: list[str] = []

    @property
    def whole(self) -> bool:
        """True if the app is installed for the whole organisation."""
        return self.organisation is not None and self.organisation.whole

    def person(self, user_id: str) -> Person:
        """Return the person with that id. Raises `MissingError`."""
        if person := self.world.people.get(user_id):
            return person
        raise MissingError(f"There is no person {user_id}.")

    def channel(self, channel_id: str) -> Channel:
        """Return the channel with that id. Raises `MissingError`."""
        if channel := self.world.channels.get(channel_id):
            return channel
        raise MissingError(f"There is no channel {channel_id}.")

    def message(self, channel_id: str, ts: str, user_id: str) -> tuple[Channel, Message]:
        """Return a message that this person sees. Raises `MissingError`."""
        channel = self.channel(channel_id)
        message = channel.find(ts) or self.world.find_ephemeral(channel_id, user_id, ts)
        if message is None:
            raise MissingError(f"There is no message {ts} in {channel_id}.")
        return channel, message

    def view(self, view_id: str, user_id: str) -> View:
        """Return a view that this person has open. Raises `MissingError`."""
        view = self.views.find(view_id)
        if view is None or view.user_id != user_id:
            raise MissingError(f"{user_id} has no view {view_id} open.")
        return view

    def file_json(self, file_id: str, user_id: str = "") -> dict[str, Any]:
        """Return a file in Slack's format. Raises `MissingError`.

        With `user_id`, only that person's files are found.
        """
        file = self.files.find(file_id)
        if file is None or user_id not in ("", file.user_id):
            raise MissingError(f"There is no file {file_id}.")
        return file_json(file, self.url, self.team.id)

    def with_files(self, user_id: str, values: Mapping[str, Any]) -> Values:
        """Return typed values with the file objects for the ids in them.

        Raises `MissingError` for another person's file.
        """
        found = blocks.merged(values)
        for value in (
            value for actions in found.values() for value in actions.values() if value.get("files")
        ):
            described = [self.file_json(str(file.get("id")), user_id) for file in value["files"]]
            value["files"] = [
                in_submission(file, only_id=self.files.only_ids) for file in described
            ]
        return found

    def response_url(self, user_id: str, channel_id: str, message_ts: str = "") -> str:
        """Return a new response URL."""
        if not self.url:
            raise RuntimeError(
                "Give the stand-in its own address first: slack.url = "
                "'http://127.0.0.1:PORT/slack'."
            )
        return f"{self.url}/response/{self.responses.issue(user_id, channel_id, message_ts)}"

    def view_json(self, view: View) -> dict[str, Any]:
        """Return a view in Slack's format, as a copy that later changes do not affect."""
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
        """Return a person's open modals, the top one last."""
        return [self.view_json(view) for view in self.views.stacks.get(user_id, [])]

    def _view_changed(self, user_id: str, kind: str) -> None:
        if kind == "home":
            self.hub.publish(
                {"type": "home", "user": user_id, "view": self.view_json(self.views.homes[user_id])}
            )
        else:
            self.hub.publish({"type": "views", "user": user_id, "views": self.stack_json(user_id)})

    def bot_message(self, content: Mapping[str, Any], **more: Any) -> Message:
        """Return a new message of the bot in Slack's format.

        `content` may have text, blocks, metadata and thread_ts.
        """
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
