"""`python -m bot audit`: who changed credentials, permissions and installations, for operators."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.cli.output import safe, show, table
from bot.errors import SettingError
from bot.settings import Settings
from bot.storage.audit import Audit, AuditEvent
from bot.storage.database import Database


def main(settings: Settings, *, limit: int, as_json: bool) -> int:
    """Print the newest changes of all workspaces. Raises `SettingError`."""
    if limit < 1:
        raise SettingError("--limit", "should be 1 or more.")
    if not settings.database.exists():
        raise SettingError(
            "RELAY_DATABASE", f"{settings.database} isn't there. Name the file that the bot uses."
        )
    events = asyncio.run(_newest(settings, limit))
    if as_json:
        show(json.dumps([_facts(event) for event in events], indent=2))
    else:
        show(_lines(events) if events else "Nothing was changed yet.")
    return 0


async def _newest(settings: Settings, limit: int) -> list[AuditEvent]:
    database = await Database.open(settings.database)
    try:
        return await Audit(database).newest(limit)
    finally:
        await database.close()


def _lines(events: list[AuditEvent]) -> str:
    lines: list[Sequence[str]] = [("when", "workspace", "who", "did", "what", "details")]
    for event in events:
        facts = _facts(event)
        when = datetime.fromtimestamp(event.at).astimezone().strftime("%Y-%m-%d %H:%M")
        details = ", ".join(f"{name}: {text}" for name, text in event.details.items() if text)
        named = ("workspace", "who", "did", "what")
        lines.append((when, *(safe(str(facts[name])) for name in named), safe(details)))
    return table(lines)


def _facts(event: AuditEvent) -> dict[str, object]:
    return {
        "when": datetime.fromtimestamp(event.at, UTC).isoformat(timespec="seconds"),
        "workspace": "/".join(filter(None, event.workspace)),
        "who": event.actor,
        "did": event.action,
        "what": event.subject,
        "details": dict(event.details),
    }
