"""The least that Bolt can do: acknowledge a submission, open a small modal, offer a hundred fixed
options.

    python bare.py default|before       settings from SLACK_* and PORT in the environment

`default` is Bolt with its default settings, `before` has `process_before_response=True`. It is
served as the bot is.
"""

import os
import sys
from typing import Any

import uvicorn
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MODAL = {
    "type": "modal",
    "callback_id": "form:rootly.incident",
    "title": {"type": "plain_text", "text": "Declare incident"},
    "submit": {"type": "plain_text", "text": "Declare"},
    "blocks": [
        {
            "type": "input",
            "block_id": "title",
            "label": {"type": "plain_text", "text": "Title"},
            "element": {"type": "plain_text_input", "action_id": "value"},
        }
    ],
}
OPTIONS = [
    {"text": {"type": "plain_text", "text": f"Service {it}"}, "value": str(it)} for it in range(100)
]


def make_app(*, process_before_response: bool) -> Starlette:
    """Bolt on Starlette, with three listeners."""
    client = AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    bolt = AsyncApp(
        client=client,
        signing_secret=os.environ["SLACK_SIGNING_SECRET"],
        process_before_response=process_before_response,
    )

    @bolt.command("/incident")
    async def open_modal(ack: Any, client: AsyncWebClient, command: dict[str, Any]) -> None:
        await client.views_open(trigger_id=command["trigger_id"], view=MODAL)
        await ack()

    @bolt.view("form:rootly.incident")
    async def submit(ack: Any) -> None:
        await ack()

    @bolt.options("value")
    async def suggest(ack: Any) -> None:
        await ack(options=OPTIONS)

    handler = AsyncSlackRequestHandler(bolt)

    async def slack_events(request: Request) -> Response:
        return await handler.handle(request)

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/slack/events", slack_events, methods=["POST"]),
            Route("/healthz", healthz, methods=["GET"]),
        ]
    )


if __name__ == "__main__":
    web = make_app(process_before_response=sys.argv[1] == "before")
    uvicorn.run(
        web, port=int(os.environ["PORT"]), log_config=None, access_log=False, lifespan="off"
    )
