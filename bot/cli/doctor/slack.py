"""Checks of Slack: reachability, tokens, scopes and clock."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.http import make_client
from bot.cli.doctor.findings import (
    Finding,
    Findings,
    FoundError,
    a_few_at_once,
    ok,
    problem,
    warning,
)
from bot.settings import Settings
from bot.slack import scopes
from bot.slack.clients import answered_at, slack_client
from bot.slack.errors import NOT_DONE, NOT_NOW, said, unreached
from bot.workspace import Workspace

SECONDS = 8.0
"""Time limit for each question, in seconds."""
ANSWER_SECONDS = 5.0
SIGNED_FOR_SECONDS, NOTICED_SECONDS = 300.0, 30.0
"""Seconds of clock difference for a problem and for a warning.

Slack's signatures are valid for five minutes.
"""

_LET_OUT = (
    "See whether this machine has a network, what a firewall lets through, and "
    "whether SLACK_API_URL is right."
)


@contextmanager
def _asking(what: str, refused: str, do: str) -> Iterator[None]:
    """Turn a failed question to Slack into a finding. Raises `FoundError`.

    `refused` is said of a refusal, with Slack's word for it, and `do` is the advice.
    """
    try:
        yield
    except SlackApiError as error:
        says = f"Slack does not answer for now ({said(error)})."
        found = problem(what, f"{refused} ({said(error)}).", do)
        if said(error) in NOT_NOW:
            found = warning(what, says, "Run this again later.")
        raise FoundError(found) from error
    except NOT_DONE as error:
        raise FoundError(
            warning(
                what,
                f"Slack wasn't asked: {unreached(error)}.",
                "Run this again when it can be reached.",
            )
        ) from error


async def reach(settings: Settings) -> Findings:
    """Check whether Slack answers, and compare the clocks."""
    async with slack_client(settings, ANSWER_SECONDS) as client:
        before = time.time()
        try:
            answer = await client.api_test()
        except SlackApiError as error:
            return [
                problem(
                    "Slack",
                    f"{settings.slack_api_url} doesn't answer as Slack does ({said(error)}).",
                    "See what stands before it, and whether SLACK_API_URL is right.",
                )
            ]
        except NOT_DONE as error:
            url = settings.slack_api_url
            return [
                problem(
                    "Slack",
                    f"{url} can't be reached from this machine: {unreached(error)}.",
                    _LET_OUT,
                )
            ]
        after = time.time()
    return [
        ok("Slack", f"It answers within {round((after - before) * 1000)} ms."),
        _clock(answer.headers, (before + after) / 2),
    ]


def _clock(headers: Mapping[str, Any], now: float) -> Finding:
    if (theirs := answered_at(headers)) is None:
        return warning("clock", "Slack's answer didn't say what time it is.", "Compare it by hand.")
    skew = now - theirs
    if abs(skew) < NOTICED_SECONDS:
        return ok("clock", "It agrees with Slack's.")
    says = f"It is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} Slack's."
    do = "Let this machine set its clock by the network (NTP)"
    if abs(skew) < SIGNED_FOR_SECONDS:
        return warning("clock", says, f"{do}.")
    return problem("clock", says, f"{do}: what Slack sends is refused as too old until then.")


async def tokens(settings: Settings, installed: Sequence[tuple[Workspace, str]]) -> Findings:
    """Check each token: the one that is set, or the token of every installation."""
    given: list[tuple[str, Workspace | None, str]] = [
        (f"Slack token of {'/'.join(filter(None, workspace))}", workspace, token)
        for workspace, token in installed
    ]
    if settings.slack_bot_token is not None:
        given = [("SLACK_BOT_TOKEN", None, settings.slack_bot_token.get_secret_value())]
    app = (settings.slack_client_id, settings.slack_client_secret, settings.public_url)
    if not given and None not in app:
        # If one of the three is missing, the check of the settings tells that.
        address = str(settings.public_url).rstrip("/")
        return [
            warning(
                "Slack",
                "The app is installed nowhere.",
                f"Open {address}/slack/install in a browser.",
            )
        ]
    async with slack_client(settings, ANSWER_SECONDS) as client:
        checks = [(token[0], partial(_token, client, *token)) for token in given]
        return await a_few_at_once(checks, SECONDS)


async def _token(
    client: AsyncWebClient, what: str, workspace: Workspace | None, token: str
) -> Findings:
    renew = "Install the app there again."
    if workspace is None:
        renew = "Copy it again from your Slack app's page, OAuth & Permissions."
    with _asking(what, "Slack does not accept it", renew):
        answer = await client.auth_test(token=token)
    if workspace is not None and workspace.team and answer.get("team_id") != workspace.team:
        return [problem(what, "It belongs to another workspace.", renew)]
    given = str(answer.headers.get("X-OAuth-Scopes", ""))
    fine = ok(what, f"Slack accepts it: {answer.get('team')} ({answer.get('team_id')}).")
    return (_lacking(what, given) if given else []) or [fine]  # Slack may list none


def _lacking(what: str, given: str) -> Findings:
    """Return a problem for each missing scope, and a warning for each missing optional one."""
    has = {scope.strip() for scope in given.split(",")}
    needed = [
        problem(
            what,
            f"It lacks the scope {scope}: {scopes.WITHOUT[scope]}.",
            "Add it on your Slack app's page, OAuth & Permissions, and install the app again.",
        )
        for scope in scopes.required()
        if scope not in has
    ]
    return needed + [
        warning(
            what,
            f"It lacks the optional scope {scope}: {scopes.WITHOUT[scope]}.",
            "If you want that, install the app again and allow it.",
        )
        for scope in scopes.optional()
        if scope not in has
    ]


async def app_token(settings: Settings) -> Findings:
    """Check whether Socket Mode can be opened. Return nothing without an app-level token."""
    if settings.slack_app_token is None:
        return []
    token, what = settings.slack_app_token.get_secret_value(), "SLACK_APP_TOKEN"
    do = "Make another on your Slack app's page, Basic Information. It needs connections:write."
    async with slack_client(settings, ANSWER_SECONDS) as client:
        with _asking(what, "Slack opens no connection with it", do):
            await client.apps_connections_open(app_token=token)
    return [ok(what, "Slack opens a connection with it.")]


async def public_url(settings: Settings) -> Findings:
    """Check whether the bot can be reached from here.

    An answer is proof. A failure may also come from this machine's own network.
    """
    what = "RELAY_PUBLIC_URL"
    if settings.public_url is None:
        return [ok(what, "It isn't set. Vendors are connected with `python -m bot connect`.")]
    url = str(settings.public_url).rstrip("/")
    here = ("127.0.0.1", "localhost")
    if settings.public_url.scheme != "https" and settings.public_url.host not in here:
        return [
            problem(
                what,
                f"{url} doesn't begin with https://.",
                "Credentials would travel in the open.",
            )
        ]
    try:
        async with make_client() as client:
            answer = await client.get(f"{url}/healthz", timeout=ANSWER_SECONDS)
    except httpx.HTTPError as error:
        return [
            warning(
                what,
                f"{url} can't be reached from this machine: {unreached(error)}.",
                "Start the bot, and see whether Slack can reach that address.",
            )
        ]
    if answer.status_code == 200:
        return [ok(what, f"The bot answers at {url}.")]
    return [
        warning(
            what,
            f"{url}/healthz answers with {answer.status_code}.",
            "See whether the bot runs there, and what stands before it.",
        )
    ]
