"""Check credentials with the vendor, and save the connection when the vendor accepts them."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from bot.adapters.base import Adapter
from bot.adapters.credentials import Account, Credentials
from bot.connections.setup_links import SetupLink
from bot.connections.store import Connection, Connections
from bot.errors import FormError, RetryLaterError
from bot.language import Sentence, _
from bot.workspace import Workspace

CHECK_SECONDS = 15.0
"""The time limit for asking a vendor about a key."""


async def check_and_save(
    adapter: Adapter,
    connections: Connections,
    workspace: Workspace,
    given: Mapping[str, Any],
    *,
    verify: bool = True,
    by: str = "",
    link: SetupLink | None = None,
) -> Account | None:
    """Ask the vendor whether it accepts these credentials, and connect the workspace if it does.

    Returns None, and saves nothing, if the `link` that this would use up does not work any more.
    `by` is the Slack user id of the person who gave the credentials. Raises `FormError`, whose
    errors are by the field of the credentials, and `VendorError`.
    """
    credentials = understood(adapter, given)
    account = await _asked(adapter, credentials) if verify else _unverified(given)
    saved = await connections.save(
        workspace,
        adapter.vendor,
        account=account.id,
        account_name=account.name,
        secret=given,
        connected_by=by,
        rights=account.rights,
        link=link,
        checked=verify,
    )
    return account if saved else None


async def check_again(
    adapter: Adapter, connections: Connections, connection: Connection
) -> Account:
    """Ask the vendor about stored credentials, and note its answer. Raises `VendorError`, and
    `FormError` if the stored values are no credentials for this version of the bot."""
    account = await _asked(adapter, understood(adapter, connection.secret))
    await connections.confirm(connection, account.name, account.rights)
    return account


def understood(adapter: Adapter | type[Adapter], given: Mapping[str, Any]) -> Credentials:
    """Return the values as the vendor's credentials.

    Raises `FormError`: one sentence for each wrong field, by the field's name; "credentials" stands
    for all of them together. No sentence quotes a value.
    """
    try:
        return adapter.credentials.model_validate(dict(given))
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)
        raise FormError(
            {".".join(map(str, one["loc"])) or "credentials": _sentence(one) for one in wrong}
        ) from None


def _sentence(one: Mapping[str, Any]) -> str:
    """Return our sentence for one of pydantic's mistakes."""
    match one["type"]:
        case "missing":
            return _("Paste this too.")
        case "value_error":  # one of the vendor's own checks raised this, with our sentence
            return str(one["ctx"]["error"])
        case "literal_error":
            return _("Choose one of the options.")
        case "extra_forbidden":
            return _("This field isn't known here. Remove it.")
    return _("Paste the key.")


async def _asked(adapter: Adapter, credentials: Credentials) -> Account:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await adapter.verify(credentials)
    except TimeoutError:
        sentence = Sentence("{vendor} didn't answer in time. Try again.", {"vendor": adapter.label})
        raise RetryLaterError(adapter.label, sentence, "unreachable") from None


def _unverified(secret: Mapping[str, Any]) -> Account:
    """Return the account for credentials that are not checked. The same credentials make the same
    account."""
    digest = hashlib.sha256(json.dumps(dict(secret), sort_keys=True).encode()).hexdigest()
    return Account(id=f"unverified:{digest[:16]}", name="an account that was not checked")
