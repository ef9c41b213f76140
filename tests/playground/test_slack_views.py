"""Modals in the stand-in open, change and close by Slack's rules."""

from typing import Any

import pytest

from bot.playground.slack import MissingError
from tests.playground.fake_bot import (
    JONAS,
    MAYA,
    PUBLIC,
    Workspace,
    modal,
    plain,
    text_input,
    typed,
)

FORM = modal(text_input("title"))
ACTION = {
    "type": "actions",
    "block_id": "more",
    "elements": [{"type": "button", "action_id": "go", "text": plain("Go")}],
}


async def trigger_from(workspace: Workspace, view_id: str) -> str:
    """A trigger id from a click in that view."""
    await workspace.slack.act(MAYA, view_id=view_id, block_id="more", action_id="go", action={})
    return str(workspace.bot.received[-1]["trigger_id"])


async def test_trigger_is_used_once(workspace: Workspace) -> None:
    """A trigger id opens one view."""
    trigger = await workspace.trigger()
    assert (await workspace.api("views.open", trigger_id=trigger, view=FORM))["ok"]
    again = await workspace.api("views.open", trigger_id=trigger, view=FORM)
    assert again == {"ok": False, "error": "exchanged_trigger_id"}
    assert len(workspace.slack.views(MAYA)) == 1


async def test_trigger_expires(workspace: Workspace) -> None:
    """A trigger id lasts three seconds."""
    early, late = await workspace.trigger(), await workspace.trigger()
    workspace.clock.now += 3
    assert (await workspace.api("views.open", trigger_id=early, view=FORM))["ok"]
    workspace.clock.now += 0.1
    reply = await workspace.api("views.open", trigger_id=late, view=FORM)
    assert reply == {"ok": False, "error": "expired_trigger_id"}


async def test_unknown_trigger(workspace: Workspace) -> None:
    """A trigger id that Slack did not give is refused."""
    reply = await workspace.api("views.open", trigger_id="1.2.abc", view=FORM)
    assert reply == {"ok": False, "error": "invalid_trigger_id"}


async def test_broken_view(workspace: Workspace) -> None:
    """A view that breaks a limit is refused and written down; the trigger id can still be used."""
    trigger = await workspace.trigger()
    reply = await workspace.api(
        "views.open", trigger_id=trigger, view={**FORM, "title": plain("x" * 25)}
    )
    assert (reply["ok"], reply["error"]) == (False, "invalid_arguments")
    assert [
        f"views.open: {text}" for text in reply["response_metadata"]["messages"]
    ] == workspace.slack.violations
    assert (await workspace.api("views.open", trigger_id=trigger, view=FORM))["ok"]


async def test_wrong_kind(workspace: Workspace) -> None:
    """A home tab cannot be opened as a modal, nor a text be a view."""
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    wrong = await workspace.api("views.open", trigger_id=await workspace.trigger(), view=home)
    assert wrong["response_metadata"] == {
        "messages": ["[ERROR] must be a modal [json-pointer:/view/type]"]
    }
    text = await workspace.api("views.open", trigger_id=await workspace.trigger(), view="[]")
    assert text["response_metadata"] == {
        "messages": ["[ERROR] must provide an object [json-pointer:/view]"]
    }


async def test_stack(workspace: Workspace) -> None:
    """Three views lie on one another at most; each knows the one below and the first."""
    first = await workspace.open(modal(ACTION))
    trigger = await trigger_from(workspace, first)
    second = (await workspace.api("views.push", trigger_id=trigger, view=modal(ACTION)))["view"]
    third = await workspace.api(
        "views.push", trigger_id=await trigger_from(workspace, second["id"]), view=modal(ACTION)
    )
    fourth_trigger = await trigger_from(workspace, third["view"]["id"])

    assert [
        (view["id"], view["previous_view_id"], view["root_view_id"])
        for view in workspace.slack.views(MAYA)
    ] == [
        (first, None, first),
        (second["id"], first, first),
        (third["view"]["id"], second["id"], first),
    ]
    for method in ("views.push", "views.open"):
        reply = await workspace.api(method, trigger_id=fourth_trigger, view=FORM)
        assert reply == {"ok": False, "error": "push_limit_reached"}


async def test_push_needs_a_modal(workspace: Workspace) -> None:
    """Nothing can be pushed onto a modal that is not there."""
    reply = await workspace.api("views.push", trigger_id=await workspace.trigger(), view=FORM)
    assert reply == {"ok": False, "error": "not_found"}


async def test_close_everything(workspace: Workspace) -> None:
    """Closing the whole stack tells the bot of each view that wants to know, the top first."""
    first = await workspace.open(modal(ACTION, notify_on_close=True))
    trigger = await trigger_from(workspace, first)
    second = (
        await workspace.api(
            "views.push", trigger_id=trigger, view=modal(ACTION, notify_on_close=True)
        )
    )["view"]
    del workspace.bot.received[:]
    await workspace.slack.close(MAYA, second["id"], everything=True)

    assert [
        (payload["view"]["id"], payload["is_cleared"]) for payload in workspace.bot.received
    ] == [
        (second["id"], True),
        (first, True),
    ]
    assert workspace.slack.views(MAYA) == []


async def test_hash(workspace: Workspace) -> None:
    """An update of a view that has changed in between is refused, where the bot gives the hash."""
    view_id = await workspace.open(FORM)
    old = workspace.slack.views(MAYA)[0]["hash"]
    fresh = await workspace.api("views.update", view_id=view_id, view=FORM, hash=old)
    assert fresh["ok"]
    assert fresh["view"]["hash"] != old
    stale = await workspace.api("views.update", view_id=view_id, view=FORM, hash=old)
    assert stale == {"ok": False, "error": "hash_conflict"}
    assert (await workspace.api("views.update", view_id=view_id, view=FORM))["ok"]


async def test_update_of_a_closed_view(workspace: Workspace) -> None:
    """A closed view is not found any more."""
    view_id = await workspace.open(FORM)
    await workspace.slack.close(MAYA, view_id)
    assert await workspace.api("views.update", view_id=view_id, view=FORM) == {
        "ok": False,
        "error": "not_found",
    }


async def test_external_id(workspace: Workspace) -> None:
    """A view can be updated by the id that the bot gave it, which no other open view may have."""
    named = {**FORM, "external_id": "mine"}
    await workspace.open(named)
    reply = await workspace.api("views.open", trigger_id=await workspace.trigger(), view=named)
    assert reply == {"ok": False, "error": "duplicate_external_id"}
    assert (
        await workspace.api(
            "views.update", external_id="mine", view={**named, "title": plain("New")}
        )
    )["ok"]
    assert workspace.slack.views(MAYA)[0]["title"]["text"] == "New"


async def test_kept_values(workspace: Workspace) -> None:
    """What was typed stays through an update where ids and type are unchanged; other inputs start
    with their own."""
    view_id = await workspace.open(modal(ACTION, text_input("title"), text_input("summary")))
    values = {**typed("title", "Checkout is down"), **typed("summary", "Since noon")}
    await workspace.slack.act(
        MAYA, view_id=view_id, block_id="more", action_id="go", action={}, values=values
    )
    changed = modal(
        text_input("title", initial_value="Not this"),
        text_input("details", initial_value="But this"),
    )
    await workspace.api("views.update", view_id=view_id, view=changed)

    expected = {**typed("title", "Checkout is down"), **typed("details", "But this")}
    assert workspace.slack.views(MAYA)[0]["state"] == {"values": expected}


INITIAL: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "number_input", "is_decimal_allowed": False, "initial_value": "3"}, {"value": "3"}),
    ({"type": "datepicker", "initial_date": "2026-11-21"}, {"selected_date": "2026-11-21"}),
    ({"type": "datetimepicker"}, {"selected_date_time": None}),
    ({"type": "multi_external_select"}, {"selected_options": []}),
    ({"type": "users_select", "initial_user": MAYA}, {"selected_user": MAYA}),
    ({"type": "multi_users_select"}, {"selected_users": []}),
    ({"type": "conversations_select"}, {"selected_conversation": None}),
    ({"type": "email_text_input"}, {"value": None}),
]


@pytest.mark.parametrize(("element", "value"), INITIAL, ids=lambda part: str(part.get("type", "")))
async def test_initial_values(
    workspace: Workspace, element: dict[str, Any], value: dict[str, Any]
) -> None:
    """An input's own initial value is in the state at once, under the name of its type."""
    block = {
        "type": "input",
        "block_id": "it",
        "label": plain("It"),
        "element": {**element, "action_id": "value"},
    }
    await workspace.open(modal(block))
    state = workspace.slack.views(MAYA)[0]["state"]
    assert state == {"values": {"it": {"value": {"type": element["type"], **value}}}}


async def test_missing_ids_are_made_up(workspace: Workspace) -> None:
    """A block or element without an id gets one, as in Slack."""
    await workspace.open(
        modal({"type": "input", "label": plain("It"), "element": {"type": "plain_text_input"}})
    )
    [view] = workspace.slack.views(MAYA)
    [block] = view["blocks"]
    assert list(view["state"]["values"]) == [block["block_id"]]
    assert list(view["state"]["values"][block["block_id"]]) == [block["element"]["action_id"]]


async def test_home(workspace: Workspace) -> None:
    """A home tab is published for one person, guarded by its hash."""
    home = {"type": "home", "blocks": [{"type": "divider", "block_id": "line"}]}
    first = await workspace.api("views.publish", user_id=MAYA, view=home)
    assert first["view"] == workspace.slack.home(MAYA)
    second = await workspace.api(
        "views.publish", user_id=MAYA, view=home, hash=first["view"]["hash"]
    )
    assert second["view"]["id"] == first["view"]["id"]
    stale = await workspace.api(
        "views.publish", user_id=MAYA, view=home, hash=first["view"]["hash"]
    )
    assert stale == {"ok": False, "error": "hash_conflict"}
    assert workspace.slack.home(JONAS) is None


async def test_a_home_is_checked_as_strictly_as_a_modal(workspace: Workspace) -> None:
    """What belongs to modals alone, nobody's home, and a home that the manifest does not have are
    all refused."""
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    titled = await workspace.api(
        "views.publish", user_id=MAYA, view={**home, "title": plain("Deliveries")}
    )
    assert titled["error"] == "invalid_arguments"
    assert titled["response_metadata"]["messages"][0].startswith("[ERROR] view.title")
    other = await workspace.api("views.publish", user_id=MAYA, view=modal(text_input("title")))
    assert other["response_metadata"]["messages"] == [
        "[ERROR] must be a home [json-pointer:/view/type]"
    ]
    nobody = await workspace.api("views.publish", user_id="U0", view=home)
    assert nobody["response_metadata"]["messages"] == ["[ERROR] user_id: no such person"]
    assert workspace.slack.home(MAYA) is None
    assert len(workspace.slack.violations) == 3


async def test_a_home_opens_modals_and_is_not_one(workspace: Workspace) -> None:
    """A button in it brings a trigger for a modal of its own stack; the home itself cannot be
    closed or submitted."""
    button = {"type": "button", "action_id": "again", "text": plain("Try again"), "value": "7"}
    home = {
        "type": "home",
        "blocks": [{"type": "actions", "block_id": "row", "elements": [button]}],
    }
    home_id = (await workspace.api("views.publish", user_id=MAYA, view=home))["view"]["id"]
    act = {
        "view_id": home_id,
        "block_id": "row",
        "action_id": "again",
        "action": {"type": "button"},
    }
    assert (await workspace.slack.act(MAYA, **act)).ok
    trigger = workspace.bot.received[-1]["trigger_id"]
    pushed = await workspace.api("views.push", trigger_id=trigger, view=FORM)
    opened = await workspace.api("views.open", trigger_id=trigger, view=FORM)
    assert (pushed["error"], opened["ok"], opened["view"]["previous_view_id"]) == (
        "not_found",
        True,
        None,
    )
    with pytest.raises(MissingError, match="cannot be closed"):
        await workspace.slack.close(MAYA, home_id)
    with pytest.raises(MissingError, match="no submit button"):
        await workspace.slack.submit(MAYA, home_id, {})
    with pytest.raises(MissingError, match="has no view"):
        await workspace.slack.act(JONAS, **act)


async def test_nobody_acts_on_what_is_not_there(workspace: Workspace) -> None:
    """A person cannot use a view of somebody else's, an input that is not there, or a button that
    is none."""
    view_id = await workspace.open(FORM)
    with pytest.raises(MissingError, match="has no view"):
        await workspace.slack.submit(JONAS, view_id, {})
    with pytest.raises(MissingError, match="no such input"):
        await workspace.slack.submit(MAYA, view_id, typed("summary", "?"))
    with pytest.raises(MissingError, match="sends nothing"):
        await workspace.slack.act(
            MAYA, view_id=view_id, block_id="title", action_id="value", action={}
        )
    with pytest.raises(MissingError, match="no message"):
        await workspace.slack.message_shortcut(MAYA, PUBLIC, "1.0", "declare")
    with pytest.raises(MissingError, match="no global shortcut"):
        await workspace.slack.shortcut(MAYA, "declare")
