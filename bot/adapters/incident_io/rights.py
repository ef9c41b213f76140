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
from bot.language import N_

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
_ADVICE = N_(
    "Make a key with the roles viewer, incident_creator, incident_editor and catalog_viewer. Then "
    "connect that key."
)
_HAS_NO_ROLE: Mapping[str, str] = {
    "incident": N_("This key has no role that can declare incidents."),
    "action": N_("This key has no role that can add actions."),
    "follow_up": N_("This key has no role that can add follow-ups."),
}
_LIMITED_WITHOUT: Mapping[str, Mapping[str, str]] = {
    "incident": {
        "teams": N_("This key can't read the catalog. Custom fields with its entries stay empty.")
    },
    "follow_up": {"teams": N_("This key can't read the catalog. The list of teams stays empty.")},
}
_IMPOSSIBLE_WITHOUT: Mapping[str, Mapping[str, str]] = {
    "incident": {
        "severities": N_("This key can't read severities, so it can't declare incidents.")
    },
    "action": {"incidents": N_("This key can't read incidents, so it can't add actions.")},
    "follow_up": {"incidents": N_("This key can't read incidents, so it can't add follow-ups.")},
}


class IncidentIoKey(ApiKey):
    """One bearer token, with instructions for people."""

    api_key: SecretStr = Field(
        title="API key",
        description=N_(
            "Make it in incident.io, Settings, API keys. Give it the roles viewer, "
            "incident_creator, incident_editor and catalog_viewer."
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
            operation: f"{sentence}\n{_ADVICE}" for operation, sentence in _HAS_NO_ROLE.items()
        }
    limited = lacking(_LIMITED_WITHOUT, unread, _ADVICE)
    name = text(identity, "name")
    return Rights(
        acts_as=f"the API key “{name}”" if name else "",
        roles=roles or (),
        cannot=cannot,
        limited={name: words for name, words in limited.items() if name not in cannot},
    )
