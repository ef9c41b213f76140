"""Deliveries in doubt: what may have been created without our knowing, and what a look at the
vendor says about it.

Every change names the attempt that it is about, and the state in which it was found, so that
whatever happened meanwhile (a person decided, a late answer came) stands.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from bot.adapters.base import Created
from bot.delivery.model import THE_ROW, Delivery, State, read_row
from bot.delivery.store.due import claim_due, next_due
from bot.delivery.store.queue import to_finish
from bot.storage.database import Database
from bot.workspace import ConnectionKey


class Doubts:
    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def claim(self, lease: float, but: Collection[ConnectionKey] = ()) -> Delivery | None:
        """The row that is to be looked up next, claimed for `lease` seconds; None while none is
        due, but of these connections."""
        return await claim_due(self._database, "reconcile_at", self._clock(), lease, but)

    async def next_time(self, but: Collection[ConnectionKey] = ()) -> float | None:
        """When the next look is due; None while nothing is in doubt, but at these connections."""
        return await next_due(self._database, "reconcile_at", but)

    async def found(
        self,
        row: Delivery,
        created: Created,
        duplicates: Sequence[Created] = (),
        reconcile_at: float = 0.0,
    ) -> Delivery | None:
        """It is there: delivered after all. `duplicates` were created besides; `reconcile_at`: when
        to look for more of them."""
        reason = "created_twice" if duplicates else "found"
        more = {
            "created": created,
            "duplicates": duplicates,
            **to_finish(created.remaining, self._clock()),
        }
        return await self._change(
            row, state="delivered", reason=reason, reconcile_at=reconcile_at, **more
        )

    async def checked(self, row: Delivery, duplicates: Sequence[Created]) -> Delivery | None:
        """The last look at what was sent more than once: nothing new, unless there are
        `duplicates`."""
        if duplicates:
            return await self._change(
                row, state="delivered", reason="created_twice", duplicates=duplicates
            )
        return await self._change(row, state="delivered", quietly=True)

    async def refused(self, row: Delivery) -> Delivery | None:
        """The vendor's "no" to a second send is one: the first did not arrive either."""
        return await self._change(row, state="rejected", reason="refused")

    async def absent(self, row: Delivery, reconcile_at: float) -> Delivery | None:
        """Properly not there; to be looked up again."""
        return await self._change(
            row,
            state="unconfirmed",
            lookup_count=row.lookup_count + 1,
            reconcile_at=reconcile_at,
            quietly=True,
        )

    async def send_again(
        self, row: Delivery, reason: str, next_attempt_at: float
    ) -> Delivery | None:
        """To be sent again with the same marker: it is not there ("absent"), or the vendor knows
        the key ("keyed")."""
        return await self._change(
            row,
            state="queued",
            reason=reason,
            resend_count=row.resend_count + 1,
            lookup_count=0,
            next_attempt_at=next_attempt_at,
        )

    async def unanswered(
        self, row: Delivery, reconcile_at: float, sentence: str = ""
    ) -> Delivery | None:
        """No proper answer. With a sentence people are told, and may decide themselves meanwhile."""
        if not sentence or row.state == "delivered":
            return await self._change(row, state=row.state, reconcile_at=reconcile_at, quietly=True)
        quietly = row.reason == "unanswered"
        return await self._change(
            row,
            state="unconfirmed",
            reason="unanswered",
            sentence=sentence,
            reconcile_at=reconcile_at,
            quietly=quietly,
        )

    async def undecided(self, row: Delivery, sentence: str) -> Delivery | None:
        """It cannot be found out from here: a person decides."""
        return await self._change(row, state="unconfirmed", reason="undecided", sentence=sentence)

    async def _change(
        self,
        row: Delivery,
        *,
        state: State,
        reconcile_at: float = 0.0,
        quietly: bool = False,
        **values: Any,
    ) -> Delivery | None:
        """The row as it is then, None where something else happened to it meanwhile. `quietly`:
        nothing new to show."""
        for name in ("created", "duplicates"):
            if name in values:
                values[name] = _json(values[name])
        values |= {
            "state": state,
            "reconcile_at": reconcile_at,
            "updated_at": self._clock(),
            "changed_by": "",
        }
        values["version"] = row.version + (not quietly)
        sql = (
            "UPDATE deliveries SET "
            f"{', '.join(f'{name} = :{name}' for name in values)}"
            f" WHERE {THE_ROW} AND (attempt, state, reconcile_at, version) = (:attempt, :was, "
            ":looked, :seen) RETURNING *"
        )
        guards = {
            "attempt": row.attempt,
            "was": row.state,
            "looked": row.reconcile_at,
            "seen": row.version,
        }

        def work(db: sqlite3.Connection) -> sqlite3.Row | None:
            found: sqlite3.Row | None = db.execute(
                sql, {**values, **guards, **row.identity}
            ).fetchone()
            return found

        changed = await self._database.write(work)
        return None if changed is None else read_row(changed)


def _json(made: Created | Sequence[Created]) -> str:
    if isinstance(made, Created):
        return made.model_dump_json()
    return json.dumps([it.model_dump() for it in made])
