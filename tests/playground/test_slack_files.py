"""Files in the stand-in: chosen in a form, described and handed out by Slack's rules."""

from typing import Any

import pytest

from bot.playground.slack import MissingError
from bot.playground.slack.files import LARGEST
from tests.playground.fake_bot import BOT_TOKEN, JONAS, MAYA, Workspace, modal, plain

RULES = b'{"task_routing": {}}'


def file_input(**more: Any) -> dict[str, Any]:
    """An input for files, which need not be filled in."""
    element = {"type": "file_input", "action_id": "value", **more}
    return {
        "type": "input",
        "block_id": "rules",
        "label": plain("Rules"),
        "optional": True,
        "element": element,
    }


FORM = modal(file_input(filetypes=["json"], max_files=1))


def chosen(*ids: str) -> dict[str, Any]:
    """What the page sends for these files."""
    return {"rules": {"value": {"type": "file_input", "files": [{"id": it} for it in ids]}}}


async def ready(workspace: Workspace) -> str:
    """A file of Maya's, in a workspace whose app may read files; its id."""
    workspace.slack.app.scopes.append("files:read")
    return str(workspace.slack.upload(MAYA, "night shift.json", RULES)["id"])


async def test_a_file_is_described_as_by_slack(workspace: Workspace) -> None:
    """In the submission and by `files.info` alike."""
    file_id = await ready(workspace)
    view_id = await workspace.open(FORM)
    assert (await workspace.slack.submit(MAYA, view_id, chosen(file_id))).ok
    (file,) = workspace.bot.received[-1]["view"]["state"]["values"]["rules"]["value"]["files"]
    place = f"{workspace.slack.url}/files-pri/{workspace.slack.team.id}-{file_id}"
    told = {
        "id": file_id,
        "name": "night shift.json",
        "mimetype": "application/json",
        "filetype": "json",
        "user": MAYA,
        "size": len(RULES),
        "file_access": "visible",
        "url_private": f"{place}/night%20shift.json",
        "url_private_download": f"{place}/download/night%20shift.json",
    }
    assert {name: file[name] for name in told} == told
    assert (await workspace.api("files.info", file=file_id))["file"] == file


async def test_a_shared_channels_file_is_only_named(workspace: Workspace) -> None:
    """The submission has no more than its id; the rest has to be asked for."""
    file_id = await ready(workspace)
    workspace.slack.files.only_ids = True
    view_id = await workspace.open(FORM)
    assert (await workspace.slack.submit(MAYA, view_id, chosen(file_id))).ok
    (file,) = workspace.bot.received[-1]["view"]["state"]["values"]["rules"]["value"]["files"]
    assert file == {"id": file_id, "mode": "file_access", "file_access": "check_file_info"}


async def test_who_may_read_a_file(workspace: Workspace) -> None:
    """A bot's token with the scope; everyone else is sent to the sign-in page."""
    file_id = await ready(workspace)
    url = workspace.slack.state.file_json(file_id)["url_private_download"]

    async def answer(token: str) -> tuple[int, bytes]:
        response = await workspace.client.get(url, headers={"Authorization": token})
        return response.status_code, response.content

    assert await answer(f"Bearer {BOT_TOKEN}") == (200, RULES)
    for token in (
        "",
        BOT_TOKEN,
        "Bearer xoxb-other",
        "Bearer xapp-playground",
        f"Basic {BOT_TOKEN}",
    ):
        assert await answer(token) == (302, b"")
    workspace.slack.app.scopes.remove("files:read")
    assert await answer(f"Bearer {BOT_TOKEN}") == (302, b"")
    reply = await workspace.api("files.info", file=file_id)
    assert (reply["error"], reply["needed"]) == ("missing_scope", "files:read")


async def test_no_such_file(workspace: Workspace) -> None:
    """What was deleted, or never was."""
    await ready(workspace)
    url = f"{workspace.slack.url}/files-pri/{workspace.slack.team.id}-F0/download/x.json"
    assert (await workspace.client.get(url)).status_code == 404
    assert await workspace.api("files.info", file="F0") == {"ok": False, "error": "file_not_found"}
    view_id = await workspace.open(FORM)
    with pytest.raises(MissingError, match="no file F0"):
        await workspace.slack.submit(MAYA, view_id, chosen("F0"))


async def test_somebody_elses_file(workspace: Workspace) -> None:
    """Nobody can choose a file that another person uploaded."""
    file_id = await ready(workspace)
    view_id = await workspace.open(FORM, JONAS)
    with pytest.raises(MissingError, match=file_id):
        await workspace.slack.submit(JONAS, view_id, chosen(file_id))


async def test_what_slacks_client_checks(workspace: Workspace) -> None:
    """How many files, and of which type; none where one is demanded."""
    file_id = await ready(workspace)
    text = workspace.slack.upload(MAYA, "rules.txt", RULES)["id"]
    view_id = await workspace.open(FORM)

    async def errors(*ids: str) -> dict[str, str]:
        return (await workspace.slack.submit(MAYA, view_id, chosen(*ids))).errors

    assert await errors(file_id, file_id) == {"rules": "Please choose no more than 1 files."}
    assert await errors(text) == {"rules": "Please choose a file of this type: json."}
    demanded = {**file_input(), "optional": False}
    view_id = await workspace.open(modal(demanded))
    assert await errors() == {"rules": "Please complete this required field."}
    assert await errors(text) == {}
    assert workspace.slack.violations == []


async def test_a_form_for_files_needs_the_scope(workspace: Workspace) -> None:
    """Opened, or given as an answer."""
    reply = await workspace.api("views.open", trigger_id=await workspace.trigger(), view=FORM)
    assert (reply["error"], reply["needed"]) == ("missing_scope", "files:read")
    workspace.slack.app.scopes.append("files:read")
    assert await workspace.open(FORM)


async def test_choosing_a_file_in_the_page(workspace: Workspace) -> None:
    """The page gets what it shows, or a sentence."""

    async def choose(query: str, content: bytes = RULES) -> tuple[int, dict[str, Any]]:
        response = await workspace.client.post(f"/api/files?{query}", content=content)
        return response.status_code, response.json()

    status, answer = await choose(f"user={MAYA}&name=rules.json")
    assert (status, answer["ok"], answer["file"]["name"], answer["file"]["size"]) == (
        200,
        True,
        "rules.json",
        len(RULES),
    )
    too_large = {"ok": False, "error": "This file is too large: at most 10 MB."}
    assert await choose(f"user={MAYA}&name=x", b" " * (LARGEST + 1)) == (200, too_large)
    assert await choose("user=U0&name=x") == (404, {"ok": False, "error": "There is no person U0."})
    assert await choose(f"user={MAYA}") == (400, {"ok": False, "error": "Not as expected: name."})
