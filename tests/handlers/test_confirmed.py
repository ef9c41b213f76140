"""What a person vouches for is not called complete when a part of it was never sent."""

from bot.delivery.problems import said
from tests.world.bot import World, eventually
from tests.world.rows import card, press, says, standing


async def test_custom_fields_of_what_a_person_found_are_not_dropped_without_a_word(
    world: World,
) -> None:
    """They go in once the incident exists; its id is not known here, so the card says which are not
    set."""
    await standing(
        world,
        "unconfirmed",
        "undecided",
        error_details=said("Rootly does not list it."),
        payload={"title": "Checkout is down", "private": False, "custom": {"f1": "Lyon"}},
        custom=[{"id": "f1", "name": "Region", "kind": "text"}],
    )
    await press(world, "is_there")
    await world.top(world.member).submit()
    await eventually(lambda: card(world)["text"] == "Created in Rootly: Checkout is down")
    assert "Region" in says(card(world))
