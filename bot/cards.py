"""Cards: keeps the message in Slack, and the modal that is still open, in step with the row. One that fails never touches
the delivery.

A row carries its version and the version last shown; whatever is behind gets posted or edited, one row a channel at a
time and about one a second, so that Slack's limits hold nobody up elsewhere. While a modal still waits for its answer the
card is held back, so that a refusal that the modal showed gets no card.
"""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.adapters.base import Adapter, Operation
from bot.errors import SecretError
from bot.rounds import Rounds
from bot.slack_errors import NOT_DONE, asked_to_wait, said
from bot.slack_turns import Turns
from bot.storage.connections import Connections
from bot.storage.rows import Delivery
from bot.storage.showing import LEASE_SECONDS, Showing

log = structlog.get_logger(__name__)

AT_ONCE = 8
MODALS_AT_ONCE = 4
SHORTEST_PAUSE = 0.05
LONGEST_PAUSE = 5.0
"""How soon a change is noticed that another process made."""
TOGETHER_SECONDS = 0.15
"""What is submitted at the same moment is looked at together."""
SHOWING_SECONDS = LEASE_SECONDS - 2
NOTING_SECONDS = 30.0
NOTING_PAUSE = 1.0
STOPPING_SECONDS = 3.0
MODALS = "views.update"
NOT_THERE = ("not_in_channel", "channel_not_found", "is_archived", "restricted_action", "no_permission")
"""Beginnings of Slack's words for a channel where the bot may not post (`restricted_action_read_only_channel`)."""


class Cards:
    """`client` should neither retry nor wait out Slack's limits by itself: that is done here, a channel at a time."""

    def __init__(
        self,
        showing: Showing,
        connections: Connections,
        adapters: Mapping[str, Adapter],
        client: AsyncWebClient,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._showing = showing
        self._connections = connections
        self._adapters = adapters
        self._client = client
        self._clock = clock
        self._turns = Turns(clock)
        self._waiting: Counter[int] = Counter()
        self._answered: dict[int, Delivery] = {}
        self._cards: set[asyncio.Task[None]] = set()
        self._modals: set[asyncio.Task[None]] = set()
        self._rounds = Rounds("cards", self._round, LONGEST_PAUSE, TOGETHER_SECONDS)

    def changed(self, row: Delivery) -> None:
        """A row changed: look at the cards soon."""
        self._rounds.wake()

    def hold(self, row: Delivery) -> None:
        """A modal is about to show this row: no card yet. Of a modal that was submitted twice, both answers count."""
        self._waiting[row.id] += 1

    def release(self, row: Delivery) -> None:
        """The modal was answered with the row as it is here: what it did not say goes onto the card now, and when that was
        not the end yet, the modal is kept up to date while it stays open."""
        self._waiting[row.id] -= 1
        if not self._waiting[row.id]:
            del self._waiting[row.id]
        self._answered[row.id] = row
        self._rounds.wake()

    async def run(self) -> None:
        """Post and edit until cancelled; what Slack has been told by then is noted, so that it is not posted again."""
        try:
            await self._rounds.run()
        finally:
            if under_way := self._cards | self._modals:
                _, late = await asyncio.wait(under_way, timeout=STOPPING_SECONDS)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)

    async def _round(self) -> float | None:
        await self._note_answers()
        soonest = [at for at in (await self._start_cards(), await self._start_modals()) if at is not None]
        return max(min(soonest) - self._clock(), SHORTEST_PAUSE) if soonest else None

    @property
    def _held(self) -> set[int]:
        """The rows that a modal is about to show, or whose modal's answer is not noted yet."""
        return {*self._waiting, *self._answered}

    async def _note_answers(self) -> None:
        answered = [row for row in self._answered.values() if row.id not in self._waiting]
        if not answered:
            return
        await self._showing.answered(answered)
        for row in answered:
            if self._answered.get(row.id) is row and row.id not in self._waiting:
                del self._answered[row.id]

    async def _start_cards(self) -> float | None:
        """Start on the cards whose time has come; when the next one's comes. None while only the end of one that is under
        way, which wakes the loop, makes room."""
        places, now = await self._showing.behind(self._held), self._clock()
        room = AT_ONCE - len(self._cards)
        if room and any(self._turn(place, at) <= now for place, at in places.items()):
            for row in await self._showing.claim_cards(self._held, self._turns.busy(), room):
                place = _place(row)
                self._turns.begin(place)
                self._start(self._cards, self._show(row, place))
        if len(self._cards) >= AT_ONCE:
            return None
        return min(
            (self._turn(place, at) for place, at in places.items() if not self._turns.is_taken(place)), default=None
        )

    def _turn(self, place: str, at: float) -> float:
        """When a card that waits for that time can be shown there; never while one is under way."""
        return float("inf") if self._turns.is_taken(place) else max(at, self._turns.free_at(place))

    async def _start_modals(self) -> float | None:
        at = await self._showing.next_view_time(self._held)
        room = MODALS_AT_ONCE - len(self._modals)
        if at is None or not room:
            return None
        at = max(at, self._turns.free_at(MODALS))
        if at > self._clock():
            return at
        for row in await self._showing.claim_views(self._held, room):
            self._start(self._modals, self._follow(row))
        return await self._showing.next_view_time(self._held) if len(self._modals) < MODALS_AT_ONCE else None

    def _start(self, under_way: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        under_way.add(task)
        task.add_done_callback(lambda task: self._ended(under_way, task))

    def _ended(self, under_way: set[asyncio.Task[None]], task: asyncio.Task[None]) -> None:
        under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("cards.broke", error=type(error).__name__)
        self._rounds.wake()

    async def _show(self, row: Delivery, place: str) -> None:
        used = {place}
        try:
            async with asyncio.timeout(SHOWING_SECONDS):
                content = await self._content(row)
                channel, ts = await (self._edit(row, content) if row.card_ts else self._post(row, content))
            used.add(channel)
            await self._note(row, channel, ts)
        except NOT_DONE as error:
            log.warning("cards.not_shown", delivery=row.key, error=said(error))
            if (seconds := asked_to_wait(error)) is not None:
                self._turns.wait(place, seconds)
                await self._showing.postponed(row, self._clock() + seconds)
        finally:
            self._turns.end(*used)

    async def _post(self, row: Delivery, content: Mapping[str, Any]) -> tuple[str, str]:
        """In the channel; in a direct message where the bot may not post, without a channel, or when it is private."""
        if row.channel and not row.private:
            try:
                return await self._send(row.channel, content)
            except SlackApiError as error:
                if not _not_there(error):
                    raise
        return await self._send(row.actor, content)

    async def _send(self, channel: str, content: Mapping[str, Any]) -> tuple[str, str]:
        answer = await self._client.chat_postMessage(channel=channel, unfurl_links=False, unfurl_media=False, **content)
        return str(answer["channel"]), str(answer["ts"])

    async def _edit(self, row: Delivery, content: Mapping[str, Any]) -> tuple[str, str]:
        if row.private and not row.card_channel.startswith("D"):
            return await self._withdraw(row, content)
        try:
            await self._client.chat_update(channel=row.card_channel, ts=row.card_ts, **content)
        except SlackApiError as error:
            if _not_there(error):  # the channel went away after the card was posted
                return await self._post(row, content)
            if said(error) not in ("message_not_found", "cant_update_message"):
                raise
        return row.card_channel, row.card_ts

    async def _withdraw(self, row: Delivery, content: Mapping[str, Any]) -> tuple[str, str]:
        """It was made private when it was corrected: its card in the channel says no more, and goes on in person."""
        await self._client.chat_update(
            channel=row.card_channel, ts=row.card_ts, text=messages.WITHDRAWN, blocks=messages.withdrawn()
        )
        return await self._send(row.actor, content)

    async def _note(self, row: Delivery, channel: str, ts: str) -> None:
        """Write down that it was shown, again and again while the file is busy: else it would be posted a second time."""
        until = time.monotonic() + NOTING_SECONDS
        while True:
            try:
                return await self._showing.shown(row, channel, ts)
            except sqlite3.Error as error:
                log.error("cards.not_noted", delivery=row.key, error=type(error).__name__)
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(NOTING_PAUSE)

    async def _content(self, row: Delivery) -> dict[str, Any]:
        adapter, operation = self._made_by(row)
        return messages.card(row, adapter, operation, by_hand=await self._by_hand(row, adapter))

    async def _by_hand(self, row: Delivery, adapter: Adapter) -> str:
        """Where a person could do it at the vendor, while it waits; empty if that is unknown."""
        if row.state != "queued":
            return ""
        try:
            connection = await self._connections.get(row.workspace, row.vendor)
            if connection is None or connection.account != row.account:
                return ""
            return adapter.by_hand(row.operation, adapter.credentials.model_validate(dict(connection.secret)))
        except (SecretError, ValueError, sqlite3.Error) as error:
            log.warning("cards.no_address", delivery=row.key, error=type(error).__name__)
            return ""

    async def _follow(self, row: Delivery) -> None:
        """Bring the open modal up to date; one that was closed is followed no further."""
        adapter, operation = self._made_by(row)
        try:
            async with asyncio.timeout(SHOWING_SECONDS):
                await self._client.views_update(view_id=row.view_id, view=messages.receipt(row, adapter, operation))
        except NOT_DONE as error:
            if said(error) == "not_found":
                await self._showing.forget_view(row)
                return
            log.warning("cards.modal_not_followed", delivery=row.key, error=said(error))
            if (seconds := asked_to_wait(error)) is not None:
                self._turns.wait(MODALS, seconds)
            return
        await self._showing.view_shown(row)

    def _made_by(self, row: Delivery) -> tuple[Adapter, Operation]:
        adapter = self._adapters[row.vendor]
        return adapter, adapter.operation(row.operation)


def _place(row: Delivery) -> str:
    """Where its card is, or is to be posted first; as `bot.storage.showing` has it."""
    if row.card_ts:
        return row.card_channel
    return row.channel if row.channel and not row.private else row.actor


def _not_there(error: SlackApiError) -> bool:
    return said(error).startswith(NOT_THERE)
