"""A person who looked at the vendor names what is there, and the bot stores what the vendor says."""

import pytest

from bot.delivery.problems import said
from tests.world.bot import World, eventually
from tests.world.modal import Modal
from tests.world.rows import buttons, card, change, now, press, says, standing

REFERENCE = "reference"
ELSEWHERE = "general"


@pytest.fixture
async def doubt(world: World) -> World:
    """A delivery whose incident is at Rootly, where the bot cannot find it."""
    await (await world.open("/incident Disk full", world.admin, ELSEWHERE)).send()
    await eventually(lambda: world.cards(ELSEWHERE))
    await standing(world, "unconfirmed", "undecided", error_details=said("Rootly is slow"))
    return world


def incident(world: World) -> tuple[str, str]:
    """The reference and the address of the incident that Rootly has."""
    [made] = world.cards(ELSEWHERE)
    return made["text"].split(" ")[3], made["blocks"][0]["accessory"]["url"]


async def window(world: World) -> Modal:
    """The window that the button opens."""
    await press(world, "is_there")
    return world.top(world.member)


@pytest.mark.parametrize("which", [0, 1], ids=["reference", "link"])
async def test_what_a_person_names_is_read_from_the_vendor(doubt: World, which: int) -> None:
    """By its reference or the link of its page; the card shows the vendor's words."""
    named = incident(doubt)
    modal = await window(doubt)
    await modal.fill(reference=named[which])
    assert (await modal.submit()).errors == {}
    await eventually(lambda: f"{named[0]}  Disk full" in says(card(doubt)))
    row = await now(doubt)
    assert (row.state, row.reason) == ("delivered", "confirmed")
    assert (row.vendor_object["reference"], row.vendor_object["url"]) == named


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        (
            "https://elsewhere.example.com/account/incidents/1-disk-full",
            "Type a reference such as INC-42, or paste a link from Rootly.",
        ),
        ("what?", "Type a reference such as INC-42, or paste a link from Rootly."),
        ("INC-99999", "Rootly doesn't show this to our API key. Check the reference."),
    ],
)
async def test_what_the_vendor_does_not_return_is_not_stored(
    doubt: World, typed: str, error: str
) -> None:
    """The error says what to type, beside the field; nothing is decided."""
    modal = await window(doubt)
    await modal.fill(reference=typed)
    assert (await modal.submit()).errors == {REFERENCE: error}
    assert (await now(doubt)).state == "unconfirmed"


async def test_what_was_done_by_hand_is_named_and_not_sent_again(doubt: World) -> None:
    """After a lost answer the button asks what was made, and stops the sending."""
    reference, _ = incident(doubt)
    row = await now(doubt)
    await change(
        doubt, row.key, state="queued", reason="keyed", resend_count=1, next_attempt_at=9e9
    )
    await eventually(lambda: "by_hand" in buttons(card(doubt)))
    await press(doubt, "by_hand")
    modal = doubt.top(doubt.member)
    assert modal.text == "We'll stop sending this to Rootly. It may already be there."
    await modal.fill(reference=reference)
    await modal.submit()
    await eventually(lambda: card(doubt)["text"].startswith(f"Done by hand in Rootly: {reference}"))
    assert (await now(doubt)).state == "cancelled"


async def test_a_window_that_comes_too_late_decides_nothing(doubt: World) -> None:
    """It says what became of the delivery meanwhile."""
    modal = await window(doubt)
    await change(doubt, (await now(doubt)).key, state="cancelled", reason="cancelled")
    await modal.submit()
    assert doubt.top(doubt.member).text.startswith("That's no longer possible.")
