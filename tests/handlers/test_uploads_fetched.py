"""Where a chosen file is fetched from, with the app's token, and what Slack may say to that."""

import asyncio
import time
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.adapters.twilio import Twilio
from bot.adapters.twilio.configuration import LARGEST
from bot.forms.files import files_in
from bot.playground.serving import Server
from bot.runtime.background import BackgroundTasks
from bot.settings import Settings
from bot.slack.clients import slack_client
from bot.slack.files import PENDING, Uploads
from handlers import uploads
from tests.world.notes import HERE

BLOCK = "twilio.workflow.json.configuration_file"
FORM = Twilio.operations[0].form_for("json")


class Elsewhere:
    """A server that writes down what it was asked with."""

    def __init__(self, answer: Response) -> None:
        self.tokens: list[str | None] = []
        self._answer = answer

    async def __call__(self, request: Request) -> Response:
        self.tokens.append(request.headers.get("authorization"))
        return self._answer

    def server(self) -> Server:
        return Server(Starlette(routes=[Route("/{path:path}", self.__call__)]))


async def problem(api: str, address: str, ago: float = 0.0, **file: Any) -> str:
    """What is said about a file at that address, by a bot that finds Slack at `api` and was asked
    so many seconds ago."""
    state = {
        BLOCK: {
            "value": {
                "type": "file_input",
                "files": [{"id": "F1", "url_private_download": address, **file}],
            }
        }
    }
    async with slack_client(Settings.model_validate({"SLACK_API_URL": api}), 2) as client:
        client.token = "xoxb-1"
        fetching = uploads.Fetching(
            Uploads(BackgroundTasks()), client, HERE, time.monotonic() - ago
        )
        read = await fetching.into(state, FORM, "twilio.workflow")
    assert files_in(read, BLOCK) == files_in(state, BLOCK)
    return str(read[BLOCK]["value"]["problem"])


@pytest.mark.parametrize(
    "address",
    [
        "{other}/rules.json",
        "http://files.slack.com/rules.json",
        "https://files.slack.com.example.com/rules.json",
        "https://files.slack.com:8443/rules.json",
        "https://somebody@files.slack.com/rules.json",
        "https://files.slack.com@127.0.0.1/rules.json",
        "file:///etc/passwd",
        "//files.slack.com/rules.json",
        "rules.json",
        "http://[",
    ],
)
async def test_the_token_goes_to_slack_only(address: str) -> None:
    """An address anywhere else is not asked for, whatever it looks like."""
    other, ours = Elsewhere(Response("{}")), Elsewhere(Response("{}"))
    async with other.server() as there, ours.server() as here:
        said = await problem(f"{here.url}/api/", address.format(other=there.url))
    assert (said, other.tokens, ours.tokens) == (uploads.ELSEWHERE, [], [])


ANSWERS = [
    pytest.param(
        Response("<html>Sign in", media_type="text/html"), uploads.not_allowed(), id="sign-in page"
    ),
    pytest.param(Response("no", 403), uploads.not_allowed(), id="forbidden"),
    pytest.param(Response("no", 404), uploads.GONE, id="gone"),
    pytest.param(Response("later", 429), uploads.LATE, id="too many"),
    pytest.param(Response("later", 503), uploads.LATE, id="trouble"),
    pytest.param(
        Response(b" " * (LARGEST + 1)),
        "The file is larger than 1,038,576 bytes. Choose a smaller one.",
        id="larger than Slack said",
    ),
]


@pytest.mark.parametrize(("answer", "sentence"), ANSWERS)
async def test_what_slack_may_answer(answer: Response, sentence: str) -> None:
    """Each has its sentence."""
    ours = Elsewhere(answer)
    async with ours.server() as here:
        assert await problem(f"{here.url}/api/", f"{here.url}/rules.json", size=10) == sentence
    assert ours.tokens == ["Bearer xoxb-1"]


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        (
            "token_revoked",
            "Slack no longer accepts this app's token. Ask your bot admin to reinstall it.",
        ),
        (
            "account_inactive",
            "Slack no longer accepts this app's token. Ask your bot admin to reinstall it.",
        ),
        ("missing_scope", uploads.not_allowed()),
        ("file_deleted", uploads.GONE),
        ("internal_error", uploads.LATE),
    ],
)
async def test_why_slack_does_not_describe_a_file(word: str, sentence: str) -> None:
    """In words that say who can change it."""
    ours = Elsewhere(JSONResponse({"ok": False, "error": word}))
    async with ours.server() as here:
        assert (
            await problem(f"{here.url}/api/", "", id="F1", file_access="check_file_info")
            == sentence
        )


async def test_a_redirect_is_not_followed() -> None:
    """The token would travel along."""
    other = Elsewhere(Response("{}"))
    async with other.server() as there:
        ours = Elsewhere(RedirectResponse(f"{there.url}/rules.json"))
        async with ours.server() as here:
            assert (
                await problem(f"{here.url}/api/", f"{here.url}/rules.json") == uploads.not_allowed()
            )
    assert (other.tokens, ours.tokens) == ([], ["Bearer xoxb-1"])


async def test_slack_that_is_not_there() -> None:
    """Nobody listens where the file should be."""
    async with Elsewhere(Response("{}")).server() as here:
        url = here.url
    assert await problem(f"{url}/api/", f"{url}/rules.json") == uploads.LATE


async def test_what_took_long_before_leaves_less_time() -> None:
    """The form has to be answered in time, whatever came before the file."""
    hold = asyncio.Event()

    async def answer(request: Request) -> Response:
        await hold.wait()
        return Response("{}")

    async with Server(Starlette(routes=[Route("/{path:path}", answer)])) as here:
        began = time.monotonic()
        said = await problem(
            f"{here.url}/api/", f"{here.url}/rules.json", ago=uploads.FETCHED_SECONDS - 0.2
        )
        took = time.monotonic() - began
        hold.set()
    assert said == PENDING
    assert took < 1.0


@pytest.mark.parametrize("mode", ["tombstone", "hidden_by_limit"])
async def test_a_file_that_slack_hides(mode: str) -> None:
    """Slack describes it and does not have it."""
    assert (
        await problem("https://slack.com/api/", "https://files.slack.com/rules.json", mode=mode)
        == uploads.GONE
    )
