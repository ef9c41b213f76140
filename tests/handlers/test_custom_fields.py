"""The workspace's own fields of Rootly: they stand in the form, arrive with what is created, and
what is not set is said."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

from bot.adapters.base import Entry
from bot.forms.custom_fields import CustomField
from bot.playground.vendors import Rootly
from tests.world.bot import World, eventually
from tests.world.modal import Modal
from tests.world.rows import buttons, card, press, says

OWN = (
    "Region",
    "Data centre",
    "Customer impact",
    "Orders affected",
    "Warehouses",
    "Incident commander",
)


def rootly(world: World) -> Rootly:
    vendor = world.sandbox.vendors["rootly"]
    assert isinstance(vendor, Rootly)
    return vendor


def field(world: World, name: str) -> str:
    """The end of the block id of that custom field."""
    return f"custom.{rootly(world).data.named('form_fields', name)['id']}"


async def opened(world: World, text: str = "/incident Checkout is down") -> Modal:
    """The form of an incident by the member, once Rootly's lists are there."""
    await world.lists_loaded()
    return await world.open(text, world.member)


async def fill(world: World, modal: Modal, **answers: Any) -> None:
    """Answer custom fields by their names, with underscores for spaces."""
    for name, answer in answers.items():
        await modal.fill(**{field(world, name.replace("_", " ")): answer})


def arrived(world: World) -> dict[str, str]:
    """What the only incident made from Slack is set to at Rootly, by the field's name."""
    (made,) = rootly(world).created
    return rootly(world).fields.detail(made.id)


async def offers(world: World, modal: Modal, name: str, words: str) -> bool:
    """Whether that field's type-ahead has it already."""
    return words in await modal.offered(field(world, name), words)


async def finished(world: World) -> bool:
    (row,) = await world.bot.services.delivery.history.newest()
    return row.state == "delivered" and not row.next_step_at


async def test_the_form_shows_them_in_rootlys_order(world: World) -> None:
    """Those that Rootly's own forms for new incidents show, under their own names; the rest behind
    "More fields"."""
    modal = await opened(world)
    titles = [it["label"]["text"] for it in modal.view["blocks"] if ".custom." in it["block_id"]]
    assert titles == list(OWN)
    await modal.press("more", "more")
    titles = [it["label"]["text"] for it in modal.view["blocks"] if ".custom." in it["block_id"]]
    only_on_the_web = ["Ticket at the carrier"]
    assert titles == [
        *OWN,
        "First noticed",
        "Review before",
        "Told the press",
        "Keywords",
        "Owning teams",
        *only_on_the_web,
    ]


async def test_an_incident_arrives_with_its_custom_fields(world: World) -> None:
    """One of every kind; the receipt waits for them and says that all is there, and the trail tells
    of each."""
    modal = await opened(world)
    await modal.press("more", "more")
    await eventually(lambda: offers(world, modal, "Warehouses", "Lyon"))
    await fill(
        world,
        modal,
        Region="Europe",
        Data_centre=["Leipzig"],
        Customer_impact="Nobody can pay.",
        Orders_affected=1200,
        Warehouses=["Lyon", "Leipzig"],
        Incident_commander="Jonas",
        Ticket_at_the_carrier="CAR-7",
        First_noticed=datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
        Review_before=date(2026, 12, 1),
        Told_the_press=True,
        Keywords="payments\nblack friday",
        Owning_teams=["Payments"],
    )
    await modal.send()
    assert "Created in Rootly" in world.top(world.member).text
    assert "set" not in world.top(world.member).text
    people = [it["attributes"]["full_name"] for it in rootly(world).data.lists["users"]]
    assert arrived(world) == {
        "Region": "Europe",
        "Data centre": "Leipzig",
        "Customer impact": "Nobody can pay.",
        "Orders affected": "1200",
        "Warehouses": "Leipzig, Lyon",
        "Incident commander": next(it for it in people if "Jonas" in it),
        "Ticket at the carrier": "CAR-7",
        "First noticed": "2026-11-21T09:30:00+00:00",
        "Review before": "2026-12-01",
        "Told the press": "true",
        "Keywords": "payments, black friday",
        "Owning teams": "Payments",
    }
    (row,) = await world.bot.services.delivery.history.newest()
    assert [it.reason for it in await world.bot.services.delivery.history.trail(row)] == [
        "",
        "",
        *["step_done"] * 12,
    ]


async def test_what_rootly_refuses_is_named_and_can_be_tried_again(world: World) -> None:
    """The incident stands; its card names the field in Rootly's words; "Try again" sets that one
    and nothing else."""
    modal = await opened(world)
    await fill(world, modal, Region="Europe", Data_centre=["Lund"])
    await modal.send()
    said = "*Data centre* isn't set. Rootly says: Selected options is not set up yet."
    assert said in world.top(world.member).text
    await eventually(lambda: world.cards("incidents"))
    await eventually(lambda: said in says(card(world)))
    assert card(world)["text"].startswith("Created in Rootly, with something missing: INC-")
    assert "Region" not in says(card(world))
    assert "finish" in buttons(card(world))
    writes = sum(it.method != "GET" for it in rootly(world).requests)
    assert (await press(world, "finish", world.admin)).ok
    await eventually(lambda: "isn't set" not in says(card(world)))
    assert card(world)["text"].startswith("Created in Rootly: INC-")
    assert "finish" not in buttons(card(world))
    assert arrived(world) == {"Region": "Europe", "Data centre": "Lund"}
    assert sum(it.method != "GET" for it in rootly(world).requests) == writes + 1
    (row,) = await world.bot.services.delivery.history.newest()
    trail = [(it.reason, it.actor) for it in await world.bot.services.delivery.history.trail(row)]
    assert trail[2:] == [
        ("step_done", ""),
        ("step_not_done", ""),
        ("step_tried_again", world.admin),
        ("step_done", ""),
    ]


async def test_two_presses_try_it_once(world: World) -> None:
    """A double click does what one click does, and says nothing."""
    modal = await opened(world)
    await fill(world, modal, Data_centre=["Lund"])
    await modal.send()
    await eventually(lambda: world.cards("incidents") and "finish" in buttons(card(world)))
    await asyncio.gather(press(world, "finish"), press(world, "finish"))
    await eventually(lambda: "isn't set" not in says(card(world)))
    (row,) = await world.bot.services.delivery.history.newest()
    assert [it.reason for it in await world.bot.services.delivery.history.trail(row)].count(
        "step_tried_again"
    ) == 1
    assert world.sandbox.slack.ephemerals == []


async def test_a_vendor_that_goes_away_in_between_gets_them_when_it_is_back(world: World) -> None:
    """What remains is said on the card, and done by itself; nothing is created a second time."""
    vendor = rootly(world)
    vendor.fields.hold = asyncio.Event()
    modal = await opened(world)
    await fill(world, modal, Region="Europe", Customer_impact="Nobody can pay.")
    await modal.send()
    waiting = "We're still setting *Region*, *Customer impact*."
    assert waiting in world.top(world.member).text
    await eventually(lambda: world.cards("incidents") and waiting in says(card(world)))
    vendor.fields.hold.set()
    vendor.fields.hold = None
    await eventually(lambda: finished(world))
    await eventually(lambda: "We're still setting" not in says(card(world)))
    await eventually(lambda: "We're still setting" not in world.top(world.member).text)
    assert arrived(world) == {"Region": "Europe", "Customer impact": "Nobody can pay."}


async def test_what_was_found_after_a_lost_answer_gets_its_fields_too(world: World) -> None:
    """The incident was created and its answer lost: once it is found, what remains is done."""
    await world.lists_loaded()
    await rootly(world).set_fault("lost")
    modal = await opened(world)
    await fill(world, modal, Region="Asia Pacific")
    await modal.send()
    await rootly(world).set_fault("fine")
    await eventually(lambda: finished(world))
    (row,) = await world.bot.services.delivery.history.newest()
    assert (row.reason, row.follow_up_steps) == ("found", {})
    assert arrived(world) == {"Region": "Asia Pacific"}


async def test_what_rootly_demands_is_demanded_in_the_form(world: World) -> None:
    """Required where Rootly's form for Slack requires it."""
    rootly(world).data.named("form_fields", "Region")["attributes"]["required"] = [
        "slack_new_incident_form"
    ]
    rootly(world).data.named("form_fields", "Orders affected")["attributes"]["required"] = [
        "web_new_incident_form"
    ]
    modal = await opened(world)
    outcome = await modal.submit()
    assert list(outcome.errors) == [f"rootly.incident.{field(world, 'Region')}"]
    assert rootly(world).created == []


async def test_an_action_item_arrives_with_its_custom_fields(world: World) -> None:
    """They go in with the action item itself."""
    modal = await opened(world, "/action-item Roll back")
    await modal.fill(incident_id="INC")
    await fill(world, modal, Effort="A day", Runbook="https://runbooks.example.com/7")
    await modal.send()
    (made,) = rootly(world).created
    assert made.body["data"]["attributes"]["form_field_selections"] == [
        {
            "form_field_id": field(world, "Effort").removeprefix("custom."),
            "selected_option_ids": [
                next(
                    it["id"]
                    for it in rootly(world).data.lists["form_field_options"]
                    if it["attributes"]["value"] == "A day"
                )
            ],
        },
        {
            "form_field_id": field(world, "Runbook").removeprefix("custom."),
            "value": "https://runbooks.example.com/7",
        },
    ]
    assert "Created in Rootly" in world.top(world.member).text


async def test_a_demanded_field_that_became_known_meanwhile_is_asked_for(world: World) -> None:
    """The form was drawn without it: submitting it draws it with the field, what was typed kept,
    and sends nothing."""
    modal = await opened(world)
    await fill(world, modal, Region="Europe")
    demanded = CustomField(id="new", name="Cost centre", kind="text", required=True)
    added = Entry(id="new", label="Cost centre", field=demanded)
    await world.change_list("rootly", "form_fields", lambda known: [*known, added])
    await modal.submit()
    assert "rootly.incident.custom.new" in modal.fields
    assert modal.value(field(world, "Region")) is not None
    assert rootly(world).created == []
    await modal.submit()
    assert rootly(world).created == []
