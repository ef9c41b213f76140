"""Two workspaces that have everything in common but their enterprise: the same team id, keys,
channels, card's ts, accounts."""

import sqlite3
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bot.adapters.base import Entry
from bot.catalogs.listing import listing
from bot.connections.store import Connection
from bot.delivery.model import Delivery, Draft
from bot.slack.installations import Installation
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.stores import open_stores
from bot.uninstall import Purge
from bot.workspace import Workspace
from tests.world.notes import KEY, Clock, draft

OURS = Workspace("E0OURS", "T0SHARED")
THEIRS = Workspace("E0THEIRS", "T0SHARED")
PERSON = "U0ANN00001"
CHANNEL = "C0GENERAL1"

STATES: dict[str, dict[str, Any]] = {
    "queued": {"state": "queued", "reason": "unreachable", "next_attempt_at": 2e9},
    "sending": {"state": "sending", "attempt": 1, "lease_until": 2e9},
    "delivered": {
        "state": "delivered",
        "kind": "incident",
        "vendor_object": '{"id": "n1", "channel": "C0INCIDENT"}',
        "card_channel": CHANNEL,
        "card_ts": "1.5",
    },
    "rejected": {"state": "rejected", "reason": "refused"},
    "doubted": {"state": "unconfirmed", "reconcile_at": 2e9},
    "undecided": {"state": "unconfirmed", "reason": "undecided"},
    "failed": {"state": "failed", "reason": "unauthorized"},
    "unfinished": {
        "state": "delivered",
        "private": 1,
        "vendor_object": '{"id": "n2"}',
        "follow_up_steps": '{"colour": "No."}',
    },
    "finishing": {
        "state": "delivered",
        "vendor_object": '{"id": "n3"}',
        "follow_up_steps": '{"colour": ""}',
        "next_step_at": 2e9,
    },
}
"""A delivery in every state that something is done in, by its key."""


@dataclass
class Twins:
    """All of storage, and both workspaces filled alike. What is told of a workspace holds its
    enterprise's id."""

    database: Database
    clock: Clock
    reused: bool = False
    """Whether `row` gives rows whose id is the other workspace's by now."""

    def __post_init__(self) -> None:
        secret_box = SecretBox([KEY])
        stores = open_stores(self.database, secret_box, self.clock)
        self.history = stores.delivery.history
        self.connections = stores.connections
        self.decisions = stores.delivery.decisions
        self.deliveries = stores.delivery.deliveries
        self.doubts = stores.delivery.reconcile
        self.audit = stores.audit
        self.preferences = stores.preferences
        self.settings = stores.workspace_settings
        self.installations = stores.installations
        self.links = stores.setup_links
        self.lists = stores.catalogs
        self.permissions = stores.access
        self.purge = Purge(self.database)
        self.card_outbox = stores.delivery.card_outbox
        self.steps = stores.delivery.steps

    async def fill(self) -> None:
        for workspace in (THEIRS, OURS):  # theirs is what would be found first
            await self._fill(workspace)

    async def _fill(self, workspace: Workspace) -> None:
        said = workspace.enterprise
        await self.installations.save(self.installation(workspace))
        await self.connections.save(
            workspace,
            "notes",
            account="acme",
            account_name=f"Acme {said}",
            secret={"api_key": f"key {said}"},
        )
        people = listing([Entry(id="1", label=f"Ann {said}")], 1.0)
        await self.lists.save((workspace, "notes", "people"), "acme", people)
        created = Entry(id="0", label=f"Bo {said}")
        await self.lists.add([((workspace, "notes", "people"), created, 1.0)])
        await self.links.make(
            workspace, "notes", actor=PERSON, actor_name=f"Ann {said}", workspace_name=said
        )
        await self.permissions.set(workspace, {"notes.note": f"S0{said}"}, PERSON)
        await self.settings.change(workspace, {"language": said}, PERSON)
        await self.preferences.set_prefix(workspace, said.lower())
        for key in STATES:
            await self.deliveries.enqueue(
                self.draft(key, workspace), lease=None, card_not_before=0.0
            )
        await self.database.write(partial(_change_all, workspace=workspace))

    def draft(self, key: str, workspace: Workspace = OURS, **changes: Any) -> Draft:
        said = workspace.enterprise
        given = {"operation": f"note {said}", "title": f"Title {said}", "view_id": "V1", **changes}
        return draft(key, workspace=workspace, actor=PERSON, channel=CHANNEL, **given)

    def installation(self, workspace: Workspace, at: float = 1e9) -> Installation:
        said = workspace.enterprise
        return Installation(
            workspace, said, "A1", "U1", "B1", ("chat:write",), PERSON, at, f"xoxb-{said}"
        )

    async def connection(self) -> Connection:
        found = await self.connections.get(OURS, "notes")
        assert found is not None
        return found

    async def row(self, key: str) -> Delivery:
        """Our row in that state."""
        ours, theirs = [await self.deliveries.find(it, key) for it in (OURS, THEIRS)]
        assert ours is not None
        assert theirs is not None
        return replace(ours, id=theirs.id) if self.reused else ours

    async def dump(self, workspace: Workspace) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the workspace, by table."""
        return await self.database.read(
            lambda db: {table: _rows(db, table, workspace) for table in tables(db)}
        )


def tables(db: sqlite3.Connection) -> list[str]:
    """All of ours."""
    found = db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    )
    return [row[0] for row in found if not row[0].startswith("_")]


def columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [row["name"] for row in db.execute(f"PRAGMA table_info({table})")]


def _rows(db: sqlite3.Connection, table: str, workspace: Workspace) -> list[tuple[Any, ...]]:
    if table == "delivery_events":
        where = "delivery IN (SELECT id FROM deliveries WHERE (enterprise, team) = (?, ?))"
    elif "enterprise" in columns(db, table):
        where = "(enterprise, team) = (?, ?)"
    else:
        return []
    return [tuple(row) for row in db.execute(f"SELECT * FROM {table} WHERE {where}", workspace)]


def _change_all(db: sqlite3.Connection, workspace: Workspace) -> None:
    for key, made in STATES.items():
        _change(db, workspace, key, made)


def _change(db: sqlite3.Connection, workspace: Workspace, key: str, made: dict[str, Any]) -> None:
    sets = ", ".join(f"{name} = ?" for name in made)
    sql = f"UPDATE deliveries SET {sets} WHERE (enterprise, team, key) = (?, ?, ?)"
    db.execute(sql, (*made.values(), *workspace, key))
