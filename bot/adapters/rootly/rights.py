"""Rootly's key: its account, and its permissions as far as reads show them.

Rootly has no page with the rights of a key. A list that the key may not read gives a 403, or a 404
"Not found or unauthorized". A missing right to create shows only when an object is created.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import Field, SecretStr

from bot.adapters.credentials import Account, ApiKey, Rights
from bot.adapters.http import Reply, text
from bot.adapters.probe_permissions import lacking
from bot.language import N_

ONE = {"page[size]": 1}
PROBES: Mapping[str, str] = {"incidents": "/v1/incidents", "workflows": "/v1/workflows"}
"""The lists to try. Without them an operation has no object to add to.

The bot also searches them for an object after a lost answer.
"""
_LIMITED_WITHOUT: Mapping[str, Mapping[str, str]] = {
    "incident": {
        "incidents": N_(
            "This key can't read incidents. The list of incidents stays empty. After a lost "
            "answer, we can't check Rootly. Let the key read incidents, or connect another key."
        )
    }
}
_IMPOSSIBLE_WITHOUT: Mapping[str, Mapping[str, str]] = {
    "action_item": {
        "incidents": N_(
            "This key can't read incidents, so it can't add action items. Let it read incidents, "
            "or connect another key."
        )
    },
    "workflow_task": {
        "workflows": N_(
            "This key can't read workflows, so it can't add workflow tasks. Let it read and update "
            "workflows, or connect another key."
        )
    },
}
"""A sentence by operation and by the list that the key may not read."""


class RootlyKey(ApiKey):
    """One bearer token, with instructions for people."""

    api_key: SecretStr = Field(
        title="API key",
        description=N_(
            "Make it in Rootly, Organization Settings, API Keys, best for the whole organization. "
            "Its role has to create and read incidents, and read and update workflows. It also has "
            "to read severities, services, teams and users."
        ),
    )


def is_denied(reply: Reply) -> bool:
    """Return whether the key may not read this list."""
    return reply.status in (403, 404)


def rights_of(user: Any, unread: Collection[str]) -> Rights:
    """Return the rights of a key that may not read the lists `unread`.

    `user` is Rootly's user of the key, None for a key without one.
    """
    name, email = text(user, "attributes", "full_name"), text(user, "attributes", "email")
    return Rights(
        acts_as=f"{name} ({email})" if name and email else name or email,
        cannot=lacking(_IMPOSSIBLE_WITHOUT, unread),
        limited=lacking(_LIMITED_WITHOUT, unread),
    )


def account_of(user: Any) -> Account | None:
    """Return the organisation of a user as an account, or None.

    `full_name_with_team` is "[Organisation] Person". Two keys of one organisation are one account.
    """
    if match := re.match(r"\[(.+?)\] ", text(user, "attributes", "full_name_with_team") + " "):
        return Account(id=match[1], name=match[1])
    return None


def person(user: Any) -> Account | None:
    """Return an account for the user, or None if the user has no id.

    It is used when the organisation's name is not known. Keys of two users then belong to two
    accounts.
    """
    if not (number := text(user, "id")):
        return None
    return Account(
        id=f"user:{number}", name=text(user, "attributes", "full_name") or f"Rootly user {number}"
    )


def unnamed(credentials: ApiKey) -> Account:
    """Return an account for a key of which nothing else is known.

    Its id is a digest of the key, which cannot be turned back into the key.
    """
    digest = hashlib.sha256(credentials.api_key.get_secret_value().encode()).hexdigest()[:16]
    return Account(id=f"key:{digest}", name="a Rootly key without a user")
