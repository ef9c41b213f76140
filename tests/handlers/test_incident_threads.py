"""An action item from a reply in the thread of an incident's card."""

from typing import Any

import pytest

from tests.world.bot import World, eventually


async def reply_below_the_card(world: World, label: str) -> dict[str, Any]:
    """Declare an incident with that vendor, and post a reply in the thread of its card."""
    await world.lists_loaded()
    modal = await (await world.open("/incident Disk full")).choose("choice", label)
    await modal.fill(severity_id="SEV2")
    await modal.send()
    here = world.channel("incidents")
    await eventually(lambda: world.cards("incidents"))
    (card,) = world.cards("incidents")
    await eventually(
        lambda: world.bot.services.delivery.card_outbox.by_card(
            world.sandbox.workspace, here, card["ts"]
        )
    )
    return await world.sandbox.slack.post(
        world.member, here, "Someone should call the bank", thread_ts=card["ts"]
    )


@pytest.mark.parametrize("label", ["Rootly", "incident.io"])
async def test_an_action_item_from_the_thread_of_a_card_belongs_to_its_incident(
    world: World, label: str
) -> None:
    """The form has the reply's words, and the incident of the card is chosen."""
    reply = await reply_below_the_card(world, label)
    await world.sandbox.slack.message_shortcut(
        world.member, world.channel("incidents"), reply["ts"], "add_action_item_from_message"
    )
    modal = world.top(world.member)
    stand_in = world.sandbox.vendors[modal.value("choice").split(".")[0]]
    assert modal.value("incident_id") == stand_in.created[0].id
    filled = [str(modal.value(name)) for name in modal.fields]
    assert [text for text in filled if text.startswith(reply["text"])] != []


async def test_another_incident_from_the_thread_of_a_card_has_the_replys_words(
    world: World,
) -> None:
    """Only the reply's own words count: an incident has no field for the card's incident."""
    reply = await reply_below_the_card(world, "Rootly")
    await world.sandbox.slack.message_shortcut(
        world.member, world.channel("incidents"), reply["ts"], "declare_incident_from_message"
    )
    assert world.top(world.member).value("title") == reply["text"]
