"""Cards: keeps the message in Slack in step with the row. A card that fails never touches the delivery.

A row carries its version and the version last shown; whatever is behind gets posted or edited. While a modal still waits
for its answer the card is held back, so that a refusal that the modal showed gets no card.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.adapters.base import Adapter
from bot.rounds import Rounds
from bot.slack_errors import NOT_DONE, said
from bot.storage.deliveries import CARD_LEASE_SECONDS, Deliveries, Delivery

log = structlog.get_logger(__name__)

SHORTEST_PAUSE = 0.5
MODAL_SECONDS = 3.0
"""How long after its submission a row's card is left to the modal, if the process that shows the modal dies."""
SHOWING_SECONDS = CARD_LEASE_SECONDS - 2
"""Waiting for Slack's rate limit included: after the lease another process may post the card."""
NOT_THERE = ("not_in_channel", "channel_not_found", "is_archived", "restricted_action", "no_permission")
"""Beginnings of Slack's words for a channel where the bot may not post (`restricted_action_read_only_channel`)."""


class Cards:
    def __init__(
        self,
        deliveries: Deliveries,
        adapters: Mapping[str, Adapter],
        client: AsyncWebClient,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._deliveries = deliveries
        self._adapters = adapters
        self._client = client
        self._clock = clock
        self._held: set[int] = set()
        self._released: set[int] = set()
        self._rounds = Rounds("cards", self._round)

    def changed(self, row: Delivery) -> None:
        """A row changed: look at the cards soon."""
        self._rounds.wake()

    def hold(self, row: Delivery) -> None:
        """A modal is about to show this row: no card yet."""
        self._held.add(row.id)

    def release(self, row: Delivery) -> None:
        """The modal was answered: what it did not say goes onto the card now."""
        self._held.discard(row.id)
        self._released.add(row.id)
        self._rounds.wake()

    async def run(self) -> None:
        """Post and edit cards until cancelled."""
        await self._rounds.run()

    async def _round(self) -> float | None:
        while await self._show_some():
            pass
        at = await self._deliveries.next_card_time()
        return None if at is None else max(at - self._clock(), SHORTEST_PAUSE)

    async def _show_some(self) -> bool:
        released = frozenset(self._released)
        rows = await self._deliveries.claim_cards(released, frozenset(self._held))
        self._released -= released
        await asyncio.gather(*[self._show(row) for row in rows])
        return bool(rows)

    async def _show(self, row: Delivery) -> None:
        try:
            async with asyncio.timeout(SHOWING_SECONDS):
                channel, ts = await self._edit(row) if row.card_ts else await self._post(row)
        except NOT_DONE as error:
            log.warning("cards.not_shown", delivery=row.key, error=said(error))
            return
        await self._deliveries.shown(row, channel, ts)

    async def _post(self, row: Delivery) -> tuple[str, str]:
        """In the channel; in a direct message where the bot may not post, without a channel, or when it is private."""
        if row.channel and not row.private:
            try:
                return await self._send(row, row.channel)
            except SlackApiError as error:
                if not _not_there(error):
                    raise
        return await self._send(row, row.actor)

    async def _send(self, row: Delivery, channel: str) -> tuple[str, str]:
        answer = await self._client.chat_postMessage(
            channel=channel, unfurl_links=False, unfurl_media=False, **self._content(row)
        )
        return str(answer["channel"]), str(answer["ts"])

    async def _edit(self, row: Delivery) -> tuple[str, str]:
        try:
            await self._client.chat_update(channel=row.card_channel, ts=row.card_ts, **self._content(row))
        except SlackApiError as error:
            if _not_there(error):  # the channel went away after the card was posted
                return await self._post(row)
            if said(error) not in ("message_not_found", "cant_update_message"):
                raise
        return row.card_channel, row.card_ts

    def _content(self, row: Delivery) -> dict[str, Any]:
        adapter = self._adapters[row.vendor]
        return messages.card(row, adapter, adapter.operation(row.operation))


def _not_there(error: SlackApiError) -> bool:
    return said(error).startswith(NOT_THERE)
