"""`python -m bot audit`: who changed what, for operators."""

import asyncio
import json
from pathlib import Path

import pytest

from bot.cli import audit
from bot.errors import SettingError
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.stores import open_secrets, open_stores
from bot.uninstall import Purge
from bot.workspace import Workspace
from tests.storage.twins import Twins
from tests.world.notes import ELSEWHERE, HERE, KEY, Clock

ADMIN = "U0ADMIN001"
ORGANISATION = Workspace("E0REALM001", "")


@pytest.fixture
def settings(path: Path) -> Settings:
    return Settings.model_validate({"RELAY_DATABASE": str(path)})


async def everything(path: Path) -> None:
    """Every change that there is, a minute apart."""
    clock = Clock(1_800_000_000.0)
    database = await Database.open(path)
    stores = open_stores(database, SecretBox([KEY]), clock)
    for by in ("", ADMIN):
        await stores.connections.save(
            HERE, "notes", account="a", account_name="Acme\x1b[2J", secret={}, connected_by=by
        )
        clock.advance(60)
    for who in ("admins", "admins", "members"):
        await stores.access.set(HERE, {"notes.note": who}, ADMIN)
        clock.advance(60)
    await stores.connections.remove(HERE, "notes")
    await stores.connections.remove(HERE, "notes")
    await stores.installations.save(Twins.installation(None, ORGANISATION, at=clock.now))  # type: ignore[arg-type]
    await stores.connections.save(ELSEWHERE, "notes", account="b", account_name="B", secret={})
    lost = (await open_secrets(database).try_all(SecretBox.without_keys())).closed
    await open_secrets(database).remove([it for it, _ in lost if it.workspace == ELSEWHERE])
    await Purge(database).remove(ORGANISATION, clock.now + 60)
    await database.close()


def test_lists_every_change(
    settings: Settings, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Newest first, each with who did it; what changed nothing is not there, and of a workspace
    that went only that it went."""
    asyncio.run(everything(path))
    assert audit.main(settings, limit=50, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert [
        [it[name] for name in ("workspace", "who", "did", "what", "details")] for it in told
    ] == [
        ["E0REALM001", "", "uninstalled", "", {}],
        ["T0ELSE0001", "operator", "lost", "notes", {}],
        ["T0ELSE0001", "operator", "connected", "notes", {"account": "B"}],
        ["T0HERE0001", "operator", "disconnected", "notes", {}],
        ["T0HERE0001", ADMIN, "permitted", "notes.note", {"before": "admins", "after": "members"}],
        ["T0HERE0001", ADMIN, "permitted", "notes.note", {"before": "", "after": "admins"}],
        ["T0HERE0001", ADMIN, "replaced", "notes", {"account": "Acme\x1b[2J"}],
        ["T0HERE0001", "operator", "connected", "notes", {"account": "Acme\x1b[2J"}],
    ]
    assert told[-1]["when"] == "2027-01-15T08:00:00+00:00"


def test_prints_a_table(settings: Settings, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As many as were asked for; a name cannot speak to the terminal."""
    asyncio.run(everything(path))
    assert audit.main(settings, limit=8, as_json=False) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split() == ["when", "workspace", "who", "did", "what", "details"]
    assert lines[-1].endswith(
        "  T0HERE0001  operator    connected     notes       account: Acme [2J"
    )
    assert audit.main(settings, limit=1, as_json=False) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_says_when_there_is_nothing(
    settings: Settings, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No file, no change, and a number that is none."""
    with pytest.raises(SettingError, match=r"^RELAY_DATABASE: .* isn't there"):
        audit.main(settings, limit=1, as_json=False)
    asyncio.run(_opened(path))
    assert audit.main(settings, limit=1, as_json=False) == 0
    assert capsys.readouterr().out == "Nothing was changed yet.\n"
    with pytest.raises(SettingError, match=r"^--limit: should be 1 or more\.$"):
        audit.main(settings, limit=0, as_json=False)


async def _opened(path: Path) -> None:
    await (await Database.open(path)).close()
