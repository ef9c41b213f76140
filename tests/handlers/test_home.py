"""App Home: a person's own deliveries, how they stand, and what can be done about them."""

from typing import Any

from bot.delivery.problems import said
from tests.world.bot import World, eventually
from tests.world.rows import MADE, buttons, change, now, says, standing


async def home(world: World, user: str) -> dict[str, Any]:
    """What that person sees on opening it."""
    assert (await world.sandbox.slack.open_home(user)).ok
    view = world.sandbox.slack.home(user)
    assert view is not None
    return view


async def press(world: World, user: str, key: str, action_id: str) -> dict[str, Any]:
    """Press a button of that delivery; what the Home shows then."""
    view = world.sandbox.slack.home(user)
    assert view is not None
    outcome = await world.sandbox.slack.act(
        user,
        view_id=view["id"],
        block_id=f"delivery.{key}",
        action_id=action_id,
        action={"type": "button"},
    )
    assert outcome.ok
    view = world.sandbox.slack.home(user)
    assert view is not None
    return view


async def test_a_newcomer_is_told_what_to_try(world: World) -> None:
    """Nothing was sent yet."""
    assert "Nothing yet. Type one of these in any channel:\n• `/incident Checkout is down`" in says(
        await home(world, world.member)
    )


async def test_people_see_their_own_deliveries_and_nobody_elses(world: World) -> None:
    """With state, title, what it is and its age; private ones too, for they are their own."""
    await standing(world, "queued", "unreachable", key="ir1", title="First")
    await standing(world, "failed", "gave_up", key="ir2", title="Second", private=True)
    text = says(await home(world, world.member))
    assert text.index("Second") < text.index("First")
    assert "Saved, not yet in Rootly*\nFirst" in text
    assert "Rootly incident · Sent <!date^" in text
    assert says(await home(world, world.admin)).count("First") == 0


async def test_what_was_sent_has_its_link(world: World) -> None:
    """Right beside it."""
    await (await world.open("/incident Disk full", world.member)).send()
    view = await home(world, world.member)
    assert "Created in Rootly" in says(view)
    assert [it["accessory"]["action_id"] for it in view["blocks"] if "accessory" in it] == ["open"]


async def test_trying_again_from_home_shows_what_came_of_it(world: World) -> None:
    """The Home is drawn again, with the outcome if it comes at once."""
    row = await standing(world, "failed", "gave_up")
    assert buttons(await home(world, world.member)) == ["try_again", "copy"]
    view = await press(world, world.member, row.key, "try_again")
    assert "Created in Rootly*\nINC-" in says(view)
    assert len(world.sandbox.vendors["rootly"].created) == 1


async def test_deciding_from_home(world: World) -> None:
    """In doubt, and while it waits."""
    await standing(world, "unconfirmed", "undecided", key="ir1", title="First")
    await home(world, world.member)
    await press(world, world.member, "ir1", "is_there")
    await world.top(world.member).submit()
    assert "Created in Rootly*\nFirst" in says(await home(world, world.member))
    await standing(world, "queued", "unreachable", key="ir2", title="Second", private=True)
    await home(world, world.member)
    assert "Cancelled, not created in Rootly*\nSecond" in says(
        await press(world, world.member, "ir2", "cancel")
    )


async def test_a_form_opens_from_home(world: World) -> None:
    """What was refused is corrected from there."""
    await standing(world, "rejected", "refused", error_details=said("No."), key="ir1")
    await home(world, world.member)
    await press(world, world.member, "ir1", "edit")
    modal = world.top(world.member)
    assert modal.value("title") == "Checkout is down"
    await modal.send()
    await eventually(lambda: len(world.sandbox.vendors["rootly"].created) == 1)


async def test_a_no_at_home_is_a_note(world: World) -> None:
    """And the Home shows what it is now."""
    await standing(world, "failed", "gave_up", key="ir1")
    await home(world, world.member)
    await change(world, "ir1", state="delivered", reason="", vendor_object=MADE)
    view = await press(world, world.member, "ir1", "try_again")
    assert world.top(world.member).text == "Too late: INC-7 is in Rootly now."
    assert "INC-7  Checkout is down" in says(view)
    assert (await now(world, "ir1")).state == "delivered"


async def test_the_messages_tab_draws_nothing(world: World) -> None:
    """Slack tells of it too."""
    slack = world.sandbox.slack
    event = {"type": "app_home_opened", "user": world.member, "channel": "D1", "tab": "messages"}
    answer = await slack.transport.send("events_api", slack.payloads.event(event))
    assert answer.status == 200
    assert slack.home(world.member) is None
