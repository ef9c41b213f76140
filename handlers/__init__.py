"""The bot's Slack listeners.

`_listeners` is the table of all listeners, one line each. The functions are in the modules of this
package.
"""

import asyncio
import re
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltContext
from slack_bolt.response import BoltResponse

from bot import messages
from bot.delivery.states import DECISIONS, NAMING
from bot.messages.settings import SETTINGS
from bot.runtime.limiter import Limiter
from bot.services import Services
from bot.workspace import REQUESTS, Workspace
from handlers import (
    actions,
    buttons,
    commands,
    errors,
    events,
    finding,
    home,
    many_items,
    many_submitted,
    options,
    permissions,
    shortcuts,
    vendors,
    views,
    workspace_settings,
)
from handlers.interaction import Interaction
from handlers.payload_schema import is_slacks

Listener = Callable[..., Awaitable[Any]]
Listen = Callable[[Any], Callable[[Listener], object]]
"""A method of Bolt's app that registers a listener, such as `app.action`."""


def command(name: str) -> re.Pattern[str]:
    """Return the pattern of a command: `/name`, with or without an operator's prefix.

    An operator can add a prefix in the manifest (`/acme-name`).
    """
    return re.compile(rf"^/(?:[\w-]+-)?{name}$")


def _team(body: dict[str, Any]) -> Any:
    """Return the team id of an event of an organisation-wide installation.

    Bolt reads only the installation's ids, and there the team is missing.
    """
    view = body.get("view")
    return (view.get("team_id") if isinstance(view, dict) else None) or body.get("team_id")


def _begin(requests: Limiter[Workspace], workspace: Workspace) -> bool:
    """Count the request until its task ends. Return False if the workspace has too many."""
    if not requests.take(workspace):
        return False
    request = asyncio.current_task()
    assert request is not None  # noqa: S101  a coroutine runs in a task
    request.add_done_callback(lambda _: requests.give_back(workspace))
    return True


def register(app: AsyncApp, services: Services) -> None:
    """Register every listener of the bot on the app."""
    requests = Limiter[Workspace](sys.maxsize, REQUESTS, on_room=lambda: None)

    @app.middleware
    async def provide(
        body: dict[str, Any],
        context: AsyncBoltContext,
        next_: Callable[[], Awaitable[BoltResponse]],
    ) -> Any:
        if context.enterprise_id and context.team_id in (None, context.enterprise_id):
            context["team_id"] = _team(body) or context.team_id
        ids = (context.enterprise_id, context.team_id, context.user_id, context.channel_id)
        if not is_slacks(body) or not all(part is None or isinstance(part, str) for part in ids):
            return BoltResponse(status=400)
        interaction = Interaction(services, context.client, context, body, time.monotonic())
        if body.get("type") != "event_callback" and not _begin(requests, interaction.workspace):
            return await errors.too_many(body, context, context.client)
        # Bolt calls the listener after this function has returned, in the same task.
        await interaction.speak()
        context["interaction"] = interaction
        return await next_()

    app.error(errors.answer)
    for listen_to, name, listener in _listeners(app):
        listen_to(name)(listener)


def _listeners(app: AsyncApp) -> Sequence[tuple[Listen, str | re.Pattern[str], Listener]]:
    """Return the table of all listeners: each with its kind and the name that it listens to.

    Bolt tries them in this order, so the most frequent and the most urgent ones come first.
    """
    return (
        (app.view, re.compile(r"^form:"), views.submit),
        (app.options, "value", options.suggest),
        (app.options, messages.WHO_ACTION, permissions.suggest),
        (app.command, command("incident"), commands.form("incident")),
        (app.command, command("action-item"), commands.form("action_item")),
        (app.command, command("workflow-task"), commands.form("workflow_task")),
        (app.command, command("vendors"), vendors.command),
        (app.shortcut, "declare_incident", shortcuts.form("incident")),
        (app.shortcut, "add_action_item", shortcuts.form("action_item")),
        (app.shortcut, "add_workflow_task", shortcuts.form("workflow_task")),
        (app.shortcut, "declare_incident_from_message", shortcuts.form_from_message("incident")),
        (app.shortcut, "add_action_item_from_message", shortcuts.form_from_message("action_item")),
        (app.shortcut, "add_action_items_from_message", many_items.open_form),
        (app.view, re.compile(r"^many:"), many_submitted.submit),
        (app.view, "copied", actions.acknowledge),
        (app.view, "who_may", permissions.save),
        (app.view, SETTINGS, workspace_settings.save),
        (app.action, "value", actions.redraw),
        (app.action, "more", actions.redraw),
        (app.action, re.compile(r"^items_(more|tool)$"), many_items.redraw),
        (app.action, re.compile(r"^open(_\d|_vendor)?$"), actions.acknowledge),
        *((app.action, each, buttons.decide(each)) for each in DECISIONS if each not in NAMING),
        *((app.action, each, finding.decide(each)) for each in NAMING),
        (app.view, re.compile(rf"^{messages.FINDING}:"), finding.submit),
        (app.action, "edit", buttons.edit),
        (app.action, "copy", buttons.copy),
        (app.action, re.compile(r"^vendor_\w+$"), vendors.hand_out_link),
        (app.action, "who_may", permissions.open_form),
        (app.action, SETTINGS, workspace_settings.open_form),
        (app.action, "language", vendors.choose_language),
        (app.event, "app_home_opened", home.opened),
        (app.event, "app_uninstalled", events.uninstalled),
        (app.event, "tokens_revoked", events.revoked),
        (app.event, "team_access_revoked", events.teams_left),
    )
