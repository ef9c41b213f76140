"""Deliveries: one row a submitted modal, from `queued` to what became of it. See
`bot.delivery.dispatcher` for the states.

The way that a row goes by itself is here. The other modules of this package hold the rest:
`reconcile` for rows in doubt, `decisions` for what people decide, `cards` for what they are shown,
`history` for lists and the trail.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from bot.connections import store as connections
from bot.delivery.model import (
    DRAFTED,
    FOR_AN_ADMIN,
    THE_ROW,
    UNDECIDED,
    Delivery,
    Draft,
    Outcome,
    State,
    read_row,
)
from bot.errors import NoLongerThereError
from bot.storage.database import Database
from bot.storage.preferences import remember_preference
from bot.workspace import ConnectionKey, Workspace

GIVE_UP_SECONDS = 24 * 3600.0
"""So long a delivery is tried."""
JUMP_SECONDS = 5.0
"""A row that was changed later than this from now was changed before the clock went back."""


class Agenda(NamedTuple):
    """The connections that something is queued for with the time when the first of it is due, and
    when the next lease runs out, None while nothing is being sent."""

    connection_keys: Mapping[ConnectionKey, float]
    expiry: float | None


class Waiting(NamedTuple):
    """How many deliveries wait to be sent to a vendor's account, and what kept the last one from
    it."""

    number: int = 0
    sentence: str = ""


class Deliveries:
    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def enqueue(
        self, draft: Draft, *, lease: float | None, card_not_before: float, connected: bool = False
    ) -> tuple[Delivery, bool]:
        """Commit the draft, claimed for `lease` seconds unless that is None. Returns the row and
        whether it is new work.

        It is not claimed, but queued, behind others of its connection that wait for their first
        attempt. A key that is already there gives that row as it is, unless it was rejected: then
        it takes the new values.

        `connected`: there was a connection a moment ago. Where it went since, and with it perhaps
        everything that is known of the workspace, nothing is written: raises `NoLongerThereError`.
        """
        now = self._clock()
        values = {name: getattr(draft, name) for name in DRAFTED} | {
            "payload": json.dumps(draft.payload),
            "chosen": json.dumps(
                {it: entry.model_dump(exclude_defaults=True) for it, entry in draft.chosen.items()}
            ),
            "custom": json.dumps(
                [field.model_dump(exclude_defaults=True) for field in draft.custom]
            ),
            "created_at": now,
            "next_attempt_at": now,
            "expires_at": now + GIVE_UP_SECONDS,
            "updated_at": now,
            "changed_by": draft.actor,
            "card_not_before": card_not_before,
        }

        def work(db: sqlite3.Connection) -> tuple[sqlite3.Row, bool]:
            if connected and not connections.exists(db, draft.workspace, draft.vendor):
                raise NoLongerThereError
            remember_preference(
                db, draft.workspace, draft.channel, draft.kind, f"{draft.vendor}.{draft.operation}"
            )
            key = (*draft.workspace, draft.key)
            known = db.execute(
                "SELECT * FROM deliveries WHERE (enterprise, team, key) = (?, ?, ?)", key
            ).fetchone()
            if known is not None and known["state"] != "rejected":
                return known, False
            claim = _claim(db, draft, lease, now)
            if known is None:
                names = {"enterprise": key[0], "team": key[1], "key": key[2], **values, **claim}
                sql = f"INSERT INTO deliveries ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) RETURNING *"
                return db.execute(sql, tuple(names.values())).fetchone(), True
            again = {**values, **claim, **_CLEAN, "attempt": known["attempt"] + claim["attempt"]}
            again |= {"revision": known["revision"] + 1, "version": known["version"] + 1}
            sql = f"UPDATE deliveries SET {', '.join(f'{name} = ?' for name in again)}"
            where = "WHERE (enterprise, team, key) = (?, ?, ?) RETURNING *"
            return db.execute(f"{sql} {where}", (*again.values(), *key)).fetchone(), True

        row, new = await self._database.write(work)
        return read_row(row), new

    async def get(self, row: Delivery) -> Delivery:
        """The row as it is now. Raises `NoLongerThereError`."""
        sql = f"SELECT * FROM deliveries WHERE {THE_ROW}"
        found = await self._database.read(lambda db: db.execute(sql, row.identity).fetchone())
        if found is None:
            raise NoLongerThereError
        return read_row(found)

    async def find(self, workspace: Workspace, key: str) -> Delivery | None:
        """The row of that modal, if it was ever submitted."""
        row = await self._database.read(
            lambda db: db.execute(
                "SELECT * FROM deliveries WHERE (enterprise, team, key) = (?, ?, ?)",
                (*workspace, key),
            ).fetchone()
        )
        return None if row is None else read_row(row)

    async def agenda(self) -> Agenda:
        """What waits for its time."""

        def work(db: sqlite3.Connection) -> tuple[list[sqlite3.Row], float | None]:
            rows = db.execute(
                "SELECT enterprise, team, vendor, min(next_attempt_at) FROM deliveries WHERE state "
                "= 'queued' GROUP BY 1, 2, 3"
            ).fetchall()
            leases = db.execute(
                "SELECT min(lease_until) FROM deliveries WHERE state = 'sending'"
            ).fetchone()
            return rows, leases[0]

        rows, expiry = await self._database.read(work)
        return Agenda({(Workspace(row[0], row[1]), row[2]): float(row[3]) for row in rows}, expiry)

    async def clock_went_back(self) -> None:
        """What would wait for hours that have passed already is due now, and leases end in time."""
        now = self._clock()
        await self._database.write(
            lambda db: db.execute(
                "UPDATE deliveries SET next_attempt_at = min(next_attempt_at, ?), expected_at = 0, "
                "card_not_before = 0, updated_at = ?,"
                " expires_at = expires_at - updated_at + ?, lease_until = lease_until - updated_at "
                "+ ?,"
                # Whatever the clock was when it was sent, the vendor is asked about enough of the
                # past.
                " first_sent_at = min(first_sent_at, ? - 86400), last_attempt_at = "
                "min(last_attempt_at, ?),"
                " reconcile_at = CASE WHEN reconcile_at > 0 THEN ? ELSE 0 END, next_step_at = CASE "
                "WHEN next_step_at > 0 THEN ? ELSE 0 END"
                " WHERE id IN (SELECT id FROM deliveries WHERE state = 'queued' UNION SELECT id "
                "FROM deliveries"
                " WHERE state = 'sending' UNION SELECT id FROM deliveries WHERE reconcile_at > 0"
                " UNION SELECT id FROM deliveries WHERE next_step_at > 0) AND updated_at > ?",
                (now, now, now, now, now, now, now, now, now + JUMP_SECONDS),
            )
        )

    async def claim(self, connection_key: ConnectionKey, lease: float) -> Delivery | None:
        """The connection's next row whose time has come: `sending`, with a new attempt."""
        workspace, vendor = connection_key
        now = self._clock()
        row = await self._database.write(
            lambda db: db.execute(
                "UPDATE deliveries SET state = 'sending', attempt = attempt + 1, lease_until = ?, "
                "updated_at = ?,"
                " changed_by = '', last_attempt_at = ?, first_sent_at = CASE WHEN resend_count "
                "THEN first_sent_at ELSE ? END WHERE id ="
                " (SELECT id FROM deliveries WHERE state = 'queued' AND enterprise = ? AND team = "
                "? AND vendor = ?"
                " AND next_attempt_at <= ? ORDER BY next_attempt_at, id LIMIT 1) RETURNING *",
                (now + lease, now, now, now, *workspace, vendor, now),
            ).fetchone()
        )
        return None if row is None else read_row(row)

    async def hurry(self, connection_key: ConnectionKey) -> None:
        """The vendor can be reached again: what waited for that is due."""
        now = self._clock()
        await self._database.write(
            lambda db: db.execute(
                "UPDATE deliveries SET next_attempt_at = ? WHERE state = 'queued' AND enterprise = "
                "? AND team = ? AND vendor = ?"
                " AND next_attempt_at > ? AND reason = 'unreachable'",
                (now, *connection_key[0], connection_key[1], now),
            )
        )

    async def ahead_of(self, row: Delivery) -> int:
        """How many of its connection are queued before it."""
        found = await self._database.read(
            lambda db: db.execute(
                "SELECT count(*) FROM deliveries WHERE state = 'queued' AND enterprise = ? AND "
                "team = ? AND vendor = ?"
                " AND (next_attempt_at, id) < (?, ?)",
                (*row.workspace, row.vendor, row.next_attempt_at, row.id),
            ).fetchone()
        )
        return int(found[0])

    async def expect(self, row: Delivery, at: float) -> Delivery:
        """Note when its turn comes, for people to read. The row as it is then."""
        sql = (
            "UPDATE deliveries SET reason = 'turn', expected_at = :at, updated_at = :now, "
            "changed_by = ''"
            f" WHERE {THE_ROW} AND state = 'queued' AND attempt = :attempt"
        )
        values = {"at": at, "now": self._clock(), "attempt": row.attempt, **row.identity}
        await self._database.write(lambda db: db.execute(sql, values))
        return await self.get(row)

    async def settle(self, claimed: Delivery, outcome: Outcome) -> Delivery | None:
        """Write what the claimed attempt came to. None when it is no longer that attempt's to say.

        An attempt whose lease ran out may still say it, as long as nobody else has done anything
        with the row.
        """
        values = {
            "state": outcome.state,
            "reason": outcome.reason,
            "sentence": outcome.sentence,
            "fields": json.dumps(dict(outcome.fields or {})),
            "created": json.dumps(dict(outcome.created or {})),
            "next_attempt_at": outcome.next_attempt_at,
            "reconcile_at": outcome.reconcile_at,
            "lookup_count": 0,
            "expected_at": 0.0,
            "updated_at": self._clock(),
            "changed_by": "",
            **to_finish(outcome.steps, self._clock()),
        }

        def work(db: sqlite3.Connection) -> sqlite3.Row | None:
            # The same wait again is nothing new on the card.
            sql = (
                "UPDATE deliveries SET "
                f"{', '.join(f'{name} = :{name}' for name in values)},"
                " version = version + NOT (reason = :reason AND :state = 'queued')"
                f" WHERE {THE_ROW} AND attempt = :attempt"
                " AND (state = 'sending' OR state = 'unconfirmed' AND reason = 'lease') RETURNING *"
            )
            identity = {"attempt": claimed.attempt, **claimed.identity}
            row: sqlite3.Row | None = db.execute(sql, {**values, **identity}).fetchone()
            return row

        row = await self._database.write(work)
        return None if row is None else read_row(row)

    async def expire(
        self, sentence: str, look_after: float, but: Collection[int] = ()
    ) -> list[Delivery]:
        """Rows whose lease ran out: whoever sent them died, so nobody knows. They become
        `unconfirmed`, to be looked up `look_after` seconds from now. `but` are ids that are known
        to be in good hands."""
        now = self._clock()
        rows = await self._database.write(
            lambda db: db.execute(
                "UPDATE deliveries SET state = 'unconfirmed', reason = 'lease', sentence = ?, "
                "version = version + 1,"
                " reconcile_at = ?, lookup_count = 0, updated_at = ?, changed_by = ''"
                " WHERE state = 'sending' AND lease_until < ? AND id NOT IN (SELECT value FROM "
                "json_each(?)) RETURNING *",
                (sentence, now + look_after, now, now, _json(but)),
            ).fetchall()
        )
        return [read_row(row) for row in rows]

    async def waiting(self, workspace: Workspace) -> Mapping[tuple[str, str], Waiting]:
        """By vendor and account: what of the workspace's deliveries is to be sent still, by itself
        or once an admin has seen to that account's connection."""
        values = {
            **workspace._asdict(),
            "now": self._clock(),
            "for_an_admin": json.dumps(FOR_AN_ADMIN),
        }
        rows = await self._database.read(
            lambda db: db.execute(
                "SELECT vendor, account, count(*), sentence, max(id) FROM "
                "("  # two parts: each has an index of its own
                "SELECT vendor, account, sentence, id FROM deliveries WHERE state = 'queued' AND "
                "enterprise = :enterprise"
                " AND team = :team UNION ALL"
                " SELECT vendor, account, sentence, id FROM deliveries INDEXED BY deliveries_failed"
                " WHERE state = 'failed' AND enterprise = :enterprise AND team = :team AND "
                "expires_at > :now"
                " AND reason IN (SELECT value FROM json_each(:for_an_admin))) GROUP BY vendor, "
                "account",
                values,
            ).fetchall()
        )
        return {(row[0], row[1]): Waiting(row[2], row[3]) for row in rows}

    async def in_doubt(self, workspace: Workspace) -> Mapping[str, int]:
        """By vendor: about how many of the workspace's deliveries a person has to decide."""
        sql = (
            "SELECT vendor, count(*) FROM deliveries"
            f" WHERE (enterprise, team) = (?, ?) AND {UNDECIDED} GROUP BY vendor"
        )
        rows = await self._database.read(lambda db: db.execute(sql, tuple(workspace)).fetchall())
        return {row[0]: row[1] for row in rows}


def to_finish(steps: Iterable[str], now: float) -> dict[str, Any]:
    """The columns of what was created just now, and of which `steps` remain: they have a time of
    their own."""
    if not (waiting := dict.fromkeys(steps, "")):
        return {}
    return {"steps": json.dumps(waiting), "next_step_at": now, "expires_at": now + GIVE_UP_SECONDS}


_CLEAN: Mapping[str, Any] = {
    "reason": "",
    "sentence": "",
    "fields": "{}",
    "reconcile_at": 0.0,
    "lookup_count": 0,
    "resend_count": 0,
    "expected_at": 0.0,
    "erased_at": 0.0,
}
"""A corrected submission begins without what became of the one before."""


def _claim(db: sqlite3.Connection, draft: Draft, lease: float | None, now: float) -> dict[str, Any]:
    """`sending` with a lease; or `queued`, where nobody offered one or others wait for their turn."""
    state: State = "queued"
    if lease is not None:
        waiting = db.execute(
            "SELECT 1 FROM deliveries WHERE state = 'queued' AND enterprise = ? AND team = ? AND "
            "vendor = ?"
            " AND attempt = 0 LIMIT 1",
            (*draft.workspace, draft.vendor),
        ).fetchone()
        state = "queued" if waiting else "sending"
    sends = state == "sending"
    at = now if sends else 0.0
    return {
        "state": state,
        "lease_until": now + (lease or 0),
        "attempt": int(sends),
        "first_sent_at": at,
        "last_attempt_at": at,
    }


def _json(ids: Collection[int]) -> str:
    return json.dumps(sorted(ids))
