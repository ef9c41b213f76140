"""The buttons on cards and receipts: each does its thing once, for those who may, whenever it is
pressed."""

import asyncio
import time
from dataclasses import replace

import pytest

from bot import messages
from bot.delivery.problems import said
from bot.delivery.store.decisions import Decisions
from bot.playground.sandbox import Sandbox
from bot.settings import Settings
from handlers.button_presses import PRESS_SECONDS
from tests.world.bot import World, eventually, running
from tests.world.modal import Modal
from tests.world.rows import (
    KEY,
    MADE,
    buttons,
    card,
    card_is_noted,
    change,
    click,
    now,
    press,
    says,
    standing,
)


def posts(world: World) -> int:
    """How often Rootly was asked to create something."""
    return len([it for it in world.sandbox.vendors["rootly"].requests if it.method == "POST"])


async def test_what_waits_can_be_cancelled_and_sent_after_all(world: World) -> None:
    """Nothing is sent; the card says who cancelled it; whoever thinks better of it sends it from
    there."""
    await standing(world, "queued", "unreachable")
    assert buttons(card(world)) == ["by_hand", "cancel"]
    assert (await press(world, "cancel", world.admin)).ok
    await eventually(lambda: "Cancelled, not created in Rootly" in says(card(world)))
    assert f" · Cancelled by <@{world.admin}>" in says(card(world))
    assert posts(world) == 0
    assert buttons(card(world)) == ["try_again", "copy"]
    await press(world, "try_again")
    await eventually(lambda: card(world)["text"].startswith("Created in Rootly: INC-"))
    assert len(world.sandbox.vendors["rootly"].created) == 1


async def test_what_is_done_by_hand_is_not_sent_as_well(world: World) -> None:
    """Whoever pressed the button has taken it over, and gets the link to the vendor's page."""
    await standing(world, "queued", "unreachable")
    await press(world, "by_hand", world.admin)
    window = world.top(world.admin)
    assert window.text == "It's yours now. We won't send it to Rootly."
    assert window.view["blocks"][1]["elements"][0]["url"].startswith("http")
    await eventually(lambda: "Taken over by hand" in says(card(world)))
    assert f" · Taken over by <@{world.admin}>" in says(card(world))
    row = await now(world)
    assert (row.state, row.reason, row.changed_by) == ("cancelled", "by_hand", world.admin)
    assert posts(world) == 0


async def test_a_second_press_by_the_same_person_is_silent(world: World) -> None:
    """A double click does what one click does."""
    await standing(world, "queued", "unreachable")
    await asyncio.gather(press(world, "cancel"), press(world, "cancel"))
    row = await now(world)
    assert (row.state, row.reason, row.changed_by) == ("cancelled", "cancelled", world.member)
    assert world.sandbox.slack.ephemerals == []


@pytest.mark.parametrize(
    ("action", "did"),
    [
        ("cancel", "cancelled your incident *Checkout is down*."),
        ("by_hand", "took over your incident *Checkout is down* by hand."),
    ],
)
async def test_the_owner_hears_that_somebody_else_called_it_off(
    world: World, action: str, did: str
) -> None:
    """By direct message, once; whoever did it knows."""
    await standing(world, "queued", "unreachable")
    await press(world, action, world.admin)
    await press(world, action, world.admin)
    await eventually(lambda: world.letters(world.member))
    assert [it["text"] for it in world.letters(world.member)] == [
        f"<@{world.admin}> {did} It wasn't sent to Rootly."
    ]
    assert world.letters(world.admin) == []


async def test_who_calls_off_their_own_is_not_told(world: World) -> None:
    """There is nothing to hear."""
    await standing(world, "queued", "unreachable")
    await press(world, "cancel")
    await eventually(lambda: "Cancelled" in says(card(world)))
    assert world.letters(world.member) == []


async def test_whoever_comes_second_is_told_what_it_is_now(world: World) -> None:
    """Of two people, one decides; the other learns what became of it, alone."""
    await standing(world, "queued", "unreachable")
    await press(world, "by_hand", world.admin)
    await click(world, "cancel", world.member)
    assert world.told(world.member) == (
        "That's no longer possible.\n*Taken over by hand*\nNothing was created from here."
    )
    assert (await now(world)).reason == "by_hand"


async def test_what_is_being_sent_cannot_be_cancelled(world: World) -> None:
    """The person is told so, and the card then says what came of it."""
    vendor = world.sandbox.vendors["rootly"]
    vendor.hold = asyncio.Event()
    await standing(world, "queued", "unreachable")
    await change(world, next_attempt_at=0.0)
    await eventually(lambda: vendor.created)
    await press(world, "cancel")
    assert world.told(world.member) == (
        "Too late. This is being sent: watch the card for the result."
    )
    vendor.hold.set()
    await eventually(lambda: card(world)["text"].startswith("Created in Rootly"))
    await click(world, "cancel", world.member)
    assert world.told(world.member).startswith("Too late: INC-")
    assert len(vendor.created) == 1


async def test_in_doubt_a_person_can_send_it_again(world: World) -> None:
    """Once, however often it is pressed."""
    await standing(
        world, "unconfirmed", "undecided", error_details=said("Rootly does not list it.")
    )
    assert buttons(card(world)) == ["open_vendor", "send_again", "is_there"]
    await press(world, "send_again")
    await click(world, "send_again", world.member)
    await eventually(lambda: card(world)["text"].startswith("Created in Rootly: INC-"))
    assert len(world.sandbox.vendors["rootly"].created) == 1


async def test_in_doubt_a_person_can_say_that_it_is_there(world: World) -> None:
    """Then nothing is sent, and the card says who found it."""
    await standing(
        world, "unconfirmed", "undecided", error_details=said("Rootly does not list it.")
    )
    await press(world, "is_there")
    await world.top(world.member).submit()
    await eventually(lambda: card(world)["text"] == "Created in Rootly: Checkout is down")
    assert f" · Confirmed by <@{world.member}>" in says(card(world))
    assert posts(world) == 0


async def test_what_is_being_checked_is_not_sent_again_from_an_old_card(world: World) -> None:
    """Only where a person has to decide does a person decide."""
    await standing(world, "unconfirmed", "unclear", reconcile_at=2e9)
    await click(world, "send_again", world.member)
    assert "We're checking Rootly for it" in world.told(world.member)
    assert (await now(world)).state == "unconfirmed"
    assert posts(world) == 0


async def test_what_was_given_up_can_be_tried_again(world: World) -> None:
    """Any time later."""
    await standing(world, "failed", "gave_up")
    await press(world, "try_again")
    await eventually(lambda: card(world)["text"].startswith("Created in Rootly: INC-"))


@pytest.mark.parametrize("action", ["cancel", "by_hand"])
async def test_a_guest_may_not_press(world: World, action: str) -> None:
    """The same people may press who may submit; the others are told whom to ask."""
    await standing(world, "queued", "unreachable")
    await click(world, action, world.guest)
    assert world.told(world.guest) == ("Guests can't do this. Ask a full member to do it for you.")
    assert (await now(world)).state == "queued"


async def test_a_member_may_not_press_below_a_workflow_task(world: World) -> None:
    """What changes automation is for admins, also when it is sent again."""
    await standing(world, "failed", "gave_up", kind="workflow_task")
    await press(world, "try_again", world.member)
    assert world.told(world.member).startswith(
        "Only workspace admins and owners can change workflows"
    )
    assert (await now(world)).state == "failed"


async def test_another_workspaces_people_may_not_press(world: World) -> None:
    """In a shared channel, Slack sends their clicks too, with their own team. The app is not
    installed there, and the bot's token does not serve it."""
    await standing(world, "queued", "unreachable")
    await click(world, "cancel", world.member, team={"id": "T0OTHER", "domain": "other"})
    assert world.told(world.member) == messages.Notice.NOT_INSTALLED.text
    assert (await now(world)).state == "queued"


async def test_a_stranger_in_our_own_workspace_may_not_press(world: World) -> None:
    """Somebody whom Slack does not know here, though the click names our team."""
    await standing(world, "queued", "unreachable")
    person = world.sandbox.slack.people[world.member]
    world.sandbox.slack.people[person.id] = replace(person, deleted=True)
    await click(world, "cancel", person.id)
    assert "People from other workspaces can't do this." in world.told(person.id)
    assert (await now(world)).state == "queued"


@pytest.mark.parametrize("value", ["", "nonsense", "//", "/T1/", "a/b/c/d", "/T1/ir000000000000"])
async def test_a_button_about_nothing_changes_nothing(world: World, value: str) -> None:
    """An older version's, say."""
    action = {"type": "button", "block_id": "delivery", "action_id": "cancel", "value": value}
    await click(world, "cancel", world.member, actions=[action])
    assert world.told(world.member) == messages.Notice.GONE.text


@pytest.mark.parametrize("action", ["cancel", "edit", "copy"])
async def test_a_private_delivery_is_its_persons_alone(world: World, action: str) -> None:
    """Nobody else acts on it, or reads it."""
    await standing(world, "queued", "unreachable", private=True)
    await click(world, action, world.admin)
    assert world.told(world.admin) == messages.Notice.SOMEBODY_ELSES.text
    assert (await now(world)).state == "queued"
    assert world.sandbox.slack.views(world.admin) == []


async def test_what_became_private_during_a_press_is_not_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its author makes it private after the check and before the decision, which comes to
    nothing."""
    await standing(world, "queued", "unreachable")

    async def faster(*_: object) -> None:
        await change(world, private=1, title="Quokka takeover", state="failed")

    monkeypatch.setattr(Decisions, "make", faster)
    await press(world, "cancel", world.admin)
    assert world.told(world.admin) == messages.Notice.SOMEBODY_ELSES.text


async def test_buttons_work_after_a_restart(sandbox: Sandbox, settings: Settings) -> None:
    """Nothing that they need is in memory."""
    await sandbox.connect_vendors(settings)
    async with running(sandbox, settings) as world:
        await standing(world, "failed", "gave_up")
    async with running(sandbox, settings) as world:
        await press(world, "try_again")
        await eventually(lambda: card(world)["text"].startswith("Created in Rootly: INC-"))
        assert len(world.sandbox.vendors["rootly"].created) == 1


async def test_a_card_that_was_posted_but_never_noted_is_adopted(world: World) -> None:
    """The process died between the two: the message that people see goes on as the card."""
    row = await standing(world, "queued", "unreachable")
    await world.bot.database.write(
        lambda db: db.execute(
            "UPDATE deliveries SET card_ts = '', card_channel = '' WHERE id = ?", (row.id,)
        )
    )
    await press(world, "cancel")
    await eventually(lambda: "Cancelled" in card(world)["text"])
    await eventually(lambda: card_is_noted(world))


async def test_a_full_disk_is_told(world: World) -> None:
    """Nothing was changed, and the person knows."""
    await standing(world, "queued", "unreachable")
    database = world.bot.database
    await database.write(
        lambda db: db.execute(
            "CREATE TRIGGER full BEFORE UPDATE OF state ON deliveries BEGIN SELECT raise(ABORT, "
            "'disk full'); END"
        )
    )
    await press(world, "cancel")
    assert world.told(world.member) == messages.Notice.CLICK_FAILED.text
    assert (await now(world)).state == "queued"


DISK_FULL = "CREATE TRIGGER full BEFORE UPDATE OF state ON deliveries BEGIN SELECT raise(ABORT, 'disk full'); END"


async def test_what_fails_after_slack_had_its_answer_is_told_too(world: World) -> None:
    """The database is slow: Slack is answered in time, and the person learns what became of it when
    that is known."""
    await standing(world, "queued", "unreachable")
    database = world.bot.database
    await database.write(lambda db: db.execute(DISK_FULL))
    slow = asyncio.create_task(database.write(lambda _: time.sleep(PRESS_SECONDS + 0.7)))
    await asyncio.sleep(0)
    assert (await press(world, "cancel")).ok
    assert world.sandbox.slack.ephemerals == []
    await eventually(lambda: world.sandbox.slack.ephemerals)
    assert world.told(world.member) == messages.Notice.CLICK_FAILED.text
    await slow


@pytest.mark.parametrize(
    ("action", "headline"),
    [("cancel", "Cancelled, not created in Rootly"), ("by_hand", "Taken over by hand")],
)
async def test_what_waits_for_an_admin_need_not(world: World, action: str, headline: str) -> None:
    """Its card says what it waits for; who calls it off there is named, and it is not sent when
    there is a new key."""
    await standing(world, "failed", "unauthorized", error_details=said("No such key."))
    assert card(world)["text"] == "Saved, waiting for a new key for Rootly: Checkout is down"
    assert buttons(card(world)) == ["try_again", "by_hand", "cancel", "copy"]
    assert (await press(world, action)).ok
    await eventually(lambda: card(world)["text"].startswith(headline))
    await world.sandbox.connect_vendors(world.settings)
    assert (await now(world)).state == "cancelled"
    assert buttons(card(world)) == ["try_again", "copy"]


async def test_what_takes_long_is_done_all_the_same(world: World) -> None:
    """In a modal too, whose trigger is of no use any more by then."""
    row = await standing(world, "failed", "gave_up")
    modal = await receipt(world, row.key)
    database = world.bot.database
    slow = asyncio.create_task(database.write(lambda _: time.sleep(PRESS_SECONDS + 0.7)))
    await asyncio.sleep(0)
    assert (await modal.press("delivery", "try_again")).ok
    assert "Not created in Rootly" in modal.text
    await eventually(lambda: "Created in Rootly" in modal.text)
    await slow


async def test_a_late_no_in_a_modal_comes_as_a_direct_message(world: World) -> None:
    """Slack opens no note any more by then."""
    row = await standing(world, "failed", "gave_up")
    modal = await receipt(world, row.key)
    database = world.bot.database
    await database.write(lambda db: db.execute(DISK_FULL))
    slow = asyncio.create_task(database.write(lambda _: time.sleep(PRESS_SECONDS + 0.7)))
    await asyncio.sleep(0)
    assert (await modal.press("delivery", "try_again")).ok
    await eventually(
        lambda: (
            [it["text"] for it in world.letters(world.member)]
            == [messages.Notice.CLICK_FAILED.text]
        )
    )
    await slow


async def test_an_answer_that_slack_does_not_take_comes_as_a_direct_message(world: World) -> None:
    """Where the address for answers cannot be reached."""
    await standing(world, "queued", "unreachable")
    await click(world, "cancel", world.guest, response_url="http://127.0.0.1:9/answer")
    assert [it["text"] for it in world.letters(world.guest)] == [
        "Guests can't do this. Ask a full member to do it for you."
    ]


async def test_a_mistake_of_ours_is_told(world: World) -> None:
    """A row that this version cannot read, say: nobody stares at a button that does nothing."""
    await standing(world, "queued", "unreachable")
    await world.bot.database.write(
        lambda db: db.execute("UPDATE deliveries SET selected = '[1]' WHERE key = ?", (KEY,))
    )
    assert (await press(world, "cancel")).ok
    assert world.told(world.member) == messages.Notice.CLICK_TROUBLE.text


async def test_a_receipt_has_the_buttons_too(world: World) -> None:
    """Pressed in the modal, it says there what came of it."""
    row = await standing(world, "failed", "gave_up")
    modal = await receipt(world, row.key)
    assert buttons(modal.view) == ["try_again", "copy"]
    await modal.press("delivery", "try_again")
    assert "Created in Rootly" in modal.text


async def test_a_receipt_follows_what_was_decided_in_it(world: World) -> None:
    """However long the vendor takes; once it has said how it ended it is left alone."""
    vendor = world.sandbox.vendors["rootly"]
    vendor.hold = asyncio.Event()
    row = await standing(world, "failed", "gave_up")
    modal = await receipt(world, row.key)
    await modal.press("delivery", "try_again")
    assert "Saved, not yet in Rootly" in modal.text
    await asyncio.sleep(0.2)
    vendor.hold.set()
    await eventually(lambda: "Created in Rootly" in modal.text)
    await eventually(lambda: _is_followed_no_more(world))


async def test_a_refusal_that_comes_later_can_be_corrected_in_the_same_modal(world: World) -> None:
    """The receipt says so, becomes the form again, and what is sent from there is a submission like
    any other."""
    vendor = world.sandbox.vendors["rootly"]
    vendor.hold = asyncio.Event()
    row = await standing(
        world, "failed", "gave_up", payload={"title": "Checkout is down", "severity_id": "gone"}
    )
    modal = await receipt(world, row.key)
    await modal.press("delivery", "try_again")
    vendor.hold.set()
    await eventually(lambda: "didn't accept" in modal.text)
    await eventually(lambda: _is_followed_no_more(world))
    await modal.press("delivery", "edit")
    assert "title" in " ".join(modal.fields)
    outcome = await modal.submit()
    assert list(outcome.errors) == ["rootly.incident.severity_id"]


async def _is_followed_no_more(world: World) -> bool:
    row = await now(world)
    rows = await world.bot.database.read(
        lambda db: db.execute("SELECT view_id FROM deliveries WHERE id = ?", (row.id,)).fetchall()
    )
    return [it["view_id"] for it in rows] == [""]


async def test_a_no_in_a_receipt_is_a_note_on_top(world: World) -> None:
    """A modal's button has no message to answer to."""
    row = await standing(world, "failed", "gave_up")
    modal = await receipt(world, row.key)
    await change(world, state="delivered", reason="", vendor_object=MADE)
    await modal.press("delivery", "try_again")
    assert world.top(world.member).text == "Too late: INC-7 is in Rootly now."
    await world.sandbox.slack.close(world.member, world.top(world.member).id)
    assert "Created in Rootly" in world.top(world.member).text


async def receipt(world: World, key: str = KEY) -> Modal:
    """The member's modal, showing the receipt of that row."""
    modal = await world.open("/incident x", world.member)
    row = await now(world, key)
    view = messages.receipt(
        row, *world.bot.services.operations.find(f"{row.vendor}.{row.operation}")
    )
    await world.bot.app.client.views_update(
        token=world.sandbox.slack.bot_token, view_id=modal.id, view=view
    )
    return modal


async def test_a_link_button_is_heard(world: World) -> None:
    """Slack tells us that a link was followed, and wants an answer; also the second one's."""
    duplicates = [
        {"id": "2", "reference": "INC-2", "title": "", "url": "https://rootly.example.com/2"}
    ]
    created = {"id": "1", "reference": "INC-1", "title": "", "url": "https://rootly.example.com/1"}
    await standing(
        world, "delivered", "created_twice", vendor_object=created, duplicates=duplicates
    )
    assert buttons(card(world)) == ["open", "open_1"]
    assert (await press(world, "open_1")).ok
