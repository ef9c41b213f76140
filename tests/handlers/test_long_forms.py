"""Forms with more fields than Slack takes: they open, say what they leave out, and where that will
not do, say so."""

from bot.adapters.base import Entry
from bot.delivery.problems import said
from bot.forms.custom_fields import CustomField
from tests.world.bot import World
from tests.world.modal import Modal
from tests.world.rows import card, now, press, says, standing

NO_ROOM = (
    "Rootly requires more fields here than a Slack form can have, so nothing was sent. Create it "
    "in Rootly. An admin there can make custom fields optional."
)


async def own(world: World, count: int, *, required: bool = False) -> None:
    """That workspace has so many fields of its own at Rootly: "F0", "F1" ..."""
    await world.lists_loaded()
    fields = [
        CustomField(id=f"f{n}", name=f"F{n}", kind="text", required=required) for n in range(count)
    ]
    entries = [Entry(id=it.id, label=it.name, field=it) for it in fields]
    await world.change_list("rootly", "form_fields", lambda known: entries)


def left_out(modal: Modal) -> str:
    """The line about what found no room."""
    return "".join(
        it["text"]["text"] for it in modal.view["blocks"] if it.get("block_id") == "left_out"
    )


async def test_all_the_fields_that_fit_stand_in_the_form(world: World) -> None:
    """With "More fields" open, as many of the workspace's own as there is room for, and a line that
    names the others."""
    await own(world, 120)
    modal = await world.open("/incident Checkout is down", world.member)
    assert left_out(modal) == ""
    await modal.press("more", "more")
    assert len(modal.view["blocks"]) == 100
    shown = [it for it in modal.fields if ".custom." in it]
    missing = [f"*F{n}*" for n in range(len(shown), 120)]
    assert left_out(modal) == (
        ":information_source: Slack has no room for these fields: "
        f"{', '.join(missing[:10])} and "
        f"{len(missing) - 10} more. You can set them in Rootly afterwards."
    )
    await (await modal.fill(**{f"f{len(shown) - 1}": "typed"})).send()
    assert "Created in Rootly" in world.top(world.member).text
    row = (await world.bot.services.delivery.history.newest())[0]
    assert row.payload["custom"][f"f{len(shown) - 1}"] == "typed"


async def test_what_is_typed_keeps_its_place_when_the_form_grows(world: World) -> None:
    """A field that no longer fits stays as long as something is in it."""
    await own(world, 120)
    modal = await world.open("/incident Checkout is down", world.member)
    await modal.fill(summary="Nobody can pay.", f5="typed")
    await modal.press("more", "more")
    assert (modal.value("summary"), modal.value("f5")) == ("Nobody can pay.", "typed")


async def test_a_form_that_was_drawn_before_is_answered_with_one_that_fits(world: World) -> None:
    """So many fields became demanded meanwhile: the answer to the submission keeps to Slack's
    limits as well."""
    modal = await world.open("/incident Checkout is down", world.member)
    await own(world, 90, required=True)
    assert (await modal.submit()).ok
    assert sum(".custom.f" in it for it in modal.fields) == 90


async def test_too_many_demanded_fields_are_told_instead_of_a_form(world: World) -> None:
    """Slack would refuse the form without a word to the person."""
    await own(world, 120, required=True)
    await world.command("/incident Checkout is down", world.member)
    assert world.told(world.member) == f"{NO_ROOM}\nYou typed: `/incident Checkout is down`"
    assert world.sandbox.slack.views(world.member) == []


async def test_too_many_demanded_fields_are_told_above_the_form_that_is_there(world: World) -> None:
    """Of another operation that was chosen, and of one that grew meanwhile; what was typed stays."""
    modal = await world.open("/incident Checkout is down", world.member)
    await own(world, 120, required=True)
    await modal.submit()
    assert world.top(world.member).text == NO_ROOM
    await world.sandbox.slack.close(world.member, world.top(world.member).id)
    await modal.choose("choice", "incident.io")
    assert modal.view["callback_id"] == "form:incident_io.incident"
    await modal.choose("choice", "Rootly")
    assert world.top(world.member).text == NO_ROOM
    assert modal.view["callback_id"] == "form:incident_io.incident"


async def test_too_many_demanded_fields_are_told_below_the_card(world: World) -> None:
    """To whoever wants to correct it and send it again."""
    await standing(world, "rejected", "refused", error_details=said("No."))
    await own(world, 120, required=True)
    assert "didn't accept" in says(card(world))
    await press(world, "edit")
    assert world.told(world.member) == NO_ROOM
    assert (await now(world)).state == "rejected"
