"""The outbox of cards and open modals: which of them are behind their rows, and who brings them up
to date when.

A row carries its version, the version on its card, and the version in its modal. Whoever shows
something claims it for a while first, so that two processes do not post the same card.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from bot.delivery.model import Delivery
from bot.delivery.store.rows import THE_ROW, read_row
from bot.storage.database import Database
from bot.workspace import Workspace

LEASE_SECONDS = 20.0
MODAL_SECONDS = 3.0
"""A row is left to the modal's own answer for so long after its submission; after that its card is
posted, if the process that should have answered died."""
FOLLOWED_SECONDS = 30 * 60.0
"""An open modal is kept up to date for so long after its submission."""
JUMP_SECONDS = 60.0
"""A row that waits for more than its pause and this waits because the clock went back."""

EVERYWHERE = "*"
MODALS = "views.update"

_WORKSPACE = "enterprise || '/' || team || '/'"
_PLACE = (
    f"{_WORKSPACE} || CASE WHEN card_ts != '' THEN card_channel"
    " WHEN private OR channel = '' THEN actor ELSE channel END"
)
_PAUSE = "max(:lease, (:now - created_at) / 10)"
"""The pause grows with the age of the row: what Slack never takes is tried less and less."""
_BEHIND = (
    "version > card_version AND state != 'sending'"
    " AND id NOT IN (SELECT value FROM json_each(:held))"
)
_NOW = f"(card_not_before <= :now OR card_not_before > :now + {_PAUSE} + :jump)"
_FORM = "state = 'rejected' AND view_shown = 0"
"""The modal may still be a form: nobody knows of an answer. Nothing replaces what was entered."""
_FOLLOWED = (
    "view_id != '' AND created_at > :now - :followed AND version > view_shown AND state != "
    f"'sending' AND NOT ({_FORM})"
    " AND id NOT IN (SELECT value FROM json_each(:held))"
    f" AND {_WORKSPACE} || '{MODALS}' NOT IN (SELECT value FROM json_each(:but))"
    f" AND {_WORKSPACE} || '{EVERYWHERE}' NOT IN (SELECT value FROM json_each(:but))"
)
_VIEW_AFTER = "max(view_after, created_at + :modal)"


def place(workspace: Workspace, where: str) -> str:
    """Return the name of a place where Slack limits us: a workspace's channel or person by id, its
    `MODALS`, or `EVERYWHERE` in it."""
    return f"{workspace.enterprise}/{workspace.team}/{where}"


def everywhere(place: str) -> str:
    """Return the name of the whole workspace of that place."""
    enterprise, team, _ = place.split("/", 2)
    return f"{enterprise}/{team}/{EVERYWHERE}"


class CardOutbox:
    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def behind(self, held: Collection[int] = ()) -> Mapping[str, float]:
        """Return the places (a channel, or a person for direct messages, by `place`) where a
        card is to be posted or edited, and when the first of it may be; without the rows that a
        modal is about to show (`held`)."""
        rows = await self._read(
            f"SELECT {_PLACE}, min(CASE WHEN {_NOW} THEN 0 ELSE card_not_before END) FROM "
            f"deliveries WHERE {_BEHIND} GROUP BY 1",
            held=_json(held),
        )
        return {str(row[0]): float(row[1]) for row in rows}

    async def claim_cards(
        self, held: Collection[int] = (), but: Collection[str] = (), limit: int = 10
    ) -> list[Delivery]:
        """Claim the first row of each place whose card is behind and may be shown now, but of no
        place or workspace in `but`.

        Claimed for a while: if whoever claimed it dies, or Slack does not take it, it is tried
        again then.
        """
        rows = await self._write(
            f"UPDATE deliveries SET card_not_before = :now + {_PAUSE} WHERE id IN (SELECT first "
            "FROM"
            f" (SELECT min(id) AS first, {_PLACE} AS place, {_WORKSPACE} || '{EVERYWHERE}' AS "
            "everywhere"
            f" FROM deliveries WHERE {_BEHIND} AND {_NOW} GROUP BY place)"
            " WHERE place NOT IN (SELECT value FROM json_each(:but))"
            " AND everywhere NOT IN (SELECT value FROM json_each(:but)) ORDER BY first LIMIT "
            ":limit) RETURNING *",
            held=_json(held),
            but=_json(but),
            limit=limit,
        )
        return [read_row(row) for row in rows]

    async def shown(
        self,
        row: Delivery,
        channel: str = "",
        ts: str = "",
        in_channel: bool = False,
        copy: tuple[str, str] = ("", ""),
    ) -> None:
        """Note that people were shown this version, on the card at (channel, ts) unless both are
        empty; whether everyone in the channel sees it, and not only its thread; and where the
        person's copy is, unless that is empty."""
        await self._write(
            # Another row of its batch may have changed since this was drawn.
            "UPDATE deliveries SET card_version = CASE WHEN batch_news = :batch_news"
            " THEN max(card_version, :version) ELSE card_version END, card_not_before = 0,"
            " card_channel = coalesce(nullif(:channel, ''), card_channel), card_ts = "
            "coalesce(nullif(:ts, ''), card_ts),"
            " card_in_channel = max(card_in_channel, :in_channel), response_url = '',"
            " copy_channel = coalesce(nullif(:copy_channel, ''), copy_channel),"
            " copy_ts = coalesce(nullif(:copy_ts, ''), copy_ts)"
            f" WHERE {THE_ROW}",
            version=row.version,
            batch_news=row.batch_news,
            channel=channel,
            ts=ts,
            in_channel=in_channel,
            copy_channel=copy[0],
            copy_ts=copy[1],
            **row.identity,
        )

    async def placed(self, row: Delivery, channel: str, ts: str, in_channel: bool) -> None:
        """Note where the card is, before people were shown all of this version. The claim is
        renewed."""
        await self._write(
            f"UPDATE deliveries SET card_not_before = max(card_not_before, :now + {_PAUSE}),"
            " card_channel = :channel, card_ts = :ts,"
            f" card_in_channel = max(card_in_channel, :in_channel) WHERE {THE_ROW}",
            channel=channel,
            ts=ts,
            in_channel=in_channel,
            **row.identity,
        )

    async def postponed(self, row: Delivery, until: float) -> None:
        """Note that Slack does not want its card before then (epoch seconds)."""
        await self._write(
            f"UPDATE deliveries SET card_not_before = :until WHERE {THE_ROW}",
            until=until,
            **row.identity,
        )

    async def by_card(self, workspace: Workspace, channel: str, ts: str) -> Delivery | None:
        """Return the row whose card, or the person's copy of it, is that message."""
        rows = await self._read(
            "SELECT * FROM deliveries WHERE card_ts = :ts AND card_ts != "
            "''"  # the second part lets the index serve
            " AND (enterprise, team, card_channel) = (:enterprise, :team, :channel)"
            " UNION ALL SELECT * FROM deliveries WHERE copy_ts = :ts AND copy_ts != ''"
            " AND (enterprise, team, copy_channel) = (:enterprise, :team, :channel)",
            ts=ts,
            channel=channel,
            **workspace._asdict(),
        )
        return read_row(rows[0]) if rows else None

    async def adopt(self, row: Delivery, channel: str, ts: str) -> bool:
        """Note that message as the card of the row or of its batch; False where that has one
        already, which may be this very message.

        For a message of ours that was posted by a process which died before it could note so.
        Whoever may be posting another one just now ends within the lease.
        """
        changed = await self._write(
            "UPDATE deliveries SET card_channel = :channel, card_ts = :ts, card_not_before = "
            "min(card_not_before, :now + :lease)"
            " WHERE (enterprise, team, key) = (:enterprise, :team, :owner) AND card_ts = ''"
            f" AND EXISTS (SELECT 1 FROM deliveries WHERE {THE_ROW}) RETURNING id",
            channel=channel,
            ts=ts,
            owner=row.batch or row.key,
            **row.identity,
        )
        return bool(changed)

    async def batch(self, row: Delivery) -> list[Delivery]:
        """Return the rows that the card of this row shows, in the order of their items."""
        if not row.batch:
            return [row]
        rows = await self._read(
            "SELECT * FROM deliveries WHERE (enterprise, team, batch) ="
            " (:enterprise, :team, :batch) AND batch != '' ORDER BY id",
            batch=row.batch,
            **row.workspace._asdict(),
        )
        return [read_row(row) for row in rows]

    async def answered(
        self, receipts: Collection[Delivery], refusals: Collection[Delivery] = ()
    ) -> None:
        """Note the answers that modals gave: a receipt, or a refusal beside the fields of a form.
        What they did not say may go onto the card at once.

        A refusal in a form needs no card any more, unless one stands already. A modal that was told
        the end is not followed.
        """
        answers = [
            {
                **row.identity,
                "view": row.view_id,
                "version": row.version,
                "settled": row.settled,
                "shown": shown,
                "modal": MODAL_SECONDS,
            }
            for row, shown in (
                *((row, 0) for row in receipts),
                *((row, row.version) for row in refusals),
            )
        ]
        await self._database.write(
            lambda db: db.executemany(
                # A later `card_not_before` than the one it began with is somebody's claim.
                "UPDATE deliveries SET card_not_before = CASE WHEN card_not_before > created_at + "
                ":modal THEN card_not_before ELSE 0 END,"
                " card_version = CASE WHEN card_ts = '' THEN max(card_version, :shown) ELSE "
                "card_version END,"
                " view_shown = max(view_shown, :version),"
                " view_id = CASE WHEN :settled AND view_id = :view THEN '' ELSE view_id END "
                f"WHERE {THE_ROW}",
                answers,
            ),
        )

    async def next_view_time(
        self, held: Collection[int] = (), but: Collection[str] = ()
    ) -> float | None:
        """Return when the next open modal may be brought up to date, but of no workspace whose
        `MODALS` or `EVERYWHERE` is in `but`; None while none is behind."""
        sql = f"SELECT min({_VIEW_AFTER}) FROM deliveries WHERE {_FOLLOWED}"
        rows = await self._read(sql, held=_json(held), but=_json(but))
        return None if rows[0][0] is None else float(rows[0][0])

    async def claim_views(
        self, held: Collection[int] = (), but: Collection[str] = (), limit: int = 10
    ) -> list[Delivery]:
        """Claim rows whose open modal is behind, for a while; none that `next_view_time` would not
        count."""
        rows = await self._write(
            f"UPDATE deliveries SET view_after = :now + {_PAUSE} WHERE id IN (SELECT id FROM "
            "deliveries"
            f" WHERE {_FOLLOWED} AND {_VIEW_AFTER} <= :now ORDER BY created_at LIMIT :limit) "
            "RETURNING *",
            held=_json(held),
            but=_json(but),
            limit=limit,
        )
        return [read_row(row) for row in rows]

    async def view_shown(self, row: Delivery) -> None:
        """Note that the modal shows this version; it is not followed any more once that was the
        end."""
        await self._write(
            "UPDATE deliveries SET view_shown = :version, view_after = 0,"
            f" view_id = CASE WHEN :settled THEN '' ELSE view_id END WHERE {THE_ROW} AND view_id "
            "= :view",
            version=row.version,
            settled=row.settled,
            view=row.view_id,
            **row.identity,
        )

    async def follow(self, row: Delivery, view_id: str, *, shown: bool) -> None:
        """Note that this open modal is about the row, and whether it shows the row as it is here:
        it is kept up to date from now on, unless it shows the end. Then another open modal of the
        row is still brought up to date."""
        await self._write(
            "UPDATE deliveries SET view_after = 0,"
            " view_shown = CASE WHEN :ended AND view_id != :view THEN view_shown ELSE :version END,"
            " view_id = CASE WHEN NOT :ended THEN :view WHEN view_id = :view THEN '' ELSE view_id "
            "END"
            f" WHERE {THE_ROW}",
            version=row.version if shown else 0,
            ended=shown and row.settled,
            view=view_id,
            **row.identity,
        )

    async def forget_view(self, row: Delivery) -> None:
        """Note that the modal was closed."""
        sql = f"UPDATE deliveries SET view_id = '' WHERE {THE_ROW} AND view_id = :view"
        await self._write(sql, view=row.view_id, **row.identity)

    async def _read(self, sql: str, **values: Any) -> list[sqlite3.Row]:
        values |= self._times()
        return await self._database.read(lambda db: db.execute(sql, values).fetchall())

    async def _write(self, sql: str, **values: Any) -> list[sqlite3.Row]:
        values |= self._times()
        return await self._database.write(lambda db: db.execute(sql, values).fetchall())

    def _times(self) -> dict[str, float]:
        return {
            "now": self._clock(),
            "lease": LEASE_SECONDS,
            "modal": MODAL_SECONDS,
            "followed": FOLLOWED_SECONDS,
            "jump": JUMP_SECONDS,
        }


def _json(values: Collection[int] | Collection[str]) -> str:
    return json.dumps(list(values))
