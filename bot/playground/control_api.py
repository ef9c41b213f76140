"""The bot's state for the page. The bot runs as a process of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.playground.queue import Line
from bot.playground.slack.events import Hub

BotState = Literal["up", "down", "killed"]
""""killed" means killed with the page's button, so that the bot is started again.

"down" means not started yet, or ended by itself.
"""


@dataclass(slots=True)
class ControlApi:
    """The bot's state and queue. Every change is published to `hub`.

    `kill` kills the bot and returns False if it is not running. `kill` is None where nobody would
    start the bot again.
    """

    hub: Hub
    state: BotState = "down"
    queue: list[Line] = field(default_factory=list)
    waiting: int = 0
    kill: Callable[[], bool] | None = None

    def tell(self, state: BotState) -> None:
        """Set the bot's state and publish it."""
        self.state = state
        self.hub.publish({"type": "bot", "state": state})

    def show_queue(self, lines: list[Line], waiting: int) -> None:
        """Set the newest deliveries and the number of waiting ones, and publish them."""
        self.queue, self.waiting = lines, waiting
        self.hub.publish({"type": "queue", **self.described_queue()})

    def described_queue(self) -> dict[str, Any]:
        """Return the queue in the page's format."""
        return {"queue": self.queue, "waiting": self.waiting}
