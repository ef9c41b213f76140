"""Rows with a time of their own: `reconcile_at` for a look at the vendor, `next_step_at` for a
follow-up step. A claim moves that time to the end of a lease, and changes nothing else."""

from collections.abc import Collection
from typing import Literal

from bot.delivery.model import Delivery
from bot.delivery.store.rows import read_row
from bot.storage.database import Database
from bot.workspace import ELSEWHERE, ConnectionKey, keys_json

Column = Literal["reconcile_at", "next_step_at"]


async def claim_due(
    database: Database, column: Column, now: float, lease: float, but: Collection[ConnectionKey]
) -> Delivery | None:
    """Claim the row whose time came first, for `lease` seconds, of other connections than `but`.
    Returns it; None while none is due."""
    if (at := await next_due(database, column, but)) is None or at > now:
        return None
    sql = (
        f"UPDATE deliveries SET {column} = ? WHERE id = (SELECT id FROM deliveries WHERE {column} "
        f"> 0 AND {column} <= ? AND {ELSEWHERE} ORDER BY {column} LIMIT 1) RETURNING *"
    )
    row = await database.write(
        lambda db: db.execute(sql, (now + lease, now, keys_json(but))).fetchone()
    )
    return None if row is None else read_row(row)


async def next_due(
    database: Database, column: Column, but: Collection[ConnectionKey]
) -> float | None:
    """Return when the next row's time comes, of other connections than `but`; None while none
    waits."""
    sql = f"SELECT min({column}) FROM deliveries WHERE {column} > 0 AND {ELSEWHERE}"
    row = await database.read(lambda db: db.execute(sql, (keys_json(but),)).fetchone())
    return None if row[0] is None else float(row[0])
