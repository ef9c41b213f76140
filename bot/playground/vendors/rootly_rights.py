"""The right that each call at Rootly needs, such as "incidents:read".

Areas and verbs are those of a role's permissions in Rootly. A call about an object inside an
incident or workflow is assumed to need the right to update that incident or workflow.
"""

from dataclasses import dataclass

_AREAS = {"teams": "groups", "causes": "incident_causes"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key: the rights that it lacks, and whether it belongs to a user."""

    withheld: frozenset[str]
    user: bool


def lacks(method: str, path: str, key: Key) -> bool:
    """Return whether the key is refused this call.

    Every key may ask for its own user; a key without a user gets no answer.
    """
    if path == "/v1/users/me":
        return not key.user
    parts = path.strip("/").split("/")[1:]
    if not parts:
        return False
    verb = "read" if method == "GET" else "create" if len(parts) == 1 else "update"
    return f"{_AREAS.get(parts[0], parts[0])}:{verb}" in key.withheld
