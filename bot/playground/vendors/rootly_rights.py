"""Which right each call at Rootly needs: "incidents:read". The areas and verbs are those of a
role's permissions there.

What belongs to an incident or a workflow changes it, so that it needs the right to update it: an
assumption.
"""

from dataclasses import dataclass

_AREAS = {"teams": "groups", "causes": "incident_causes"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key: the rights that it lacks, and whether a user is behind it."""

    withheld: frozenset[str]
    user: bool


def lacks(method: str, path: str, key: Key) -> bool:
    """Whether the key is refused this call. Everybody may ask who they are; a key of nobody's gets
    no answer to that."""
    if path == "/v1/users/me":
        return not key.user
    parts = path.strip("/").split("/")[1:]
    if not parts:
        return False
    verb = "read" if method == "GET" else "create" if len(parts) == 1 else "update"
    return f"{_AREAS.get(parts[0], parts[0])}:{verb}" in key.withheld
