"""Files on their way: fetched once for all who ask, kept a while, so many and no more."""

import asyncio

import pytest

from bot.forms.files import Fetched
from bot.runtime.background import BackgroundTasks
from bot.slack import files
from bot.slack.files import MOST, MOST_BYTES, FileKey, Uploads
from bot.workspace import FILES, Workspace
from tests.world.bot import eventually
from tests.world.notes import ELSEWHERE, HERE

TEXT = Fetched(text="{}")
PENDING = Fetched(problem=files.PENDING)
BUSY = Fetched(problem=files.BUSY)
BROKEN = Fetched(problem=files.BROKEN)
FILE = FileKey(HERE, "F1", 100)


class Slack:
    """Hands a file over when the test opens it; `asked` counts."""

    def __init__(self, gives: Fetched | Exception = TEXT) -> None:
        self.open = asyncio.Event()
        self.asked = 0
        self._gives = gives

    async def __call__(self) -> Fetched:
        self.asked += 1
        await self.open.wait()
        if isinstance(self._gives, Exception):
            raise self._gives
        return self._gives


async def arrived(uploads: Uploads) -> None:
    await eventually(lambda: all(it.done() for it in uploads._files.values()))


async def test_what_arrives_in_time_is_not_kept() -> None:
    """Nobody needs it any more."""
    uploads, slack = Uploads(BackgroundTasks()), Slack()
    slack.open.set()
    assert await uploads.get(FILE, slack, 1.0) == TEXT
    assert uploads._files == {}


@pytest.mark.parametrize(
    "gives", [TEXT, Fetched(problem="Slack does not have this file any more.")]
)
async def test_what_arrives_late_is_given_once(gives: Fetched) -> None:
    """After that Slack is asked again: the file may have been changed there."""
    uploads, slack = Uploads(BackgroundTasks()), Slack(gives)
    assert await uploads.get(FILE, slack, -1.0) == PENDING
    slack.open.set()
    await arrived(uploads)
    assert (await uploads.get(FILE, slack, 0.0), slack.asked) == (gives, 1)
    assert (await uploads.get(FILE, slack, 1.0), slack.asked) == (gives, 2)


async def test_two_who_ask_wait_for_the_same() -> None:
    """Slack is asked once."""
    uploads, slack = Uploads(BackgroundTasks()), Slack()
    asked = [asyncio.create_task(uploads.get(FILE, slack, 1.0)) for _ in range(2)]
    await eventually(lambda: slack.asked)
    slack.open.set()
    assert (await asyncio.gather(*asked), slack.asked) == ([TEXT, TEXT], 1)


async def test_another_workspaces_file_is_another() -> None:
    """Also where it has the same id."""
    uploads, ours, theirs = Uploads(BackgroundTasks()), Slack(), Slack(Fetched(text="theirs"))
    theirs.open.set()
    assert await uploads.get(FILE, ours, 0.0) == PENDING
    assert await uploads.get(FILE._replace(workspace=ELSEWHERE), theirs, 1.0) == Fetched(
        text="theirs"
    )
    ours.open.set()
    assert await uploads.get(FILE, ours, 1.0) == TEXT


async def test_what_nobody_comes_back_for_is_forgotten() -> None:
    """After a while, by itself."""
    uploads, slack = Uploads(BackgroundTasks(), kept_seconds=0.05), Slack()
    assert await uploads.get(FILE, slack, 0.0) == PENDING
    slack.open.set()
    await eventually(lambda: not uploads._files)


async def test_only_so_many_are_on_their_way() -> None:
    """One more of a workspace has to wait, until one of its files has arrived; that one's text
    goes."""
    uploads, slack, more = Uploads(BackgroundTasks()), Slack(), Slack()
    keys = [FILE._replace(file_id=f"F{number}") for number in range(FILES + 1)]
    for key in keys[:-1]:
        assert await uploads.get(key, slack, 0.0) == PENDING
    assert await uploads.get(keys[-1], more, 0.0) == BUSY
    slack.open.set()
    await arrived(uploads)
    assert await uploads.get(keys[-1], more, 0.0) == PENDING
    assert list(uploads._files) == keys[1:]
    uploads.forget({HERE})


async def test_a_workspaces_first_file_always_has_room() -> None:
    """Whatever the others have on their way; its second one has to wait while they have more than
    all may have."""
    uploads, slack = Uploads(BackgroundTasks()), Slack()
    others = [Workspace("", f"T{number}") for number in range(MOST // FILES + 1)]
    keys = [
        FileKey(workspace, f"F{number}", 100) for number in range(FILES) for workspace in others
    ]
    for key in keys[:MOST]:
        assert await uploads.get(key, slack, 0.0) == PENDING
    assert await uploads.get(keys[MOST], slack, 0.0) == BUSY
    assert await uploads.get(FILE, slack, 0.0) == PENDING
    assert await uploads.get(FILE._replace(file_id="F2"), slack, 0.0) == BUSY
    uploads.forget([HERE, *others])


async def test_only_so_many_bytes_are_kept() -> None:
    """The oldest text goes first."""
    uploads = Uploads(BackgroundTasks())
    slack = Slack(Fetched(text="x" * (MOST_BYTES // 2 - 1000)))
    keys = [FILE._replace(file_id=f"F{number}") for number in range(3)]
    for key in keys:
        assert await uploads.get(key, slack, 0.0) == PENDING
    slack.open.set()
    await arrived(uploads)
    assert list(uploads._files) == keys[1:]


async def test_a_workspace_with_long_texts_makes_room_with_its_own() -> None:
    """The text of another workspace stays, though it is older."""
    uploads, long = Uploads(BackgroundTasks()), Slack(Fetched(text="x" * (MOST_BYTES // 2)))
    theirs, short = FILE._replace(workspace=ELSEWHERE), Slack()
    keys = [FILE._replace(file_id=f"F{number}") for number in range(2)]
    assert await uploads.get(theirs, short, 0.0) == PENDING
    for key in keys:
        assert await uploads.get(key, long, 0.0) == PENDING
    short.open.set()
    long.open.set()
    await arrived(uploads)
    assert list(uploads._files) == [theirs, keys[1]]


async def test_a_workspace_that_left_is_forgotten() -> None:
    """What is under way ends, whoever waits for it; others' goes on."""
    uploads, slack = Uploads(BackgroundTasks()), Slack()
    theirs = FILE._replace(workspace=ELSEWHERE)
    assert await uploads.get(theirs, slack, 0.0) == PENDING
    waiting = asyncio.create_task(uploads.get(FILE, slack, 5.0))
    await eventually(lambda: FILE in uploads._files)
    uploads.forget({HERE})
    assert await waiting == BROKEN
    assert list(uploads._files) == [theirs]
    slack.open.set()
    await arrived(uploads)


async def test_a_mistake_of_ours_is_said() -> None:
    """The person may try again."""
    uploads, slack = Uploads(BackgroundTasks()), Slack(RuntimeError("broken"))
    slack.open.set()
    assert await uploads.get(FILE, slack, 1.0) == BROKEN
    assert uploads._files == {}
