"""The page on which an admin connects a vendor, over HTTP, as a browser without scripts uses it."""

import json
import re
import time
from pathlib import Path

import pytest

from bot.adapters.registry import ADAPTERS
from bot.cli.connect import connect as store
from bot.playground.sandbox import Sandbox
from bot.playground.vendors import STAND_INS, Rootly
from bot.settings import Settings
from tests.world.bot import World, eventually
from tests.world.browser import Page, Visitor, connect, link, stored
from tests.world.processes import answering, free_port, said, started, stopped
from tests.world.rows import FAR, change, now, standing

LABELS = {vendor: ADAPTERS[vendor].label for vendor in STAND_INS}
SECRET = "do-not-keep-8c41"


@pytest.mark.parametrize("vendor", LABELS)
async def test_an_admin_connects_a_vendor(world: World, ann: Visitor, vendor: str) -> None:
    """The page says for which workspace and person it is; the receipt as whom the key acts; then
    everything works."""
    page = await ann.open(await link(world, vendor))
    assert page.status == 200
    lines = page.text.splitlines()
    slack, name = world.sandbox.slack, world.sandbox.slack.people[world.admin].real_name
    assert lines[:2] == [
        f"Connect {LABELS[vendor]}",
        f"Slack workspace: {slack.team.domain} ({slack.team.id}). You: {name}.",
    ]
    receipt = await ann.press(
        page, "Check and connect", **world.sandbox.vendors[vendor].credentials
    )
    connection = await stored(world, vendor)
    assert connection is not None
    assert (connection.secret, connection.connected_by) == (
        {**receipt_defaults(page), **world.sandbox.vendors[vendor].credentials},
        world.admin,
    )
    assert connection.rights.acts_as
    assert receipt.text.splitlines()[:2] == [
        f"{LABELS[vendor]} is connected",
        f"{LABELS[vendor]} accepted the key. It's connected as {connection.account_name}.",
    ]
    assert f"The key acts as {connection.rights.acts_as}." in receipt.text

    async def loaded() -> bool:
        return (await world.bot.services.catalogs.condition(world.sandbox.workspace, vendor))[
            0
        ] is not None

    await eventually(loaded)


def receipt_defaults(page: Page) -> dict[str, str]:
    """What the form's selects stand on, which is saved with what was typed."""
    form = page.form("Check and connect")
    return {name: form.fields[name] for name, kind in form.kinds.items() if kind == "select"}


async def test_the_form_works_without_anything_but_html(world: World, ann: Visitor) -> None:
    """Each field has its label and hint, secrets are typed unseen but for identifiers, and a choice
    is a list."""
    page = await ann.open(await link(world, "twilio"))
    assert page.form("Check and connect").kinds == {
        "form_key": "hidden",
        "action": "hidden",
        "key_sid": "text",
        "key_secret": "password",
        "workspace_sid": "text",
        "region": "select",
    }
    assert "<script" not in page.answer.text
    assert all(f'<label for="{name}">' in page.answer.text for name in ("key_sid", "region"))
    assert page.answer.text.count('autocomplete="off"') == 4  # the form and all that is typed


async def test_a_key_that_the_vendor_refuses_is_not_saved(world: World, ann: Visitor) -> None:
    """The vendor's word stands above the field, the secret is not on the page, and the link goes on
    working."""
    page = await ann.open(await link(world))
    refused = await ann.press(page, "Check and connect", api_key=SECRET)
    assert refused.status == 422
    assert refused.text.splitlines()[3:6] == [
        "Nothing was saved. Rootly rejected this API key. Copy it again.",
        "API key",
        "Paste it again. This page doesn't keep secrets.",
    ]
    assert SECRET not in refused.answer.text
    assert await stored(world) is None
    mended = await ann.press(
        refused, "Check and connect", **world.sandbox.vendors["rootly"].credentials
    )
    assert mended.text.startswith("Rootly is connected\n")


async def test_what_is_no_key_is_said_beside_the_field(world: World, ann: Visitor) -> None:
    """Each field with its own sentence; what is no secret stays as it was typed or chosen; the
    vendor is not asked."""
    page = await ann.open(await link(world, "twilio"))
    typed = {"key_sid": 'SK1"2', "key_secret": "", "workspace_sid": "WS12", "region": "ie1"}
    answer = await ann.press(page, "Check and connect", **typed)
    lines = answer.text.splitlines()
    assert (answer.status, lines[3]) == (422, "Nothing was saved. See below.")
    assert [it for it in lines if it.startswith(("Paste", "Fill"))] == [
        "Paste the SID of an API key (SK…) or of the account (AC…).",
        "Fill this in.",
        "Paste the SID of a TaskRouter workspace (WS…).",
    ]
    assert answer.answer.text.count('aria-invalid="true"') == 3
    fields = answer.form("Check and connect").fields
    assert {name: fields[name] for name in typed} == typed
    assert "Paste it again" not in answer.text  # nothing of it is lost
    assert world.sandbox.vendors["twilio"].requests == []


async def test_what_is_no_secret_is_typed_once(world: World, ann: Visitor) -> None:
    """Though Twilio refuses the key, all but its secret stands there still, and the secret is
    nowhere."""
    page = await ann.open(await link(world, "twilio"))
    given = world.sandbox.vendors["twilio"].credentials
    refused = await ann.press(page, "Check and connect", **given | {"key_secret": SECRET})
    fields = refused.form("Check and connect").fields
    assert {name: fields[name] for name in given} == given | {"key_secret": ""}
    assert SECRET not in refused.answer.text
    mended = await ann.press(refused, "Check and connect", key_secret=given["key_secret"])
    assert mended.text.startswith("Twilio TaskRouter is connected\n")
    assert mended.text.splitlines()[-1] == (
        "You can close this page and go back to Slack. These commands now reach Twilio TaskRouter: "
        "/action-item, /workflow-task."
    )


async def test_a_choice_that_was_never_offered_is_refused(world: World, ann: Visitor) -> None:
    """No region, and so no address, comes out of what somebody posts."""
    page = await ann.open(await link(world, "twilio"))
    given = world.sandbox.vendors["twilio"].credentials
    answer = await ann.press(page, "Check and connect", **{**given, "region": "evil.example.com/"})
    assert (answer.status, await stored(world, "twilio")) == (422, None)


async def test_a_vendor_that_is_down_saves_nothing(world: World, ann: Visitor) -> None:
    """It cannot say whether it accepts the key."""
    await world.sandbox.vendors["rootly"].set_fault("down")
    page = await ann.open(await link(world))
    answer = await ann.press(
        page, "Check and connect", **world.sandbox.vendors["rootly"].credentials
    )
    assert answer.text.splitlines()[3] == "Nothing was saved. We can't reach Rootly."
    assert (answer.status, await stored(world)) == (422, None)


async def test_a_connected_vendor_can_be_tested_again(world: World, ann: Visitor) -> None:
    """As often as one likes, with the same link; a key that works no more is said, and marked."""
    await connect(world, ann)
    page = await ann.open(await link(world))
    assert page.buttons == ["Test again", "Check and replace", "Disconnect …"]
    for _ in range(2):
        page = await ann.press(page, "Test again")
        assert (page.status, page.text.splitlines()[3]) == (
            200,
            "Rootly accepted the key 1 second ago.",
        )
    await world.sandbox.vendors["rootly"].set_fault("revoked")
    for refuses in (
        "(still rejects|rejected)",
        "still rejects",
    ):  # the lists may have heard it first
        page = await ann.press(page, "Test again")
        assert page.status == 422
        assert re.fullmatch(
            f"We tested the key just now. Rootly {refuses} it.", page.text.splitlines()[1]
        )
        assert page.text.splitlines()[4] == "Rootly rejected our API key. Replace it below."
    connection = await stored(world)
    assert connection is not None
    assert connection.broken
    await world.sandbox.vendors["rootly"].set_fault("fine")
    page = await ann.press(page, "Test again")
    connection = await stored(world)
    assert connection is not None
    assert connection.broken == ""


async def test_another_key_takes_the_place_of_the_first(world: World, ann: Visitor) -> None:
    """And what was meant for another account is not sent to this one."""
    await world.bot.services.connections.store.save(
        world.sandbox.workspace,
        "rootly",
        account="other",
        account_name="Other Ltd",
        secret={"api_key": "x"},
    )
    await world.sandbox.vendors["rootly"].set_fault("down")
    await (await world.open("/incident Disk full")).send()
    await world.sandbox.vendors["rootly"].set_fault("fine")
    receipt = await connect(world, ann, button="Check and replace")
    assert (
        "1 submission is waiting to be sent. They're for Other Ltd, so we don't send them to "
        "Brambleway. Their cards in Slack say what to do."
    ) in receipt.text
    connection = await stored(world)
    assert connection is not None
    assert connection.account_name == "Brambleway"


async def test_what_an_earlier_account_left_waiting_is_not_said_to_go_on(
    world: World, ann: Visitor
) -> None:
    """It was disconnected with something queued for it; nothing of that goes to the account that is
    connected next."""
    here, connections = world.sandbox.workspace, world.bot.services.connections.store
    await connections.save(
        here, "rootly", account="other", account_name="Other Ltd", secret={"api_key": "x"}
    )
    await world.sandbox.vendors["rootly"].set_fault("down")
    await standing(world, "queued")
    await connections.remove(here, "rootly")
    await world.sandbox.vendors["rootly"].set_fault("fine")
    receipt = await connect(world, ann)
    assert (
        "1 submission is waiting to be sent. They're for another account, so we don't send them to "
        "Brambleway. Their cards in Slack say what to do."
    ) in receipt.text
    assert (
        "1 submission is waiting to be sent. They're for another account of Rootly. Their cards in "
        "Slack say what to do."
    ) in (await ann.open(await link(world))).text


@pytest.mark.parametrize(
    ("reason", "left", "said"),
    [
        ("forbidden", FAR, "1 submission is waiting to be sent. We send them now."),
        ("unauthorized", FAR, "1 submission is waiting to be sent. We send them now."),
        ("unauthorized", -1, ""),
        ("gave_up", FAR, ""),
    ],
)
async def test_what_waits_is_what_goes_on(
    world: World, ann: Visitor, reason: str, left: float, said: str
) -> None:
    """What failed for the key or its rights, for as long as it is tried; the disconnecting page and
    the receipt agree."""
    await connect(world, ann)
    await standing(world, "failed", reason, expires_at=time.time() + left)
    asking = await ann.open(f"{await link(world)}?ask=disconnect")
    assert ("Nothing is waiting to be sent to Rootly." in asking.text) == (not said)
    receipt = await connect(world, ann, button="Check and replace")
    assert [it for it in receipt.text.splitlines() if "submission" in it] == (
        [said] if said else []
    )
    assert ((await now(world)).state == "failed") == (not said)


async def test_a_key_that_was_never_checked_is_not_said_to_work(world: World, ann: Visitor) -> None:
    """An operator stored it unchecked: the page and `/vendors` say so, until Rootly was asked and
    accepts it."""
    rootly, here = world.sandbox.vendors["rootly"], world.sandbox.workspace
    await rootly.set_fault("down")
    await store(world.settings, here, "rootly", dict(rootly.credentials), verify=False)
    page = await ann.open(await link(world))
    assert page.text.splitlines()[3] == "We never tested the key for Rootly. Press Test again."
    await world.command("/vendors")
    assert "working" not in world.told()
    await rootly.set_fault("fine")
    page = await ann.press(page, "Test again")
    assert page.text.splitlines()[3] == "Rootly accepted the key 1 second ago."


async def test_a_key_that_was_never_checked_works_once_its_lists_are_there(world: World) -> None:
    """The bot asks for them by itself, and the vendor's answer is its yes to the key."""
    rootly, here = world.sandbox.vendors["rootly"], world.sandbox.workspace
    await store(world.settings, here, "rootly", dict(rootly.credentials), verify=False)
    await world.bot.services.catalogs.want(here, "rootly", ())

    async def works() -> bool:
        await world.command("/vendors")
        return ":white_check_mark: working (lists are fresh)" in world.told()

    await eventually(works)


async def test_disconnecting_says_what_will_happen_first(world: World, ann: Visitor) -> None:
    """What waits stays, and its card says at once why; the lists and credentials go."""
    await connect(world, ann)
    await world.sandbox.vendors["rootly"].set_fault("down")
    await (await world.open("/incident Disk full")).send()
    [row] = await world.bot.services.delivery.history.of_person(
        world.sandbox.workspace, world.admin, 5
    )
    await change(world, row.key, next_attempt_at=time.time() + FAR)
    page = await ann.open(f"{await link(world)}?ask=disconnect")
    assert page.text.splitlines()[0] == "Disconnect Rootly?"
    assert (
        "1 submission is waiting to be sent. They stay saved for a day. If you connect the same "
        "account again by then, we send them."
    ) in page.text
    assert page.buttons == ["Disconnect Rootly", "Keep it connected"]
    receipt = await ann.press(page, "Disconnect Rootly")
    assert receipt.text.startswith("Rootly is disconnected\n")
    assert await stored(world) is None
    assert (await ann.open(str(receipt.answer.url))).text == receipt.text
    await eventually(
        lambda: "isn't connected to this account anymore" in json.dumps(world.cards("incidents"))
    )
    await world.sandbox.vendors["rootly"].set_fault("fine")
    await connect(world, ann)
    await eventually(lambda: len(world.sandbox.vendors["rootly"].created) == 1)


async def test_what_a_key_may_not_do_is_said_everywhere(world: World, ann: Visitor) -> None:
    """On the receipt, on the page, and in `/vendors`."""
    rootly = world.sandbox.vendors["rootly"]
    assert isinstance(rootly, Rootly)
    page = await ann.open(await link(world))
    receipt = await ann.press(page, "Check and connect", **rootly.key_without("workflows:read"))
    connection = await stored(world)
    assert connection is not None
    sentence = f"Workflow task: {connection.rights.cannot['workflow_task']}"
    assert sentence in receipt.text
    assert sentence in (await ann.open(await link(world))).text
    await world.command("/vendors", world.member)
    assert f":warning: {sentence}" in world.told(world.member)


async def test_home_shows_what_was_changed(world: World, ann: Visitor) -> None:
    """The admin's App Home is drawn again."""
    await connect(world, ann)

    def shown() -> bool:
        home = world.sandbox.slack.home(world.admin)
        return home is not None and "*Rootly* as Brambleway" in json.dumps(home["blocks"])

    await eventually(shown)


async def test_in_socket_mode_too(sandbox: Sandbox, tmp_path: Path, ann: Visitor) -> None:
    """Slack reaches the bot over its socket, and browsers its pages, where they have a public
    address."""
    port = free_port()
    environment = sandbox.environment(tmp_path / "relay.db", port)
    async with started("socket", environment=environment) as process:
        await said(process, "connected")
        await answering(f"http://127.0.0.1:{port}")
        world = World(sandbox, Settings.model_validate(environment), None)  # type: ignore[arg-type]
        page = await ann.open(await link(world))
        receipt = await ann.press(
            page, "Check and connect", **sandbox.vendors["rootly"].credentials
        )
        assert receipt.text.startswith("Rootly is connected\n")
        assert await stopped(process) == 0
