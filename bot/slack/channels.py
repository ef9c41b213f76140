"""Which channels are shared with another organisation, and in which a card shows everything.

A channel is the workspace's own if Slack says so. Where the app may not ask, a channel counts as
shared: a private one without the scope `groups:read`, or a conversation of several people. Admins
may still have whole cards there.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Container
from typing import Any, Literal

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errors import is_out_of_reach, said
from bot.slack.scopes import PRIVATE_CHANNELS
from bot.storage.workspace_settings import WorkspaceSettings
from bot.workspace import RemembersWorkspaces, Workspace

FRESH_SECONDS = 300.0
ASKING_SECONDS = 3.0
"""Time limit for the question. A card waits for its answer."""
MOST_KEPT = 10_000
WHOLE_CARDS = "whole_cards/"
"""The prefix of a workspace's settings: the channels with whole cards ("whole_cards/C123")."""

Sharing = Literal["own", "shared", "unknown", "not_allowed"]
"""The workspace's own channel, or a shared one; or nobody knows, perhaps since the app lacks the
scope to ask about private channels."""


class Channels(RemembersWorkspaces):
    """Asks Slack about channels, and remembers each answer for five minutes."""

    def __init__(
        self,
        client: AsyncWebClient,
        settings: WorkspaceSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._known: OrderedDict[tuple[Workspace, str], tuple[float, Sharing]] = OrderedDict()

    async def sharing(self, token: str, workspace: Workspace, channel: str) -> Sharing:
        """Return whether the channel is the workspace's own. A channel with whole cards counts as
        such.

        Raises an exception of `NOT_DONE` while Slack cannot be asked, and `sqlite3.Error`.
        """
        if await self._settings.value(workspace, f"{WHOLE_CARDS}{channel}"):
            return "own"
        key = (workspace, channel)
        known = self._known.get(key)
        if known is not None and self._clock() < known[0]:
            return known[1]
        sharing = await self._ask(token, channel)
        self._known[key] = (self._clock() + FRESH_SECONDS, sharing)
        self._known.move_to_end(key)
        if len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        return sharing

    def forget(self, scope: Container[Workspace]) -> None:
        """Forget the channels of these workspaces."""
        for key in [key for key in self._known if key[0] in scope]:
            del self._known[key]

    async def _ask(self, token: str, channel: str) -> Sharing:
        try:
            async with asyncio.timeout(ASKING_SECONDS):
                answer = await self._client.conversations_info(token=token, channel=channel)
        except SlackApiError as error:
            if is_out_of_reach(error):
                raise
            return "not_allowed" if _lacks_scope(error) else "unknown"
        about = answer.get("channel")
        return _sharing(about) if isinstance(about, dict) else "unknown"


def _lacks_scope(error: SlackApiError) -> bool:
    """Return whether the app lacks the scope to ask about a private channel."""
    answer = error.response.data
    needed = answer.get("needed") if isinstance(answer, dict) else ""
    return said(error) == "missing_scope" and needed == PRIVATE_CHANNELS


def _sharing(about: dict[str, Any]) -> Sharing:
    """Return what Slack's flags say. A channel that waits for another organisation's answer counts
    as shared, because its members will see what is older. A channel of several workspaces of one
    organisation is its own."""
    if any(about.get(flag) for flag in ("is_ext_shared", "is_pending_ext_shared")):
        return "shared"
    if about.get("is_shared") and not about.get("is_org_shared"):
        return "shared"
    return "own" if about.get("is_ext_shared") is False else "unknown"
