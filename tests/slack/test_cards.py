"""Cards: where they go, how they follow the row, and what a Slack in trouble does to them (nothing
to the delivery)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.delivery.model import Delivery, Outcome
from bot.delivery.problems import problem
from bot.delivery.store.cards import LEASE_SECONDS, MODAL_SECONDS
from bot.slack import cards
from bot.slack.card_posts import NOT_THERE
from tests.world.bot import World, eventually
from tests.world.cards import AWAY, CHANNEL, DELIVERED, DIRECT, PERSON, Board, board_on, slack_takes
from tests.world.machine import ended
from tests.world.notes import draft
from tests.world.slack import TROUBLES, refused


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Board]:
    async with board_on(tmp_path / "relay.db") as board:
        yield board


IN_DOUBT = Outcome("unconfirmed", "undecided")


async def test_a_card_is_posted_in_the_channel(board: Board) -> None:
    """Once, without unfurling anything, and the row knows where it is."""
    row = await board.settled()
    await board.round()
    await board.round()
    expected = {
        "channel": CHANNEL,
        "unfurl_links": False,
        "unfurl_media": False,
        **board.content(row),
    }
    assert board.slack.calls == [("chat.postMessage", expected)]
    shown = await board.deliveries.get(row)
    assert (shown.card_channel, shown.card_ts, shown.card_version) == (CHANNEL, "17.5", row.version)


async def test_the_card_is_edited_in_place(board: Board) -> None:
    """One message follows the row from waiting to delivered."""
    await board.settled(AWAY)
    await board.round()
    row = await board.next_attempt(DELIVERED)
    await board.round()
    assert board.slack.methods == ["chat.postMessage", "chat.update"]
    assert board.slack.calls[1][1] == {"channel": CHANNEL, "ts": "17.5", **board.content(row)}


async def test_the_same_wait_is_not_shown_again(board: Board) -> None:
    """A vendor that is down for hours does not make a flood of edits."""
    await board.settled(AWAY)
    await board.round()
    for _ in range(5):
        await board.next_attempt(AWAY)
        await board.round()
    assert board.slack.methods == ["chat.postMessage"]


@pytest.mark.parametrize("changes", [{"channel": ""}, {"private": True}])
async def test_without_a_channel_or_in_private_it_is_a_direct_message(
    board: Board, changes: dict[str, Any]
) -> None:
    """What others may not see is told to the person who asked, and edited there."""
    await board.settled(AWAY, **changes)
    await board.round()
    await board.next_attempt(DELIVERED)
    await board.round()
    assert [(method, args["channel"]) for method, args in board.slack.calls] == [
        ("chat.postMessage", PERSON),
        ("chat.update", DIRECT),
    ]


@pytest.mark.parametrize("error", sorted(NOT_THERE))
async def test_where_the_bot_may_not_post_it_is_a_direct_message(board: Board, error: str) -> None:
    """A channel that it is not in, that is private to it, archived or closed to it."""
    board.slack.answer = lambda args: (
        refused(error)(args) if args["channel"] == CHANNEL else slack_takes(args)
    )
    row = await board.settled()
    await board.round()
    assert [args["channel"] for _, args in board.slack.calls] == [CHANNEL, PERSON]
    assert (await board.deliveries.get(row)).card_channel == DIRECT


@pytest.mark.parametrize("error", ["channel_not_found", "is_archived"])
async def test_when_the_channel_goes_away_the_news_comes_directly(board: Board, error: str) -> None:
    """A card that was posted in a channel which is gone now is followed by a direct message."""
    row = await board.settled(AWAY)
    await board.round()
    board.slack.answer = lambda args: (
        refused(error)(args) if args["channel"] == CHANNEL else slack_takes(args)
    )
    await board.next_attempt(DELIVERED)
    await board.round()
    assert board.slack.methods == [
        "chat.postMessage",
        "chat.update",
        "chat.postMessage",
        "chat.postMessage",
    ]
    assert (await board.deliveries.get(row)).card_channel == DIRECT


async def test_a_card_that_somebody_deleted_stays_deleted(board: Board) -> None:
    """It is not posted again, and not tried again."""
    await board.settled(AWAY)
    await board.round()
    board.slack.answer = refused("message_not_found")
    await board.next_attempt(DELIVERED)
    await board.round()
    board.clock.advance(3600)
    await board.round()
    assert board.slack.methods == ["chat.postMessage", "chat.update"]


async def test_what_the_modal_shows_gets_no_card(board: Board) -> None:
    """While the modal waits nothing is posted; a refusal that it showed never is."""
    row, _ = await board.deliveries.enqueue(
        draft(), lease=45, card_not_before=board.clock.now + MODAL_SECONDS
    )
    board.cards.hold(row)
    refusal = await board.deliveries.settle(
        row, Outcome("rejected", "refused", problem("said", words="No."))
    )
    assert refusal is not None
    board.clock.advance(60)
    await board.round()
    board.cards.release(refusal, "errors")
    await board.round()
    assert board.slack.calls == []
    assert (await board.look(refusal)).card_version == refusal.version


async def test_of_a_modal_that_was_submitted_twice_both_answers_count(board: Board) -> None:
    """The first answer releases nothing while the second is still to come: it may show a refusal in
    the form."""
    row, _ = await board.deliveries.enqueue(
        draft(view_id="V1"), lease=45, card_not_before=board.clock.now + MODAL_SECONDS
    )
    board.cards.hold(row)
    board.cards.hold(row)
    waiting = await board.deliveries.settle(row, AWAY)
    assert waiting is not None
    board.cards.release(waiting, "receipt")
    board.clock.advance(60)
    await board.round()
    assert board.slack.calls == []
    board.cards.release(waiting, "receipt")
    await board.round()
    assert board.slack.methods == ["chat.postMessage"]


async def test_what_the_modal_did_not_say_goes_onto_the_card_at_once(board: Board) -> None:
    """Released means now, before the time that was set for the case that the modal's process dies."""
    row, _ = await board.deliveries.enqueue(
        draft(), lease=45, card_not_before=board.clock.now + MODAL_SECONDS
    )
    board.cards.hold(row)
    settled = await board.deliveries.settle(row, DELIVERED)
    assert settled is not None
    await board.round()
    assert board.slack.calls == []
    board.cards.release(settled, "receipt")
    await board.round()
    assert board.slack.methods == ["chat.postMessage"]


async def test_nothing_is_posted_while_it_is_being_sent(board: Board) -> None:
    """The vendor answers within seconds; a card before that would only flicker."""
    row = await board.submitted()
    board.cards.hold(row)
    board.cards.release(row, "receipt")
    board.clock.advance(30)
    await board.round()
    assert board.slack.calls == []


@pytest.mark.parametrize("trouble", [*TROUBLES, "silence"])
async def test_slack_in_trouble_only_delays_the_card(
    board: Board, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row stays as it is, nothing of the card is logged, and the card comes once Slack is back."""
    if trouble == "silence":
        board.slack.pause = 1.0
        monkeypatch.setattr(cards, "SHOWING_SECONDS", 0.2)
    else:
        board.slack.answer = TROUBLES[trouble]
    row = await board.settled(title="Checkout is down")
    with capture_logs() as logs:
        await board.round()
    assert [entry["event"] for entry in logs] == ["card.post_failed"]
    assert "Checkout" not in repr(logs)
    assert await board.deliveries.get(row) == row
    board.slack.answer, board.slack.pause = slack_takes, 0.0
    await board.round()
    tries = len(board.slack.calls)
    board.clock.advance(LEASE_SECONDS)
    await board.round()
    assert len(board.slack.calls) == tries + 1
    assert (await board.deliveries.get(row)).card_ts == "17.5"


async def test_one_card_that_fails_does_not_hold_up_the_others(board: Board) -> None:
    """Fifteen rows, one of which Slack never takes."""
    for n in range(15):
        await board.settled(key=f"k{n}", channel=f"C{n}")
    board.slack.answer = lambda args: (
        refused("fatal_error")(args) if args["channel"] == "C3" else slack_takes(args)
    )
    with capture_logs():
        await board.round()
    shown = {args["channel"] for _, args in board.slack.calls}
    assert shown == {f"C{n}" for n in range(15)}
    assert len(board.slack.calls) == 15


async def test_the_loop_shows_what_changed_and_survives_errors(board: Board) -> None:
    """A change wakes it; a database error is followed by another round."""
    loop = asyncio.create_task(board.cards.run())
    row = await board.settled(AWAY)
    board.cards.changed(row)

    async def shown() -> bool:
        return (await board.deliveries.get(row)).card_ts == "17.5"

    await eventually(shown)
    database = board.database
    await database.write(lambda db: db.execute("ALTER TABLE deliveries RENAME TO gone"))
    with capture_logs() as logs:
        board.cards.changed(row)
        await eventually(lambda: logs)
    assert logs[0] == {
        "event": "loop.failed",
        "of": "cards",
        "error": "OperationalError",
        "log_level": "error",
    }
    await database.write(lambda db: db.execute("ALTER TABLE gone RENAME TO deliveries"))
    board.clock.advance(1)
    board.cards.changed(await board.next_attempt(DELIVERED))
    await eventually(lambda: board.slack.methods == ["chat.postMessage", "chat.update"])
    await ended(loop)


# --- looking at the vendor


async def test_a_card_in_doubt_names_the_page_where_people_look(board: Board) -> None:
    """The vendor's page, found with the connection's credentials; none where it is connected to
    another account, or not."""
    linked = []
    for key, account in (("a", ""), ("b", "acme"), ("c", "other")):
        if account:
            await board.connect(account)
        row = await board.settled(IN_DOUBT, key=key, channel=f"C{key}")
        await board.work()
        linked.append(
            board.slack.calls[-1][1]["blocks"]
            == board.content(row, "https://notes.example.com/note/new")["blocks"]
        )
    assert linked == [False, True, False]


async def test_credentials_that_do_not_decrypt_only_cost_the_page(board: Board) -> None:
    """The card comes without it."""
    await board.connect()
    await board.database.write(lambda db: db.execute("UPDATE connections SET secret = 'x'"))
    row = await board.settled(IN_DOUBT)
    with capture_logs() as logs:
        await board.work()
    assert [entry["event"] for entry in logs] == ["card.link_failed"]
    assert board.slack.calls[0][1]["blocks"] == board.content(row)["blocks"]


# --- on the stand-in, with the real bot


async def deliver(
    world: World, channel: str, *, private: bool = False, title: str = "Checkout is down"
) -> Delivery:
    """An incident at incident.io, submitted in that channel by the admin."""
    services, workspace = world.bot.services, world.sandbox.workspace
    [account] = [
        it.account
        for it in await services.connections.store.of(workspace)
        if it.vendor == "incident_io"
    ]
    await world.lists_loaded()
    [severity] = (
        await services.catalogs.search(workspace, "incident_io", "severities", "SEV1")
    ).entries
    payload = {
        "name": title,
        "severity_id": severity.id,
        "visibility": "private" if private else "public",
    }
    form = draft(
        f"ir{channel.lower()}{private}",
        workspace=workspace,
        vendor="incident_io",
        operation="incident",
    )
    made = draft(
        form.key,
        workspace=workspace,
        vendor="incident_io",
        operation="incident",
        account=account,
        actor=world.admin,
        channel=channel,
        private=private,
        title=title,
        payload=payload,
    )
    return await services.delivery.dispatcher.submit(made, card_not_before=0)


def card_texts(world: World, channel: str) -> list[str]:
    """The bot's messages there."""
    return [it["text"] for it in world.sandbox.slack.channels[channel].messages if it.get("bot_id")]


def told(world: World) -> list[str]:
    """The bot's direct messages to the admin."""
    direct = world.sandbox.slack.direct(world.admin)
    return [it["text"] for it in direct.messages] if direct else []


async def test_the_card_in_a_real_channel(world: World) -> None:
    """Where the bot is a member, everyone sees it."""
    channel = world.channel("incidents")
    await deliver(world, channel)
    await eventually(lambda: card_texts(world, channel))
    [text] = card_texts(world, channel)
    assert text.startswith("Created in incident.io: INC-")
    assert told(world) == []


@pytest.mark.parametrize(
    ("name", "private"),
    [("warehouse-floor", False), ("security-response", True), ("incidents", True)],
)
async def test_the_card_where_not_everyone_may_see_it(
    world: World, name: str, private: bool
) -> None:
    """A channel without the bot, or a private incident: a direct message, and nothing in the
    channel."""
    channel = world.channel(name)
    await deliver(world, channel, private=private)
    await eventually(lambda: told(world))
    [text] = told(world)
    assert text.startswith("Created in incident.io: INC-")
    assert card_texts(world, channel) == []


async def test_a_card_follows_a_vendor_that_was_down(world: World) -> None:
    """One message in the channel says first that it waits, then that it is there."""
    channel = world.channel("incidents")
    vendor = world.sandbox.vendors["incident_io"]
    await world.lists_loaded()
    await vendor.set_fault("down")
    await deliver(world, channel, title="<!channel> is down")
    await eventually(
        lambda: (
            card_texts(world, channel)
            == ["Saved, not yet in incident.io: &lt;!channel&gt; is down"]
        )
    )
    await vendor.set_fault("fine")
    await eventually(
        lambda: card_texts(world, channel)[0].startswith("Created in incident.io: INC-")
    )
    assert len(card_texts(world, channel)) == 1
    assert "&lt;!channel&gt; is down" in card_texts(world, channel)[0]


async def test_an_open_modal_follows_a_vendor_that_was_down(world: World) -> None:
    """Nobody touches it: it says first that it waits, then that it is there."""
    vendor = world.sandbox.vendors["rootly"]
    await world.lists_loaded()
    await vendor.set_fault("down")
    modal = await (await world.open("/incident Checkout is down")).send()
    assert "Saved, not yet in Rootly" in modal.text
    await vendor.set_fault("fine")
    await eventually(lambda: "Created in Rootly" in world.top().text)
    assert world.top().id == modal.id
