"""The app's scopes: the ones that it needs, the optional ones, and the ones that Slack granted.

The manifest names them. An installation may lack an optional scope: the features that need it say
so, with `lacking`.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Container, Mapping

from slack_sdk.web.async_client import AsyncWebClient

from bot.language import _
from bot.slack import manifest
from bot.slack.errors import NOT_DONE
from bot.workspace import RemembersWorkspaces, Workspace

FRESH_SECONDS = 300.0
LOOKUP_SECONDS = 1.0
MOST_KEPT = 1000

FILES = "files:read"
USER_GROUPS = "usergroups:read"
PRIVATE_CHANNELS = "groups:read"
WITHOUT: Mapping[str, str] = {
    "commands": "slash commands and shortcuts do not arrive",
    "chat:write": "no cards are posted",
    "channels:read": "vendors are told a channel's id in place of its name",
    "users:read": "nobody is recognised, so nobody may do anything",
    "users:read.email": "people are not found among the vendor's users",
    USER_GROUPS: "user groups cannot be chosen, and what one of them may do is left to admins",
    FILES: "a file cannot be uploaded in a form",
    PRIVATE_CHANNELS: (
        "cards in private channels have reference, state and link only, and vendors are told "
        "such a channel's id in place of its name"
    ),
}
"""The effect of each missing scope, for operators."""


def required() -> Collection[str]:
    """Return the scopes that the app does not work without."""
    return tuple(manifest.load()["oauth_config"]["scopes"]["bot"])


def optional() -> Collection[str]:
    """Return the scopes that an installation may lack."""
    return tuple(manifest.load()["oauth_config"]["scopes"]["bot_optional"])


def lacking(scope: str) -> str:
    """Return that the app lacks the scope, and what to do."""
    return _(
        "This app lacks the Slack scope {scope}. "
        "A workspace admin can install the app again and allow it."
    ).format(scope=scope)


class Scopes(RemembersWorkspaces):
    """Tells which scopes the app has.

    An installation's row names its scopes. For a token that the operator set they are unknown, so
    Slack is asked: every answer of Slack lists them (X-OAuth-Scopes). The list is remembered for
    five minutes.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[Workspace, tuple[float, frozenset[str]]] = OrderedDict()

    async def include(
        self,
        scope: str,
        client: AsyncWebClient,
        workspace: Workspace,
        granted: Collection[str] | None,
    ) -> bool:
        """Return whether the app has the scope in the workspace.

        `granted` are the scopes if they are known. While Slack does not answer, the scope counts as
        granted.
        """
        if granted is not None:
            return scope in granted
        known = self._known.get(workspace)
        if known is None or self._clock() - known[0] >= FRESH_SECONDS:
            if (listed := await _ask(client)) is None:
                return True
            known = self._known[workspace] = (self._clock(), listed)
            if len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
        return scope in known[1]

    def forget(self, scope: Container[Workspace]) -> None:
        """Forget the scopes in these workspaces."""
        for workspace in [workspace for workspace in self._known if workspace in scope]:
            del self._known[workspace]


async def _ask(client: AsyncWebClient) -> frozenset[str] | None:
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            answer = await client.auth_test()
    except NOT_DONE:
        return None
    names = str(answer.headers.get("X-OAuth-Scopes", "")).split(",")
    return frozenset(filter(None, map(str.strip, names))) or None
