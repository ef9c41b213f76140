"""Changes of credentials, permissions and installations in words: for admins in Slack, and for
operators on the command line."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bot.adapters.base import Adapter
from bot.forms.text import cut, escape
from bot.messages.permissions import WHO
from bot.storage.audit import OPERATOR, AuditEvent

APP = "Incident Relay"
MOST_LINES = 10
_LONGEST_NAME = 100


def changed(event: AuditEvent, adapters: Mapping[str, Adapter]) -> str:
    """Return what was changed, as a sentence in mrkdwn."""
    who = {OPERATOR: "Your bot admin", "": "Somebody"}.get(event.actor, f"<@{event.actor}>")
    what = f"*{escape(_subject(event.subject, adapters) or APP)}*"
    account = escape(cut(event.details.get("account", ""), _LONGEST_NAME))
    match event.action:
        case "connected":
            return f"{who} connected {what} as {account}."
        case "replaced":
            return f"{who} replaced the credentials for {what}. It's connected as {account}."
        case "disconnected":
            return f"{who} disconnected {what}."
        case "permitted":
            return f"{who} changed who may use {what}: {_whom(event.details.get('after', ''))}."
        case "configured":
            return f"{who} changed the settings of {what}."
        case "installed":
            return f"{who} installed {what}."
        case "uninstalled":
            return f"{what} was removed from the workspace."
        case "lost":
            return f"{who} removed the stored credentials for {what}: nobody could read them."


def latest_changes(events: Sequence[AuditEvent], adapters: Mapping[str, Adapter]) -> str:
    """Return the changes below `/vendors`, newest first, in mrkdwn; empty without any."""
    lines = [f"{_when(event.at)}: {changed(event, adapters)}" for event in events]
    return "\n".join(["*Latest changes*", *lines]) if lines else ""


def admins_notice(events: Sequence[AuditEvent], adapters: Mapping[str, Adapter]) -> str:
    """Return what a workspace's admins are told about changes, in mrkdwn."""
    lines = [changed(event, adapters) for event in events[:MOST_LINES]]
    if len(events) > MOST_LINES:
        lines.append(f"And {len(events) - MOST_LINES} more changes.")
    return "\n".join([*lines, "If you didn't expect this, check `/vendors`."])


def _subject(subject: str, adapters: Mapping[str, Adapter]) -> str:
    """Return what people call a vendor ("acme") or an operation ("acme.incident")."""
    vendor, _, name = subject.partition(".")
    adapter = adapters.get(vendor)
    if adapter is None:
        return subject
    labels = [it.label for it in adapter.operations if it.name == name]
    return ": ".join([adapter.label, *labels])


def _whom(who: str) -> str:
    return WHO.get(who) or f"the user group {escape(who)}"


def _when(at: float) -> str:
    fallback = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at)}^{{date_short_pretty}} {{time}}|{fallback}>"
