"""Checks of the database's contents: keys, lists, deliveries."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from bot.adapters.registry import Adapters
from bot.cli.doctor import local
from bot.cli.doctor.findings import Finding, Findings, ok, problem, warning, wrong_setting
from bot.delivery.store import backlog
from bot.errors import SecretError, SettingError
from bot.forms.text import duration
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.encrypted_secrets import EncryptedSecret
from bot.storage.encryption import VARIABLE, SecretBox, key_file, none_opens
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
            with suppress(SecretError):
                if secret.kind == "installation":
                    return secret_box.open(secret.owner, secret.ciphertext)["token"]
            return ""

        return [
            (secret.workspace, found)
            async for chunk in open_secrets(self.database).everything(token)
            for secret, found in chunk
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
    async with database:
        about_keys, secret_box = await _keys(settings, database)
        yield Stored(database, secret_box, [*found, *about_keys])


async def _keys(settings: Settings, database: Database) -> tuple[Findings, SecretBox | None]:
    file, secrets = key_file(database.path), open_secrets(database)
    if settings.encryption_keys is None and not file.exists() and not await secrets.any():
        return [
            ok("keys", f"Nothing is stored yet. {file.name} is made when the bot starts.")
        ], None
    try:
        secret_box = load_secret_box(settings.encryption_keys, database.path)
    except SettingError as error:
        return [wrong_setting(error)], None
    tried = await secrets.try_all(secret_box)
    if tried.closed and len(tried.closed) == tried.count:
        return [wrong_setting(none_opens(secret_box.source))], None
    in_file = secret_box.source != VARIABLE
    found = [
        *(
            problem(secret.name, why, "Connect or install it again.")
            for secret, why in tried.closed
        ),
        *(local.exposed("keys", file, secret_box.source) if in_file else ()),
    ]
    return found or [await _all_open(database, secret_box, tried.count)], secret_box


async def _all_open(database: Database, secret_box: SecretBox, count: int) -> Finding:
    if not count:
        return ok("keys", "Nothing is stored yet.")
    chunks = open_secrets(database).everything(
        lambda secret: secret_box.is_first(secret.ciphertext)
    )
    first = [is_first async for chunk in chunks for _, is_first in chunk]
    opens = "The one stored secret opens" if count == 1 else f"All {count} stored secrets open"
    if all(first):
        return ok("keys", f"{opens} with the first key.")
    older = "but" if count == 1 else f"{first.count(False)} of them"
    return ok(
        "keys",
        f"{opens}, {older} only with an older key.",
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
        missing = dict.fromkeys(
            catalog.label
            for catalog in adapters[vendor].catalogs
            if catalog.static is None and not catalog.on_demand and catalog.name not in fetched
        )
        if missing:
            others = f" and {len(missing) - NAMED} others" if len(missing) > NAMED else ""
            found.append(
                warning(
                    what,
                    f"Never fetched: {', '.join(list(missing)[:NAMED])}{others}.",
                    "The bot fetches them while it runs. `/vendors` says what is wrong.",
                )
            )
        elif fetched:
            seconds = [time.time() - at for at in fetched.values()]
            found.append(
                ok(
                    what,
                    f"Fetched between {duration(min(seconds))} and {duration(max(seconds))} ago.",
                )
            )
    return found


async def queue(database: Database) -> Findings:
    """Return findings about waiting deliveries and who they wait for."""
    now = time.time()
    waits = await backlog.count(database, now)
    overdue, oldest = duration(backlog.OVERDUE_SECONDS), duration(now - waits.oldest)
    found = {
        problem(
            "queue",
            f"{waits.overdue} should have been sent more than {overdue} ago.",
            "Start the bot. Where it runs, look at its log.",
        ): waits.overdue,
        ok(
            "queue",
            f"{waits.waiting} wait to be sent, the oldest for {oldest}.",
            "`python -m bot deliveries --state queued` says why.",
        ): waits.waiting and not waits.overdue,
        warning(
            "queue",
            f"{waits.undecided} may have been created or not, and somebody has to decide.",
            "`python -m bot deliveries --state unconfirmed` lists them.",
        ): waits.undecided,
        ok(
            "queue",
            f"{waits.looked_up} may have been created or not. The bot is looking at the vendor.",
        ): waits.looked_up,
        warning(
            "queue",
            f"{waits.for_an_admin} wait until an admin has connected the vendor again.",
            "An admin does that with `/vendors` in Slack.",
        ): waits.for_an_admin,
    }
    return [finding for finding, count in found.items() if count] or [ok("queue", "Nothing waits.")]
