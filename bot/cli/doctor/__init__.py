"""`python -m bot doctor`: check everything, and give advice on each problem. Changes nothing."""

import asyncio
import json
from collections.abc import Awaitable
from dataclasses import asdict

from bot.adapters.registry import ADAPTERS, Adapters, base_urls
from bot.cli.doctor import local, slack, stored, vendors
from bot.cli.doctor.findings import Finding, Findings, limited, wrong_setting
from bot.cli.output import safe, show
from bot.errors import SettingError
from bot.settings import Settings, load

ALL_SECONDS = 600.0
"""Time limit, in seconds, for all tokens or all connections together.

Each also has a limit of its own.
"""


def main(*, as_json: bool = False, adapters: Adapters = ADAPTERS) -> int:
    """Print the findings.

    Return 0 without a problem, 1 with one, 2 if a setting is missing or wrong.
    """
    try:
        findings = asyncio.run(examine(load(), adapters))
    except SettingError as error:
        findings = [wrong_setting(error)]
    show(_as_json(findings) if as_json else "\n".join(safe(finding.line) for finding in findings))
    if any(finding.setting for finding in findings):
        return 2
    return 1 if any(finding.sign == "problem" for finding in findings) else 0


async def examine(settings: Settings, adapters: Adapters = ADAPTERS) -> list[Finding]:
    """Return all findings in the order of the checks.

    The checks of Slack and of the vendors run at the same time.
    """
    async with stored.opened(settings) as store:
        installed = await store.installations()
        findings = [
            *await limited("settings", local.settings(settings, installed=bool(installed)), 5),
            *store.findings,
        ]
        checks: list[Awaitable[Findings]] = [
            limited("Slack", slack.reach(settings), slack.SECONDS),
            limited("Slack", slack.tokens(settings, installed), ALL_SECONDS),
            limited("SLACK_APP_TOKEN", slack.app_token(settings), slack.SECONDS),
            limited("shortcuts", local.shortcuts(), 5),
            limited("RELAY_PUBLIC_URL", slack.public_url(settings), slack.SECONDS),
        ]
        try:
            urls = base_urls(settings, adapters)
        except SettingError as error:
            urls = None
            findings.append(wrong_setting(error))
        stores = store.stores
        if urls is not None and stores is not None and store.secret_box is not None:
            checks.append(
                limited(
                    "vendors", vendors.connections(adapters, urls, stores.connections), ALL_SECONDS
                )
            )
        if store.database is not None and stores is not None:
            checks += [
                limited("lists", stored.lists(stores, adapters), 10),
                limited("queue", stored.queue(store.database), 10),
            ]
        for found in await asyncio.gather(*checks):
            findings += found
    return findings


def _as_json(findings: Findings) -> str:
    return json.dumps(
        [
            {name: value for name, value in asdict(finding).items() if name != "setting"}
            for finding in findings
        ],
        indent=2,
    )
