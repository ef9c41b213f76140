"""`python -m bot deliveries`: submitted deliveries and their outcome, for operators.

The command works while the bot runs. Private deliveries are shown without words and links.
"""

import asyncio
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from bot.adapters.registry import ADAPTERS
from bot.cli.output import safe, show, table
from bot.delivery.model import Delivery
from bot.delivery.problems import Details
from bot.delivery.states import STATES, Decision
from bot.delivery.states import may as may_decide
from bot.delivery.store.decisions import Decisions
from bot.delivery.store.history import Event, History
from bot.errors import RelayError, SettingError
from bot.forms.text import cut
from bot.messages.words import sentence
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.stores import open_stores

Wish = Literal["retry", "cancel"]
OPERATOR = "operator"
LONGEST_TITLE = 50

_SECONDS = {"m": 60, "h": 3600, "d": 86400}
_WISHES: Mapping[Wish, Sequence[Decision]] = {
    "retry": ("try_again", "send_again"),
    "cancel": ("cancel",),
}
"""The decisions that carry a wish out, each in the states where it is possible."""
_IMPOSSIBLE: Mapping[tuple[Wish, str], str] = {
    ("retry", "queued"): "is already waiting to be sent. `--cancel` stops it",
    ("retry", "sending"): "is being sent. Look again in a minute",
    ("retry", "delivered"): "was already created, so it isn't sent again",
    (
        "retry",
        "rejected",
    ): "was rejected by the vendor. Its author can correct and resend it in Slack",
    (
        "retry",
        "failed",
    ): "can't be sent, because its text was erased. Fill it in again in Slack",
    (
        "retry",
        "cancelled",
    ): "can't be sent, because its text was erased. Fill it in again in Slack",
    ("cancel", "sending"): "is being sent. Look again in a minute",
    ("cancel", "delivered"): "was already created. Close or delete it at the vendor",
    (
        "cancel",
        "rejected",
    ): "was rejected by the vendor, so it won't be sent",
    (
        "cancel",
        "unconfirmed",
    ): "may already be there. Look at the vendor, or resend it with `--retry`",
    ("cancel", "failed"): "was given up already and will not be sent; `--retry` sends it again",
    ("cancel", "cancelled"): "was given up already and will not be sent; `--retry` sends it again",
}
"""The reason why a wish is impossible in a state. It follows the delivery's key in a sentence."""


class CannotDecideError(RelayError):
    """The delivery is in a state that does not allow the wish."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The arguments of the command line; empty or None if not given."""

    key: str = ""
    state: str = ""
    since: str = ""
    limit: int = 50
    as_json: bool = False
    wish: Wish | None = None


def main(settings: Settings, wanted: Wanted) -> int:
    """Print the deliveries that were asked for, or carry out the wish and print its delivery.

    Raises `SettingError` for a wrong argument or database, and `CannotDecideError` if the
    delivery's state does not allow the wish.
    """
    _check(settings, wanted)
    show(asyncio.run(_answer(settings, wanted)))
    return 0


def _check(settings: Settings, wanted: Wanted) -> None:
    wrong = {
        ("--state", f"should be one of {', '.join(STATES)}."): (
            wanted.state and wanted.state not in STATES
        ),
        ("--limit", "should be 1 or more."): wanted.limit < 1,
        ("KEY", "names one delivery. Leave out --state and --since."): (
            wanted.key and (wanted.state or wanted.since)
        ),
        ("KEY", f"is missing: say which delivery to {wanted.wish}."): (
            wanted.wish and not wanted.key
        ),
        (
            "RELAY_DATABASE",
            f"{settings.database} isn't there. Name the file that the bot uses, or start the bot "
            "first.",
        ): not settings.database.exists(),
    }
    for (name, text), is_so in wrong.items():
        if is_so:
            raise SettingError(name, text)


async def _answer(settings: Settings, wanted: Wanted) -> str:
    since = _since(wanted.since, time.time())
    async with await Database.open(settings.database) as database:
        stores = open_stores(database, SecretBox.without_keys()).delivery
        history = stores.history
        if not wanted.key:
            rows = await history.newest(state=wanted.state, since=since, limit=wanted.limit)
            rows = [_shown(row) for row in rows]
            summaries = [_summary(row) for row in rows]
            return _as_json(summaries) if wanted.as_json else _table(rows, wanted)
        rows = await history.with_key(wanted.key)
        if not rows:
            raise CannotDecideError(
                f"There is no delivery {safe(wanted.key)}; `python -m bot deliveries` lists them."
            )
        if wanted.wish:
            rows = [await _decide(history, stores.decisions, rows, wanted.wish)]
        told = [(_shown(row), await history.trail(row)) for row in rows]
    if wanted.as_json:
        return _as_json([_whole(row, trail) for row, trail in told])
    return "\n\n".join(_page(row, trail) for row, trail in told)


def _shown(row: Delivery) -> Delivery:
    return row.without_words() if row.private else row


async def _decide(
    history: History, decisions: Decisions, rows: Sequence[Delivery], wish: Wish
) -> Delivery:
    """Carry out the wish. Return the changed row. Raises `CannotDecideError`."""
    if len(rows) > 1:
        raise CannotDecideError(
            f"{rows[0].key} names {len(rows)} deliveries of different workspaces. Decide in Slack."
        )
    [row] = rows
    decision = next((each for each in _WISHES[wish] if may_decide(row, each)), None)
    if decision is not None:
        changed = await decisions.make(row.workspace, row.key, decision, OPERATOR)
        if changed is not None:
            return changed
        [row] = await history.with_key(row.key)
    because = _IMPOSSIBLE.get((wish, row.state), "changed just now. Look at it again")
    raise CannotDecideError(f"{row.key} {because}.")


def _since(text: str, now: float) -> float:
    """Return epoch seconds for "90m", "2h" or "3d" ago, or for an ISO date or time.

    A time without a zone is in this machine's zone.
    """
    if not text:
        return 0.0
    if match := re.fullmatch(r"(\d{1,6})([mhd])", text):
        return now - int(match[1]) * _SECONDS[match[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise SettingError(
            "--since", "should be like 90m, 2h, 3d, 2026-11-21 or 2026-11-21T14:00."
        ) from None


def _table(rows: Sequence[Delivery], wanted: Wanted) -> str:
    if not rows:
        return (
            "There are no such deliveries."
            if wanted.state or wanted.since
            else "There are no deliveries yet."
        )
    lines = [("when", "state", "what", "title", "attempts", "key")]
    lines += [
        (
            _local(row.created_at),
            ", ".join(filter(None, (_state(row), _open(row)))),
            f"{row.vendor} {row.operation}",
            cut(_title(row), LONGEST_TITLE),
            str(row.attempt),
            row.key,
        )
        for row in rows
    ]
    return table(lines)


def _page(row: Delivery, trail: Sequence[Event]) -> str:
    """Return one delivery as text, one fact a line, with its trail."""
    created = (row.vendor_object.get(name, "") for name in ("reference", "id", "url"))
    facts = {
        "key": row.key,
        "workspace": "/".join(filter(None, row.workspace)),
        "what": f"{row.vendor} {row.operation}",
        "title": _title(row),
        "state": _state(row),
        "says": safe(
            " ".join([_why(row, row.error_details), *map(str, row.field_errors.values())]).strip()
        ),
        "in doubt": _doubt(row),
        "created": safe(" ".join(filter(None, created))),
        "remaining": f"\n{' ' * 11}".join(_remaining(row)),
        "by": safe(f"{row.actor_name} {row.actor}".strip()),
        "submitted": _local(row.created_at),
        "next": _local(_next(row)) if not row.settled else "",
        "attempts": str(row.attempt),
        "erased": _local(row.erased_at) if row.erased_at else "",
        "payload": _readable(row.payload) if row.payload else "",
    }
    lines = [f"{name:<10} {fact}" for name, fact in facts.items() if fact]
    events = [
        f"{_local(event.at, '%Y-%m-%d %H:%M:%S')}  {event.state}"
        f"{f' ({event.reason})' if event.reason else ''}, attempt {event.attempt}, "
        f"by {safe(event.actor) or 'the bot'}"
        for event in trail
    ]
    return "\n".join([*lines, "", *events])


def _summary(row: Delivery) -> dict[str, Any]:
    """Return a delivery's members for `--json`.

    Times are ISO 8601 in UTC, or null for never. `remaining` has the fields that are not set at the
    vendor yet, with the reason for each. `undecided` means that only a person can say whether the
    object was created.
    """
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
        "sentence": _why(row, row.error_details),
        "attempts": row.attempt,
        "revision": row.revision,
        "created": row.vendor_object,
        "twins": [duplicate.model_dump() for duplicate in row.duplicates],
        "remaining": {name: _why(row, details) for name, details in row.follow_up_steps.items()},
        "undecided": row.undecided,
        "looks": row.lookup_count,
        "resends": row.resend_count,
        "submitted_at": _utc(row.created_at),
        "next_at": None if row.settled else _utc(_next(row)),
        "changed_at": _utc(row.updated_at),
        "erased_at": _utc(row.erased_at),
    }


def _whole(row: Delivery, trail: Sequence[Event]) -> dict[str, Any]:
    """Return the same members, with the filled-in values, the errors by field, and the trail."""
    events = [
        {
            "at": _utc(event.at),
            "actor": event.actor,
            "state": event.state,
            "reason": event.reason,
            "attempt": event.attempt,
        }
        for event in trail
    ]
    fields = {name: str(words) for name, words in row.field_errors.items()}
    return _summary(row) | {"payload": row.payload, "fields": fields, "trail": events}


def _why(row: Delivery, details: Details) -> str:
    """Return the sentence for these details of the row.

    A vendor that this version does not know is called by its name.
    """
    adapter = ADAPTERS.get(row.vendor)
    return sentence(details, adapter.label if adapter else row.vendor)


def _state(row: Delivery) -> str:
    return f"{row.state} ({row.reason})" if row.reason else row.state


def _open(row: Delivery) -> str:
    """Return the remaining work in a few words; empty if there is none."""
    if row.state == "unconfirmed":
        return "somebody has to decide" if row.undecided else "being checked"
    if not row.follow_up_steps:
        return ""
    count = len(row.follow_up_steps)
    is_set = "still to be set" if row.next_step_at else "not set"
    return f"{count} field{'s' * (count > 1)} {is_set}"


def _doubt(row: Delivery) -> str:
    """Return why it is unknown whether the object was created, and what will settle it.

    Return an empty string if it is known.
    """
    if row.state != "unconfirmed":
        return ""
    done = f"looked for and not found: {row.lookup_count}, sent again: {row.resend_count}"
    if row.undecided:
        return (
            f"{done}. Look at the vendor, then press a button on its card in Slack, or "
            "let `--retry` send it again."
        )
    return f"{done}. The bot keeps looking for it."


def _remaining(row: Delivery) -> list[str]:
    """Return a line for each field that is not set at the vendor yet: its name and the reason."""
    names = {f"custom.{field.id}": field.name for field in row.custom}
    return [
        safe(
            f"{f'{names[field]} ({field})' if field in names else field}: "
            f"{_why(row, details) or 'still to be set'}"
        )
        for field, details in row.follow_up_steps.items()
    ]


def _next(row: Delivery) -> float:
    return row.next_step_at if row.state == "delivered" else row.next_at


def _title(row: Delivery) -> str:
    if row.erased_at:
        return "(erased)"
    return "(private)" if row.private else safe(row.vendor_object.get("title") or row.title)


def _local(at: float, pattern: str = "%Y-%m-%d %H:%M") -> str:
    return datetime.fromtimestamp(at).astimezone().strftime(pattern)


def _utc(at: float) -> str | None:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at else None


def _as_json(value: Any) -> str:
    """Return JSON with all characters beyond ASCII escaped, and so also control characters."""
    return json.dumps(value, indent=2, default=dict)


def _readable(payload: Mapping[str, Any]) -> str:
    return "\n".join(map(safe, json.dumps(payload, indent=2, ensure_ascii=False).splitlines()))
