"""The payloads that Slack sends, complete, with the members and spellings of the real ones."""

import copy
import secrets
from collections.abc import Mapping
from typing import Any

from bot.playground.slack.state import State
from bot.playground.slack.views import View
from bot.playground.slack.world import Channel, Message, Person

Payload = dict[str, Any]


class Payloads:
    """Makes payloads. Each payload that lets the bot open a view has a new trigger id."""

    def __init__(self, state: State) -> None:
        self._state = state

    def command(self, person: Person, channel: Channel, command: str, text: str) -> Payload:
        """Return a slash command: the members of the web form (all of them text)."""
        state, there = self._state, self._state.organisation
        return {
            "token": state.app.token,
            "team_id": state.team.id,
            "team_domain": state.team.domain,
            "channel_id": channel.id,
            "channel_name": self._channel_name(channel),
            "user_id": person.id,
            "user_name": person.name,
            "command": command,
            "text": text,
            "api_app_id": state.app.id,
            "is_enterprise_install": "true" if state.whole else "false",
            "response_url": state.response_url(person.id, channel.id),
            "trigger_id": state.triggers.issue(person.id),
            **({"enterprise_id": there.id, "enterprise_name": there.name} if there else {}),
        }

    def shortcut(self, person: Person, callback_id: str) -> Payload:
        """Return the use of a global shortcut."""
        return {
            "type": "shortcut",
            "token": self._state.app.token,
            "action_ts": self._state.world.next_ts(),
            "team": self._team(),
            "user": self._user(person),
            **self._installed(),
            "callback_id": callback_id,
            "trigger_id": self._state.triggers.issue(person.id),
        }

    def message_shortcut(
        self, person: Person, channel: Channel, message: Message, callback_id: str
    ) -> Payload:
        """Return the use of a shortcut in a message's menu, with the message."""
        return {
            "type": "message_action",
            "token": self._state.app.token,
            "action_ts": self._state.world.next_ts(),
            "team": self._team(),
            "user": self._user(person),
            "channel": self._channel(channel),
            **self._installed(),
            "callback_id": callback_id,
            "trigger_id": self._state.triggers.issue(person.id),
            "response_url": self._state.response_url(person.id, channel.id, message["ts"]),
            "message_ts": message["ts"],
            "message": copy.deepcopy(message),
        }

    def view_submission(self, person: Person, view: View) -> Payload:
        """Return the press of a modal's submit button."""
        return {
            "type": "view_submission",
            **self.in_view(person),
            "trigger_id": self._state.triggers.issue(person.id, view.id),
            "view": self._state.view_json(view),
            "response_urls": [],
        }

    def view_closed(self, person: Person, view: View, *, is_cleared: bool) -> Payload:
        """Return the closing of a modal that asked for this notice."""
        return {
            "type": "view_closed",
            **self.in_view(person),
            "view": self._state.view_json(view),
            "is_cleared": is_cleared,
        }

    def view_action(self, person: Person, view: View, action: Mapping[str, Any]) -> Payload:
        """Return a click or choice in a modal or home tab."""
        return {
            "type": "block_actions",
            **self.in_view(person),
            "container": {"type": "view", "view_id": view.id},
            "trigger_id": self._state.triggers.issue(person.id, view.id),
            "view": self._state.view_json(view),
            "actions": [{**action, "action_ts": self._state.world.next_ts()}],
        }

    def message_action(
        self,
        person: Person,
        channel: Channel,
        message: Message,
        action: Mapping[str, Any],
        values: Mapping[str, Any],
    ) -> Payload:
        """Return a click or choice in a message.

        The payload of an ephemeral message does not contain it.
        """
        ephemeral = bool(message.get("is_ephemeral"))
        payload: Payload = {
            "type": "block_actions",
            **self.common(person),
            "container": {
                "type": "message",
                "message_ts": message["ts"],
                "channel_id": channel.id,
                "is_ephemeral": ephemeral,
                **({"thread_ts": message["thread_ts"]} if "thread_ts" in message else {}),
            },
            "trigger_id": self._state.triggers.issue(person.id),
            "channel": self._channel(channel),
            "state": {"values": copy.deepcopy(dict(values))},
            "response_url": self._state.response_url(person.id, channel.id, message["ts"]),
            "actions": [{**action, "action_ts": self._state.world.next_ts()}],
        }
        return payload if ephemeral else {**payload, "message": copy.deepcopy(message)}

    def suggestion(
        self, person: Person, view: View, block_id: str, action_id: str, query: str
    ) -> Payload:
        """Return the text typed into a view's type-ahead."""
        return {
            "type": "block_suggestion",
            **self.in_view(person),
            "container": {"type": "view", "view_id": view.id},
            "block_id": block_id,
            "action_id": action_id,
            "value": query,
            "view": self._state.view_json(view),
        }

    def event(self, event: Mapping[str, Any]) -> Payload:
        """Return an event of the Events API. `event` has the event's type and members."""
        ts, there = self._state.world.next_ts(), self._state.organisation
        return {
            "token": self._state.app.token,
            "team_id": self._state.team.id,
            "api_app_id": self._state.app.id,
            "event": {**event, "event_ts": ts},
            "type": "event_callback",
            "event_id": "Ev" + secrets.token_hex(5).upper(),
            "event_time": int(float(ts)),
            "authorizations": [
                {
                    "enterprise_id": there.id if there else None,
                    "team_id": None if self._state.whole else self._state.team.id,
                    "user_id": self._state.app.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": self._state.whole,
                }
            ],
            "is_ext_shared_channel": False,
        }

    def common(self, person: Person) -> Payload:
        """Return the members that every interactive payload has."""
        return {
            "team": self._team(),
            "user": self._user(person),
            "api_app_id": self._state.app.id,
            "token": self._state.app.token,
            **self._installed(),
        }

    def in_view(self, person: Person) -> Payload:
        """Return the common members of a payload in a view.

        In an organisation-wide installation they name no team.
        """
        common = self.common(person)
        return {**common, "team": None} if self._state.whole else common

    def _installed(self) -> Payload:
        there = self._state.organisation
        return {
            "is_enterprise_install": self._state.whole,
            "enterprise": {"id": there.id, "name": there.name} if there else None,
        }

    def _team(self) -> Payload:
        return {"id": self._state.team.id, "domain": self._state.team.domain}

    def _user(self, person: Person) -> Payload:
        team = person.team_id or self._state.team.id
        return {"id": person.id, "username": person.name, "name": person.name, "team_id": team}

    def _channel(self, channel: Channel) -> Payload:
        return {"id": channel.id, "name": self._channel_name(channel)}

    @staticmethod
    def _channel_name(channel: Channel) -> str:
        """Return the channel's name. Apps are told only the kind of a private channel."""
        if channel.is_im:
            return "directmessage"
        return "privategroup" if channel.is_private else channel.name
