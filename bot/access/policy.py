"""Decides who may use an operation, by the rule of the workspace's admins, or else by the default
of the operation's kind."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.access.store import AccessStore
from bot.adapters.base import Adapter, Kind, Operation
from bot.slack.people import Person, UserDirectory
from bot.slack.user_groups import Group, UserGroups
from bot.workspace import Workspace

DEFAULTS: Mapping[Kind, str] = {
    "incident": "members",
    "action_item": "members",
    "workflow_task": "admins",
}
"""Workflow tasks and workflows change automation: admins and owners. The rest: full members."""


Choices = Sequence[tuple[Adapter, Operation]]
"""Operations to choose from, each with its vendor's adapter."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The `choices` that a person may use, the denial reason of each other one (`no`), and the
    label of each, by the operation's name."""

    choices: Choices
    no: Mapping[str, str]
    labels: Mapping[str, str]

    @property
    def denial_reason(self) -> str:
        """Why the person may use none of them, in mrkdwn; empty when there is one."""
        if self.choices:
            return ""
        return messages.none_of_these({self.labels[name]: said for name, said in self.no.items()})


@dataclass(frozen=True, slots=True)
class Checked:
    """The person who asks, and the denial reason of each operation that the person may not use."""

    person: Person
    no: Mapping[str, str]


class AccessPolicy:
    """Decides by the workspace's rules, and by Slack's answers about the person and the user
    groups."""

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
        *,
        acting: bool = False,
    ) -> Checked:
        """Return which of these operations ("acme.incident" -> its kind) this person may not use.

        Slack is asked about everything at the same time, and only about things that are not
        remembered: the form has to open within 3 s. `acting` says that the person does something
        now. Then Slack is asked again about a person who may only as an admin.
        """
        rules = await self.rules(workspace, operations)
        ids = sorted({who for who in rules.values() if who not in messages.WHO})
        person, found = await asyncio.gather(
            self._people.person(client, workspace, slack_id),
            asyncio.gather(*(self._groups.group(client, workspace, it) for it in ids)),
        )
        groups = dict(zip(ids, found, strict=True))

        def denied(person: Person) -> dict[str, str]:
            said = {
                name: denial_reason(who, operations[name], person, groups.get(who))
                for name, who in rules.items()
            }
            return {name: no for name, no in said.items() if no}

        if acting and person.role == "admin" and denied(replace(person, role="member")):
            person = await self._people.person(client, workspace, slack_id, fresh=True)
        return Checked(person, denied(person))

    async def allowed(
        self, client: AsyncWebClient, workspace: Workspace, slack_id: str, choices: Choices
    ) -> Allowed:
        """Return which of these operations this person may use."""
        named = {
            f"{adapter.vendor}.{operation.name}": (adapter, operation)
            for adapter, operation in choices
        }
        kinds = {name: operation.kind for name, (_, operation) in named.items()}
        denied = (await self.check(client, workspace, slack_id, kinds)).no
        labels = {
            name: f"{adapter.label}: {operation.label}"
            for name, (adapter, operation) in named.items()
        }
        return Allowed([it for name, it in named.items() if name not in denied], denied, labels)

    async def rules(self, workspace: Workspace, operations: Mapping[str, Kind]) -> dict[str, str]:
        """Return who may use each of these operations: a word of `messages.WHO`, or the id of a
        user group."""
        decided = await self._stored.of(workspace)
        return {name: decided.get(name) or DEFAULTS[kind] for name, kind in operations.items()}

    async def decide(
        self, workspace: Workspace, decided: Mapping[str, str], changed_by: str
    ) -> None:
        """Store who may use these operations from now on."""
        await self._stored.set(workspace, decided, changed_by)


def denial_reason(who: str, kind: Kind, person: Person, group: Group | None = None) -> str:
    """Return why this person may not do it, and whom to ask, in mrkdwn; empty if the person may.

    `group` is the user group that `who` names. Admins always may. People of another company never
    may. If Slack does not say who the person is, the person may not.
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
        return messages.not_checked(str(group.problem))
    return "" if person.slack_id in group.members else messages.only_group(group.name, group.handle)
