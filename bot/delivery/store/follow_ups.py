"""What remains to be done for deliveries whose object exists: claimed by whoever carries it out,
one step at a time.

Every change names the claim that it belongs to, by its time, so that a worker that wakes late
changes nothing.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from bot.delivery.model import THE_ROW, Delivery, read_row
from bot.delivery.store.due import claim_due, next_due
from bot.storage.database import Database
from bot.workspace import ConnectionKey


class FollowUpSteps:
    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def claim(self, lease: float, but: Collection[ConnectionKey] = ()) -> Delivery | None:
        """The row that is to be gone on with next, claimed for `lease` seconds; None while none is
        due, but of these connections."""
        return await claim_due(self._database, "next_step_at", self._clock(), lease, but)

    async def next_time(self, but: Collection[ConnectionKey] = ()) -> float | None:
        """When the next step is due; None while none remains, but at these connections."""
        return await next_due(self._database, "next_step_at", but)

    async def settled(
        self, row: Delivery, problems: Mapping[str, str], lease: float
    ) -> Delivery | None:
        """Note that these steps were carried out, or, where there is a sentence, were not and why.
        While others wait, the claim goes on for `lease` seconds; people are shown what came of all
        of them."""
        steps = {
            name: said
            for name, said in {**row.steps, **problems}.items()
            if said or name not in problems
        }
        waiting = "" in steps.values()
        until = self._clock() + lease if waiting else 0.0
        return await self._change(row, steps=json.dumps(steps), next_step_at=until, quietly=waiting)

    async def postponed(self, row: Delivery, until: float) -> Delivery | None:
        """Nothing came of it; to be tried again then (epoch seconds)."""
        return await self._change(row, next_step_at=until, quietly=True)

    async def _change(
        self, row: Delivery, *, quietly: bool = False, **values: Any
    ) -> Delivery | None:
        """The row as it is then, None where the claim has passed to somebody else. `quietly`:
        nothing new to show."""
        values |= {"updated_at": self._clock(), "changed_by": ""}
        sql = (
            f"UPDATE deliveries SET {', '.join(f'{name} = :{name}' for name in values)}, version = "
            "version + :news"
            f" WHERE {THE_ROW} AND next_step_at = :claimed AND next_step_at > 0 RETURNING *"
        )
        guards = {"news": not quietly, "claimed": row.next_step_at, **row.identity}

        def work(db: sqlite3.Connection) -> sqlite3.Row | None:
            found: sqlite3.Row | None = db.execute(sql, {**values, **guards}).fetchone()
            return found

        changed = await self._database.write(work)
        return None if changed is None else read_row(changed)
