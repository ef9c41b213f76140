"""Private is a property of the object: nobody but the person who acts sees a word of a private
incident, or of what is attached to it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot import messages
from bot.cli.connect import connect
from bot.playground.sandbox import Sandbox
from bot.settings import Settings
from tests.world.bot import World, eventually, running
from tests.world.private import (
    INCIDENT_IO,
    ITEM,
    PUBLIC,
    ROOTLY,
    SECRET,
    TITLE,
    VENDORS,
    Vendor,
    ann,
    attach,
    attach_by_id,
    bob,
    incident,
    items,
    opened,
    private_incident,
    strays,
    words_in,
)
from tests.world.rows import KEY, card, click, now, press, says, standing

each_vendor = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)

PRIVATE = "Private. Only you can see this in Slack."


@pytest.fixture(autouse=True)
def _logs_are_clean(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No line of any log has a word of a private thing."""
    caplog.set_level("INFO")
    with capture_logs() as lines:
        yield
    assert words_in(f"{lines}{caplog.text}") == []


@each_vendor
async def test_who_made_it_picks_it_and_is_told_alone(world: World, vendor: Vendor) -> None:
    """The picker offers it to that person; the card of what is attached is a direct message that
    names the incident and links to it."""
    await private_incident(world, vendor)
    modal = await attach(world, vendor, ann(world), "quokka")
    assert "Created in" in modal.text
    await eventually(lambda: len(world.letters(ann(world))) == 2)
    letter = json.dumps(world.letters(ann(world))[1])
    assert words_in(letter) == ["quokka", "wombat"]
    row = incident(world, vendor, TITLE)
    assert str(row.get("url") or row.get("permalink")) in letter
    assert len(items(world, vendor)) == 1
    await world.sandbox.slack.open_home(bob(world))
    assert strays(world, item_by=ann(world)) == []


@each_vendor
async def test_nobody_else_is_offered_it(world: World, vendor: Vendor) -> None:
    """By its title, its number or its link."""
    number = await private_incident(world, vendor)
    row = incident(world, vendor, TITLE)
    link = world.sandbox.vendors[vendor.name].url + str(row.get("url") or row.get("permalink"))
    modal = await opened(world, "/action-item x", bob(world), vendor.item)
    offered = [await modal.offered("incident_id", typed) for typed in ("quokka", number, link)]
    assert words_in(str(offered)) == []
    assert [each[-1:] for each in offered[1:]] == [[f"{number} (looked up when sent)"]] * 2


@each_vendor
async def test_the_number_of_somebody_elses_tells_nothing_about_it(
    world: World, vendor: Vendor
) -> None:
    """The action item is created, and its author is told so, without a word or link of the
    incident; nobody else is told."""
    number = await private_incident(world, vendor)
    modal = await attach(world, vendor, bob(world), number)
    assert "Created in" in modal.text
    assert PRIVATE in modal.text
    await eventually(lambda: world.letters(bob(world)))
    assert len(items(world, vendor)) == 1
    [letter] = world.letters(bob(world))
    assert f"in {number} · " in says(letter)
    assert words_in(json.dumps([letter, modal.view])) == ["wombat"]
    assert strays(world, item_by=bob(world)) == []
    assert world.cards("incidents") == []


@each_vendor
async def test_until_the_vendor_says_what_a_number_is_it_counts_as_private(
    world: World, vendor: Vendor
) -> None:
    """While the vendor is away nothing is told to others; afterwards neither, as it is private."""
    number = await private_incident(world, vendor)
    stand_in = world.sandbox.vendors[vendor.name]
    await stand_in.set_fault("down")
    await attach(world, vendor, bob(world), number)
    await eventually(lambda: world.letters(bob(world)))
    await stand_in.set_fault("fine")
    await eventually(lambda: "Created in" in world.letters(bob(world))[0]["text"])
    assert words_in(json.dumps(world.letters(bob(world)))) == ["wombat"]
    assert strays(world, item_by=bob(world)) == []


@each_vendor
async def test_the_number_of_a_public_incident_is_told_in_the_channel(
    world: World, vendor: Vendor
) -> None:
    """With the title that the look-up found, and a link."""
    await world.lists_loaded()
    row = incident(world, vendor, PUBLIC)
    number = f"INC-{row.get('sequential_id') or str(row['reference'])[4:]}"
    outcome = await attach_by_id(world, vendor, bob(world), number.replace("INC-", "#"))
    assert outcome.ok
    await eventually(lambda: world.cards("incidents"))
    assert f"in {number} {PUBLIC} · " in says(card(world))
    assert PRIVATE not in json.dumps(card(world))
    assert world.letters(bob(world)) == []


@each_vendor
async def test_what_the_key_is_not_shown_is_as_if_it_did_not_exist(
    sandbox: Sandbox, settings: Settings, vendor: Vendor
) -> None:
    """By number and by id, in the same words."""
    await connect(settings, sandbox.workspace, vendor.name, vendor.without_private(sandbox))
    async with running(sandbox, settings) as world:
        row = incident(world, vendor, SECRET)
        number = row.get("sequential_id") or str(row["reference"])[4:]
        said = [
            str((await attach_by_id(world, vendor, bob(world), named)).errors)
            for named in (f"#{number}", "#987", row["id"], row["id"][:-1] + "0")
        ]
    assert said[0].replace(f"INC-{number}", "INC-987") == said[1]
    assert said[2] == said[3]
    assert "{}" not in said


@each_vendor
async def test_what_is_found_after_a_lost_answer_tells_no_more(
    world: World, vendor: Vendor
) -> None:
    """The object that the look-up finds is shown without the incident's link."""
    number = await private_incident(world, vendor)
    await world.sandbox.vendors[vendor.name].set_fault("lost")
    await attach(world, vendor, bob(world), number)
    await eventually(
        lambda: world.letters(bob(world)) and "Created in" in world.letters(bob(world))[0]["text"],
        seconds=20,
    )
    assert len(items(world, vendor)) == 1
    assert words_in(json.dumps(world.letters(bob(world)))) == ["wombat"]
    assert strays(world, item_by=bob(world)) == []


@each_vendor
async def test_a_refused_one_is_corrected_by_its_author_alone(world: World, vendor: Vendor) -> None:
    """Nobody else opens the form with the words in it."""
    number = await private_incident(world, vendor)
    refusal = {"errors": [{"title": "Not today", "message": "Not today"}]}
    world.sandbox.vendors[vendor.name].answer_next(422, refusal)
    modal = await attach(world, vendor, bob(world), number)
    key = json.loads(modal.view["private_metadata"])["key"]
    await click(world, "edit", ann(world), key)
    assert world.told(ann(world)) == messages.Notice.SOMEBODY_ELSES.text
    assert strays(world, item_by=bob(world)) == []


async def test_an_incident_with_a_private_parent_is_told_to_its_author(world: World) -> None:
    """Its card would name the parent."""
    await private_incident(world, ROOTLY)
    modal = await opened(world, f"/incident {ITEM}", ann(world), ROOTLY.incident)
    await modal.press("more", "more")
    await modal.fill(parent_incident_id="quokka")
    await modal.send()
    await eventually(lambda: len(world.letters(ann(world))) == 2)
    assert strays(world, item_by=ann(world)) == []


@pytest.mark.parametrize(
    ("vendor", "status", "made"),
    [
        (ROOTLY, 201, {"data": {"id": "i9", "attributes": {"title": TITLE, "private": True}}}),
        (INCIDENT_IO, 200, {"incident": {"id": "i9", "name": TITLE, "visibility": "private"}}),
    ],
    ids=["in an envelope", "as it is"],
)
async def test_an_incident_is_private_if_the_vendor_says_so(
    world: World, vendor: Vendor, status: int, made: dict[str, Any]
) -> None:
    """Whatever was ticked in the form."""
    await world.lists_loaded()
    world.sandbox.vendors[vendor.name].answer_next(status, made)
    modal = await opened(world, f"/incident {TITLE}", ann(world), vendor.incident)
    await modal.fill(severity_id="SEV2")
    await modal.send()
    await eventually(lambda: world.letters(ann(world)))
    other = await opened(world, "/action-item x", bob(world), vendor.item)
    assert words_in(str(await other.offered("incident_id", "quokka"))) == []
    assert strays(world, item_by=ann(world)) == []


async def test_a_card_that_is_still_to_be_withdrawn_fills_no_form(world: World) -> None:
    """The menu of a card leads to a form with the delivery's words, but not for others."""
    made = {"id": "1", "reference": "INC-7"}
    await standing(world, "delivered", vendor_object=made, title="Checkout is down")
    await became_private(world, title=TITLE)
    where, ts = world.channel("incidents"), card(world)["ts"]
    for person in (bob(world), ann(world)):
        await world.sandbox.slack.message_shortcut(
            person, where, ts, "add_action_item_from_message"
        )
    assert strays(world, item_by=ann(world)) == []
    assert words_in(str(world.sandbox.slack.views(ann(world)))) == ["quokka"]


async def became_private(world: World, **columns: Any) -> None:
    """The row becomes private, and its card is not withdrawn yet."""
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    await world.bot.database.write(
        lambda db: db.execute(
            f"UPDATE deliveries SET private = 1{', ' + sets if sets else ''} WHERE key = :key",
            {"key": KEY, **columns},
        ).fetchall()
    )


async def test_a_form_that_was_opened_before_it_became_private_shows_and_changes_nothing(
    world: World,
) -> None:
    """Bob has opened "Edit and resend"; then its author makes it private, and it is refused again:
    what Bob submits neither replaces it nor shows it."""
    await standing(world, "rejected", "refused", title="Checkout is down")
    await press(world, "edit", bob(world))
    modal = world.top(bob(world))
    await became_private(world, title=TITLE, payload=json.dumps({"title": TITLE, "private": True}))
    await modal.submit()
    assert words_in(str(world.sandbox.slack.views(bob(world)))) == []
    assert messages.Notice.ONLY_THE_OWNER.text in world.top(bob(world)).text
    row = await now(world)
    assert (row.state, row.title, row.actor) == ("rejected", TITLE, ann(world))


async def test_admins_do_not_read_in_vendors_what_the_vendor_said_about_it(world: World) -> None:
    """They are told that something waits, and not the vendor's words."""
    await world.lists_loaded()
    refusal = {"errors": [{"title": f"You may not see {TITLE}", "status": "403"}]}
    world.sandbox.vendors["rootly"].answer_next(403, refusal)
    modal = await opened(world, f"/incident {TITLE}", ann(world), ROOTLY.incident)
    await modal.fill(private=True)
    await modal.send()
    await world.command("/vendors", bob(world))
    assert "1 " in world.told(bob(world))
    assert strays(world, item_by=ann(world)) == []
