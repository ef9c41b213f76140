"""The delay after which a new object appears in a stand-in's lists."""

import time
from collections.abc import Callable
from typing import Any

from bot.playground.vendors.base import VendorStandIn

Row = dict[str, Any]


def settled(
    vendor: VendorStandIn, rows: list[Row], identity: str, created_at: Callable[[Row], float]
) -> list[Row]:
    """Return the rows without those created through the API less than `vendor.lag` seconds ago.

    `identity` is the member with a row's id; `created_at` returns epoch seconds.
    """
    if not vendor.lag:
        return rows
    latest = time.time() - vendor.lag
    made = {created.id for created in vendor.created}
    return [row for row in rows if row[identity] not in made or created_at(row) <= latest]
