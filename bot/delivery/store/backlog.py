"""Counts of what waits in the queue, for the operator."""

from dataclasses import dataclass

from bot.delivery.states import UNDECIDED, WAITING_FOR_AN_ADMIN
from bot.storage.database import Database

OVERDUE_SECONDS = 300.0
"""A running bot takes what is due within seconds."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Counts of deliveries: those that wait to be sent, and those of them that are overdue; when
    the oldest was submitted (epoch seconds); those that may exist and are looked up, or decided by
    a person; those that wait for an admin."""

    waiting: int
    overdue: int
    oldest: float
    looked_up: int
    undecided: int
    for_an_admin: int


async def count(database: Database, now: float) -> Backlog:
    """Count what waits at `now` (epoch seconds)."""
    sql = (
        "SELECT count(*) FILTER (WHERE state IN ('queued', 'sending')),"
        " count(*) FILTER (WHERE (state = 'queued'"
        "  AND max(next_attempt_at, expected_at) < :now - :overdue)"
        "  OR (state = 'sending' AND lease_until < :now - :overdue)),"
        " min(created_at) FILTER (WHERE state IN ('queued', 'sending')),"
        f" count(*) FILTER (WHERE state = 'unconfirmed' AND NOT ({UNDECIDED})),"
        f" count(*) FILTER (WHERE {UNDECIDED}),"
        f" count(*) FILTER (WHERE {WAITING_FOR_AN_ADMIN})"
        " FROM deliveries WHERE state IN ('queued', 'sending', 'unconfirmed', 'failed')"
    )
    values = {"now": now, "overdue": OVERDUE_SECONDS}
    row = await database.read(lambda tx: tx.execute(sql, values).fetchone())
    waiting, overdue, oldest, looked_up, undecided, for_an_admin = row
    return Backlog(waiting, overdue, oldest or 0.0, looked_up, undecided, for_an_admin)
