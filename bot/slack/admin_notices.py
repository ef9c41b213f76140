"""Direct messages to a workspace's admins about changes of credentials, permissions and
installations.

The audit trail says what changed and who was not told yet, whichever process made the change. A
message that Slack does not take is not sent again: the trail has the change.
"""

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.adapters.base import Adapter
from bot.errors import NotInstalledError, RelayError
from bot.runtime.loop import PeriodicLoop
from bot.slack.clients import with_token
from bot.slack.errors import NOT_DONE, asked_to_wait, said
from bot.slack.readers import Readers
from bot.slack.tokens import SlackTokens
from bot.storage.audit import OPERATOR, Audit, AuditEvent
from bot.workspace import Workspace

log = structlog.get_logger(__name__)

POLL_SECONDS = 2.0
"""Longest time, in seconds, until a change is noticed."""
TELLING_SECONDS = 30.0
"""The time limit for telling the admins of one workspace."""
MOST_ADMINS = 20


class AdminNotices:
    """Tells the person who made a change, and the workspace's other admins."""

    def __init__(
        self,
        audit: Audit,
        readers: Readers,
        client: AsyncWebClient,
        tokens: SlackTokens,
        adapters: Mapping[str, Adapter],
    ) -> None:
        self._audit = audit
        self._readers = readers
        self._client = client
        self._tokens = tokens
        self._adapters = adapters
        self._loop = PeriodicLoop("admin notices", self._round, POLL_SECONDS)

    async def run(self) -> None:
        """Tell until cancelled."""
        await self._loop.run()

    async def _round(self) -> float | None:
        by_workspace: dict[Workspace, list[AuditEvent]] = {}
        for event in await self._audit.claim_untold():
            by_workspace.setdefault(event.workspace, []).append(event)
        await asyncio.gather(
            *(self._tell(workspace, events) for workspace, events in by_workspace.items())
        )
        return 0.0 if by_workspace else None

    async def _tell(self, workspace: Workspace, events: Sequence[AuditEvent]) -> None:
        try:
            async with asyncio.timeout(TELLING_SECONDS):
                client = with_token(self._client, await self._tokens.token(workspace))
                actors = [event.actor for event in events if event.actor not in ("", OPERATOR)]
                admins = await self._readers.people.admins(client, workspace, MOST_ADMINS)
                with await self._readers.speaking(workspace):
                    text = messages.admins_notice(events, self._adapters)
                for slack_id in dict.fromkeys([*actors, *admins]):
                    await _send(client, slack_id, text)
        except NotInstalledError:
            return  # the app is gone, and with it whoever was to be told
        except (RelayError, *NOT_DONE) as error:
            log.warning("admins.not_told", **workspace._asdict(), error=said(error))


async def _send(client: AsyncWebClient, slack_id: str, text: str) -> None:
    """Send the message. If Slack does not take it, the other admins get theirs, unless Slack wants
    a pause."""
    try:
        await client.chat_postMessage(
            channel=slack_id, text=text, unfurl_links=False, unfurl_media=False
        )
    except NOT_DONE as error:
        if asked_to_wait(error) is not None:
            raise
        log.warning("admins.one_not_told", error=said(error))
