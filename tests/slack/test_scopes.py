"""Which scopes the app has: by its installation, else by what Slack says with each answer."""

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.clients import with_token
from bot.slack.scopes import FRESH_SECONDS, Scopes
from tests.world.bot import World
from tests.world.notes import ELSEWHERE, Clock


@pytest.fixture
async def client(bare_world: World) -> AsyncWebClient:
    return with_token(bare_world.bot.app.client, bare_world.sandbox.slack.bot_token)


def asked(world: World) -> int:
    return [it.method for it in world.sandbox.slack.calls].count("auth.test")


async def test_what_was_granted_is_known(bare_world: World, client: AsyncWebClient) -> None:
    """Slack is not asked."""
    scopes, here = Scopes(), bare_world.sandbox.workspace
    for granted, has in ((("files:read", "commands"), True), (("commands",), False), ((), False)):
        assert await scopes.include("files:read", client, here, granted) is has
    assert asked(bare_world) == 0


async def test_of_a_token_that_was_set_slack_says_it(
    bare_world: World, client: AsyncWebClient
) -> None:
    """Once in a while: it is noticed when a scope was added."""
    clock, here, given = Clock(), bare_world.sandbox.workspace, bare_world.sandbox.slack.app.scopes
    scopes = Scopes(clock)
    given.remove("files:read")
    for scope, has in (("files:read", False), ("commands", True), ("files:read", False)):
        assert await scopes.include(scope, client, here, None) is has
    assert asked(bare_world) == 1
    given.append("files:read")
    clock.advance(FRESH_SECONDS)
    assert await scopes.include("files:read", client, here, None)
    assert asked(bare_world) == 2


async def test_while_slack_does_not_say_it_is_tried(bare_world: World) -> None:
    """With a token that it does not know, say; that is not remembered."""
    stranger, here, scopes = (
        with_token(bare_world.bot.app.client, "xoxb-other"),
        bare_world.sandbox.workspace,
        Scopes(),
    )
    assert await scopes.include("files:read", stranger, here, None)
    assert scopes._known == {}


async def test_a_workspace_that_left_is_forgotten(
    bare_world: World, client: AsyncWebClient
) -> None:
    """Another's is not."""
    scopes, here = Scopes(), bare_world.sandbox.workspace
    for workspace in (here, ELSEWHERE):
        await scopes.include("files:read", client, workspace, None)
    scopes.forget({here})
    assert list(scopes._known) == [ELSEWHERE]
