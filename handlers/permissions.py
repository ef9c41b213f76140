"""The form "Permissions", in which a workspace's admins set permissions."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bot import messages
from bot.adapters.base import Entry, Kind
from bot.catalogs.search import matches
from bot.catalogs.service import Answer
from bot.forms.parse import chosen
from bot.forms.sentences import NOT_CHOSEN
from bot.language import _
from bot.messages import PermissionNotice
from bot.services import Services
from bot.slack.user_groups import Group, Listed
from bot.workspace import Workspace
from handlers.button_presses import on_press
from handlers.interaction import Interaction
from handlers.options import notice, option, under
from handlers.replies import note
from handlers.view_state import ForeignError, RefusedError, Screen, State, screen_of

log = structlog.get_logger(__name__)

Reply = dict[str, Any]


class FormState(State):
    """The form's state: its workspace, and the rules that it showed, by operation.

    Only a rule that was changed in the form is saved. Another admin may have the same form open,
    and a rule that nobody changed keeps the default.
    """

    shown: dict[str, str]


@on_press
async def open_form(interaction: Interaction) -> None:
    """Open the form, after the "Permissions" button below `/vendors` or on App Home."""
    services, workspace = interaction.services, interaction.pressed().workspace
    listed = await _check_admin(interaction, workspace)
    kinds = await _kinds(services, workspace)
    if not kinds:
        raise RefusedError(PermissionNotice.NOTHING_TO_DECIDE.text)
    rules = await services.access.rules(workspace, kinds)
    state = FormState(enterprise=workspace.enterprise, team=workspace.team, shown=rules)
    words = _in_words(services, rules, listed)
    if not await interaction.show(
        messages.who_may_form(words, state.model_dump_json(), str(listed.problem or ""))
    ):
        raise RefusedError(messages.Notice.WINDOW_NOT_OPENED.text)


async def suggest(ack: AsyncAck, payload: dict[str, Any], interaction: Interaction) -> None:
    """Answer with the options of a select: the matching roles, and the workspace's user groups."""
    try:
        workspace = interaction.state(FormState).workspace
    except ForeignError:
        await ack(options=[notice(messages.Notice.FOREIGN_LIST.text)])
        return
    query = str(payload.get("value") or "")
    words = [
        Entry(id=who, label=_(label), detail=_(messages.WHO_HINTS[who]))
        for who, label in messages.WHO.items()
    ]
    found = matches(words, query, len(words))
    groups = interaction.services.slack.user_groups
    await ack(**_offered(found, await groups.search(interaction.client, workspace, query)))


def _offered(words: Sequence[Entry], groups: Answer) -> Reply:
    """Return roles and user groups, each under its own heading."""
    heading = PermissionNotice.GROUPS.text
    made = (
        [under(PermissionNotice.BY_ROLE.text, [option(entry) for entry in words])] if words else []
    )
    if groups.entries:
        made.append(under(groups.notice or heading, [option(entry) for entry in groups.entries]))
    elif groups.notice:
        made.append(under(heading, [notice(groups.notice)]))
    return {"option_groups": made} if made else {"options": []}


async def save(ack: AsyncAck, interaction: Interaction) -> None:
    """Save the submitted form: all changes or none."""
    await ack(**await _save(interaction))


async def _save(interaction: Interaction) -> Reply:
    services = interaction.services
    try:
        state = interaction.state(FormState)
        listed = await _check_admin(interaction, state.workspace)
        kinds = await _kinds(services, state.workspace)
        shown = {name: who for name, who in state.shown.items() if name in kinds}
        decided, errors = _read(screen_of(interaction.view), shown, listed)
        if errors:
            return {"response_action": "errors", "errors": errors}
        await services.access.decide(state.workspace, decided, interaction.user)
        rules = await services.access.rules(state.workspace, kinds)
    except ForeignError:
        return note(messages.not_saved(messages.Notice.GONE.text))
    except RefusedError as error:
        return note(messages.not_saved(str(error)))
    except sqlite3.Error as error:
        log.error("permissions.not_saved", error=type(error).__name__)
        return note(messages.not_saved(messages.Notice.CLICK_FAILED.text))
    log.info(
        "permissions.changed",
        team=state.workspace.team,
        by=interaction.user,
        operations=sorted(decided),
    )
    view = messages.who_may_now(_in_words(services, rules, listed))
    return {"response_action": "update", "view": view}


def _read(
    screen: Screen, shown: Mapping[str, str], listed: Listed
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the changed rules by operation, and the errors by block id.

    Only a group that Slack lists can be selected. A rule as it was shown may stay even if Slack
    does not answer or the group is gone.
    """
    found, errors = dict[str, str](), dict[str, str]()
    usable = {group.id for group in listed.usable}
    for name, before in shown.items():
        block_id = f"{messages.WHO_PREFIX}{name}"
        who = next(iter(chosen(screen, block_id, messages.WHO_ACTION)), "")
        if who in messages.WHO or who in usable:
            found |= {name: who} if who != before else {}
        elif who != before:
            errors[block_id] = (
                str(listed.problem or PermissionNotice.GROUP_GONE.text) if who else _(NOT_CHOSEN)
            )
    return found, errors


async def _check_admin(interaction: Interaction, workspace: Workspace) -> Listed:
    """Return the workspace's user groups. Raises `RefusedError` for a person who is no admin.

    Slack is asked for both at once, and about the person even if it answered some minutes ago.
    """
    _, listed = await asyncio.gather(
        interaction.admin(workspace, PermissionNotice.ONLY_ADMINS.text),
        interaction.services.slack.user_groups.listed(interaction.client, workspace),
    )
    return listed


async def _kinds(services: Services, workspace: Workspace) -> dict[str, Kind]:
    """Return the operations of the connected vendors, with the kind of each."""
    connected = await services.connections.store.vendors(workspace)
    return {
        f"{adapter.vendor}.{operation.name}": operation.kind
        for adapter in services.operations.adapters.values()
        if adapter.vendor in connected
        for operation in adapter.operations
    }


def _in_words(services: Services, rules: Mapping[str, str], listed: Listed) -> list[messages.Rule]:
    """Return the rules as people read them. A group that Slack does not list is shown by its id."""
    made = []
    for name, who in rules.items():
        adapter, operation = services.operations.find(name)
        group = listed.groups.get(who, Group(who, who, gone=not listed.problem))
        words = messages.role(who) or group.words
        made.append(messages.Rule(name, f"{adapter.label}: {operation.label}", who, words))
    return made
