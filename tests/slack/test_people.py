"""People: what Slack's flags make of somebody, and what happens when Slack does not say."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.people import FRESH_SECONDS, LOOKUP_SECONDS, Person, Role, UserDirectory
from bot.workspace import Workspace
from tests.world.bot import World, eventually
from tests.world.notes import Clock
from tests.world.slack import TROUBLES, Answer, Wire, refused, slack_wire

TEAM = Workspace("", "T1")
GRID = Workspace("E1", "T1")
ORGANISATION = Workspace("E1", "")
ANN = {
    "id": "U0ANN00001",
    "team_id": "T1",
    "name": "ann",
    "profile": {"real_name": "Ann Lee", "email": "ann@example.com"},
}


@pytest.fixture
async def slack() -> AsyncIterator[tuple[Wire, AsyncWebClient]]:
    async with slack_wire() as (wire, client):
        yield wire, client


async def look_up(
    slack: tuple[Wire, AsyncWebClient],
    user: dict[str, Any],
    workspace: Workspace = TEAM,
    admins: str = "",
) -> Person:
    wire, client = slack
    wire.answer = lambda args: {"ok": True, "user": user}
    return await UserDirectory(frozenset(admins.split())).person(client, workspace, "U0ANN00001")


async def test_a_person_is_who_slack_says(slack: tuple[Wire, AsyncWebClient]) -> None:
    """Name, e-mail and role come from one call."""
    assert await look_up(slack, ANN) == Person("U0ANN00001", "Ann Lee", "ann@example.com", "member")
    assert slack[0].calls == [("users.info", {"user": "U0ANN00001", "include_locale": "1"})]


@pytest.mark.parametrize(
    ("flags", "role"),
    [
        ({}, "member"),
        ({"is_admin": True}, "admin"),
        ({"is_owner": True}, "admin"),
        ({"is_primary_owner": True}, "admin"),
        ({"is_restricted": True}, "guest"),
        ({"is_ultra_restricted": True, "is_restricted": True}, "guest"),
        ({"is_restricted": True, "is_admin": True}, "guest"),
        ({"is_stranger": True}, "outsider"),
        ({"is_stranger": True, "is_admin": True}, "outsider"),
        ({"deleted": True, "is_owner": True}, "outsider"),
        ({"is_bot": True}, "outsider"),
        ({"team_id": "T2"}, "outsider"),
        ({"team_id": "T2", "is_admin": True}, "outsider"),
        ({"team_id": None}, "member"),
    ],
)
async def test_flags_become_a_role(
    slack: tuple[Wire, AsyncWebClient], flags: dict[str, Any], role: Role
) -> None:
    """Who is no full member of this workspace is never an admin of it."""
    assert (await look_up(slack, ANN | flags)).role == role


@pytest.mark.parametrize(
    ("workspace", "user", "role"),
    [
        (GRID, {"team_id": "T2", "enterprise_user": {"enterprise_id": "E1"}}, "member"),
        (
            GRID,
            {"team_id": "T2", "enterprise_user": {"enterprise_id": "E1"}, "is_admin": True},
            "member",
        ),
        (
            GRID,
            {"team_id": "T2", "enterprise_user": {"enterprise_id": "E1", "is_admin": True}},
            "admin",
        ),
        (
            GRID,
            {"team_id": "T2", "enterprise_user": {"enterprise_id": "E1", "is_owner": True}},
            "admin",
        ),
        (
            GRID,
            {"team_id": "T2", "enterprise_user": {"enterprise_id": "E2", "is_owner": True}},
            "outsider",
        ),
        (
            GRID,
            {"team_id": "T2", "enterprise_user": {"enterprise_id": "E1", "teams": ["T2", "T1"]}},
            "member",
        ),
        (
            GRID,
            {
                "team_id": "T2",
                "enterprise_user": {"enterprise_id": "E1", "teams": ["T2"], "is_admin": True},
            },
            "outsider",
        ),
        (
            GRID,
            {"enterprise_user": {"enterprise_id": "E1", "teams": ["T1"]}, "is_admin": True},
            "admin",
        ),
        (GRID, {"team_id": "T2", "enterprise_user": {"enterprise_id": "E2"}}, "outsider"),
        (GRID, {"team_id": "T2"}, "outsider"),
        (ORGANISATION, {"team_id": "T2", "enterprise_user": {"enterprise_id": "E1"}}, "member"),
        (
            ORGANISATION,
            {"team_id": "T2", "enterprise_user": {"enterprise_id": "E1"}, "is_admin": True},
            "member",
        ),
        (ORGANISATION, {"team_id": "T9", "is_stranger": True}, "outsider"),
        (TEAM, {"team_id": "T2", "enterprise_user": {"enterprise_id": ""}}, "outsider"),
    ],
)
async def test_on_enterprise_grid_the_organisation_counts(
    slack: tuple[Wire, AsyncWebClient], workspace: Workspace, user: dict[str, Any], role: Role
) -> None:
    """Somebody from another team of the same organisation belongs where they are in this one too,
    and is an admin of it only as one of the whole organisation; somebody from another company does
    not."""
    assert (await look_up(slack, ANN | user, workspace)).role == role


@pytest.mark.parametrize(
    ("flags", "role"),
    [({}, "admin"), ({"is_restricted": True}, "admin"), ({"is_stranger": True}, "outsider")],
)
async def test_relay_admins_are_admins(
    slack: tuple[Wire, AsyncWebClient], flags: dict[str, Any], role: Role
) -> None:
    """Whom the operator names is an admin, unless the person is not of this workspace."""
    assert (await look_up(slack, ANN | flags, admins="U0ANN00001 U0BEN00001")).role == role


@pytest.mark.parametrize(
    ("workspace", "named", "role"),
    [
        (TEAM, "T1/U0ANN00001", "admin"),
        (GRID, "T1/U0ANN00001", "admin"),
        (GRID, "E1/U0ANN00001", "admin"),
        (TEAM, "T2/U0ANN00001", "member"),
        (TEAM, "E1/U0ANN00001", "member"),
        (GRID, "E2/U0ANN00001", "member"),
        (TEAM, "T1/U0BEN00001", "member"),
        (TEAM, "/U0ANN00001", "member"),
    ],
)
async def test_relay_admins_of_one_workspace_are_admins_of_no_other(
    slack: tuple[Wire, AsyncWebClient], workspace: Workspace, named: str, role: Role
) -> None:
    """A person's id is their own within one workspace or organisation only."""
    assert (await look_up(slack, ANN, workspace, named)).role == role


@pytest.mark.parametrize(
    ("user", "name", "email"),
    [
        ({"profile": {}}, "ann", None),
        ({"profile": {"real_name": "", "display_name": "annie", "email": ""}}, "annie", None),
        ({"profile": {}, "real_name": "Ann"}, "Ann", None),
        ({"profile": None, "name": ""}, "U0ANN00001", None),
    ],
)
async def test_a_hidden_email_and_a_missing_name_are_done_without(
    slack: tuple[Wire, AsyncWebClient], user: dict[str, Any], name: str, email: str | None
) -> None:
    """There is always something to call somebody."""
    person = await look_up(slack, ANN | user)
    assert (person.name, person.email) == (name, email)


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_slack_in_trouble_is_an_unknown_role(
    slack: tuple[Wire, AsyncWebClient], trouble: str
) -> None:
    """Whatever comes back instead of an answer, nothing is raised, and nobody is let in by mistake."""
    wire, client = slack
    wire.answer = TROUBLES[trouble]
    said = "Slack didn't say who you are. Try again in a moment."
    assert await UserDirectory(frozenset()).person(client, TEAM, "U1") == Person(
        "U1", "U1", None, "unknown", said
    )
    assert (await UserDirectory(frozenset(["U1"])).person(client, TEAM, "U1")).role == "admin"
    assert (
        await UserDirectory(frozenset(["T1/U1", "E1/U1"])).person(client, GRID, "U1")
    ).role == "unknown"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            refused("missing_scope"),
            "This app lacks the Slack scope users:read. A workspace admin can install the app "
            "again and allow it.",
        ),
        (
            refused("invalid_auth"),
            "Slack no longer accepts this app's token. Ask your bot admin to reinstall it.",
        ),
        (refused("user_not_found"), "Slack didn't say who you are. Try again in a moment."),
    ],
)
async def test_what_can_be_mended_is_said(
    slack: tuple[Wire, AsyncWebClient], answer: Answer, said: str
) -> None:
    """With who can mend it."""
    wire, client = slack
    wire.answer = answer
    assert (await UserDirectory(frozenset()).person(client, TEAM, "U1")).problem == said


@pytest.mark.parametrize(
    "answer",
    [
        *map(refused, ("user_not_found", "user_not_visible", "missing_scope", "invalid_auth")),
        lambda args: {"ok": True},
    ],
)
async def test_an_id_alone_is_no_admin_where_slack_does_not_confirm_it(
    slack: tuple[Wire, AsyncWebClient], answer: Answer
) -> None:
    """Slack can be reached and does not know this person, or does not say: it may be a stranger."""
    wire, client = slack
    wire.answer = answer
    person = await UserDirectory(frozenset(["U1"])).person(client, TEAM, "U1")
    assert person.role == "unknown"
    assert person.problem


async def test_a_slow_slack_is_not_waited_for(slack: tuple[Wire, AsyncWebClient]) -> None:
    """A form has to open within three seconds, after this."""
    wire, client = slack
    wire.pause = 3.0
    loop = asyncio.get_running_loop()
    started = loop.time()
    person = await UserDirectory(frozenset()).person(client, TEAM, "U1")
    assert LOOKUP_SECONDS - 0.1 < loop.time() - started < LOOKUP_SECONDS + 0.5 < 2.0
    assert (person.role, person.problem) == (
        "unknown",
        "Slack didn't answer in time. Try again.",
    )


async def test_a_slack_that_cannot_be_reached_is_an_unknown_role() -> None:
    """A refused connection is no different."""
    async with slack_wire() as (_, client):
        pass
    person = await UserDirectory(frozenset()).person(
        AsyncWebClient("x", base_url=client.base_url), TEAM, "U1"
    )
    assert (person.role, person.problem) == (
        "unknown",
        "Slack didn't answer in time. Try again.",
    )


async def test_a_person_is_remembered_for_a_while(slack: tuple[Wire, AsyncWebClient]) -> None:
    """Five minutes, for each workspace by itself; an answer that did not come is not remembered."""
    wire, client = slack
    clock = Clock()
    directory = UserDirectory(frozenset(), clock)
    wire.answer = refused("internal_error")
    await directory.person(client, TEAM, "U1")
    wire.answer = lambda args: {"ok": True, "user": ANN}
    for _ in range(3):
        assert (await directory.person(client, TEAM, "U1")).role == "member"
    assert len(wire.calls) == 2
    assert (await directory.person(client, Workspace("", "T2"), "U1")).role == "outsider"
    wire.answer = lambda args: {"ok": True, "user": ANN | {"is_admin": True}}
    clock.advance(FRESH_SECONDS)
    assert (await directory.person(client, TEAM, "U1")).role == "admin"
    assert len(wire.calls) == 4


async def test_what_is_remembered_does_not_count_where_it_matters(
    slack: tuple[Wire, AsyncWebClient],
) -> None:
    """A fresh answer takes the place of the older one; without an answer nothing is known."""
    wire, client = slack
    directory = UserDirectory(frozenset(), Clock())
    wire.answer = lambda args: {"ok": True, "user": ANN | {"is_admin": True}}
    assert (await directory.person(client, TEAM, "U1")).role == "admin"
    wire.answer = refused("internal_error")
    assert (await directory.person(client, TEAM, "U1", fresh=True)).role == "unknown"
    wire.answer = lambda args: {"ok": True, "user": ANN}
    for fresh in (True, False):
        assert (await directory.person(client, TEAM, "U1", fresh=fresh)).role == "member"


async def test_who_is_looked_up_while_the_workspace_goes_is_not_remembered(
    slack: tuple[Wire, AsyncWebClient],
) -> None:
    """Slack's answer, which comes after everything else was forgotten, is used once."""
    wire, client = slack
    directory = UserDirectory(frozenset(), Clock())
    wire.answer, wire.pause = (lambda args: {"ok": True, "user": ANN}), 0.1
    looking = asyncio.create_task(directory.person(client, TEAM, "U1"))
    await eventually(lambda: wire.calls)
    directory.forget({TEAM})
    assert (await looking).role == "member"
    await directory.person(client, TEAM, "U1")
    await directory.person(client, TEAM, "U1")
    assert len(wire.calls) == 2


async def test_a_missing_scope_is_told_in_slack(bare_world: World) -> None:
    """With the stand-in, which checks scopes as Slack does."""
    world = bare_world
    world.sandbox.slack.app.scopes.remove("users:read")
    await world.sandbox.connect_vendors(world.settings)
    await world.command("/incident Checkout is down")
    [(_, _, message)] = world.sandbox.slack.ephemerals
    assert "This app lacks the Slack scope users:read." in message["text"]
    assert "Checkout is down" in message["text"]
