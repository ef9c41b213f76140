"""The bot that dies as it answers, a second late: `python -m tests.delivery.dies_answering serve`.

Whatever an answer lets it write is written by then. Only errors beside the fields of a form kill
it.
"""

import asyncio
import os
import signal
import sys

from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.response import BoltResponse
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.__main__ import main
from bot.web import app


class NeverSent(Response):
    """A response during which the process is killed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(1)
        os.kill(os.getpid(), signal.SIGKILL)


def dying(answer: BoltResponse) -> Response:
    """Return the answer as Starlette sends it, unless it says that the form is wrong."""
    return NeverSent() if '"errors"' in answer.body else to_starlette_response(answer)


if __name__ == "__main__":
    app.to_starlette_response = dying  # type: ignore[attr-defined, assignment]
    sys.exit(main())
