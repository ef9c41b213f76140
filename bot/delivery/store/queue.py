"""The queue: one row a submitted modal, and the way that it goes by itself, from `queued` to the
outcome of its last attempt."""

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from bot.adapters.base import REPORTER
from bot.connections import store as connections
from bot.delivery.model import (
    GIVE_UP_SECONDS,
    LATE_FIELD,
    LATE_SECONDS,
    Delivery,
    Draft,
    Outcome,
)
from bot.delivery.problems import Details
from bot.delivery.states import UNDECIDED, WAITING_FOR_AN_ADMIN, State
from bot.delivery.store.rows import (
    THE_ROW,
    draft_columns,
    field_errors_json,
    read_row,
    selected_json,
)
from bot.delivery.store.transitions import (
    STILL_SENT_BY_US,
    Step,
    change,
    change_all,
    change_next,
    insert,
)
from bot.errors import NoLongerThereError, NotOwnerError, QuotaError
from bot.language import Sentence
from bot.storage.database import Database
from bot.storage.preferences import remember_preference
from bot.storage.workspace_settings import setting
from bot.workspace import WAITING_DELIVERIES, ConnectionKey, Workspace

JUMP_SECONDS = 5.0
"""A row that was changed later than this from now was changed before the clock went back."""
RARE_SECONDS = 60.0
"""A wait this long is shown on the card again, with the time of the try before it."""

_OF_CONNECTION = "enterprise = :enterprise AND team = :team AND vendor = :vendor"


class Agenda(NamedTuple):
    """The work to come: by connection, when its first queued row is due; and when the next lease
    runs out, None while nothing is being sent."""

    connection_keys: Mapping[ConnectionKey, float]
    expiry: float | None


class Waiting(NamedTuple):
    """The number of deliveries that wait to be sent to a vendor's account, and the obstacle that
    the last one met."""

    number: int = 0
    error_details: Details = MappingProxyType({})


class Deliveries:
    """The queue of all workspaces."""

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
        it takes the new values, and keeps its owner, the person who submitted it first.

        `connected`: there was a connection a moment ago. If it was removed since, perhaps with
        everything that is known of the workspace, nothing is written. Raises `NoLongerThereError`,
        `NotOwnerError` where another person's delivery is private or would become private, or
        `QuotaError` if too many of the workspace's deliveries wait already.
        """
        now = self._clock()

        def work(tx: sqlite3.Connection) -> tuple[Delivery, bool]:
            _check_connected(tx, draft, connected)
            return _enqueue(tx, draft, now, lease, card_not_before)

        return await self._database.write(work)

    async def enqueue_batch(
        self, drafts: Sequence[Draft], *, card_not_before: float
    ) -> list[tuple[Delivery, bool]]:
        """Commit all drafts of one modal, or none of them. Returns each row and whether it is new
        work, as `enqueue` does, which says what is raised. No row is claimed.

        The first row of the batch owns its card. A draft that is added later joins the batch.
        """
        now = self._clock()

        def work(tx: sqlite3.Connection) -> list[tuple[Delivery, bool]]:
            _check_connected(tx, drafts[0], True)
            known = (_find(tx, draft.workspace, draft.key) for draft in drafts)
            batch = next((row.batch for row in known if row is not None), drafts[0].key)
            return [_enqueue(tx, draft, now, None, card_not_before, batch) for draft in drafts]

        return await self._database.write(work)

    async def get(self, row: Delivery) -> Delivery:
        """Return the row as it is now. Raises `NoLongerThereError`."""
        sql = f"SELECT * FROM deliveries WHERE {THE_ROW}"
        found = await self._database.read(lambda tx: tx.execute(sql, row.identity).fetchone())
        if found is None:
            raise NoLongerThereError
        return read_row(found)

    async def find(self, workspace: Workspace, key: str) -> Delivery | None:
        """Return the row of that modal, if it was ever submitted."""
        return await self._database.read(lambda tx: _find(tx, workspace, key))

    async def agenda(self) -> Agenda:
        """Return the work to come."""
        queued = (
            "SELECT enterprise, team, vendor, min(next_attempt_at) FROM deliveries"
            " WHERE state = 'queued' GROUP BY 1, 2, 3"
        )
        leased = "SELECT min(lease_until) FROM deliveries WHERE state = 'sending'"

        def work(tx: sqlite3.Connection) -> tuple[list[sqlite3.Row], float | None]:
            return tx.execute(queued).fetchall(), tx.execute(leased).fetchone()[0]

        rows, expiry = await self._database.read(work)
        return Agenda({(Workspace(row[0], row[1]), row[2]): float(row[3]) for row in rows}, expiry)

    async def clock_went_back(self) -> None:
        """Correct the times of all rows that something is still to happen to: what would wait for
        hours that have passed already is due now, and leases end in time."""
        sql = (
            "UPDATE deliveries SET next_attempt_at = min(next_attempt_at, :now), expected_at = 0,"
            " card_not_before = 0, updated_at = :now,"
            " expires_at = expires_at - updated_at + :now,"
            " lease_until = lease_until - updated_at + :now,"
            # Whatever the clock was when it was sent, the vendor is asked about enough of the past.
            " first_sent_at = min(first_sent_at, :now - :past),"
            " last_attempt_at = min(last_attempt_at, :now),"
            " reconcile_at = CASE WHEN reconcile_at > 0 THEN :now ELSE 0 END,"
            " next_step_at = CASE WHEN next_step_at > 0 THEN :now ELSE 0 END"
            " WHERE id IN (SELECT id FROM deliveries WHERE state = 'queued'"
            " UNION SELECT id FROM deliveries WHERE state = 'sending'"
            " UNION SELECT id FROM deliveries WHERE reconcile_at > 0"
            " UNION SELECT id FROM deliveries WHERE next_step_at > 0) AND updated_at > :jumped"
        )
        now = self._clock()
        values = {"now": now, "jumped": now + JUMP_SECONDS, "past": GIVE_UP_SECONDS}
        await self._database.write(lambda tx: tx.execute(sql, values))

    async def claim(self, connection_key: ConnectionKey, lease: float) -> Delivery | None:
        """Claim the connection's next row whose time has come, for a new attempt. Returns it; None
        while there is none.

        Whether it is late, and how that is said, is decided as long as no earlier attempt may have
        created something.
        """
        now = self._clock()
        step = Step(
            to="sending",
            at=now,
            news=False,
            columns={"lease_until": now + lease, "last_attempt_at": now},
            computed=(
                "attempt = attempt + 1",
                "first_sent_at = CASE WHEN resend_count THEN first_sent_at ELSE :to_at END",
                "late_since = CASE WHEN resend_count THEN late_since"
                " WHEN :to_at - created_at > :late THEN created_at ELSE 0 END",
            ),
            given={"late": LATE_SECONDS},
        )
        which = f"{_OF_CONNECTION} AND next_attempt_at <= :to_at ORDER BY next_attempt_at, id"
        values = _connection(connection_key)

        def work(tx: sqlite3.Connection) -> Delivery | None:
            row = change_next(tx, "queued", step, which, values)
            return row if row is None or row.resend_count else _with_late_field(tx, row)

        return await self._database.write(work)

    async def hurry(self, connection_key: ConnectionKey) -> None:
        """Make due what waits because the vendor could not be reached: it can be reached again."""
        sql = (
            "UPDATE deliveries SET next_attempt_at = :now"
            f" WHERE state = 'queued' AND {_OF_CONNECTION}"
            " AND next_attempt_at > :now AND reason = 'unreachable'"
        )
        values = {"now": self._clock(), **_connection(connection_key)}
        await self._database.write(lambda tx: tx.execute(sql, values))

    async def ahead_of(self, row: Delivery) -> int:
        """Return how many of its connection are queued before it."""
        sql = (
            f"SELECT count(*) FROM deliveries WHERE state = 'queued' AND {_OF_CONNECTION}"
            " AND (next_attempt_at, id) < (:at, :id)"
        )
        values = {"at": row.next_attempt_at, "id": row.id, **_connection(row.connection_key)}
        found = await self._database.read(lambda tx: tx.execute(sql, values).fetchone())
        return int(found[0])

    async def expect(self, row: Delivery, at: float) -> Delivery:
        """Note when a queued row's turn comes, for people to read. Returns the row as it is then.
        Raises `NoLongerThereError`."""
        step = Step(
            to="queued",
            at=self._clock(),
            news=False,
            columns={"reason": "turn", "expected_at": at},
        )
        changed = await self._database.write(lambda tx: change(tx, row, step))
        return changed or await self.get(row)

    async def settle(self, claimed: Delivery, outcome: Outcome) -> Delivery | None:
        """Write the outcome of the claimed attempt. Returns the row as it is then; None where the
        attempt has no say in it any more.

        An attempt whose lease ran out may still say it, as long as nobody else has done anything
        with the row.
        """
        now = self._clock()
        same_wait = outcome.state == "queued" and outcome.reason == claimed.reason
        columns = {
            "reason": outcome.reason,
            "error_details": json.dumps(outcome.error_details),
            "field_errors": field_errors_json(outcome.field_errors or {}),
            "vendor_object": json.dumps(dict(outcome.vendor_object or {})),
            "next_attempt_at": outcome.next_attempt_at,
            "reconcile_at": outcome.reconcile_at,
            "lookup_count": 0,
            "expected_at": 0.0,
            **steps_columns(outcome.follow_up_steps, now),
        }
        if outcome.selected is not None:
            columns["selected"] = selected_json(outcome.selected)
        if outcome.private is not None:
            columns["private"] = outcome.private
        # The card names the last try, which is news once tries are rare. A card moves, or is
        # emptied, when the row becomes private.
        rare = outcome.next_attempt_at - now >= RARE_SECONDS
        news = not same_wait or rare or outcome.private not in (None, claimed.private)
        step = Step(to=outcome.state, at=now, news=news, columns=columns)
        return await self._database.write(
            lambda tx: change(tx, claimed, step, guard=STILL_SENT_BY_US)
        )

    async def expire(
        self, details: Details, look_after: float, but: Collection[int] = ()
    ) -> list[Delivery]:
        """Take the rows whose lease ran out: the process that sent them died, so nobody knows what
        became of them. They are `unconfirmed`, to be looked up `look_after` seconds from now. `but`
        are the ids of rows that this process is still sending."""
        now = self._clock()
        columns = {"reason": "lease", "error_details": json.dumps(details), "lookup_count": 0}
        step = Step(to="unconfirmed", at=now, columns={**columns, "reconcile_at": now + look_after})
        over = "lease_until < :to_at AND id NOT IN (SELECT value FROM json_each(:but))"
        values = {"but": json.dumps(sorted(but))}
        return await self._database.write(lambda tx: change_all(tx, "sending", step, over, values))

    async def waiting(self, workspace: Workspace) -> Mapping[tuple[str, str], Waiting]:
        """Return, by vendor and account, which of the workspace's deliveries are still to be sent:
        by themselves, or once an admin has seen to that account's connection. The vendor's words
        about a private one are left out."""
        ours = "enterprise = :enterprise AND team = :team"
        columns = "vendor, account, iif(private, '{}', error_details) AS error_details, id"
        sql = (
            "SELECT vendor, account, count(*), error_details, max(id) FROM"
            # Two parts: each has an index of its own.
            f" (SELECT {columns} FROM deliveries WHERE state = 'queued' AND {ours}"
            f" UNION ALL SELECT {columns} FROM deliveries"
            f" INDEXED BY deliveries_failed WHERE {WAITING_FOR_AN_ADMIN} AND {ours})"
            " GROUP BY vendor, account"
        )
        values = {**workspace._asdict(), "now": self._clock()}
        rows = await self._database.read(lambda tx: tx.execute(sql, values).fetchall())
        return {(row[0], row[1]): Waiting(row[2], json.loads(row[3])) for row in rows}

    async def in_doubt(self, workspace: Workspace) -> Mapping[str, int]:
        """Return, by vendor, how many of the workspace's deliveries a person has to decide."""
        sql = (
            "SELECT vendor, count(*) FROM deliveries"
            f" WHERE (enterprise, team) = (?, ?) AND {UNDECIDED} GROUP BY vendor"
        )
        rows = await self._database.read(lambda tx: tx.execute(sql, tuple(workspace)).fetchall())
        return {row[0]: row[1] for row in rows}


def _check_connected(tx: sqlite3.Connection, draft: Draft, connected: bool) -> None:
    if connected and not connections.exists(tx, draft.workspace, draft.vendor):
        raise NoLongerThereError


def _enqueue(
    tx: sqlite3.Connection,
    draft: Draft,
    now: float,
    lease: float | None,
    card_not_before: float,
    batch: str = "",
) -> tuple[Delivery, bool]:
    """Write the draft; `Deliveries.enqueue` says how."""
    name = f"{draft.vendor}.{draft.operation}"
    remember_preference(tx, draft.workspace, draft.actor, draft.kind, name)
    known = _find(tx, draft.workspace, draft.key)
    owned = draft if known is None else _for_owner(known, draft)
    if known is not None and known.state != "rejected":
        return known, False
    _check_quota(tx, draft.workspace)
    claims = lease is not None and not _others_wait(tx, draft)
    columns = _drafted(owned, now, card_not_before) | _claim(now, lease if claims else None)
    to: State = "sending" if claims else "queued"
    if known is None:
        identity = {**draft.workspace._asdict(), "key": draft.key, "state": to, "batch": batch}
        first = {"updated_at": now, "changed_by": draft.actor, "attempt": int(claims)}
        shown = {"card_version": int(batch not in ("", draft.key))}
        return insert(tx, {**identity, **columns, **first, **shown}), True
    again = {"revision": known.revision + 1, "attempt": known.attempt + claims, **_CLEAN}
    step = Step(to=to, at=now, by=draft.actor, columns={**columns, **again})
    row = change(tx, known, step)
    assert row is not None  # noqa: S101  it was read in this transaction
    return row, True


def steps_columns(steps: Iterable[str], now: float) -> dict[str, Any]:
    """Return the columns of a row whose object was created just now, and of which these steps
    remain: they have a time of their own."""
    waiting: dict[str, Details] = {name: {} for name in steps}
    if not waiting:
        return {}
    return {
        "follow_up_steps": json.dumps(waiting),
        "next_step_at": now,
        "expires_at": now + GIVE_UP_SECONDS,
    }


def _with_late_field(tx: sqlite3.Connection, row: Delivery) -> Delivery:
    """Note the field for the time of submission, as the workspace has set it now, on a late row."""
    name = f"{LATE_FIELD}{row.operation_name}"
    late_field = setting(tx, row.workspace, name) if row.late_since else ""
    if late_field == row.late_field:
        return row
    sql = f"UPDATE deliveries SET late_field = :late_field WHERE {THE_ROW}"
    tx.execute(sql, {"late_field": late_field, **row.identity})
    return replace(row, late_field=late_field)


_CLEAN: Mapping[str, Any] = {
    "reason": "",
    "error_details": "{}",
    "field_errors": "{}",
    "reconcile_at": 0.0,
    "lookup_count": 0,
    "resend_count": 0,
    "expected_at": 0.0,
    "erased_at": 0.0,
    "view_shown": 0,
    "late_since": 0.0,
    "late_field": "",
}
"""A corrected submission begins without the outcome of the one before."""


def _for_owner(known: Delivery, draft: Draft) -> Draft:
    """Return the correction of a row as its owner's, whoever made it. Raises `NotOwnerError`."""
    if known.actor == draft.actor:
        return draft
    if known.private or draft.private:
        raise NotOwnerError
    selected = {name: entry for name, entry in draft.selected.items() if name != REPORTER}
    if REPORTER in known.selected:
        selected[REPORTER] = known.selected[REPORTER]
    return replace(draft, actor=known.actor, actor_name=known.actor_name, selected=selected)


def _drafted(draft: Draft, now: float, card_not_before: float) -> dict[str, Any]:
    return {
        **draft_columns(draft),
        "created_at": now,
        "next_attempt_at": now,
        "expires_at": now + GIVE_UP_SECONDS,
        "card_not_before": card_not_before,
    }


def _claim(now: float, lease: float | None) -> dict[str, Any]:
    """Return the columns of a row that is being sent from now on; None: it is not."""
    at = 0.0 if lease is None else now
    return {"lease_until": now + (lease or 0), "first_sent_at": at, "last_attempt_at": at}


def _find(tx: sqlite3.Connection, workspace: Workspace, key: str) -> Delivery | None:
    sql = "SELECT * FROM deliveries WHERE (enterprise, team, key) = (?, ?, ?)"
    row = tx.execute(sql, (*workspace, key)).fetchone()
    return None if row is None else read_row(row)


def _check_quota(tx: sqlite3.Connection, workspace: Workspace) -> None:
    """Raise `QuotaError` if as many of the workspace's deliveries wait as may.

    The index of the queue is read, and at most `WAITING_DELIVERIES` of its entries.
    """
    sql = (
        "SELECT 1 FROM deliveries INDEXED BY deliveries_queue WHERE state = 'queued'"
        " AND (enterprise, team) = (?, ?) LIMIT 1 OFFSET ?"
    )
    if tx.execute(sql, (*workspace, WAITING_DELIVERIES - 1)).fetchone() is not None:
        raise QuotaError(
            Sentence(
                "This wasn't saved. {count} submissions of this workspace are waiting to be sent. "
                "Keep this form open and try again later. App Home and `{vendors}` show what they "
                "wait for.",
                {"count": format(WAITING_DELIVERIES, ",")},
            )
        )


def _others_wait(tx: sqlite3.Connection, draft: Draft) -> bool:
    """Return whether others of the connection wait for their first attempt."""
    sql = (
        f"SELECT 1 FROM deliveries WHERE state = 'queued' AND {_OF_CONNECTION} AND attempt = 0"
        " LIMIT 1"
    )
    values = _connection((draft.workspace, draft.vendor))
    return tx.execute(sql, values).fetchone() is not None


def _connection(connection_key: ConnectionKey) -> Mapping[str, str]:
    workspace, vendor = connection_key
    return {**workspace._asdict(), "vendor": vendor}
