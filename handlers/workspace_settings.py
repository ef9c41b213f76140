"""The form "Settings", in which a workspace's admins change how the bot behaves there."""

import sqlite3
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bot import messages
from bot.delivery.model import LATE_FIELD
from bot.forms.parse import chosen, conversations
from bot.forms.shape import places
from bot.messages.settings import (
    FIRST_PREFIX,
    LATE_PREFIX,
    MOST_CHANNELS,
    SETTING_ACTION,
    WHOLE_CARDS_BLOCK,
    FirstScreen,
    LateField,
    settings_form,
    settings_saved,
)
from bot.services import FIRST_SCREEN, NO_FIELDS
from bot.slack.channels import WHOLE_CARDS
from bot.slack.scopes import PRIVATE_CHANNELS, lacking
from bot.workspace import Workspace
from handlers.button_presses import on_press
from handlers.interaction import Interaction
from handlers.replies import note
from handlers.view_state import ForeignError, RefusedError, Screen, State, screen_of

log = structlog.get_logger(__name__)


class SettingsState(State):
    """The form's state: its workspace, and the settings that it showed.

    Only what was changed in the form is saved, because another admin may have it open as well.
    """

    late: dict[str, str]
    channels: list[str]
    first: dict[str, list[str]] = {}


@on_press
async def open_form(interaction: Interaction) -> None:
    """Open the form, after the "Settings" button below `/vendors` or on App Home."""
    workspace = interaction.pressed().workspace
    await interaction.admin(workspace, messages.VendorsNotice.ONLY_ADMINS.text)
    stored = await interaction.services.connections.settings.of(workspace)
    late_fields = await _late_fields(interaction, workspace, stored)
    first_screens = await _first_screens(interaction, workspace)
    channels = sorted(
        name.removeprefix(WHOLE_CARDS) for name in stored if name.startswith(WHOLE_CARDS)
    )[:MOST_CHANNELS]
    state = SettingsState(
        enterprise=workspace.enterprise,
        team=workspace.team,
        late={choice.operation: choice.selected for choice in late_fields},
        channels=channels,
        first={choice.operation: list(choice.selected) for choice in first_screens},
    )
    may_ask = await _may_ask(interaction, workspace)
    view = settings_form(
        first_screens,
        late_fields,
        channels,
        state.model_dump_json(),
        "" if may_ask else str(lacking(PRIVATE_CHANNELS)),
    )
    if not await interaction.show(view):
        raise RefusedError(messages.Notice.WINDOW_NOT_OPENED.text)


async def _may_ask(interaction: Interaction, workspace: Workspace) -> bool:
    """Return whether the app may ask Slack about private channels."""
    authorized = interaction.context.authorize_result
    granted = authorized.bot_scopes if authorized else None
    scopes = interaction.services.slack.scopes
    return await scopes.include(PRIVATE_CHANNELS, interaction.client, workspace, granted)


async def _late_fields(
    interaction: Interaction, workspace: Workspace, stored: Mapping[str, str]
) -> list[LateField]:
    """Return the choices of the connected vendors. A field that the vendor does not list any more
    is not selected."""
    services, found = interaction.services, []
    connected = await services.connections.store.vendors(workspace)
    for adapter in services.operations.adapters.values():
        for operation in adapter.operations:
            if adapter.vendor not in connected or not operation.picks_late_field:
                continue
            name = f"{adapter.vendor}.{operation.name}"
            custom = await services.operations.custom(workspace, name)
            options = [(field.id, field.name) for field in custom if field.kind == "datetime"]
            selected = stored.get(f"{LATE_FIELD}{name}", "")
            if selected not in dict(options):
                selected = ""
            if options:
                label = f"{adapter.label}: {operation.label}"
                found.append(LateField(name, label, options, selected))
    return found


async def _first_screens(interaction: Interaction, workspace: Workspace) -> list[FirstScreen]:
    """Return the choices for the forms that have something behind "More fields"."""
    operations, found = interaction.services.operations, []
    for adapter, operation in await operations.choices(workspace, "incident"):
        name = f"{adapter.vendor}.{operation.name}"
        optional = {
            place.block_id: place.field
            for place in places(await operations.form(workspace, name, None), name)
            if place.field.form is None and not place.field.required
        }
        options = [(block_id, field.title) for block_id, field in optional.items()]
        first = await operations.first_screen(workspace, name)
        selected = [
            block_id
            for block_id, field in optional.items()
            if (not field.advanced if first is None else block_id in first)
        ]
        found.append(FirstScreen(name, f"{adapter.label}: {operation.label}", options, selected))
    return found


async def save(ack: AsyncAck, interaction: Interaction) -> None:
    """Save the submitted form: all changes or none."""
    await ack(**await _save(interaction))


async def _save(interaction: Interaction) -> dict[str, Any]:
    try:
        state = interaction.state(SettingsState)
        await interaction.admin(state.workspace, messages.VendorsNotice.ONLY_ADMINS.text)
        changes = _changes(state, screen_of(interaction.view))
        settings = interaction.services.connections.settings
        await settings.change(state.workspace, changes, interaction.user)
    except ForeignError:
        return note(messages.not_saved(messages.Notice.GONE.text))
    except RefusedError as error:
        return note(messages.not_saved(str(error)))
    except sqlite3.Error as error:
        log.error("settings.not_saved", error=type(error).__name__)
        return note(messages.not_saved(messages.Notice.CLICK_FAILED.text))
    log.info(
        "settings.changed",
        team=state.workspace.team,
        by=interaction.user,
        settings=sorted(changes),
    )
    return {"response_action": "update", "view": settings_saved()}


def _changes(state: SettingsState, screen: Screen) -> dict[str, str]:
    """Return the changed settings; an empty value brings the default back."""
    changes: dict[str, str] = {}
    for operation, shown in state.late.items():
        block_id = f"{LATE_PREFIX}{operation}"
        picked = next(iter(chosen(screen, block_id, SETTING_ACTION)), "")
        if picked != shown:
            changes[f"{LATE_FIELD}{operation}"] = picked
    for operation, before in state.first.items():
        now = sorted(chosen(screen, f"{FIRST_PREFIX}{operation}", SETTING_ACTION))
        if now != sorted(before):
            changes[f"{FIRST_SCREEN}{operation}"] = " ".join(now) or NO_FIELDS
    selected = set(conversations(screen, WHOLE_CARDS_BLOCK, SETTING_ACTION))
    for channel in selected ^ set(state.channels):
        changes[f"{WHOLE_CARDS}{channel}"] = "yes" if channel in selected else ""
    return changes
