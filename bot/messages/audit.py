"""Changes of credentials, permissions and installations in words: for admins in Slack, and for
operators on the command line."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bot.adapters.base import Adapter
from bot.forms.text import cut, escape
from bot.language import N_, _, command, ngettext
from bot.messages.permissions import role
from bot.storage.audit import OPERATOR, Action, AuditEvent

APP = "Incident Relay"
MOST_LINES = 10
_LONGEST_NAME = 100
_SENTENCES: Mapping[Action, str] = {
    "connected": N_("{person} connected {thing} as {account}."),
    "replaced": N_("{person} replaced the API key for {thing}. It's connected as {account}."),
    "disconnected": N_("{person} disconnected {thing}."),
    "permitted": N_("{person} changed who can use {thing}: {who}."),
    "configured": N_("{person} changed the settings of {thing}."),
    "installed": N_("{person} installed {thing}."),
    "uninstalled": N_("{thing} was removed from the workspace."),
    "lost": N_("{person} removed the stored API key for {thing}, because nobody could read it."),
}


def changed(event: AuditEvent, adapters: Mapping[str, Adapter]) -> str:
    """Return what was changed, as a sentence in mrkdwn."""
    who = {OPERATOR: _("Your bot admin"), "": _("Somebody")}.get(event.actor, f"<@{event.actor}>")
    return _(_SENTENCES[event.action]).format(
        person=who,
        thing=f"*{escape(_subject(event.subject, adapters) or APP)}*",
        account=escape(cut(event.details.get("account", ""), _LONGEST_NAME)),
        who=_whom(event.details.get("after", "")),
    )


def latest_changes(events: Sequence[AuditEvent], adapters: Mapping[str, Adapter]) -> str:
    """Return the changes below `/vendors`, newest first, in mrkdwn; empty without any."""
    lines = [f"{_when(event.at)}: {changed(event, adapters)}" for event in events]
    heading = _("Latest changes")
    return "\n".join([f"*{heading}*", *lines]) if lines else ""


def admins_notice(events: Sequence[AuditEvent], adapters: Mapping[str, Adapter]) -> str:
    """Return what a workspace's admins are told about changes, in mrkdwn."""
    lines = [changed(event, adapters) for event in events[:MOST_LINES]]
    if (count := len(events) - MOST_LINES) > 0:
        lines.append(
            ngettext("And {count} more change.", "And {count} more changes.", count).format(
                count=count
            )
        )
    advice = _("If you didn't expect this, check `{vendors}`.").format(vendors=command("vendors"))
    return "\n".join([*lines, advice])


def _subject(subject: str, adapters: Mapping[str, Adapter]) -> str:
    """Return what people call a vendor ("acme") or an operation ("acme.incident")."""
    vendor, _, name = subject.partition(".")
    adapter = adapters.get(vendor)
    if adapter is None:
        return subject
    labels = [each.label for each in adapter.operations if each.name == name]
    return ": ".join([adapter.label, *labels])


def _whom(who: str) -> str:
    return role(who) or _("the user group {group}").format(group=escape(who))


def _when(at: float) -> str:
    fallback = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at)}^{{date_short_pretty}} {{time}}|{fallback}>"
