"""Who may use an operation: what the workspace's admins decided, else by the operation's kind."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.access.store import AccessStore
from bot.adapters.base import Kind
from bot.slack.people import Person, UserDirectory
from bot.slack.user_groups import Group, UserGroups
from bot.workspace import Workspace

DEFAULTS: Mapping[Kind, str] = {
    "incident": "members",
    "action_item": "members",
    "workflow_task": "admins",
}
"""Workflow tasks and workflows change automation: admins and owners. The rest: full members."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Who asks, and why not, by the operation's name: only those that the person may not use."""

    person: Person
    no: Mapping[str, str]


class AccessPolicy:
    """Decides, from the workspace's rules and from what Slack says about the person and about the
    user groups."""

    def __init__(self, stored: AccessStore, people: UserDirectory, groups: UserGroups) -> None:
        self._stored = stored
        self._people = people
        self._groups = groups

    async def check(
        self,
        client: AsyncWebClient,
        workspace: Workspace,
        slack_id: str,
        operations: Mapping[str, Kind],
    ) -> Checked:
        """Whether this person may use these operations ("acme.incident" -> its kind).

        Slack is asked for everything at once, and only for what is not remembered: the form has to
        open within 3 s.
        """
        rules = await self.rules(workspace, operations)
        ids = sorted({who for who in rules.values() if who not in messages.WHO})
        person, found = await asyncio.gather(
            self._people.person(client, workspace, slack_id),
            asyncio.gather(*(self._groups.group(client, workspace, it) for it in ids)),
        )
        groups = dict(zip(ids, found, strict=True))
        said = {
            name: denial_reason(who, operations[name], person, groups.get(who))
            for name, who in rules.items()
        }
        return Checked(person, {name: no for name, no in said.items() if no})

    async def rules(self, workspace: Workspace, operations: Mapping[str, Kind]) -> dict[str, str]:
        """Who may use each of these operations: a word of `messages.WHO`, or a user group's id."""
        decided = await self._stored.of(workspace)
        return {name: decided.get(name) or DEFAULTS[kind] for name, kind in operations.items()}

    async def decide(
        self, workspace: Workspace, decided: Mapping[str, str], changed_by: str
    ) -> None:
        """Store who may use these operations from now on."""
        await self._stored.set(workspace, decided, changed_by)


def denial_reason(who: str, kind: Kind, person: Person, group: Group | None = None) -> str:
    """Why this person may not do it, and whom to ask, in mrkdwn; empty when they may. `group`: the
    one that `who` names.

    Admins always may, people of another company never; when Slack does not say who somebody is,
    nobody is let through.
    """
    if person.role == "unknown":
        return messages.not_checked(person.problem)
    if person.role == "admin":
        return ""
    if who == "admins":
        return messages.only_admins(kind)
    if who not in messages.WHO:
        return _outside(group or Group(who, who, gone=True), person)
    allowed = ("member", "guest") if who == "everyone" else ("member",)
    return "" if person.role in allowed else messages.only_members(who, person.role)


def _outside(group: Group, person: Person) -> str:
    if person.role == "outsider":
        return messages.only_group(group.name, group.handle)
    if group.gone:
        return messages.group_gone(group.name if group.name != group.id else "")
    if group.problem:
        return messages.not_checked(group.problem)
    return "" if person.slack_id in group.members else messages.only_group(group.name, group.handle)
