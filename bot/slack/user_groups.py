"""Slack's user groups: which ones a workspace has, and who is in them."""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.base import Entry
from bot.catalogs.search import best, folded
from bot.catalogs.service import SHOWN, Answer
from bot.slack.errors import NOT_DONE, said
from bot.slack.people import FRESH_SECONDS, LOOKUP_SECONDS, TOO_SLOW, why_not
from bot.workspace import RemembersWorkspaces, Workspace

REFUSED_SECONDS = 5.0
"""So long Slack's "no" is remembered: a picker asks with every letter, and Slack takes some 20 such
calls a minute."""
KEPT_SECONDS = 3600.0
"""So long after Slack said it an answer stands in for one that Slack does not give."""
MOST_KEPT = 1000
SCOPE = "usergroups:read"
_ID = re.compile(r"S[A-Z0-9]{6,20}")


@dataclass(frozen=True, slots=True)
class Group:
    """A user group. `gone`: it was deleted or switched off; `problem` says why `members` (Slack
    user ids) are not known."""

    id: str
    name: str
    handle: str = ""
    gone: bool = False
    members: frozenset[str] = frozenset()
    problem: str = ""

    @property
    def words(self) -> str:
        """What people read: "On-call (@oncall)"."""
        more = "deleted or switched off" if self.gone else f"@{self.handle}" if self.handle else ""
        return f"{self.name} ({more})" if more else self.name

    @property
    def entry(self) -> Entry:
        """As a picker offers it."""
        return Entry(id=self.id, label=self.name, detail=f"@{self.handle}" if self.handle else "")


@dataclass(frozen=True, slots=True)
class Listed:
    """A workspace's groups by id, without members, those that are switched off too; `problem` says
    why they are not known."""

    groups: Mapping[str, Group] = field(default_factory=dict)
    problem: str = ""

    @property
    def usable(self) -> list[Group]:
        """Those that are not switched off, by name."""
        return sorted(
            (it for it in self.groups.values() if not it.gone), key=lambda it: it.name.casefold()
        )


@dataclass(frozen=True, slots=True)
class _Members:
    ids: frozenset[str] = frozenset()
    problem: str = ""
    gone: bool = False


class _NotNowError(Exception):
    """Slack did not say it, and may in a moment; the sentence says so to a person."""


class _Said(Protocol):
    @property
    def problem(self) -> str: ...


KeyT = TypeVar("KeyT")
SaidT = TypeVar("SaidT", bound=_Said)


@dataclass(slots=True)
class _Slot(Generic[SaidT]):
    """What Slack said last and when, and until when it is not asked again; whoever asks Slack has
    the lock, and the others wait."""

    value: SaidT | None = None
    said_at: float = 0.0
    until: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class _Memory(Generic[KeyT, SaidT]):
    """Remembers a while what Slack said, and asks it once for all who want to know the same at the
    same time. `unknown` makes what stands for an answer that is missing, from the sentence that
    says why."""

    def __init__(
        self, clock: Callable[[], float], most: int, unknown: Callable[[str], SaidT]
    ) -> None:
        self._clock = clock
        self._most = most
        self._unknown = unknown
        self._limiter: OrderedDict[KeyT, _Slot[SaidT]] = OrderedDict()

    async def get(self, key: KeyT, ask: Callable[[], Awaitable[SaidT]]) -> SaidT:
        """What was said within the time, else what `ask` gives.

        A "no" for good, which `ask` gives, replaces what was said before. Where it raises
        `_NotNowError`, or what a call to Slack raises, or is too slow, that stands for another
        `KEPT_SECONDS`.
        """
        slot = self._limiter.setdefault(key, _Slot())
        if len(self._limiter) > self._most:
            self._limiter.popitem(last=False)
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
            return self._later(slot, str(error))
        except NOT_DONE:
            return self._later(slot, TOO_SLOW)

    def _later(self, slot: _Slot[SaidT], problem: str) -> SaidT:
        now = self._clock()
        slot.until = now + REFUSED_SECONDS
        if slot.value is None or slot.value.problem or now >= slot.said_at + KEPT_SECONDS:
            slot.value = self._unknown(problem)
        return slot.value

    def forget(self, wanted: Callable[[KeyT], bool]) -> None:
        """Forget what was said about these keys."""
        for key in [key for key in self._limiter if wanted(key)]:
            del self._limiter[key]

    def last(self, key: KeyT) -> SaidT | None:
        """What was said last, however long ago."""
        slot = self._limiter.get(key)
        return slot.value if slot else None


class UserGroups(RemembersWorkspaces):
    """Asks `usergroups.list` and `usergroups.users.list`, and remembers the answers for five
    minutes.

    The client is the listener's: its token is the workspace's own. Nothing here raises for what
    Slack does.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MOST_KEPT) -> None:
        self._lists: _Memory[Workspace, Listed] = _Memory(
            clock, most, lambda problem: Listed(problem=problem)
        )
        self._members: _Memory[tuple[Workspace, str], _Members] = _Memory(
            clock, most, lambda problem: _Members(problem=problem)
        )

    async def listed(self, client: AsyncWebClient, workspace: Workspace) -> Listed:
        """The workspace's groups, or why they are not known."""
        return await self._lists.get(workspace, lambda: _list(client, workspace))

    async def group(self, client: AsyncWebClient, workspace: Workspace, group_id: str) -> Group:
        """The group with its members. Both calls at once: one says whether it is switched off, the
        other who is in it, and decides where only the first one is missing."""
        listed, members = await asyncio.gather(
            self.listed(client, workspace), self._members_of(client, workspace, group_id)
        )
        group = listed.groups.get(
            group_id, Group(group_id, group_id, gone=not listed.problem or members.gone)
        )
        if group.gone:
            return group
        problem = members.problem and (listed.problem or members.problem)
        return Group(
            group.id,
            group.name,
            group.handle,
            gone=members.gone,
            members=members.ids,
            problem=problem,
        )

    async def search(self, client: AsyncWebClient, workspace: Workspace, query: str) -> Answer:
        """What a picker offers for what was typed, best first; nothing, and why, when Slack does
        not list them."""
        listed = await self.listed(client, workspace)
        entries = [it.entry for it in listed.usable]
        if not entries:
            return Answer([], listed.problem or "This workspace has no user groups.")
        found = best(entries, [folded(it) for it in entries], query, SHOWN)
        more = len(found) == SHOWN < len(entries)
        return Answer(found, f"The first {SHOWN}. Keep typing to see others." if more else "")

    def known(self, workspace: Workspace, group_id: str) -> Entry | None:
        """The group as Slack described it last; None for one that was never listed. Asks nobody."""
        listed = self._lists.last(workspace)
        group = listed.groups.get(group_id) if listed else None
        return group.entry if group else None

    def forget(self, scope: Container[Workspace]) -> None:
        """Forget the user groups of these workspaces."""
        self._lists.forget(lambda workspace: workspace in scope)
        self._members.forget(lambda key: key[0] in scope)

    async def _members_of(
        self, client: AsyncWebClient, workspace: Workspace, group_id: str
    ) -> _Members:
        return await self._members.get(
            (workspace, group_id), lambda: _ask_members(client, workspace, group_id)
        )


def by_id(typed: str) -> Entry | None:
    """A typed id as an entry, where the groups themselves cannot be listed; None for any other
    text."""
    wanted = typed.strip().upper()
    return Entry(id=wanted, label=wanted) if _ID.fullmatch(wanted) else None


async def _list(client: AsyncWebClient, workspace: Workspace) -> Listed:
    """Raises `_NotNowError`."""
    otherwise = "Slack did not say which user groups there are. Please try again in a moment."
    try:
        answer = await client.usergroups_list(include_disabled=True, team_id=_team(workspace))
    except SlackApiError as error:
        return Listed(problem=_problem(said(error), otherwise))
    rows = answer.get("usergroups")
    if not isinstance(rows, list):
        raise _NotNowError(otherwise)
    groups = [_group(row) for row in rows if isinstance(row, dict) and row.get("id")]
    return Listed({it.id: it for it in groups})


async def _ask_members(client: AsyncWebClient, workspace: Workspace, group_id: str) -> _Members:
    """Raises `_NotNowError`."""
    otherwise = "Slack did not say who is in the user group. Please try again in a moment."
    try:
        answer = await client.usergroups_users_list(usergroup=group_id, team_id=_team(workspace))
    except SlackApiError as error:
        word = said(error)
        return (
            _Members(gone=True)
            if word == "no_such_subteam"
            else _Members(problem=_problem(word, otherwise))
        )
    users = answer.get("users")
    if not isinstance(users, list):
        raise _NotNowError(otherwise)
    return _Members(frozenset(it for it in users if isinstance(it, str)))


def _team(workspace: Workspace) -> str | None:
    """Slack wants to know it from an organisation's token alone."""
    return workspace.team or None if workspace.enterprise else None


def _group(row: Mapping[str, Any]) -> Group:
    handle = str(row.get("handle") or "")
    name = str(row.get("name") or "").strip() or handle or str(row["id"])
    return Group(str(row["id"]), name, handle, gone=bool(row.get("date_delete")))


def _problem(error: str, otherwise: str) -> str:
    """What a person can do about Slack's "no" for good. Raises `_NotNowError` with `otherwise` for one
    that may pass."""
    if error == "plan_upgrade_required":
        return "This workspace's Slack plan has no user groups."
    if not (sentence := why_not(error, SCOPE, "")):
        raise _NotNowError(otherwise)
    return sentence
