"""What people do with incident.io, from the slash command to the receipt, over real HTTP."""

import gc
import re
from typing import Any

from bot.playground.vendors.incident_io import IncidentIo
from bot.playground.vendors.incident_io_fields import in_words
from tests.world.bot import World, eventually
from tests.world.modal import Modal

MARKER = re.compile(r"ir[0-9a-f]{12}")


def sent(world: World) -> Any:
    """The one body that created something."""
    (created,) = world.sandbox.vendors["incident_io"].created
    return created.body


def posts(world: World) -> list[int]:
    """The status of each answer to a create."""
    return [
        it.status for it in world.sandbox.vendors["incident_io"].requests if it.method == "POST"
    ]


def stand_in(world: World) -> IncidentIo:
    """The vendor's stand-in."""
    found = world.sandbox.vendors["incident_io"]
    assert isinstance(found, IncidentIo)
    return found


async def loaded(world: World) -> None:
    """Wait until incident.io's lists are there."""

    async def there() -> bool:
        return (
            await world.bot.services.catalogs.condition(world.sandbox.workspace, "incident_io")
        )[0] is not None

    await eventually(there)


async def incident(world: World, text: str) -> Modal:
    """incident.io's form for an incident, all of it."""
    await loaded(world)
    modal = await world.open(f"/incident {text}")
    await modal.choose("choice", "incident.io")
    return modal


async def listed(modal: Modal, field: str) -> None:
    """Wait until that type-ahead's list is there: it is fetched once a form offers it."""

    async def offers() -> bool:
        return not any(line.startswith("Still loading") for line in await modal.offered(field))

    await eventually(offers)


async def test_a_follow_up(world: World) -> None:
    """Headline and details go along; person, team and priority are found by typing; the receipt
    links to the incident."""
    await loaded(world)
    modal = await world.open("/action-item Watch the pool")
    await modal.fill(description="It was **full**.")
    await modal.choose("choice", "incident.io: follow-up")
    assert (modal.value("follow_up.title"), modal.value("follow_up.description")) == (
        "Watch the pool",
        "It was **full**.",
    )
    for field in ("assignee_team_id", "follow_up_priority_option_id"):
        await listed(modal, field)
    assert await modal.offered("follow_up_priority_option_id") == ["Urgent", "High", "Low"]
    await modal.press("more", "more")
    await modal.fill(
        incident_id="voucher",
        assignee_id="Maya",
        assignee_team_id="checkout",
        follow_up_priority_option_id="High",
        labels="pool\ndatabase",
    )
    await modal.send()
    body = sent(world)
    lists = stand_in(world).data.lists
    (row,) = [it for it in lists["follow_ups"] if it["title"] == "Watch the pool"]
    assert (
        row["assignee"]["name"],
        row["assignee_team"]["name"],
        row["priority"]["name"],
        row["labels"],
    ) == (
        "Maya Okafor",
        "Checkout",
        "High",
        ["pool", "database"],
    )
    assert MARKER.search(body["description"].splitlines()[-1])
    (owner,) = [it for it in lists["incidents"] if it["id"] == body["incident_id"]]
    assert owner["permalink"] in str(world.top().view)
    assert "Created in incident.io" in world.top().text


async def test_a_refused_follow_up_can_be_corrected(world: World) -> None:
    """The vendor's words stand beside the field that they are about."""
    await loaded(world)
    modal = await world.open("/action-item Watch the pool")
    await modal.choose("choice", "incident.io: follow-up")
    await modal.fill(incident_id="voucher")
    await world.sandbox.vendors["incident_io"].set_fault("refusing")
    assert (await modal.submit()).errors == {
        "incident_io.follow_up.title": "incident.io says: title is reserved."
    }
    await world.sandbox.vendors["incident_io"].set_fault("fine")
    await modal.send()
    assert sent(world)["title"] == "Watch the pool"


async def test_a_severity_is_demanded_before_anything_is_sent(world: World) -> None:
    """Without one, and with a status that is not triage, nothing leaves; the sentence is beside the
    severity."""
    modal = await incident(world, "Search is slow")
    words = "Choose a severity. Only incidents in triage can go without one."
    await modal.press("more", "more")
    assert (await modal.submit()).errors == {"incident_io.incident.severity_id": words}
    await modal.fill(incident_status_id="Fixing")
    assert (await modal.submit()).errors == {"incident_io.incident.severity_id": words}
    assert posts(world) == []
    await modal.fill(severity_id="SEV2")
    await modal.send()
    assert posts(world) == [200]
    assert "Created in incident.io" in world.top().text


async def test_triage_needs_no_severity(world: World) -> None:
    """What nobody has judged yet goes out without one."""
    modal = await incident(world, "Is this us?")
    await modal.press("more", "more")
    await modal.fill(incident_status_id="Triage")
    await modal.send()
    assert "severity_id" not in sent(world)


async def test_a_type_that_begins_in_triage_needs_none_either(world: World) -> None:
    """The type alone says it; it is in triage at incident.io."""
    modal = await incident(world, "Is it theirs?")
    await modal.press("more", "more")
    await modal.fill(incident_type_id="Third party")
    await modal.send()
    assert "severity_id" not in sent(world)
    made = stand_in(world).data.lists["incidents"][-1]
    assert (made["name"], made["incident_status"]["name"]) == ("Is it theirs?", "Triage")


async def test_a_private_type_is_told_beside_the_visibility(world: World) -> None:
    """A type that is only for private incidents is not sent as a public one; its card, once it is
    sent, is private."""
    modal = await incident(world, "Somebody signed in")
    await modal.fill(incident_type_id="Security", severity_id="SEV1")
    words = "Choose “Only the people invited”. Incidents of the type “Security” are private."
    assert (await modal.submit()).errors == {"incident_io.incident.visibility": words}
    assert posts(world) == []
    await modal.fill(visibility="Only the people invited")
    await modal.send()
    assert sent(world)["visibility"] == "private"
    await eventually(lambda: world.letters(world.admin))
    assert world.cards("incidents") == []


async def test_an_incident_of_the_past(world: World) -> None:
    """Its channel and its post-mortem go along; beside another kind they are complained about, and
    nothing is sent."""
    modal = await incident(world, "It was the cache")
    await modal.press("more", "more")
    await modal.fill(severity_id="SEV3", postmortem_document_url="https://docs.example.com/cache")
    words = "Only for incidents of the past. Choose that kind, or leave this empty."
    field = "incident_io.incident.retrospective_incident_options.postmortem_document_url"
    assert (await modal.submit()).errors == {field: words}
    assert posts(world) == []
    await modal.fill(mode="One of the past (not announced)")
    await modal.send()
    options = {"postmortem_document_url": "https://docs.example.com/cache"}
    assert (sent(world)["mode"], sent(world)["retrospective_incident_options"]) == (
        "retrospective",
        options,
    )


def block(modal: Modal, label: str) -> str:
    """The block id of the organisation's own field of that name."""
    return str(
        next(
            block["block_id"]
            for block in modal.view["blocks"]
            if block.get("label", {}).get("text") == label
        )
    )


def pick(world: World, modal: Modal, label: str, person: str) -> None:
    """Choose a Slack person in that field."""
    view = next(
        it for it in world.sandbox.slack.state.views.stacks[modal.user] if it.id == modal.id
    )
    state = {"type": "users_select", "selected_user": person}
    assert view.type_in({block(modal, label): {"value": state}}) is None


async def test_one_person_with_two_roles(world: World) -> None:
    """Is asked for once."""
    modal = await incident(world, "Parcels without labels")
    await modal.press("more", "more")
    await modal.fill(severity_id="SEV2")
    for role in ("Incident Lead", "Communications"):
        pick(world, modal, role, world.member)
    await modal.send()
    made = stand_in(world).data.lists["incidents"][-1]
    roles = {
        it["role"]["name"]: it["assignee"]["slack_user_id"]
        for it in made["incident_role_assignments"]
    }
    assert (roles["Incident Lead"], roles["Communications"]) == (world.member, world.member)
    gc.collect()  # a coroutine that nobody awaits is told of when it goes


async def test_roles_and_custom_fields(world: World) -> None:
    """The organisation's own fields are in the form; a role goes straight to a person of Slack, a
    choice by its words."""
    modal = await incident(world, "Parcels without labels")
    await modal.press("more", "more")
    await modal.fill(severity_id="SEV2")
    pick(world, modal, "Incident Lead", world.member)
    await modal.fill(**{block(modal, "Affected service"): ["search", "identity"]})
    await modal.fill(
        **{block(modal, "Customer impact"): "Late orders", block(modal, "Affected orders"): "120"}
    )
    await modal.fill(**{block(modal, "Detected by"): "Monitoring"})
    warehouses = block(modal, "Affected warehouse")
    await listed(modal, warehouses)
    await modal.fill(**{warehouses: ["Lyon"]})
    await modal.fill(**{block(modal, "Fixed at"): 1_795_255_200})
    await modal.send()
    made = stand_in(world).data.lists["incidents"][-1]
    roles = {
        it["role"]["name"]: it["assignee"]["slack_user_id"]
        for it in made["incident_role_assignments"]
    }
    assert roles["Incident Lead"] == world.member
    assert {it["custom_field"]["name"]: in_words(it) for it in made["custom_field_entries"]} == {
        "Affected service": "search, identity",
        "Customer impact": "Late orders",
        "Affected orders": "120",
        "Detected by": "Monitoring",
        "Affected warehouse": "Lyon",
    }
    times = {
        it["incident_timestamp"]["name"]: it["value"]["value"]
        for it in made["incident_timestamp_values"]
    }
    assert times == {"Fixed at": "2026-11-21T10:00:00Z"}


async def test_somebody_whom_incident_io_does_not_know(world: World) -> None:
    """A role for a person who is no user there is refused beside that role; the corrected form goes
    out."""
    modal = await incident(world, "Parcels without labels")
    await modal.fill(severity_id="SEV2")
    pick(world, modal, "Communications", world.guest)
    pick(world, modal, "Incident Lead", world.member)
    words = "incident.io says: The assignee could not be found."
    assert (await modal.submit()).errors == {block(modal, "Communications"): words}
    pick(world, modal, "Communications", world.admin)
    await modal.send()
    assert posts(world) == [422, 200]


async def test_a_value_that_is_refused(world: World) -> None:
    """What incident.io says about a custom field's value stands beside that field."""
    modal = await incident(world, "Parcels without labels")
    await modal.press("more", "more")
    await modal.fill(
        severity_id="SEV2",
        **{block(modal, "Customer impact"): "x", block(modal, "Affected orders"): "3"},
    )
    path = "custom_field_entries[1].values[0].value_numeric"
    error = {"code": "invalid_value", "message": "At least ten.", "source": {"field": path}}
    world.sandbox.vendors["incident_io"].answer_next(
        422, {"type": "validation_error", "errors": [error]}
    )
    assert (await modal.submit()).errors == {
        block(modal, "Affected orders"): "incident.io says: At least ten."
    }
