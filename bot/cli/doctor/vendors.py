"""Checks of each connection: whether the vendor accepts the credentials, and their rights."""

import asyncio
from collections.abc import Mapping

from pydantic import ValidationError

from bot import messages
from bot.adapters.base import Adapter
from bot.adapters.credentials import Account
from bot.adapters.http import make_client
from bot.adapters.rate_limit import RateLimiters
from bot.adapters.registry import Adapters, make_adapters
from bot.cli.doctor.findings import Finding, Findings, limited
from bot.connections.store import Connection, Connections
from bot.errors import OutcomeUnknownError, RejectedError, RetryLaterError, UnauthorizedError
from bot.workspace import Workspace

SECONDS = 15.0
AT_ONCE = 4
AGAIN = "An admin connects it again with `/vendors`, or you with `python -m bot connect`."


async def connections(
    known: Adapters, base_urls: Mapping[str, str], stored: Connections
) -> Findings:
    """All of them, some at a time, each with a limit of its own and at its vendor's pace. `known`
    are the vendors that this bot can forward to, `base_urls` has the address of each."""
    findings: list[Finding] = []
    if not (accounts := await stored.accounts()):
        return [Finding("warning", "vendors", "Nothing is connected.", "Type `/vendors` in Slack.")]
    slots = asyncio.Semaphore(AT_ONCE)
    async with make_client() as client:
        adapters = make_adapters(client, base_urls, known)
        rate_limiters = RateLimiters(
            {vendor: adapter.limits for vendor, adapter in adapters.items()}
        )

        async def one(workspace: Workspace, vendor: str) -> Findings:
            if (adapter := adapters.get(vendor)) is None:
                return [
                    Finding("warning", vendor, "This version of the bot does not know this vendor.")
                ]
            what = f"{adapter.label} in {workspace.team or workspace.enterprise}"
            async with slots:
                with_rate_limiter = adapter.with_rate_limiter(rate_limiters.of((workspace, vendor)))
                return await limited(
                    what, _connection(stored, with_rate_limiter, workspace, what), SECONDS
                )

        for found in await asyncio.gather(*[one(*connected) for connected in accounts]):
            findings += found
    return findings


async def _connection(
    stored: Connections, adapter: Adapter, workspace: Workspace, what: str
) -> Findings:
    connection = await stored.get(workspace, adapter.vendor)
    # The vendor was disconnected meanwhile.
    if connection is None:
        return []
    try:
        credentials = adapter.credentials.model_validate(dict(connection.secret))
    except ValidationError:
        return [Finding("problem", what, "What is stored is no key of this vendor's.", AGAIN)]
    try:
        account = await adapter.verify(credentials)
    except (UnauthorizedError, RejectedError) as error:
        return [
            Finding(
                "problem", what, str(error) or f"{adapter.label} does not accept the key.", AGAIN
            )
        ]
    except (RetryLaterError, OutcomeUnknownError) as error:
        return [Finding("warning", what, str(error), "Run this again later.")]
    return _account(connection, account, adapter, what)


def _account(connection: Connection, account: Account, adapter: Adapter, what: str) -> Findings:
    checked = not connection.account.startswith("unverified:")
    if checked and account.id != connection.account:
        says = "The key belongs to another account than when it was connected."
        return [Finding("problem", what, says, AGAIN)]
    cannot = [
        Finding("warning", what, sentence) for sentence in messages.cannot(adapter, account.rights)
    ]
    acts = f", acting as {account.rights.acts_as}" if account.rights.acts_as else ""
    return [Finding("ok", what, f"Works for {account.name}{acts}."), *cannot]
