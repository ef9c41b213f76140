"""`python -m bot connect`: store a vendor's credentials, encrypted.

The credentials are read, checked with the vendor, and then stored.
"""

import asyncio
import getpass
import json
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from bot.adapters.base import Adapter
from bot.adapters.credentials import typed_unseen
from bot.adapters.http import make_client
from bot.adapters.registry import ADAPTERS, Adapters, base_urls, make_adapters
from bot.connections.verify import check_and_save, understood
from bot.errors import FormError, OutcomeUnknownError, RetryLaterError, SettingError, VendorError
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.key_check import demand_some
from bot.stores import load_secret_box, open_secrets, open_stores
from bot.workspace import Workspace


def main(
    settings: Settings,
    workspace: Workspace,
    vendor: str,
    *,
    verify: bool,
    adapters: Adapters = ADAPTERS,
) -> int:
    """Read the credentials, check them, store them, and print the result.

    Raises `SettingError` or `VendorError`.
    """
    if not re.fullmatch(r"T[A-Z0-9]+", workspace.team):
        raise SettingError(
            "TEAM",
            "should be a Slack workspace ID such as T012AB3CD. `/vendors` in Slack shows it.",
        )
    if workspace.enterprise and not re.fullmatch(r"E[A-Z0-9]+", workspace.enterprise):
        raise SettingError("--enterprise", "should be a Slack organisation ID such as E012AB3CD.")
    if vendor not in adapters:
        raise SettingError("VENDOR", f"should be one of {', '.join(adapters)}.")
    if not settings.database.exists():  # in another folder, one would be made for nothing
        raise SettingError(
            "RELAY_DATABASE",
            f"{settings.database} isn't there. Name the file that the bot uses, or start the bot "
            "first.",
        )
    # Before there is an event loop: it would keep the first Ctrl+C to itself.
    given = _read(adapters[vendor])
    print(
        asyncio.run(connect(settings, workspace, vendor, given, verify=verify, adapters=adapters))
    )
    return 0


async def connect(
    settings: Settings,
    workspace: Workspace,
    vendor: str,
    given: Mapping[str, Any],
    *,
    verify: bool = True,
    adapters: Adapters = ADAPTERS,
) -> str:
    """Store the vendor's credentials for the workspace. Return the text for the operator.

    Raises `SettingError` and `VendorError`.
    """
    urls = base_urls(settings, adapters)
    async with make_client() as client:
        adapter = make_adapters(client, urls, adapters)[vendor]
        try:
            # The check runs first, so that wrong credentials make no new database.
            understood(adapter, given)
            async with await Database.open(settings.database) as database:
                secret_box = load_secret_box(settings.encryption_keys, settings.database)
                await demand_some(open_secrets(database), secret_box)
                stored = open_stores(database, secret_box).connections
                account = await check_and_save(adapter, stored, workspace, given, verify=verify)
        except FormError as error:
            name, sentence = next(iter(error.errors.items()))
            raise SettingError(name, sentence) from None
        except (RetryLaterError, OutcomeUnknownError) as error:
            advice = "Nothing was stored. Try again, or store it unchecked with --no-verify."
            raise VendorError(error.vendor, f"{error} {advice}") from error
    # The account is None only if a link was used up, and here is no link.
    assert account is not None  # noqa: S101
    checked = f" as {account.name}." if verify else ". We didn't check the credentials."
    connected = f"{workspace.team} is connected to {adapter.label}{checked}"
    told = filter(None, (account.rights.about(operation.name) for operation in adapter.operations))
    return "\n".join([connected, *(f"But: {sentence}" for sentence in dict.fromkeys(told))])


def _read(adapter: type[Adapter]) -> dict[str, Any]:
    """Return the credentials, typed or from standard input. Raises `SettingError`.

    Ctrl+C ends the program.
    """
    if sys.stdin.isatty():
        try:
            return _typed(adapter)
        except (EOFError, KeyboardInterrupt) as error:
            # This ends the line of the prompt.
            print(file=sys.stderr)
            if isinstance(error, KeyboardInterrupt):
                raise
            raise SettingError("credentials", "weren't typed, so nothing was stored.") from None
    fields = adapter.credentials.model_fields
    example = json.dumps({name: "..." for name, field in fields.items() if field.is_required()})
    try:
        secret = json.loads(sys.stdin.read())
    except ValueError:
        raise SettingError("standard input", f"isn't JSON. Write {example} to it.") from None
    if not isinstance(secret, dict):
        raise SettingError("standard input", f"isn't a JSON object. Write {example} to it.")
    return secret


def _typed(adapter: type[Adapter]) -> dict[str, Any]:
    """Ask for each field, and ask again at once for a value that cannot be right."""
    typed: dict[str, Any] = {}
    for name, info in adapter.credentials.model_fields.items():
        label = f"{adapter.label} {name.replace('_', ' ')}"
        while (text := _prompted(label, info)) or info.is_required():
            if not (wrong := _mistake(adapter, typed | {name: text}, name)):
                typed[name] = text
                break
            print(f"  {wrong}", file=sys.stderr)
    return typed


def _mistake(adapter: type[Adapter], given: Mapping[str, Any], name: str) -> str:
    """Return the error about this field of the credentials, or an empty string.

    Errors about other fields are ignored.
    """
    try:
        understood(adapter, given)
    except FormError as error:
        return error.errors.get(name, "")
    return ""


def _prompted(label: str, field: FieldInfo) -> str:
    """Return the typed text. A field with a default may be left empty."""
    if typed_unseen(field):
        return getpass.getpass(f"{label}: ").strip()
    choices = (
        f" ({', '.join(map(str, get_args(field.annotation)))})"
        if get_origin(field.annotation) is Literal
        else ""
    )
    default = "" if field.is_required() else f" [{field.default}]"
    return input(f"{label}{choices}{default}: ").strip()
