"""A JSON file chosen in Twilio's form: fetched from Slack, checked, sent, stored and given back."""

import asyncio
import json
import threading
import time
from contextlib import suppress
from typing import Any

import pytest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError

from bot.adapters.twilio.configuration import LARGEST
from bot.playground.slack import Outcome
from bot.runtime.threads import LARGE, run_in_thread
from bot.slack.files import PENDING
from handlers import replies, uploads
from tests.handlers.test_twilio import queues, sent, workflow
from tests.world.bot import World, eventually
from tests.world.modal import Modal
from tests.world.slack import slack_wire
from tests.world.uninstall import remembered

TEXT = "twilio.workflow.json.configuration"
BLOCK = f"{TEXT}_file"
PATIENCE_SECONDS = 60.0
FILE_INPUT = {
    "type": "input",
    "block_id": BLOCK,
    "element": {"type": "file_input", "action_id": "value"},
}


def configuration(queue: str, *, at_least: int = 0) -> str:
    """Rules of at least that many characters."""
    target = {"queue": queue, "priority": 10, "timeout": 300}
    rule = {"expression": "type == 'refund' AND value > 100", "targets": [target]}
    filters = [rule] * (at_least // len(json.dumps(rule)) + 1)
    return json.dumps({"task_routing": {"filters": filters, "default_filter": {"queue": queue}}})


async def form(world: World, name: str = "From a file") -> Modal:
    """The form for a workflow whose rules are JSON."""
    return await (await workflow(world, name)).choose("routing", "JSON")


async def submitted(modal: Modal, content: bytes | str, name: str = "rules.json") -> Outcome:
    """Choose this file, and submit."""
    raw = content.encode() if isinstance(content, str) else content
    return await (await modal.fill(configuration_file=(name, raw))).submit()


def close_returns(world: World) -> None:
    """Twilio has no queue `Returns` any more."""
    vendor: Any = world.sandbox.vendors["twilio"]
    rows = vendor.queues[vendor.credentials["workspace_sid"]]
    rows[:] = [row for row in rows if row["friendly_name"] != "Returns"]


def requests(world: World) -> list[Any]:
    return [it for it in world.sandbox.vendors["twilio"].requests if it.method == "POST"]


async def test_the_file_becomes_the_configuration(world: World) -> None:
    """What is in it arrives at Twilio as it was written, beyond what a text input holds; it is
    stored as if typed."""
    document = configuration(queues(world)["Everyone"], at_least=20_000)
    outcome = await submitted(await form(world), f"\ufeff{document}\n")
    assert outcome.ok, outcome
    assert "Created in Twilio TaskRouter" in world.top().text
    assert sent(world)["Configuration"] == document
    (row,) = await world.bot.services.delivery.history.newest()
    assert row.payload["rules"]["configuration_file"] == document
    assert row.payload["rules"]["configuration"] is None


FILES = [
    pytest.param(b"", uploads.EMPTY, id="empty"),
    pytest.param(b"\xef\xbb\xbf \n", uploads.EMPTY, id="blank"),
    pytest.param('{"task_routing": {}}'.encode("utf-16"), uploads.NOT_UTF8, id="another encoding"),
    pytest.param(
        b'{"task_routing": {\n"filters": [,]}}', "Line 2, column 13: put a value here.", id="a typo"
    ),
    pytest.param(
        b"[]", "Put an object named “task_routing” inside a JSON object.", id="other JSON"
    ),
    pytest.param(
        b" " * (LARGEST + 1),
        "The file is larger than 1,038,576 bytes. Choose a smaller one.",
        id="too large",
    ),
]


@pytest.mark.parametrize(("content", "sentence"), FILES)
async def test_what_is_wrong_with_a_file_is_said_beside_it(
    world: World, content: bytes, sentence: str
) -> None:
    """Nothing is sent, and a file that is right goes through in the same form."""
    modal = await form(world)
    assert (await submitted(modal, content)).errors == {BLOCK: sentence}
    assert requests(world) == []
    assert (await submitted(modal, configuration(queues(world)["Everyone"]))).ok


async def test_a_file_waits_for_its_check_only_so_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody else's file is checked, the person can press the button again later."""
    monkeypatch.setattr("handlers.views.CHECKED_SECONDS", 1.0)
    modal, checked = await form(world), threading.Event()
    busy = asyncio.create_task(run_in_thread(LARGE, checked.wait, "somebody else"))
    document = configuration(queues(world)["Everyone"], at_least=LARGE)
    assert (await submitted(modal, document)).errors == {BLOCK: uploads.NOT_CHECKED}
    assert requests(world) == []
    checked.set()
    await busy
    monkeypatch.undo()
    assert (await modal.submit()).ok


async def test_a_file_and_text_are_one_too_many(world: World) -> None:
    """Which one is meant is for the person to say."""
    modal = await form(world)
    document = configuration(queues(world)["Everyone"])
    await modal.fill(configuration=document)
    said = "There is JSON in the field above too. Remove the file, or empty that field."
    assert (await submitted(modal, document)).errors == {BLOCK: said}
    assert (await (await modal.fill(configuration=None)).submit()).ok


async def test_without_the_scope(world: World) -> None:
    """Slack shows its sign-in page instead; the person hears who can change that and what to do
    until then."""
    modal = await form(world)
    world.sandbox.slack.app.scopes.remove("files:read")
    document = configuration(queues(world)["Everyone"])
    assert (await submitted(modal, document)).errors == {BLOCK: uploads.not_allowed()}
    world.sandbox.slack.files.only_ids = True
    assert (await submitted(modal, document)).errors == {BLOCK: uploads.not_allowed()}
    assert requests(world) == []


async def test_without_the_scope_there_is_no_input_for_files(world: World) -> None:
    """Slack takes no form with one from such an app: it is drawn without, says why, and takes text,
    at first and again."""
    world.sandbox.slack.app.scopes.remove("files:read")
    modal = await form(world)
    assert BLOCK not in modal.fields
    assert replies.no_files()["elements"][0]["text"] in str(modal.view["blocks"])
    document = configuration(queues(world)["Returns"])
    close_returns(world)
    assert list((await (await modal.fill(configuration=document)).submit()).errors) == [TEXT]
    again = await edited(world, modal)
    assert (again.value("configuration"), BLOCK in again.fields) == (document, False)
    await again.fill(configuration=configuration(queues(world)["Everyone"]))
    assert (await again.submit()).ok


async def test_a_form_that_is_drawn_in_the_answer_has_no_input_for_files_either(
    world: World,
) -> None:
    """JSON was chosen and submitted before its form was there: Slack would refuse the answer with
    one, again and again."""
    world.sandbox.slack.app.scopes.remove("files:read")
    modal = await workflow(world, "Too quick")
    assert (await (await modal.fill(routing="JSON", default_queue="Everyone")).submit()).ok
    assert (TEXT in modal.fields, BLOCK in modal.fields) == (True, False)
    assert replies.no_files()["elements"][0]["text"] in str(modal.view["blocks"])


@pytest.mark.parametrize(
    ("scopes", "may"), [(("commands",), False), (("commands", "files:read"), True)]
)
async def test_an_installation_says_itself_what_it_may(
    world: World, scopes: tuple[str, ...], may: bool
) -> None:
    """Slack is not asked where the app was installed with "Add to Slack"."""
    here = world.sandbox.workspace
    authorized = AuthorizeResult(
        enterprise_id=None, team_id=here.team, bot_token="xoxb-1", bot_scopes=scopes
    )
    context = AsyncBoltContext({"authorize_result": authorized})
    assert (
        await uploads.are_accepted(world.bot.services, world.bot.app.client, context, here) is may
    )
    assert "auth.test" not in [it.method for it in world.sandbox.slack.calls]


async def given(error: str, blocks: list[Any]) -> list[list[Any]]:
    """The blocks of each view that Slack is given, when it says this to all that do not say why
    there is no input for files."""

    def answer(args: dict[str, Any]) -> dict[str, Any]:
        return (
            {"ok": True}
            if replies.no_files() in args["view"]["blocks"]
            else {"ok": False, "error": error}
        )

    async with slack_wire() as (wire, client):
        wire.answer = answer
        with suppress(SlackApiError):
            await replies.give(client.views_open, {"blocks": blocks}, trigger_id="1")
        return [args["view"]["blocks"] for _, args in wire.calls]


@pytest.mark.parametrize("error", ["missing_scope", "invalid_arguments"])
async def test_a_view_that_slack_refuses_for_its_files_is_given_without(error: str) -> None:
    """In the place of the input it says why there is none."""
    assert await given(error, [FILE_INPUT]) == [[FILE_INPUT], [replies.no_files()]]


@pytest.mark.parametrize(
    ("error", "blocks"),
    [
        ("ratelimited", [FILE_INPUT]),
        ("expired_trigger_id", [FILE_INPUT]),
        ("not_found", [FILE_INPUT]),
        ("invalid_auth", [FILE_INPUT]),
        ("missing_scope", []),
        ("invalid_arguments", []),
    ],
)
async def test_a_view_that_slack_refuses_for_another_reason_is_not_given_again(
    error: str, blocks: list[Any]
) -> None:
    """Nobody is told that a scope is missing."""
    assert await given(error, blocks) == [blocks]


async def test_a_file_in_a_shared_channel_is_asked_about_first(world: World) -> None:
    """Where the submission holds no more than an id, Slack is asked for the rest."""
    world.sandbox.slack.files.only_ids = True
    assert (await submitted(await form(world), configuration(queues(world)["Everyone"]))).ok
    assert [it.method for it in world.sandbox.slack.calls].count("files.info") == 1


async def test_a_file_that_was_deleted(world: World) -> None:
    """It is gone from Slack before the form is submitted."""
    modal = await form(world)
    for only_ids in (False, True):
        world.sandbox.slack.files.only_ids = only_ids
        await modal.fill(configuration_file=("rules.json", b"{}"))
        world.sandbox.slack.files.held.clear()
        assert (await modal.submit()).errors == {BLOCK: uploads.GONE}


def under_way() -> "list[asyncio.Task[object]]":
    """What the bot does in the background."""
    return [it for it in asyncio.all_tasks() if it.get_name() == "background"]


async def test_a_slow_file_goes_on_arriving(world: World) -> None:
    """The form is answered before Slack gives up; the next press finds what came meanwhile, and
    asks Slack for nothing."""
    modal = await form(world)
    files = world.sandbox.slack.files
    files.hold = asyncio.Event()
    began = time.monotonic()
    document = configuration(queues(world)["Everyone"])
    assert (await submitted(modal, document)).errors == {BLOCK: PENDING}
    assert (await modal.submit()).errors == {BLOCK: PENDING}
    assert time.monotonic() - began < 5
    files.hold.set()
    await eventually(lambda: not under_way())
    files.held.clear()
    assert (await modal.submit()).ok
    assert (sent(world)["Configuration"], len(requests(world))) == (document, 1)
    assert "Uploads" not in remembered(world)


async def test_a_slow_file_is_not_awaited_where_the_app_was_removed(world: World) -> None:
    """Nothing of it stays in memory, and nobody fetches it any more."""
    world.sandbox.slack.files.hold = asyncio.Event()
    assert (await submitted(await form(world), "{}")).errors == {BLOCK: PENDING}
    services = world.bot.services
    [task] = under_way()
    assert "Uploads" in remembered(world)
    await services.connections.uninstaller.leave(world.sandbox.workspace, time.time())
    await eventually(task.cancelled)
    assert "Uploads" not in remembered(world)


async def refused(world: World, document: str) -> Modal:
    """The form whose file Twilio has just refused for a queue that it does not have any more:
    `Returns`."""
    modal = await form(world)
    close_returns(world)
    ((block, said),) = (await submitted(modal, document)).errors.items()
    assert block == BLOCK
    assert "does not exist in this workspace" in said
    return modal


async def test_what_twilio_refuses_stands_beside_the_file(world: World) -> None:
    """Its words are about what is in the file; another file goes through."""
    modal = await refused(world, configuration(queues(world)["Returns"]))
    assert (await submitted(modal, configuration(queues(world)["Everyone"]))).ok
    assert len(requests(world)) == 2


async def edited(world: World, modal: Modal) -> Modal:
    """The form, closed and opened again from the person's App Home."""
    slack = world.sandbox.slack
    await slack.close(world.admin, modal.id)
    await slack.open_home(world.admin)
    (row,) = await world.bot.services.delivery.history.newest()
    home = slack.home(world.admin)
    assert home is not None
    pressed = {"view_id": home["id"], "block_id": f"delivery.{row.key}", "action_id": "edit"}
    assert (await slack.act(world.admin, **pressed, action={"type": "button"})).ok
    return world.top()


async def test_a_short_file_is_put_back_as_text(world: World) -> None:
    """Slack cannot put a file into a form: its text stands where it can be typed."""
    document = configuration(queues(world)["Returns"])
    modal = await edited(world, await refused(world, document))
    assert (modal.value("configuration"), modal.value("configuration_file")) == (document, [])
    await modal.fill(configuration=configuration(queues(world)["Everyone"]))
    assert (await modal.submit()).ok


async def test_a_long_file_has_to_be_chosen_again(world: World) -> None:
    """No text input holds it, and the form says so."""
    document = configuration(queues(world)["Returns"], at_least=20_000)
    modal = await edited(world, await refused(world, document))
    assert (modal.value("configuration"), modal.value("configuration_file")) == (None, [])
    (hint,) = (it["hint"]["text"] for it in modal.view["blocks"] if it.get("block_id") == BLOCK)
    assert hint.startswith("Slack removed the file. Choose it again.")
    said = "Paste the rules as JSON here, or choose a file below."
    assert (await modal.submit()).errors == {TEXT: said}
    assert (await submitted(modal, configuration(queues(world)["Everyone"]))).ok


async def test_a_megabyte_goes_all_the_way(world: World) -> None:
    """Sent, shown on the card and at home, and erased."""
    document = configuration(queues(world)["Everyone"], at_least=LARGEST - 20_000)
    assert LARGEST - 20_000 < len(document) < LARGEST
    world.sandbox.slack.transport.seconds = PATIENCE_SECONDS
    modal = await form(world)
    outcome = await submitted(modal, document)
    while outcome.errors == {BLOCK: PENDING}:  # a busy machine: it comes meanwhile
        outcome = await modal.submit()
    assert outcome.ok
    services = world.bot.services

    async def delivered() -> bool:
        return (await services.delivery.history.newest())[0].state == "delivered"

    await eventually(delivered, PATIENCE_SECONDS)
    assert sent(world)["Configuration"] == document
    await world.sandbox.slack.open_home(world.admin)
    assert "From a file" in str(world.sandbox.slack.home(world.admin))
    await eventually(lambda: world.cards("incidents"))
    assert await services.delivery.history.erase(time.time() + 1) == 1
    assert (await services.delivery.history.newest())[0].payload == {}
