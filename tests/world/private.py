"""What is told to whom about a private incident: who made it, and everything that reached others."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from bot.playground.sandbox import Sandbox
from bot.playground.slack import Outcome
from tests.world.bot import World, eventually
from tests.world.modal import Modal

TITLE, SUMMARY, ITEM = "Quokka takeover", "Numbat rumours", "Wombat memo"
PUBLIC, SECRET = "Voucher codes counted twice", "Unusual sign-in attempts"
"""Two incidents that the stand-ins have from the start."""
WORDS = ("quokka", "numbat", "wombat")
"""A word of each of them; a slug of the title has the first one too."""


class Vendor(NamedTuple):
    """A vendor's forms, in the words on the screen."""

    name: str
    incident: str
    item: str
    headline: str
    secret: dict[str, Any]
    more_keys: Callable[[Any], dict[str, str]]
    """Given its stand-in: a key to which no private incident is shown."""

    def without_private(self, sandbox: Sandbox) -> dict[str, str]:
        return self.more_keys(sandbox.vendors[self.name])


ROOTLY = Vendor(
    "rootly",
    "Rootly",
    "Rootly: action item",
    "summary",
    {"private": True},
    lambda stand_in: stand_in.key_without("private_incidents:read"),
)
INCIDENT_IO = Vendor(
    "incident_io",
    "incident.io",
    "incident.io: action",
    "description",
    {"visibility": "Only the people invited", "severity_id": "SEV2"},
    lambda stand_in: stand_in.key_of("viewer", "incident_editor", sees_private=False),
)
VENDORS = (ROOTLY, INCIDENT_IO)


def ann(world: World) -> str:
    """The person who made the private incident."""
    return world.member


def bob(world: World) -> str:
    """Somebody else, an admin of the workspace."""
    return world.admin


async def private_incident(world: World, vendor: Vendor) -> str:
    """Ann declares it from Slack; its reference ("INC-143")."""
    await world.lists_loaded()
    modal = await opened(world, f"/incident {TITLE}", ann(world), vendor.incident)
    await modal.fill(**vendor.secret, summary=SUMMARY)
    await modal.send()
    await eventually(lambda: len(world.letters(ann(world))) == 1)
    return numbers(world, vendor)[-1]


def numbers(world: World, vendor: Vendor) -> list[str]:
    """The references of the vendor's incidents, oldest first."""
    rows = world.sandbox.vendors[vendor.name].data.lists["incidents"]  # type: ignore[attr-defined]
    found = [
        int(row.get("attributes", row).get("sequential_id") or row["reference"][4:]) for row in rows
    ]
    return [f"INC-{number}" for number in sorted(found)]


def incident(world: World, vendor: Vendor, title: str) -> dict[str, Any]:
    """The vendor's row with that title, without its envelope."""
    rows = world.sandbox.vendors[vendor.name].data.lists["incidents"]  # type: ignore[attr-defined]
    plain = [{"id": row["id"], **row.get("attributes", row)} for row in rows]
    return next(row for row in plain if title in (row.get("title"), row.get("name")))


async def opened(world: World, text: str, user: str, operation: str) -> Modal:
    """The form for that operation."""
    modal = await world.open(text, user)
    if "choice" in modal.fields:  # there is more than one operation
        await modal.choose("choice", operation)
    return modal


async def attach(world: World, vendor: Vendor, user: str, to: str) -> Modal:
    """Fill in an action item on the incident that is found so, and submit it."""
    modal = await opened(world, f"/action-item {ITEM}", user, vendor.item)
    await modal.fill(incident_id=to)
    await modal.submit()
    return world.top(user)


async def attach_by_id(world: World, vendor: Vendor, user: str, entry_id: str) -> Outcome:
    """Submit an action item on the incident of that id or number (`#123`), whether or not the
    picker offers it."""
    modal = await opened(world, f"/action-item {ITEM}", user, vendor.item)
    label = {"type": "plain_text", "text": entry_id.replace("#", "INC-")}
    chosen = {"type": "external_select", "selected_option": {"text": label, "value": entry_id}}
    [block_id] = [each for each in modal.fields if ".incident_id" in each]
    return await world.sandbox.slack.submit(user, modal.id, {block_id: {"value": chosen}})


def items(world: World, vendor: Vendor) -> list[dict[str, Any]]:
    """The bodies of what was created besides incidents."""
    created = world.sandbox.vendors[vendor.name].created
    return [each.body for each in created if ITEM in json.dumps(each.body)]


def told_others(world: World, person: str) -> str:
    """Everything that reached anybody but this person, in lower case: every message that was ever
    posted elsewhere, open modals, App Homes, whispers."""
    slack = world.sandbox.slack
    direct = slack.direct(person)
    own = {person, direct.id if direct else ""}
    posted = [
        call.args
        for call in slack.calls
        if call.method.startswith("chat.") and call.args["channel"] not in own
    ]
    shown = [(slack.views(other), slack.home(other)) for other in slack.people if other != person]
    whispered = [message for _, who, message in slack.ephemerals if who != person]
    return json.dumps([posted, shown, whispered], default=str).lower()


def strays(world: World, item_by: str) -> list[str]:
    """The words that reached anybody but their author: Ann, or for the item `item_by`."""
    authors = {word: ann(world) for word in WORDS} | {"wombat": item_by}
    return [word for word, author in authors.items() if word in told_others(world, author)]


def words_in(text: str) -> list[str]:
    """The words of the private things that stand in the text."""
    return [word for word in WORDS if word in text.lower()]
