"""What Slack really sends: everything that can be done with everything that the bot shows, recorded
at the bot's door."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot import messages
from bot.delivery.model import Delivery
from bot.playground.slack import SlackStandIn
from bot.playground.slack.blocks import accepted
from bot.playground.slack.transport import Kind
from bot.playground.slack.views import View
from bot.playground.vendors import data
from tests.fuzz.workspaces import without_planted
from tests.handlers.test_isolation import presses, searches
from tests.world.uninstall import APP_UNINSTALLED, TOKENS_REVOKED
from tests.world.workspaces import ADMIN, CHANNEL, Many

Payload = dict[str, Any]
COMMANDS = (
    "/incident Checkout &amp; search are down <@U06QK41M5PC|jonas>",
    "/incident help",
    "/action-item",
    "/workflow-task Tell everybody",
    "/vendors",
)
SHORTCUTS = ("declare_incident", "add_action_item", "add_workflow_task")
MESSAGE_SHORTCUTS = (
    "declare_incident_from_message",
    "add_action_item_from_message",
    "add_action_items_from_message",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One payload and the way it travels; `kind` is its type, with the event's."""

    way: Kind
    payload: Payload

    @property
    def kind(self) -> str:
        event = self.payload.get("event")
        return str(
            event["type"] if isinstance(event, dict) else self.payload.get("type", "command")
        )


class _Door:
    """Stands before the bot's web application, and keeps what comes in."""

    def __init__(self, world: Many) -> None:
        self._bot = httpx.AsyncClient(
            transport=httpx.ASGITransport(world.bot.web), base_url="http://bot"
        )
        self.samples: list[Sample] = []

    async def __call__(self, request: Request) -> Response:
        body = await request.body()
        self.samples.append(read(request.headers["content-type"], body))
        answer = await self._bot.post("/slack/events", content=body, headers=request.headers.raw)
        return Response(
            answer.content,
            answer.status_code,
            {"content-type": answer.headers.get("content-type", "")},
        )

    async def aclose(self) -> None:
        await self._bot.aclose()


def read(content_type: str, body: bytes) -> Sample:
    """The reverse of `bot.playground.slack.transport.encode`."""
    if content_type.startswith("application/json"):
        return Sample("events_api", json.loads(body))
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return (
        Sample("interactive", json.loads(form["payload"]))
        if "payload" in form
        else Sample("slash_commands", form)
    )


@asynccontextmanager
async def listening(world: Many, slack: SlackStandIn) -> AsyncIterator[list[Sample]]:
    """What that Slack sends meanwhile."""
    door = _Door(world)
    app = Starlette(routes=[Route("/slack/events", door.__call__, methods=["POST"])])

    async def serve(*request: Any) -> None:
        # As in a server, a request has a task of its own.
        await asyncio.create_task(app(*request))

    slack.transport.client = httpx.AsyncClient(transport=httpx.ASGITransport(serve))
    try:
        yield door.samples
    finally:
        await slack.transport.aclose()
        await door.aclose()


async def record(world: Many, team: data.Team, rows: list[Delivery]) -> list[Sample]:
    """A payload of everything that an admin can do there; `rows` are deliveries that have cards and
    receipts."""
    slack = world.slack(team)
    async with listening(world, slack) as samples:
        async for view in _opened(slack):
            await _use(slack, view)
        for row in rows:
            adapter, operation = world.bot.services.operations.find(f"{row.vendor}.{row.operation}")
            await _press_all(
                slack,
                messages.card(row, adapter, operation, page="https://rootly.com/new")["blocks"],
            )
            for shown in (
                messages.receipt(row, adapter, operation),
                messages.copied(row, adapter, operation),
            ):
                await _use(slack, slack.state.views.open(ADMIN, json.loads(json.dumps(shown))))
                slack.state.views.stacks.pop(ADMIN)
        await slack.open_home(ADMIN)
        await _use(slack, slack.state.views.homes[ADMIN])
    found = [Sample(it.way, without_planted(it.payload)) for it in samples]
    return [*found, *(Sample("events_api", it) for it in _events(slack))]


async def _opened(slack: SlackStandIn) -> AsyncIterator[View]:
    """Every modal that a command, a shortcut or a button opens."""
    state = slack.state

    def top() -> Iterator[View]:
        yield from state.views.stacks.pop(ADMIN, [])[-1:]

    for command in COMMANDS:
        await slack.command(ADMIN, CHANNEL, command)
        for view in top():
            yield view
            for choice in _choices(view):
                state.views.stacks[ADMIN] = [view]
                action = {"type": "static_select", "selected_option": choice}
                await slack.act(
                    ADMIN, view_id=view.id, block_id="choice", action_id="value", action=action
                )
                yield view
    for shortcut in SHORTCUTS:
        await slack.shortcut(ADMIN, shortcut)
        for view in top():
            yield view
    message = await slack.post(
        ADMIN, CHANNEL, "Checkout is *slow* again, see https://status.example.com"
    )
    for shortcut in MESSAGE_SHORTCUTS:
        await slack.message_shortcut(ADMIN, CHANNEL, message["ts"], shortcut)
        for view in top():
            yield view
    await slack.command(ADMIN, CHANNEL, "/vendors")
    *_, (channel, _, answer) = slack.ephemerals
    for block_id, action_id, action in list(presses(answer["blocks"])):
        at = {
            "channel_id": channel,
            "ts": answer["ts"],
            "block_id": block_id,
            "action_id": action_id,
        }
        await slack.act(ADMIN, **at, action=action)
        for view in top():
            yield view


def _choices(view: View) -> list[Payload]:
    """What the form's chooser offers, if it has one."""
    first = view.blocks[0]
    return list(first["element"]["options"]) if first.get("block_id") == "choice" else []


async def _use(slack: SlackStandIn, view: View) -> None:
    """Search in it, submit it, press everything, submit what that made of it, close it."""
    person, blocks = slack.people[ADMIN], json.loads(json.dumps(view.blocks))
    here = slack.state.views
    if view.body["type"] == "modal" and here.find(view.id) is None:
        view = here.open(ADMIN, view.body)
    for block_id, action_id in searches(blocks):
        for query in ("", "pay"):
            found = await slack.options(ADMIN, view.id, block_id, action_id, query)
        offered = [
            it for group in found.get("option_groups", []) for it in group["options"]
        ] or found["options"]
        _choose(slack, view, block_id, action_id, offered)
    if view.body.get("submit"):
        await slack.transport.send("interactive", slack.payloads.view_submission(person, view))
    for block_id, action_id, action in presses(blocks):
        done = {**action, "block_id": block_id, "action_id": action_id, **_own(blocks, action_id)}
        await slack.transport.send("interactive", slack.payloads.view_action(person, view, done))
    if view.body.get("submit"):
        await slack.transport.send("interactive", slack.payloads.view_submission(person, view))
        await slack.transport.send(
            "interactive", slack.payloads.view_closed(person, view, is_cleared=False)
        )


def _choose(
    slack: SlackStandIn, view: View, block_id: str, action_id: str, offered: list[Payload]
) -> None:
    """Fill the first thing offered in, so that submissions come far."""
    if not offered or action_id != "value" or offered[0]["value"] == "-":
        return
    element = next(it["element"] for it in view.blocks if it.get("block_id") == block_id)
    several = element["type"].startswith("multi_")
    chosen = {"selected_options": offered[:1]} if several else {"selected_option": offered[0]}
    view.type_in({block_id: {action_id: {"type": element["type"], **chosen}}})


def _own(blocks: list[Payload], action_id: str) -> Payload:
    """What a pressed element gives of its own."""
    for block in blocks:
        for it in (*block.get("elements", []), block.get("accessory"), block.get("element")):
            if isinstance(it, dict) and it.get("action_id") == action_id:
                return {name: it[name] for name in ("value", "text", "type") if name in it}
    return {}


async def _press_all(slack: SlackStandIn, blocks: list[Payload]) -> None:
    """Every button of a message, and both shortcuts from its menu."""
    message = slack.state.bot_message(
        {"text": "A card", "blocks": accepted(json.loads(json.dumps(blocks)))}
    )
    slack.state.world.say(slack.channels[CHANNEL], message)
    at = {"channel_id": CHANNEL, "ts": message["ts"]}
    for block_id, action_id, action in list(presses(message["blocks"])):
        await slack.act(ADMIN, **at, block_id=block_id, action_id=action_id, action=action)
        slack.state.views.stacks.pop(ADMIN, None)
    for shortcut in MESSAGE_SHORTCUTS:
        await slack.message_shortcut(ADMIN, CHANNEL, message["ts"], shortcut)
        slack.state.views.stacks.pop(ADMIN, None)


def _events(slack: SlackStandIn) -> Iterator[Payload]:
    """Events, and what Slack sends to see whether the address answers."""
    home = slack.payloads.event(
        {
            "type": "app_home_opened",
            "user": ADMIN,
            "channel": "D0000000001",
            "tab": "home",
            "view": None,
        }
    )
    yield home
    yield home | {
        "is_ext_shared_channel": True,
        "event": {**home["event"], "user_team": "T0STRANGER1"},
    }
    for event in (
        APP_UNINSTALLED,
        TOKENS_REVOKED,
        {"type": "team_access_revoked", "team_ids": [slack.team.id]},
    ):
        yield slack.payloads.event(event)
    yield {"type": "url_verification", "challenge": "c", "token": slack.app.token}
    yield {"ssl_check": "1", "token": slack.app.token}
