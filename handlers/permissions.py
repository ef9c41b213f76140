"""The form "Who may use what", in which a workspace's admins set permissions."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.adapters.base import Entry, Kind
from bot.catalogs.search import best, folded
from bot.catalogs.service import Answer
from bot.forms.parse import chosen
from bot.forms.sentences import NOT_CHOSEN
from bot.services import Services
from bot.slack.user_groups import Group, Listed
from bot.workspace import Workspace
from handlers.button_presses import Listener, NotDoneError, Press, listener
from handlers.options import notice, option, under
from handlers.view_state import ForeignError, Screen, State, belongs, screen_of, state_in

log = structlog.get_logger(__name__)

Body = dict[str, Any]
Reply = dict[str, Any]

GROUPS = "User groups"


class FormState(State):
    """The form's state: its workspace, and the rules that it showed, by operation.

    Only a rule that was changed in the form is saved. Another admin may have the same form open,
    and a rule that nobody changed keeps the default.
    """

    shown: dict[str, str]


def open_form() -> Listener:
    """Return the listener of the "Who may use what" button, below `/vendors` or on App Home."""
    return listener(_open)


async def _open(press: Press) -> None:
    services, handle = press.services, press.handle
    if handle is None or not belongs(handle.workspace, press.context):
        raise NotDoneError(messages.GONE)
    workspace = handle.workspace
    no, listed = await _asked(press.client, press.context, services, workspace)
    kinds = await _kinds(services, workspace)
    if no or not kinds:
        raise NotDoneError(no or messages.NOTHING_TO_DECIDE)
    rules = await services.access.rules(workspace, kinds)
    state = FormState(enterprise=workspace.enterprise, team=workspace.team, shown=rules)
    if not await press.show(
        messages.who_may_form(_in_words(services, rules, listed), state.model_dump_json())
    ):
        raise NotDoneError(messages.NOT_OPENED)


async def suggest(
    ack: AsyncAck,
    payload: dict[str, Any],
    body: Body,
    client: AsyncWebClient,
    context: AsyncBoltContext,
    services: Services,
) -> None:
    """Answer with the options of a select: the matching roles, and the workspace's user groups."""
    try:
        workspace = state_in(body.get("view") or {}, FormState, context).workspace
    except ForeignError:
        await ack(options=[notice(messages.FOREIGN_LIST)])
        return
    query = str(payload.get("value") or "")
    words = [
        Entry(id=who, label=label, detail=messages.WHO_HINTS[who])
        for who, label in messages.WHO.items()
    ]
    found = best(words, [folded(it) for it in words], query, len(words))
    await ack(**_offered(found, await services.slack.user_groups.search(client, workspace, query)))


def _offered(words: Sequence[Entry], groups: Answer) -> Reply:
    """Return roles and user groups, each under its own heading."""
    made = [under("By role", [option(entry) for entry in words])] if words else []
    if groups.entries:
        made.append(under(groups.notice or GROUPS, [option(entry) for entry in groups.entries]))
    elif groups.notice:
        made.append(under(GROUPS, [notice(groups.notice)]))
    return {"option_groups": made} if made else {"options": []}


async def save(
    ack: AsyncAck,
    view: dict[str, Any],
    client: AsyncWebClient,
    context: AsyncBoltContext,
    services: Services,
) -> None:
    """Save the submitted form: all changes or none."""
    await ack(**await _save(view, client, context, services))


async def _save(
    view: Mapping[str, Any], client: AsyncWebClient, context: AsyncBoltContext, services: Services
) -> Reply:
    try:
        state, user = state_in(view, FormState, context), str(context.user_id or "")
        workspace = state.workspace
        no, listed = await _asked(client, context, services, workspace)
        if no:
            return _note(messages.not_saved(no))
        kinds = await _kinds(services, workspace)
        decided, errors = _read(
            screen_of(view),
            {name: state.shown[name] for name in kinds if name in state.shown},
            listed,
        )
        if errors:
            return {"response_action": "errors", "errors": errors}
        await services.access.decide(workspace, decided, user)
        rules = await services.access.rules(workspace, kinds)
    except ForeignError:
        return _note(messages.not_saved(messages.GONE))
    except sqlite3.Error as error:
        log.error("permissions.not_saved", error=type(error).__name__)
        return _note(messages.not_saved(messages.CLICK_FAILED))
    log.info("permissions.changed", team=workspace.team, by=user, operations=sorted(decided))
    return {
        "response_action": "update",
        "view": messages.who_may_now(_in_words(services, rules, listed)),
    }


def _read(
    screen: Screen, shown: Mapping[str, str], listed: Listed
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the changed rules by operation, and the errors by block id.

    Only a group that Slack lists can be selected. A rule as it was shown may stay even if Slack
    does not answer or the group is gone.
    """
    found: dict[str, str] = {}
    errors: dict[str, str] = {}
    usable = {group.id for group in listed.usable}
    for name, before in shown.items():
        block_id = f"{messages.WHO_PREFIX}{name}"
        who = next(iter(chosen(screen, block_id, messages.WHO_ACTION)), "")
        if who in messages.WHO or who in usable:
            found |= {name: who} if who != before else {}
        elif who != before:
            errors[block_id] = (listed.problem or messages.WHO_GONE) if who else NOT_CHOSEN
    return found, errors


async def _asked(
    client: AsyncWebClient, context: AsyncBoltContext, services: Services, workspace: Workspace
) -> tuple[str, Listed]:
    """Return why this person may not decide (empty if allowed), and the workspace's groups.

    Slack is asked for both at once, and about the person even if it answered some minutes ago.
    """
    user = str(context.user_id or "")
    person, listed = await asyncio.gather(
        services.slack.people.person(client, workspace, user, fresh=True),
        services.slack.user_groups.listed(client, workspace),
    )
    if person.role == "unknown":
        return messages.not_checked(person.problem), listed
    return ("" if person.role == "admin" else messages.ONLY_ADMINS_DECIDE), listed


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
        words = messages.WHO.get(who, group.words)
        made.append(messages.Rule(name, f"{adapter.label}: {operation.label}", who, words))
    return made


def _note(view: messages.View) -> Reply:
    """Answer with a note on top of the form, which stays open underneath."""
    return {"response_action": "push", "view": view}
