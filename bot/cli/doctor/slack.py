"""Checks of Slack: reachability, tokens, scopes and clock."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.http import make_client
from bot.cli.doctor.findings import Finding, Findings, limited
from bot.settings import Settings
from bot.slack import manifest
from bot.slack.clients import answered_at, slack_client
from bot.slack.errors import NOT_DONE, NOT_NOW, said
from bot.slack.network_errors import unreached
from bot.workspace import Workspace

SECONDS = 8.0
"""Time limit for each question, in seconds."""
ANSWER_SECONDS = 5.0
AT_ONCE = 4
SIGNED_FOR_SECONDS, NOTICED_SECONDS = 300.0, 30.0
"""Seconds of clock difference for a problem and for a warning.

Slack's signatures are valid for five minutes.
"""

WITHOUT: Mapping[str, str] = {
    "commands": "slash commands and shortcuts do not arrive",
    "chat:write": "no cards are posted",
    "channels:read": "vendors are told a channel's id in place of its name",
    "users:read": "nobody is recognised, so nobody may do anything",
    "users:read.email": "people are not found among the vendor's users",
    "usergroups:read": (
        "user groups cannot be chosen, and what one of them may do is left to admins"
    ),
    "files:read": "a file cannot be uploaded in a form",
}
"""The effect of each missing scope."""
_LET_OUT = (
    "See whether this machine has a network, what a firewall lets through, and "
    "whether SLACK_API_URL is right."
)


async def reach(settings: Settings) -> Findings:
    """Check whether Slack answers, and compare the clocks."""
    async with slack_client(settings, ANSWER_SECONDS) as client:
        before = time.time()
        try:
            answer = await client.api_test()
        except SlackApiError as error:
            says = f"{settings.slack_api_url} does not answer as Slack does ({said(error)})."
            return [
                Finding(
                    "problem",
                    "Slack",
                    says,
                    "See what stands before it, and whether SLACK_API_URL is right.",
                )
            ]
        except NOT_DONE as error:
            says = (
                f"{settings.slack_api_url} cannot be reached from this machine: {unreached(error)}."
            )
            return [Finding("problem", "Slack", says, _LET_OUT)]
        after = time.time()
    fine = Finding("ok", "Slack", f"It answers within {round((after - before) * 1000)} ms.")
    return [fine, _clock(answer.headers, (before + after) / 2)]


def _clock(headers: Mapping[str, Any], now: float) -> Finding:
    if (theirs := answered_at(headers)) is None:
        return Finding(
            "warning", "clock", "Slack's answer did not say what time it is.", "Compare it by hand."
        )
    skew = now - theirs
    if abs(skew) < NOTICED_SECONDS:
        return Finding("ok", "clock", "It agrees with Slack's.")
    says = f"It is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} Slack's."
    if abs(skew) < SIGNED_FOR_SECONDS:
        return Finding(
            "warning", "clock", says, "Let this machine set its clock by the network (NTP)."
        )
    do = (
        "Let this machine set its clock by the network (NTP): what Slack sends is "
        "refused as too old until then."
    )
    return Finding("problem", "clock", says, do)


async def tokens(settings: Settings, installed: Sequence[tuple[Workspace, str]]) -> Findings:
    """Check each token: the one that is set, or the token of every installation.

    A few run at a time, each with a limit of its own.
    """
    findings: list[Finding] = []
    slots = asyncio.Semaphore(AT_ONCE)
    given: list[tuple[str, Workspace | None, str]] = [
        (f"Slack token of {'/'.join(filter(None, workspace))}", workspace, token)
        for workspace, token in installed
    ]
    if settings.slack_bot_token is not None:
        given = [("SLACK_BOT_TOKEN", None, settings.slack_bot_token.get_secret_value())]
    async with slack_client(settings, ANSWER_SECONDS) as client:

        async def one(what: str, workspace: Workspace | None, token: str) -> Findings:
            async with slots:
                return await limited(what, _token(client, what, workspace, token), SECONDS)

        for found in await asyncio.gather(*[one(*arguments) for arguments in given]):
            findings += found
    if not given and None not in (
        settings.slack_client_id,
        settings.slack_client_secret,
        settings.public_url,
    ):
        # If one of the three is missing, the check of the settings tells that.
        findings.append(
            Finding("warning", "Slack", "The app is installed nowhere.", _how_to_install(settings))
        )
    return findings


async def _token(
    client: AsyncWebClient, what: str, workspace: Workspace | None, token: str
) -> Findings:
    try:
        answer = await client.auth_test(token=token)
    except SlackApiError as error:
        if said(error) in NOT_NOW:
            return [_not_now(what, error)]
        return [
            Finding(
                "problem", what, f"Slack does not accept it ({said(error)}).", _renew(workspace)
            )
        ]
    except NOT_DONE as error:
        return [_not_asked(what, error)]
    if workspace is not None and workspace.team and answer.get("team_id") != workspace.team:
        return [Finding("problem", what, "It belongs to another workspace.", _renew(workspace))]
    fine = Finding("ok", what, f"Slack accepts it: {answer.get('team')} ({answer.get('team_id')}).")
    return _scopes(what, str(answer.headers.get("X-OAuth-Scopes", "")), workspace) or [fine]


def _scopes(what: str, given: str, workspace: Workspace | None) -> Findings:
    """Return a problem for each scope of the manifest that the token lacks.

    Return none if Slack lists no scopes.
    """
    has = {scope.strip() for scope in given.split(",")}
    missing = [
        scope
        for scope in manifest.load()["oauth_config"]["scopes"]["bot"]
        if given and scope not in has
    ]
    do = "Add it on your Slack app's page, OAuth & Permissions, and install the app again."
    return [
        Finding(
            "problem",
            what,
            f"It lacks the scope {scope}: {WITHOUT.get(scope, 'what needs it does not work')}.",
            do,
        )
        for scope in missing
    ]


def _not_now(what: str, error: BaseException) -> Finding:
    return Finding(
        "warning", what, f"Slack does not answer for now ({said(error)}).", "Run this again later."
    )


def _not_asked(what: str, error: BaseException) -> Finding:
    return Finding(
        "warning",
        what,
        f"Slack was not asked: {unreached(error)}.",
        "Run this again when it can be reached.",
    )


def _renew(workspace: Workspace | None) -> str:
    if workspace is None:
        return "Copy it again from your Slack app's page, OAuth & Permissions."
    return "Install the app there again."


def _how_to_install(settings: Settings) -> str:
    address = str(settings.public_url).rstrip("/") if settings.public_url else "the bot's address"
    return f"Open {address}/slack/install in a browser."


async def app_token(settings: Settings) -> Findings:
    """Check whether Socket Mode can be opened. Return nothing without an app-level token."""
    if settings.slack_app_token is None:
        return []
    token, what = settings.slack_app_token.get_secret_value(), "SLACK_APP_TOKEN"
    async with slack_client(settings, ANSWER_SECONDS) as client:
        try:
            await client.apps_connections_open(app_token=token)
        except SlackApiError as error:
            if said(error) in NOT_NOW:
                return [_not_now(what, error)]
            do = (
                "Make another on your Slack app's page, Basic Information; it "
                "needs connections:write."
            )
            return [
                Finding("problem", what, f"Slack opens no connection with it ({said(error)}).", do)
            ]
        except NOT_DONE as error:
            return [_not_asked(what, error)]
    return [Finding("ok", what, "Slack opens a connection with it.")]


async def public_url(settings: Settings) -> Findings:
    """Check whether the bot can be reached from here.

    An answer is proof. A failure may also come from this machine's own network.
    """
    what = "RELAY_PUBLIC_URL"
    if settings.public_url is None:
        return [
            Finding(
                "ok", what, "It is not set: vendors are connected with `python -m bot connect`."
            )
        ]
    url = str(settings.public_url).rstrip("/")
    if settings.public_url.scheme != "https" and settings.public_url.host not in (
        "127.0.0.1",
        "localhost",
    ):
        return [
            Finding(
                "problem",
                what,
                f"{url} does not begin with https://.",
                "Credentials would travel in the open.",
            )
        ]
    try:
        async with make_client() as client:
            answer = await client.get(f"{url}/healthz", timeout=ANSWER_SECONDS)
    except httpx.HTTPError as error:
        says = f"{url} cannot be reached from this machine: {unreached(error)}."
        return [
            Finding(
                "warning",
                what,
                says,
                "Start the bot, and see whether Slack can reach that address.",
            )
        ]
    if answer.status_code == 200:
        return [Finding("ok", what, f"The bot answers at {url}.")]
    says = f"{url}/healthz answers with {answer.status_code}."
    return [
        Finding("warning", what, says, "See whether the bot runs there, and what stands before it.")
    ]
