"""Fairness: workspaces whose vendor, or whose Slack, does not answer make nobody else wait.

The bounds are far below the time-outs of the calls that hang, and far above what a busy machine
needs.
"""

import asyncio
import time
from pathlib import Path
from statistics import median

from bot.adapters.twilio import Twilio
from bot.delivery.store.cards import MODAL_SECONDS
from bot.forms.files import files_in
from bot.runtime.background import BackgroundTasks
from bot.settings import Settings
from bot.slack.clients import slack_client, with_token
from bot.slack.files import PENDING, Uploads
from bot.storage.database import Database
from bot.workspace import Workspace
from handlers.uploads import Fetching
from tests.catalogs.test_service import make
from tests.slack.test_installations_store import installation
from tests.world.bot import eventually
from tests.world.cards import board_on
from tests.world.hanging import ANSWERED, HangingNotes, hanging
from tests.world.machine import Machine, ended, machine_on
from tests.world.notes import HERE, Clock

SOON_SECONDS = 3.0
FILE = "twilio.workflow.json.configuration_file"


def others(count: int) -> list[Workspace]:
    """So many other workspaces."""
    return [Workspace("", f"T0OTHER{number:03}") for number in range(count)]


async def created_in(machine: Machine, key: str) -> float:
    """Submit a note here; the seconds until it is created."""
    began = time.perf_counter()
    await machine.submit(key)
    await machine.until("delivered", key)
    return time.perf_counter() - began


async def test_a_submission_does_not_wait_for_connections_that_hang(path: Path) -> None:
    """Eight connections, each with sixteen submissions: another workspace's ten are created as if
    it were alone."""
    async with hanging() as vendor, machine_on(path, adapter=HangingNotes(vendor.url)) as machine:
        secret = {"api_key": ANSWERED}
        await machine.connections.save(
            HERE, "notes", account="acme", account_name="Acme", secret=secret
        )
        idle = [await created_in(machine, f"idle{number}") for number in range(10)]
        for workspace in others(8):
            await machine.connect(workspace=workspace)
            for number in range(16):
                await machine.submit(f"k{number}", workspace=workspace)
        await eventually(lambda: vendor.waiting >= 8)
        loaded = [await created_in(machine, f"loaded{number}") for number in range(10)]
        assert vendor.waiting == 8 * 6
        await machine.crash()
    assert max(loaded) < median(idle) + SOON_SECONDS


async def test_a_first_list_does_not_wait_for_connections_that_hang(path: Path) -> None:
    """Two hundred connections whose lists hang: a workspace that connects after them has its lists
    soon."""
    database = await Database.open(path)
    async with hanging() as vendor:
        shelf = make(database, Clock(), HangingNotes(vendor.url))
        running = asyncio.create_task(shelf.catalogs.run())
        saving = (
            shelf.connections.save(
                workspace, "notes", account="acme", account_name="", secret={"api_key": "x"}
            )
            for workspace in others(200)
        )
        await asyncio.gather(*saving)
        shelf.catalogs.wake()
        await eventually(lambda: vendor.waiting == 200)
        began = time.perf_counter()
        await shelf.connections.save(
            HERE, "notes", account="acme", account_name="", secret={"api_key": ANSWERED}
        )
        shelf.catalogs.wake()

        async def both_lists() -> bool:
            return [await shelf.offered(name=name) for name in ("notes", "people")] == [
                ["One of the notes"],
                ["One of the people"],
            ]

        await eventually(both_lists)
        took = time.perf_counter() - began
        await ended(running)
        await shelf.adapter.client.aclose()
    await database.close()
    assert took < SOON_SECONDS


async def test_cards_and_modals_do_not_wait_for_workspaces_whose_slack_hangs(path: Path) -> None:
    """Each of 120 workspaces has a card and an open modal whose calls hang: more than connections
    of aiohttp's own limit. Another one's are shown soon."""
    async with board_on(path, many=True) as board:
        hang = {workspace: f"xoxb-{workspace.team}" for workspace in others(120)}
        board.slack.hanging = frozenset(hang.values())
        for workspace, token in {**hang, HERE: "xoxb-here"}.items():
            await board.installations.save(installation(workspace, token))
        for workspace in hang:
            await board.settled(workspace=workspace, view_id="V0MODAL001")
        board.clock.advance(MODAL_SECONDS)
        running = asyncio.create_task(board.cards.run())
        board.cards.card_pool.wake()
        await eventually(lambda: len(board.slack.calls) == 2 * len(hang))
        began = time.perf_counter()
        row = await board.settled(view_id="V0MODAL002")
        board.clock.advance(MODAL_SECONDS)
        board.cards.changed(row)

        async def both_shown() -> bool:
            now = await board.look(row)
            return (now.card_version, now.view_id) == (row.version, "")

        await eventually(both_shown)
        took = time.perf_counter() - began
        board.slack.closing.set()
        await ended(running)
    assert took < SOON_SECONDS


async def test_a_file_does_not_wait_for_downloads_that_hang() -> None:
    """Downloads of 120 workspaces hang: another one's file arrives."""
    form = Twilio.operations[0].form_for("json")
    async with hanging() as server:
        settings = Settings.model_validate({"SLACK_API_URL": f"{server.url}/api/"})
        files = Uploads(BackgroundTasks())

        async def fetched(token: str, workspace: Workspace) -> str:
            chosen = {"id": "F1", "url_private_download": f"{server.url}/rules.json"}
            screen = {FILE: {"value": {"type": "file_input", "files": [chosen]}}}
            fetching = Fetching(files, with_token(client, token), workspace, time.monotonic())
            read = await fetching.into(screen, form, "twilio.workflow")
            assert files_in(read, FILE) == [chosen]
            return str(read[FILE]["value"]["problem"] or read[FILE]["value"]["text"])

        async with slack_client(settings, 2) as client:
            late = [fetched("hangs", workspace) for workspace in others(120)]
            assert set(await asyncio.gather(*late)) == {PENDING}
            assert await fetched(ANSWERED, HERE) == "{}"
            files.forget(others(120))
    assert server.waiting == 120
