"""What one workspace's modals, buttons, lists and links carry is worth nothing in another one.

Everything that the bot draws for Acme is put before the same person in Bolt, where the app is
installed too: what Slack sends then is signed, and carries Acme's metadata and values. Everything
on it is pressed, searched and submitted.
"""

import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot import messages
from bot.connections.store import Connection
from bot.delivery.model import Delivery
from bot.delivery.problems import said
from bot.delivery.states import NAMING
from bot.playground.slack import SlackStandIn
from bot.playground.slack.views import View
from bot.playground.slack.world import Channel, Person
from bot.playground.vendors import data
from bot.storage.database import Database
from tests.cli.test_manifest import Registered
from tests.storage.twins import STATES, tables
from tests.world.bot import eventually
from tests.world.notes import draft
from tests.world.workspaces import ACME, ADMIN, BOLT, CHANNEL, DUCHY, Many, many, workspace_of

CANARY = "acmes-own-words"
"""Stands in everything that Acme's people wrote, and in the vendor's answers to it."""
FOREIGN = ("This is from another workspace", "This form is from another workspace")
LINK = re.compile(r"^open(_\d|_vendor)?$")
HARMLESS = {"open", "copied"}
"""A button that is a link, and the one that closes a text: they do nothing anywhere."""
CHANGED_BY_ITSELF = ("catalogs",)
STRANGER = "U0STRANGER"


@dataclass
class Drawn:
    """What the bot drew for Acme: views, and messages' blocks."""

    views: list[View]
    messages: list[list[dict[str, Any]]]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Many]:
    """Acme with everything, Bolt with the app alone."""
    async with many(tmp_path) as world:
        for team in (ACME, BOLT):
            await world.install(team)
        await world.connect(ACME)
        catalogs = world.bot.services.catalogs
        await catalogs.want(workspace_of(ACME), "rootly", [])
        await eventually(lambda: _loaded(catalogs))
        await world.admins_told()
        yield world


async def _loaded(catalogs: Any) -> bool:
    return (await catalogs.condition(workspace_of(ACME), "rootly"))[0] is not None


async def rows_of(world: Many) -> list[Delivery]:
    """A delivery of Acme's in every state, as somebody wrote it, all of them shown already and due
    in years."""
    services, workspace = world.bot.services, workspace_of(ACME)
    connection = await services.connections.store.get(workspace, "rootly")
    assert isinstance(connection, Connection)
    made = []
    for key, columns in STATES.items():
        given = {
            "title": CANARY,
            "actor_name": CANARY,
            "actor": ADMIN,
            "channel": CHANNEL,
            "account": connection.account,
        }
        payload = {"title": CANARY, "summary": CANARY}
        row = draft(
            key,
            workspace=workspace,
            vendor="rootly",
            operation="incident",
            payload=payload,
            **given,
        )
        await services.delivery.deliveries.enqueue(row, lease=None, card_not_before=2e9)
        shown = {
            "card_version": 99,
            "next_attempt_at": 4e9,
            "expires_at": 4e9,
            "error_details": json.dumps(said(CANARY)),
        }
        await world.bot.database.write(partial(_change, key=key, columns=shown | _far(columns)))
        found = await services.delivery.deliveries.find(workspace, key)
        assert found is not None
        made.append(found)
    return made


def _change(db: sqlite3.Connection, *, key: str, columns: dict[str, Any]) -> None:
    sets = ", ".join(f"{it} = ?" for it in columns)
    db.execute(f"UPDATE deliveries SET {sets} WHERE key = ?", (*columns.values(), key))


def _far(columns: dict[str, Any]) -> dict[str, Any]:
    """What would happen by itself happens in years."""
    return {
        name: 4e9 if name.endswith(("_at", "_until")) and value else value
        for name, value in columns.items()
    }


async def drawn_for_acme(world: Many) -> Drawn:
    """One of everything that has a button, an input or a list."""
    slack, services = world.slack(ACME), world.bot.services
    views, said = [], []
    for row in await rows_of(world):
        adapter, operation = services.operations.find("rootly.incident")
        said.append(messages.card(row, adapter, operation, page="https://rootly.com/new")["blocks"])
        views.append(View(ADMIN, messages.receipt(row, adapter, operation)))
        views.append(View(ADMIN, messages.copied(row, adapter, operation)))
        views += [
            View(ADMIN, messages.finding(row, adapter, operation, decision)) for decision in NAMING
        ]
    for command in ("/incident", "/action-item", "/workflow-task"):
        modal = await world.open(ACME, f"{command} {CANARY}")
        views.append(slack.state.view(modal.id, ADMIN))
    task = await world.open(ACME, "/workflow-task")
    await task.choose("task_type", "Send a Slack message")
    views.append(slack.state.view(task.id, ADMIN))
    message = await slack.post(ADMIN, CHANNEL, f"- {CANARY}\n- {CANARY}")
    await slack.message_shortcut(ADMIN, CHANNEL, message["ts"], "add_action_items_from_message")
    views.append(slack.state.views.stacks[ADMIN][-1])
    await slack.open_home(ADMIN)
    views.append(slack.state.views.homes[ADMIN])
    await slack.command(ADMIN, CHANNEL, "/vendors")
    *_, (channel, _, answer) = slack.ephemerals
    said.append(answer["blocks"])
    for action_id in ("vendor_rootly", "who_may", "settings"):
        await slack.act(
            ADMIN,
            channel_id=channel,
            ts=answer["ts"],
            block_id="vendors",
            action_id=action_id,
            action={"type": "button"},
        )
        views.append(slack.state.views.stacks[ADMIN][-1])
    return Drawn(views, said)


def elements(blocks: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Everything with an action id, and its block."""
    for block in blocks:
        for it in (*block.get("elements", []), block.get("accessory"), block.get("element")):
            if isinstance(it, dict) and "action_id" in it:
                yield block, it


def presses(blocks: list[dict[str, Any]]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(block id, action id, action) of whatever tells the bot that it was used."""
    for block, it in elements(blocks):
        at = block.get("block_id", ""), it["action_id"]
        if it["type"] == "button":
            yield *at, {"type": "button"}
        elif it["action_id"] == "language":
            yield *at, {"type": it["type"], "selected_option": it["options"][-1]}
        elif block.get("dispatch_action"):
            option = (
                it.get("options")
                or [{"text": {"type": "plain_text", "text": "x"}, "value": "send_email"}]
            )[-1]
            yield *at, {"type": it["type"], "selected_option": option}


def searches(blocks: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """(block id, action id) of whatever asks the bot for a list."""
    for block, it in elements(blocks):
        if it["type"].endswith("external_select"):
            yield block["block_id"], it["action_id"]


class Bystander:
    """Bolt's Slack, and what is compared before and after each thing that somebody does there."""

    def __init__(self, world: Many, team: data.Team = BOLT) -> None:
        self.world = world
        self.slack: SlackStandIn = world.slack(team)

    async def place(self, view: View) -> View:
        """The same view, as it was filled in, before the same person here."""
        shown = self.slack.state.views
        body = json.loads(json.dumps(view.body))
        shown.stacks.pop(ADMIN, None)
        placed = shown.publish(ADMIN, body) if body["type"] == "home" else shown.open(ADMIN, body)
        if view.values:
            placed.values = json.loads(json.dumps(view.values))
        return placed

    def post(self, blocks: list[dict[str, Any]]) -> str:
        """The same message in the same channel here; its ts."""
        message = self.slack.state.bot_message(
            {"text": "A card", "blocks": json.loads(json.dumps(blocks))}
        )
        return str(self.slack.state.world.say(self.slack.channels[CHANNEL], message)["ts"])

    def told(self) -> str:
        """What this person reads: the note on top, or the last words to them alone."""
        if stack := self.slack.views(ADMIN):
            return "\n".join(str(it.get("text", {}).get("text", "")) for it in stack[-1]["blocks"])
        return str(self.slack.ephemerals[-1][2]["text"]) if self.slack.ephemerals else ""

    async def dump(self) -> Any:
        """Every row of everybody, but what changes by itself."""
        database: Database = self.world.bot.database
        return await database.read(
            lambda db: {
                it: [tuple(row) for row in db.execute(f"SELECT * FROM {it}")]
                for it in tables(db)
                if it not in CHANGED_BY_ITSELF
            }
        )

    def sent(self) -> str:
        """All that the bot ever sent to Slack for this workspace."""
        return json.dumps([call.args for call in self.slack.calls])


@pytest.fixture
def here(world: Many) -> Bystander:
    """Bolt."""
    return Bystander(world)


async def untouched(here: Bystander, drawn: Drawn, act: Any) -> list[Any]:
    """Do it with everything that was drawn; nothing stored has changed, nothing was done in Acme's
    name, and nothing of Acme was told."""
    acme = here.world.slack(ACME)
    before, calls, seen = await here.dump(), len(acme.calls), len(here.sent())
    done = [it async for it in act(here, drawn)]
    assert await here.dump() == before
    assert len(acme.calls) == calls
    assert CANARY not in here.sent()[seen:]
    assert CANARY not in json.dumps(done, default=str)
    return done


async def press_all(here: Bystander, drawn: Drawn) -> AsyncIterator[tuple[str, str]]:
    """(action id, what was told) of every press, in messages and in views."""
    for blocks in drawn.messages:
        for block_id, action_id, action in presses(blocks):
            here.slack.state.views.stacks.pop(ADMIN, None)
            here.slack.ephemerals.clear()
            at: dict[str, Any] = {"channel_id": CHANNEL, "ts": here.post(blocks)}
            block = block_id or here.slack.channels[CHANNEL].messages[-1]["blocks"][0]["block_id"]
            assert (
                await here.slack.act(
                    ADMIN, **at, block_id=block, action_id=action_id, action=action
                )
            ).ok
            yield action_id, here.told()
    for view in drawn.views:
        placed = await here.place(view)
        for block_id, action_id, action in presses(placed.blocks):
            placed = await here.place(view)
            here.slack.ephemerals.clear()
            outcome = await here.slack.act(
                ADMIN, view_id=placed.id, block_id=block_id, action_id=action_id, action=action
            )
            assert outcome.ok, outcome
            yield action_id, here.told()


async def search_all(here: Bystander, drawn: Drawn) -> AsyncIterator[tuple[str, Any]]:
    """(action id, what is offered) of every list."""
    for view in drawn.views:
        placed = await here.place(view)
        for block_id, action_id in searches(placed.blocks):
            yield action_id, await here.slack.options(ADMIN, placed.id, block_id, action_id, "")


async def submit_all(here: Bystander, drawn: Drawn) -> AsyncIterator[tuple[str, str]]:
    """(callback id, what was told) of every modal that can be submitted; its demanded fields are
    left as they are."""
    for view in drawn.views:
        if view.body.get("submit"):
            placed = await here.place(view)
            payload = here.slack.payloads.view_submission(here.slack.people[ADMIN], placed)
            answer = await here.slack.transport.send("interactive", payload)
            assert answer.status == 200
            yield str(view.body["callback_id"]), answer.body.decode()


async def test_everything_that_is_listened_to_is_tried(world: Many) -> None:
    """A listener for buttons, lists or modals that nothing here reaches is forgotten."""
    drawn, listened = await drawn_for_acme(world), Registered()
    everywhere = [*drawn.messages, *(View.blocks.fget(it) for it in drawn.views)]  # type: ignore[attr-defined]
    pressed = {action_id for blocks in everywhere for _, action_id, _ in presses(blocks)}
    searched = {action_id for blocks in everywhere for _, action_id in searches(blocks)}
    submitted = {it.body["callback_id"] for it in drawn.views if it.body.get("submit")}
    assert _unheard(listened.of("action"), pressed) == []
    assert _unheard(listened.of("options"), searched) == []
    assert _unheard(listened.of("view"), submitted) == []


def _unheard(listeners: list[Any], names: set[str]) -> list[Any]:
    return [
        it
        for it in listeners
        if not any(
            re.search(it, name) if isinstance(it, re.Pattern) else it == name for name in names
        )
    ]


async def test_no_button_works_elsewhere(world: Many, here: Bystander) -> None:
    """In a message, a modal or a Home: nothing is read or changed, and whoever pressed it is told
    so."""
    done = await untouched(here, await drawn_for_acme(world), press_all)
    silent = [
        (name, said) for name, said in done if not said.startswith(FOREIGN) and not LINK.match(name)
    ]
    assert silent == []
    assert len(done) > 30


async def test_no_list_is_offered_elsewhere(world: Many, here: Bystander) -> None:
    """A single line says why."""
    done = await untouched(here, await drawn_for_acme(world), search_all)
    assert [[it["text"]["text"] for it in said["options"]] for _, said in done] == [
        [messages.Notice.FOREIGN_LIST.text]
    ] * len(done)
    assert len(done) > 10


async def test_no_form_can_be_submitted_elsewhere(world: Many, here: Bystander) -> None:
    """Nothing is sent or saved; the form stays underneath."""
    done = await untouched(here, await drawn_for_acme(world), submit_all)
    silent = [
        (name, said)
        for name, said in done
        if not any(it in said for it in FOREIGN) and name not in HARMLESS
    ]
    assert silent == []
    assert {name for name, _ in done} >= {
        "form:rootly.incident",
        "form:rootly.action_item",
        "who_may",
        "settings",
    }


async def test_what_is_asked_for_anew_shows_nothing_of_another_workspace(
    world: Many, here: Bystander
) -> None:
    """Commands, shortcuts, Home: the same person, channel and message ids name nothing of Acme's."""
    await rows_of(world)
    slack = here.slack
    before = await here.dump()
    for command in ("/incident", "/action-item", "/workflow-task", "/vendors"):
        outcome = await slack.command(ADMIN, CHANNEL, command)
        assert outcome.ok
    await slack.open_home(ADMIN)
    card = slack.state.bot_message({"text": "A card"}, ts="1.5")
    slack.state.world.say(slack.channels[CHANNEL], card)
    for it in (
        "declare_incident_from_message",
        "add_action_item_from_message",
        "add_action_items_from_message",
    ):
        assert (await slack.message_shortcut(ADMIN, CHANNEL, "1.5", it)).ok
    told = json.dumps(
        [slack.ephemerals, slack.state.views.homes[ADMIN].body, slack.views(ADMIN)], default=str
    )
    assert await here.dump() == before
    for word in (CANARY, ACME.id, "SEV1"):
        assert word not in told + here.sent()


async def test_another_enterprise_with_the_same_team_id_is_another_workspace(world: Many) -> None:
    """The enterprise is part of the name, whatever Slack's ids look like."""
    [row, *_] = await rows_of(world)
    assert (
        await world.bot.services.delivery.deliveries.find(
            workspace_of(ACME)._replace(enterprise="E0OTHER"), row.key
        )
        is None
    )
    assert workspace_of(DUCHY).enterprise


@pytest.mark.parametrize(
    "named",
    [ACME, BOLT, data.Team("T0STRANGERS", "Strangers", "strangers")],
    ids=lambda it: it.name,
)
async def test_people_of_another_company_press_our_buttons(world: Many, named: data.Team) -> None:
    """In a channel that both share: whichever workspace Slack names for the click, they are told a
    "no", and nothing is changed."""
    await rows_of(world)
    drawn, here = await drawn_for_acme_messages(world), Bystander(world, ACME)
    acme, asked = here.slack, world.platform.workspaces.get(named.id, here.slack)
    person = acme.people[STRANGER] = replace(acme.people[ADMIN], id=STRANGER, team_id="T0STRANGERS")
    before = await here.dump()
    for blocks in drawn:
        here.post(blocks)
        channel = acme.channels[CHANNEL]
        for payload in clicks(acme, person, channel):
            acme.ephemerals.clear()
            asked.state.views.stacks.pop(STRANGER, None)
            trigger = asked.state.triggers.issue(STRANGER)
            told = payload | {
                "team": {"id": named.id, "domain": named.domain},
                "trigger_id": trigger,
            }
            assert (await acme.transport.send("interactive", told)).status == 200
            said = [it["text"] for _, who, it in acme.ephemerals if who == STRANGER]
            said += [json.dumps(it["blocks"]) for it in asked.views(STRANGER)]
            assert len(said) == 1, payload["actions"]
            assert _is_a_no(said[0]), (payload["actions"], said)
            assert CANARY not in said[0]
    assert await here.dump() == before


def clicks(slack: SlackStandIn, person: Person, channel: Channel) -> Iterator[dict[str, Any]]:
    """What Slack sends for each button of the channel's last message."""
    message = channel.messages[-1]
    for block, it in elements(message["blocks"]):
        if not LINK.match(it["action_id"]):
            names = {"block_id": block["block_id"], "action_id": it["action_id"]}
            used = (
                {"type": "button", "value": it["value"]}
                if it["type"] == "button"
                else {"type": it["type"], "selected_option": it["options"][-1]}
            )
            yield slack.payloads.message_action(person, channel, message, {**used, **names}, {})


NOES = (
    messages.Notice.SOMEBODY_ELSES.text,
    "eople from other workspaces",
    "Only workspace admins",
    "another workspace",
    "isn't installed in your workspace",
)


def _is_a_no(said: str) -> bool:
    return any(no in said for no in NOES)


async def drawn_for_acme_messages(world: Many) -> list[list[dict[str, Any]]]:
    """The cards in every state, and the answer to `/vendors`."""
    slack, services, workspace = world.slack(ACME), world.bot.services, workspace_of(ACME)
    adapter, operation = services.operations.find("rootly.incident")
    rows = [await services.delivery.deliveries.find(workspace, key) for key in STATES]
    cards = [messages.card(row, adapter, operation)["blocks"] for row in rows if row is not None]
    await slack.command(ADMIN, CHANNEL, "/vendors")
    return [*cards, slack.ephemerals[-1][2]["blocks"]]
