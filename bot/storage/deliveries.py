"""Deliveries: one row a submitted modal, from `queued` to what became of it. See DELIVERY in `bot.courier`."""

import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from bot.adapters.base import Entry
from bot.storage import Workspace
from bot.storage.database import Database
from bot.storage.lists import remember_habit

State = Literal["queued", "sending", "delivered", "rejected", "unconfirmed", "failed"]
SETTLED: frozenset[State] = frozenset({"delivered", "rejected", "unconfirmed", "failed"})
CARD_LEASE_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a person submitted, before it is a row. `answer` chose the form's branch; `chosen` is what the pickers showed, by
    "catalog/id"."""

    workspace: Workspace
    key: str
    kind: str
    vendor: str
    operation: str
    answer: str
    account: str
    actor: str
    actor_name: str
    channel: str
    private: bool
    title: str
    payload: Mapping[str, Any]
    chosen: Mapping[str, Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Draft):
    """A row. Times are epoch seconds. `fields` and `sentence` hold the vendor's refusal, `created` what it made."""

    id: int
    revision: int
    state: State
    attempt: int
    reason: str
    sentence: str
    fields: Mapping[str, str]
    created: Mapping[str, str]
    made_at: float
    due_at: float
    version: int
    shown_version: int
    card_channel: str
    card_ts: str

    @property
    def settled(self) -> bool:
        return self.state in SETTLED


DRAFTED = tuple(it.name for it in fields(Draft) if it.name not in ("workspace", "key"))
"""The columns that a draft fills and a corrected one replaces; workspace and key never change."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to: the new state and what to remember of it."""

    state: State
    reason: str = ""
    sentence: str = ""
    fields: Mapping[str, str] | None = None
    created: Mapping[str, str] | None = None
    due_at: float = 0.0


class Deliveries:
    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def enqueue(self, draft: Draft, *, lease: float | None, card_after: float) -> tuple[Delivery, bool]:
        """Commit the draft, claimed for `lease` seconds unless that is None. Returns the row and whether it is new work.

        A key that is already there gives that row as it is, unless it was rejected: then it takes the new values.
        """
        now = self._clock()
        state: State = "queued" if lease is None else "sending"
        claim = {"state": state, "lease_until": now + (lease or 0), "attempt": 0 if lease is None else 1}
        values = {name: getattr(draft, name) for name in DRAFTED} | {
            "payload": json.dumps(draft.payload),
            "chosen": json.dumps({it: entry.model_dump() for it, entry in draft.chosen.items()}),
            "made_at": now,
            "due_at": now,
            "card_after": card_after,
        }

        def work(db: sqlite3.Connection) -> tuple[sqlite3.Row, bool]:
            remember_habit(db, draft.workspace, draft.channel, draft.kind, f"{draft.vendor}.{draft.operation}")
            key = (*draft.workspace, draft.key)
            known = db.execute("SELECT * FROM deliveries WHERE (enterprise, team, key) = (?, ?, ?)", key).fetchone()
            if known is None:
                names = {"enterprise": key[0], "team": key[1], "key": key[2], **values, **claim}
                sql = f"INSERT INTO deliveries ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) RETURNING *"  # noqa: S608  our own names
                return db.execute(sql, tuple(names.values())).fetchone(), True
            if known["state"] != "rejected":
                return known, False
            again = {**values, **claim, "attempt": known["attempt"] + claim["attempt"], "reason": "", "sentence": ""}
            again |= {"fields": "{}", "revision": known["revision"] + 1, "version": known["version"] + 1}
            sql = f"UPDATE deliveries SET {', '.join(f'{name} = ?' for name in again)} WHERE id = ? RETURNING *"  # noqa: S608  our own names
            return db.execute(sql, (*again.values(), known["id"])).fetchone(), True

        row, new = await self._database.write(work)
        return _delivery(row), new

    async def get(self, delivery_id: int) -> Delivery:
        """The row as it is now. KeyError if there is none."""
        row = await self._database.read(
            lambda db: db.execute("SELECT * FROM deliveries WHERE id = ?", (delivery_id,)).fetchone()
        )
        if row is None:
            raise KeyError(delivery_id)
        return _delivery(row)

    async def find(self, workspace: Workspace, key: str) -> Delivery | None:
        """The row of that modal, if it was ever submitted."""
        row = await self._database.read(
            lambda db: db.execute(
                "SELECT * FROM deliveries WHERE (enterprise, team, key) = (?, ?, ?)", (*workspace, key)
            ).fetchone()
        )
        return None if row is None else _delivery(row)

    async def by_card(self, workspace: Workspace, channel: str, ts: str) -> Delivery | None:
        """The row whose card is that message."""
        row = await self._database.read(
            lambda db: db.execute(
                "SELECT * FROM deliveries WHERE card_ts = ? AND card_ts != ''"  # the second part lets the index serve
                " AND (enterprise, team, card_channel) = (?, ?, ?)",
                (ts, *workspace, channel),
            ).fetchone()
        )
        return None if row is None else _delivery(row)

    async def claim_due(
        self, lease: float, limit: int, without: Sequence[tuple[Workspace, str]] = ()
    ) -> list[Delivery]:
        """Claim up to `limit` rows whose time has come, oldest first. Each is `sending`, with a new attempt.

        Rows of the connections in `without` (workspace, vendor) are left for later.
        """
        now = self._clock()
        rows = await self._database.write(
            lambda db: db.execute(
                "UPDATE deliveries SET state = 'sending', attempt = attempt + 1, lease_until = ? WHERE id IN"
                " (SELECT id FROM deliveries WHERE state = 'queued' AND due_at <= ?"
                " AND json_array(enterprise, team, vendor) NOT IN (SELECT value FROM json_each(?))"
                " ORDER BY due_at, id LIMIT ?) RETURNING *",
                (now + lease, now, _lanes(without), limit),
            ).fetchall()
        )
        return sorted(map(_delivery, rows), key=lambda it: (it.due_at, it.id))

    async def settle(self, claimed: Delivery, outcome: Outcome) -> Delivery | None:
        """Write what the claimed attempt came to. None when it is no longer that attempt's to say.

        An attempt whose lease ran out may still say it, as long as nobody else has done anything with the row.
        """

        def work(db: sqlite3.Connection) -> sqlite3.Row | None:
            row: sqlite3.Row | None = db.execute(
                "UPDATE deliveries SET state = ?, reason = ?, sentence = ?, fields = ?, created = ?, due_at = ?,"
                " version = version + NOT (reason = ? AND ? = 'queued')"
                " WHERE id = ? AND attempt = ? AND (state = 'sending' OR state = 'unconfirmed' AND reason = 'lease')"
                " RETURNING *",
                (
                    outcome.state,
                    outcome.reason,
                    outcome.sentence,
                    json.dumps(dict(outcome.fields or {})),
                    json.dumps(dict(outcome.created or {})),
                    outcome.due_at,
                    outcome.reason,
                    outcome.state,
                    claimed.id,
                    claimed.attempt,
                ),
            ).fetchone()
            return row

        row = await self._database.write(work)
        return None if row is None else _delivery(row)

    async def expire(self, sentence: str) -> list[Delivery]:
        """Rows whose lease ran out: whoever sent them died, so nobody knows. They become `unconfirmed`."""
        now = self._clock()
        rows = await self._database.write(
            lambda db: db.execute(
                "UPDATE deliveries SET state = 'unconfirmed', reason = 'lease', sentence = ?, version = version + 1"
                " WHERE state = 'sending' AND lease_until < ? RETURNING *",
                (sentence, now),
            ).fetchall()
        )
        return [_delivery(row) for row in rows]

    async def next_time(self, without: Sequence[tuple[Workspace, str]] = ()) -> float | None:
        """When the next row is due (but those of the connections in `without`) or its lease runs out; None while nothing
        waits."""
        row = await self._database.read(
            lambda db: db.execute(
                "SELECT min(at) FROM (SELECT min(due_at) AS at FROM deliveries WHERE state = 'queued'"
                " AND json_array(enterprise, team, vendor) NOT IN (SELECT value FROM json_each(?))"
                " UNION ALL SELECT min(lease_until) FROM deliveries WHERE state = 'sending')",
                (_lanes(without),),
            ).fetchone()
        )
        return None if row[0] is None else float(row[0])

    async def claim_cards(self, released: frozenset[int], held: frozenset[int], limit: int = 10) -> list[Delivery]:
        """Rows whose card is behind and may be shown now: the `released` at once, others after their `card_after`, the
        `held` not yet. Claimed for a while, so that two processes do not post the same card; the older the row, the
        longer, so that a card which Slack never takes is tried less and less."""
        now = self._clock()

        def work(db: sqlite3.Connection) -> list[sqlite3.Row]:
            rows: list[sqlite3.Row] = db.execute(
                "UPDATE deliveries SET card_after = ? + max(?, (? - made_at) / 10)"
                " WHERE id IN (SELECT id FROM deliveries WHERE version > shown_version"
                " AND state != 'sending' AND id NOT IN (SELECT value FROM json_each(?))"
                " AND (card_after <= ? OR id IN (SELECT value FROM json_each(?))) ORDER BY id LIMIT ?) RETURNING *",
                (now, CARD_LEASE_SECONDS, now, _json(held), now, _json(released), limit),
            ).fetchall()
            return rows

        return [_delivery(row) for row in await self._database.write(work)]

    async def shown(self, delivery: Delivery, channel: str = "", ts: str = "") -> None:
        """Note that people were shown this version: on the card at (channel, ts), or in the modal when both are empty."""
        await self._database.write(
            lambda db: db.execute(
                "UPDATE deliveries SET shown_version = max(shown_version, ?), card_after = 0,"
                " card_channel = coalesce(nullif(?, ''), card_channel), card_ts = coalesce(nullif(?, ''), card_ts)"
                " WHERE id = ?",
                (delivery.version, channel, ts, delivery.id),
            )
        )

    async def next_card_time(self) -> float | None:
        """When the next card may be posted; None while every card says what its row says."""
        row = await self._database.read(
            lambda db: db.execute(
                "SELECT min(card_after) FROM deliveries WHERE version > shown_version AND state != 'sending'"
            ).fetchone()
        )
        return None if row[0] is None else float(row[0])

    async def waiting(self, workspace: Workspace) -> Mapping[str, tuple[int, str]]:
        """By vendor: how many of the workspace's deliveries wait to be sent, and what kept the last one from it."""
        rows = await self._database.read(
            lambda db: db.execute(
                "SELECT vendor, count(*), sentence, max(id) FROM deliveries WHERE (enterprise, team) = (?, ?)"
                " AND (state = 'queued' OR state = 'failed' AND reason = 'unauthorized') GROUP BY vendor",
                tuple(workspace),
            ).fetchall()
        )
        return {row[0]: (row[1], row[2]) for row in rows}


def _lanes(connections: Sequence[tuple[Workspace, str]]) -> str:
    """A JSON list of texts, each of them the JSON list [enterprise, team, vendor] as SQLite's `json_array` writes it."""
    lanes = [
        json.dumps([*workspace, vendor], separators=(",", ":"), ensure_ascii=False) for workspace, vendor in connections
    ]
    return json.dumps(lanes)


def _json(ids: frozenset[int]) -> str:
    return json.dumps(sorted(ids))


def _delivery(row: sqlite3.Row) -> Delivery:
    plain = {it.name: row[it.name] for it in fields(Delivery) if it.name != "workspace"}
    for name in ("payload", "chosen", "fields", "created"):
        plain[name] = json.loads(plain[name])
    plain["chosen"] = {name: Entry.model_validate(entry) for name, entry in plain["chosen"].items()}
    plain["private"] = bool(plain["private"])
    return Delivery(workspace=Workspace(row["enterprise"], row["team"]), **plain)
