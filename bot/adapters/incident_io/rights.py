"""incident.io's key, and its rights as far as its roles and reads show them.

The documentation names the scope that each call needs, but not the scopes of a role. Two things are
certain: a key without an incident role cannot create anything, and a key lacks the right to a read
that was just denied. Versions 2 and 3 of actions and follow-ups need the same scopes.
"""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import Field, SecretStr

from bot.adapters.credentials import ApiKey, Rights
from bot.adapters.http import Reply, dig, text
from bot.adapters.probe_permissions import lacking

ROLES = ("viewer", "incident_creator", "incident_editor", "catalog_viewer")
"""The roles that a key needs for all that the bot does."""
PROBES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "severities": ("/v1/severities", {}),
    "incidents": ("/v2/incidents", {"page_size": 1}),
    "teams": ("/v3/teams", {"page_size": 1}),
}
"""The lists to try: path and query.

Without the first two, an operation's form cannot be filled in. The third needs the right to read
the catalog.
"""
_WRITERS = frozenset({"incident_creator", "incident_editor"})
_LISTED = f"{', '.join(ROLES[:-1])} and {ROLES[-1]}"
_ADVICE = f"Make a key with the roles {_LISTED}, and connect that."
_MADE = {"incident": "declare incidents", "action": "add actions", "follow_up": "add follow-ups"}
_LIMITED_WITHOUT: Mapping[str, Mapping[str, str]] = {
    "incident": {
        "teams": (
            "This key may not read the catalog: fields of your own that offer its entries stay "
            "empty."
        )
    },
    "follow_up": {"teams": "This key may not read the catalog: the list of teams stays empty."},
}
_NEEDED = {"incident": "severities", "action": "incidents", "follow_up": "incidents"}
_IMPOSSIBLE_WITHOUT: Mapping[str, Mapping[str, str]] = {
    operation: {read: f"This key may not read {read}, so it cannot {_MADE[operation]}."}
    for operation, read in _NEEDED.items()
}


class IncidentIoKey(ApiKey):
    """One bearer token, with instructions for people."""

    api_key: SecretStr = Field(
        title="API key",
        description=(
            f"In incident.io: Settings, API keys. Give it the roles {_LISTED}; they are chosen "
            "when the key is made."
        ),
    )


def is_denied(reply: Reply) -> bool:
    """Return whether the key lacks the scope for this read."""
    return reply.status == 403


def rights_of(identity: Any, unread: Collection[str]) -> Rights:
    """Return the rights of the key with that identity. The key may not read the lists `unread`."""
    names = dig(identity, "roles")
    roles = tuple(filter(None, map(text, names))) if isinstance(names, list) else None
    cannot = lacking(_IMPOSSIBLE_WITHOUT, unread, _ADVICE)
    if roles is not None and not _WRITERS & set(roles):
        cannot = {
            operation: f"This key may not {doing}: it has no role for that. {_ADVICE}"
            for operation, doing in _MADE.items()
        }
    limited = lacking(_LIMITED_WITHOUT, unread, _ADVICE)
    name = text(identity, "name")
    return Rights(
        acts_as=f"the API key “{name}”" if name else "",
        roles=roles or (),
        cannot=cannot,
        limited={name: words for name, words in limited.items() if name not in cannot},
    )
