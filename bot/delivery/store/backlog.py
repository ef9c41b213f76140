"""Counts of what waits in the queue, for the operator."""

import json
from dataclasses import dataclass

from bot.delivery.model import FOR_AN_ADMIN, UNDECIDED
from bot.storage.database import Database

OVERDUE_SECONDS = 300.0
"""A running bot takes what is due within seconds."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many deliveries wait to be sent, how many of those are overdue, when the oldest was
    submitted (epoch seconds); how many may exist and are looked up or decided by a person, and how
    many wait for an admin."""

    waiting: int
    overdue: int
    oldest: float
    looked_up: int
    undecided: int
    for_an_admin: int


async def count(database: Database, now: float) -> Backlog:
    """What waits, at `now` (epoch seconds)."""
    sql = (
        "SELECT count(*) FILTER (WHERE state IN ('queued', 'sending')),"
        " count(*) FILTER (WHERE (state = 'queued' AND max(next_attempt_at, expected_at) < ?)"
        "  OR (state = 'sending' AND lease_until < ?)),"
        " min(created_at) FILTER (WHERE state IN ('queued', 'sending')),"
        f" count(*) FILTER (WHERE state = 'unconfirmed' AND NOT ({UNDECIDED})), count(*) FILTER "
        f"(WHERE {UNDECIDED}),"
        " count(*) FILTER (WHERE state = 'failed' AND expires_at > ? AND reason IN (SELECT value "
        "FROM json_each(?)))"
        " FROM deliveries WHERE state IN ('queued', 'sending', 'unconfirmed', 'failed')"
    )
    values = (now - OVERDUE_SECONDS, now - OVERDUE_SECONDS, now, json.dumps(FOR_AN_ADMIN))
    row = await database.read(lambda db: db.execute(sql, values).fetchone())
    waiting, overdue, oldest, looked_up, undecided, for_an_admin = row
    return Backlog(waiting, overdue, oldest or 0.0, looked_up, undecided, for_an_admin)
