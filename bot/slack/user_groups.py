"""Slack's user groups: the groups of a workspace, and their members."""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.base import Entry
from bot.catalogs.search import matches
from bot.catalogs.service import FIRST_SHOWN, SHOWN, Answer
from bot.language import N_, Sentence, _
from bot.slack.errors import NOT_DONE, said
from bot.slack.people import FRESH_SECONDS, LOOKUP_SECONDS, TOO_SLOW, why_not
from bot.slack.scopes import USER_GROUPS
from bot.workspace import RemembersWorkspaces, Workspace

REFUSED_SECONDS = 5.0
"""Seconds for which Slack's refusal is remembered.

A picker asks at every keystroke, and Slack allows about 20 such calls a minute.
"""
KEPT_SECONDS = 3600.0
"""Seconds for which an answer is used in place of a newer one that Slack does not give."""
MOST_KEPT = 1000
_ID = re.compile(r"S[A-Z0-9]{6,20}")


@dataclass(frozen=True, slots=True)
class Group:
    """A user group. `gone` means that it was deleted or switched off.

    `members` are Slack user ids; `problem` says why they are unknown.
    """

    id: str
    name: str
    handle: str = ""
    gone: bool = False
    members: frozenset[str] = frozenset()
    problem: Sentence | None = None

    @property
    def words(self) -> str:
        """The group as people read it: "On-call (@oncall)"."""
        more = _("deleted or disabled") if self.gone else f"@{self.handle}" if self.handle else ""
        return f"{self.name} ({more})" if more else self.name

    @property
    def entry(self) -> Entry:
        """The group as a picker's entry."""
        return Entry(id=self.id, label=self.name, detail=f"@{self.handle}" if self.handle else "")


@dataclass(frozen=True, slots=True)
class Listed:
    """A workspace's groups by id, without members, including groups that are switched off.

    `problem` says why the groups are unknown.
    """

    groups: Mapping[str, Group] = field(default_factory=dict)
    problem: Sentence | None = None

    @property
    def usable(self) -> list[Group]:
        """The groups that are not switched off, by name."""
        return sorted(
            (group for group in self.groups.values() if not group.gone),
            key=lambda group: group.name.casefold(),
        )


class _NotNowError(Exception):
    """Slack gave no answer now but may in a moment; the `sentence` tells a person so."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


KeyT = TypeVar("KeyT")
SaidT = TypeVar("SaidT", Group, Listed)


@dataclass(slots=True)
class _Slot(Generic[SaidT]):
    """Slack's last answer, its time, and the time until which Slack is not asked again.

    The caller that asks Slack holds the lock, and other callers wait for it.
    """

    value: SaidT | None = None
    said_at: float = 0.0
    until: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class _Memory(Generic[KeyT, SaidT]):
    """Remembers Slack's answers for a while, and asks once for all callers that want the same key.

    `unknown` makes the value for a missing answer, from the sentence that gives the reason.
    """

    def __init__(
        self, clock: Callable[[], float], most: int, unknown: Callable[[Sentence], SaidT]
    ) -> None:
        self._clock = clock
        self._most = most
        self._unknown: Callable[[Sentence], SaidT] = unknown
        self._slots: OrderedDict[KeyT, _Slot[SaidT]] = OrderedDict()

    async def get(self, key: KeyT, ask: Callable[[], Awaitable[SaidT]]) -> SaidT:
        """Return the remembered answer if it is new enough, else the result of `ask`.

        A permanent refusal returned by `ask` replaces the earlier answer. If `ask` raises
        `_NotNowError` or an exception of a Slack call, or is too slow, the earlier answer is used
        for up to `KEPT_SECONDS`.
        """
        slot = self._slots.setdefault(key, _Slot())
        if len(self._slots) > self._most:
            self._slots.popitem(last=False)
        if slot.value is not None and self._clock() < slot.until:
            return slot.value
        try:
            async with asyncio.timeout(LOOKUP_SECONDS), slot.lock:
                if slot.value is None or self._clock() >= slot.until:
                    slot.value = await ask()
                    slot.said_at = self._clock()
                    slot.until = slot.said_at + (
                        REFUSED_SECONDS if slot.value.problem else FRESH_SECONDS
                    )
                return slot.value
        except _NotNowError as error:
            return self._later(slot, error.sentence)
        except NOT_DONE:
            return self._later(slot, Sentence(TOO_SLOW))

    def _later(self, slot: _Slot[SaidT], problem: Sentence) -> SaidT:
        now = self._clock()
        slot.until = now + REFUSED_SECONDS
        if slot.value is None or slot.value.problem or now >= slot.said_at + KEPT_SECONDS:
            slot.value = self._unknown(problem)
        return slot.value

    def forget(self, wanted: Callable[[KeyT], bool]) -> None:
        """Forget the answers for these keys."""
        for key in [key for key in self._slots if wanted(key)]:
            del self._slots[key]

    def last(self, key: KeyT) -> SaidT | None:
        """Return the last answer, however old."""
        slot = self._slots.get(key)
        return slot.value if slot else None


class UserGroups(RemembersWorkspaces):
    """Asks Slack for user groups, and remembers the answers for five minutes.

    The client comes from the listener, with the workspace's own token. No method raises because of
    Slack.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MOST_KEPT) -> None:
        self._lists: _Memory[Workspace, Listed] = _Memory(
            clock, most, lambda problem: Listed(problem=problem)
        )
        self._members: _Memory[tuple[Workspace, str], Group] = _Memory(
            clock, most, lambda problem: Group("", "", problem=problem)
        )

    async def listed(self, client: AsyncWebClient, workspace: Workspace) -> Listed:
        """Return the workspace's groups, or why they are unknown."""
        return await self._lists.get(workspace, lambda: _list(client, workspace))

    async def group(self, client: AsyncWebClient, workspace: Workspace, group_id: str) -> Group:
        """Return the group with its members.

        Both calls run at once: `usergroups.list` tells whether the group is switched off,
        `usergroups.users.list` tells the members. If only the first fails, the second decides.
        """
        listed, told = await asyncio.gather(
            self.listed(client, workspace),
            self._members.get(
                (workspace, group_id), lambda: _ask_members(client, workspace, group_id)
            ),
        )
        group = listed.groups.get(
            group_id, Group(group_id, group_id, gone=not listed.problem or told.gone)
        )
        if group.gone:
            return group
        problem = (listed.problem or told.problem) if told.problem else None
        return replace(group, gone=told.gone, members=told.members, problem=problem)

    async def search(self, client: AsyncWebClient, workspace: Workspace, query: str) -> Answer:
        """Return the groups that match the typed text, best first.

        Return none, with the reason, if Slack does not list them.
        """
        listed = await self.listed(client, workspace)
        entries = [group.entry for group in listed.usable]
        if not entries:
            return Answer([], str(listed.problem or _("This workspace has no user groups.")))
        found = matches(entries, query, SHOWN)
        more = len(found) == SHOWN < len(entries)
        return Answer(found, _(FIRST_SHOWN).format(count=SHOWN) if more else "")

    def known(self, workspace: Workspace, group_id: str) -> Entry | None:
        """Return the group as Slack described it last; None if it was never listed.

        Slack is not asked.
        """
        listed = self._lists.last(workspace)
        group = listed.groups.get(group_id) if listed else None
        return group.entry if group else None

    def forget(self, scope: Container[Workspace]) -> None:
        """Forget the user groups of these workspaces."""
        self._lists.forget(lambda workspace: workspace in scope)
        self._members.forget(lambda key: key[0] in scope)


def by_id(typed: str) -> Entry | None:
    """Return a typed id as an entry, or None for other text.

    This is for the time when the groups cannot be listed.
    """
    wanted = typed.strip().upper()
    return Entry(id=wanted, label=wanted) if _ID.fullmatch(wanted) else None


async def _list(client: AsyncWebClient, workspace: Workspace) -> Listed:
    """Ask Slack for the list. Raises `_NotNowError`."""
    otherwise = N_("Slack didn't list the user groups. Try again in a moment.")
    try:
        answer = await client.usergroups_list(include_disabled=True, team_id=_team(workspace))
    except SlackApiError as error:
        return Listed(problem=_problem(said(error), otherwise))
    rows = answer.get("usergroups")
    if not isinstance(rows, list):
        raise _NotNowError(Sentence(otherwise))
    groups = [_group(row) for row in rows if isinstance(row, dict) and row.get("id")]
    return Listed({group.id: group for group in groups})


async def _ask_members(client: AsyncWebClient, workspace: Workspace, group_id: str) -> Group:
    """Ask Slack for the members: a group without a name. Raises `_NotNowError`."""
    otherwise = N_("Slack didn't say who is in the user group. Try again in a moment.")
    try:
        answer = await client.usergroups_users_list(usergroup=group_id, team_id=_team(workspace))
    except SlackApiError as error:
        if said(error) == "no_such_subteam":
            return Group(group_id, group_id, gone=True)
        return Group(group_id, group_id, problem=_problem(said(error), otherwise))
    users = answer.get("users")
    if not isinstance(users, list):
        raise _NotNowError(Sentence(otherwise))
    members = frozenset(user for user in users if isinstance(user, str))
    return Group(group_id, group_id, members=members)


def _team(workspace: Workspace) -> str | None:
    """Return the team id, which Slack needs only with an organisation's token."""
    return workspace.team or None if workspace.enterprise else None


def _group(row: Mapping[str, Any]) -> Group:
    handle = str(row.get("handle") or "")
    name = str(row.get("name") or "").strip() or handle or str(row["id"])
    return Group(str(row["id"]), name, handle, gone=bool(row.get("date_delete")))


def _problem(error: str, otherwise: str) -> Sentence:
    """Return advice on a permanent refusal of Slack.

    Raises `_NotNowError` with `otherwise` for a refusal that may pass.
    """
    if error == "plan_upgrade_required":
        return Sentence("This workspace's Slack plan has no user groups.")
    sentence = why_not(error, USER_GROUPS, otherwise)
    if sentence.key == otherwise:
        raise _NotNowError(sentence)
    return sentence
