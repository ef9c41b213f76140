"""Rootly's key: whose it is, and what reads tell of what it may do.

Rootly has no page that tells a key its rights. A list that the key may not read is a 403, or a 404
"Not found or unauthorized". Whether it may create what it may read shows only when something is
created.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import Field, SecretStr

from bot.adapters.base import Account, ApiKey, Rights
from bot.adapters.http import Reply, text

ONE = {"page[size]": 1}
PROBES: Mapping[str, str] = {"incidents": "/v1/incidents", "workflows": "/v1/workflows"}
"""The lists without which an operation has nothing to add to, and in which what may have been
created is looked up."""
_ADVICE = "in Rootly, or connect another key."


class RootlyKey(ApiKey):
    """One bearer token, with what to say about it."""

    api_key: SecretStr = Field(
        title="API key",
        description=(
            "In Rootly: Organization Settings, API Keys. Best is one of the whole organization. "
            "Its role has to create and read incidents, read and update workflows, and read "
            "severities, services, teams and users."
        ),
    )


def is_denied(reply: Reply) -> bool:
    """Whether the key may not read this list."""
    return reply.status in (403, 404)


def rights_of(user: Any, unread: Collection[str]) -> Rights:
    """What a key may do whose user is `user` (None for a key that belongs to nobody), and which may
    not read `unread`."""
    cannot, limited = {}, {}
    if "incidents" in unread:
        limited["incident"] = (
            "This key may not read incidents: when Rootly's answer gets lost, the bot cannot "
            "look whether the incident is there, and the list of incidents stays empty. Give it "
            f"the right to read incidents {_ADVICE}"
        )
        cannot["action_item"] = (
            "This key may not read incidents, and an action item belongs to one: give it the "
            f"right to read incidents {_ADVICE}"
        )
    if "workflows" in unread:
        cannot["workflow_task"] = (
            "This key may not read workflows, and a task belongs to one: give it the right to "
            f"read and update workflows {_ADVICE}"
        )
    return Rights(acts_as=_acts_as(user), cannot=cannot, limited=limited)


def _acts_as(user: Any) -> str:
    name, email = text(user, "attributes", "full_name"), text(user, "attributes", "email")
    return f"{name} ({email})" if name and email else name or email


def account_of(user: Any) -> Account | None:
    """`full_name_with_team` is "[Organisation] Person": two keys of one organisation are one
    account."""
    if match := re.match(r"\[(.+?)\] ", text(user, "attributes", "full_name_with_team") + " "):
        return Account(id=match[1], name=match[1])
    return None


def person(user: Any) -> Account | None:
    """Without the organisation's name, the user tells one account's keys from another's."""
    if not (number := text(user, "id")):
        return None
    return Account(
        id=f"user:{number}", name=text(user, "attributes", "full_name") or f"Rootly user {number}"
    )


def unnamed(credentials: ApiKey) -> Account:
    """A key about which Rootly says nothing is an account of its own; the digest gives nothing
    away."""
    digest = hashlib.sha256(credentials.api_key.get_secret_value().encode()).hexdigest()[:16]
    return Account(id=f"key:{digest}", name="a Rootly key without a user")
