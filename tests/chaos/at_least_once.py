"""The bot with its reconciliation switched off: `python -m tests.chaos.at_least_once serve`.

What is in doubt is neither looked up nor protected by a key: it is sent again, as by any queue that
delivers at least once. The chaos must show that this creates things twice, or it could not fail.
"""

import sys
from dataclasses import replace

from bot import app
from bot.__main__ import main
from bot.adapters.base import Adapter, Submission
from bot.delivery import attempt
from bot.delivery.model import Delivery
from bot.delivery.reconciler import Reconciler

submission_of = attempt.submission_of


class Blind(Reconciler):
    """Takes every look for one that properly found nothing."""

    async def _look(self, row: Delivery) -> Delivery | None:
        if row.state == "delivered":
            return await self._store.checked(row, [])
        return await self._store.send_again(row, "absent", self._clock())


def with_a_new_key(row: Delivery, adapter: Adapter) -> Submission:
    """What the row sends, as if it had never been sent before."""
    return replace(submission_of(row, adapter), revision=row.attempt, again=False)


if __name__ == "__main__":
    app.Reconciler = Blind  # type: ignore[attr-defined]
    attempt.submission_of = with_a_new_key
    sys.exit(main())
