"""`python -m bot deliveries`: what was submitted and what became of it, for operators. It works while the bot runs."""

import asyncio
import io
import json
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from bot.errors import RelayError, SettingError
from bot.forms.text import cut
from bot.settings import Settings
from bot.storage.archive import Archive, Event
from bot.storage.database import Database
from bot.storage.decisions import Decision, Decisions
from bot.storage.rows import STATES, Delivery

Wish = Literal["retry", "cancel"]
OPERATOR = "operator"
LONGEST_TITLE = 50

_SECONDS = {"m": 60, "h": 3600, "d": 86400}
_DECISIONS: Mapping[tuple[Wish, str], Decision] = {
    ("retry", "failed"): "try_again",
    ("retry", "unconfirmed"): "send_again",
    ("cancel", "queued"): "cancel",
}
_IMPOSSIBLE: Mapping[tuple[Wish, str], str] = {
    ("retry", "queued"): "waits to be sent already; `--cancel` stops it",
    ("retry", "sending"): "is being sent just now; look again in a minute",
    ("retry", "delivered"): "was created already, so it is not sent again",
    ("retry", "rejected"): "was refused by the vendor; whoever filled it in can correct it and send it again in Slack",
    ("retry", "failed"): "cannot be sent any more: what was written in it has been erased; fill it in again in Slack",
    ("cancel", "sending"): "is being sent just now; look again in a minute",
    ("cancel", "delivered"): "was created already; close or delete it at the vendor",
    ("cancel", "rejected"): "was refused by the vendor and will not be sent; there is nothing to cancel",
    ("cancel", "unconfirmed"): "may have been created already; look at the vendor, or let `--retry` send it again",
    ("cancel", "failed"): "was given up already and will not be sent; `--retry` sends it again",
}
"""Why it cannot be done in this state, after the key."""


class CannotDecide(RelayError):
    """The delivery is in no state for it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for on the command line; empty or None where it was not."""

    key: str = ""
    state: str = ""
    since: str = ""
    limit: int = 50
    as_json: bool = False
    wish: Wish | None = None


def main(settings: Settings, wanted: Wanted) -> int:
    """Print what is wanted. Raises `SettingError` for an argument or database that will not do, `CannotDecide` when the
    delivery is in no state for the wish."""
    _check(settings, wanted)
    text = asyncio.run(_answer(settings, wanted))
    _print(text)
    return 0


def _print(text: str) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a title may hold what the terminal cannot show
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough; the interpreter would complain when it flushes once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check(settings: Settings, wanted: Wanted) -> None:
    if wanted.state and wanted.state not in STATES:
        raise SettingError("--state", f"should be one of {', '.join(STATES)}.")
    if wanted.limit < 1:
        raise SettingError("--limit", "should be 1 or more.")
    if wanted.key and (wanted.state or wanted.since):
        raise SettingError("KEY", "names one delivery; leave --state and --since out.")
    if wanted.wish and not wanted.key:
        raise SettingError("KEY", f"is missing: say which delivery to {wanted.wish}.")
    if not settings.database.exists():
        raise SettingError(
            "RELAY_DATABASE",
            f"{settings.database} is not there; name the file that the bot uses, or start the bot first.",
        )


async def _answer(settings: Settings, wanted: Wanted) -> str:
    since = _since(wanted.since, time.time())
    database = await Database.open(settings.database)
    try:
        archive = Archive(database)
        if not wanted.key:
            rows = await archive.newest(state=wanted.state, since=since, limit=wanted.limit)
            return _json([_plain(row) for row in rows]) if wanted.as_json else _table(rows, wanted)
        rows = await _with_key(archive, wanted.key)
        if wanted.wish:
            rows = [await _decide(archive, Decisions(database), rows, wanted.wish)]
        told = [(row, await archive.trail(row)) for row in rows]
    finally:
        await database.close()
    if wanted.as_json:
        return _json([_whole(row, trail) for row, trail in told])
    return "\n\n".join(_page(row, trail) for row, trail in told)


async def _with_key(archive: Archive, key: str) -> list[Delivery]:
    rows = await archive.with_key(key)
    if not rows:
        raise CannotDecide(f"There is no delivery {_safe(key)}; `python -m bot deliveries` lists them.")
    return rows


async def _decide(archive: Archive, decisions: Decisions, rows: Sequence[Delivery], wish: Wish) -> Delivery:
    """The row as it is once the wish is carried out. Raises `CannotDecide`."""
    if len(rows) > 1:
        raise CannotDecide(f"{rows[0].key} names {len(rows)} deliveries of different workspaces; decide in Slack.")
    [row] = rows
    if decision := _DECISIONS.get((wish, row.state)):
        changed = await decisions.make(row.workspace, row.key, decision, OPERATOR)
        if changed is not None:
            return changed
        [row] = await archive.with_key(row.key)
    because = _IMPOSSIBLE.get((wish, row.state), "changed just now; look at it again")
    raise CannotDecide(f"{row.key} {because}.")


def _since(text: str, now: float) -> float:
    """Epoch seconds of "90m", "2h", "3d" ago, or of an ISO date or time (this machine's zone unless it names one)."""
    if not text:
        return 0.0
    if match := re.fullmatch(r"(\d{1,6})([mhd])", text):
        return now - int(match[1]) * _SECONDS[match[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise SettingError("--since", "should be like 90m, 2h, 3d, 2026-11-21 or 2026-11-21T14:00.") from None


def _table(rows: Sequence[Delivery], wanted: Wanted) -> str:
    if not rows:
        return "There are no such deliveries." if wanted.state or wanted.since else "There are no deliveries yet."
    lines = [("when", "state", "what", "title", "attempts", "key")]
    lines += [
        (
            _local(row.made_at),
            _state(row),
            f"{row.vendor} {row.operation}",
            cut(_title(row), LONGEST_TITLE),
            str(row.attempt),
            row.key,
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _page(row: Delivery, trail: Sequence[Event]) -> str:
    """One delivery, a line a fact, and its trail."""
    facts = {
        "key": row.key,
        "workspace": "/".join(filter(None, row.workspace)),
        "what": f"{row.vendor} {row.operation}",
        "title": _title(row),
        "state": _state(row),
        "says": _safe(" ".join([row.sentence, *row.fields.values()]).strip()),
        "created": _safe(" ".join(filter(None, (row.created.get(it, "") for it in ("reference", "id", "url"))))),
        "twins": _safe(", ".join(it.reference or it.id for it in row.twins)),
        "by": _safe(f"{row.actor_name} {row.actor}".strip()),
        "submitted": _local(row.made_at),
        "next": _local(row.next_at) if not row.settled else "",
        "attempts": str(row.attempt),
        "erased": _local(row.erased_at) if row.erased_at else "",
        "payload": _readable(row.payload) if row.payload else "",
    }
    lines = [f"{name:<10} {fact}" for name, fact in facts.items() if fact]
    lines += ["", *(f"{_local(it.at, '%Y-%m-%d %H:%M:%S')}  {_event(it)}" for it in trail)]
    return "\n".join(lines)


def _event(event: Event) -> str:
    reason = f" ({event.reason})" if event.reason else ""
    return f"{event.state}{reason}, attempt {event.attempt}, by {_safe(event.actor) or 'the bot'}"


def _plain(row: Delivery) -> dict[str, Any]:
    """What `--json` says of a delivery. Times are ISO 8601 in UTC, null for never."""
    return {
        "key": row.key,
        "enterprise": row.workspace.enterprise,
        "team": row.workspace.team,
        "vendor": row.vendor,
        "operation": row.operation,
        "account": row.account,
        "actor": row.actor,
        "channel": row.channel,
        "private": row.private,
        "title": row.title,
        "state": row.state,
        "reason": row.reason,
        "sentence": row.sentence,
        "attempts": row.attempt,
        "revision": row.revision,
        "created": row.created,
        "twins": [it.model_dump() for it in row.twins],
        "submitted_at": _utc(row.made_at),
        "next_at": None if row.settled else _utc(row.next_at),
        "changed_at": _utc(row.changed_at),
        "erased_at": _utc(row.erased_at),
    }


def _whole(row: Delivery, trail: Sequence[Event]) -> dict[str, Any]:
    """The same with what was filled in, the vendor's complaints by field, and the trail."""
    events = [
        {"at": _utc(it.at), "actor": it.actor, "state": it.state, "reason": it.reason, "attempt": it.attempt}
        for it in trail
    ]
    return _plain(row) | {"payload": row.payload, "fields": row.fields, "trail": events}


def _state(row: Delivery) -> str:
    return f"{row.state} ({row.reason})" if row.reason else row.state


def _title(row: Delivery) -> str:
    return "(erased)" if row.erased_at else _safe(row.created.get("title") or row.title)


def _safe(text: str) -> str:
    """The text without what a terminal would obey."""
    return "".join(it if it.isprintable() else " " for it in text)


def _local(at: float, pattern: str = "%Y-%m-%d %H:%M") -> str:
    return datetime.fromtimestamp(at).astimezone().strftime(pattern)


def _utc(at: float) -> str | None:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at else None


def _json(value: Any) -> str:
    """JSON in which every character beyond ASCII, and with it whatever a terminal would obey, is escaped."""
    return json.dumps(value, indent=2, default=dict)


def _readable(payload: Mapping[str, Any]) -> str:
    lines = json.dumps(payload, indent=2, ensure_ascii=False).splitlines()
    return "\n".join(map(_safe, lines))
