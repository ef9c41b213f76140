"""What outlives the listener that began it ends before the bot does."""

import asyncio

from bot.runtime.background import BackgroundTasks


async def test_what_is_under_way_is_waited_for_and_then_ended() -> None:
    """Who needs a moment gets it; who hangs is cancelled; afterwards nothing is left."""
    background, told = BackgroundTasks(), list[str]()

    async def quick() -> None:
        await asyncio.sleep(0.05)
        told.append("done")

    async def hanging() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            told.append("ended")

    tasks = [background.start(quick()), background.start(hanging())]
    await background.stop()
    assert told == ["done", "ended"]
    assert [task.cancelled() for task in tasks] == [False, True]
    await background.stop()
