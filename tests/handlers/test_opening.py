"""Opening a form: by command, renamed command, shortcut or message; who may; and what the bot says
when it cannot."""

import itertools
import re

import httpx
import pytest

from bot import messages
from bot.adapters.base import Kind
from bot.adapters.registry import ADAPTERS, make_adapters
from bot.settings import Settings
from bot.slack import manifest
from tests.messages.parts import tools
from tests.world.bot import World, eventually, running


async def test_a_message_shortcut_takes_text_author_and_link(world: World) -> None:
    """The first line is the title; the whole text, its author and its link are the summary."""
    message = await world.sandbox.slack.post(
        world.member, world.channel("incidents"), "Checkout is down\nsince <now> & before"
    )
    outcome = await world.sandbox.slack.message_shortcut(
        world.admin, world.channel("incidents"), message["ts"], "declare_incident_from_message"
    )
    assert outcome.ok
    modal = world.top()
    link = f"https://{world.sandbox.slack.team.domain}.slack.com/archives/{world.channel('incidents')}/p"
    assert modal.value("title") == "Checkout is down"
    assert modal.value("summary") == (
        "Checkout is down\nsince <now> & before\n\n"
        f"From a message by Jonas Lindqvist in Slack: {link}{message['ts'].replace('.', '')}"
    )


async def test_an_action_item_from_a_message(world: World) -> None:
    """The other message shortcut opens the other form."""
    message = await world.sandbox.slack.post(
        world.member, world.channel("incidents"), "Someone should call the bank"
    )
    await world.sandbox.slack.message_shortcut(
        world.member, world.channel("incidents"), message["ts"], "add_action_item_from_message"
    )
    assert world.top(world.member).value("action_item.summary") == "Someone should call the bank"


@pytest.mark.parametrize("label", ["Rootly", "incident.io"])
async def test_an_action_item_from_an_incidents_card_belongs_to_it(
    world: World, label: str
) -> None:
    """The card of an incident is not a text to copy: the form starts on its vendor, with that
    incident chosen."""
    await world.lists_loaded()
    modal = await (await world.open("/incident Disk full")).choose("choice", label)
    await modal.fill(severity_id="SEV2")
    await modal.send()
    await eventually(lambda: world.cards("incidents"))
    (card,) = world.cards("incidents")
    await eventually(
        lambda: world.bot.services.delivery.card_outbox.by_card(
            world.sandbox.workspace, world.channel("incidents"), card["ts"]
        )
    )
    await world.sandbox.slack.message_shortcut(
        world.admin, world.channel("incidents"), card["ts"], "add_action_item_from_message"
    )
    modal = world.top()
    vendor = world.sandbox.vendors[modal.value("choice").split(".")[0]]
    assert modal.value("incident_id") == vendor.created[0].id
    assert [modal.value(it) for it in modal.fields if it.endswith(("summary", "description"))] in (
        [None, None],
        [None],
    )


async def test_an_incident_from_a_card_that_failed_keeps_its_title(world: World) -> None:
    """What was not created can be declared again from its card, without the card's words in the
    form."""
    world.sandbox.vendors["rootly"].answer_next(502, "<html>")
    await (await world.open("/incident Disk full")).send()
    await eventually(lambda: world.cards("incidents"))
    (card,) = world.cards("incidents")
    here = world.channel("incidents")
    await eventually(
        lambda: world.bot.services.delivery.card_outbox.by_card(
            world.sandbox.workspace, here, card["ts"]
        )
    )
    await world.sandbox.slack.message_shortcut(
        world.admin, here, card["ts"], "declare_incident_from_message"
    )
    assert (world.top().value("title"), world.top().value("summary")) == ("Disk full", None)


async def test_a_message_is_not_repeated_in_a_form_with_one_text(world: World) -> None:
    """Where headline and details share a field, the message's first line stands there once."""
    message = await world.sandbox.slack.post(
        world.member, world.channel("incidents"), "Call the bank"
    )
    await world.sandbox.slack.message_shortcut(
        world.admin, world.channel("incidents"), message["ts"], "add_action_item_from_message"
    )
    modal = await world.top().choose("choice", "incident.io: action")
    assert modal.value("action.description").startswith(
        "Call the bank\n\nFrom a message by Jonas Lindqvist"
    )


@pytest.mark.parametrize(
    ("callback_id", "title"),
    [
        ("declare_incident", "Declare incident"),
        ("add_action_item", "Add action item"),
        ("add_workflow_task", "Add workflow task"),
    ],
)
async def test_a_global_shortcut_opens_its_form(world: World, callback_id: str, title: str) -> None:
    """The lightning menu has all three kinds."""
    assert (await world.sandbox.slack.shortcut(world.admin, callback_id)).ok
    assert world.top().view["title"]["text"] == title


async def test_a_prefixed_command_works_without_a_code_change(world: World) -> None:
    """An operator who has two bots renames the commands in the manifest, and that is all."""
    commands = world.sandbox.slack.app.commands
    commands["/acme-incident"] = {**commands["/incident"], "command": "/acme-incident"}
    assert (await world.command("/acme-incident Disk full")).ok
    assert world.top().value("title") == "Disk full"
    await world.command("/acme-incident help")
    assert "`/acme-incident Checkout is down`" in world.told()


@pytest.mark.parametrize(
    ("name", "vendors"), [("/acme-incident", "/acme-vendors"), ("/incident", "/vendors")]
)
async def test_what_is_to_be_done_bears_the_same_prefix(
    bare_world: World, name: str, vendors: str
) -> None:
    """There is no `/vendors` where the operator calls it `/acme-vendors`."""
    commands = bare_world.sandbox.slack.app.commands
    commands[name] = {**commands["/incident"], "command": name}
    for text in (name, f"{name} help"):
        await bare_world.command(text)
        assert f"{tools('incident')} in `{vendors}`." in bare_world.told()


@pytest.mark.parametrize("command", ["/incident", "/action-item", "/workflow-task"])
async def test_help_says_what_the_command_does(world: World, command: str) -> None:
    """`help` alone is a question; as part of a longer text it is the title."""
    await world.command(f"{command} help")
    assert f"`{command} " in world.told()
    assert "It can create: " in world.told()
    modal = await world.open(f"{command} help the bank")
    assert [it for it in modal.fields if modal.value(it) == "help the bank"]


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("/incident x", "incident"),
        ("/action-item x", "action_item"),
        ("/workflow-task x", "workflow_task"),
    ],
)
async def test_nothing_connected_says_what_to_do(
    bare_world: World, command: str, kind: Kind
) -> None:
    """No form, but the way out, and what was typed."""
    await bare_world.command(command)
    assert f"connect {tools(kind)} in `/vendors`." in bare_world.told()
    assert f"You typed: `{command}`" in bare_world.told()
    assert bare_world.sandbox.slack.views(bare_world.admin) == []


async def test_one_vendor_needs_no_chooser(bare_world: World) -> None:
    """With a single tool connected, the form begins with its title."""
    sandbox = bare_world.sandbox
    sandbox.vendors = {"incident_io": sandbox.vendors["incident_io"]}
    await sandbox.connect_vendors(bare_world.settings)
    modal = await bare_world.open("/incident Disk full")
    assert modal.fields[0] == "incident_io.incident.name"
    await bare_world.command("/workflow-task x")
    assert "Connected so far: incident.io." in bare_world.told()


async def test_members_may_not_change_workflows(world: World) -> None:
    """A workflow task changes automation: the "no" names who may."""
    await world.command("/workflow-task Page me", world.member)
    assert "Only workspace admins and owners" in world.told(world.member)
    assert "You typed: `/workflow-task Page me`" in world.told(world.member)
    assert world.sandbox.slack.views(world.member) == []


async def test_guests_may_declare_nothing(world: World) -> None:
    """Guests are told whom to ask."""
    await world.command("/incident x", world.guest, channel="general")
    assert "Guests can't do this. Ask a full member" in world.told(world.guest)


async def test_relay_admins_adds_an_admin(world: World, settings: Settings) -> None:
    """An operator can name people who count as admins."""
    async with running(
        world.sandbox, settings.model_copy(update={"admins": world.member})
    ) as other:
        assert (await other.command("/workflow-task x", other.member)).ok
        assert other.top(other.member).view["title"]["text"] == "Add workflow task"


async def test_a_shortcut_that_is_refused_says_so_in_the_channel(world: World) -> None:
    """A shortcut has no answer of its own; the person is told all the same, where the message is."""
    message = await world.sandbox.slack.post(world.member, world.channel("general"), "Look")
    await world.sandbox.slack.message_shortcut(
        world.guest, world.channel("general"), message["ts"], "declare_incident_from_message"
    )
    assert "Guests can't do this" in world.told(world.guest)
    await world.sandbox.slack.shortcut(world.member, "add_workflow_task")
    assert "Only workspace admins" in world.letters(world.member)[-1]["text"]


async def test_an_expired_trigger_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When Slack does not open the form any more, what was typed comes back to be used again."""
    ages = itertools.count(step=5)
    monkeypatch.setattr(world.sandbox.slack.state.triggers, "clock", lambda: float(next(ages)))
    await world.command("/incident Checkout is down")
    assert (
        world.told()
        == "Slack didn't open the form in time. Try again.\nYou typed: `/incident Checkout is "
        "down`"
    )


async def test_vendors_lists_health_and_how_to_connect(world: World) -> None:
    """Everyone may read which tools are connected, whether they work, and what to type to connect
    one."""
    await world.lists_loaded()
    await world.command("/vendors", world.member)
    lines = world.told(world.member).splitlines()
    first, *others = sorted(world.sandbox.vendors)
    for line, name in zip(lines, (first, *others), strict=False):
        label = re.escape(world.sandbox.vendors[name].label)
        working = r": :white_check_mark: working \(lists are fresh\)"
        assert re.match(rf"\*{label}\* as .+{working}", line)
    assert lines[-2:] == [
        f"`python -m bot connect {world.sandbox.slack.team.id} {first}`",
        f"Other tools take the place of the last word: `{'`, `'.join(others)}`.",
    ]


async def test_vendors_says_what_is_wrong(world: World) -> None:
    """A vendor that is down with something waiting for it is not "working"."""
    await world.lists_loaded()
    await world.sandbox.vendors["rootly"].set_fault("down")
    await (await world.open("/incident Disk full")).send()
    await world.command("/vendors")
    line = next(it for it in world.told().splitlines() if it.startswith("*Rootly*"))
    assert ":warning: We can't reach Rootly. (" in line
    assert line.endswith(", 1 waiting to be sent)")


def test_every_title_and_button_fits_slack() -> None:
    """24 characters for a modal's title and its submit button, and for a shortcut's name."""
    adapters = make_adapters(
        httpx.AsyncClient(), dict.fromkeys(ADAPTERS, "http://127.0.0.1:9")
    ).values()
    titles = [messages.title(operation) for adapter in adapters for operation in adapter.operations]
    names = [it["name"] for it in manifest.load()["features"]["shortcuts"]]
    assert [it for it in [*titles, *messages.SUBMIT.values(), *names] if len(it) > 24] == []


async def test_a_form_starts_on_the_tool_that_the_person_chose_last(world: World) -> None:
    """In every channel, and for this person alone. Only the tool: nothing else that was chosen
    last night comes back."""
    await world.lists_loaded()
    modal = await (await world.open("/incident Disk full")).choose("choice", "incident.io")
    await modal.fill(severity_id="SEV1", visibility="private")
    await modal.send()
    again = await world.open("/incident Again", channel="general")
    assert again.value("choice") == "incident_io.incident"
    assert (again.value("severity_id"), again.value("visibility")) == (None, "public")
    other = await world.open("/incident Mine", world.member)
    assert other.value("choice") == "rootly.incident"
