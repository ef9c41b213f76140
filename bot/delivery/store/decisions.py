"""The decisions of people about a delivery, such as to cancel it or to send it again.

`bot.delivery.states` names the states in which each decision works. In any other state it changes
nothing. If two people press at the same moment, the first one decides.
"""

import json
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from bot.adapters.base import Created
from bot.delivery.model import GIVE_UP_SECONDS, Delivery
from bot.delivery.states import DECISIONS, Decision, may
from bot.delivery.store.rows import created_json, read_row
from bot.delivery.store.transitions import Step, change
from bot.storage.database import Database
from bot.workspace import Workspace


class Decisions:
    """Carries out decisions."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def make(
        self,
        workspace: Workspace,
        key: str,
        decision: Decision,
        by: str,
        created: Created | None = None,
    ) -> Delivery | None:
        """Carry out the decision of `by` (a Slack user id, or "operator"). `created` is the object
        that the person found, or made by hand, as the vendor returned it. Returns the changed row;
        None where its state does not allow the decision, or it is not this workspace's."""
        now = self._clock()
        effect = DECISIONS[decision]
        sql = "SELECT * FROM deliveries WHERE (enterprise, team, key) = (?, ?, ?)"

        def work(tx: sqlite3.Connection) -> Delivery | None:
            found = tx.execute(sql, (*workspace, key)).fetchone()
            if found is None or not may(row := read_row(found), decision):
                return None
            columns = _columns(row, decision, now)
            if created is not None:
                columns |= {
                    "vendor_object": created_json(created),
                    "private": row.private or created.private,
                }
            if effect.reason is not None:
                columns |= {"reason": effect.reason, "error_details": "{}"}
            return change(tx, row, Step(to=effect.to, at=now, by=by, columns=columns))

        return await self._database.write(work)


def _columns(row: Delivery, decision: Decision, now: float) -> dict[str, Any]:
    """Return what the decision changes besides the state, the reason and its details."""
    whole_time = {"expires_at": now + GIVE_UP_SECONDS}
    due = {**whole_time, "next_attempt_at": now, "reconcile_at": 0.0, "lookup_count": 0}
    match decision:
        case "cancel" | "by_hand":
            return {}
        case "try_again":
            return {**due, "vendor_object": "{}"}
        case "send_again":
            return {**due, "resend_count": row.resend_count + 1}
        case "is_there":
            return {"reconcile_at": 0.0}
        case "finish":
            steps = json.dumps({name: {} for name in row.follow_up_steps})
            return {**whole_time, "follow_up_steps": steps, "next_step_at": now}
