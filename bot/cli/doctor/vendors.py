"""Checks of each connection: whether the vendor accepts the credentials, and their rights."""

from collections.abc import Mapping
from functools import partial

from pydantic import ValidationError

from bot import messages
from bot.adapters.base import Adapter
from bot.adapters.http import make_client
from bot.adapters.rate_limit import RateLimiters
from bot.adapters.registry import Adapters, make_adapters
from bot.cli.doctor.findings import Check, Findings, a_few_at_once, ok, problem, warning
from bot.connections.store import Connections
from bot.errors import OutcomeUnknownError, RejectedError, RetryLaterError, UnauthorizedError
from bot.workspace import Workspace

SECONDS = 15.0
AGAIN = "An admin connects it again with `/vendors`, or you with `python -m bot connect`."


async def connections(
    known: Adapters, base_urls: Mapping[str, str], stored: Connections
) -> Findings:
    """Check every connection, some at a time and each at its vendor's pace.

    `known` are the vendors that this bot can forward to. `base_urls` has the address of each.
    """
    if not (accounts := await stored.accounts()):
        return [warning("vendors", "Nothing is connected.", "Type `/vendors` in Slack.")]
    async with make_client() as client:
        adapters = make_adapters(client, base_urls, known)
        rate_limiters = RateLimiters(
            {vendor: adapter.limits for vendor, adapter in adapters.items()}
        )
        findings = [
            warning(vendor, "This version of the bot doesn't know this vendor.")
            for _, vendor in accounts
            if vendor not in adapters
        ]
        checks: list[tuple[str, Check]] = []
        for workspace, vendor in accounts:
            if vendor in adapters:
                adapter = adapters[vendor].with_rate_limiter(rate_limiters.of((workspace, vendor)))
                what = f"{adapter.label} in {workspace.team or workspace.enterprise}"
                checks.append((what, partial(_connection, stored, adapter, workspace, what)))
        return [*findings, *await a_few_at_once(checks, SECONDS)]


async def _connection(
    stored: Connections, adapter: Adapter, workspace: Workspace, what: str
) -> Findings:
    connection = await stored.get(workspace, adapter.vendor)
    # The vendor was disconnected meanwhile.
    if connection is None:
        return []
    try:
        account = await adapter.verify(adapter.credentials.model_validate(dict(connection.secret)))
    except ValidationError:
        return [problem(what, "What is stored is no key of this vendor's.", AGAIN)]
    except (UnauthorizedError, RejectedError) as error:
        return [problem(what, str(error) or f"{adapter.label} does not accept the key.", AGAIN)]
    except (RetryLaterError, OutcomeUnknownError) as error:
        return [warning(what, str(error), "Run this again later.")]
    checked = not connection.account.startswith("unverified:")
    if checked and account.id != connection.account:
        return [
            problem(what, "The key belongs to another account than when it was connected.", AGAIN)
        ]
    acts = f", acting as {account.rights.acts_as}" if account.rights.acts_as else ""
    return [
        ok(what, f"Works for {account.name}{acts}."),
        *(warning(what, sentence) for sentence in messages.cannot(adapter, account.rights)),
    ]
