"""User groups: what Slack's answers make of them, what is remembered, and what happens when Slack
does not say."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.base import Entry
from bot.catalogs.service import Answer
from bot.language import Sentence
from bot.slack.people import FRESH_SECONDS, LOOKUP_SECONDS, TOO_SLOW, why_not
from bot.slack.scopes import USER_GROUPS, lacking
from bot.slack.user_groups import KEPT_SECONDS, REFUSED_SECONDS, Group, Listed, UserGroups, by_id
from bot.workspace import Workspace
from tests.world.notes import ELSEWHERE, HERE, Clock
from tests.world.slack import TROUBLES, Wire, refused, slack_wire
from tests.world.slack import Answer as Said

Slack = tuple[Wire, AsyncWebClient]

ON_CALL = {"id": "S0ONCALL1", "name": "On-call", "handle": "oncall", "date_delete": 0}
FORMER = {"id": "S0FORMER1", "name": "Former", "handle": "former", "date_delete": 1_760_000_000}
NAMELESS = {"id": "S0NAMELESS", "name": " ", "handle": ""}
NOT_LISTED = "Slack didn't list the user groups. Try again in a moment."
NO_MEMBERS = "Slack didn't say who is in the user group. Try again in a moment."
NO_SCOPE = str(lacking(USER_GROUPS))


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with slack_wire() as (wire, client):
        wire.answer = said(ON_CALL, FORMER, NAMELESS)
        yield wire, client


def said(*groups: dict[str, Any], members: Any = ("U1", "U2")) -> Said:
    """Slack's answer to both calls: the one about members names its group."""
    lists = {"ok": True, "usergroups": list(groups)}
    return lambda args: {"ok": True, "users": list(members)} if "usergroup" in args else lists


async def test_a_group_is_what_slack_says(slack: Slack) -> None:
    """Name and handle come from one call, the members from another; those that are switched off are
    asked for too."""
    wire, client = slack
    members = frozenset({"U1", "U2"})
    assert await UserGroups().group(client, HERE, "S0ONCALL1") == Group(
        "S0ONCALL1", "On-call", "oncall", members=members
    )
    assert sorted(wire.calls) == [
        ("usergroups.list", {"include_disabled": "1"}),
        ("usergroups.users.list", {"usergroup": "S0ONCALL1"}),
    ]


async def test_the_workspaces_groups(slack: Slack) -> None:
    """By name, without what is switched off; what has no name is called by its id."""
    listed = await UserGroups().listed(slack[1], HERE)
    assert listed == Listed(
        {
            "S0ONCALL1": Group("S0ONCALL1", "On-call", "oncall"),
            "S0FORMER1": Group("S0FORMER1", "Former", "former", gone=True),
            "S0NAMELESS": Group("S0NAMELESS", "S0NAMELESS"),
        }
    )
    assert [it.words for it in listed.usable] == ["On-call (@oncall)", "S0NAMELESS"]
    assert listed.groups["S0FORMER1"].words == "Former (deleted or disabled)"


@pytest.mark.parametrize(
    ("group_id", "answer", "name"),
    [
        ("S0FORMER1", said(ON_CALL, FORMER), "Former"),
        ("S0NOWHERE", said(ON_CALL), "S0NOWHERE"),
        ("S0NOWHERE", refused("no_such_subteam"), "S0NOWHERE"),
    ],
)
async def test_a_group_that_is_gone(slack: Slack, group_id: str, answer: Said, name: str) -> None:
    """Switched off or deleted: it has no members, whoever was in it."""
    slack[0].answer = answer
    group = await UserGroups().group(slack[1], HERE, group_id)
    assert (group.name, group.gone, group.members) == (name, True, frozenset())


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_slack_in_trouble_lists_nobody(slack: Slack, trouble: str) -> None:
    """Whatever comes back instead of an answer, nothing is raised, and nobody is let in by mistake."""
    slack[0].answer = TROUBLES[trouble]
    groups = UserGroups()
    assert await groups.listed(slack[1], HERE) == Listed(problem=Sentence(NOT_LISTED))
    assert await groups.group(slack[1], HERE, "S0ONCALL1") == Group(
        "S0ONCALL1", "S0ONCALL1", problem=Sentence(NOT_LISTED)
    )


@pytest.mark.parametrize(
    "members", [{"ok": True}, {"ok": True, "users": None}, {"ok": False, "error": "fatal_error"}]
)
async def test_a_group_without_members_is_not_an_empty_one(
    slack: Slack, members: dict[str, Any]
) -> None:
    """When only the list of people is missing, that is what is said."""
    listed = {"ok": True, "usergroups": [ON_CALL]}
    slack[0].answer = lambda args: members if "usergroup" in args else listed
    group = await UserGroups().group(slack[1], HERE, "S0ONCALL1")
    assert group == Group("S0ONCALL1", "On-call", "oncall", problem=Sentence(NO_MEMBERS))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("missing_scope", NO_SCOPE),
        ("plan_upgrade_required", "This workspace's Slack plan has no user groups."),
        (
            "token_revoked",
            "Slack no longer accepts this app's token. Ask your bot admin to reinstall it.",
        ),
    ],
)
async def test_what_can_be_mended_is_said(slack: Slack, error: str, sentence: str) -> None:
    """In the picker too, in the place of groups."""
    slack[0].answer = refused(error)
    assert await UserGroups().search(slack[1], HERE, "on") == Answer([], sentence)


async def test_a_slow_slack_is_not_waited_for(slack: Slack) -> None:
    """Both calls together take no longer than one."""
    slack[0].pause = 3.0
    loop = asyncio.get_running_loop()
    started = loop.time()
    group = await UserGroups().group(slack[1], HERE, "S0ONCALL1")
    assert LOOKUP_SECONDS - 0.1 < loop.time() - started < LOOKUP_SECONDS + 0.5
    assert group == Group("S0ONCALL1", "S0ONCALL1", problem=Sentence(TOO_SLOW))


async def test_answers_are_remembered_for_a_while(slack: Slack) -> None:
    """Five minutes, for each workspace by itself; a "no" only as long as somebody types."""
    wire, client = slack
    clock = Clock()
    groups = UserGroups(clock)
    for _ in range(3):
        await groups.group(client, HERE, "S0ONCALL1")
    assert len(wire.calls) == 2
    await groups.group(client, ELSEWHERE, "S0ONCALL1")
    assert len(wire.calls) == 4
    wire.answer = refused("missing_scope")
    clock.advance(FRESH_SECONDS)
    for query in ("", "o", "on"):
        assert (await groups.search(client, HERE, query)).notice == NO_SCOPE
    assert len(wire.calls) == 5
    wire.answer = said(ON_CALL)
    clock.advance(REFUSED_SECONDS)
    assert (await groups.search(client, HERE, "on")).notice == ""


PASSING: dict[str, Said] = {**TROUBLES, "too many calls": refused("ratelimited")}


@pytest.mark.parametrize("trouble", PASSING)
async def test_what_slack_said_stands_while_it_is_in_trouble(slack: Slack, trouble: str) -> None:
    """A passing "no" takes neither groups nor members away, for an hour; Slack is asked again soon,
    and not at once."""
    wire, client = slack
    clock = Clock()
    groups = UserGroups(clock)
    before = await groups.group(client, HERE, "S0ONCALL1")
    clock.advance(FRESH_SECONDS)
    wire.answer = PASSING[trouble]
    for _ in range(3):
        assert await groups.group(client, HERE, "S0ONCALL1") == before
    assert len(wire.calls) == 4
    clock.advance(REFUSED_SECONDS)
    assert await groups.group(client, HERE, "S0ONCALL1") == before
    assert len(wire.calls) == 6
    clock.advance(KEPT_SECONDS)
    assert (await groups.group(client, HERE, "S0ONCALL1")).problem == Sentence(NOT_LISTED)
    wire.answer = said(ON_CALL, members=["U9"])
    clock.advance(REFUSED_SECONDS)
    assert (await groups.group(client, HERE, "S0ONCALL1")).members == {"U9"}


async def test_a_no_for_good_replaces_what_was_said(slack: Slack) -> None:
    """A token that is revoked, or a group that was deleted, is no passing trouble."""
    wire, client = slack
    clock = Clock()
    groups = UserGroups(clock)
    await groups.group(client, HERE, "S0ONCALL1")
    clock.advance(FRESH_SECONDS)
    wire.answer = refused("missing_scope")
    assert await groups.group(client, HERE, "S0ONCALL1") == Group(
        "S0ONCALL1", "S0ONCALL1", problem=why_not("missing_scope", "usergroups:read", "")
    )


async def test_slowness_is_remembered(slack: Slack) -> None:
    """Whoever asks next hears at once what was known before, or that Slack is too slow."""
    wire, client = slack
    clock = Clock()
    groups = UserGroups(clock)
    await groups.listed(client, ELSEWHERE)
    clock.advance(FRESH_SECONDS)
    wire.pause = 3.0
    known, unknown = await asyncio.gather(
        groups.listed(client, ELSEWHERE), groups.listed(client, HERE)
    )
    assert (len(known.groups), known.problem, unknown) == (
        3,
        None,
        Listed(problem=Sentence(TOO_SLOW)),
    )
    assert await groups.listed(client, ELSEWHERE) == known
    assert await groups.listed(client, HERE) == unknown
    assert len(wire.calls) == 3


async def test_the_members_decide_when_only_the_list_is_missing(slack: Slack) -> None:
    """Who is in the group is known then, though not what it is called."""
    slack[0].answer = lambda args: (
        said()(args) if "usergroup" in args else {"ok": False, "error": "ratelimited"}
    )
    group = await UserGroups().group(slack[1], HERE, "S0ONCALL1")
    assert group == Group("S0ONCALL1", "S0ONCALL1", members=frozenset({"U1", "U2"}))


async def test_all_who_ask_at_once_ask_slack_once(slack: Slack) -> None:
    """A picker asks with every letter."""
    wire, client = slack
    wire.pause = 0.1
    groups = UserGroups()
    answers = await asyncio.gather(
        *(groups.search(client, HERE, "on-call"[:end]) for end in range(8))
    )
    assert [len(it.entries) for it in answers] == [2, 1, 1, 1, 1, 1, 1, 1]
    assert len(wire.calls) == 1


async def test_no_more_is_remembered_than_fits(slack: Slack) -> None:
    """The oldest answer goes first."""
    wire, client = slack
    groups = UserGroups(most=2)
    first, *others = (Workspace("", f"T{number}") for number in range(3))
    for workspace in (first, *others, *others):
        await groups.listed(client, workspace)
    assert len(wire.calls) == 3
    await groups.listed(client, first)
    assert len(wire.calls) == 4


async def test_a_removed_workspace_is_forgotten(slack: Slack) -> None:
    """And no other one."""
    wire, client = slack
    groups = UserGroups()
    for workspace in (HERE, ELSEWHERE):
        await groups.group(client, workspace, "S0ONCALL1")
    groups.forget({HERE})
    assert groups.known(HERE, "S0ONCALL1") is None
    assert groups.known(ELSEWHERE, "S0ONCALL1") == Entry(
        id="S0ONCALL1", label="On-call", detail="@oncall"
    )
    await groups.group(client, HERE, "S0ONCALL1")
    assert len(wire.calls) == 6


@pytest.mark.parametrize(
    ("workspace", "team"),
    [(Workspace("", "T1"), None), (Workspace("E1", "T1"), "T1"), (Workspace("E1", ""), None)],
)
async def test_an_organisations_token_names_the_team(
    slack: Slack, workspace: Workspace, team: str | None
) -> None:
    """Slack does not know otherwise which team's groups are meant."""
    wire, client = slack
    await UserGroups().group(client, workspace, "S0ONCALL1")
    assert [args.get("team_id") for _, args in wire.calls] == [team, team]


async def test_the_best_match_comes_first(slack: Slack) -> None:
    """As in every picker; at most 100, and the reader knows that there are more."""
    wire, client = slack
    wire.answer = said(
        *({"id": f"S{number:08}", "name": f"Team {number}"} for number in range(150))
    )
    groups = UserGroups()
    assert [it.label for it in (await groups.search(client, HERE, "team 14")).entries][:3] == [
        "Team 14",
        "Team 140",
        "Team 141",
    ]
    everything = await groups.search(client, HERE, "")
    assert (len(everything.entries), everything.notice) == (
        100,
        "The first 100. Keep typing to see others.",
    )


async def test_a_workspace_without_groups_says_so(slack: Slack) -> None:
    """An empty list is an answer."""
    slack[0].answer = said(FORMER)
    assert await UserGroups().search(slack[1], HERE, "") == Answer(
        [], "This workspace has no user groups."
    )


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [(" s012ab3cd ", "S012AB3CD"), ("S1", None), ("on-call", None), ("U012AB3CD", None)],
)
def test_an_id_that_is_typed(typed: str, wanted: str | None) -> None:
    """The way out where groups cannot be listed."""
    assert by_id(typed) == (Entry(id=wanted, label=wanted) if wanted else None)
