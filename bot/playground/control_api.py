"""What the page is told about the bot, which runs as a process of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.playground.queue import Line
from bot.playground.slack.events import Hub

BotState = Literal["up", "down", "killed"]
"""killed: with the page's button, so it starts again; down: not started yet, or it ended by itself."""


@dataclass(slots=True)
class ControlApi:
    """The bot's state and queue, told to `hub` when they change. `kill` kills the bot, and is False
    when it does not run; None where nobody would start it again."""

    hub: Hub
    state: BotState = "down"
    queue: list[Line] = field(default_factory=list)
    waiting: int = 0
    kill: Callable[[], bool] | None = None

    def tell(self, state: BotState) -> None:
        """The bot is in that state now."""
        self.state = state
        self.hub.publish({"type": "bot", "state": state})

    def show_queue(self, lines: list[Line], waiting: int) -> None:
        """These are the newest deliveries, and so many wait."""
        self.queue, self.waiting = lines, waiting
        self.hub.publish({"type": "queue", **self.described_queue()})

    def described_queue(self) -> dict[str, Any]:
        """As the page gets it."""
        return {"queue": self.queue, "waiting": self.waiting}
