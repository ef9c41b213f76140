"""Follow-up steps: what remains to be done for deliveries whose object exists, one step at a time.

Every change names the claim that it belongs to, by its time, so that a worker that wakes late
changes nothing.
"""

import json
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from bot.delivery.model import Delivery
from bot.delivery.problems import Details
from bot.delivery.store.due import claim_due, next_due
from bot.delivery.store.transitions import STEP_STILL_CLAIMED, Step, change
from bot.storage.database import Database
from bot.workspace import ConnectionKey


class FollowUpSteps:
    """The rows of which steps remain."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def claim(self, lease: float, but: Collection[ConnectionKey] = ()) -> Delivery | None:
        """Claim the row whose next step is due first, for `lease` seconds. Rows of the connections
        `but` are left out. Returns the row; None while none is due."""
        return await claim_due(self._database, "next_step_at", self._clock(), lease, but)

    async def next_time(self, but: Collection[ConnectionKey] = ()) -> float | None:
        """Return the time of the next step, at other connections than `but`; None while none
        remains."""
        return await next_due(self._database, "next_step_at", but)

    async def settled(
        self, row: Delivery, problems: Mapping[str, Details], lease: float
    ) -> Delivery | None:
        """Note that these steps were carried out or, where there are details, were not and why.

        While others wait, the claim goes on for `lease` seconds; people are shown the outcome of
        all of them together.
        """
        steps = {
            name: details
            for name, details in {**row.follow_up_steps, **problems}.items()
            if details or name not in problems
        }
        waiting = {} in steps.values()
        return await self._change(
            row,
            news=not waiting,
            follow_up_steps=json.dumps(steps),
            next_step_at=self._clock() + lease if waiting else 0.0,
        )

    async def postponed(self, row: Delivery, until: float) -> Delivery | None:
        """Note that no step was done, and try them again at `until` (epoch seconds)."""
        return await self._change(row, news=False, next_step_at=until)

    async def _change(self, row: Delivery, *, news: bool, **columns: Any) -> Delivery | None:
        """Return the row as it is then; None where the claim has passed to somebody else."""
        step = Step(to="delivered", at=self._clock(), news=news, columns=columns)
        return await self._database.write(
            lambda tx: change(tx, row, step, guard=STEP_STILL_CLAIMED)
        )
