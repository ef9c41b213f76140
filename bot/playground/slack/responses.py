"""The endpoint behind the response URLs."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.playground.slack.answers import Answers, BrokenAnswerError, checked
from bot.playground.slack.grants import ResponseUrl, SlackError
from bot.playground.slack.state import State


class Responses:
    """The endpoint behind every response URL."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._answers = Answers(state)

    async def __call__(self, request: Request) -> Response:
        """Take a message.

        Its members are "text", "blocks", "response_type", "replace_original" and "delete_original".
        """
        try:
            content = _content(await request.body())
            self._take(self._state.responses.use(request.path_params["token"]), content)
        except SlackError as error:
            status = 404 if error.error in ("used_url", "expired_url") else 400
            return JSONResponse({"ok": False, "error": error.error, **error.details}, status)
        return PlainTextResponse("ok")

    def _take(self, url: ResponseUrl, content: Mapping[str, Any]) -> None:
        channel = self._state.channel(url.channel_id)
        original = None
        if url.message_ts:
            original = channel.find(url.message_ts) or self._state.world.find_ephemeral(
                url.channel_id, url.user_id, url.message_ts
            )
        if content.get("delete_original"):
            if original is not None:
                self._state.world.delete(channel, original)
            return
        if not content.get("text") and not content.get("blocks"):
            raise SlackError("no_text")
        try:
            content = checked(content)
            if content.get("replace_original") and original is not None and original.get("bot_id"):
                original["text"] = content.get("text") or ""
                original["blocks"] = content.get("blocks") or []
                self._state.world.changed(channel, original)
            else:
                self._answers.show(channel, url.user_id, content)
        except BrokenAnswerError as broken:
            self._state.violations += [f"response_url: {problem}" for problem in broken.args]
            raise SlackError("invalid_blocks") from broken


def _content(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError as error:
        raise SlackError("invalid_payload") from error
    if not isinstance(content, dict):
        raise SlackError("invalid_payload")
    return content
