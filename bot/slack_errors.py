"""What became of a call to Slack that failed."""

import aiohttp
from slack_sdk.errors import SlackApiError

NOT_DONE = (SlackApiError, aiohttp.ClientError, TimeoutError, OSError)
"""Everything that a call of slack_sdk's raises when Slack, or the way there, does not do it."""


def said(error: BaseException) -> str:
    """Slack's own word ("channel_not_found"); where it gave none (a proxy's page, silence), the exception's name.

    `SlackApiError.response` is a response whose `data` may be text, or aiohttp's own response when the JSON was broken.
    """
    answer = getattr(getattr(error, "response", None), "data", None)
    word = answer.get("error") if isinstance(answer, dict) else None
    return str(word or type(error).__name__)
