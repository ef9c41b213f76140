""" "Edit and resend" and "Copy as text": what people typed is theirs, whatever the vendor thought of
it."""

from bot import messages
from bot.adapters.base import Entry
from bot.delivery.problems import said
from tests.handlers.test_buttons import receipt
from tests.world.bot import World, eventually
from tests.world.modal import Modal
from tests.world.rows import KEY, MADE, buttons, card, change, click, now, press, says, standing

SEVERITY = "severities"


async def refused(world: World) -> None:
    """An incident that Rootly refused, with the card that says so."""
    severities = await world.bot.services.catalogs.search(
        world.sandbox.workspace, "rootly", SEVERITY, "SEV1"
    )
    severity = severities.entries[0]
    payload = {
        "title": "Checkout is down",
        "severity_id": severity.id,
        "public_title": "We are on it",
        "private": False,
    }
    chosen = {
        f"{SEVERITY}/{severity.id}": severity,
        f"users/{severity.id}": Entry(id=severity.id, label="Wrong one"),
    }
    await standing(
        world,
        "rejected",
        "refused",
        payload=payload,
        selected=chosen,
        field_errors={"severity_id": "must be <higher>"},
        error_details=said("Not like this."),
    )


async def test_what_was_refused_is_corrected_and_sent(world: World) -> None:
    """The form as it was filled, with the vendor's words; the corrected one goes out under the same
    key, on the same card."""
    await world.lists_loaded()
    await refused(world)
    assert buttons(card(world)) == ["edit"]
    await press(world, "edit")
    modal = world.top(world.member)
    assert modal.text == (
        ":no_entry: *Rootly didn't accept this:*\nRootly says: Not like this.\n• *Severity*: Rootly says: must be "
        "&lt;higher&gt;."
    )
    assert (modal.value("title"), modal.value("public_title")) == (
        "Checkout is down",
        "We are on it",
    )
    assert shown(modal.view, "severity_id") == "SEV1"
    await modal.fill(title="Checkout is slow", severity_id="SEV0", summary="Every page answers 500")
    assert "Created in Rootly" in (await modal.send()).text
    await eventually(lambda: card(world)["text"].startswith("Created in Rootly: INC-"))
    made = world.sandbox.vendors["rootly"].created
    assert len(made) == 1
    assert "Checkout is slow" in str(made[0])
    row = await now(world)
    assert (row.revision, row.payload["title"], row.view_id in ("", modal.id)) == (
        1,
        "Checkout is slow",
        True,
    )


def shown(view: dict, field: str) -> str:  # type: ignore[type-arg]
    """What the picker of that field says is chosen."""
    element = next(
        it["element"] for it in view["blocks"] if it.get("block_id", "").endswith(f".{field}")
    )
    text: str = element["initial_option"]["text"]["text"]
    return text


async def test_the_vendors_words_stay_while_the_form_is_redrawn(world: World) -> None:
    """Another operation, and back again: what is to be corrected still stands on top."""
    await world.lists_loaded()
    await refused(world)
    await press(world, "edit")
    modal = await world.top(world.member).choose("choice", "incident.io")
    assert "Rootly didn't accept this" in modal.text
    assert modal.value("name") == "Checkout is down"


async def test_a_task_with_its_own_form_is_edited_too(world: World) -> None:
    """What depends on an answer, and what pickers showed, comes back as it was."""
    await world.lists_loaded()
    params = {"to": ["a@example.com"], "subject": "Help", "body": "Line 1\nLine 2"}
    await standing(
        world,
        "rejected",
        "refused",
        kind="workflow_task",
        operation="workflow_task",
        branch="send_email",
        title="Help",
        payload={"workflow_id": "w1", "task_type": "send_email", "task_params": params},
        selected={"workflows/w1": Entry(id="w1", label="Page the lead")},
        field_errors={"task_params.to": "is no address"},
        actor=world.admin,
    )
    await press(world, "edit", world.admin)
    modal = world.top()
    assert modal.text.endswith("• *To*: Rootly says: is no address.")
    assert (modal.value("send_email.to"), modal.value("send_email.body")) == (
        "a@example.com",
        "Line 1\nLine 2",
    )
    assert shown(modal.view, "workflow_id") == "Page the lead"


async def test_a_receipt_turns_back_into_the_form(world: World) -> None:
    """In a modal the form takes the receipt's place."""
    await world.lists_loaded()
    await refused(world)
    modal = await receipt(world)
    await modal.press("delivery", "edit")
    assert modal.value("title") == "Checkout is down"
    await modal.fill(severity_id="SEV2")
    await modal.send()
    await eventually(lambda: card(world)["text"].startswith("Created in Rootly: INC-"))
    assert len(world.sandbox.slack.views(world.member)) == 1


async def test_what_was_corrected_by_somebody_else_is_not_edited(world: World) -> None:
    """The person is told what it is now."""
    await world.lists_loaded()
    await refused(world)
    await change(world, state="delivered", reason="", vendor_object=MADE)
    await click(world, "edit", world.member)
    assert world.told(world.member) == "Too late: INC-7 is in Rootly now."
    assert world.sandbox.slack.views(world.member) == []


async def corrected_by_the_admin(world: World, **answers: object) -> Modal:
    """The admin corrects what the member submitted, and presses the button."""
    await world.lists_loaded()
    await refused(world)
    await press(world, "edit", world.admin)
    modal = world.top()
    await modal.fill(title="Checkout is slow", severity_id="SEV0", summary="500s", **answers)
    return modal


async def test_whoever_corrects_it_the_first_person_stays_the_owner(world: World) -> None:
    """The owner hears of it, and so does the person who sent it."""
    modal = await corrected_by_the_admin(world)
    assert "Created in Rootly" in (await modal.send()).text
    row = await now(world)
    assert (row.actor, row.actor_name, row.payload["title"]) == (
        world.member,
        "Somebody",
        "Checkout is slow",
    )
    await eventually(lambda: world.letters(world.member))
    assert [it["text"] for it in world.letters(world.member)] == [
        f"<@{world.admin}> corrected and resent your incident *Checkout is slow*. "
        "Its card shows the result."
    ]
    assert world.letters(world.admin) == []


async def test_only_the_owner_makes_it_private(world: World) -> None:
    """Somebody else could take it away from the owner with that. The form stays as it is."""
    modal = await corrected_by_the_admin(world, private=True)
    assert (await modal.submit()).ok
    assert world.top().text == messages.Notice.ONLY_THE_OWNER.text
    row = await now(world)
    assert (row.state, row.private, row.actor) == ("rejected", False, world.member)
    assert world.sandbox.vendors["rootly"].created == []


async def test_what_became_private_meanwhile_is_not_shown_or_changed(world: World) -> None:
    """The form was open before the owner made it private, and it was created since."""
    modal = await corrected_by_the_admin(world)
    await change(world, private=1, state="delivered", reason="", vendor_object=MADE)
    assert (await modal.submit()).ok
    assert world.top().text == messages.Notice.ONLY_THE_OWNER.text
    assert (await now(world)).payload["title"] == "Checkout is down"


async def test_the_owner_makes_it_private(world: World) -> None:
    """The card leaves the channel."""
    await world.lists_loaded()
    await refused(world)
    await press(world, "edit")
    modal = await world.top(world.member).fill(private=True, severity_id="SEV0", summary="500s")
    await modal.send()
    await eventually(lambda: messages.withdrawn() in card(world)["text"])
    assert (await now(world)).private


async def test_a_guest_gets_no_form(world: World) -> None:
    """Neither what others typed, nor a way to send it."""
    await refused_without_lists(world)
    for action in ("edit", "copy"):
        await click(world, action, world.guest)
        assert "Guests can't do this" in world.told(world.guest)
    assert world.sandbox.slack.views(world.guest) == []


async def refused_without_lists(world: World) -> None:
    await standing(world, "rejected", "refused", error_details=said("No."))


async def test_erased_contents_are_not_offered_and_not_shown(world: World) -> None:
    """The text was erased: an old card's buttons say so."""
    await refused_without_lists(world)
    await change(
        world, payload={}, selected={}, field_errors={}, error_details={}, title="", erased_at=1.0
    )
    await eventually(lambda: buttons(card(world)) == [])
    for action, sentence in (
        ("edit", "That's no longer possible."),
        ("copy", messages.Notice.ERASED.text),
    ):
        await click(world, action, world.member)
        assert world.told(world.member).startswith(sentence)


async def test_what_was_given_up_can_be_copied(world: World) -> None:
    """All of it, by the fields' titles, ready to be selected; the button below only closes it."""
    await standing(
        world,
        "failed",
        "gave_up",
        payload={"title": "Checkout is down", "summary": "Line 1\nLine 2"},
    )
    await press(world, "copy")
    modal = world.top(world.member)
    assert modal.view["title"]["text"] == "Copy as text"
    assert typed(modal.view) == "Title: Checkout is down\nSummary:\nLine 1\nLine 2"
    assert (await modal.submit()).ok
    assert world.sandbox.slack.views(world.member) == []
    assert "Not created in Rootly" in says(card(world))
    assert (await now(world, KEY)).state == "failed"


def typed(view: dict) -> str:  # type: ignore[type-arg]
    """What stands in its only text input."""
    (values,) = view["state"]["values"].values()
    text: str = values["text"]["value"]
    return text


async def test_a_refusal_is_said_on_the_receipt_that_the_form_has_become(world: World) -> None:
    """Submitted again while the bot made the modal the receipt: there is no field left to show the
    refusal beside."""
    slack, rootly = world.sandbox.slack, world.sandbox.vendors["rootly"]
    await world.lists_loaded()
    modal = await world.open("/incident Checkout is down")
    person, form = slack.state.person(world.admin), slack.state.view(modal.id, world.admin)
    pressed_again = slack.payloads.view_submission(person, form)
    await rootly.set_fault("down")
    await modal.send()
    rootly.answer_next(422, {"errors": [{"title": "Not on a Friday", "status": "422"}]})
    await rootly.set_fault("fine")
    await eventually(lambda: "Not on a Friday" in str(modal.view["blocks"]))
    rootly.answer_next(422, {"errors": [{"title": "Not on a Friday", "status": "422"}]})
    answer = await slack.transport.send("interactive", pressed_again)
    said = answer.json()
    assert (said["response_action"], said["view"]["callback_id"]) == ("update", "receipt")
    assert "Not on a Friday" in str(said["view"]["blocks"])
