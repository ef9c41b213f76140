"""The frame in which the action of a pressed button runs.

An action that is not done in time for Slack's answer goes on after the answer.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

import structlog
from slack_bolt.async_app import AsyncAck

from bot import messages
from bot.errors import NoLongerThereError
from handlers.errors import where
from handlers.interaction import Interaction
from handlers.view_state import RefusedError

log = structlog.get_logger(__name__)

PRESS_SECONDS = 2.5
"""Seconds that the ack waits for the action.

Slack waits three seconds for the ack. A slower action goes on afterwards.
"""
LATE_SECONDS = 30.0
"""Longest duration of the whole action, in seconds.

Slack accepts messages about a press for 30 minutes.
"""

Act = Callable[[Interaction], Awaitable[None]]
Listener = Callable[..., Awaitable[None]]


def on_press(act: Act) -> Listener:
    """Return a listener that runs `act` when its button is pressed.

    If `act` fails, at whatever time, the person is told why.
    """

    async def listen(ack: AsyncAck, interaction: Interaction) -> None:
        task = interaction.services.slack.background.start(_carry_out(act, interaction))
        if task not in (await asyncio.wait({task}, timeout=PRESS_SECONDS))[0]:
            log.info("button.slowed_down")
        await ack()

    return listen


async def _carry_out(act: Act, interaction: Interaction) -> None:
    """Run the action and tell the person if it failed. Never raises."""
    try:
        if problem := await _problem(act, interaction):
            await interaction.say(problem)
    except Exception as error:
        log.error("button.reply_failed", error=type(error).__name__, where=where(error))


async def _problem(act: Act, interaction: Interaction) -> str:
    """Run the action. Return why it failed, in mrkdwn, or an empty string."""
    try:
        async with asyncio.timeout(LATE_SECONDS):
            await act(interaction)
    except RefusedError as reason:
        return str(reason)
    except NoLongerThereError:
        return messages.Notice.REMOVED.text
    except sqlite3.Error as error:
        log.error("button.not_saved", error=type(error).__name__)
        return messages.Notice.CLICK_FAILED.text
    except TimeoutError:
        log.warning("button.timed_out")
        return messages.Notice.LATE_CLICK.text
    except Exception as error:
        log.error("button.failed", error=type(error).__name__, where=where(error))
        return messages.Notice.CLICK_TROUBLE.text
    return ""
