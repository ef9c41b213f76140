"""App Home: a person's latest deliveries, and for admins the connected tools."""

import json
from hashlib import sha256
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.forms.render import Block
from bot.services import Services
from bot.slack.errors import NOT_DONE, said
from bot.workspace import Workspace
from handlers import vendors
from handlers.interaction import Interaction

log = structlog.get_logger(__name__)


async def opened(event: dict[str, Any], interaction: Interaction) -> None:
    """Publish App Home when a person opens it. Bolt acknowledges events by itself."""
    if event.get("tab") == "home" and interaction.user:
        interaction.services.slack.homes.opened(interaction.workspace, interaction.user)
        await publish(
            interaction.services, interaction.client, interaction.workspace, interaction.user
        )


async def publish(
    services: Services, client: AsyncWebClient, workspace: Workspace, user: str
) -> None:
    """Publish the person's App Home from the current rows.

    If Slack refuses the view, the next opening publishes it again.
    """
    try:
        await draw(services, client, workspace, user)
    except NOT_DONE as error:
        log.warning("home.not_published", error=said(error))


async def draw(
    services: Services,
    client: AsyncWebClient,
    workspace: Workspace,
    user: str,
    *,
    if_changed: bool = False,
) -> None:
    """Publish the person's App Home; with `if_changed` only if it does not show the same already.

    Raises an exception of `NOT_DONE`.
    """
    shown = await _shown(services, workspace, user)
    person = await services.slack.people.person(client, workspace, user)
    is_admin = person.role == "admin"
    tools: list[Block] = []
    if is_admin:
        text, buttons = await vendors.tools_for(services, workspace, person)
        tools = [*messages.sections(text), *buttons]
    view = messages.home(shown, messages.to_try(), tools=tools)
    digest = sha256(json.dumps(view, sort_keys=True).encode()).digest()
    homes = services.slack.homes
    if if_changed and homes.shows(workspace, user, digest):
        return
    await client.views_publish(user_id=user, view=view)
    homes.drawn(workspace, user, digest, shows_tools=is_admin)


async def _shown(
    services: Services, workspace: Workspace, user: str
) -> list[messages.RenderedDelivery]:
    """Return the person's latest deliveries, newest first."""
    shown = []
    for row in await services.delivery.history.of_person(workspace, user, messages.ON_HOME):
        try:
            shown.append(
                messages.RenderedDelivery(row, *services.operations.find(row.operation_name))
            )
        except KeyError:
            # An older or newer version of the bot made this delivery with an operation that is
            # unknown here.
            log.info("home.operation_unknown", delivery=row.key)
    return shown
