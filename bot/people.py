"""Slack people: who they are and what they may do; and what channels are called."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.base import Kind
from bot.slack_errors import NOT_DONE, said
from bot.storage import Workspace

Role = Literal["admin", "member", "guest", "outsider", "unknown"]
FRESH_SECONDS = 300.0
LOOKUP_SECONDS = 1.2
"""A form must open within the 3 s that its trigger lives, after this look-up."""
MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Person:
    """A person as Slack describes them. `email` is None when it is hidden; `role` is "unknown" when Slack did not say."""

    slack_id: str
    name: str
    email: str | None
    role: Role
    problem: str = ""


class Directory:
    """Looks people up with `users.info` and remembers them for five minutes."""

    def __init__(self, admins: frozenset[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._admins = admins
        self._clock = clock
        self._known: OrderedDict[tuple[Workspace, str], tuple[float, Person]] = OrderedDict()

    async def person(self, client: AsyncWebClient, workspace: Workspace, slack_id: str) -> Person:
        """Never raises: when Slack does not answer, the role is "unknown" and `problem` says what to do."""
        key = (workspace, slack_id)
        known = self._known.get(key)
        if known is not None and self._clock() - known[0] < FRESH_SECONDS:
            return known[1]
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                answer = await client.users_info(user=slack_id)
        except SlackApiError as error:
            return self._unknown(slack_id, _problem(said(error)))
        except NOT_DONE:
            return self._unknown(slack_id, "Slack did not answer in time. Please try again.")
        if not (user := answer.get("user")):
            return self._unknown(slack_id, _problem(""))
        person = self._read(workspace, slack_id, user)
        self._known[key] = (self._clock(), person)
        if len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        return person

    async def channel_name(self, client: AsyncWebClient, channel: str) -> str:
        """The channel's name, or its id when Slack does not tell (a private one, a missing scope, no answer in time)."""
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                answer = await client.conversations_info(channel=channel)
        except (SlackApiError, *NOT_DONE):
            return channel
        return str((answer.get("channel") or {}).get("name") or channel)

    def _unknown(self, slack_id: str, problem: str) -> Person:
        role: Role = "admin" if slack_id in self._admins else "unknown"
        return Person(slack_id, slack_id, None, role, problem)

    def _read(self, workspace: Workspace, slack_id: str, user: dict[str, Any]) -> Person:
        profile = user.get("profile") or {}
        name = profile.get("real_name") or user.get("real_name") or profile.get("display_name") or user.get("name")
        role = _role(workspace, user)
        if slack_id in self._admins and role in ("member", "guest"):
            role = "admin"
        return Person(slack_id, str(name or slack_id), profile.get("email") or None, role)


def _role(workspace: Workspace, user: dict[str, Any]) -> Role:
    """Slack's flags to one role. On Enterprise Grid a person's own team may be another of the same organisation."""
    in_enterprise = (user.get("enterprise_user") or {}).get("enterprise_id")
    same_team = not workspace.team or user.get("team_id") in (None, workspace.team)
    same = same_team or (bool(workspace.enterprise) and in_enterprise == workspace.enterprise)
    if user.get("is_stranger") or user.get("deleted") or user.get("is_bot") or not same:
        return "outsider"
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return "guest"
    if user.get("is_admin") or user.get("is_owner") or user.get("is_primary_owner"):
        return "admin"
    return "member"


def _problem(error: str) -> str:
    if error == "missing_scope":
        return "This app lacks the scope `users:read`. A workspace admin can reinstall it from its current manifest."
    if error in ("invalid_auth", "account_inactive", "token_revoked", "not_authed"):
        return "Slack no longer accepts this app's token. Whoever runs the bot has to reinstall it."
    return "Slack did not say who you are. Please try again in a moment."


def objection(kind: Kind, person: Person) -> str:
    """Why this person may not do it, and whom to ask; empty when they may.

    Incidents and action items: full members. Workflow tasks and workflows change automation: admins and owners.
    """
    if person.role == "unknown":
        return f"I could not check whether you may do this. {person.problem}"
    if kind == "workflow_task":
        if person.role == "admin":
            return ""
        return "Only workspace admins and owners may change workflows from here. Please ask one of them to do it."
    if person.role in ("admin", "member"):
        return ""
    whom = "guests" if person.role == "guest" else "people from other workspaces"
    return f"This is for full members of the workspace, not for {whom}. Please ask a member to do it for you."
