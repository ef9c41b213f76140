"""`/vendors`, and the buttons with which an admin connects tools.

Each button hands out a link to a page of the bot. Credentials never pass through Slack: that page
takes them (`bot.web.connect`).
"""

from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bot import messages
from bot.delivery.store.queue import Waiting
from bot.forms.render import Block
from bot.language import LANGUAGES
from bot.services import Services
from bot.slack.people import Person
from bot.workspace import Workspace
from handlers.button_presses import on_press
from handlers.interaction import Interaction
from handlers.view_state import RefusedError

log = structlog.get_logger(__name__)


LATEST = 3
"""The number of changes that admins see below `/vendors`."""


async def command(ack: AsyncAck, command: dict[str, Any], interaction: Interaction) -> None:
    """Answer `/vendors` with the workspace's connections and their health.

    Admins also get the buttons to change them. With "help" after the command, answer with an
    explanation.
    """
    if str(command.get("text") or "").strip().casefold() == "help":
        await ack(messages.VendorsNotice.ABOUT.text)
        return
    workspace = interaction.workspace
    person = await interaction.person(workspace)
    text, buttons = await tools_for(interaction.services, workspace, person)
    blocks = [*messages.sections(text), *buttons]
    await (ack(text=text, blocks=blocks) if buttons else ack(text))


async def tools_for(
    services: Services, workspace: Workspace, person: Person
) -> tuple[str, list[Block]]:
    """Return the answer to `/vendors` for this person: its text in mrkdwn, and an admin's buttons.

    There are no buttons for others.
    """
    health, pages = await _health(services, workspace), bool(services.connections.public_url)
    connected = [connection.adapter for connection in health]
    unconnected = [
        adapter for adapter in services.operations.adapters.values() if adapter not in connected
    ]
    buttons = (
        messages.admins_buttons(workspace, connected, unconnected, pages=pages)
        if person.role == "admin"
        else []
    )
    if not pages:
        how = messages.by_command([*unconnected, *connected], workspace)
    elif person.role == "admin":
        how = messages.VendorsNotice.PRESS_ONE.text
    elif person.role == "unknown":
        how = messages.not_checked(person.problem)
    else:
        how = messages.VendorsNotice.ASK_AN_ADMIN.text
    if buttons:
        language = await services.slack.readers.language(workspace)
        buttons = [*buttons, messages.language_block(workspace, language)]
    events = await services.connections.audit.of(workspace, LATEST) if buttons else []
    latest = messages.latest_changes(events, services.operations.adapters)
    text = messages.vendors(health, unconnected, how)
    return "\n".join(filter(None, [text, latest])), buttons


async def _health(services: Services, workspace: Workspace) -> list[messages.Health]:
    waiting = await services.delivery.deliveries.waiting(workspace)
    doubts = await services.delivery.deliveries.in_doubt(workspace)
    health = []
    for connection in await services.connections.store.of(workspace):
        adapter = services.operations.adapters.get(connection.vendor)
        if adapter is None:  # of another version of the bot
            continue
        count, details = waiting.get((connection.vendor, connection.account), Waiting())
        age, problem = await services.catalogs.condition(workspace, connection.vendor)
        problem = messages.sentence(details, adapter.label) or problem
        health.append(
            messages.Health(
                connection, adapter, age, count, problem, doubts.get(connection.vendor, 0)
            )
        )
    return health


@on_press
async def choose_language(interaction: Interaction) -> None:
    """Set the language of the workspace's cards and notices, for an admin who selected it."""
    workspace, language = interaction.pressed()
    if language not in LANGUAGES:
        raise RefusedError(messages.Notice.GONE.text)
    await interaction.admin(workspace, messages.VendorsNotice.ONLY_ADMINS.text)
    await interaction.services.slack.readers.choose(workspace, language)
    await interaction.say(messages.language_chosen(language))


@on_press
async def hand_out_link(interaction: Interaction) -> None:
    """Open a window with a fresh link to the page, for an admin who pressed "Connect Acme"."""
    try:
        view = await _window(interaction)
    except RefusedError as error:
        view = messages.told(str(error))
    if not await interaction.show(view):
        raise RefusedError(messages.Notice.WINDOW_NOT_OPENED.text)


async def _window(interaction: Interaction) -> messages.View:
    """Return the window with the link. Raises `RefusedError` if there is none."""
    services, (workspace, vendor) = interaction.services, interaction.pressed()
    adapter = services.operations.adapters.get(vendor)
    if adapter is None:
        raise RefusedError(messages.Notice.GONE.text)
    person = await interaction.admin(workspace, messages.VendorsNotice.ONLY_ADMINS.text)
    if not services.connections.public_url:
        raise RefusedError(messages.VendorsNotice.NO_PAGES.text)
    team = interaction.body.get("team") or {}
    token = await services.connections.setup_links.make(
        workspace,
        vendor,
        actor=person.slack_id,
        actor_name=person.name,
        workspace_name=str(team.get("name") or team.get("domain") or workspace.team)[:100],
        locale=person.locale,
    )
    connected = vendor in await services.connections.store.vendors(workspace)
    log.info("setup_link.created", team=workspace.team, vendor=vendor, by=person.slack_id)
    return messages.way_to_page(
        adapter, f"{services.connections.public_url}/connect/{token}", connected=connected
    )
