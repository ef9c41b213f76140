"""Rows that somebody goes on with at a time of their own: `reconcile_at` for a look at the vendor,
`next_step_at` for what remains."""

import json
from collections.abc import Collection
from typing import Literal

from bot.delivery.model import Delivery, read_row
from bot.storage.database import Database
from bot.workspace import ConnectionKey

Column = Literal["reconcile_at", "next_step_at"]
_ELSEWHERE = "json_array(enterprise, team, vendor) NOT IN (SELECT value FROM json_each(?))"


async def claim_due(
    database: Database, column: Column, now: float, lease: float, but: Collection[ConnectionKey]
) -> Delivery | None:
    """The row whose time came first, claimed for `lease` seconds; None while none of other
    connections than `but` is due."""
    if (at := await next_due(database, column, but)) is None or at > now:
        return None
    sql = (
        f"UPDATE deliveries SET {column} = ? WHERE id = (SELECT id FROM deliveries WHERE {column} "
        f"> 0 AND {column} <= ?"
        f" AND {_ELSEWHERE} ORDER BY {column} LIMIT 1) RETURNING *"
    )
    row = await database.write(
        lambda db: db.execute(sql, (now + lease, now, _connection_keys(but))).fetchone()
    )
    return None if row is None else read_row(row)


async def next_due(
    database: Database, column: Column, but: Collection[ConnectionKey]
) -> float | None:
    """When the next one's time comes; None while none waits."""
    sql = f"SELECT min({column}) FROM deliveries WHERE {column} > 0 AND {_ELSEWHERE}"
    row = await database.read(lambda db: db.execute(sql, (_connection_keys(but),)).fetchone())
    return None if row[0] is None else float(row[0])


def _connection_keys(connection_keys: Collection[ConnectionKey]) -> str:
    """A JSON list of texts, each of them the JSON list [enterprise, team, vendor] as SQLite's
    `json_array` writes it."""
    return json.dumps(
        [
            json.dumps([*workspace, vendor], separators=(",", ":"), ensure_ascii=False)
            for workspace, vendor in connection_keys
        ]
    )
