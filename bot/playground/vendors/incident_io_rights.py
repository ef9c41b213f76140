"""The scope that each call at incident.io needs, and the scopes of each role.

The scopes of the calls are from incident.io's OpenAPI document. The scopes of a role are documented
nowhere, so they are guessed from the roles' names.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

READS: Mapping[str, str] = {
    "/v1/severities": "severities.view",
    "/v1/incident_types": "incident_types.view",
    "/v1/incident_statuses": "incident_statuses.view",
    "/v1/custom_fields": "custom_fields.view",
    "/v1/custom_field_options": "custom_fields.view",
    "/v2/custom_fields": "custom_fields.view",
    "/v2/incident_roles": "incident_roles.view",
    "/v2/users": "users.view",
    "/v2/incidents": "incidents.view",
    "/v2/actions": "actions.view",
    "/v2/follow_ups": "actions.view",
    "/v3/actions": "actions.view",
    "/v3/follow_ups": "actions.view",
    "/v3/catalog_entries": "catalog_entries.view",
    "/v3/teams": "catalog_entries.view",
}
CREATES: Mapping[str, str] = {
    "/v2/incidents": "incidents.create",
    "/v2/actions": "actions.create",
    "/v2/follow_ups": "follow_ups.create",
    "/v3/actions": "actions.create",
    "/v3/follow_ups": "follow_ups.create",
}
ROLES: Mapping[str, Collection[str]] = {
    "viewer": frozenset(READS.values()) - {"catalog_entries.view"},
    "incident_creator": ("incidents.create",),
    "incident_editor": ("actions.create", "follow_ups.create"),
    "catalog_viewer": ("catalog_entries.view",),
}


class Key(NamedTuple):
    """One key: its roles, and whether it sees private incidents.

    It is not documented which role gives that access, so it is no role here.
    """

    roles: tuple[str, ...]
    sees_private: bool = True


def missing_scope(method: str, path: str, roles: Collection[str]) -> str:
    """Return the scope that a key with these roles lacks for the call, or an empty string."""
    needed = (READS if method == "GET" else CREATES).get("/".join(path.split("/")[:3]), "")
    return "" if any(needed in ROLES[role] for role in roles) else needed
