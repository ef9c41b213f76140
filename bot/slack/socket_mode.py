"""Socket Mode: a connection to Slack that is kept open as long as the bot runs.

slack_sdk's client reconnects by itself after most losses. If Slack's address for that is refused or
has expired, the client tries the same address forever. The connection is therefore watched here,
and a client that stays without one is replaced.
"""

import asyncio
import contextlib

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot.errors import RelayError, SettingError
from bot.slack.errors import NOT_DONE, NOT_NOW, named, said, unreached

log = structlog.get_logger(__name__)

PING_SECONDS = 5.0
"""Seconds between two checks of the connection.

It counts as lost after two or three unanswered pings.
"""
PATIENCE = 4
"""Number of failed checks in a row after which the client is replaced."""
CONNECT_SECONDS, CLOSE_SECONDS = 15.0, 2.0


class SlackSocket:
    """A Socket Mode connection: `open` it, `run` it until the bot ends, `close` it.

    A try to connect takes at most `connect_seconds`.
    """

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        *,
        ping_seconds: float = PING_SECONDS,
        connect_seconds: float = CONNECT_SECONDS,
    ) -> None:
        self._app = app
        self._app_token = app_token
        self._ping_seconds = ping_seconds
        self._connect_seconds = connect_seconds
        self._handler: AsyncSocketModeHandler | None = None

    async def open(self) -> None:
        """Connect.

        Raises `SettingError` if Slack does not accept the token, `RelayError` if Slack cannot be
        reached or gives no address.
        """
        try:
            await self._connect()
        except SlackApiError as error:
            raise _not_opened(error) from None
        except NOT_DONE as error:
            raise RelayError(
                f"We can't reach Slack from this machine: {unreached(error)}. Check its network "
                "and its firewall. Then start the bot again."
            ) from None

    async def run(self) -> None:
        """Watch the connection until cancelled."""
        lost = 0
        while True:
            await asyncio.sleep(self._ping_seconds)
            handler = self._handler
            connected = handler is not None and await handler.client.is_connected()
            if connected and lost:
                log.info("socket.reconnected")
            lost = 0 if connected else lost + 1
            if lost == 1:
                log.warning("socket.lost")
            if lost and lost % PATIENCE == 0:
                await self._replace()

    async def close(self) -> None:
        """Close the connection."""
        handler, self._handler = self._handler, None
        if handler is not None:
            await _end(handler)

    async def _replace(self) -> None:
        await self.close()
        try:
            await self._connect()
        except Exception as error:
            # The cause may be gone at the next try.
            log.warning("socket.not_connected", error=said(error))

    async def _connect(self) -> None:
        """Connect with a new address. Raises one of `NOT_DONE`.

        The address is requested here because the client's own request breaks on an answer that is
        no JSON, and `connect` would try a wrong token forever.
        """
        handler = AsyncSocketModeHandler(
            self._app, self._app_token, ping_interval=self._ping_seconds
        )
        try:
            async with asyncio.timeout(self._connect_seconds):
                answer = await self._app.client.apps_connections_open(app_token=self._app_token)
                handler.client.wss_uri = str(answer.get("url") or "")
                await handler.client.connect()
        except BaseException:
            await _end(handler)
            raise
        self._handler = handler


def _not_opened(error: SlackApiError) -> RelayError:
    """Return the error for an answer of Slack, or of a proxy, that gives no address."""
    word = named(error)
    if word in NOT_NOW:
        return RelayError(f"Slack opens no connection for now ({word}). Start the bot again later.")
    if word:
        return SettingError(
            "SLACK_APP_TOKEN",
            f"Slack didn't open a connection with it ({word}). It needs connections:write.",
        )
    return RelayError(
        "Something else than Slack answered. Check SLACK_API_URL, and what stands between this "
        "machine and Slack. Then start the bot again."
    )


async def _end(handler: AsyncSocketModeHandler) -> None:
    """Close the client for good, without waiting for a peer that does not answer."""
    # Otherwise the client would connect again.
    handler.client.closed = True
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await handler.client.disconnect()
    await handler.client.close()
