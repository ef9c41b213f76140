"""`/vendors`, and the buttons with which an admin connects tools.

Each button hands out a link to a page of the bot. Credentials never pass through Slack: that page
takes them (`bot.web.connect`).
"""

from typing import Any, NamedTuple

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.delivery.store.queue import Waiting
from bot.services import Services
from bot.slack.people import Person
from bot.workspace import Workspace
from handlers.button_presses import Listener, NotDoneError, Press, listener
from handlers.view_state import belongs, workspace_of

log = structlog.get_logger(__name__)


LATEST = 3
"""The number of changes that admins see below `/vendors`."""


class Tools(NamedTuple):
    """The answer to `/vendors`: its text in mrkdwn, and the blocks with an admin's buttons.

    There are no buttons for others.
    """

    text: str
    buttons: list[dict[str, Any]]

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The text and the buttons as blocks."""
        return [*messages.sections(self.text), *self.buttons]


async def command(
    ack: AsyncAck,
    command: dict[str, Any],
    client: AsyncWebClient,
    context: AsyncBoltContext,
    services: Services,
) -> None:
    """Answer `/vendors` with the workspace's connections and their health.

    Admins also get the buttons to change them. With "help" after the command, answer with an
    explanation.
    """
    name = str(command.get("command") or messages.VENDORS)
    if str(command.get("text") or "").strip().casefold() == "help":
        await ack(messages.about_vendors(name))
        return
    workspace = workspace_of(context)
    person = await services.slack.people.person(client, workspace, str(context.user_id or ""))
    tools = await tools_for(services, workspace, person, name)
    await (ack(text=tools.text, blocks=tools.blocks) if tools.buttons else ack(tools.text))


async def tools_for(services: Services, workspace: Workspace, person: Person, name: str) -> Tools:
    """Return the answer for this person. `name` is the command's name, with any prefix."""
    health = await _health(services, workspace)
    connected = [it.adapter for it in health]
    unconnected = [it for it in services.operations.adapters.values() if it not in connected]
    admin = person.role == "admin"
    if not services.connections.public_url:
        how = messages.by_command([*unconnected, *connected], workspace)
    elif admin:
        how = messages.PRESS_ONE
    elif person.role == "unknown":
        how = f"I could not check whether you may connect tools. {person.problem}"
    else:
        how = messages.ask_an_admin(name)
    row = (
        messages.admins_buttons(
            workspace, connected, unconnected, pages=bool(services.connections.public_url)
        )
        if admin
        else []
    )
    events = await services.connections.audit.of(workspace, LATEST) if admin else []
    latest = messages.latest_changes(events, services.operations.adapters)
    text = messages.vendors(health, unconnected, how)
    return Tools("\n".join(filter(None, [text, latest])), row)


async def _health(services: Services, workspace: Workspace) -> list[messages.Health]:
    waiting, doubts = (
        await services.delivery.deliveries.waiting(workspace),
        await services.delivery.deliveries.in_doubt(workspace),
    )
    health = []
    for it in await services.connections.store.of(workspace):
        if it.vendor not in services.operations.adapters:  # of another version of the bot
            continue
        count, details = waiting.get((it.vendor, it.account), Waiting())
        adapter, undecided = services.operations.adapters[it.vendor], doubts.get(it.vendor, 0)
        sentence = messages.sentence(details, adapter.label)
        age, problem = await services.catalogs.condition(workspace, it.vendor)
        health.append(messages.Health(it, adapter, age, count, sentence or problem, undecided))
    return health


def hand_out_link() -> Listener:
    """The listener of "Connect Acme": a window with a fresh link to the page, for an admin."""
    return listener(_hand_out_link)


async def _hand_out_link(press: Press) -> None:
    if not await press.show(await _window(press)):
        raise NotDoneError(messages.NOT_OPENED)


async def _window(press: Press) -> messages.View:
    """Return the window with the link, or with the reason why there is none."""
    services, handle = press.services, press.handle
    if (
        handle is None
        or handle.key not in services.operations.adapters
        or not belongs(handle.workspace, press.context)
    ):
        return messages.told(messages.GONE)
    workspace, adapter = handle.workspace, services.operations.adapters[handle.key]
    person = await services.slack.people.person(press.client, workspace, press.user, fresh=True)
    if person.role == "unknown":
        return messages.told(f"I could not check whether you may do this. {person.problem}")
    if person.role != "admin":
        return messages.told(messages.ONLY_ADMINS)
    if not services.connections.public_url:
        return messages.told(messages.NO_PAGES)
    token = await services.connections.setup_links.make(
        workspace,
        adapter.vendor,
        actor=person.slack_id,
        actor_name=person.name,
        workspace_name=press.team_name or workspace.team,
    )
    connected = adapter.vendor in await services.connections.store.vendors(workspace)
    log.info("setup_link.created", team=workspace.team, vendor=adapter.vendor, by=person.slack_id)
    return messages.way_to_page(
        adapter, f"{services.connections.public_url}/connect/{token}", connected=connected
    )
