"""App Home: a person's latest deliveries, and for admins the connected tools."""

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
        await publish(
            interaction.services, interaction.client, interaction.workspace, interaction.user
        )


async def publish(
    services: Services, client: AsyncWebClient, workspace: Workspace, user: str
) -> None:
    """Publish the person's App Home from the current rows.

    If Slack refuses the view, the next opening publishes it again.
    """
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
    person = await services.slack.people.person(client, workspace, user)
    tools: list[Block] = []
    if person.role == "admin":
        text, buttons = await vendors.tools_for(services, workspace, person)
        tools = [*messages.sections(text), *buttons]
    try:
        await client.views_publish(
            user_id=user, view=messages.home(shown, messages.to_try(), tools=tools)
        )
    except NOT_DONE as error:
        log.warning("home.not_published", error=said(error))
