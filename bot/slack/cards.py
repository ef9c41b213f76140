"""Cards: the messages and open modals in Slack that show the state of a delivery.

A row carries its version and the version that its card shows. A card with an older version is
posted or edited, one row per channel at a time and about one message a second, so that Slack's
limits in one channel delay no other channel. While a modal still waits for its answer the card is
held back, so that a refusal shown in the form gets no card. If nobody knows whether the answer
reached the person, the card is posted. A failed card never changes the delivery.
"""

import asyncio
import math
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Container
from functools import partial
from operator import attrgetter
from typing import Literal

import structlog

from bot import messages
from bot.adapters.base import Adapter, Operation
from bot.delivery.attempt import VendorAccess
from bot.delivery.model import Delivery
from bot.delivery.store.cards import (
    EVERYWHERE,
    LEASE_SECONDS,
    MODALS,
    CardOutbox,
    everywhere,
    place,
)
from bot.delivery.vendor_pages import page_of
from bot.errors import NotInstalledError, RelayError, SecretError
from bot.runtime.workers import Share, Source, WorkerPool
from bot.slack.card_posts import CardContent, CardPosts, Posted
from bot.slack.errors import NOT_DONE, asked_to_wait, said
from bot.slack.rate_limit import SlackRateLimiter
from bot.slack.readers import Readers
from bot.slack.tokens import SlackTokens
from bot.workspace import RemembersWorkspaces, Workspace

log = structlog.get_logger(__name__)

CARDS = Share(32, 8, longest_pause=5.0, shortest_pause=0.15, stopping_seconds=3.0)
MODALS_FOLLOWED = Share(16, 4, longest_pause=5.0, shortest_pause=0.15, stopping_seconds=3.0)
MOST_RECEIPTS = 1000
SHOWING_SECONDS = LEASE_SECONDS - 2
NOTING_SECONDS = 30.0
NOTING_PAUSE = 1.0
NO_TOKEN_SECONDS = 600.0
"""Seconds until a workspace without a token is tried again."""
NO_NEWS_SECONDS = 24 * 3600.0
"""Age, in seconds, after which a card that waits for a token is given up."""
Shown = Literal["receipt", "errors"]
"""A modal's answer: a receipt in place of the form, or errors beside the form's fields."""


class Cards(RemembersWorkspaces):
    """Posts and edits cards and open modals.

    The client of `posts` should neither retry nor wait for Slack's limits by itself, because this
    class does both per channel. It needs no token: each call carries that of the row's workspace.
    """

    def __init__(
        self,
        card_outbox: CardOutbox,
        vendors: VendorAccess,
        posts: CardPosts,
        tokens: SlackTokens,
        readers: Readers,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._card_outbox = card_outbox
        self._connections = vendors.connections
        self._adapters = vendors.adapters
        self._readers = readers
        self._posts = posts
        self._tokens = tokens
        self._clock = clock
        self._limiter = SlackRateLimiter(clock)
        self._waiting: Counter[int] = Counter()
        self._answered: dict[int, tuple[Delivery, Shown]] = {}
        # The ids of open modals, oldest first.
        self._receipts: dict[str, None] = {}
        self._next_card = self._next_modal = math.inf
        self.card_pool = WorkerPool[Workspace, Delivery](
            "cards",
            Source(self._claim_card, self._next_card_time, attrgetter("workspace")),
            self._show,
            CARDS,
            clock,
        )
        self.modal_pool = WorkerPool[Workspace, Delivery](
            "modals",
            Source(self._claim_modal, self._next_modal_time, attrgetter("workspace")),
            self._follow,
            MODALS_FOLLOWED,
            clock,
        )

    def changed(self, row: Delivery) -> None:
        """Look for what to show, because a row changed."""
        self.card_pool.wake()
        if row.view_id:
            self.modal_pool.wake()

    def hold(self, row: Delivery) -> None:
        """Hold back the row's card, because a modal is about to show the row.

        A modal that was submitted twice is counted twice, until both answers are given.
        """
        self._waiting[row.id] += 1

    def release(self, row: Delivery, shown: Shown | None = None) -> None:
        """Take note of the modal's answer, or that none is known to have reached the person.

        `shown` shows this version of the row. Changes that the modal did not show go onto the card
        now. If the row is not final yet, the modal is updated as long as it stays open.
        """
        self._waiting[row.id] -= 1
        if not self._waiting[row.id]:
            del self._waiting[row.id]
        if shown is not None:
            self._answered[row.id] = row, shown
        self.card_pool.wake()

    @property
    def busy(self) -> bool:
        """True while a card or a modal is being shown."""
        return self.card_pool.busy or self.modal_pool.busy

    def forget(self, scope: Container[Workspace]) -> None:
        """Stop the work on rows of these workspaces, which are removed."""
        self.card_pool.cancel(lambda workspace: workspace in scope)
        self.modal_pool.cancel(lambda workspace: workspace in scope)
        self._answered = {
            key: answer
            for key, answer in self._answered.items()
            if answer[0].workspace not in scope
        }

    def is_receipt(self, view_id: str) -> bool:
        """Return whether that open modal shows a receipt and no longer a form."""
        return view_id in self._receipts

    def is_form(self, view_id: str) -> None:
        """Note that an open modal shows a form again."""
        self._receipts.pop(view_id, None)

    def shows_receipt(self, view_id: str) -> None:
        """Note that an open modal shows a receipt from now on."""
        self._receipts[view_id] = None
        if len(self._receipts) > MOST_RECEIPTS:
            del self._receipts[next(iter(self._receipts))]

    async def run(self) -> None:
        """Post and edit until cancelled.

        At the end, messages that Slack has already accepted are recorded, so that they are not
        posted again.
        """
        async with asyncio.TaskGroup() as pools:
            pools.create_task(self.card_pool.run())
            pools.create_task(self.modal_pool.run())

    @property
    def _held(self) -> set[int]:
        """Rows that a modal is about to show, and rows whose modal's answer is not recorded yet."""
        return {*self._waiting, *self._answered}

    async def _note_answers(self) -> None:
        answered = {
            key: answer for key, answer in self._answered.items() if key not in self._waiting
        }
        if not answered:
            return
        await self._card_outbox.answered(
            [row for row, shown in answered.values() if shown == "receipt"],
            [row for row, shown in answered.values() if shown == "errors"],
        )
        for key, answer in answered.items():
            if self._answered.get(key) is answer and key not in self._waiting:
                del self._answered[key]
        if not all(row.settled for row, _ in answered.values()):
            self.modal_pool.wake()

    async def _claim_card(self, full: Collection[Workspace]) -> Delivery | None:
        await self._note_answers()
        places, busy = await self._card_outbox.behind(self._held), self._everywhere(full)
        others = [where for where in places if everywhere(where) not in busy]
        self._next_card = min(
            (self._turn(where, places[where]) for where in others), default=math.inf
        )
        if self._next_card > self._clock():
            return None
        # By now the card that was claimed before this one has taken its place.
        claimed = await self._card_outbox.claim_cards(self._held, self._busy(full), 1)
        return claimed[0] if claimed else None

    async def _next_card_time(self, full: Collection[Workspace]) -> float:
        """Return when the next card can be shown, as the last claim found; infinity if only the end
        of a call helps, which wakes the pool."""
        return self._next_card

    def _turn(self, place: str, at: float) -> float:
        """Return when a card due at `at` can be shown in `place`; infinity during another call."""
        taken = self._limiter.is_taken(place)
        return math.inf if taken else max(at, self._limiter.free_at(place))

    async def _claim_modal(self, full: Collection[Workspace]) -> Delivery | None:
        busy = self._busy(full)
        at = await self._card_outbox.next_view_time(self._held, busy)
        paused = [where for where in self._limiter.busy() if where.endswith((MODALS, EVERYWHERE))]
        ends = [self._limiter.free_at(where) for where in paused]
        self._next_modal = min([math.inf if at is None else at, *ends])
        if at is None or at > self._clock():
            return None
        claimed = await self._card_outbox.claim_views(self._held, busy, 1)
        return claimed[0] if claimed else None

    async def _next_modal_time(self, full: Collection[Workspace]) -> float:
        return self._next_modal

    def _busy(self, full: Collection[Workspace]) -> list[str]:
        """Return the places where nothing can be shown now, given the workspaces that have their
        share of calls."""
        return [*self._limiter.busy(), *self._everywhere(full)]

    def _everywhere(self, workspaces: Collection[Workspace]) -> list[str]:
        return [place(workspace, EVERYWHERE) for workspace in workspaces]

    async def _show(self, row: Delivery) -> None:
        where = _place(row)
        used = {where}
        self._limiter.begin(where)
        try:
            async with asyncio.timeout(SHOWING_SECONDS):
                token, content = await self._tokens.token(row.workspace), await self._content(row)
                show = self._posts.edit if row.card_ts else self._posts.post
                posted = await show(token, row, content)
            used.add(place(row.workspace, posted.channel))
            copy = await self._copy(token, row, content, posted)
            await self._note(partial(self._card_outbox.shown, row, *posted[:3], copy), row)
        except (NotInstalledError, SecretError) as error:
            await self._without_token(row, error)
        except NOT_DONE as error:
            log.warning("card.post_failed", delivery=row.key, error=said(error))
            if (seconds := asked_to_wait(error)) is not None:
                self._limiter.wait(where, seconds)
                await self._card_outbox.postponed(row, self._clock() + seconds)
        finally:
            self._limiter.end(*used)
            self.card_pool.wake()

    async def _without_token(self, row: Delivery, error: RelayError) -> None:
        """Let all of the workspace's cards wait for a token. Its modals are closed.

        Give up a card that is too old to be news.
        """
        if self._clock() - row.updated_at > NO_NEWS_SECONDS:
            await self._card_outbox.shown(row)
            return
        await self._card_outbox.forget_view(row)
        log.info("card.token_missing", **row.workspace._asdict(), error=type(error).__name__)
        self._limiter.wait(place(row.workspace, EVERYWHERE), NO_TOKEN_SECONDS)

    async def _copy(
        self, token: str, row: Delivery, content: CardContent, posted: Posted
    ) -> tuple[str, str]:
        """Give the person the whole card if the channel has a brief one. Return where it is; empty
        texts if there is none.

        The brief card is recorded before, so that it is not posted again if this fails.
        """
        if posted.is_direct or (posted.sharing == "own" and not row.copy_ts):
            return "", ""
        await self._note(partial(self._card_outbox.placed, row, *posted[:3]), row)
        async with asyncio.timeout(SHOWING_SECONDS):
            return await self._posts.copy(token, row, content, posted)

    async def _note(self, write: Callable[[], Awaitable[None]], row: Delivery) -> None:
        """Record where the card is, and try again while the database is busy.

        Otherwise the card would be posted a second time.
        """
        until = time.monotonic() + NOTING_SECONDS
        while True:
            try:
                return await write()
            except sqlite3.Error as error:
                log.error("card.not_recorded", delivery=row.key, error=type(error).__name__)
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(NOTING_PAUSE)

    async def _content(self, row: Delivery) -> CardContent:
        if row.batch:
            return await self._batch_content(row)
        adapter, operation = self._made_by(row)
        page = await self._page(row, adapter)
        reader = row.actor if row.private else ""
        with await self._readers.speaking(row.workspace, reader):
            return CardContent(
                messages.card(row, adapter, operation, page=page),
                messages.brief_card(row, adapter, operation),
            )

    async def _batch_content(self, owner: Delivery) -> CardContent:
        """Return the card with a line for each row of the batch."""
        rows = await self._card_outbox.batch(owner)
        pages = {row.key: await self._page(row, self._adapters[row.vendor]) for row in rows}
        shown = [messages.RenderedDelivery(row, *self._made_by(row)) for row in rows]
        with await self._readers.speaking(owner.workspace, owner.actor if owner.private else ""):
            return CardContent(messages.batch_card(shown, pages), messages.brief_batch_card(shown))

    async def _page(self, row: Delivery, adapter: Adapter) -> str:
        """Return the vendor's page if people have to look there; empty if unknown."""
        if not messages.wants_look(row):
            return ""
        try:
            return await page_of(row, adapter, self._connections)
        except (SecretError, ValueError, sqlite3.Error) as error:
            log.warning("card.link_failed", delivery=row.key, error=type(error).__name__)
            return ""

    async def _follow(self, row: Delivery) -> None:
        """Update the open modal. A modal that was closed is not followed any more."""
        adapter, operation = self._made_by(row)
        with await self._readers.speaking(row.workspace, row.actor):
            view = messages.receipt(row, adapter, operation)
        # Noted before the call, because a submission on its way may arrive after the call.
        self.shows_receipt(row.view_id)
        try:
            async with asyncio.timeout(SHOWING_SECONDS):
                token = await self._tokens.token(row.workspace)
                await self._posts.client.views_update(token=token, view_id=row.view_id, view=view)
        except (NotInstalledError, SecretError):
            await self._card_outbox.forget_view(row)
            return
        except NOT_DONE as error:
            if said(error) == "not_found":
                await self._card_outbox.forget_view(row)
                return
            log.warning("modal.update_failed", delivery=row.key, error=said(error))
            if (seconds := asked_to_wait(error)) is not None:
                self._limiter.wait(place(row.workspace, MODALS), seconds)
            return
        await self._card_outbox.view_shown(row)

    def _made_by(self, row: Delivery) -> tuple[Adapter, Operation]:
        adapter = self._adapters[row.vendor]
        return adapter, adapter.operation(row.operation)


def _place(row: Delivery) -> str:
    """Return the place of the row's card, in the format of `bot.delivery.store.cards`.

    For a card not yet posted, that is the place where posting is tried first.
    """
    if row.card_ts:
        return place(row.workspace, row.card_channel)
    return place(row.workspace, row.channel if row.channel and not row.private else row.actor)
