"""Deliveries of the world: submitted as a modal does it, or put there at once in a state whose way
there takes minutes, with their card in Slack; and what becomes of them."""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from bot.delivery.model import Delivery
from bot.delivery.store.rows import read_row
from bot.playground.slack import Outcome
from tests.world.bot import World, eventually
from tests.world.modal import mrkdwn
from tests.world.notes import draft

KEY = "ir0123456789ab"
MADE = {"id": "1", "reference": "INC-7", "title": "Checkout is down", "url": ""}
FAR = 1000.0
"""Seconds from now at which nothing of a test is left."""
SUBMITTED = {
    "kind",
    "operation",
    "branch",
    "actor",
    "title",
    "payload",
    "selected",
    "private",
    "thread_ts",
}
"""The columns that are written with the draft; the others are changed afterwards."""


async def standing(world: World, state: str, reason: str = "", **columns: Any) -> Delivery:
    """An incident for Rootly that the member typed into #incidents, in that state, and its card if
    it is not private."""
    private = bool(columns.get("private", False))
    given = {
        "vendor": "rootly",
        "operation": "incident",
        "account": await account(world),
        "actor": world.member,
        "actor_name": "Somebody",
        "channel": world.channel("incidents"),
        "payload": {"title": "Checkout is down", "private": private},
    }
    submitted = draft(
        columns.pop("key", KEY),
        workspace=world.sandbox.workspace,
        **given | {name: columns.pop(name) for name in columns.keys() & SUBMITTED},
    )
    services = world.bot.services
    await services.delivery.deliveries.enqueue(submitted, lease=None, card_not_before=0.0)
    row = await change(
        world,
        submitted.key,
        state=state,
        reason=reason,
        next_attempt_at=time.time() + FAR,
        **columns,
    )
    if not private:
        await eventually(lambda: world.cards("incidents"))
        await eventually(lambda: card_is_noted(world, submitted.key))
    return row


async def account(world: World) -> str:
    connection = await world.bot.services.connections.store.get(world.sandbox.workspace, "rootly")
    assert connection is not None
    return connection.account


async def change(world: World, key: str = KEY, **columns: Any) -> Delivery:
    """Write these columns, as whatever happened to it would have, and tell everybody."""
    given = {
        name: json.dumps(it) if isinstance(it, Mapping | list) else it
        for name, it in columns.items()
    }
    sets = ", ".join(f"{name} = ?" for name in given)
    changed = await world.bot.database.write(
        lambda db: db.execute(
            f"UPDATE deliveries SET {sets}, version = version + 1 WHERE key = ? RETURNING *",
            (*given.values(), key),
        ).fetchone()
    )
    row = read_row(changed)
    await world.bot.services.delivery.dispatcher.publish(row)
    return row


async def now(world: World, key: str = KEY) -> Delivery:
    """The row as it is."""
    row = await world.bot.services.delivery.deliveries.find(world.sandbox.workspace, key)
    assert row is not None
    return row


async def card_is_noted(world: World, key: str = KEY) -> bool:
    row = await now(world, key)
    return bool(row.card_ts) and row.card_version == row.version


def card(world: World) -> dict[str, Any]:
    """The only card in #incidents."""
    cards = world.cards("incidents")
    assert len(cards) == 1, cards
    return cards[0]


def says(content: Mapping[str, Any]) -> str:
    """Everything in it that is mrkdwn."""
    return "\n".join(mrkdwn(content))


def buttons(content: Mapping[str, Any]) -> list[str]:
    """What its buttons do, by action id."""
    return [
        it["action_id"]
        for block in content["blocks"]
        for it in block.get("elements", [])
        if "action_id" in it
    ]


async def press(world: World, action_id: str, user: str | None = None) -> Outcome:
    """Press that button of the only card."""
    return await world.sandbox.slack.act(
        user or world.member,
        channel_id=world.channel("incidents"),
        ts=card(world)["ts"],
        block_id="delivery",
        action_id=action_id,
        action={"type": "button"},
    )


async def click(world: World, action_id: str, user: str, key: str = KEY, **changes: Any) -> None:
    """What Slack sends for such a button on any message of ours, with members changed: from another
    team, say."""
    slack = world.sandbox.slack
    channel = slack.channels[world.channel("incidents")]
    message = {
        "type": "message",
        "ts": "1700000000.000100",
        "bot_id": "B1",
        "text": "a card",
        "blocks": [],
    }
    workspace = world.sandbox.workspace
    action = {
        "type": "button",
        "block_id": "delivery",
        "action_id": action_id,
        "value": f"{workspace.enterprise}/{workspace.team}/{key}",
    }
    payload = slack.payloads.message_action(slack.people[user], channel, message, action, {})
    answer = await slack.transport.send("interactive", {**payload, **changes})
    assert answer.status == 200


def keys(count: int) -> list[str]:
    """So many markers."""
    return [f"ir{number:012x}" for number in range(count)]


async def submit(world: World, name: str = "rootly.incident", key: str = KEY) -> Delivery:
    """Submit a valid form of that operation ("rootly.incident"), as a modal does."""
    services, workspace = world.bot.services, world.sandbox.workspace
    adapter, operation = services.operations.find(name)
    form = world.sandbox.vendors[adapter.vendor].sample_form(operation.name)
    connection = await services.connections.store.get(workspace, adapter.vendor)
    assert connection is not None
    submitted = draft(
        key,
        workspace=workspace,
        kind=operation.kind,
        vendor=adapter.vendor,
        operation=operation.name,
        branch=str(getattr(form, operation.branches.field)) if operation.branches else "",
        account=connection.account,
        actor=world.admin,
        actor_name="Maya Okafor",
        channel=world.channel("incidents"),
        title=key,
        payload=form.model_dump(mode="json"),
    )
    return await services.delivery.dispatcher.submit(submitted, card_not_before=0)


async def until(world: World, *states: str, key: str = KEY, seconds: float = 10) -> Delivery:
    """The row once it is in one of these states; fails with what it is instead."""
    row = await now(world, key)
    with suppress(TimeoutError):

        async def there() -> bool:
            nonlocal row
            row = await now(world, key)
            return row.state in states

        await eventually(there, seconds)
    assert row.state in states, row
    return row
