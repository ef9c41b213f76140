"""What the bot answers has the effect that it has in Slack; what breaks a rule is shown as trouble
and written down."""

import asyncio
from typing import Any
from unittest.mock import ANY

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.playground.slack import Outcome
from tests.playground.fake_bot import (
    JONAS,
    MAYA,
    PUBLIC,
    PUBLIC_WITHOUT_BOT,
    Workspace,
    modal,
    option,
    plain,
    shown,
    text_input,
    typed,
)

TROUBLE = "We had some trouble connecting. Try again?"
FORM = modal(text_input("title"), callback_id="form")
SECTION = {"type": "section", "block_id": "said", "text": plain("Hi")}


async def late(_: dict[str, Any]) -> Response:
    """Answer only after Slack has given up."""
    await asyncio.sleep(0.7)
    return Response()


def spoken(text: str, **more: Any) -> dict[str, Any]:
    own = {
        "user": "U06RELAY001",
        "bot_id": "B06RELAY001",
        "app_id": "A06RELAY001",
        "team": "T06QJ0B7N2W",
    }
    return {"type": "message", **own, "text": text, "ts": ANY, **more}


# --- commands


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (PlainTextResponse("Hi"), spoken("Hi", is_ephemeral=True)),
        (JSONResponse({"text": "Hi"}), spoken("Hi", is_ephemeral=True)),
        (
            JSONResponse({"text": "Hi", "blocks": [SECTION], "response_type": "ephemeral"}),
            spoken("Hi", blocks=[{**SECTION, "text": shown("Hi")}], is_ephemeral=True),
        ),
    ],
    ids=["text", "json", "blocks"],
)
async def test_command_answer(
    workspace: Workspace, answer: Response, message: dict[str, Any]
) -> None:
    """What the bot answers a command is shown to that person at once."""
    workspace.bot.answers.append(answer)
    assert await workspace.slack.command(MAYA, PUBLIC, "/incident") == Outcome(True, 200)
    assert workspace.slack.ephemerals == [(PUBLIC, MAYA, message)]


async def test_command_answer_for_all(workspace: Workspace) -> None:
    """An answer that is `in_channel` is a message like any other, even where the bot is not a
    member."""
    workspace.bot.answers.append(JSONResponse({"text": "Hi", "response_type": "in_channel"}))
    await workspace.slack.command(MAYA, PUBLIC_WITHOUT_BOT, "/incident")
    assert workspace.slack.channels[PUBLIC_WITHOUT_BOT].messages == [spoken("Hi")]


async def test_command_failures(workspace: Workspace) -> None:
    """Silence, an error status, a dead bot and an unknown command are shown in Slack's words."""
    workspace.bot.answers.extend([late, Response(status_code=500)])
    outcomes = [await workspace.slack.command(MAYA, PUBLIC, "/incident") for _ in range(2)]
    workspace.slack.bot_url = "http://127.0.0.1:9"
    outcomes.append(await workspace.slack.command(MAYA, PUBLIC, "/incident"))
    outcomes.append(await workspace.slack.command(MAYA, PUBLIC, "/nothing at all"))

    assert outcomes == [
        Outcome(False, 0, '/incident failed with the error "operation_timeout"'),
        Outcome(False, 500, '/incident failed with the error "dispatch_failed"'),
        Outcome(False, 0, '/incident failed with the error "dispatch_failed"'),
        Outcome(False, 0, "/nothing is not a valid command."),
    ]
    assert workspace.slack.violations == []


async def test_broken_command_answer(workspace: Workspace) -> None:
    """An answer that is no message is not shown, and written down."""
    too_long = {"text": "Hi", "blocks": [{"type": "header", "text": plain("x" * 151)}]}
    workspace.bot.answers.extend([JSONResponse([]), JSONResponse(too_long)])
    outcomes = [await workspace.slack.command(MAYA, PUBLIC, "/incident") for _ in range(2)]
    assert (
        outcomes
        == [Outcome(False, 200, '/incident failed with the error "invalid_command_response"')] * 2
    )
    assert workspace.slack.ephemerals == []
    assert workspace.slack.violations[0] == "/incident: the answer is no JSON object"
    assert len(workspace.slack.violations) == 2


# --- submissions


async def test_empty_answer_closes(workspace: Workspace) -> None:
    """An answer without a body closes the modal."""
    view_id = await workspace.open(FORM)
    assert await workspace.slack.submit(MAYA, view_id, typed("title", "Down")) == Outcome(True, 200)
    assert workspace.slack.views(MAYA) == []


async def test_errors(workspace: Workspace) -> None:
    """Errors stand beside their inputs, and what was typed stays."""
    view_id = await workspace.open(FORM)
    workspace.bot.answers.append(
        JSONResponse({"response_action": "errors", "errors": {"title": "Too vague."}})
    )
    outcome = await workspace.slack.submit(MAYA, view_id, typed("title", "Down"))
    assert outcome == Outcome(False, 200, errors={"title": "Too vague."})
    assert workspace.slack.views(MAYA)[0]["state"]["values"] == typed("title", "Down")


async def test_update_push_clear(workspace: Workspace) -> None:
    """An answer can change the modal, lay another on it, and close both."""
    view_id = await workspace.open(FORM)
    workspace.bot.answers.append(
        JSONResponse({"response_action": "update", "view": {**FORM, "title": plain("Two")}})
    )
    assert (await workspace.slack.submit(MAYA, view_id, typed("title", "Down"))).ok
    assert [(view["id"], view["title"]["text"]) for view in workspace.slack.views(MAYA)] == [
        (view_id, "Two")
    ]
    assert workspace.slack.views(MAYA)[0]["state"]["values"] == typed("title", "Down")

    workspace.bot.answers.append(JSONResponse({"response_action": "push", "view": FORM}))
    assert (await workspace.slack.submit(MAYA, view_id)).ok
    below, top = workspace.slack.views(MAYA)
    assert (below["id"], top["previous_view_id"], top["root_view_id"]) == (
        view_id,
        view_id,
        view_id,
    )

    workspace.bot.answers.append(JSONResponse({"response_action": "clear"}))
    assert (await workspace.slack.submit(MAYA, top["id"], typed("title", "Down"))).ok
    assert workspace.slack.views(MAYA) == []


async def test_answer_after_closing(workspace: Workspace) -> None:
    """An answer to a modal that was closed in the meantime changes nothing."""
    view_id = await workspace.open(FORM)

    async def close_first(_: dict[str, Any]) -> Response:
        await workspace.slack.close(MAYA, view_id)
        return JSONResponse({"response_action": "update", "view": FORM})

    workspace.bot.answers.append(close_first)
    assert await workspace.slack.submit(MAYA, view_id, typed("title", "Down")) == Outcome(True, 200)
    assert workspace.slack.views(MAYA) == []


BROKEN: dict[str, Response] = {
    "no JSON": PlainTextResponse("OK"),
    "no such action": JSONResponse({"response_action": "close"}),
    "no such input": JSONResponse({"response_action": "errors", "errors": {"summary": "?"}}),
    "no errors": JSONResponse({"response_action": "errors", "errors": {}}),
    "a view too long": JSONResponse(
        {"response_action": "update", "view": {**FORM, "title": plain("x" * 25)}}
    ),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
async def test_broken_answers(workspace: Workspace, answer: Response) -> None:
    """An answer that breaks Slack's rules is trouble to the person; the modal stays, and the rule
    is written down."""
    view_id = await workspace.open(FORM)
    workspace.bot.answers.append(answer)
    assert await workspace.slack.submit(MAYA, view_id, typed("title", "Down")) == Outcome(
        False, 200, TROUBLE
    )
    assert [view["id"] for view in workspace.slack.views(MAYA)] == [view_id]
    assert [text.startswith("form: ") for text in workspace.slack.violations] == [True]


async def test_no_answer_to_a_submission(workspace: Workspace) -> None:
    """Silence or an error status is trouble to the person, but breaks no rule of form."""
    view_id = await workspace.open(FORM)
    workspace.bot.answers.extend([late, Response(status_code=404)])
    outcomes = [
        await workspace.slack.submit(MAYA, view_id, typed("title", "Down")) for _ in range(2)
    ]
    assert outcomes == [Outcome(False, 0, TROUBLE), Outcome(False, 404, TROUBLE)]
    assert len(workspace.slack.views(MAYA)) == 1
    assert workspace.slack.violations == []


NUMBER = {"type": "number_input", "is_decimal_allowed": False, "min_value": "1", "max_value": "10"}
REFUSED: list[tuple[dict[str, Any], str | None, str]] = [
    ({"type": "plain_text_input"}, None, "Please complete this required field."),
    ({"type": "plain_text_input", "min_length": 3}, "ab", "Please enter at least 3 characters."),
    (
        {"type": "plain_text_input", "max_length": 3},
        "abcd",
        "Please enter no more than 3 characters.",
    ),
    (NUMBER, "many", "Please enter a valid number."),
    (NUMBER, "1.5", "Please enter a whole number."),
    (NUMBER, "0", "Please enter a number no less than 1."),
    (NUMBER, "11", "Please enter a number no greater than 10."),
    ({"type": "url_text_input"}, "example.com", "Please enter a valid URL."),
    ({"type": "email_text_input"}, "maya", "Please enter a valid email address."),
]


@pytest.mark.parametrize(
    ("element", "value", "sentence"), REFUSED, ids=[sentence for _, _, sentence in REFUSED]
)
async def test_client_checks(
    workspace: Workspace, element: dict[str, Any], value: str | None, sentence: str
) -> None:
    """What Slack's own client refuses never reaches the bot."""
    block = {
        "type": "input",
        "block_id": "it",
        "label": plain("It"),
        "element": {**element, "action_id": "value"},
    }
    view_id = await workspace.open(modal(block))
    values = {"it": {"value": {"type": element["type"], "value": value}}}
    assert await workspace.slack.submit(MAYA, view_id, values) == Outcome(
        False, errors={"it": sentence}
    )
    assert len(workspace.bot.received) == 1


# --- type-aheads, shortcuts and clicks

PICKER = {"type": "external_select", "action_id": "value", "min_query_length": 0}
PICKING = modal({"type": "input", "block_id": "it", "label": plain("It"), "element": PICKER})


async def test_options(workspace: Workspace) -> None:
    """Options and groups are shown as they come."""
    view_id = await workspace.open(PICKING)
    options = {"options": [option("a")]}
    groups = {"option_groups": [{"label": plain("Letters"), "options": [option("a")]}]}
    workspace.bot.answers.extend([JSONResponse(options), JSONResponse(groups)])
    seen = {**option("a"), "text": shown("a")}
    assert await workspace.slack.options(MAYA, view_id, "it", "value", "") == {"options": [seen]}
    assert await workspace.slack.options(MAYA, view_id, "it", "value", "") == {
        "option_groups": [{"label": shown("Letters"), "options": [seen]}]
    }


async def test_no_options(workspace: Workspace) -> None:
    """Silence or a broken list shows no result; only the broken list is written down."""
    view_id = await workspace.open(PICKING)
    workspace.bot.answers.extend([late, JSONResponse({"options": [option("x" * 76)]})])
    found = [await workspace.slack.options(MAYA, view_id, "it", "value", "") for _ in range(2)]
    assert found == [{"options": [], "error": "No result"}] * 2
    assert all(text.startswith("options: ") for text in workspace.slack.violations)
    assert workspace.slack.violations != []


async def test_shortcut_failures(workspace: Workspace) -> None:
    """A shortcut without an answer fails by Slack's name for it."""
    workspace.bot.answers.extend([late, Response(status_code=500)])
    outcomes = [await workspace.slack.shortcut(MAYA, "new") for _ in range(2)]
    assert outcomes == [
        Outcome(False, 0, "operation_timeout"),
        Outcome(False, 500, "dispatch_failed"),
    ]


# --- response URLs


async def response_url(workspace: Workspace) -> str:
    await workspace.slack.command(MAYA, PUBLIC, "/incident")
    return str(workspace.bot.received[-1]["response_url"])


async def test_response_url(workspace: Workspace) -> None:
    """A response URL answers the person, or the channel, five times."""
    url = await response_url(workspace)
    answers = [await workspace.client.post(url, json={"text": "Only you"}) for _ in range(4)]
    answers.append(
        await workspace.client.post(url, json={"text": "All of you", "response_type": "in_channel"})
    )
    sixth = await workspace.client.post(url, json={"text": "Again"})

    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "ok")] * 5
    assert (sixth.status_code, sixth.json()) == (404, {"ok": False, "error": "used_url"})
    assert workspace.slack.ephemerals == [(PUBLIC, MAYA, spoken("Only you", is_ephemeral=True))] * 4
    assert workspace.slack.channels[PUBLIC].messages == [spoken("All of you")]


async def test_old_response_url(workspace: Workspace) -> None:
    """A response URL lasts thirty minutes."""
    url = await response_url(workspace)
    workspace.clock.now += 30 * 60 + 1
    answer = await workspace.client.post(url, json={"text": "Late"})
    assert (answer.status_code, answer.json()) == (404, {"ok": False, "error": "expired_url"})


async def test_broken_response(workspace: Workspace) -> None:
    """What cannot be shown is refused; blocks that break a limit are written down."""
    url = await response_url(workspace)
    header = {"type": "header", "text": plain("x" * 151)}
    broken: list[Any] = [[], {}, {"text": "x", "blocks": [header]}]
    answers = [await workspace.client.post(url, json=content) for content in broken]
    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [
        (400, "invalid_payload"),
        (400, "no_text"),
        (400, "invalid_blocks"),
    ]
    assert len(workspace.slack.violations) == 1


async def test_replace_and_delete(workspace: Workspace) -> None:
    """The response URL of a click can replace the message that was clicked, or take it away."""
    button = {"type": "button", "action_id": "go", "text": plain("Go")}
    blocks = [{"type": "actions", "block_id": "do", "elements": [button]}]
    ts = (await workspace.api("chat.postMessage", channel=PUBLIC, text="Card", blocks=blocks))["ts"]
    await workspace.slack.act(
        JONAS, channel_id=PUBLIC, ts=ts, block_id="do", action_id="go", action={}
    )
    url = workspace.bot.received[-1]["response_url"]

    await workspace.client.post(url, json={"text": "Done", "replace_original": True})
    assert workspace.slack.channels[PUBLIC].messages == [spoken("Done", blocks=[])]
    await workspace.client.post(url, json={"delete_original": True})
    assert workspace.slack.channels[PUBLIC].messages == []
