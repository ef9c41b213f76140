"""`python -m bot connect`: from an operator's keyboard to the vendor's "yes" to an encrypted row."""

import asyncio
import getpass
import hashlib
import json
import re
import sys
from typing import Any

from pydantic import ValidationError

from bot.adapters import ADAPTERS, make_adapters
from bot.adapters.base import Account, Adapter, Credentials
from bot.adapters.http import make_client
from bot.errors import SettingError
from bot.settings import Settings
from bot.storage import Workspace
from bot.storage.connections import Connections
from bot.storage.database import Database
from bot.storage.secrets import load_vault


def main(settings: Settings, enterprise: str, team: str, vendor: str, *, verify: bool) -> int:
    """Read the credentials, check them, store them; prints one sentence. Raises `SettingError` or `VendorError`."""
    if not re.fullmatch(r"T[A-Z0-9]+", team):
        raise SettingError("TEAM", "should be a Slack workspace id such as T012AB3CD; `/vendors` in Slack shows it.")
    if enterprise and not re.fullmatch(r"E[A-Z0-9]+", enterprise):
        raise SettingError("--enterprise", "should be a Slack organisation id such as E012AB3CD.")
    if vendor not in ADAPTERS:
        raise SettingError("VENDOR", f"should be one of {', '.join(ADAPTERS)}.")
    print(asyncio.run(connect(settings, Workspace(enterprise, team), vendor, None, verify=verify)))
    return 0


async def connect(
    settings: Settings, workspace: Workspace, vendor: str, given: dict[str, Any] | None, *, verify: bool = True
) -> str:
    """Store the vendor's credentials for the workspace, asking for them unless they are `given`; what to tell the operator."""
    async with make_client() as client:
        adapter = make_adapters(client, settings.vendor_urls)[vendor]
        secret = _read(adapter) if given is None else given
        credentials = _checked(adapter, secret)
        account = await adapter.verify(credentials) if verify else _unverified(secret)
    database = await Database.open(settings.database)
    try:
        connections = Connections(database, load_vault(settings.encryption_keys, settings.database))
        await connections.save(workspace, vendor, account=account.id, account_name=account.name, secret=secret)
    finally:
        await database.close()
    checked = "" if verify else " The credentials were not checked."
    return f"{workspace.team} is connected to {adapter.label} as {account.name}.{checked}"


def _read(adapter: Adapter) -> dict[str, Any]:
    names = list(adapter.credentials.model_fields)
    if sys.stdin.isatty():
        try:
            return {name: getpass.getpass(f"{adapter.label} {name.replace('_', ' ')}: ").strip() for name in names}
        except EOFError:
            print(file=sys.stderr)  # the prompt's line
            raise SettingError("credentials", "were not typed, so nothing was stored.") from None
    example = json.dumps(dict.fromkeys(names, "..."))
    try:
        secret = json.loads(sys.stdin.read())
    except ValueError:
        raise SettingError("standard input", f"is not JSON; write {example} to it.") from None
    if not isinstance(secret, dict):
        raise SettingError("standard input", f"is not a JSON object; write {example} to it.")
    return secret


def _checked(adapter: Adapter, secret: dict[str, Any]) -> Credentials:
    try:
        return adapter.credentials.model_validate(secret)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        if first["type"] == "missing":
            first["msg"] = "is missing; give it beside the others"
        sentence = first["msg"].removeprefix("Value error, ")
        name = ".".join(map(str, first["loc"])) or "credentials"
        raise SettingError(name, f"{sentence[:1].lower()}{sentence[1:].rstrip('.')}.") from None


def _unverified(secret: dict[str, Any]) -> Account:
    """An account we could not ask about is the same account as long as the credentials are the same."""
    digest = hashlib.sha256(json.dumps(secret, sort_keys=True).encode()).hexdigest()
    return Account(id=f"unverified:{digest[:16]}", name="an account that was not checked")
