"""Checks of the database's contents: keys, lists, deliveries."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.adapters.registry import Adapters
from bot.cli.doctor import local
from bot.cli.doctor.findings import Finding, Findings, wrong_setting
from bot.delivery.store import backlog
from bot.errors import SecretError, SettingError
from bot.forms.text import duration
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.encrypted_secrets import EncryptedSecret
from bot.storage.encryption import VARIABLE, SecretBox, key_file, none_opens
from bot.storage.key_check import open_to_others
from bot.stores import Stores, load_secret_box, open_secrets, open_stores
from bot.workspace import Workspace

NAMED = 3
"""Number of lists that are named."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The opened database and its keys, with the findings so far.

    `database` is None if it cannot be used as it is; `secret_box` is None if nothing can be
    decrypted.
    """

    database: Database | None = None
    secret_box: SecretBox | None = None
    findings: Findings = ()

    @property
    def stores(self) -> Stores | None:
        """The stores of the database. Without keys they read all but the credentials."""
        if self.database is None:
            return None
        return open_stores(self.database, self.secret_box or SecretBox.without_keys())

    async def installations(self) -> Sequence[tuple[Workspace, str]]:
        """Return every workspace's own Slack token that can be decrypted."""
        if self.database is None or self.secret_box is None:
            return []
        secret_box = self.secret_box

        def token(secret: EncryptedSecret) -> str:
            try:
                return (
                    secret_box.open(secret.owner, secret.ciphertext)["token"]
                    if secret.kind == "installation"
                    else ""
                )
            except SecretError:
                return ""

        return [
            (it.workspace, found)
            async for chunk in open_secrets(self.database).everything(token)
            for it, found in chunk
            if found
        ]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Stored]:
    """Open the database, if the bot has used it before and could use it now."""
    found, ready = await local.database(settings.database)
    if not ready:
        yield Stored(findings=found)
        return
    try:
        database = await Database.open(settings.database)
    except SettingError as error:
        yield Stored(findings=[*found, wrong_setting(error)])
        return
    try:
        about_keys, secret_box = await _keys(settings, database)
        yield Stored(database, secret_box, [*found, *about_keys])
    finally:
        await database.close()


async def _keys(settings: Settings, database: Database) -> tuple[Findings, SecretBox | None]:
    file, secrets = key_file(database.path), open_secrets(database)
    if settings.encryption_keys is None and not file.exists() and not await secrets.any():
        return [
            Finding(
                "ok", "keys", f"Nothing is stored yet; {file.name} is made when the bot starts."
            )
        ], None
    try:
        secret_box = load_secret_box(settings.encryption_keys, database.path)
    except SettingError as error:
        return [wrong_setting(error)], None
    tried = await secrets.try_all(secret_box)
    if tried.closed and len(tried.closed) == tried.count:
        return [wrong_setting(none_opens(secret_box.source))], None
    found = [
        Finding("problem", secret.name, why, "Connect or install it again.")
        for secret, why in tried.closed
    ]
    found += _file_mode(database, secret_box)
    return found or [await _all_open(database, secret_box, tried.count)], secret_box


def _file_mode(database: Database, secret_box: SecretBox) -> Findings:
    if secret_box.source == VARIABLE or not (mode := open_to_others(database.path)):
        return []
    says = f"Other users of this machine can get at {secret_box.source} (mode {mode})."
    return [Finding("warning", "keys", says, f"Type `chmod 600 {key_file(database.path)}`.")]


async def _all_open(database: Database, secret_box: SecretBox, count: int) -> Finding:
    if not count:
        return Finding("ok", "keys", "Nothing is stored yet.")
    first = [
        new
        async for chunk in open_secrets(database).everything(
            lambda it: secret_box.is_first(it.ciphertext)
        )
        for _, new in chunk
    ]
    all_of_them = (
        "The one stored secret opens" if count == 1 else f"All {count} stored secrets open"
    )
    if all(first):
        return Finding("ok", "keys", f"{all_of_them} with the first key.")
    older = "but" if count == 1 else f"{first.count(False)} of them"
    return Finding(
        "ok",
        "keys",
        f"{all_of_them}, {older} only with an older key.",
        "`python -m bot rotate-keys` changes that.",
    )


async def lists(stores: Stores, adapters: Adapters) -> Findings:
    """Return the age of the lists behind the pickers.

    A list that nobody uses is not refreshed, so age alone is no problem.
    """
    found = []
    ages = await stores.catalogs.ages()
    for workspace, vendor in await stores.connections.accounts():
        if vendor not in adapters:
            continue
        fetched = ages.get((workspace, vendor), {})
        what = f"lists of {adapters[vendor].label} in {workspace.team or workspace.enterprise}"
        needed = [it for it in adapters[vendor].catalogs if it.static is None and not it.on_demand]
        if missing := list(dict.fromkeys(it.label for it in needed if it.name not in fetched)):
            others = f" and {len(missing) - NAMED} others" if len(missing) > NAMED else ""
            says = f"Never fetched: {', '.join(missing[:NAMED])}{others}."
            found.append(
                Finding(
                    "warning",
                    what,
                    says,
                    "The bot fetches them while it runs; `/vendors` says what is wrong.",
                )
            )
        elif fetched:
            seconds = [time.time() - at for at in fetched.values()]
            says = f"Fetched between {duration(min(seconds))} and {duration(max(seconds))} ago."
            found.append(Finding("ok", what, says))
    return found


async def queue(database: Database) -> Findings:
    """Return findings about waiting deliveries and who they wait for."""
    now = time.time()
    waits = await backlog.count(database, now)
    found = []
    if waits.overdue:
        says = (
            f"{waits.overdue} should have been sent more than "
            f"{duration(backlog.OVERDUE_SECONDS)} ago."
        )
        found.append(
            Finding("problem", "queue", says, "Start the bot; where it runs, look at its log.")
        )
    elif waits.waiting:
        says = f"{waits.waiting} wait to be sent, the oldest for {duration(now - waits.oldest)}."
        found.append(
            Finding("ok", "queue", says, "`python -m bot deliveries --state queued` says why.")
        )
    if waits.undecided:
        says = f"{waits.undecided} may have been created or not, and somebody has to decide."
        found.append(
            Finding(
                "warning",
                "queue",
                says,
                "`python -m bot deliveries --state unconfirmed` lists them.",
            )
        )
    if waits.looked_up:
        says = f"{waits.looked_up} may have been created or not; the bot looks at the vendor."
        found.append(Finding("ok", "queue", says))
    if waits.for_an_admin:
        says = f"{waits.for_an_admin} wait until an admin has connected the vendor again."
        found.append(
            Finding("warning", "queue", says, "An admin does that with `/vendors` in Slack.")
        )
    return found or [Finding("ok", "queue", "Nothing waits.")]
