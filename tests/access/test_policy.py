"""Who may: every rule with every role, what is asked of Slack for it, and what a "no" says."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.access.policy import DEFAULTS, AccessPolicy, denial_reason
from bot.access.store import AccessStore
from bot.adapters.base import Kind
from bot.language import Sentence
from bot.slack.people import Person, Role, UserDirectory
from bot.slack.user_groups import Group, UserGroups
from bot.storage.database import Database
from tests.world.notes import ELSEWHERE, HERE
from tests.world.slack import Wire, slack_wire

GROUP = "S0ONCALL1"
ON_CALL = Group(GROUP, "On-call <b>", "oncall", members=frozenset({"U1"}))
ROLES: tuple[Role, ...] = ("admin", "member", "guest", "outsider", "unknown")
OPERATIONS: dict[str, Kind] = {
    "rootly.incident": "incident",
    "rootly.workflow_task": "workflow_task",
}


def person(role: Role, slack_id: str = "U1") -> Person:
    return Person(slack_id, "Ann", None, role, "Slack is away." if role == "unknown" else "")


@pytest.mark.parametrize(
    ("who", "group", "allowed"),
    [
        ("everyone", None, ["admin", "member", "guest"]),
        ("members", None, ["admin", "member"]),
        ("admins", None, ["admin"]),
        (GROUP, ON_CALL, ["admin", "member", "guest"]),
        (GROUP, Group(GROUP, "On-call", members=frozenset({"U2"})), ["admin"]),
        (GROUP, Group(GROUP, "On-call", gone=True, members=frozenset({"U1"})), ["admin"]),
        (
            GROUP,
            Group(GROUP, "On-call", members=frozenset({"U1"}), problem=Sentence("Slack is away.")),
            ["admin"],
        ),
        ("nonsense", None, ["admin"]),
    ],
)
def test_who_may_do_what(who: str, group: Group | None, allowed: list[Role]) -> None:
    """Admins always; people of another company, and whom Slack does not know, never."""
    assert [
        role for role in ROLES if not denial_reason(who, "incident", person(role), group)
    ] == allowed


def test_the_defaults_are_as_designed() -> None:
    """Incidents and action items: full members; what changes automation: admins and owners."""
    may = {
        kind: [role for role in ROLES if not denial_reason(who, kind, person(role))]
        for kind, who in DEFAULTS.items()
    }
    assert may == {
        "incident": ["admin", "member"],
        "action_item": ["admin", "member"],
        "workflow_task": ["admin"],
    }


@pytest.mark.parametrize(
    ("who", "role", "sentence"),
    [
        (
            "members",
            "guest",
            "Guests can't do this. Ask a full member to do it for you.",
        ),
        (
            "members",
            "outsider",
            "People from other workspaces can't do this. Ask a full member of this workspace.",
        ),
        (
            "everyone",
            "outsider",
            "People from other workspaces can't do this. Ask somebody in this workspace.",
        ),
        (
            "admins",
            "member",
            "Only workspace admins and owners can do this. Ask one of them.",
        ),
        ("everyone", "unknown", "We couldn't check whether you can do this. Slack is away."),
        (
            GROUP,
            "outsider",
            "Only workspace admins and the user group On-call &lt;b&gt; (@oncall) can do this. Ask "
            "one of them.",
        ),
    ],
)
def test_a_no_says_why_and_whom_to_ask(who: str, role: Role, sentence: str) -> None:
    """Every objection is a sentence for the person who reads it; names are escaped."""
    assert denial_reason(who, "incident", person(role), ON_CALL) == sentence


def test_workflows_have_a_sentence_of_their_own() -> None:
    """It says what is special about them."""
    assert denial_reason("admins", "workflow_task", person("member")) == (
        "Only workspace admins and owners can change workflows from Slack. Ask one."
    )


@pytest.mark.parametrize(
    ("name", "called"),
    [("On-call", "The user group On-call"), (GROUP, "A user group")],
)
def test_a_group_that_is_gone_is_told(name: str, called: str) -> None:
    """Who may now, and where it is changed."""
    assert denial_reason(GROUP, "incident", person("member"), Group(GROUP, name, gone=True)) == (
        f"{called} can do this, but it was deleted or disabled in Slack. Ask a workspace admin to "
        "choose another in `/vendors`, “Permissions”."
    )


def slack_says(args: dict[str, Any]) -> dict[str, Any]:
    """A member who is on call."""
    if "user" in args:
        return {"ok": True, "user": {"id": args["user"], "name": "ann", "team_id": HERE.team}}
    if "usergroup" in args:
        return {"ok": True, "users": ["U1"]}
    return {"ok": True, "usergroups": [{"id": GROUP, "name": "On-call", "handle": "oncall"}]}


@pytest.fixture
async def slack() -> AsyncIterator[tuple[Wire, AsyncWebClient]]:
    async with slack_wire() as (wire, client):
        wire.answer = slack_says
        yield wire, client


@pytest.fixture
async def stored(tmp_path: Path) -> AsyncIterator[AccessStore]:
    database = await Database.open(tmp_path / "relay.db")
    yield AccessStore(database)
    await database.close()


async def test_nothing_decided_costs_nothing(
    slack: tuple[Wire, AsyncWebClient], stored: AccessStore
) -> None:
    """The usual case asks Slack who somebody is, as before, and no more."""
    wire, client = slack
    access = AccessPolicy(stored, UserDirectory(frozenset()), UserGroups())
    checked = await access.check(client, HERE, "U1", OPERATIONS)
    assert (checked.person.role, list(checked.no)) == ("member", ["rootly.workflow_task"])
    assert wire.methods == ["users.info"]


async def test_a_group_is_asked_for_once(
    slack: tuple[Wire, AsyncWebClient], stored: AccessStore
) -> None:
    """Together with who somebody is; afterwards it is remembered, for everybody."""
    wire, client = slack
    await stored.set(HERE, dict.fromkeys(OPERATIONS, GROUP), "U9")
    access = AccessPolicy(stored, UserDirectory(frozenset()), UserGroups())
    for _ in range(3):
        assert (await access.check(client, HERE, "U1", OPERATIONS)).no == {}
        assert list((await access.check(client, HERE, "U2", OPERATIONS)).no) == list(OPERATIONS)
    assert sorted(wire.methods) == [
        "usergroups.list",
        "usergroups.users.list",
        "users.info",
        "users.info",
    ]


async def test_another_workspaces_rules_are_not_ours(
    slack: tuple[Wire, AsyncWebClient], stored: AccessStore
) -> None:
    """Ids may be the same."""
    await stored.set(ELSEWHERE, dict.fromkeys(OPERATIONS, "everyone"), "U9")
    access = AccessPolicy(stored, UserDirectory(frozenset()), UserGroups())
    assert list((await access.check(slack[1], HERE, "U1", OPERATIONS)).no) == [
        "rootly.workflow_task"
    ]
    assert await access.rules(ELSEWHERE, OPERATIONS) == dict.fromkeys(OPERATIONS, "everyone")
