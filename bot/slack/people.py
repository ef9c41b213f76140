"""Slack people and their roles, and the names of channels."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.language import N_, Sentence, _
from bot.slack.errors import NOT_DONE, is_out_of_reach, said
from bot.slack.scopes import lacking
from bot.workspace import RemembersWorkspaces, Workspace

log = structlog.get_logger(__name__)

Role = Literal["admin", "member", "guest", "outsider", "unknown"]
FRESH_SECONDS = 300.0
LOOKUP_SECONDS = 1.2
"""Longest look-up, in seconds.

A form must open after it within the 3 seconds that its trigger is valid.
"""
MOST_KEPT = 10_000
PEOPLE_A_PAGE = 1000
MOST_PAGES = 10
"""Largest number of people in a page of Slack's list, and of pages that are read."""
TOO_SLOW = N_("Slack didn't answer in time. Try again.")
NOT_SAID = N_("Slack didn't say who you are. Try again in a moment.")


@dataclass(frozen=True, slots=True)
class Person:
    """A person as Slack describes them.

    `email` is None if it is hidden. `locale` ("de-DE") and `tz` ("Europe/Berlin") are empty if
    Slack did not give them.
    `role` is "unknown" if Slack did not answer, and `problem` says why.
    """

    slack_id: str
    name: str
    email: str | None
    role: Role
    problem: str = ""
    locale: str = ""
    tz: str = ""


class UserDirectory(RemembersWorkspaces):
    """Looks people up with `users.info` and remembers them for five minutes.

    `admins` are named by the operator. "T1/U1" is an admin in one workspace, "E1/U1" in all
    workspaces of an organisation. "U1" counts only where there is just one workspace, because a
    stranger in another workspace could have the same id.
    """

    def __init__(self, admins: frozenset[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._admins = admins
        self._clock = clock
        self._known: OrderedDict[tuple[Workspace, str], tuple[float, Person]] = OrderedDict()
        self._forgotten = 0

    async def person(
        self, client: AsyncWebClient, workspace: Workspace, slack_id: str, *, fresh: bool = False
    ) -> Person:
        """Return the person.

        Never raises: if Slack does not answer, the role is "unknown" and `problem` says what to do.

        With `fresh`, Slack is asked even if the person is remembered.
        """
        key = (workspace, slack_id)
        known = self._known.get(key)
        if not fresh and known is not None and self._clock() - known[0] < FRESH_SECONDS:
            return known[1]
        forgotten = self._forgotten
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                answer = await client.users_info(user=slack_id, include_locale=True)
        except NOT_DONE as error:
            problem = _problem(said(error)) if isinstance(error, SlackApiError) else _(TOO_SLOW)
            return self._unknown(slack_id, problem, is_out_of_reach(error))
        if not (user := answer.get("user")):
            return self._unknown(slack_id, _problem(""), False)
        person = self._read(workspace, slack_id, user)
        # A workspace was forgotten meanwhile, perhaps this one, so the answer is not remembered.
        if forgotten != self._forgotten:
            return person
        self._known[key] = (self._clock(), person)
        if len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        return person

    def locale(self, workspace: Workspace, slack_id: str) -> str | None:
        """Return the person's locale as Slack gave it last, None if the person isn't remembered.

        Slack is not asked.
        """
        known = self._known.get((workspace, slack_id))
        return known[1].locale if known is not None else None

    async def admins(self, client: AsyncWebClient, workspace: Workspace, most: int) -> list[str]:
        """Return the ids of the workspace's admins, at most so many, from the first pages of
        Slack's list. Slack is asked for an organisation's people by workspace only.

        If Slack does not answer, the admins of the pages so far are returned.
        """
        found: list[str] = []
        team, cursor = workspace.team if workspace.enterprise else None, ""
        for _page in range(MOST_PAGES if workspace.team else 0):
            try:
                answer = await client.users_list(cursor=cursor, limit=PEOPLE_A_PAGE, team_id=team)
            except NOT_DONE as error:
                log.warning("people.not_listed", error=said(error))
                break
            people = [
                self._read(workspace, str(user["id"]), user) for user in answer.get("members") or []
            ]
            found += [person.slack_id for person in people if person.role == "admin"]
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor or len(found) >= most:
                break
        return found[:most]

    def forget(self, scope: Container[Workspace]) -> None:
        """Forget the people of these workspaces, including those that are being looked up."""
        self._forgotten += 1
        for key in [key for key in self._known if key[0] in scope]:
            del self._known[key]

    async def channel_name(self, client: AsyncWebClient, channel: str) -> str:
        """Return the channel's name, or its id if Slack does not give the name.

        That happens for a private channel, a missing scope, or no answer in time.
        """
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                answer = await client.conversations_info(channel=channel)
        except (SlackApiError, *NOT_DONE):
            return channel
        return str((answer.get("channel") or {}).get("name") or channel)

    def _unknown(self, slack_id: str, problem: str, out_of_reach: bool) -> Person:
        """Return a person that Slack did not confirm.

        An id that the operator named counts only if Slack had no chance to deny it.
        """
        role: Role = "admin" if out_of_reach and slack_id in self._admins else "unknown"
        return Person(slack_id, slack_id, None, role, problem)

    def _is_named(self, workspace: Workspace, slack_id: str) -> bool:
        return slack_id in self._admins or any(
            owner and f"{owner}/{slack_id}" in self._admins for owner in workspace
        )

    def _read(self, workspace: Workspace, slack_id: str, user: dict[str, Any]) -> Person:
        profile = user.get("profile") or {}
        name = (
            profile.get("real_name")
            or user.get("real_name")
            or profile.get("display_name")
            or user.get("name")
        )
        role = _role(workspace, user)
        if role in ("member", "guest") and self._is_named(workspace, slack_id):
            role = "admin"
        return Person(
            slack_id,
            str(name or slack_id),
            profile.get("email") or None,
            role,
            locale=str(user.get("locale") or ""),
            tz=str(user.get("tz") or ""),
        )


def _role(workspace: Workspace, user: dict[str, Any]) -> Role:
    """Return the role for Slack's flags.

    On Enterprise Grid a person's own team may be another team of the same organisation. `is_admin`
    and similar flags are then about that other team, and only an admin of the whole organisation is
    an admin in this team.
    """
    at_home = user.get("team_id") in (None, workspace.team)
    organisation = _of_organisation(workspace, user)
    if (
        user.get("is_stranger")
        or user.get("deleted")
        or user.get("is_bot")
        or not (at_home or organisation)
    ):
        return "outsider"
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return "guest"
    speaks = user if at_home else organisation
    return (
        "admin"
        if any(speaks.get(flag) for flag in ("is_admin", "is_owner", "is_primary_owner"))
        else "member"
    )


def _of_organisation(workspace: Workspace, user: dict[str, Any]) -> dict[str, Any]:
    """Return Slack's description of the person as a member of the workspace's organisation.

    Return an empty dictionary if they are no member or not in this team.
    """
    said = user.get("enterprise_user") or {}
    teams = said.get("teams")
    here = not workspace.team or not isinstance(teams, list) or workspace.team in teams
    return (
        said
        if workspace.enterprise and said.get("enterprise_id") == workspace.enterprise and here
        else {}
    )


def _problem(error: str) -> str:
    return str(why_not(error, "users:read", NOT_SAID))


def why_not(error: str, scope: str, otherwise: str) -> Sentence:
    """Return advice on Slack's `error` for a call that needs `scope`.

    Return `otherwise`, which is marked with `N_`, if there is no special advice.
    """
    if error == "missing_scope":
        return lacking(scope)
    if error in ("invalid_auth", "account_inactive", "token_revoked", "not_authed"):
        return Sentence(
            "Slack no longer accepts this app's token. Ask your bot admin to reinstall it."
        )
    return Sentence(otherwise)
