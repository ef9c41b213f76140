"""A card as a message: in its channel, in the thread in which it began, or as a direct message."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot import messages
from bot.delivery.model import Delivery
from bot.slack.channels import Channels, Sharing
from bot.slack.errors import NOT_DONE, said
from bot.slack.scopes import PRIVATE_CHANNELS, lacking

log = structlog.get_logger(__name__)

NOT_THERE = (
    "not_in_channel",
    "channel_not_found",
    "is_archived",
    "restricted_action",
    "no_permission",
)
"""Prefixes of Slack's errors for a channel where the bot may not post.

An example of a whole error is `restricted_action_read_only_channel`.
"""
NO_THREAD = (
    "cannot_reply_to_message",
    "restricted_action_non_threadable_channel",
    "restricted_action_thread_locked",
    "thread_not_found",
)
"""Slack's errors for a thread in which nobody may post, in a channel where the bot may."""
GONE = ("message_not_found", "cant_update_message")
"""Slack's errors for a message that somebody deleted. It stays deleted."""
RESPONSE_SECONDS = 29 * 60.0
"""Slack accepts messages at a response URL for 30 minutes."""
TELLING_SECONDS = 3.0
Content = Mapping[str, Any]
"""A message: its "text" and its "blocks"."""


class CardContent(NamedTuple):
    """The whole card, and the brief one for channels that are not the workspace's own."""

    whole: Content
    brief: Content


class Posted(NamedTuple):
    """A message, and whether it can be seen in the channel as well as in its thread. It is brief
    where `sharing` is not "own"."""

    channel: str
    ts: str
    in_channel: bool = False
    sharing: Sharing = "own"

    @property
    def is_direct(self) -> bool:
        return _is_direct(self.channel)


class CardPosts:
    """Posts and edits messages, each call with the token of the row's workspace."""

    def __init__(
        self,
        client: AsyncWebClient,
        channels: Channels,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.client = client
        self._channels = channels
        self._clock = clock

    async def post(self, token: str, row: Delivery, content: CardContent) -> Posted:
        """Post the card where it belongs.

        A private row's card goes into a direct message. So does a card without a channel, or in a
        channel where the bot may not post.
        """
        if not row.channel or row.private:
            return await self._post_directly(token, row, content)
        try:
            return await self._post_in_channel(token, row, content)
        except SlackApiError as error:
            if not _not_there(error):
                raise
        posted = await self._post_directly(token, row, content)
        await self._tell_thread(row)
        return posted

    async def edit(self, token: str, row: Delivery, content: CardContent) -> Posted:
        """Edit the row's card. Post it anew if it must not or cannot be where it was."""
        if row.private and not _is_direct(row.card_channel):
            # The row became private when it was corrected, so its card goes into a direct message.
            await self.client.chat_update(
                token=token,
                channel=row.card_channel,
                ts=row.card_ts,
                text=messages.withdrawn(),
                blocks=[messages.context(f":lock: {messages.withdrawn()}")],
            )
            return await self._post_directly(token, row, content)
        try:
            return await self._update(token, row, content)
        except SlackApiError as error:
            # The channel went away after the card was posted.
            if _not_there(error):
                return await self.post(token, row, content)
            if said(error) not in GONE:
                raise
        return Posted(row.card_channel, row.card_ts)

    async def copy(
        self, token: str, row: Delivery, content: CardContent, posted: Posted
    ) -> tuple[str, str]:
        """Give the person the whole card of which the channel has the brief one, or bring it up to
        date. Return its channel and ts."""
        whole = _with_link(row, content.whole)
        if posted.sharing != "own":
            lacks = str(lacking(PRIVATE_CHANNELS)) if posted.sharing == "not_allowed" else ""
            why = messages.why_brief(
                posted.channel, shared=posted.sharing == "shared", lacking=lacks
            )
            whole = {**whole, "blocks": [*whole["blocks"], messages.context(why)]}
        if not row.copy_ts:
            return await self._send(token, row.actor, whole)
        await self._update_copy(token, row, whole)
        return row.copy_channel, row.copy_ts

    async def _sharing(self, token: str, row: Delivery, channel: str) -> Sharing:
        if _is_direct(channel):
            return "own"
        return await self._channels.sharing(token, row.workspace, channel)

    async def _post_in_channel(self, token: str, row: Delivery, both: CardContent) -> Posted:
        sharing = await self._sharing(token, row, row.channel)
        content = both.whole if sharing == "own" else both.brief
        if row.thread_ts:
            news = _is_announced(row)
            more = {"thread_ts": row.thread_ts, **({"reply_broadcast": True} if news else {})}
            try:
                channel, ts = await self._send(token, row.channel, content, **more)
                return Posted(channel, ts, in_channel=news, sharing=sharing)
            except SlackApiError as error:
                if said(error) not in NO_THREAD:
                    raise
        channel, ts = await self._send(token, row.channel, content)
        return Posted(channel, ts, in_channel=True, sharing=sharing)

    async def _post_directly(self, token: str, row: Delivery, content: CardContent) -> Posted:
        """Post the whole card to the person, in place of a copy if the person has one."""
        whole = _with_link(row, content.whole)
        if row.copy_ts:
            await self._update_copy(token, row, whole)
            return Posted(row.copy_channel, row.copy_ts)
        return Posted(*await self._send(token, row.actor, whole))

    async def _update_copy(self, token: str, row: Delivery, whole: Content) -> None:
        where: dict[str, Any] = {"channel": row.copy_channel, "ts": row.copy_ts}
        try:
            await self.client.chat_update(token=token, **where, **whole)
        except SlackApiError as error:
            if said(error) not in GONE:
                raise

    async def _send(
        self, token: str, channel: str, content: Content, **more: Any
    ) -> tuple[str, str]:
        answer = await self.client.chat_postMessage(
            token=token, channel=channel, unfurl_links=False, unfurl_media=False, **content, **more
        )
        return str(answer["channel"]), str(answer["ts"])

    async def _update(self, token: str, row: Delivery, content: CardContent) -> Posted:
        """Edit the card in place. The first time that it tells of a created incident, it is shown
        in the channel as well as in its thread."""
        where: dict[str, Any] = {"token": token, "channel": row.card_channel, "ts": row.card_ts}
        direct = _is_direct(row.card_channel)
        sharing = await self._sharing(token, row, row.card_channel)
        shown = content.whole if sharing == "own" else content.brief
        if direct:
            shown = _with_link(row, content.whole)
        if row.thread_ts and not direct and not row.card_in_channel and _is_announced(row):
            try:
                await self.client.chat_update(**where, **shown, reply_broadcast=True)
                return Posted(row.card_channel, row.card_ts, in_channel=True, sharing=sharing)
            except SlackApiError as error:
                if said(error) != "cant_broadcast_message":
                    raise
        await self.client.chat_update(**where, **shown)
        return Posted(row.card_channel, row.card_ts, sharing=sharing)

    async def _tell_thread(self, row: Delivery) -> None:
        """Say in the thread, where the bot may not post, where the card went.

        Slack lets this be said for half an hour and never be changed, so it says nothing that
        changes. A failure is logged: the person has the card.
        """
        if not row.response_url or self._clock() - row.created_at > RESPONSE_SECONDS:
            return
        hook = AsyncWebhookClient(row.response_url, session=self.client.session)
        body = {
            "response_type": "in_channel",
            "replace_original": False,
            "thread_ts": row.thread_ts,
            "text": messages.answered_directly(row),
        }
        try:
            async with asyncio.timeout(TELLING_SECONDS):
                answer = await hook.send_dict(body)
        except NOT_DONE as error:
            log.warning("card.thread_not_told", delivery=row.key, error=said(error))
            return
        if answer.status_code != 200:
            log.warning("card.thread_not_told", delivery=row.key, status=answer.status_code)


def _with_link(row: Delivery, content: Content) -> Content:
    """Return the card with the link to the message in which it began."""
    if not row.message_link:
        return content
    origin = messages.context(messages.about_message(row.message_link))
    return {**content, "blocks": [*content["blocks"], origin]}


def _is_announced(row: Delivery) -> bool:
    """Return whether everyone in the channel is shown the card, and not only its thread."""
    return row.kind == "incident" and row.state == "delivered"


def _is_direct(channel: str) -> bool:
    return channel.startswith("D")


def _not_there(error: SlackApiError) -> bool:
    return said(error).startswith(NOT_THERE)
