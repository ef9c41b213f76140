"""App Home: what a person sent last, and what can be done about it; for admins, the tools and their buttons too."""

from typing import Any

import structlog
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.relay import Relay
from bot.slack.errors import NOT_DONE, said
from bot.storage import Workspace
from handlers import vendors
from handlers.states import workspace_of

log = structlog.get_logger(__name__)


async def opened(event: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext, relay: Relay) -> None:
    """A person looks at the bot's Home. Bolt acknowledges events by itself."""
    if event.get("tab") == "home" and context.user_id:
        await publish(relay, client, workspace_of(context), str(context.user_id))


async def publish(relay: Relay, client: AsyncWebClient, workspace: Workspace, user: str) -> None:
    """Draw that person's Home as things stand. What Slack does not take is drawn when it is opened next."""
    rows = await relay.archive.of_person(workspace, user, messages.ON_HOME)
    shown = []
    for row in rows:
        try:
            shown.append(messages.Shown(row, *relay.find(f"{row.vendor}.{row.operation}")))
        except KeyError:  # made by an operation that this version does not have any more
            log.info("home.unknown_operation", delivery=row.key)
    person = await relay.people.person(client, workspace, user)
    tools = (await vendors.tools_for(relay, workspace, person, "/vendors")).blocks if person.role == "admin" else []
    try:
        await client.views_publish(user_id=user, view=messages.home(shown, messages.TO_TRY, tools=tools))
    except NOT_DONE as error:
        log.warning("home.not_published", error=said(error))
