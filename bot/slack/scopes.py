"""The scopes that Slack granted this app in a workspace."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Container

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errors import NOT_DONE
from bot.workspace import RemembersWorkspaces, Workspace

FRESH_SECONDS = 300.0
LOOKUP_SECONDS = 1.0
MOST_KEPT = 1000


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
