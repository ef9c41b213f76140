"""Submitting: what the vendor says lands where the person looks; nothing is lost, nothing is
created twice."""

import asyncio
import sqlite3
from dataclasses import replace
from typing import Any

import pytest
from slack_bolt.context.async_context import AsyncBoltContext
from starlette.responses import Response

from bot.playground.slack.answers import TROUBLE
from bot.playground.slack.standin import BOT_SECONDS
from bot.web import app
from handlers.modal import ModalState
from handlers.view_state import ForeignError, state_in
from tests.world.bot import World, eventually

REJECTED = {"errors": [{"title": "Severity must exist", "status": "422"}]}
REFUSED_CARD = "Rootly didn't accept this incident: "


async def test_a_field_error_is_shown_beside_the_field_and_can_be_corrected(world: World) -> None:
    """The vendor's own words in its name, beside the field it is about; the corrected form goes out
    under a new key, once."""
    await world.lists_loaded()
    modal = await (await world.open("/incident All of it is down")).fill(severity_id="SEV0")
    outcome = await modal.submit()
    assert outcome.errors == {"rootly.incident.summary": "Rootly says: Summary can't be blank."}
    assert world.sandbox.vendors["rootly"].created == []
    await modal.fill(summary="Every page answers 500")
    assert "Created in Rootly" in (await modal.send()).text
    assert len(world.sandbox.vendors["rootly"].created) == 1
    await eventually(lambda: world.cards("incidents"))
    await asyncio.sleep(0.1)
    assert [it["text"].split(":")[0] for it in world.cards("incidents")] == ["Created in Rootly"]


async def test_an_error_without_a_field_lands_on_the_first_input(world: World) -> None:
    """What the vendor says about nothing in particular is not lost."""
    world.sandbox.vendors["rootly"].answer_next(
        422, {"error": "unprocessable_entity", "message": "Not on a Friday"}
    )
    outcome = await (await world.open("/incident x")).submit()
    assert list(outcome.errors.values()) == ["Rootly says: Not on a Friday."]


async def test_a_revoked_token_is_a_notice_and_the_incident_waits(world: World) -> None:
    """401 can be mended by no input; when the same account works again the incident goes out by
    itself."""
    await world.lists_loaded()
    await world.sandbox.vendors["rootly"].set_fault("revoked")
    modal = await (await world.open("/incident Disk full")).send()
    assert "Rootly rejected our API key. An admin can replace it in `/vendors`." in modal.text

    async def shown_as_broken() -> bool:
        await world.command("/vendors")
        return "*Rootly* as Brambleway: :warning: Our API key was rejected" in world.told()

    await eventually(shown_as_broken)
    await world.sandbox.vendors["rootly"].set_fault("fine")
    await world.sandbox.connect_vendors(world.settings)
    world.bot.services.delivery.dispatcher.wake()
    await eventually(lambda: len(world.sandbox.vendors["rootly"].created) == 1)
    await eventually(
        lambda: [
            it for it in world.cards("incidents") if it["text"].startswith("Created in Rootly")
        ]
    )
    assert len(world.cards("incidents")) == 1


async def test_a_vendor_that_is_down_gets_it_when_it_is_back(world: World) -> None:
    """The modal says that it is saved; the card follows; the same card says when it arrived."""
    await world.lists_loaded()
    await world.sandbox.vendors["rootly"].set_fault("down")
    modal = await (await world.open("/incident Disk full")).send()
    assert "Saved, not yet in Rootly" in modal.text
    assert "Can't reach Rootly" in modal.text
    await eventually(lambda: world.cards("incidents"))
    assert world.cards("incidents")[0]["text"] == "Saved, not yet in Rootly: Disk full"
    await world.sandbox.vendors["rootly"].set_fault("fine")
    await eventually(lambda: len(world.sandbox.vendors["rootly"].created) == 1)
    await eventually(
        lambda: world.cards("incidents")[0]["text"].startswith("Created in Rootly: INC-")
    )
    assert len(world.cards("incidents")) == 1


async def test_a_rate_limited_vendor_is_asked_again_when_it_says(world: World) -> None:
    """Retry-After is obeyed: saved now, sent then, once."""
    world.sandbox.vendors["incident_io"].answer_next(
        429, {"type": "too_many_requests"}, {"Retry-After": "1"}
    )
    modal = await world.open("/incident Disk full")
    await modal.choose("choice", "incident.io")
    await world.lists_loaded()
    await modal.fill(severity_id="SEV3")
    await modal.send()
    await eventually(
        lambda: (
            world.cards("incidents")[-1:] and "Created in" in world.cards("incidents")[-1]["text"]
        )
    )
    posts = [
        it.status for it in world.sandbox.vendors["incident_io"].requests if it.method == "POST"
    ]
    assert posts == [429, 200]


async def test_a_slow_vendor_is_followed_up_on_the_card(world: World) -> None:
    """Slack is answered in time although the vendor is not; the card says what came of it; it
    exists once."""
    vendor = world.sandbox.vendors["rootly"]
    vendor.hold = asyncio.Event()
    modal = await (await world.open("/incident Slow")).send()
    assert "Rootly hasn't answered yet" in modal.text
    vendor.hold.set()
    await eventually(lambda: world.cards("incidents"))
    assert world.cards("incidents")[0]["text"].startswith("Created in Rootly")
    assert len(vendor.created) == 1


async def test_an_answer_that_says_nothing_is_not_sent_again_at_once(world: World) -> None:
    """A 502 may have created it: it is looked up first, and the person is told that."""
    world.sandbox.vendors["rootly"].answer_next(502, "<html>Bad gateway</html>")
    modal = await (await world.open("/incident x")).send()
    assert "Waiting for Rootly to confirm" in modal.text
    assert "We're checking Rootly for it" in modal.text
    await asyncio.sleep(0.3)
    assert [
        it.method for it in world.sandbox.vendors["rootly"].requests if it.method == "POST"
    ] == ["POST"]


async def test_two_clicks_create_one_incident(world: World) -> None:
    """Both submissions of one modal get the same answer."""
    vendor = world.sandbox.vendors["rootly"]
    vendor.hold = asyncio.Event()
    modal = await world.open("/incident Twice")
    first, second = (asyncio.create_task(modal.submit()) for _ in range(2))
    await eventually(lambda: vendor.created)
    vendor.hold.set()
    assert [(await it).ok for it in (first, second)] == [True, True]
    assert len(vendor.created) == 1
    assert "Created in Rootly" in world.top().text


async def test_a_refusal_beside_fields_that_are_gone_is_on_the_card(world: World) -> None:
    """Two clicks: the answer to the first one puts the receipt in the form's place, then the vendor
    says no to the second one."""
    vendor = world.sandbox.vendors["rootly"]
    vendor.hold = asyncio.Event()
    vendor.answer_next(422, REJECTED)
    modal = await world.open("/incident Twice")
    first = asyncio.create_task(modal.submit())
    await asyncio.sleep(0.7)
    second = asyncio.create_task(modal.submit())
    assert (await first).ok
    assert "Rootly hasn't answered yet" in modal.text
    vendor.hold.set()
    await second
    await eventually(lambda: world.cards("incidents"))
    assert [it["text"] for it in world.cards("incidents")] == [REFUSED_CARD + "Twice"]
    assert "Severity must exist" in modal.text


async def test_a_refusal_that_came_too_late_for_slack_is_on_the_card(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack has said "trouble" by then. The form keeps what was entered; sent again it is answered,
    and the card follows."""

    class Late(Response):
        async def __call__(self, *call: Any) -> None:
            await asyncio.sleep(BOT_SECONDS)
            await super().__call__(*call)

    world.sandbox.vendors["rootly"].answer_next(422, REJECTED)
    modal = await world.open("/incident Checkout is down")
    form = modal.view
    with monkeypatch.context() as patch:
        patch.setattr(app, "to_starlette_response", lambda answer: Late(answer.body))
        assert (await modal.submit()).error == TROUBLE
    await eventually(lambda: world.cards("incidents"))
    assert [it["text"] for it in world.cards("incidents")] == [REFUSED_CARD + "Checkout is down"]
    assert modal.view == form
    assert "Created in Rootly" in (await modal.send()).text
    await eventually(lambda: "Created in Rootly" in world.cards("incidents")[0]["text"])
    assert len(world.cards("incidents")) == 1


async def test_a_private_incident_is_told_to_its_reporter_alone(world: World) -> None:
    """Its card is a direct message, never in the channel."""
    modal = await (await world.open("/incident Someone leaked it")).fill(private=True)
    await modal.send()
    await eventually(lambda: world.letters(world.admin))
    assert "Someone leaked it" in world.letters(world.admin)[0]["text"]
    assert world.cards("incidents") == []


async def test_where_the_bot_may_not_post_the_card_is_a_direct_message(world: World) -> None:
    """A channel that the bot is not in gets nothing; the person gets the card."""
    outside = next(
        it
        for it in world.sandbox.slack.channels.values()
        if world.bot_user not in it.members and not it.is_im
    )
    await (await world.open("/incident Elsewhere", channel=outside.name)).send()
    await eventually(lambda: world.letters(world.admin))
    assert "Elsewhere" in world.letters(world.admin)[0]["text"]


async def test_a_vendor_disconnected_meanwhile_keeps_the_form(world: World) -> None:
    """A notice on top; beneath it is the form as it was filled in."""
    modal = await world.open("/incident Keep me")
    await world.bot.database.write(lambda db: db.execute("DELETE FROM connections"))
    assert (await modal.submit()).ok
    assert "Rootly was disconnected" in world.top().text
    await world.sandbox.slack.close(world.admin, world.top().id)
    assert world.top().value("title") == "Keep me"


async def test_a_full_disk_keeps_the_form(world: World) -> None:
    """Nothing can be saved: nothing is sent, the person is told, and the typed text stays."""
    modal = await world.open("/incident Keep me")
    database = world.bot.database
    pages = await database.write(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    await database.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages}"))
    await modal.fill(summary="x" * 2900)
    for _ in range(20):
        await modal.submit()
        if "We couldn't save this" in world.top().text:
            break
        modal = await (await world.open("/incident Keep me")).fill(summary="x" * 2900)
    assert "*nothing was sent*" in world.top().text
    await world.sandbox.slack.close(world.admin, world.top().id)
    assert world.top().value("summary") == "x" * 2900


async def test_another_workspaces_form_is_refused(world: World) -> None:
    """What a modal carries is checked against the workspace that the event comes from."""
    modal = await world.open("/incident Mine")
    view = next(
        it for it in world.sandbox.slack.state.views.stacks[world.admin] if it.id == modal.id
    )
    view.body["private_metadata"] = view.body["private_metadata"].replace(
        world.sandbox.slack.team.id, "T0OTHER"
    )
    assert (await modal.submit()).ok
    assert "from another workspace" in world.top().text
    assert world.sandbox.vendors["rootly"].created == []


async def test_a_demoted_admin_cannot_submit(world: World) -> None:
    """Who may is asked again at the submission."""
    await world.lists_loaded()
    modal = await (await world.open("/workflow-task Sneaky")).fill(workflow_id="")
    await modal.choose("task_type", "e-mail")
    await modal.fill(send_email__to="a@example.com", send_email__subject="s", send_email__body="b")
    person = world.sandbox.slack.people[world.admin]
    world.sandbox.slack.people[person.id] = replace(person, is_admin=False, is_owner=False)
    world.bot.services.slack.people.forget({world.sandbox.workspace})
    assert (await modal.submit()).ok
    assert "Only workspace admins and owners" in world.top(person.id).text
    assert world.sandbox.vendors["rootly"].created == []


@pytest.mark.parametrize(
    "raised", [sqlite3.OperationalError("locked"), RuntimeError("secret words")]
)
async def test_a_mistake_of_ours_is_told_in_words(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: Exception,
) -> None:
    """A listener that raises: no stack trace, no silence, the form stays; the log names the error,
    not its text."""
    modal = await world.open("/incident x")

    async def broken(*_: object) -> None:
        raise raised

    monkeypatch.setattr(world.bot.services.slack.people, "person", broken)
    assert (await modal.submit()).ok
    assert "*nothing was sent*" in world.top().text
    assert "secret words" not in "".join(capsys.readouterr())


async def test_a_quick_second_choice_is_what_counts(world: World) -> None:
    """The chooser and the form under it can differ for a moment; submitting then shows the form
    that was asked for."""
    await world.lists_loaded()
    modal = await (await world.open("/incident Two clicks")).fill(summary="in a row")
    await modal.fill(choice="incident.io")
    assert modal.view["callback_id"] == "form:rootly.incident"
    assert (await modal.submit()).ok
    assert modal.view["callback_id"] == "form:incident_io.incident"
    assert (modal.value("name"), modal.value("incident.summary")) == ("Two clicks", "in a row")
    assert world.sandbox.vendors["rootly"].created == []
    await modal.fill(severity_id="SEV2")
    await modal.send()
    assert len(world.sandbox.vendors["incident_io"].created) == 1


async def test_a_task_type_that_was_chosen_too_quickly_is_not_sent_with_other_fields(
    world: World,
) -> None:
    """The new type's form comes first; nothing half of one and half of the other leaves."""
    await world.lists_loaded()
    modal = await (await world.open("/workflow-task Mixed")).fill(workflow_id="")
    await modal.choose("task_type", "e-mail")
    await modal.fill(send_email__to="a@example.com", send_email__subject="s", send_email__body="b")
    await modal.fill(task_type="action item")
    await modal.submit()
    assert world.sandbox.vendors["rootly"].created == []
    assert "rootly.workflow_task.add_action_item.summary" in modal.fields


async def test_a_receipt_shows_what_was_sent_first(world: World) -> None:
    """The modal of a delivered incident, submitted again after switching: the first one's receipt,
    nothing new."""
    await world.lists_loaded()
    vendor = world.sandbox.vendors["rootly"]
    vendor.hold = asyncio.Event()
    modal = await world.open("/incident Only once")
    first = asyncio.create_task(modal.submit())
    await eventually(lambda: vendor.created)
    await modal.choose("choice", "incident.io")
    await modal.fill(severity_id="SEV2")
    second = asyncio.create_task(modal.submit())
    await asyncio.sleep(0.1)
    vendor.hold.set()
    assert [(await it).ok for it in (first, second)] == [True, True]
    assert "Created in Rootly" in world.top().text
    assert world.sandbox.vendors["incident_io"].created == []


async def test_a_private_incident_is_in_nobodys_picker(world: World) -> None:
    """What was made private is not offered to everyone by its title."""
    await world.lists_loaded()
    await (await (await world.open("/incident Layoffs leaked")).fill(private=True)).send()
    await eventually(lambda: world.letters(world.admin))
    modal = await world.open("/action-item x", world.member)
    assert [it for it in await modal.offered("incident_id", "layoffs") if "Layoffs" in it] == []


async def test_after_the_commit_nobody_is_told_that_nothing_was_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If only the outcome cannot be read, the modal says that it is saved."""
    modal = await world.open("/incident x")

    async def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(world.bot.services.delivery.dispatcher, "outcome", broken)
    text = (await modal.send()).text
    assert "Saved, sending to Rootly" in text


async def test_an_organisation_wide_installation_can_submit(world: World) -> None:
    """There a view's events name the organisation where the modal was opened for one of its
    workspaces."""
    context = AsyncBoltContext({"enterprise_id": "E0ACME", "team_id": "E0ACME"})
    state = ModalState(
        key="ir0",
        enterprise="E0ACME",
        team="T0ONE",
        channel="",
        kind="incident",
        operation="rootly.incident",
    )
    view = {"private_metadata": state.model_dump_json()}
    assert state_in(view, ModalState, context).workspace == ("E0ACME", "T0ONE")
    for enterprise, team in (("E0OTHER", "E0OTHER"), ("E0ACME", "T0TWO"), ("", "E0ACME")):
        with pytest.raises(ForeignError):
            state_in(
                view, ModalState, AsyncBoltContext({"enterprise_id": enterprise, "team_id": team})
            )


async def test_the_chooser_cannot_lead_to_another_kind(world: World) -> None:
    """Who may is asked for the kind that the form was opened for; a choice from elsewhere is none."""
    modal = await world.open("/incident x", world.member)
    view = next(
        it for it in world.sandbox.slack.state.views.stacks[world.member] if it.id == modal.id
    )
    kept = view.values["choice"]["value"]
    view.values["choice"]["value"] = {
        **kept,
        "selected_option": {"value": "twilio.workflow", "text": {"text": "x"}},
    }
    assert (await modal.submit()).ok
    assert "Open it again" in world.top(world.member).text
