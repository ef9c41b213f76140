"""In a channel that an incident has for itself, an action item belongs to that incident."""

import pytest

from tests.world.bot import World
from tests.world.rows import standing

MADE = {"id": "i-7", "reference": "INC-7", "title": "Checkout is down"}


@pytest.fixture(autouse=True)
async def loaded(world: World) -> None:
    await world.lists_loaded()


async def declared(world: World, *, private: bool = False) -> None:
    """The member's incident at Rootly, whose own channel is #incidents."""
    made = MADE | {"channel": world.channel("incidents")}
    await standing(world, "delivered", vendor_object=made, private=private)


async def test_the_incident_of_the_channel_is_chosen(world: World) -> None:
    """The words after the command stay the action item's, and the incident's tool is chosen."""
    await declared(world)
    modal = await world.open("/action-item Roll back", world.admin)
    assert modal.value("choice") == "rootly.action_item"
    assert (modal.value("incident_id"), modal.value("summary")) == ("i-7", "Roll back")
    assert "INC-7 Checkout is down" in str(modal.view["blocks"])


async def test_a_private_incident_is_offered_without_its_title(world: World) -> None:
    """Whoever is in its channel can add to it, and reads nothing of it. Its reporter does."""
    await declared(world, private=True)
    modal = await world.open("/action-item Roll back", world.admin)
    assert modal.value("incident_id") == "i-7"
    assert "This channel's incident" in str(modal.view["blocks"])
    assert "Checkout is down" not in str(modal.view["blocks"])
    own = await world.open("/action-item Roll back", world.member)
    assert "INC-7 Checkout is down" in str(own.view["blocks"])


async def test_elsewhere_nothing_is_chosen(world: World) -> None:
    made = MADE | {"channel": "C0ELSEWHERE"}
    await standing(world, "delivered", vendor_object=made)
    modal = await world.open("/action-item Roll back", world.admin)
    assert modal.value("incident_id") is None
    assert "Checkout is down" not in str(modal.view["blocks"])


async def test_another_incident_can_be_declared_there(world: World) -> None:
    """The form is a new incident's, and takes nothing over."""
    await declared(world)
    modal = await world.open("/incident", world.admin)
    assert modal.value("title") is None
