"""What people decide about a delivery: cancel it, send it again, say that it is there, have what
remains tried again. Each works in the states it makes sense in, once, and changes nothing
otherwise: of two people who press at the same moment, one decided."""

import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import Literal

from bot.delivery.model import FOR_AN_ADMIN, Delivery, read_row
from bot.delivery.store.queue import GIVE_UP_SECONDS
from bot.storage.database import Database
from bot.workspace import Workspace

Decision = Literal["cancel", "by_hand", "try_again", "send_again", "is_there", "finish"]

_WAITING = f"(state = 'queued' OR state = 'failed' AND reason IN {FOR_AN_ADMIN} AND erased_at = 0)"
_IN_DOUBT = "state = 'unconfirmed'"
_GIVEN_UP = "state = 'failed' AND erased_at = 0"
_UNFINISHED = "state = 'delivered' AND steps != '{}' AND next_step_at = 0"
_AGAIN = (
    "state = 'queued', next_attempt_at = :now, expires_at = :now + :patience, reconcile_at = 0,"
    " lookup_count = 0, sentence = ''"
)

DECISIONS: Mapping[Decision, tuple[str, str]] = {
    "cancel": (_WAITING, "state = 'failed', reason = 'cancelled', sentence = ''"),
    "by_hand": (_WAITING, "state = 'failed', reason = 'by_hand', sentence = ''"),
    "try_again": (_GIVEN_UP, f"{_AGAIN}, reason = 'tried_again'"),
    "send_again": (_IN_DOUBT, f"{_AGAIN}, reason = 'sent_again', resend_count = resend_count + 1"),
    "is_there": (
        _IN_DOUBT,
        "state = 'delivered', reason = 'confirmed', sentence = '', reconcile_at = 0",
    ),
    "finish": (
        _UNFINISHED,
        "steps = (SELECT json_group_object(key, '') FROM json_each(steps)), next_step_at = :now, "
        "expires_at = :now + :patience",
    ),
}
"""In which rows it does something, and what. What waits for an admin would be sent by itself, so it
can be called off too."""


class Decisions:
    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def make(
        self, workspace: Workspace, key: str, decision: Decision, by: str
    ) -> Delivery | None:
        """Carry it out in the name of `by` (a Slack user id, or "operator"). The row as it is then;
        None where the row is in no state for it, or is not this workspace's."""
        condition, change = DECISIONS[decision]
        values = {"now": self._clock(), "patience": GIVE_UP_SECONDS, "by": by, "key": key}
        values |= {"enterprise": workspace.enterprise, "team": workspace.team}

        def work(db: sqlite3.Connection) -> sqlite3.Row | None:
            row: sqlite3.Row | None = db.execute(
                f"UPDATE deliveries SET {change}, version = version + 1, updated_at = :now, "
                "changed_by = :by"
                f" WHERE enterprise = :enterprise AND team = :team AND key = :key AND {condition} "
                "RETURNING *",
                values,
            ).fetchone()
            return row

        row = await self._database.write(work)
        return None if row is None else read_row(row)
