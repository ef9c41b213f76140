"""Deliveries in doubt: rows whose object may exist without our knowing, and what a look at the
vendor says about them.

Every change names the claim that it belongs to (`reconcile_at`) and the version that it was decided
on. So whatever happened meanwhile stands: a person decided, or a late answer came.
"""

import json
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from bot.adapters.base import Created
from bot.delivery.model import Delivery
from bot.delivery.problems import Details
from bot.delivery.states import State
from bot.delivery.store.due import claim_due, next_due
from bot.delivery.store.queue import steps_columns
from bot.delivery.store.rows import created_json
from bot.delivery.store.transitions import STILL_CLAIMED, Step, change
from bot.storage.database import Database
from bot.workspace import ConnectionKey


class ReconcileStore:
    """The rows that are to be looked up at their vendors."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def claim(self, lease: float, but: Collection[ConnectionKey] = ()) -> Delivery | None:
        """Claim the row that is to be looked up next, for `lease` seconds, of other connections
        than `but`. Returns it; None while none is due."""
        return await claim_due(self._database, "reconcile_at", self._clock(), lease, but)

    async def next_time(self, but: Collection[ConnectionKey] = ()) -> float | None:
        """Return when the next look is due, at other connections than `but`; None while nothing is
        in doubt."""
        return await next_due(self._database, "reconcile_at", but)

    async def found(
        self,
        row: Delivery,
        created: Created,
        duplicates: Sequence[Created] = (),
        reconcile_at: float = 0.0,
    ) -> Delivery | None:
        """Note that the object exists: it is delivered after all. `duplicates` were created
        besides; `reconcile_at` is when to look for more of them."""
        return await self._change(
            row,
            "delivered",
            reason="created_twice" if duplicates else "found",
            vendor_object=created_json(created),
            duplicates=created_json(duplicates),
            private=row.private or created.private,
            reconcile_at=reconcile_at,
            **steps_columns(created.remaining, self._clock()),
        )

    async def checked(self, row: Delivery, duplicates: Sequence[Created]) -> Delivery | None:
        """Note the last look at a delivery that was sent more than once. It changes nothing, unless
        there are `duplicates`."""
        if duplicates:
            made = created_json(duplicates)
            return await self._change(row, "delivered", reason="created_twice", duplicates=made)
        return await self._change(row, "delivered", news=False)

    async def refused(self, row: Delivery) -> Delivery | None:
        """Note that the vendor's "no" to a second send is one: the first did not arrive either."""
        return await self._change(row, "rejected", reason="refused")

    async def absent(self, row: Delivery, reconcile_at: float) -> Delivery | None:
        """Note that the vendor properly said that it has no such object. It is asked again then."""
        return await self._change(
            row,
            "unconfirmed",
            news=False,
            lookup_count=row.lookup_count + 1,
            reconcile_at=reconcile_at,
        )

    async def send_again(
        self, row: Delivery, reason: str, next_attempt_at: float
    ) -> Delivery | None:
        """Queue it again with the same marker: the vendor has no such object ("absent"), or it
        knows the key and creates nothing twice ("keyed")."""
        return await self._change(
            row,
            "queued",
            reason=reason,
            resend_count=row.resend_count + 1,
            lookup_count=0,
            next_attempt_at=next_attempt_at,
        )

    async def unanswered(
        self, row: Delivery, reconcile_at: float, details: Details | None = None
    ) -> Delivery | None:
        """Note that there was no proper answer. With `details` people are told, and may decide
        themselves meanwhile."""
        if not details or row.state == "delivered":
            return await self._change(row, row.state, news=False, reconcile_at=reconcile_at)
        return await self._change(
            row,
            "unconfirmed",
            news=row.reason != "unanswered",
            reason="unanswered",
            error_details=json.dumps(details),
            reconcile_at=reconcile_at,
        )

    async def undecided(self, row: Delivery, details: Details) -> Delivery | None:
        """Note that it cannot be found out from here: a person decides."""
        return await self._change(
            row, "unconfirmed", reason="undecided", error_details=json.dumps(details)
        )

    async def _change(
        self, row: Delivery, to: State, *, news: bool = True, **columns: Any
    ) -> Delivery | None:
        """Return the row as it is then; None where something else happened to it meanwhile. It is
        looked up no more, unless `reconcile_at` is given."""
        given = {"reconcile_at": 0.0, **columns}
        step = Step(to=to, at=self._clock(), news=news, columns=given)
        return await self._database.write(lambda tx: change(tx, row, step, guard=STILL_CLAIMED))
