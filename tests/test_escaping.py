"""Nothing that people or vendors write becomes markup: no mention of a whole channel, no link under
other words.

Every name that Slack tells, and every text that a vendor answers with, carries `PLANTED`, and so
does everything that is typed; then all that the bot has sent to Slack is looked through.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from bot.adapters.base import Entry
from bot.delivery.problems import said
from bot.delivery.states import RULES
from bot.playground.sandbox import Sandbox
from bot.playground.vendors.data import USER_GROUPS
from bot.settings import Settings
from tests.storage.twins import STATES
from tests.world.bot import World, eventually, running
from tests.world.modal import Modal
from tests.world.proxy import Proxy, served
from tests.world.rows import click, standing

PLANTED = "<!channel> <https://evil.example/|click> & *b* `c` <@U0PLANTED> <!subteam^S0PLANTED>"
ESCAPED = PLANTED.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
OWN_MENTION = re.compile(
    r"<@(?!U0PLANTED)[UW][A-Z0-9]+>|<!date\^\d+\^[{}a-z_ ]+\|[-\d :,UTC]+>"
    r"|^> ",
    re.MULTILINE,
)
"""The only markup of our own: people, clock times, and the quote of the summary's first lines."""
NAMES = {
    *(
        "name",
        "title",
        "summary",
        "full_name",
        "label",
        "description",
        "detail",
        "message",
        "short_name",
        "headline",
    ),
    *(
        "friendly_name",
        "account_name",
        "organization_name",
        "team_name",
        "reference",
        "status_text",
    ),
}
"""The members of vendors' answers that people wrote, or that are read as words."""


@dataclass
class Planting(Proxy):
    """Stands before a vendor, and plants into its answers."""

    planted: int = 0

    def answer(self, request: Request, said: httpx.Response) -> Response:
        return Response(
            self._plant(said.content), said.status_code, media_type=said.headers.get("content-type")
        )

    def _plant(self, content: bytes) -> bytes:
        try:
            return json.dumps(self._planted(json.loads(content))).encode()
        except ValueError:
            return content

    def _planted(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self._planted(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self._planted(each, name) for each in value]
        if isinstance(value, str) and value and name in NAMES:
            self.planted += 1
            return f"{value} {PLANTED}"
        return value


@asynccontextmanager
async def planted_world(
    sandbox: Sandbox, folder: Path
) -> AsyncIterator[tuple[World, list[Planting]]]:
    """The bot, with what is planted in people's, channels' and user groups' names and in all
    vendors' answers."""
    slack = sandbox.slack
    for person in list(slack.people.values()):
        slack.people[person.id] = replace(person, real_name=f"{person.real_name} {PLANTED}")
    for channel in slack.channels.values():
        channel.topic = PLANTED
    for group in USER_GROUPS:
        slack.user_groups[group.id] = replace(group, name=f"{group.name} {PLANTED}")
    async with AsyncExitStack() as stack:
        planting, urls = [], {}
        for name, vendor in sandbox.vendors.items():
            it = await stack.enter_async_context(served(Planting(vendor.url)))
            urls[sandbox.adapters[name].url_variable] = it.url
            planting.append(it)
        settings = Settings.model_validate(sandbox.environment(folder / "relay.db") | urls)
        await sandbox.connect_vendors(settings)
        world = await stack.enter_async_context(running(sandbox, settings))
        await world.lists_loaded()
        yield world, planting


@pytest.fixture
async def world(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[World]:
    async with planted_world(sandbox, tmp_path) as (world, planting):
        yield world
        assert all(it.planted for it in planting)


def mrkdwn(value: Any) -> Iterator[str]:
    """Every text that Slack reads as mrkdwn, in a message, a view or a whole list of them; blocks
    may be JSON in text."""
    if isinstance(value, dict):
        if isinstance(value.get("text"), str) and value.get("type") != "plain_text":
            yield value["text"]
        for name, each in value.items():
            yield from mrkdwn(
                json.loads(each) if name in ("blocks", "view") and isinstance(each, str) else each
            )
    elif isinstance(value, list | tuple):
        for each in value:
            yield from mrkdwn(each)


def told(world: World) -> list[str]:
    """All mrkdwn that Slack got: by calls, as answers to commands and clicks, in modals, on Homes."""
    slack = world.sandbox.slack
    calls = [it.args for it in slack.calls if it.method.startswith(("chat.", "views."))]
    views = [it.body for stack in slack.state.views.stacks.values() for it in stack]
    homes = [it.body for it in slack.state.views.homes.values()]
    alone = [it for _, _, it in slack.ephemerals]
    return [*mrkdwn(calls), *mrkdwn(views), *mrkdwn(homes), *mrkdwn(alone)]


def leaks(texts: list[str]) -> list[str]:
    """Those with markup in them that is not our own. What was cut may end in half an entity."""
    left = (OWN_MENTION.sub("", it) for it in texts)
    return [it for it in left if re.search(r"[<>]|&(?!(?:amp|lt|gt);|\w{0,3}…)", it)]


def check(world: World, *escaped: str) -> None:
    """Nothing leaks; and these were said, with what was planted in them."""
    texts = told(world)
    assert leaks(texts) == []
    assert [
        it for it in escaped if not any(it in text and "&lt;!channel" in text for text in texts)
    ] == []
    assert world.sandbox.slack.violations == []


async def fill(modal: Modal) -> Modal:
    """Type what is planted into every text of the form; choose the first entry of every list that
    is demanded."""
    for block in modal.view["blocks"]:
        if block["type"] != "input" or block.get("dispatch_action"):
            continue
        kind, name = block["element"]["type"], block["block_id"]
        if kind == "plain_text_input" and not block.get("optional"):
            await modal.fill(**{name: PLANTED})
        elif kind == "external_select" and not block.get("optional"):
            await modal.fill(**{name: ""})
    return modal


async def test_what_is_typed_and_answered_is_shown_as_it_is(world: World) -> None:
    """An incident from a command: its card, its receipt, the Home, and what `/vendors` says."""
    modal = await world.open(f"/incident {PLANTED}", world.member)
    await (await fill(modal)).send()
    await eventually(lambda: world.cards("incidents"))
    await world.sandbox.slack.open_home(world.member)
    await world.sandbox.slack.open_home(world.admin)
    for user in (world.admin, world.member):
        await world.command("/vendors", user)
    check(world, "Created in Rootly", ":white_check_mark: working")
    [card] = world.cards("incidents")
    assert card["text"].count(ESCAPED.partition(" *")[0]) == 1


@pytest.mark.parametrize("command", ["/incident", "/action-item", "/workflow-task", "/vendors"])
@pytest.mark.parametrize("who", ["guest", "member"])
async def test_a_command_that_is_not_carried_out_repeats_nothing_as_markup(
    world: World, command: str, who: str
) -> None:
    """A "no", help, and what cannot be opened."""
    user = getattr(world, who)
    for text in (PLANTED, "help"):
        await world.command(f"{command} {text}", user)
    world.sandbox.slack.app.scopes.clear()
    world.bot.services.slack.people.forget({world.sandbox.workspace})
    await world.command(f"{command} {PLANTED}", user)
    check(world)


@pytest.mark.parametrize("key", [it for it in STATES if it != "sending"])
async def test_a_delivery_in_any_state(world: World, key: str) -> None:
    """Its card, receipt and line at Home; what each of its buttons opens or says."""
    columns: dict[str, Any] = {
        name: 4e9 if name.endswith(("_at", "_until")) and value else value
        for name, value in STATES[key].items()
    }
    made = {
        "id": "1",
        "reference": PLANTED,
        "title": PLANTED,
        "url": "https://rootly.com/1",
        "note": PLANTED,
    }
    twin = {"id": "2", "reference": PLANTED, "title": PLANTED, "url": "https://rootly.com/2"}
    delivered = columns["state"] == "delivered"
    for name in ("card_ts", "card_channel", "vendor_object", "next_attempt_at"):
        columns.pop(name, None)
    if "follow_up_steps" in columns:
        columns["follow_up_steps"] = {PLANTED: said("" if columns.get("next_step_at") else PLANTED)}
    planted: dict[str, Any] = {"vendor_object": made, "duplicates": [twin]} if delivered else {}
    await standing(
        world,
        columns.pop("state"),
        **columns,
        title=PLANTED,
        error_details=said(PLANTED),
        field_errors={"title": PLANTED, PLANTED: PLANTED},
        payload={"title": PLANTED, "summary": PLANTED, "severity_id": PLANTED, "private": False},
        selected={
            f"incidents/{PLANTED}": Entry(id=PLANTED, label=PLANTED),
            f"severities/{PLANTED}": Entry(id=PLANTED, label=PLANTED),
        },
        **planted,
    )
    await world.sandbox.slack.open_home(world.member)
    for action_id in sorted({name for rule in RULES.values() for name in rule.actions}):
        for _ in range(2):  # the second time at the latest it is too late
            world.sandbox.slack.state.views.stacks.pop(world.member, None)
            await click(world, action_id, world.member)
            check(world)
    check(world, "Rootly")


async def test_a_tool_that_does_not_work(world: World) -> None:
    """The vendor's words about the key, and about what waits."""
    await world.bot.services.connections.store.mark(world.sandbox.workspace, "rootly", PLANTED)
    await standing(world, "queued", "unreachable", title=PLANTED, error_details=said(PLANTED))
    for user in (world.admin, world.member):
        await world.command("/vendors", user)
    await world.sandbox.slack.open_home(world.admin)
    check(world, "Our API key was rejected. Replace it.")


async def test_a_message_that_somebody_else_wrote(world: World) -> None:
    """Its text and its author's name are carried into the form, and from there to the card."""
    slack, channel = world.sandbox.slack, world.channel("incidents")
    message = await slack.post(world.admin, channel, PLANTED)
    assert (
        await slack.message_shortcut(
            world.member, channel, message["ts"], "declare_incident_from_message"
        )
    ).ok
    modal = world.top(world.member)
    await (await fill(modal)).send()
    await eventually(lambda: world.cards("incidents"))
    check(world, "Created in")


async def test_who_may_use_what(world: World) -> None:
    """A user group's name in the form, in what was saved, and in the "no" to whoever is not in it."""
    workspace, services = world.sandbox.workspace, world.bot.services
    await services.access.decide(workspace, {"rootly.incident": USER_GROUPS[0].id}, world.admin)
    outside = next(
        it.id for it in world.sandbox.slack.people.values() if it.playable and not it.is_admin
    )
    outside = outside if outside not in USER_GROUPS[0].members else world.guest
    await world.command("/incident", outside)
    await world.command("/vendors")
    channel, _, answer = world.sandbox.slack.ephemerals[-1]
    at = {"channel_id": channel, "ts": answer["ts"], "block_id": "vendors", "action_id": "who_may"}
    assert (await world.sandbox.slack.act(world.admin, **at, action={"type": "button"})).ok
    await world.top().send()
    check(world, "user group", "Saved.")


async def test_a_refusal_in_the_vendors_words(world: World) -> None:
    """Beside the fields while the form is open, on top of it when it is corrected later."""
    modal = await fill(await world.open("/incident", world.member))
    await world.sandbox.vendors["rootly"].set_fault("refusing")
    outcome = await modal.submit()
    assert outcome.errors
    assert leaks(told(world)) == []


def test_what_counts_as_a_leak() -> None:
    """Our own mentions pass, and nothing else."""
    fine = ["by <@U06MAYA0001>", "a &amp; b &lt;c&gt;", "cut in half &am…", "*b* `c`"]
    bad = [
        "<!channel>",
        "<https://evil.example/|click>",
        "a & b",
        "<@U0PLANTED>",
        "a > b",
        "&nbsp;",
    ]
    assert leaks([*fine, *bad, ESCAPED]) == [OWN_MENTION.sub("", it) for it in bad]
    assert list(
        mrkdwn(
            [
                {"blocks": '[{"type": "mrkdwn", "text": "x"}]', "text": "y"},
                {"type": "plain_text", "text": "z"},
            ]
        )
    ) == [
        "y",
        "x",
    ]
