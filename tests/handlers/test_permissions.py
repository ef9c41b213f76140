"""Who may, as the workspace's admins decided it: at the command, in the chooser, at the submission
and at the buttons."""

from dataclasses import replace

from bot.adapters.registry import ADAPTERS
from bot.delivery.problems import said
from bot.playground.vendors.data import USER_GROUPS
from tests.world.bot import World
from tests.world.modal import Modal
from tests.world.rows import click, now, press, standing

ON_CALL, COMMANDERS = USER_GROUPS
INCIDENTS = {
    f"{vendor}.{it.name}": f"{adapter.label}: {it.label}"
    for vendor, adapter in ADAPTERS.items()
    for it in adapter.operations
    if it.kind == "incident"
}
"""What declares an incident, with what it is called."""
FIRST, *OTHERS = INCIDENTS
NOT_IN_IT = (
    "Only workspace admins and the user group Incident commanders (@commanders) can do this. Ask "
    "one of them."
)


async def decide(world: World, who: str, *operations: str) -> None:
    """What an admin saves in the form."""
    await world.bot.services.access.decide(
        world.sandbox.workspace, dict.fromkeys(operations, who), world.admin
    )


def choices(modal: Modal) -> list[str]:
    """What the chooser offers, empty where there is none."""
    chooser = [it["element"] for it in modal.view["blocks"] if it["block_id"] == "choice"]
    return [it["text"]["text"] for element in chooser for it in element["options"]]


def calls(world: World) -> list[str]:
    """What the bot asked Slack, apart from views and messages, and from the list of people who are
    told in the background what was decided."""
    methods = [it.method for it in world.sandbox.slack.calls]
    return [it for it in methods if not it.startswith(("views.", "chat.", "users.list"))]


async def test_whoever_is_in_the_group_may(world: World) -> None:
    """And who is not is told which group it is; admins need not be in it."""
    await decide(world, ON_CALL.id, "rootly.workflow_task", "twilio.workflow")
    modal = await world.open("/workflow-task Page me", world.member)
    assert choices(modal) == ["Rootly", "Twilio TaskRouter"]
    assert (await world.open("/workflow-task Page me", world.admin)).value("name") == "Page me"
    await decide(world, COMMANDERS.id, *INCIDENTS)
    await world.command("/incident Disk full", world.member)
    assert world.told(world.member) == f"{NOT_IN_IT}\nYou typed: `/incident Disk full`"


async def test_everyone_is_guests_too(world: World) -> None:
    """But nobody from another company, who may see our commands in a shared channel."""
    await decide(world, "everyone", *INCIDENTS)
    modal = await world.open("/incident Disk full", world.guest, channel="general")
    assert modal.value("title") == "Disk full"
    person = world.sandbox.slack.people[world.guest]
    world.sandbox.slack.people[person.id] = replace(
        person, deleted=True
    )  # what Slack says of whoever is not of this team
    world.bot.services.slack.people.forget({world.sandbox.workspace})
    await world.command("/incident Disk full", person.id, channel="general")
    assert world.told(person.id).startswith(
        "People from other workspaces can't do this. Ask somebody in this workspace."
    )


async def test_admins_alone(world: World) -> None:
    """A rule can be stricter than the default."""
    await decide(world, "admins", *INCIDENTS)
    await world.command("/incident Disk full", world.member)
    assert world.told(world.member).startswith("Only workspace admins and owners can do this.")
    assert (await world.command("/incident Disk full", world.admin)).ok


async def test_the_chooser_offers_what_one_may(world: World) -> None:
    """Without a choice there is no chooser, and a person's habit leads nobody to what is not
    theirs."""
    await decide(world, "admins", *INCIDENTS.keys() - {"incident_io.incident"})
    modal = await world.open("/incident Disk full", world.member)
    assert (choices(modal), modal.fields[0]) == ([], "incident_io.incident.name")
    modal = await world.open("/incident Disk full", world.admin)
    assert choices(modal) == ["Rootly", "incident.io"]
    await modal.fill(title="Disk full")
    await modal.send()
    assert (await world.open("/incident again", world.admin)).value("choice") == "rootly.incident"
    assert (await world.open("/incident again", world.member)).fields[
        0
    ] == "incident_io.incident.name"


async def test_who_may_none_of_several_is_told_each_reason(world: World) -> None:
    """Different rules have different people to ask: each reason says what it is about. One for all
    is said once, by itself."""
    await decide(world, "admins", FIRST)
    await decide(world, COMMANDERS.id, *OTHERS)
    await world.command("/incident", world.member)
    assert world.told(world.member).splitlines() == [
        f"*{INCIDENTS[FIRST]}*: Only workspace admins and owners can do this. Ask one of them.",
        f"*{', '.join(INCIDENTS[it] for it in OTHERS)}*: {NOT_IN_IT}",
    ]
    await decide(world, COMMANDERS.id, *INCIDENTS)
    await world.command("/incident", world.member)
    assert world.told(world.member) == NOT_IN_IT


async def test_what_was_forbidden_meanwhile_cannot_be_chosen(world: World) -> None:
    """The form stays as it is, with the reason on top."""
    modal = await world.open("/incident Disk full", world.member)
    await decide(world, COMMANDERS.id, "incident_io.incident")
    await modal.choose("choice", "incident.io")
    assert world.top(world.member).text == NOT_IN_IT
    assert "rootly.incident.title" in modal.fields
    await world.sandbox.slack.close(world.member, world.top(world.member).id)
    await modal.submit()
    assert world.top(world.member).text == NOT_IN_IT
    assert world.sandbox.vendors["incident_io"].created == []
    assert world.sandbox.vendors["rootly"].created == []


async def test_what_was_forbidden_meanwhile_cannot_be_submitted(world: World) -> None:
    """It is checked again, and what was typed stays underneath."""
    modal = await world.open("/incident Disk full", world.member)
    await decide(world, COMMANDERS.id, *INCIDENTS)
    await modal.submit()
    assert world.top(world.member).text == NOT_IN_IT
    assert modal.value("title") == "Disk full"
    assert world.sandbox.vendors["rootly"].created == []


async def test_more_fields_are_for_those_who_may(world: World) -> None:
    """A redrawing is checked like any other."""
    modal = await world.open("/incident Disk full", world.member)
    await decide(world, "admins", *INCIDENTS)
    await modal.press("more", "more")
    assert world.top(world.member).text.startswith("Only workspace admins and owners can do this.")


async def test_an_admin_of_a_moment_ago_sends_and_presses_nothing(world: World) -> None:
    """Slack is asked again about whoever may only as an admin; what members may too goes on."""
    await world.lists_loaded()
    await decide(world, "admins", "rootly.incident")
    await standing(world, "queued", "unreachable")
    modal = await world.open("/incident Checkout is down")
    await modal.fill(severity_id="SEV1")
    people = world.sandbox.slack.people
    people[world.admin], admin = replace(people[world.admin], is_admin=False), world.admin
    assert (await world.sandbox.slack.submit(admin, modal.id)).ok
    assert "Only workspace admins and owners can do this." in world.top(admin).text
    await click(world, "cancel", admin)
    assert "Only workspace admins and owners can do this." in world.told(admin)
    assert (await now(world)).state == "queued"
    assert world.sandbox.vendors["rootly"].created == []


async def test_buttons_are_for_those_who_may(world: World) -> None:
    """By the operation that the card is about."""
    await standing(world, "failed", "gave_up")
    await decide(world, COMMANDERS.id, "rootly.incident")
    await press(world, "try_again")
    assert world.told(world.member) == NOT_IN_IT
    assert (await now(world)).state == "failed"
    await decide(world, "everyone", "rootly.incident")
    await click(world, "try_again", world.guest)
    assert (await now(world)).state != "failed"


async def test_a_corrected_form_offers_what_one_may(world: World) -> None:
    """ "Edit and resend" has the same chooser."""
    await standing(world, "rejected", error_details=said("No such severity."))
    await decide(world, "admins", *INCIDENTS.keys() - {"rootly.incident"})
    await press(world, "edit")
    assert choices(world.top(world.member)) == []
    await press(world, "edit", world.admin)
    assert choices(world.top(world.admin)) == ["Rootly", "incident.io"]


async def test_while_slack_does_not_say_who_is_in_it_nobody_passes(world: World) -> None:
    """But admins; the others are told what is missing."""
    await decide(world, ON_CALL.id, *INCIDENTS)
    world.sandbox.slack.app.scopes.remove("usergroups:read")
    await world.command("/incident", world.member)
    assert world.told(world.member) == (
        "We couldn't check whether you can do this. This app lacks the Slack scope "
        "usergroups:read. A workspace admin can install the app again and allow it."
    )
    assert (await world.open("/incident Disk full", world.admin)).value("title") == "Disk full"


async def test_a_group_that_is_switched_off_lets_nobody_in(world: World) -> None:
    """Until admins choose somebody else."""
    await decide(world, ON_CALL.id, *INCIDENTS)
    world.sandbox.slack.user_groups[ON_CALL.id] = replace(ON_CALL, disabled=True)
    await world.command("/incident", world.member)
    assert world.told(world.member).startswith(
        "The user group On-call engineers can do this, but it was deleted or disabled in Slack."
    )
    assert (await world.command("/incident x", world.admin)).ok


async def test_a_command_asks_slack_for_nothing_more(world: World) -> None:
    """Whose the token is, who somebody is and who is in a group are remembered: opening a form
    costs the call that opens it."""
    await decide(world, ON_CALL.id, *INCIDENTS)
    await world.open("/incident one", world.member)
    groups = ["usergroups.list", "usergroups.users.list"]
    assert sorted(calls(world)) == ["auth.test", *groups, "users.info"]
    await world.open("/incident two", world.member)
    assert len(calls(world)) == 4
